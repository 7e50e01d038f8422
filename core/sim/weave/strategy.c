// SPDX-License-Identifier: GPL-2.0-only
/*
 * The strategies by name, and what several of them need.
 */
#include <string.h>

#include "strategy/strategy.h"

const struct weave_strategy *const weave_strategies[] = {
	/* clang-format off */
	&weave_strategy_random,
	&weave_strategy_pct,
	&weave_strategy_pos,
	&weave_strategy_bounded,
	&weave_strategy_round_robin,
	&weave_strategy_exhaustive,
	/* clang-format on */
};
const unsigned int weave_nr_strategies = ARRAY_SIZE(weave_strategies);

const struct weave_strategy *weave_strategy_find(const char *name)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		if (!strcmp(weave_strategies[i]->name, name))
			return weave_strategies[i];
	}
	return NULL;
}

const char *weave_strategy_name(const struct weave_strategy *strategy)
{
	return strategy ? strategy->name : "none";
}

unsigned int strategy_any(struct weave_rng *rng, u64 mask)
{
	unsigned int skip = weave_below(rng, (u64)__builtin_popcountll(mask));

	while (skip--)
		mask &= mask - 1;
	return (unsigned int)__builtin_ctzll(mask);
}

void strategy_shuffle(struct weave_rng *rng, u8 *order, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int j = weave_below(rng, i + 1);

		order[i] = order[j];
		order[j] = (u8)i;
	}
}

/*
 * -log2 of a number drawn from (0, 1], its mantissa taken for its own logarithm: so no libm, whose
 * last bit differs, decides what runs. The mean of that is 1.5 instead of 1 / ln 2, hence the 2 /
 * 3.
 */
u32 strategy_gap(struct weave_rng *rng, u32 mean)
{
	u64 draw = weave_random(rng) | 1;
	unsigned int zeros = (unsigned int)__builtin_clzll(draw);
	u64 mantissa = (draw << zeros << 1) >> 48;
	u64 bits = ((u64)(zeros + 1) << 16) - mantissa;

	return 1 + (u32)(((u64)(mean - 1) * bits * 2 / 3 + (1u << 15)) >> 16);
}

static bool is_rcu(const struct weave_point *point)
{
	return point->kind >= WEAVE_RCU_LOCK;
}

bool strategy_conflict(const struct weave_point *a, const struct weave_point *b)
{
	/* Read sections do not care for each other. */
	if (is_rcu(a) || is_rcu(b))
		return is_rcu(a) && is_rcu(b) &&
		       (a->kind == WEAVE_RCU_SYNC || b->kind == WEAVE_RCU_SYNC);
	if (!a->write && !b->write)
		return false;
	return a->addr < b->addr + b->size && b->addr < a->addr + a->size;
}

unsigned int strategy_choose(struct weave *weave, const struct weave_point *point __maybe_unused,
			     enum weave_choice kind, unsigned int nr)
{
	/* Of 16. */
	static const u8 deviations[] = { 0, 1, 4, 12 };
	struct weave_rng run = { weave->config.seed ^ ~weave->index ^ (u64)kind << 32 };

	if (weave_below(&weave->rng, 16) >= deviations[weave_below(&run, ARRAY_SIZE(deviations))])
		return 0;
	return 1 + weave_below(&weave->rng, nr - 1);
}

bool strategy_interrupts(struct weave *weave)
{
	/* Of 32. */
	static const u8 often[] = { 0, 1, 2, 4 };
	struct weave_rng run = { weave->config.seed ^ ~weave->index ^ (u64)WEAVE_INTERRUPT << 32 };

	return weave_below(&weave->rng, 32) < often[weave_below(&run, ARRAY_SIZE(often))];
}
