// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weak memory, by litmus tests: each is run under all schedules, and the outcomes seen are held against what is known
 * of it and against the axioms of the model. docs/memory-model.md shows the table; "test_litmus --table" prints it,
 * "test_litmus PATTERN" runs the tests of such names, "test_litmus --soak SEED N" N programs by chance.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/litmus.h"

/* How many programs by chance, and runs of each large one. */
#define SMALL 50
#define LARGE 100
#define RUNS  200

/* Apart, so that no location is within the object that another one's pointer points at. */
static struct {
	u64 value;
} __aligned(1024) cells[LITMUS_LOCATIONS];

static u8 read_values[LITMUS_THREADS][LITMUS_STEPS];

/* ---- the machine runs it ---- */

/* As it lies in memory. */
static u64 encoded(const struct litmus *test, unsigned int location, u64 value)
{
	return litmus_is_pointer(test, location) ? (u64)&cells[test->target].value | value : value;
}

static u64 step_read(const struct litmus_step *step, u64 *addr)
{
	return step->order == LITMUS_ACQUIRE ? smp_load_acquire(addr) : READ_ONCE(*addr);
}

static void step_write(const struct litmus_step *step, u64 *addr, u64 value)
{
	if (step->order == LITMUS_RELEASE)
		smp_store_release(addr, value);
	else
		WRITE_ONCE(*addr, value);
}

static u64 step_xchg(const struct litmus_step *step, u64 *addr, u64 value)
{
	switch (step->order) {
	case LITMUS_ACQUIRE:
		return xchg_acquire(addr, value);
	case LITMUS_RELEASE:
		return xchg_release(addr, value);
	case LITMUS_FULL:
		return xchg(addr, value);
	default:
		return xchg_relaxed(addr, value);
	}
}

static void step_fence(const struct litmus_step *step)
{
	switch (step->order) {
	case LITMUS_ACQUIRE:
		smp_rmb();
		break;
	case LITMUS_RELEASE:
		smp_wmb();
		break;
	case LITMUS_FULL:
		smp_mb();
		break;
	}
}

static void thread(unsigned int fibre, void *arg)
{
	/* On its own stack: only the steps themselves are accesses. */
	const struct litmus test = *(const struct litmus *)arg;
	u8 values[LITMUS_STEPS] = { 0 };
	u64 last = 0;

	for (unsigned int i = 0; i < LITMUS_STEPS && test.steps[fibre][i].op; i++) {
		const struct litmus_step *step = &test.steps[fibre][i];
		u64 *addr = &cells[step->location].value;

		if (step->op == LITMUS_READ && step->dep)
			addr = (u64 *)(last & ~15ul);
		switch (step->op) {
		case LITMUS_READ:
			last = step_read(step, addr);
			values[i] = last & 15;
			break;
		case LITMUS_WRITE:
			step_write(step, addr, encoded(&test, step->location, step->value));
			break;
		case LITMUS_XCHG:
			last = step_xchg(step, addr, encoded(&test, step->location, step->value));
			values[i] = last & 15;
			break;
		case LITMUS_FENCE:
			step_fence(step);
			break;
		}
	}
	memcpy(read_values[fibre], values, sizeof(values));
}

static struct litmus_outcome outcome_of(const struct litmus *test)
{
	struct litmus_outcome outcome = { 0 };

	for (unsigned int i = 0; i < litmus_threads(test); i++)
		for (unsigned int j = 0; j < LITMUS_STEPS; j++)
			litmus_note_read(&outcome, i, j, read_values[i][j]);
	for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
		litmus_note_final(&outcome, i, cells[i].value & 15);
	return outcome;
}

/* The next run of @w. */
static bool run_one(struct weave *w, const struct litmus *test, struct litmus_outcome *outcome)
{
	for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
		cells[i].value = encoded(test, i, 0);
	if (!weave_run(w, litmus_threads(test), thread, (void *)test, NULL))
		return false;
	*outcome = outcome_of(test);
	return true;
}

static void run_all(const struct litmus *test, enum weave_memory memory, struct litmus_set *set)
{
	struct weave *w = weave_new(
		&(struct weave_config){ .strategy = &litmus_strategy, .memory = memory, .races = WEAVE_RACES_ALL });
	struct litmus_outcome outcome;

	set->nr = 0;
	while (run_one(w, test, &outcome))
		litmus_add(set, &outcome);
	weave_free(w);
}

/* ---- the table ---- */

static struct litmus_set seen, axioms;

static const char *const memory_names[] = { "SC", "TSO", "LKMM" };

/* What is known of a test is what the axioms say. */
static void the_axioms_agree_with_the_literature(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < litmus_nr; i++)
		for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++) {
			const struct litmus *test = &litmus_table[i];

			litmus_axioms(test, memory, false, &axioms);
			if (litmus_seen(test, &axioms) == (test->verdict[memory] != LITMUS_FORBIDDEN))
				continue;
			print_message("%s under %s\n", test->name, memory_names[memory]);
			fail();
		}
}

static bool all_allowed(const struct litmus *test, enum weave_memory memory)
{
	for (unsigned int i = 0; i < seen.nr; i++)
		if (!litmus_has(&axioms, &seen.outcomes[i])) {
			print_message("forbidden by %s, and seen:\n", memory_names[memory]);
			litmus_print(test, &seen.outcomes[i]);
			return false;
		}
	return true;
}

static bool all_seen(const struct litmus *test, enum weave_memory memory)
{
	for (unsigned int i = 0; i < axioms.nr; i++)
		if (!litmus_has(&seen, &axioms.outcomes[i])) {
			print_message("allowed by %s, and never seen:\n", memory_names[memory]);
			litmus_print(test, &axioms.outcomes[i]);
			return false;
		}
	return true;
}

static void check_table(enum weave_memory memory)
{
	bool ok = true;

	for (unsigned int i = 0; i < litmus_nr; i++) {
		const struct litmus *test = &litmus_table[i];

		run_all(test, memory, &seen);
		litmus_axioms(test, memory, false, &axioms);
		ok &= all_allowed(test, memory);
		if (litmus_seen(test, &seen) != (test->verdict[memory] == LITMUS_ALLOWED)) {
			print_message("%s under %s is not as the table says\n", test->name, memory_names[memory]);
			ok = false;
		}
		/* Of the two simple models nothing is left out. */
		if (memory != WEAVE_LKMM)
			ok &= all_seen(test, memory);
	}
	assert_true(ok);
}

static void all_of_sc_and_no_more(void **state)
{
	(void)state;
	check_table(WEAVE_SC);
}

static void all_of_tso_and_no_more(void **state)
{
	(void)state;
	check_table(WEAVE_TSO);
}

static void lkmm_as_the_table_says(void **state)
{
	(void)state;
	check_table(WEAVE_LKMM);
}

/* One run of @test as the entries say; what they ask for is taken where it is to be had. */
static struct litmus_outcome run_as(const struct litmus *test, struct weave_entry *entries, unsigned int nr)
{
	const struct weave_schedule schedule = { entries, nr };
	struct weave *w = weave_new(&(struct weave_config){ .schedule = &schedule, .memory = WEAVE_LKMM });
	struct litmus_outcome outcome;

	assert_true(run_one(w, test, &outcome));
	weave_free(w);
	assert_true(litmus_allows(test, WEAVE_LKMM, &outcome));
	return outcome;
}

#define READ(location, dep)	   { LITMUS_READ, LITMUS_ONCE, location, 0, dep }
#define READ_ACQUIRE(location)	   { LITMUS_READ, LITMUS_ACQUIRE, location, 0, false }
#define WRITE(location, value, dep) { LITMUS_WRITE, LITMUS_ONCE, location, value, dep }
#define WMB			   { LITMUS_FENCE, LITMUS_RELEASE, 0, 0, false }

/*
 * P1's last read is behind the acquire, so behind P2's answer, its own write before that, and the first read, which has
 * seen y: x is there.
 *
 *   P0      P1           P2
 *   x = 1   read y       read z
 *   wmb     z = 1 (y)    w = 1 (z)
 *   y = 1   acquire w
 *           read x
 */
static void an_answer_orders_what_was_read_before_the_question(void **state)
{
	static const struct litmus test = {
		.steps = {
			{ WRITE(x, 1, false), WMB, WRITE(y, 1, false) },
			{ READ(y, false), WRITE(z, 1, true), READ_ACQUIRE(w), READ(x, false) },
			{ READ(z, false), WRITE(w, 1, true) },
		},
	};
	/* In order, but P2 before the acquire. Without its answer the old value of x may be read. */
	struct weave_entry entries[] = {
		{ .op = 1, .nth = 3, .kind = WEAVE_SWITCH, .value = 2 },
		{ .op = 1, .nth = 4, .kind = WEAVE_STALE, .value = 1 },
	};
	struct litmus_outcome outcome = run_as(&test, entries, 2);
	struct litmus unasked = test;

	(void)state;
	assert_int_equal(litmus_read_value(&outcome, 1, 0), 1);
	assert_int_equal(litmus_read_value(&outcome, 1, 2), 1);
	assert_int_equal(litmus_read_value(&outcome, 1, 3), 1);

	unasked.steps[1][1] = (struct litmus_step){ LITMUS_READ, LITMUS_ONCE, z, 0, false };
	outcome = run_as(&unasked, entries, 2);
	assert_int_equal(litmus_read_value(&outcome, 1, 3), 0);
}

/*
 * P2's last read cannot be older than its third one: by what the second exchange of messages says, it would come first of
 * all, and so before the write that P3 answers.
 *
 *   P0      P1      P2           P3
 *   x = 1   y = 1   read w       read z
 *   wmb     wmb     z = 1 (w)    v = 1 (z)
 *   y = 2   w = 1   read y
 *                   acquire v
 *                   read x
 */
static void old_reads_do_not_lead_back_in_time(void **state)
{
	static const struct litmus test = {
		.steps = {
			{ WRITE(x, 1, false), WMB, WRITE(y, 2, false) },
			{ WRITE(y, 1, false), WMB, WRITE(w, 1, false) },
			{ READ(w, false), WRITE(z, 1, true), READ(y, false), READ_ACQUIRE(v), READ(x, false) },
			{ READ(z, false), WRITE(v, 1, true) },
		},
	};
	/* In order, but P3 before the acquire, and the older values of y and x if they are to be had. */
	struct weave_entry entries[] = {
		{ .op = 2, .nth = 3, .kind = WEAVE_STALE, .value = 1 },
		{ .op = 2, .nth = 4, .kind = WEAVE_SWITCH, .value = 3 },
		{ .op = 2, .nth = 5, .kind = WEAVE_STALE, .value = 1 },
	};
	const struct litmus_outcome outcome = run_as(&test, entries, 3);

	(void)state;
	assert_int_equal(litmus_read_value(&outcome, 2, 0), 1);
	/* This old value was to be had, the other one was not. */
	assert_int_equal(litmus_read_value(&outcome, 2, 2), 2);
	assert_int_equal(litmus_read_value(&outcome, 2, 3), 1);
	assert_int_equal(litmus_read_value(&outcome, 2, 4), 1);
}

/* ---- programs by chance ---- */

/* Small ones under all schedules: nothing is missing of SC and TSO, and of the Linux model nothing but what is documented. */
static void small_programs_show_what_they_may(void **state)
{
	unsigned int nr_seen = 0, nr_allowed = 0, nr_no_lb = 0;

	(void)state;
	for (unsigned int i = 0; i < SMALL; i++) {
		const struct litmus test = litmus_by_chance(3, 3, i);

		for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++) {
			run_all(&test, memory, &seen);
			litmus_axioms(&test, memory, false, &axioms);
			assert_true(all_allowed(&test, memory));
			if (memory != WEAVE_LKMM)
				assert_true(all_seen(&test, memory));
		}
		nr_seen += seen.nr;
		nr_allowed += axioms.nr;
		litmus_axioms(&test, WEAVE_LKMM, true, &axioms);
		nr_no_lb += axioms.nr;
	}
	print_message("LKMM allows %u outcomes, %u without load buffering; %u seen\n", nr_allowed, nr_no_lb, nr_seen);
}

static void check_random(const struct litmus *test, enum weave_memory memory, unsigned int runs, u64 seed)
{
	struct weave *w = weave_new(&(struct weave_config){
		.strategy = &litmus_random, .seed = seed, .memory = memory, .races = WEAVE_RACES_ALL });
	struct litmus_outcome outcome;

	seen.nr = 0;
	for (unsigned int i = 0; i < runs && run_one(w, test, &outcome); i++) {
		if (litmus_has(&seen, &outcome))
			continue;
		litmus_add(&seen, &outcome);
		if (litmus_allows(test, memory, &outcome))
			continue;
		print_message("program %llu, forbidden by %s, and seen:\n", (unsigned long long)seed,
			      memory_names[memory]);
		litmus_print(test, &outcome);
		fail();
	}
	weave_free(w);
}

/* Larger ones, by chance: never what the model forbids. */
static void large_programs_show_nothing_else(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LARGE; i++) {
		const struct litmus test = litmus_by_chance(4, 5, i);

		check_random(&test, WEAVE_TSO, RUNS, i);
		check_random(&test, WEAVE_LKMM, RUNS, i);
	}
}

static void print_table(void)
{
	static const char *const words[] = { "forbidden", "allowed", "allowed, not shown" };

	printf("| test | SC | TSO | LKMM |\n|---|---|---|---|\n");
	for (unsigned int i = 0; i < litmus_nr; i++) {
		const struct litmus *test = &litmus_table[i];

		printf("| %s | %s | %s | %s |\n", test->name, words[test->verdict[WEAVE_SC]],
		       words[test->verdict[WEAVE_TSO]], words[test->verdict[WEAVE_LKMM]]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_axioms_agree_with_the_literature),
		cmocka_unit_test(all_of_sc_and_no_more),
		cmocka_unit_test(all_of_tso_and_no_more),
		cmocka_unit_test(lkmm_as_the_table_says),
		cmocka_unit_test(an_answer_orders_what_was_read_before_the_question),
		cmocka_unit_test(old_reads_do_not_lead_back_in_time),
		cmocka_unit_test(small_programs_show_what_they_may),
		cmocka_unit_test(large_programs_show_nothing_else),
	};

	if (argc == 2 && !strcmp(argv[1], "--table")) {
		print_table();
		return 0;
	}
	if (argc == 4 && !strcmp(argv[1], "--soak")) {
		u64 first = strtoull(argv[2], NULL, 0), nr = strtoull(argv[3], NULL, 0);

		for (u64 i = first; i < first + nr; i++) {
			const struct litmus test = litmus_by_chance(4, 5, i);

			check_random(&test, WEAVE_LKMM, 20 * RUNS, i);
		}
		return 0;
	}
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
