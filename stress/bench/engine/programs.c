// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts/bench.sh: fuzz_memdesc as an engine runs it, but each input is one of a few thousand
 * programs of 64 operations that the generator made beforehand, so that the rate means the same on
 * each day and for each corpus.
 */
#include <string.h>

#include "generate.h"
#include "target.h"

#define NR_PROGRAMS	   4096u
#define PROGRAM_OPS_EACH   64u
#define PROGRAM_BYTES_EACH (PROGRAM_HEADER_BYTES + PROGRAM_OPS_EACH * PROGRAM_RECORD_BYTES)

static uint8_t programs[NR_PROGRAMS][PROGRAM_BYTES_EACH];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct program program;
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct rng rng = rng_seed(1);

	(void)argc;
	(void)argv;
	for (unsigned int i = 0; i < NR_PROGRAMS; i++) {
		struct program_header header = program_random_header(&rng);

		program_generate(&program, &generator_default, &header, PROGRAM_OPS_EACH,
				 rng_next(&rng));
		program_encode(&program, bytes);
		memcpy(programs[i], bytes, PROGRAM_BYTES_EACH);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_memdesc(data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct rng rng = rng_seed(seed);

	if (max_size < PROGRAM_BYTES_EACH)
		return size;
	memcpy(data, programs[rng_below(&rng, NR_PROGRAMS)], PROGRAM_BYTES_EACH);
	return PROGRAM_BYTES_EACH;
}
