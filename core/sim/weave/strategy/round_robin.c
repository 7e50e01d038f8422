// SPDX-License-Identifier: GPL-2.0-only
/*
 * Round robin: each fibre runs a fixed number of points in turn, as under a timer. No guarantee; a
 * baseline to compare others with. The slice is drawn anew for each run, up to the length of the
 * run before, every magnitude as likely as the others; so is the first slice, up to the whole one,
 * and the fibre that begins. It is the fairest of the strategies: in a run with a short slice
 * nobody ever waits long.
 */
#include "strategy.h"

struct round_robin {
	u32 slice;
	bool started;
};

static bool round_robin_begin(struct weave *weave)
{
	struct round_robin *robin = weave->state;
	unsigned int magnitudes = 64 - (unsigned int)__builtin_clzll(weave->run_points | 1);
	unsigned int magnitude = weave_below(&weave->rng, magnitudes);

	robin->slice = 1 + weave_below(&weave->rng, 2ul << magnitude);
	robin->started = false;
	weave->ask_in = 1;
	return true;
}

static unsigned int round_robin_pick(struct weave *weave,
				     const struct weave_point *point __maybe_unused)
{
	struct round_robin *robin = weave->state;

	if (!robin->started) {
		robin->started = true;
		weave->ask_in = 1 + weave_below(&weave->rng, robin->slice);
		return strategy_any(&weave->rng, weave->runnable);
	}
	weave->ask_in = robin->slice;
	return weave_next_runnable(weave);
}

const struct weave_strategy weave_strategy_round_robin = {
	.name = "round-robin",
	.help = "each fibre some points in turn, how many varies with the run; a baseline",
	.state_size = sizeof(struct round_robin),
	.begin = round_robin_begin,
	.pick = round_robin_pick,
	.choose = strategy_choose,
	.interrupts = strategy_interrupts,
};
