// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program mutator as AFL++ calls it (AFL_CUSTOM_MUTATOR_LIBRARY), by the names and arguments
 * that its documentation of custom mutators gives for 4.04c. For targets whose inputs are programs
 * only. Loaded into afl-fuzz: no core, no machine. With MMFUZZ_SCHEDULES=1 in the environment schedules are
 * changed as well, for targets that run them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "program.h"
#include "rng.h"

/* struct mutator - ours, for one afl-fuzz */
struct mutator {
	struct rng rng;
	bool woven;
	uint8_t out[PROGRAM_MAX_BYTES];
	char description[32];
};

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf,
		       uint8_t *add_buf, size_t add_buf_size, size_t max_size);
size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf,
				 size_t max_size);
uint8_t afl_custom_havoc_mutation_probability(void *data);
const char *afl_custom_describe(void *data, size_t max_description_len);
uint8_t afl_custom_queue_get(void *data, const uint8_t *filename);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct mutator *mutator = calloc(1, sizeof(*mutator));

	(void)afl;
	if (!mutator)
		return NULL;
	mutator->rng = rng_seed(seed);
	mutator->woven = getenv("MMFUZZ_SCHEDULES") != NULL;
	return mutator;
}

static size_t room(size_t max_size)
{
	return max_size < PROGRAM_MAX_BYTES ? max_size : PROGRAM_MAX_BYTES;
}

static size_t mutate(struct mutator *mutator, const uint8_t *buf, size_t size, size_t max_size)
{
	if (size > max_size)
		size = max_size;
	memcpy(mutator->out, buf, size);
	if (mutator->woven)
		return program_mutate_woven(mutator->out, size, max_size, rng_next(&mutator->rng),
					    NULL);
	return program_mutate(mutator->out, size, max_size, rng_next(&mutator->rng));
}

/*
 * One input for the target: a mutant, at times a child of two entries of the queue. A size of 0
 * means: not this time.
 */
size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf,
		       uint8_t *add_buf, size_t add_buf_size, size_t max_size)
{
	struct mutator *mutator = data;

	*out_buf = mutator->out;
	max_size = room(max_size);
	if (add_buf && add_buf_size && rng_percent(&mutator->rng, 15)) {
		strcpy(mutator->description, "program-crossover");
		return program_crossover(buf, buf_size, add_buf, add_buf_size, mutator->out,
					 max_size, rng_next(&mutator->rng));
	}
	strcpy(mutator->description, "program-mutate");
	return mutate(mutator, buf, buf_size, max_size);
}

/* One step among those of AFL++'s own havoc stage. */
size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t buf_size, uint8_t **out_buf,
				 size_t max_size)
{
	struct mutator *mutator = data;

	*out_buf = mutator->out;
	return mutate(mutator, buf, buf_size, room(max_size));
}

/*
 * In percent. Its own steps on raw bytes are valid programs too, but mostly far from the one that
 * they began with.
 */
uint8_t afl_custom_havoc_mutation_probability(void *data)
{
	(void)data;
	return 60;
}

const char *afl_custom_describe(void *data, size_t max_description_len)
{
	struct mutator *mutator = data;

	if (strlen(mutator->description) >= max_description_len)
		return "";
	return mutator->description;
}

/* Every entry of the queue is worth a turn. */
uint8_t afl_custom_queue_get(void *data, const uint8_t *filename)
{
	(void)data;
	(void)filename;
	return 1;
}

void afl_custom_deinit(void *data)
{
	free(data);
}
