// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts/bench.sh: fuzz_weave_memdesc as an engine runs it, but each input is one of a few hundred
 * programs of 4 CPUs and about 200 points that were made beforehand, so that the rate means the same on
 * each day and for each corpus.
 */
#include <string.h>

#include "rng.h"
#include "short_programs_weave.h"
#include "target.h"

/* Few: making them counts in the rate. */
#define NR_PROGRAMS 128u

static struct {
	size_t size;
	uint8_t bytes[4096];
} inputs[NR_PROGRAMS];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct program programs[NR_PROGRAMS];
	static uint8_t bytes[PROGRAM_MAX_BYTES];

	(void)argc;
	(void)argv;
	short_programs(programs, NR_PROGRAMS);
	for (unsigned int i = 0; i < NR_PROGRAMS; i++) {
		inputs[i].size = program_encode(&programs[i], bytes);
		if (inputs[i].size > sizeof(inputs[i].bytes))
			inputs[i].size = sizeof(inputs[i].bytes);
		memcpy(inputs[i].bytes, bytes, inputs[i].size);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_weave_memdesc(data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	unsigned int i = rng_below(&rng, NR_PROGRAMS);

	if (max_size < inputs[i].size)
		return size;
	memcpy(data, inputs[i].bytes, inputs[i].size);
	return inputs[i].size;
}
