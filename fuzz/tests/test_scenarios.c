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

static unsigned int kinds_of(const struct program *p)
{
	bool seen[NR_OPS] = { false };
	unsigned int kinds = 0;

	for (unsigned int i = 0; i < p->nr_ops; i++) {
		kinds += !seen[p->ops[i].code];
		seen[p->ops[i].code] = true;
	}
	return kinds;
}

/* Fewer kinds of operations, all of the scenario, and in time each of them. */
static void test_a_swarm_leaves_some_out(void **state)
{
	unsigned int all = 0, some = 0;
	bool seen[NR_OPS] = { false };

	(void)state;
	for (uint64_t round = 0; round < 500; round++) {
		scenario_program_short(&scenarios[0], 4, 1, round, &program);
		all += kinds_of(&program);
		scenario_program_swarm(&scenarios[0], 4, 1, round, &program);
		some += kinds_of(&program);
		for (unsigned int i = 0; i < program.nr_ops; i++) {
			assert_true(scenarios[0].generator.weights[program.ops[i].code]);
			seen[program.ops[i].code] = true;
		}
		scenario_program_swarm(&scenarios[0], 4, 1, round, &again);
		assert_true(program_equal(&program, &again));
	}
	assert_true(some * 5 < all * 4);
	for (unsigned int code = 0; code < NR_OPS; code++)
		assert_true(seen[code] || !scenarios[0].generator.weights[code]);
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

static unsigned int nr_looks;

/* What came before the meeting is there, and nothing else. */
static unsigned int look(const struct program *before, unsigned int from)
{
	nr_looks++;
	assert_int_equal(before->nr_switches, 0);
	for (unsigned int i = 0; i < before->nr_ops; i++)
		assert_int_equal(before->ops[i].cpu, 0);
	return from;
}

static uint64_t cpus_from(unsigned int op)
{
	uint64_t cpus = 0;

	for (; op < program.nr_ops; op++)
		cpus |= 1ull << program.ops[op].cpu;
	return cpus;
}

/* Behind the entry of the schedule that says so, each CPU has something to do; before it, CPU 0 alone. */
static void test_meetings(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_scenarios; i++) {
		for (uint64_t round = 0; round < 20; round++) {
			scenario_program_meeting(&scenarios[i], 4, 1, round, look, &program);
			again = program;
			program_normalize(&again);
			assert_true(program_equal(&program, &again));
			scenario_program_meeting(&scenarios[i], 4, 1, round, look, &again);
			assert_true(program_equal(&program, &again));
			assert_int_equal(program.nr_switches, 1);
			assert_int_equal(cpus_from(program.switches[0].op), (1u << program.header.nr_cpus) - 1);
			for (unsigned int op = 0; op < program.switches[0].op; op++)
				assert_int_equal(program.ops[op].cpu, 0);
		}
	}
	assert_true(nr_looks > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_name),
		cmocka_unit_test(test_programs_are_in_range),
		cmocka_unit_test(test_same_seed_same_program),
		cmocka_unit_test(test_a_swarm_leaves_some_out),
		cmocka_unit_test(test_sides_meet),
		cmocka_unit_test(test_meetings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
