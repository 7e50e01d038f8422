// SPDX-License-Identifier: GPL-2.0-only
/*
 * Litmus programs are about what they say: in some schedule two CPUs touch the word of one frame or descriptor, and one of
 * them changes it. A search through all interleavings of CPUs that never meet finds nothing, in very few schedules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/backend.h>
#include <weave/trace.h>

#include "executor_weave.h"
#include "litmus_weave.h"

#define MAX_EVENTS 65536u
#define SCHEDULES  200u

static struct weave_trace_log *events;
static struct program program;

/* Asked while the machine is as it was: a word of a frame, or of what describes one. */
static bool is_of_a_page(uintptr_t addr)
{
	char text[128] = "";

	mmfuzz_backend_memdesc.describe_addr((const void *)addr, text, sizeof(text));
	return !strncmp(text, "memdesc of", 10) || strstr(text, "folio") ||
	       strstr(text, "descriptor");
}

static bool changes(const struct weave_event *event)
{
	return event->kind == WEAVE_STORE || event->kind == WEAVE_PLAIN_STORE ||
	       event->kind == WEAVE_RMW;
}

static bool have_met(void)
{
	uint64_t nr = events->nr < events->max ? events->nr : events->max;

	for (uint64_t i = 0; i < nr; i++) {
		const struct weave_event *a = &events->events[i];

		if (a->kind > WEAVE_EVENT_POINT_MAX || !changes(a) || !is_of_a_page(a->addr))
			continue;
		for (uint64_t j = 0; j < nr; j++) {
			const struct weave_event *b = &events->events[j];

			if (b->kind <= WEAVE_EVENT_POINT_MAX && b->fibre != a->fibre &&
			    b->addr == a->addr)
				return true;
		}
	}
	return false;
}

static bool meets(const char *text)
{
	struct weave_schedule schedule;
	struct weave_config config;
	struct program_error error;
	struct weave *weave;
	bool met = false;

	assert_true(program_assemble(&program, text, strlen(text), &error));
	executor_weave_config(&program, &schedule, &config);
	config.strategy = weave_strategy_find("pos");
	weave = weave_new(&config);
	weave_trace_memory(events);
	for (unsigned int i = 0; i < SCHEDULES && !met; i++) {
		events->nr = 0;
		assert_true(executor_run_weave(&mmfuzz_backend_memdesc, &program, weave, NULL));
		met = have_met();
	}
	weave_trace_memory(NULL);
	weave_free(weave);
	return met;
}

static void cpus_of_each_program_meet(void **state)
{
	(void)state;
	for (const struct litmus *litmus = litmus_programs; litmus->name; litmus++)
		if (!meets(litmus->text))
			fail_msg("the CPUs of %s have nothing to do with each other", litmus->name);
}

/* The balloon takes its page from the zone behind block 4. */
static void who_does_not_meet_is_seen(void **state)
{
	(void)state;
	assert_false(meets("machine profile=hotplug cpus=2\n"
			   "cpu0: balloon_inflate(dev=0, nr=1)\n"
			   "cpu1: mem_offline(block=0)\n"));
}

static int setup(void **state)
{
	(void)state;
	events = calloc(1, sizeof(*events) + MAX_EVENTS * sizeof(events->events[0]));
	if (!events)
		return -1;
	events->max = MAX_EVENTS;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	executor_shutdown();
	free(events);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_of_each_program_meet),
		cmocka_unit_test(who_does_not_meet_is_seen),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
