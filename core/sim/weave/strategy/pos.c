// SPDX-License-Identifier: GPL-2.0-only
/*
 * POS, partial order sampling: Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV
 * 2018. Each pending access has a random priority; the highest that can be made is made; then the
 * access that its fibre makes next is given a new one, and so is each pending access that conflicts
 * with the one just made. So how often accesses that concern nobody else stand between two that
 * conflict does not change the odds of their order: every partial order is drawn with a probability
 * whose lower bound is better than random walk's by an exponential factor (section 4 of the paper).
 *
 * It departs from the paper in nothing but weak memory's choices, see strategy_choose(). It must
 * see every point.
 */
#include "strategy.h"

struct pos {
	u64 priority[WEAVE_MAX_FIBRES];
	struct weave_point made;
	unsigned int last;
	bool started;
};

static bool pos_begin(struct weave *weave)
{
	struct pos *pos = weave->state;

	for (unsigned int i = 0; i < weave->nr; i++)
		pos->priority[i] = weave_random(&weave->rng);
	pos->started = false;
	weave->ask_in = 1;
	return true;
}

/* The access that was let go has been made: its fibre has a new one, and others may see it. */
static void redraw(struct weave *weave, struct pos *pos)
{
	for (unsigned int i = 0; i < weave->nr; i++) {
		if (i == pos->last || strategy_conflict(&pos->made, &weave->fibres[i].point))
			pos->priority[i] = weave_random(&weave->rng);
	}
}

static unsigned int pos_pick(struct weave *weave, const struct weave_point *point __maybe_unused)
{
	struct pos *pos = weave->state;
	unsigned int best = (unsigned int)__ffs(weave->runnable);
	u64 left;

	if (pos->started)
		redraw(weave, pos);
	for (left = weave->runnable; left; left &= left - 1) {
		unsigned int i = (unsigned int)__ffs(left);

		if (pos->priority[i] > pos->priority[best])
			best = i;
	}
	pos->started = true;
	pos->last = best;
	pos->made = weave->fibres[best].point;
	weave->ask_in = 1;
	return best;
}

const struct weave_strategy weave_strategy_pos = {
	.name = "pos",
	.help = "partial order sampling: random priorities of accesses, anew for conflicts",
	.state_size = sizeof(struct pos),
	.begin = pos_begin,
	.pick = pos_pick,
	.choose = strategy_choose,
	.interrupts = strategy_interrupts,
};
