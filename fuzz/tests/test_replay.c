// SPDX-License-Identifier: GPL-2.0-only
/* Inputs that fail in all the ways they can, each in a child; we live to tell. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <sim/bug.h>

#include "replay.h"

/* A target that does what its first byte says. */
static int misbehave(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0]) {
	case 'b':
		mm_bug("planted rule", SIM_NO_PFN, "as asked");
	case 'a':
		signal(SIGABRT, SIG_DFL);
		abort();
	case 'h':
		for (;;)
			pause();
	case 'e':
		_exit(7);
	case 'd':
		sim_die("no room in /here: make some");
	case 'p':
		printf("hello from the child");
		fflush(stdout);
		break;
	}
	return 0;
}

static struct replay_result result;

static void run_loudly(const char *input, bool brief)
{
	struct replay_input one = { (const uint8_t *)input, strlen(input) };

	replay_many(misbehave, &one, 1, 1, brief, &result);
}

static void run(const char *input)
{
	run_loudly(input, true);
}

static int free_result(void **state)
{
	(void)state;
	replay_result_free(&result);
	return 0;
}

static void a_good_input_passes(void **state)
{
	(void)state;
	run("p");
	assert_int_equal(result.verdict, REPLAY_PASSED);
	assert_string_equal(result.title, "");
	assert_string_equal(result.output, "hello from the child");
}

static void a_bug_has_its_rule_and_function_as_title(void **state)
{
	(void)state;
	run("b");
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_string_equal(result.title, "planted rule in misbehave");
	assert_string_equal(result.output, "");
	replay_result_free(&result);
	run_loudly("b", false);
	assert_string_equal(result.title, "planted rule in misbehave");
	assert_non_null(strstr(result.output, "mmfuzz: BUG: planted rule in misbehave: as asked"));
}

/* What the child's hooks did, in memory that it shares with us. */
static char *said;

static void say_begin(void)
{
	strcat(said, "begin ");
}

static void say_over(const struct sim_bug_report *report)
{
	strcat(said, report ? report->rule : "over");
	strcat(said, " ");
}

static void the_child_says_when_an_input_is_over(void **state)
{
	struct replay_input inputs[] = { { (const uint8_t *)"x", 1 }, { (const uint8_t *)"b", 1 } };

	(void)state;
	said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(said, MAP_FAILED);
	replay_set_hooks(say_begin, say_over);
	replay_many(misbehave, inputs, 2, 1, true, &result);
	replay_set_hooks(NULL, NULL);
	assert_string_equal(said, "begin over begin planted rule ");
	munmap(said, 4096);
}

static long say_42(void)
{
	return 42;
}

static void the_child_is_asked_what_it_did(void **state)
{
	(void)state;
	replay_set_note(say_42);
	run("b");
	assert_int_equal(result.note, 42);
	replay_result_free(&result);
	run("p");
	assert_int_equal(result.note, -1);
	replay_set_note(NULL);
}

static void a_signal_is_named(void **state)
{
	(void)state;
	run("a");
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_string_equal(result.title, "killed by signal 6 (Aborted)");
}

static void a_hang_is_a_timeout(void **state)
{
	(void)state;
	run("h");
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_string_equal(result.title, "timeout");
}

static void an_exit_is_a_failure(void **state)
{
	(void)state;
	run("e");
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_string_equal(result.title, "exit 7");
}

static void surroundings_are_no_finding(void **state)
{
	(void)state;
	run("d");
	assert_int_equal(result.verdict, REPLAY_IMPOSSIBLE);
	assert_string_equal(result.title, "mmfuzz: no room in /here: make some");
}

static void the_first_that_fails_is_named(void **state)
{
	struct replay_input inputs[] = { { (const uint8_t *)"x", 1 },
					 { NULL, 0 },
					 { (const uint8_t *)"b", 1 },
					 { (const uint8_t *)"a", 1 } };

	(void)state;
	replay_many(misbehave, inputs, 4, 1, true, &result);
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_int_equal(result.at, 2);
}

static void a_summary_becomes_a_title(void **state)
{
	char title[256];

	(void)state;
	assert_true(
		replay_summary_title("==1==ERROR\nSUMMARY: AddressSanitizer: heap-use-after-free "
				     "/a/core/mm/buddy.c:12:3 in buddy_merge\nmore",
				     title, sizeof(title)));
	assert_string_equal(title, "AddressSanitizer: heap-use-after-free in buddy_merge");
	assert_true(replay_summary_title(
		"SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior /a/b/x.c:12:2", title,
		sizeof(title)));
	assert_string_equal(title, "UndefinedBehaviorSanitizer: undefined-behavior at x.c:12");
	assert_true(replay_summary_title(
		"SUMMARY: AddressSanitizer: SEGV (/bin/x+0x12) (BuildId: 12) in f\n", title,
		sizeof(title)));
	assert_string_equal(title, "AddressSanitizer: SEGV in f");
	assert_true(replay_summary_title(
		"SUMMARY: AddressSanitizer: 8 byte(s) leaked in 1 allocation(s).", title,
		sizeof(title)));
	assert_string_equal(title, "LeakSanitizer: memory leak");
	assert_true(replay_summary_title("SUMMARY: ", title, sizeof(title)));
	assert_true(replay_summary_title("SUMMARY: x", title, sizeof(title)));
	assert_false(replay_summary_title("nothing of the kind", title, sizeof(title)));
}

int main(void)
{
#define test(function) cmocka_unit_test_teardown(function, free_result)
	const struct CMUnitTest tests[] = {
		test(a_good_input_passes),
		test(a_bug_has_its_rule_and_function_as_title),
		test(the_child_is_asked_what_it_did),
		test(the_child_says_when_an_input_is_over),
		test(a_signal_is_named),
		test(a_hang_is_a_timeout),
		test(an_exit_is_a_failure),
		test(surroundings_are_no_finding),
		test(the_first_that_fails_is_named),
		test(a_summary_becomes_a_title),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
