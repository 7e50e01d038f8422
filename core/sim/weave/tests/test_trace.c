// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of a run: what happened, in order, with what was read and written; nothing of the run itself changes by it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/weave.h>
#include <sim/bug.h>
#include <sim/compiler.h>

#include "trace.h"

#define ROOM 256

static union {
	struct weave_trace_log log;
	char room[sizeof(struct weave_trace_log) + ROOM * sizeof(struct weave_event)];
} memory;

static int marked;
static int plain;

static int setup(void **state)
{
	(void)state;
	marked = plain = 0;
	memory.log.nr = 0;
	memory.log.max = ROOM;
	weave_trace_memory(&memory.log);
	sim_bug_quiet(true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	weave_trace_memory(NULL);
	return 0;
}

/* There and back a few times, for runs of three fibres. */
static const struct weave_schedule some_switches = {
	.entries =
		(struct weave_entry[]){
			{ .op = 0, .nth = 3, .kind = WEAVE_SWITCH, .value = 2 },
			{ .op = 1, .nth = 7, .kind = WEAVE_SWITCH, .value = 0 },
			{ .op = 2, .nth = 4, .kind = WEAVE_SWITCH, .value = 1 },
			{ .op = 2, .nth = 9, .kind = WEAVE_SWITCH, .value = 0 },
		},
	.nr = 4,
};

static struct weave_result run(unsigned int nr, void (*fn)(unsigned int fibre, void *arg),
			       const struct weave_schedule *schedule)
{
	static struct weave_result result;
	struct weave *w = weave_new(&(struct weave_config){ .catch = true, .schedule = schedule });

	assert_true(weave_run(w, nr, fn, NULL, &result));
	weave_free(w);
	return result;
}

/* The @nth event of @kind, from 0. */
static const struct weave_event *event(unsigned int kind, unsigned int nth)
{
	for (uint64_t i = 0; i < memory.log.nr && i < memory.log.max; i++)
		if (memory.log.events[i].kind == kind && !nth--)
			return &memory.log.events[i];
	fail_msg("no event of kind %u", kind);
	return NULL;
}

static void four_accesses(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	WRITE_ONCE(marked, 3);
	plain = READ_ONCE(marked) + 1;
	cmpxchg(&marked, 3, 7);
	cmpxchg(&marked, 3, 9);
}

static void accesses_come_with_their_values(void **state)
{
	const struct weave_event *e;

	(void)state;
	run(1, four_accesses, NULL);
	e = event(WEAVE_STORE, 0);
	assert_true(e->addr == (uintptr_t)&marked && e->size == sizeof(marked) && e->pc);
	assert_int_equal(e->old, 0);
	assert_int_equal(e->value, 3);
	e = event(WEAVE_LOAD, 0);
	assert_int_equal(e->value, 3);
	/* A plain store is made by its instruction, after it was logged. */
	e = event(WEAVE_PLAIN_STORE, 0);
	assert_true(e->addr == (uintptr_t)&plain);
	assert_int_equal(e->old, 0);
	assert_int_equal(e->value, 4);
	e = event(WEAVE_RMW, 0);
	assert_int_equal(e->old, 3);
	assert_int_equal(e->value, 7);
	assert_int_equal(e->flags, 0);
	e = event(WEAVE_RMW, 1);
	assert_int_equal(e->old, 7);
	assert_int_equal(e->value, 7);
	assert_int_equal(e->flags, WEAVE_TRACE_FAILED);
}

static bool marked_is_1(const void *arg)
{
	return *(const int *)arg == 1;
}

static void wait_for_each_other(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0)
		weave_wait(marked_is_1, &marked, "one");
	else
		WRITE_ONCE(marked, 1);
}

static void switches_say_who_could_go_on(void **state)
{
	const struct weave_event *e;

	(void)state;
	run(3, wait_for_each_other, NULL);
	assert_int_equal(event(WEAVE_BEGIN, 0)->fibre, 0);
	assert_int_equal(event(WEAVE_WAIT, 0)->fibre, 0);
	assert_true(event(WEAVE_WAIT, 0)->addr == (uintptr_t)&marked);
	e = event(WEAVE_EVENT_SWITCH, 0);
	assert_int_equal(e->fibre, 0);
	assert_int_equal(e->size, 1);
	assert_int_equal(e->old, 1u << 1 | 1u << 2);
	assert_int_equal(e->value, 1);
	assert_int_equal(event(WEAVE_END, 0)->fibre, 1);
}

static void noinline callee(void)
{
	WRITE_ONCE(marked, 1);
}

static void call(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	callee();
	weave_note("here", 5);
}

static void functions_and_notes(void **state)
{
	(void)state;
	run(1, call, NULL);
	assert_true(event(WEAVE_EVENT_ENTER, 1)->value >= (uintptr_t)callee);
	assert_true(event(WEAVE_EVENT_ENTER, 1) < event(WEAVE_STORE, 0));
	assert_true(event(WEAVE_STORE, 0) < event(WEAVE_EVENT_EXIT, 0));
	assert_string_equal(event(WEAVE_EVENT_NOTE, 0)->text, "here");
	assert_int_equal(event(WEAVE_EVENT_NOTE, 0)->value, 5);
}

static void find(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	WRITE_ONCE(marked, 2);
	mm_bug("planted rule", SIM_NO_PFN, "marked is %d", READ_ONCE(marked));
}

static void a_finding_leaves_the_log_whole(void **state)
{
	struct weave_result result = run(1, find, NULL);

	(void)state;
	assert_true(result.found);
	assert_int_equal(event(WEAVE_STORE, 0)->value, 2);
}

static void count(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	for (int i = 0; i < 20; i++)
		WRITE_ONCE(marked, READ_ONCE(marked) + 1);
}

static void logging_changes_nothing(void **state)
{
	struct weave_result logged = run(3, count, &some_switches), silent;
	int sum = marked;

	(void)state;
	marked = 0;
	weave_trace_memory(NULL);
	silent = run(3, count, &some_switches);
	assert_int_equal(marked, sum);
	assert_true(logged.switches > 3);
	assert_true(logged.fingerprint == silent.fingerprint);
	assert_true(logged.points == silent.points);
}

static void what_does_not_fit_is_counted(void **state)
{
	uint64_t all;

	(void)state;
	run(2, count, NULL);
	all = memory.log.nr;
	setup(NULL);
	memory.log.max = 10;
	memset(&memory.log.events[10], 0x5a, sizeof(memory.log.events[10]));
	run(2, count, NULL);
	assert_int_equal(memory.log.nr, all);
	assert_int_equal(memory.log.events[10].kind, 0x5a);
	assert_int_equal(memory.log.events[9].kind, WEAVE_STORE);
}

static void weave_so_far_knows_a_finished_run(void **state)
{
	struct weave_result result = run(3, count, &some_switches), later = { 0 };

	(void)state;
	weave_so_far(&later);
	assert_true(later.fingerprint == result.fingerprint);
	assert_true(later.points == result.points);
	assert_int_equal(later.schedule.nr, result.schedule.nr);
}

static struct weave_result from_handler;

static void look(const struct sim_bug_report *report)
{
	(void)report;
	weave_so_far(&from_handler);
}

/* Without catch the process ends with the finding; here it is kept alive, and the run left, by the second handler. */
static void in_the_midst_of_a_finding(unsigned int fibre, void *arg)
{
	struct sim_bug_report report = { .rule = "planted", .func = __func__ };

	(void)arg;
	count(fibre, arg);
	if (fibre == 2) {
		weave_stop();
		look(&report);
		/* Nothing is logged or a point any more. */
		WRITE_ONCE(marked, 1);
		weave_so_far(&from_handler);
		mm_bug("planted", SIM_NO_PFN, "by CPU %u", fibre);
	}
}

static void weave_so_far_is_the_same_in_the_midst_of_a_finding(void **state)
{
	struct weave_result result = run(3, in_the_midst_of_a_finding, &some_switches);

	(void)state;
	assert_true(result.found);
	assert_true(from_handler.fingerprint == result.fingerprint);
	assert_true(from_handler.points == result.points);
	assert_int_equal(from_handler.schedule.nr, result.schedule.nr);
	assert_true(from_handler.switches == result.switches);
}

int main(void)
{
#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		test(accesses_come_with_their_values),
		test(switches_say_who_could_go_on),
		test(functions_and_notes),
		test(a_finding_leaves_the_log_whole),
		test(logging_changes_nothing),
		test(what_does_not_fit_is_counted),
		test(weave_so_far_knows_a_finished_run),
		test(weave_so_far_is_the_same_in_the_midst_of_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
