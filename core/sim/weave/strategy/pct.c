// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
 * guarantees of finding bugs", ASPLOS 2010. Each fibre has a random priority and the highest that
 * can go on does; at d - 1 points, drawn from all points of the run, the running fibre's priority
 * sinks below all others. A bug of depth d (that many orders between two points are enough for it)
 * is found by a run of n fibres and k points with a probability of at least 1 / (n * k^(d - 1)).
 *
 * Where it departs from the paper:
 * - k is the number of points of the run before. The first run, for want of a k, has no change of
 *   priorities: it is one of the n! orders of whole fibres;
 * - d is config.bound, if that is set. Else each run has its own: 3, or with as many chances 5, 9
 *   and so on up to one change for each 16 points. A change too many seldom hides a bug, and in a
 *   run of thousands of points two changes seldom hit anything (measured in docs/weave.md). Under a
 *   weak memory model also none and one: there a fibre that runs behind another may read what was
 *   there before, and a change that is not needed makes what was held back seen;
 * - which of the lowest priorities a change gives is drawn, as in the paper; but of two fibres the
 *   one that sinks later sinks lower, since nothing else would have any effect: (d - 1)! times
 *   better odds;
 * - a fibre that yields sinks as well, below all that have sunk before it: it waits for somebody
 *   else, whom its priority may be starving. The guarantee does not speak of programs that spin;
 * - weak memory's choices are drawn as strategy_choose() says, and not counted in d.
 *
 * Between changes nothing is asked but while a fibre that cannot go on has a higher priority than
 * the running one: it must run as soon as it can.
 */
#include "strategy.h"

#define PCT_MAX_CHANGES 64u
/* Points for each change of priority, at least, where nobody has said how many there are to be. */
#define PCT_POINTS	16u
/* A change that has happened. */
#define PCT_DONE	(~0ull)

/* The highest priority runs. Changes of priority give the numbers of the changes, yields what is below. */
struct pct {
	s64 priority[WEAVE_MAX_FIBRES];
	s64 lowest;
	u64 change[PCT_MAX_CHANGES];
	unsigned int nr_changes;
};

static void latest_first(struct pct *pct)
{
	for (unsigned int i = 1; i < pct->nr_changes; i++) {
		for (unsigned int j = i; j && pct->change[j - 1] < pct->change[j]; j--)
			swap(pct->change[j - 1], pct->change[j]);
	}
}

static unsigned int how_many_changes(struct weave *weave)
{
	unsigned int shift = 1;

	if (weave->run_points < 2)
		return 0;
	if (weave->config.bound)
		return min(weave->config.bound - 1, PCT_MAX_CHANGES);
	while (2u << shift <= PCT_MAX_CHANGES && (u64)PCT_POINTS * 2 << shift <= weave->run_points)
		shift++;
	if (weave->config.memory != WEAVE_SC)
		return 1u << weave_below(&weave->rng, shift + 2) >> 1;
	return 1u << (1 + weave_below(&weave->rng, shift));
}

static bool pct_begin(struct weave *weave)
{
	struct pct *pct = weave->state;
	u8 order[WEAVE_MAX_FIBRES];
	unsigned int i;

	strategy_shuffle(&weave->rng, order, weave->nr);
	for (i = 0; i < weave->nr; i++)
		pct->priority[i] = PCT_MAX_CHANGES + order[i];
	pct->lowest = 0;
	pct->nr_changes = how_many_changes(weave);
	for (i = 0; i < pct->nr_changes; i++)
		/* Point 1 is the beginning, where the priorities are fresh. */
		pct->change[i] = 2 + weave_below(&weave->rng, weave->run_points - 1);
	if (weave->nr == 2)
		latest_first(pct);
	weave->ask_in = 1;
	return true;
}

/* A change that is due or overdue happens to the fibre that has got as far. */
static void change_priority(struct weave *weave)
{
	struct pct *pct = weave->state;

	for (unsigned int i = 0; i < pct->nr_changes; i++) {
		if (pct->change[i] > weave->points)
			continue;
		pct->change[i] = PCT_DONE;
		pct->priority[weave->current] = i;
	}
	if (weave->fibres[weave->current].yielded)
		pct->priority[weave->current] = --pct->lowest;
}

static unsigned int highest(const struct weave *weave, const struct pct *pct)
{
	unsigned int best = (unsigned int)__ffs(weave->runnable);
	u64 left;

	for (left = weave->runnable; left; left &= left - 1) {
		unsigned int i = (unsigned int)__ffs(left);

		if (pct->priority[i] > pct->priority[best])
			best = i;
	}
	return best;
}

static bool higher_waits(const struct weave *weave, const struct pct *pct, unsigned int best)
{
	for (unsigned int i = 0; i < weave->nr; i++) {
		if (pct->priority[i] > pct->priority[best] && !weave->fibres[i].ended)
			return true;
	}
	return false;
}

static u32 next_change(const struct weave *weave, const struct pct *pct)
{
	u64 next = WEAVE_NEVER;

	for (unsigned int i = 0; i < pct->nr_changes; i++) {
		if (pct->change[i] != PCT_DONE)
			next = min(next, pct->change[i] - weave->points);
	}
	return (u32)next;
}

static unsigned int pct_pick(struct weave *weave, const struct weave_point *point __maybe_unused)
{
	struct pct *pct = weave->state;
	unsigned int best;

	change_priority(weave);
	best = highest(weave, pct);
	weave->ask_in = higher_waits(weave, pct, best) ? 1 : next_change(weave, pct);
	return best;
}

const struct weave_strategy weave_strategy_pct = {
	.name = "pct",
	.help = "random priorities, changed at d - 1 points: 1 / (n * k^(d - 1)) for depth d",
	.state_size = sizeof(struct pct),
	.begin = pct_begin,
	.pick = pct_pick,
	.choose = strategy_choose,
	.interrupts = strategy_interrupts,
};
