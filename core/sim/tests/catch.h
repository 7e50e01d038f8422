/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests: do something that must be found, and get the title of the finding. Not for code that
 * runs on several CPUs at once.
 */
#ifndef SIM_TESTS_CATCH_H
#define SIM_TESTS_CATCH_H

/* cmocka.h asks for these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sim/bug.h>
#include <sim/cpu.h>

static jmp_buf catch_point;
static char catch_title[128];
static struct sim_bug_report catch_report;

static inline void catch_handler(const struct sim_bug_report *report)
{
	catch_report = *report;
	sim_bug_title(report, catch_title, sizeof(catch_title));
	longjmp(catch_point, 1);
}

/* The title of what @fn was found doing, "nothing" if it came back. */
static inline const char *bug_of(void (*fn)(void))
{
	sim_bug_quiet(true);
	sim_set_bug_handler(catch_handler);
	memset(&catch_report, 0, sizeof(catch_report));
	strcpy(catch_title, "nothing");
	if (!setjmp(catch_point))
		fn();
	sim_set_bug_handler(NULL);
	sim_bug_quiet(false);
	return catch_title;
}

#define assert_bug(title, fn)	assert_string_equal(bug_of(fn), title)
#define assert_no_bug(fn)	assert_string_equal(bug_of(fn), "nothing")

/* A machine of four CPUs, this thread being CPU 0. */
static inline int machine_up(void **state __maybe_unused)
{
	machine_init(4);
	machine_cpu_enter(0);
	return 0;
}

static inline int machine_down(void **state __maybe_unused)
{
	machine_exit();
	return 0;
}

#endif /* SIM_TESTS_CATCH_H */
