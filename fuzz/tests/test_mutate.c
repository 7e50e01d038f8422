// SPDX-License-Identifier: GPL-2.0-only
/* The mutator: valid in, valid out, never past the room it has, and it can get anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generate.h"
#include "mutate.h"

static struct program a, b;

static void assert_canonical(const uint8_t *data, size_t size)
{
	static uint8_t again[PROGRAM_MAX_BYTES];

	program_decode(&a, data, size);
	assert_int_equal(program_encode(&a, again), size);
	assert_memory_equal(again, data, size);
}

static void the_same_seed_gives_the_same_change(void **state)
{
	uint8_t one[400] = { 3, 1 }, two[400] = { 3, 1 };

	(void)state;
	for (unsigned int seed = 0; seed < 100; seed++) {
		size_t size = program_mutate(one, 80, sizeof(one), seed);

		assert_int_equal(program_mutate(two, 80, sizeof(two), seed), size);
		assert_memory_equal(one, two, size);
	}
}

static void results_are_programs_that_fit(void **state)
{
	struct rng rng = rng_seed(1);
	size_t size = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		size_t max_size = rng_below(&rng, round % 10 ? 600 : PROGRAM_MAX_BYTES + 100);
		/* Exactly as large as said, for the sanitizer to watch the end. */
		uint8_t *data = malloc(max_size ? max_size : 1);
		size_t new_size;

		size = size < max_size ? size : max_size;
		for (size_t i = 0; i < size; i++)
			data[i] = rng_next(&rng);
		new_size = program_mutate(data, size, max_size, round);
		assert_true(new_size <= max_size);
		if (max_size >= PROGRAM_HEADER_BYTES)
			assert_canonical(data, new_size);
		size = new_size;
		free(data);
	}
}

static void a_seed_of_nothing_grows(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	bool seen[NR_OPS + 1] = { false }; /* and OP_RESERVED */
	size_t size = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		size = program_mutate(data, size, 1000, round);
		program_decode(&a, data, size);
		for (unsigned int i = 0; i < a.nr_ops; i++)
			seen[a.ops[i].code] = true;
	}
	for (unsigned int code = 0; code < NR_OPS; code++)
		if (!seen[code])
			fail_msg("%s never came up", op_infos[code].name);
}

static void schedule_records_live_through_mutation(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int kept = 0, same_schedule = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 100; seed++) {
		size_t size;

		memset(data, 0, 80);
		memcpy(data + 4, "abcd", 4);
		memcpy(data + 40, "\xf0\1\2\3\4\5\6\7", 8);
		size = program_mutate(data, 80, 400, seed);
		same_schedule += !memcmp(data + 4, "abcd", 4);
		program_decode(&a, data, size);
		for (unsigned int i = 0; i < a.nr_ops; i++)
			kept += a.ops[i].code == OP_RESERVED &&
				!memcmp(a.ops[i].raw, "\xf0\1\2\3\4\5\6\7", 8);
	}
	assert_true(kept > 80);
	assert_true(same_schedule > 95);
}

/*
 *	first   A A A A A A      second  B B B B B B
 *	child   A A B B A A A A  or  A A B B B  or  A B A A B A B A
 */
static void a_child_has_operations_of_both(void **state)
{
	static uint8_t first[8 + 6 * 8], second[8 + 6 * 8], out[8 + 12 * 8];
	unsigned int mixed = 0;

	(void)state;
	first[1] = 3;
	for (unsigned int i = 0; i < 6; i++) {
		first[8 + 8 * i] = OP_DRAIN_ALL;
		second[8 + 8 * i] = OP_RCU_BARRIER;
	}
	for (unsigned int seed = 0; seed < 200; seed++) {
		size_t size = program_crossover(first, sizeof(first), second, sizeof(second), out,
						sizeof(out), seed);
		unsigned int from_first = 0, from_second = 0;

		assert_true(size <= sizeof(out));
		program_decode(&b, out, size);
		assert_int_equal(b.header.profile, 3);
		for (unsigned int i = 0; i < b.nr_ops; i++) {
			from_first += b.ops[i].code == OP_DRAIN_ALL;
			from_second += b.ops[i].code == OP_RCU_BARRIER;
		}
		assert_true(from_second >= 1);
		mixed += from_first && from_second;
	}
	assert_true(mixed > 150);
}

static void cross_over_bears_any_sizes(void **state)
{
	struct rng rng = rng_seed(4);
	static uint8_t one[5000], two[5000], out[5000];

	(void)state;
	for (unsigned int round = 0; round < 5000; round++) {
		size_t limit = round % 10 ? 300 : sizeof(one);
		size_t size1 = rng_below(&rng, limit), size2 = rng_below(&rng, limit);
		size_t max_size = rng_below(&rng, limit), size;

		for (size_t i = 0; i < size1; i++)
			one[i] = rng_next(&rng);
		for (size_t i = 0; i < size2; i++)
			two[i] = rng_next(&rng);
		size = program_crossover(one, size1, two, size2, out, max_size, round);
		assert_true(size <= max_size);
		if (size)
			assert_canonical(out, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_change),
		cmocka_unit_test(results_are_programs_that_fit),
		cmocka_unit_test(a_seed_of_nothing_grows),
		cmocka_unit_test(schedule_records_live_through_mutation),
		cmocka_unit_test(a_child_has_operations_of_both),
		cmocka_unit_test(cross_over_bears_any_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
