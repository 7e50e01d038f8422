// SPDX-License-Identifier: GPL-2.0-only
/* What a finding says, whom it tells, and how the process ends without anybody to tell. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.h"

static int describe(unsigned long pfn, char *buf, size_t len)
{
	return snprintf(buf, len, "frame %lu is free, order 3", pfn);
}

static int describe_badly(unsigned long pfn, char *buf, size_t len)
{
	(void)buf;
	(void)len;
	mm_bug("bug in the description", pfn, "while describing");
}

static void double_free(void)
{
	mm_bug("double free", 0x12, "order %u, was free already", 3);
}

static void no_frame(void)
{
	MM_BUG_ON(1 + 1 == 2, "counter drifted", SIM_NO_PFN, "NR_FREE_PAGES is %d", -1);
}

static void endless(void)
{
	char text[4096];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	mm_bug("endless", 1, "%s", text);
}

static void fine(void)
{
	MM_BUG_ON(false, "never", SIM_NO_PFN, "never");
	VM_BUG_ON(false, "never", SIM_NO_PFN, "never");
}

static void says_rule_function_frame_and_state(void **state)
{
	(void)state;
	sim_set_describe(describe);
	machine_cpu_become(3);
	assert_bug("double free in double_free", double_free);
	assert_string_equal(catch_report.text,
			    "mmfuzz: BUG: double free in double_free: pfn 0x12: order 3, was free already; frame 18 is free, order 3");
	assert_int_equal(catch_report.cpu, 3);
	assert_int_equal(catch_report.pfn, 0x12);

	sim_set_describe(NULL);
	assert_bug("double free in double_free", double_free);
	assert_string_equal(catch_report.text,
			    "mmfuzz: BUG: double free in double_free: pfn 0x12: order 3, was free already");
}

static void without_a_frame(void **state)
{
	(void)state;
	sim_set_describe(describe);
	assert_bug("counter drifted in no_frame", no_frame);
	assert_string_equal(catch_report.text,
			    "mmfuzz: BUG: counter drifted in no_frame: NR_FREE_PAGES is -1");
	sim_set_describe(NULL);
}

static void endless_text_is_cut(void **state)
{
	(void)state;
	sim_set_describe(describe);
	assert_bug("endless in endless", endless);
	assert_int_equal(strlen(catch_report.text), sizeof(catch_report.text) - 1);
	sim_set_describe(NULL);
}

static void nothing_wrong(void **state)
{
	(void)state;
	assert_no_bug(fine);
}

/* Runs @fn in a child and returns its wait status, with what it wrote to stderr in @out. */
static int in_child(void (*fn)(void), char *out, size_t len)
{
	int fds[2], status;
	size_t got = 0;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		/* A sanitizer's own report of the abort would only be in the way. */
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		fn();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], out + got, len - 1 - got)) > 0)
		got += (size_t)n;
	out[got] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void bug_in_description(void)
{
	sim_set_describe(describe_badly);
	double_free();
}

static void out_of_memory(void)
{
	sim_die("no memory for %d things; buy some", 3);
}

static void say(void)
{
	static const char said[] = "out of something\n";

	assert_int_equal(write(STDERR_FILENO, said, sizeof(said) - 1), sizeof(said) - 1);
}

static void double_free_after_words(void)
{
	sim_set_log(say);
	double_free();
}

static void quiet_double_free_after_words(void)
{
	sim_bug_quiet(true);
	double_free_after_words();
}

static void what_was_said_comes_first(void **state)
{
	char out[4096];

	(void)state;
	in_child(double_free_after_words, out, sizeof(out));
	assert_string_equal(out,
			    "out of something\n"
			    "mmfuzz: BUG: double free in double_free: pfn 0x12: order 3, was free already\n");
	in_child(quiet_double_free_after_words, out, sizeof(out));
	assert_string_equal(out, "");
}

static void aborts_without_handler(void **state)
{
	char out[4096];
	int status = in_child(double_free, out, sizeof(out));

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(out,
			    "mmfuzz: BUG: double free in double_free: pfn 0x12: order 3, was free already\n");
}

static void bug_while_describing_ends_too(void **state)
{
	char out[4096];
	int status = in_child(bug_in_description, out, sizeof(out));

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(out, "mmfuzz: BUG: double free in double_free: pfn 0x12"));
	assert_non_null(strstr(out, "second bug"));
}

static void want_of_resources_is_no_finding(void **state)
{
	char out[4096];
	int status = in_child(out_of_memory, out, sizeof(out));

	(void)state;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	assert_string_equal(out, "mmfuzz: no memory for 3 things; buy some\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_rule_function_frame_and_state, machine_up,
						machine_down),
		cmocka_unit_test(without_a_frame),
		cmocka_unit_test(endless_text_is_cut),
		cmocka_unit_test(nothing_wrong),
		cmocka_unit_test(what_was_said_comes_first),
		cmocka_unit_test(aborts_without_handler),
		cmocka_unit_test(bug_while_describing_ends_too),
		cmocka_unit_test(want_of_resources_is_no_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
