// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pthread programs on weave: programs/X.c are unchanged programs, built with the shim and with the system's
 * threads. Those with a bug are found out by each strategy and replay; the correct ones are quiet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_pthread.XXXXXX";
static char output[1 << 16];

/* The program with this environment, its schedule file in our folder. Return: its exit status; all it printed is in output. */
static int run(const char *environment, const char *program)
{
	char command[1024];
	size_t got;
	FILE *f;
	int status;

	snprintf(command, sizeof(command), "WEAVE_SAVE=%s/%.*s %s " PROGRAMS "/%s 2>&1", folder,
		 (int)strcspn(program, " "), program, environment, program);
	f = popen(command, "r");
	assert_non_null(f);
	got = fread(output, 1, sizeof(output) - 1, f);
	output[got] = 0;
	status = pclose(f);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect(int wanted, int status, const char *what, const char *program)
{
	if (status != wanted)
		fail_msg("%s of %s: status %d, not %d, and it says:\n%s", what, program, status,
			 wanted, output);
}

static void expect_line(const char *line, const char *what, const char *program)
{
	if (!strstr(output, line))
		fail_msg("%s of %s: \"%s\" is missing in:\n%s", what, program, line, output);
}

/* --- programs with a bug --- */

static const struct {
	const char *program;
	const char *title;
	/* Only these few say nothing about the order of marked accesses: any schedule shows them. */
	int any_schedule;
} bugs[] = {
	{ "bank_deadlock", "deadlock in mutex / pthread_join", 0 },
	{ "philosophers_deadlock", "deadlock in mutex / pthread_join", 0 },
	{ "queue_if", "assertion failed in take", 0 },
	{ "lost_wakeup", "deadlock in condition / pthread_join", 0 },
	{ "lost_update", "assertion failed in main", 0 },
	{ "timedwait_trust", "assertion failed in main", 0 },
	{ "free_in_use", "use after free in use / use", 1 },
	{ "semaphore_short", "data race in enter / enter", 0 },
	{ "rwlock_write", "data race in count / count", 1 },
	{ "double_checked_plain", "data race in get / get", 1 },
	{ "rwlock_upgrade", "deadlock in pthread_join / rwlock, to write", 1 },
	{ "barrier_misuse", "deadlock in barrier", 1 },
	{ "crash", SIM_ASAN ? "null-deref" : "signal SEGV", 0 },
};
#define NR_BUGS (sizeof(bugs) / sizeof(*bugs))

static void found_by(const char *strategy)
{
	char environment[512], found[256];

	/* A process each is dear there; how they come to an end is shown by one strategy. */
	if (SIM_ASAN && strcmp(strategy, "random"))
		skip();

	for (size_t i = 0; i < NR_BUGS; i++) {
		snprintf(environment, sizeof(environment),
			 "WEAVE_STRATEGY=%s WEAVE_SCHEDULES=20000", strategy);
		expect(1, run(environment, bugs[i].program), strategy, bugs[i].program);
		snprintf(found, sizeof(found), "found \"%s\"", bugs[i].title);
		expect_line(found, strategy, bugs[i].program);
		assert_null(strstr(output, "did not come again"));

		snprintf(environment, sizeof(environment), "WEAVE_REPLAY=%s/%s", folder,
			 bugs[i].program);
		expect(1, run(environment, bugs[i].program), "replay", bugs[i].program);
		expect_line("replayed exactly", "replay", bugs[i].program);
	}
}

static void random_walk_finds_them(void **state)
{
	(void)state;
	found_by("random");
}

static void pct_finds_them(void **state)
{
	(void)state;
	found_by("pct WEAVE_BOUND=4");
}

static void pos_finds_them(void **state)
{
	(void)state;
	found_by("pos");
}

static void bounded_finds_them(void **state)
{
	(void)state;
	found_by("bounded WEAVE_BOUND=2");
}

static void exhaustive_finds_them(void **state)
{
	(void)state;
	found_by("exhaustive WEAVE_BOUND=2");
}

/* Whoever never switches but where it must sees only what every schedule shows. */
static void one_schedule_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_BUGS; i++)
		expect(bugs[i].any_schedule, run("WEAVE_SCHEDULES=1", bugs[i].program),
		       "the first schedule", bugs[i].program);
}

/* --- correct programs --- */

static const char *const correct[] = {
	"bank",
	"philosophers",
	"queue",
	"rwlock",
	"barrier",
	"double_checked",
	"semaphore",
	"mutex_kinds",
	"threads",
	"timedwait",
	"spin_flag",
	"relaxed_locked",
#ifdef __clang__
	/* gcc cannot be told to ask for thread-local variables by a call. */
	"locals",
#endif
};
#define NR_CORRECT (sizeof(correct) / sizeof(*correct))

/* A process for each schedule: with ASan that is dear. */
static void quiet(const char *how)
{
	char environment[512];

	snprintf(environment, sizeof(environment), "%s WEAVE_SCHEDULES=%u", how, SIM_ASAN ? 30 : 300);
	for (size_t i = 0; i < NR_CORRECT; i++) {
		expect(0, run(environment, correct[i]), environment, correct[i]);
		expect_line("nothing found", environment, correct[i]);
	}
}

static void correct_ones_are_quiet(void **state)
{
	(void)state;
	quiet("WEAVE_STRATEGY=random");
	quiet("WEAVE_STRATEGY=pct");
	quiet("WEAVE_STRATEGY=bounded");
	quiet("WEAVE_STRATEGY=random WEAVE_PLAIN=1");
	quiet("WEAVE_STRATEGY=random WEAVE_MEMORY=lkmm");
	quiet("WEAVE_STRATEGY=pos WEAVE_MEMORY=tso");
}

static void exhaustive_search_ends(void **state)
{
	static const char *const tiny[] = { "bank", "double_checked", "spin_flag" };
	static const char *const small[] = { "queue", "philosophers" };

	(void)state;
	if (SIM_ASAN)
		skip();
	for (size_t i = 0; i < sizeof(tiny) / sizeof(*tiny); i++) {
		expect(0, run("WEAVE_STRATEGY=exhaustive WEAVE_SCHEDULES=20000", tiny[i]), "exhaustive", tiny[i]);
		expect_line("which are all", "exhaustive", tiny[i]);
	}
	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++) {
		expect(0, run("WEAVE_STRATEGY=exhaustive WEAVE_BOUND=2 WEAVE_SCHEDULES=20000", small[i]),
		       "exhaustive, 2 preemptions", small[i]);
		expect_line("which are all", "exhaustive, 2 preemptions", small[i]);
	}
}

/* The programs are what they claim to be. */
static void correct_with_system_threads(void **state)
{
	char program[64];

	(void)state;
	for (size_t i = 0; i < NR_CORRECT; i++) {
		snprintf(program, sizeof(program), "%s_system", correct[i]);
		expect(0, run("", program), "system threads", program);
	}
}

/* Found only where stores may wait, and then it replays like any other. */
static void weak_memory_is_a_choice(void **state)
{
	char environment[512];

	(void)state;
	expect(0, run("WEAVE_STRATEGY=exhaustive", "store_buffering"), "sc", "store_buffering");
	expect_line("which are all", "sc", "store_buffering");
	expect(1, run("WEAVE_STRATEGY=exhaustive WEAVE_MEMORY=tso", "store_buffering"), "tso", "store_buffering");
	expect(1, run("WEAVE_STRATEGY=random WEAVE_MEMORY=lkmm", "store_buffering"), "lkmm", "store_buffering");
	snprintf(environment, sizeof(environment), "WEAVE_REPLAY=%s/store_buffering", folder);
	expect(1, run(environment, "store_buffering"), "replay", "store_buffering");
	expect_line("replayed exactly", "replay", "store_buffering");
}

/* --- what is said, and the ends of a program --- */

static void same_seed_same_schedules(void **state)
{
	char first[sizeof(output)];

	(void)state;
	run("WEAVE_SEED=7", "queue_if");
	strcpy(first, output);
	run("WEAVE_SEED=7", "queue_if");
	assert_string_equal(first, output);
}

static void threads_are_named(void **state)
{
	(void)state;
	run("", "lost_wakeup");
	expect_line("waits for: pthread_join, called in main", "threads", "lost_wakeup");
	expect_line("waits for: condition, called in waiter", "threads", "lost_wakeup");
}

static void exit_status_is_a_finding(void **state)
{
	(void)state;
	expect(1, run("", "exit_status 3"), "exit", "exit_status 3");
	expect_line("found \"exit status 3\"", "exit", "exit_status 3");
	expect(0, run("", "exit_status 0"), "exit", "exit_status 0");
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	expect(2, run("WEAVE_STRATEGY=luck", "bank"), "an unknown strategy", "bank");
	expect(2, run("WEAVE_SCHEDULES=many", "bank"), "no number", "bank");
	expect(2, run("WEAVE_MEMORY=pso", "bank"), "an unknown memory", "bank");
	expect(2, run("WEAVE_REPLAY=/nowhere", "bank"), "a missing file", "bank");
	expect(2, run("WEAVE_THREADS=2", "bank"), "more threads than allowed", "bank");
	expect_line("raise WEAVE_THREADS", "more threads than allowed", "bank");
}

static int make_folder(void **state)
{
	(void)state;
	return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_walk_finds_them),
		cmocka_unit_test(pct_finds_them),
		cmocka_unit_test(pos_finds_them),
		cmocka_unit_test(bounded_finds_them),
		cmocka_unit_test(exhaustive_finds_them),
		cmocka_unit_test(one_schedule_does_not),
		cmocka_unit_test(correct_ones_are_quiet),
		cmocka_unit_test(exhaustive_search_ends),
		cmocka_unit_test(weak_memory_is_a_choice),
		cmocka_unit_test(correct_with_system_threads),
		cmocka_unit_test(same_seed_same_schedules),
		cmocka_unit_test(threads_are_named),
		cmocka_unit_test(exit_status_is_a_finding),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
