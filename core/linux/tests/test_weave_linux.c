// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend linux on the woven machine: interrupts that come in anywhere. Must not look for what only some
 * schedules find: that is for the fuzzers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/backend_linux.h>

#include "executor_weave.h"

static struct program program;
static struct weave_result result;

/* The most that waited to be freed when a run was over. */
static unsigned long deferred;

static void quiesce(void)
{
	struct mmfuzz_stats stats;

	mmfuzz_backend_linux.stats(&stats);
	deferred = stats.deferred > deferred ? stats.deferred : deferred;
	mmfuzz_backend_linux.quiesce();
}

static void assemble(const char *text)
{
	struct program_error error;

	if (!program_assemble(&program, text, strlen(text), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

static void run(void)
{
	/* The machine stays booted for the next run, and the executor knows by whom. */
	static struct mmfuzz_backend backend;
	struct weave_schedule schedule;
	struct weave_config config;
	struct weave *weave;

	backend = mmfuzz_backend_linux;
	backend.quiesce = quiesce;
	executor_weave_config(&program, &schedule, &config);
	config.catch = true;
	weave = weave_new(&config);
	assert_true(executor_run_weave(&backend, &program, weave, &result));
	weave_free(weave);
	if (result.found)
		fail_msg("%s: %s", result.title, result.text);
}

/* An interrupt at each point of operation @op, of which there are some: @lowest at least. */
static void interrupted_anywhere(const char *text, unsigned int op, unsigned int lowest)
{
	unsigned int nth = 0;

	do {
		assemble(text);
		program.switches[0].op = op;
		program.switches[0].nth = nth++;
		run();
	} while (result.schedule.nr);
	assert_in_range(nth, lowest, 5000);
}

/* A pageset's lock is taken with interrupts on, a zone's with interrupts off, where an NMI comes all the same. */
static void an_interrupt_frees(void **state)
{
	(void)state;
	if (!mmfuzz_backend_linux.free_frozen_nolock)
		skip();
	deferred = 0;
	interrupted_anywhere("cpu0: s0 = alloc()\n"
			     "cpu0: s1 = alloc()\n"
			     "cpu0: free(s0)\n"
			     "    @0 interrupt\n"
			     "cpu0: free_nolock(s1)\n",
			     2, 5);
	/* A pageset that is busy, and a zone that is not: it is free at once. */
	assert_int_equal(deferred, 0);
	interrupted_anywhere("cpu0: s0 = alloc(order=3)\n"
			     "cpu0: s1 = alloc()\n"
			     "cpu0: drain_local()\n"
			     "    @0 interrupt\n"
			     "cpu0: free_nolock(s1)\n"
			     "cpu0: free(s0)\n",
			     2, 5);
	interrupted_anywhere("cpu0: s0 = alloc(order=4)\n"
			     "cpu0: s1 = alloc(order=4)\n"
			     "cpu0: free(s0)\n"
			     "    @0 interrupt\n"
			     "cpu0: free_nolock(s1)\n",
			     2, 5);
	/* The zone's lock is the interrupted operation's. */
	assert_int_equal(deferred, 16);
}

static void an_interrupt_allocates(void **state)
{
	(void)state;
	if (!mmfuzz_backend_linux.alloc_frozen_nolock)
		skip();
	for (unsigned int order = 0; order < 5; order++) {
		char text[200];

		snprintf(text, sizeof(text),
			 "cpu0: s0 = alloc(order=%u)\n"
			 "    @0 interrupt\n"
			 "cpu0: s1 = alloc_nolock(order=%u)\n"
			 "cpu0: free(s0)\n"
			 "cpu0: split(s1)\n"
			 "cpu0: free(s1)\n",
			 order, order % 4);
		interrupted_anywhere(text, 0, 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupt_frees),
		cmocka_unit_test(an_interrupt_allocates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
