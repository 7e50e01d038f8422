// SPDX-License-Identifier: GPL-2.0-only
/* Programs on the woven machine: what their schedule says happens, and the same each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sim/bug.h>

#include "executor_weave.h"
#include "generate.h"
#include "hints_weave.h"

static struct program program;
static struct weave_result result;

static void assemble(const char *text)
{
	struct program_error error;

	if (!program_assemble(&program, text, strlen(text), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

static void run(void)
{
	struct weave_schedule schedule;
	struct weave_config config;
	struct weave *weave;

	executor_weave_config(&program, &schedule, &config);
	config.catch = true;
	weave = weave_new(&config);
	assert_true(executor_run_weave(&mmfuzz_backend_memdesc, &program, weave, &result));
	weave_free(weave);
}

static void run_clean(void)
{
	run();
	if (result.found)
		fail_msg("%s: %s", result.title, result.text);
}

static bool was_skipped(unsigned int cpu, unsigned int op)
{
	struct executor_event events[EXECUTOR_LOG];
	unsigned int nr = executor_last_ops(cpu, events);

	while (nr--)
		if (events[nr].op == op)
			return events[nr].skipped;
	fail_msg("operation %u was not run on CPU %u", op, cpu);
	return false;
}

/*
 *	CPU 0		CPU 1
 *	alloc s0
 *			free s0		finds what was allocated
 */
static void without_a_schedule_each_cpu_runs_to_its_end(void **state)
{
	(void)state;
	assemble("machine cpus=2\n"
		 "cpu1: free(s0)\n"
		 "cpu0: s0 = alloc()\n");
	run_clean();
	assert_false(was_skipped(1, 0));
	assert_int_equal(result.preemptions, 0);
	assert_int_equal(result.switches, 1);
}

/*
 *	CPU 0		CPU 1
 *	alloc s0
 *	   @0 -------->	free s0		too early
 *	allocates
 */
static void a_switch_at_the_beginning_lets_another_cpu_go_first(void **state)
{
	(void)state;
	assemble("machine cpus=2\n"
		 "cpu1: free(s0)\n"
		 "cpu0: s0 = alloc()\n"
		 "    @0 switch cpu1\n");
	run_clean();
	assert_true(was_skipped(1, 0));
	assert_int_equal(result.preemptions, 1);
}

/* While an allocation is under way nobody else gets at its slot, or sees it filled. */
static void a_slot_in_hand_is_left_alone(void **state)
{
	(void)state;
	for (unsigned int nth = 1; nth < 8; nth++) {
		assemble("machine cpus=2\n"
			 "cpu1: free(s0)\n"
			 "cpu0: s0 = alloc()\n"
			 "    @0 switch cpu1\n");
		program.switches[0].nth = nth;
		run_clean();
		assert_int_equal(result.preemptions, 1);
		assert_true(was_skipped(1, 0));
	}
}

/*
 *	CPU 0
 *	alloc s1
 *	  @3 interrupt: alloc_nolock s2
 *	free s2
 *
 * What the interrupt has run is not run again: then its slot would not be empty.
 */
static void an_interrupt_runs_what_comes_next_once(void **state)
{
	struct executor_event events[EXECUTOR_LOG];

	(void)state;
	assemble("cpu0: s1 = alloc()\n"
		 "    @3 interrupt\n"
		 "cpu0: s2 = alloc_nolock()\n"
		 "cpu0: free(s2)\n");
	run_clean();
	assert_int_equal(executor_last_ops(0, events), 3);
	assert_false(was_skipped(0, 1));
	assert_false(was_skipped(0, 2));
	assert_int_equal(result.schedule.nr, 1);
	assert_int_equal(result.schedule.entries[0].kind, WEAVE_INTERRUPT);
	assert_int_equal(result.schedule.entries[0].op, 0);
	assert_int_equal(result.schedule.entries[0].nth, 3);
}

/* An operation that may wait is none for an interrupt: it is run in its turn, and once. */
static void an_interrupt_runs_nothing_that_waits(void **state)
{
	struct executor_event events[EXECUTOR_LOG];

	(void)state;
	assemble("cpu0: s1 = alloc()\n"
		 "    @3 interrupt\n"
		 "cpu0: s2 = alloc()\n");
	run_clean();
	assert_int_equal(executor_last_ops(0, events), 2);
	assert_false(was_skipped(0, 1));
}

/* Interrupts at every point of a free: under the locks of the operation that they interrupt. */
static void interrupts_may_come_anywhere(void **state)
{
	unsigned int nth = 0;

	(void)state;
	do {
		assemble("machine pcp_high=1 pcp_batch=1\n"
			 "cpu0: s0 = alloc(order=1)\n"
			 "cpu0: s1 = alloc()\n"
			 "cpu0: free(s0)\n"
			 "    @0 interrupt\n"
			 "cpu0: free_nolock(s1)\n"
			 "cpu0: s2 = contig_range(pfn=0, nr=16)\n");
		program.switches[0].nth = nth++;
		run_clean();
	} while (result.schedule.nr);
	assert_in_range(nth, 5, 500);
}

static void random_program(unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	struct program_header header = program_random_header(&rng);

	header.nr_cpus = 2 + seed % 3;
	header.rest = seed % NR_PROGRAM_RESTS;
	header.seed = header.rest ? seed : 0;
	header.plain_points = seed % 5 == 4;
	header.memory = seed % 7 % 3;
	program_generate(&program, &generator_default, &header, 24, seed);
	program_generate_schedule(&program, seed % 7, seed);
}

/* Once in this order and once in the other: what ran before is of no consequence. */
static void a_thousand_programs_run_the_same_twice(void **state)
{
	enum {
		NR = 1000
	};
	static uint64_t fingerprints[NR], points[NR];
	unsigned int woven = 0;

	(void)state;
	for (unsigned int seed = 0; seed < NR; seed++) {
		random_program(seed);
		run();
		fingerprints[seed] = result.fingerprint;
		points[seed] = result.points;
		woven += result.preemptions > 0;
	}
	assert_true(woven > NR / 3);
	for (unsigned int seed = NR; seed--;) {
		random_program(seed);
		run();
		if (result.fingerprint != fingerprints[seed] || result.points != points[seed])
			fail_msg("program %u: %llu points, then %llu", seed,
				 (unsigned long long)points[seed],
				 (unsigned long long)result.points);
	}
}

enum {
	NR_ELSEWHERE = 1000
};

static uint64_t fingerprint_of_all(void)
{
	uint64_t sum = 0;

	for (unsigned int seed = 0; seed < NR_ELSEWHERE; seed++) {
		random_program(seed);
		run();
		sum = (sum ^ result.fingerprint) * 0x9e3779b97f4a7c15ull ^ result.points;
	}
	return sum;
}

static const char *own_path;

/* Another process has another layout of memory: addresses are of no consequence. */
static void a_thousand_programs_run_the_same_elsewhere(void **state)
{
	uint64_t here = fingerprint_of_all(), there = 0;
	int fds[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(fds[1], STDOUT_FILENO);
		execl(own_path, own_path, "elsewhere", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &there, sizeof(there)), sizeof(there));
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(here == there);
}

/* What a strategy chose, given as the schedule of the program, gives the same run. */
static void the_schedule_of_a_run_replays_it(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 150; seed++) {
		uint64_t fingerprint;

		if (seed % NR_PROGRAM_RESTS == PROGRAM_REST_SERIAL)
			continue;
		random_program(seed);
		run();
		fingerprint = result.fingerprint;
		assert_false(result.truncated);
		assert_true(result.schedule.nr <= PROGRAM_MAX_SWITCHES);
		program.nr_switches = result.schedule.nr;
		memcpy(program.switches, result.schedule.entries,
		       result.schedule.nr * sizeof(program.switches[0]));
		program.header.rest = PROGRAM_REST_SERIAL;
		program_normalize(&program);
		run();
		assert_true(result.fingerprint == fingerprint);
	}
}

/* The last of many runs is the same without those before it, but for what the strategy has learnt from them. */
static void all_runs_of_a_program_are_run(void **state)
{
	(void)state;
	for (unsigned int seed = 0; seed < 8; seed++) {
		struct weave_result last = { 0 };
		struct weave_schedule schedule;
		struct weave_config config;
		struct weave *weave;

		random_program(seed);
		program.header.runs = 2;
		program_normalize(&program);
		executor_run_weave_all(&mmfuzz_backend_memdesc, &program);
		weave_so_far(&last);

		executor_weave_config(&program, &schedule, &config);
		weave = weave_new(&config);
		for (unsigned int i = 0; i < program_runs(&program.header); i++)
			executor_run_weave(&mmfuzz_backend_memdesc, &program, weave, &result);
		assert_true(last.points && last.fingerprint == result.fingerprint);
		weave_free(weave);
	}
}

static struct program_hint hints[PROGRAM_MAX_HINTS], again[PROGRAM_MAX_HINTS];

/*
 * Two CPUs that look at the same frames have points in common; two that do not meet have none but those
 * in the counters of the zone. What is found depends on the program alone.
 */
static void hints_are_where_cpus_meet(void **state)
{
	bool of_first = false, of_second = false;
	unsigned int nr;

	(void)state;
	assemble("machine cpus=2\n"
		 "cpu0: s0 = alloc_ref()\n"
		 "cpu0: put(s0)\n"
		 "cpu1: walk(pfn=0, nr=64)\n");
	nr = program_find_hints(&mmfuzz_backend_memdesc, &program, hints);
	for (unsigned int i = 0; i < nr; i++) {
		assert_true(hints[i].op < 3);
		assert_true(hints[i].nth > 0);
		of_first |= hints[i].op < 2;
		of_second |= hints[i].op == 2;
	}
	assert_true(of_first && of_second);

	run_clean();
	assert_int_equal(program_find_hints(&mmfuzz_backend_memdesc, &program, again), nr);
	assert_memory_equal(hints, again, nr * sizeof(hints[0]));

	assemble("machine cpus=2\n"
		 "cpu0: s0 = alloc_ref()\n"
		 "cpu0: walk(pfn=0, nr=64)\n"
		 "cpu0: put(s0)\n");
	assert_int_equal(program_find_hints(&mmfuzz_backend_memdesc, &program, hints), 0);
}

/* The other process of a_thousand_programs_run_the_same_elsewhere(). */
static int run_elsewhere(void)
{
	uint64_t sum = fingerprint_of_all();

	return write(STDOUT_FILENO, &sum, sizeof(sum)) != sizeof(sum);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_schedule_each_cpu_runs_to_its_end),
		cmocka_unit_test(a_switch_at_the_beginning_lets_another_cpu_go_first),
		cmocka_unit_test(a_slot_in_hand_is_left_alone),
		cmocka_unit_test(an_interrupt_runs_what_comes_next_once),
		cmocka_unit_test(an_interrupt_runs_nothing_that_waits),
		cmocka_unit_test(interrupts_may_come_anywhere),
		cmocka_unit_test(a_thousand_programs_run_the_same_twice),
		cmocka_unit_test(a_thousand_programs_run_the_same_elsewhere),
		cmocka_unit_test(the_schedule_of_a_run_replays_it),
		cmocka_unit_test(all_runs_of_a_program_are_run),
		cmocka_unit_test(hints_are_where_cpus_meet),
	};

	own_path = argv[0];
	if (argc == 2 && !strcmp(argv[1], "elsewhere"))
		return run_elsewhere();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
