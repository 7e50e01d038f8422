// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmstress: random programs on an mm core with real threads. See options.c for what it can be told. What is for the
 * woven machine goes to mmstress_weave, which stands beside it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sim/bug.h>

#include "stress.h"

static void __attribute__((noreturn)) run_sibling(char **argv)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof("_weave"));

	if (len > 0) {
		strcpy(path + len, "_weave");
		execv(path, argv);
	}
	sim_die("--machine=weave: mmstress_weave was not built beside mmstress");
}

int main(int argc, char **argv)
{
	struct stress_options options;

	stress_parse_options(argc, argv, &options);
	if (options.list) {
		for (unsigned int i = 0; i < nr_scenarios; i++)
			printf("%-20s %s\n", scenarios[i].generator.name,
			       scenarios[i].generator.help);
		return 0;
	}
	if (options.weave || options.exhaustive)
		run_sibling(argv);
	return stress_run(&options);
}
