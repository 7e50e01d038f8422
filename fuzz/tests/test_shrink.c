// SPDX-License-Identifier: GPL-2.0-only
/* The shrinker, with predicates in place of a core that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "generate.h"
#include "shrink.h"

static struct program program, again;
static char text[PROGRAM_TEXT_MAX];

static void assert_text(const char *expected)
{
	program_print(&program, text, sizeof(text));
	assert_string_equal(text, expected);
}

/*
 * "Fails" when CPU x allocates order >= 2 into a slot and another CPU frees that slot under a
 * target fault.
 */
static bool freed_by_another_cpu(const struct program *candidate, void *arg)
{
	int owner[PROGRAM_SLOTS];

	(void)arg;
	memset(owner, -1, sizeof(owner));
	for (unsigned int i = 0; i < candidate->nr_ops; i++) {
		const struct op *op = &candidate->ops[i];

		if (op->code == OP_ALLOC)
			owner[op->slot] = op->order >= 2 ? op->cpu : -1;
		else if (op->code == OP_FREE && owner[op->slot] >= 0 &&
			 owner[op->slot] != op->cpu && op->fault)
			return true;
	}
	return false;
}

static void two_hundred_operations_become_two(void **state)
{
	struct program_header header = {
		.nr_cpus = 8, .profile = 14, .pcp_high = 3, .flags = 3, .rest = PROGRAM_REST_RANDOM
	};
	struct shrink shrink = { .still_fails = freed_by_another_cpu, .max_tries = 5000 };
	unsigned int seed = 0;

	(void)state;
	do
		program_generate(&program, &generator_default, &header, 200, ++seed);
	while (!freed_by_another_cpu(&program, NULL));
	memcpy(&again, &program, sizeof(again));
	shrink_program(&shrink, &program);
	assert_true(shrink.tries < 1000);
	assert_int_equal(program.nr_ops, 2);
	assert_int_equal(program.header.nr_cpus, 2);
	program.ops[1].fault = 1; /* whichever it was */
	program.ops[1].fault_nth = 0;
	if (program.ops[0].cpu == 0)
		assert_text("machine profile=tiny cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
			    "cpu0: s0 = alloc(order=2, gfp=0, nid=0)\n"
			    "cpu1: free(s0) fault=desc:each\n");
	else
		assert_text("machine profile=tiny cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
			    "cpu1: s0 = alloc(order=2, gfp=0, nid=0)\n"
			    "cpu0: free(s0) fault=desc:each\n");

	/* The same again gives the same again. */
	shrink_program(&shrink, &again);
	assert_int_equal(again.nr_ops, 2);
}

/*
 * Operations that matter only together with another: the alloc and free of one slot must both go or
 * both stay.
 */
static bool balanced(const struct program *candidate, void *arg)
{
	unsigned int out = 0;
	bool barrier = false;

	(void)arg;
	for (unsigned int i = 0; i < candidate->nr_ops; i++) {
		out += candidate->ops[i].code == OP_ALLOC;
		out -= candidate->ops[i].code == OP_FREE;
		barrier |= candidate->ops[i].code == OP_RCU_BARRIER;
	}
	return !out && barrier;
}

static void pairs_go_together(void **state)
{
	struct shrink shrink = { .still_fails = balanced, .max_tries = 5000 };

	(void)state;
	memset(&program, 0, sizeof(program));
	program.header.nr_cpus = 1;
	for (unsigned int i = 0; i < 3; i++)
		program.ops[program.nr_ops++] = (struct op){ .code = OP_ALLOC, .slot = i };
	program.ops[program.nr_ops++] = (struct op){ .code = OP_RCU_BARRIER };
	for (unsigned int i = 0; i < 3; i++)
		program.ops[program.nr_ops++] = (struct op){ .code = OP_FREE, .slot = i };
	shrink_program(&shrink, &program);
	assert_text("machine profile=tiny cpus=1 pcp_high=0 pcp_batch=0 flags=0\ncpu0: "
		    "rcu_barrier()\n");
}

static bool always(const struct program *candidate, void *arg)
{
	(void)candidate;
	++*(unsigned int *)arg;
	return true;
}

static bool never(const struct program *candidate, void *arg)
{
	(void)candidate;
	++*(unsigned int *)arg;
	return false;
}

static void what_always_fails_becomes_nothing(void **state)
{
	struct program_header header = { .nr_cpus = 8, .profile = 14 };
	unsigned int calls = 0;
	struct shrink shrink = { .still_fails = always, .max_tries = 5000, .arg = &calls };

	(void)state;
	program_generate(&program, &generator_default, &header, 512, 1);
	shrink_program(&shrink, &program);
	assert_text("machine profile=tiny cpus=1 pcp_high=0 pcp_batch=0 flags=0\n");
	assert_int_equal(calls, shrink.tries);
	assert_true(calls < 10);
}

static void tries_are_bounded_and_a_program_that_cannot_shrink_stays(void **state)
{
	struct program_header header = { .nr_cpus = 8, .profile = 14 };
	unsigned int calls = 0;
	struct shrink shrink = { .still_fails = never, .max_tries = 300, .arg = &calls };

	(void)state;
	program_generate(&program, &generator_default, &header, 512, 1);
	memcpy(&again, &program, sizeof(again));
	shrink_program(&shrink, &program);
	assert_int_equal(calls, 300);
	assert_true(program_equal(&program, &again));
}

/*
 * "Fails" when some operation is left in the midst of itself, at its 8th point or later, for another
 * CPU that has something to do; and only when stores may be delayed.
 */
static bool preempted(const struct program *candidate, void *arg)
{
	(void)arg;
	if (candidate->header.memory == WEAVE_SC)
		return false;
	for (unsigned int i = 0; i < candidate->nr_switches; i++) {
		const struct weave_entry *entry = &candidate->switches[i];

		if (entry->kind != WEAVE_SWITCH || entry->nth < 8 ||
		    candidate->ops[entry->op].cpu == entry->value)
			continue;
		for (unsigned int j = 0; j < candidate->nr_ops; j++)
			if (candidate->ops[j].cpu == entry->value)
				return true;
	}
	return false;
}

static void forty_switches_become_one(void **state)
{
	struct program_header header = {
		.nr_cpus = 6, .profile = 1, .memory = WEAVE_LKMM, .plain_points = true
	};
	struct shrink shrink = { .still_fails = preempted, .max_tries = 5000 };

	(void)state;
	program_generate(&program, &generator_default, &header, 100, 1);
	program_generate_schedule(&program, 40, 2);
	assert_true(program.nr_switches >= 40);
	assert_true(preempted(&program, NULL));
	shrink_program(&shrink, &program);
	assert_int_equal(program.nr_ops, 2);
	assert_int_equal(program.nr_switches, 1);
	assert_int_equal(program.switches[0].nth, 8);
	assert_int_equal(program.header.nr_cpus, 2);
	assert_int_equal(program.header.memory, WEAVE_TSO);
	assert_false(program.header.plain_points);
}

static bool has_xy(const uint8_t *data, size_t size, void *arg)
{
	(void)arg;
	return memmem(data, size, "x", 1) && memmem(data, size, "y", 1);
}

static void bytes_shrink_too(void **state)
{
	struct shrink shrink = { .still_fails_bytes = has_xy, .max_tries = 5000 };
	uint8_t data[] =
		"a lot of text with an x somewhere and a why spelled with y, and more of it";

	(void)state;
	assert_int_equal(shrink_bytes(&shrink, data, sizeof(data)), 2);
	assert_memory_equal(data, "xy", 2);
	assert_int_equal(shrink_bytes(&shrink, data, 0), 0);
}

/* "Fails" when one CPU is preempted at the 40th point of a free, or two are elsewhere. */
static bool preempted_amid_free(const struct program *candidate, void *arg)
{
	unsigned int elsewhere = 0;
	bool frees = false, amid = false;

	(void)arg;
	for (unsigned int i = 0; i < candidate->nr_ops; i++)
		frees |= candidate->ops[i].code == OP_FREE;
	for (unsigned int i = 0; i < candidate->nr_switches; i++) {
		const struct weave_entry *entry = &candidate->switches[i];

		if (entry->value == candidate->ops[entry->op].cpu)
			continue;
		amid |= candidate->ops[entry->op].code == OP_FREE && entry->nth == 40;
		elsewhere += entry->nth == 3 || entry->nth == 5;
	}
	return frees && (amid || elsewhere == 2);
}

static bool fifty_points_each(const struct program *candidate, unsigned int *points, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < candidate->nr_ops; i++)
		points[i] = 50;
	return true;
}

static void one_switch_stands_in_for_two(void **state)
{
	static const char two[] = "machine profile=tiny cpus=2\n"
				  "cpu0: s0 = alloc(order=0)\n"
				  "    @3 switch cpu1\n"
				  "    @5 switch cpu1\n"
				  "cpu0: free(s0)\n"
				  "cpu1: drain_all()\n";
	struct shrink shrink = { .still_fails = preempted_amid_free,
				 .points = fifty_points_each,
				 .max_tries = 5000 };
	struct program_error error;

	(void)state;
	assert_true(program_assemble(&program, two, strlen(two), &error));
	shrink_program(&shrink, &program);
	assert_text("machine profile=tiny cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
		    "cpu0: free(s0)\n"
		    "    @40 switch cpu1\n");
}

/*
 * "Fails" when a free is preempted at point 8, or when something else is, at 3 and at 5, with a
 * drain behind it: another way to the same end, in which nothing that is there can be left out.
 */
static bool preempted_in_one_of_two_ways(const struct program *candidate, void *arg)
{
	bool at_3 = false, at_5 = false, drained = false;

	(void)arg;
	for (unsigned int i = 0; i < candidate->nr_ops; i++)
		drained |= candidate->ops[i].code == OP_DRAIN_ALL;
	for (unsigned int i = 0; i < candidate->nr_switches; i++) {
		const struct weave_entry *entry = &candidate->switches[i];

		if (candidate->ops[entry->op].code == OP_FREE)
			return entry->nth == 8;
		at_3 |= entry->nth == 3;
		at_5 |= entry->nth == 5;
	}
	return at_3 && at_5 && drained;
}

/* What a search over schedules would find. */
static bool preempt_free_at_8(struct program *candidate, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < candidate->nr_ops; i++) {
		if (candidate->ops[i].code != OP_FREE)
			continue;
		candidate->switches[0] =
			(struct weave_entry){ .op = i, .nth = 8, .kind = WEAVE_SWITCH, .value = 1 };
		candidate->nr_switches = 1;
		return true;
	}
	return false;
}

static void other_switches_do_with_fewer_operations(void **state)
{
	static const char stuck[] = "machine profile=tiny cpus=2\n"
				    "cpu0: s0 = alloc(order=0)\n"
				    "    @3 switch cpu1\n"
				    "    @5 switch cpu1\n"
				    "cpu0: free(s0)\n"
				    "cpu1: drain_all()\n";
	struct shrink shrink = { .still_fails = preempted_in_one_of_two_ways,
				 .reschedule = preempt_free_at_8,
				 .max_tries = 5000 };
	struct program_error error;

	(void)state;
	assert_true(program_assemble(&program, stuck, strlen(stuck), &error));
	shrink_program(&shrink, &program);
	assert_int_equal(program.nr_ops, 1);
	assert_int_equal(program.ops[0].code, OP_FREE);
	assert_int_equal(program.nr_switches, 1);
	/* Without the search the free goes first, and the rest stays. */
	shrink.reschedule = NULL;
	assert_true(program_assemble(&program, stuck, strlen(stuck), &error));
	shrink_program(&shrink, &program);
	assert_int_equal(program.nr_switches, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_switch_stands_in_for_two),
		cmocka_unit_test(two_hundred_operations_become_two),
		cmocka_unit_test(pairs_go_together),
		cmocka_unit_test(what_always_fails_becomes_nothing),
		cmocka_unit_test(tries_are_bounded_and_a_program_that_cannot_shrink_stays),
		cmocka_unit_test(forty_switches_become_one),
		cmocka_unit_test(other_switches_do_with_fewer_operations),
		cmocka_unit_test(bytes_shrink_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
