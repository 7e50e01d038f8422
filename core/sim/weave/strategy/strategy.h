/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What several strategies need. Keeps no state: all of it lives in weave->state.
 */
#ifndef WEAVE_STRATEGY_H
#define WEAVE_STRATEGY_H

#include "../internal.h"

/** strategy_any() - one of the fibres in @mask, each as likely as the others; @mask is not 0 */
unsigned int strategy_any(struct weave_rng *rng, u64 mask);

/** strategy_shuffle() - @order becomes 0 to @nr - 1 in a random order */
void strategy_shuffle(struct weave_rng *rng, u8 *order, unsigned int nr);

/** strategy_gap() - 1 or more, geometrically distributed with mean @mean; the same on every machine */
u32 strategy_gap(struct weave_rng *rng, u32 mean);

/** strategy_conflict() - the order of the two accesses can matter */
bool strategy_conflict(const struct weave_point *a, const struct weave_point *b);

/**
 * strategy_choose() - of weak memory's alternatives; the choose() of all strategies that sample
 *
 * Each run has, for each kind, one probability of leaving the default, drawn from seed and number
 * of the run: never, 1/16, 1/4 or 3/4. Most reorderings need one or two deviations among many
 * accesses and are drowned when there are more; some need that nearly all stores wait, and none
 * arrives. Runs that differ in kind find more than runs that are all average (swarm testing: Groce,
 * Zhang, Eide, Chen, Regehr, ISSTA 2012).
 */
unsigned int strategy_choose(struct weave *weave, const struct weave_point *point,
			     enum weave_choice kind, unsigned int nr);

/**
 * strategy_interrupts() - whether an interrupt comes in; the interrupts() of strategies that sample
 *
 * One probability a run here, too: never, 1/32, 1/16 or 1/8. What waits comes in once, so that it would hardly ever get
 * to the end of an operation if it were likely.
 */
bool strategy_interrupts(struct weave *weave);

#endif /* WEAVE_STRATEGY_H */
