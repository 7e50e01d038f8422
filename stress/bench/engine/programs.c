// SPDX-License-Identifier: GPL-2.0-only
/*
 * For scripts/bench.sh: fuzz_memdesc as an engine runs it, but each input is a fresh program of 64 operations from the
 * generator, so that the rate means the same on each day and for each corpus.
 */
#include "generate.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_memdesc(data, size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static struct program program;
	struct rng rng = rng_seed(seed);
	struct program_header header = program_random_header(&rng);

	if (max_size < PROGRAM_MAX_BYTES)
		return size;
	program_generate(&program, &generator_default, &header, 64, rng_next(&rng));
	return program_encode(&program, data);
}
