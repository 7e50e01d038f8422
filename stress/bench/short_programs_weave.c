// SPDX-License-Identifier: GPL-2.0-only
/* Short programs for measuring (short_programs_weave.h). Must not measure anything itself. */
#include <sim/bug.h>

#include "executor_weave.h"
#include "generate.h"
#include "short_programs_weave.h"

#define MAX_TRIES 1000000u

static bool all_cpus_busy(const struct program *program)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < program->nr_ops; i++)
		busy |= 1u << program->ops[i].cpu;
	return busy == (1u << SHORT_PROGRAM_CPUS) - 1;
}

static bool is_short(const struct program *program)
{
	struct weave_result result;

	if (!all_cpus_busy(program))
		return false;
	executor_run_weave(&mmfuzz_backend_memdesc, program, executor_weave(program, false),
			   &result);
	return result.points >= SHORT_PROGRAM_POINTS_MIN &&
	       result.points <= SHORT_PROGRAM_POINTS_MAX;
}

void short_programs(struct program *programs, unsigned int nr)
{
	struct rng rng = rng_seed(1);
	unsigned int tries = 0;

	for (unsigned int i = 0; i < nr;) {
		struct program_header header = program_random_header(&rng);

		if (++tries > MAX_TRIES)
			sim_die("only %u of %u short programs in %u tries: generator and limits do "
				"not fit",
				i, nr, MAX_TRIES);
		header.nr_cpus = SHORT_PROGRAM_CPUS;
		header.memory = WEAVE_SC;
		header.kcsan = false;
		header.plain_points = false;
		header.rest = PROGRAM_REST_RANDOM;
		header.gap = 0;
		header.seed = (uint16_t)rng_next(&rng);
		program_generate(&programs[i], &generator_default, &header, 2 * SHORT_PROGRAM_CPUS,
				 rng_next(&rng));
		if (is_short(&programs[i]))
			i++;
	}
}
