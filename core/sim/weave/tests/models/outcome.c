// SPDX-License-Identifier: GPL-2.0-only
/* Outcomes of litmus tests, sets of them, and how they are printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "litmus.h"

unsigned int litmus_threads(const struct litmus *test)
{
	unsigned int nr = 0;

	while (nr < LITMUS_THREADS && test->steps[nr][0].op)
		nr++;
	return nr;
}

unsigned int litmus_steps(const struct litmus_step *steps)
{
	unsigned int nr = 0;

	while (nr < LITMUS_STEPS && steps[nr].op)
		nr++;
	return nr;
}

bool litmus_is_pointer(const struct litmus *test, unsigned int location)
{
	return test->pointer != test->target && location == test->pointer;
}

void litmus_note_read(struct litmus_outcome *outcome, unsigned int thread, unsigned int step, unsigned int value)
{
	unsigned int at = thread * LITMUS_STEPS + step;

	outcome->reads[at / 16] |= (u64)value << at % 16 * 4;
}

unsigned int litmus_read_value(const struct litmus_outcome *outcome, unsigned int thread, unsigned int step)
{
	unsigned int at = thread * LITMUS_STEPS + step;

	return outcome->reads[at / 16] >> at % 16 * 4 & 15;
}

void litmus_note_final(struct litmus_outcome *outcome, unsigned int location, unsigned int value)
{
	outcome->final |= value << location * 4;
}

static bool is_read(const struct litmus_step *step)
{
	return step->op == LITMUS_READ || step->op == LITMUS_XCHG;
}

bool litmus_matches(const struct litmus *test, const struct litmus_outcome *outcome)
{
	for (unsigned int i = 0; i < LITMUS_THREADS; i++) {
		unsigned int nth = 0;

		for (unsigned int j = 0; j < LITMUS_STEPS; j++)
			if (is_read(&test->steps[i][j]) && litmus_read_value(outcome, i, j) != test->reads[i][nth++])
				return false;
	}
	for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
		if (test->final[i] && (outcome->final >> i * 4 & 15) != test->final[i])
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct litmus_outcome *p = a, *q = b;

	for (unsigned int i = 0; i < 2; i++)
		if (p->reads[i] != q->reads[i])
			return p->reads[i] < q->reads[i] ? -1 : 1;
	return p->final == q->final ? 0 : p->final < q->final ? -1 : 1;
}

bool litmus_has(const struct litmus_set *set, const struct litmus_outcome *outcome)
{
	return bsearch(outcome, set->outcomes, set->nr, sizeof(*outcome), compare);
}

void litmus_add(struct litmus_set *set, const struct litmus_outcome *outcome)
{
	unsigned int at = set->nr;

	if (litmus_has(set, outcome))
		return;
	if (set->nr == LITMUS_OUTCOMES)
		abort();
	while (at && compare(&set->outcomes[at - 1], outcome) > 0) {
		set->outcomes[at] = set->outcomes[at - 1];
		at--;
	}
	set->outcomes[at] = *outcome;
	set->nr++;
}

bool litmus_seen(const struct litmus *test, const struct litmus_set *set)
{
	for (unsigned int i = 0; i < set->nr; i++)
		if (litmus_matches(test, &set->outcomes[i]))
			return true;
	return false;
}

static void print_step(const struct litmus_step *step)
{
	static const char *const orders[] = { "", "_acquire", "_release", "_mb" };
	static const char *const fences[] = { "", "rmb", "wmb", "mb" };

	switch (step->op) {
	case LITMUS_READ:
		printf("R%s(%c%s)", orders[step->order], "xyzwv"[step->location], step->dep ? ", addr" : "");
		break;
	case LITMUS_WRITE:
		printf("W%s(%c, %u%s)", orders[step->order], "xyzwv"[step->location], step->value,
		       step->dep ? ", data" : "");
		break;
	case LITMUS_XCHG:
		printf("XCHG%s(%c, %u)", orders[step->order], "xyzwv"[step->location], step->value);
		break;
	case LITMUS_FENCE:
		printf("%s", fences[step->order]);
		break;
	}
}

void litmus_print(const struct litmus *test, const struct litmus_outcome *outcome)
{
	printf("%s\n", test->name ? test->name : "(random)");
	for (unsigned int i = 0; i < litmus_threads(test); i++) {
		printf("  P%u:", i);
		for (unsigned int j = 0; j < litmus_steps(test->steps[i]); j++) {
			printf(" ");
			print_step(&test->steps[i][j]);
			if (is_read(&test->steps[i][j]))
				printf("=%u", litmus_read_value(outcome, i, j));
			printf(";");
		}
		printf("\n");
	}
	printf("  finally");
	for (unsigned int i = 0; i < LITMUS_LOCATIONS; i++)
		printf(" %c=%u", "xyzwv"[i], outcome->final >> i * 4 & 15);
	printf("\n");
}
