// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random walk: at some points one of the runnable fibres goes on, each as likely as the others, the
 * running one among them. No guarantee: with a decision at every point, the odds that a fibre stays
 * where it is while another makes k steps are 2^-k, and no bug of some depth is ever found. So the
 * points between decisions are drawn from a geometric distribution, as a timer's tick falls on
 * code; with a gap of 1 it is the walk of the textbooks.
 *
 * Without a configured gap each run has its own, a power of two from 1 to 64: the best one depends
 * on how long the code's windows are (measured in docs/weave.md). Under a weak memory model up to
 * 512: what the memory does is drawn too, and needs fewer switches beside it.
 */
#include "strategy.h"

#define MAX_GAP_SHIFT	   6u
#define MAX_WEAK_GAP_SHIFT 9u

struct random_walk {
	u32 gap;
};

static bool random_begin(struct weave *weave)
{
	const unsigned int max_shift = weave->config.memory == WEAVE_SC ? MAX_GAP_SHIFT : MAX_WEAK_GAP_SHIFT;
	struct random_walk *walk = weave->state;

	walk->gap = weave->config.gap;
	if (!walk->gap)
		walk->gap = 1u << weave_below(&weave->rng, max_shift + 1);
	weave->ask_in = strategy_gap(&weave->rng, walk->gap);
	return true;
}

static unsigned int random_pick(struct weave *weave, const struct weave_point *point __maybe_unused)
{
	const struct random_walk *walk = weave->state;

	weave->ask_in = strategy_gap(&weave->rng, walk->gap);
	return strategy_any(&weave->rng, weave->runnable);
}

const struct weave_strategy weave_strategy_random = {
	.name = "random",
	.help = "random walk with geometric gaps between its decisions; no guarantee",
	.state_size = sizeof(struct random_walk),
	.begin = random_begin,
	.pick = random_pick,
	.choose = strategy_choose,
	.interrupts = strategy_interrupts,
};
