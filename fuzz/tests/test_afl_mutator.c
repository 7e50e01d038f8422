// SPDX-License-Identifier: GPL-2.0-only
/* The AFL++ module, by its source: called as afl-fuzz calls it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../afl/mutator.c"

static uint8_t buf[PROGRAM_MAX_BYTES + 100], add[200];

static void mutants_are_programs_of_at_most_max_size(void **state)
{
	struct mutator *mutator = afl_custom_init(NULL, 7);
	static struct program program;
	bool crossed = false;

	(void)state;
	for (unsigned int round = 0; round < 3000; round++) {
		size_t max_size = round % 3 ? 1 << 20 : 600;
		uint8_t *out = NULL;
		size_t size;

		if (round % 2)
			size = afl_custom_fuzz(mutator, buf, 80 + round, &out,
					       round % 5 ? add : NULL, sizeof(add), max_size);
		else
			size = afl_custom_havoc_mutation(mutator, buf, 88, &out, max_size);
		assert_non_null(out);
		assert_in_range(size, PROGRAM_HEADER_BYTES, max_size);
		assert_true(size <= PROGRAM_MAX_BYTES);
		program_decode(&program, out, size);
		crossed |= !strcmp(afl_custom_describe(mutator, 64), "program-crossover");
	}
	assert_true(crossed);
	assert_string_equal(afl_custom_describe(mutator, 4), "");
	afl_custom_deinit(mutator);
}

static void the_same_seed_gives_the_same_mutants(void **state)
{
	struct mutator *one = afl_custom_init(NULL, 3), *two = afl_custom_init(NULL, 3);

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		uint8_t *a, *b;
		size_t size = afl_custom_fuzz(one, buf, 200, &a, add, sizeof(add), 1000);

		assert_int_equal(afl_custom_fuzz(two, buf, 200, &b, add, sizeof(add), 1000), size);
		assert_memory_equal(a, b, size);
	}
	afl_custom_deinit(one);
	afl_custom_deinit(two);
}

/* Only for who asks for them: a target that does not run schedules has no use for other ones. */
static void schedules_are_made_on_demand(void **state)
{
	static struct program program;
	unsigned int switches[2] = { 0 };

	(void)state;
	for (unsigned int woven = 0; woven < 2; woven++) {
		struct mutator *mutator;

		if (woven)
			setenv("MMFUZZ_SCHEDULES", "1", 1);
		mutator = afl_custom_init(NULL, 5);
		for (unsigned int round = 0; round < 500; round++) {
			/* Four operations on two CPUs. */
			uint8_t in[PROGRAM_HEADER_BYTES + 4 * PROGRAM_RECORD_BYTES] = { 1 };
			uint8_t *out;
			size_t size = afl_custom_fuzz(mutator, in, sizeof(in), &out, NULL, 0, 1000);

			program_decode(&program, out, size);
			switches[woven] += program.nr_switches;
		}
		afl_custom_deinit(mutator);
		unsetenv("MMFUZZ_SCHEDULES");
	}
	assert_true(switches[1] > 100);
	assert_true(switches[0] < 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutants_are_programs_of_at_most_max_size),
		cmocka_unit_test(the_same_seed_gives_the_same_mutants),
		cmocka_unit_test(schedules_are_made_on_demand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
