// SPDX-License-Identifier: GPL-2.0-only
/* mmstress on the woven machine: started by mmstress --machine=weave, with the same arguments. */
#include <stdio.h>
#include <string.h>

#include <mmfuzz/weave.h>
#include <sim/bug.h>

#include "litmus_weave.h"
#include "stress_weave.h"

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
	if (strcmp(options.strategy, "all") && !weave_strategy_find(options.strategy))
		sim_die("--strategy is '%s': there is none of that name", options.strategy);
	return options.exhaustive ? litmus_run(&options) : stress_weave_run(&options);
}
