// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weak memory, by litmus tests: each is run under all schedules, and the outcomes seen are held against what is known
 * of it and against the axioms of the model. docs/memory-model.md shows the table; "test_litmus --table" prints it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "models/litmus.h"

/* Apart, so that no location is within the object that another one's pointer points at. */
static struct {
	u64 value;
} __aligned(1024) cells[LITMUS_LOCATIONS];

static u8 read_values[LITMUS_THREADS][LITMUS_STEPS];

/* ---- the machine runs it ---- */

static bool is_pointer(const struct litmus *test, unsigned int location)
{
	return test->pointer != test->target && location == test->pointer;
}

/* As it lies in memory. */
static u64 encoded(const struct litmus *test, unsigned int location, u64 value)
{
	return is_pointer(test, location) ? (u64)&cells[test->target].value | value : value;
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

/* Return: how many schedules there are. */
static unsigned int run_all(const struct litmus *test, enum weave_memory memory, struct litmus_set *set)
{
	struct weave *w = weave_new(
		&(struct weave_config){ .strategy = &litmus_strategy, .memory = memory, .races = WEAVE_RACES_ALL });
	struct weave_result result;
	unsigned int nr = 0;

	set->nr = 0;
	for (;;) {
		struct litmus_outcome outcome;

		for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
			cells[i].value = encoded(test, i, 0);
		if (!weave_run(w, litmus_threads(test), thread, (void *)test, &result))
			break;
		nr++;
		outcome = outcome_of(test);
		litmus_add(set, &outcome);
	}
	weave_free(w);
	return nr;
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
	};

	if (argc == 2 && !strcmp(argv[1], "--table")) {
		print_table();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
