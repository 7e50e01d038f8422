// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of stress scenarios: each makes programs that are in range, the same ones each time,
 * with what it names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "scenarios.h"

static struct program program, again;

static void test_found_by_name(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_scenarios; i++)
		assert_ptr_equal(scenario_find(scenarios[i].generator.name), &scenarios[i]);
	assert_null(scenario_find("nothing-vs-nothing"));
	assert_null(scenario_find(""));
}

static void test_programs_are_in_range(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_scenarios; i++) {
		for (uint64_t round = 0; round < SCENARIO_MAX_MACHINES; round++) {
			scenario_program(&scenarios[i], 64, 1, round, &program);
			assert_int_equal(program.nr_ops, PROGRAM_MAX_OPS);
			assert_int_equal(program.header.nr_cpus, 64);
			again = program;
			program_normalize(&again);
			assert_true(program_equal(&program, &again));
		}
	}
}

static void test_same_seed_same_program(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_scenarios; i++) {
		scenario_program(&scenarios[i], 4, 7, 3, &program);
		scenario_program(&scenarios[i], 4, 7, 3, &again);
		assert_true(program_equal(&program, &again));
		scenario_program(&scenarios[i], 4, 8, 3, &again);
		assert_false(program_equal(&program, &again));
		scenario_program(&scenarios[i], 4, 7, 4, &again);
		assert_false(program_equal(&program, &again));
	}
}

/* Both sides of a collision are in nearly every program. */
static void test_sides_meet(void **state)
{
	unsigned int isolate = 0, deflate = 0;

	(void)state;
	scenario_program(scenario_find("isolate-vs-deflate"), 4, 1, 0, &program);
	for (unsigned int i = 0; i < program.nr_ops; i++) {
		isolate += program.ops[i].code == OP_ISOLATE;
		deflate += program.ops[i].code == OP_BALLOON_DEFLATE;
	}
	assert_true(isolate > 20 && deflate > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_name),
		cmocka_unit_test(test_programs_are_in_range),
		cmocka_unit_test(test_same_seed_same_program),
		cmocka_unit_test(test_sides_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
