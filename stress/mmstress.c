// SPDX-License-Identifier: GPL-2.0-only
/* mmstress: random programs on an mm core with real threads. See options.c for what it can be told.
 */
#include <stdio.h>

#include "stress.h"

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
	return stress_run(&options);
}
