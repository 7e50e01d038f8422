// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preemption bounding: Musuvathi, Qadeer, "Iterative context bounding for systematic testing of
 * multithreaded programs", PLDI 2007. Most bugs need few preemptions, and with c of them a program
 * of n fibres and k points has a number of schedules that grows with k^c only, not with n^k.
 *
 * A schedule here is an order of the fibres, in which the first that can go on does, and up to
 * config.bound preemptions (by default 2): at a point, the running fibre moves some places back in
 * the order. Every schedule of fibres that do not wait for each other is one of these.
 *
 * Where it departs from the paper, which enumerates all schedules with no preemption, then all with
 * one and so on: a program of some length is never done with two. So
 * - schedules with c preemptions are numbered, and tried in a pseudo-random order without
 *   repetition, a few of each c at first, then half of all with the full bound;
 * - most preemptions are at points that touch words which several fibres touch, as learned from all
 *   points of the first runs and of one in LEARN_EACH later, or all of a small program (a
 *   preemption elsewhere has the same effect as one before the next such point, if the words are
 *   all known); 1 in 8 anywhere;
 * - when there are many more of these points, or all are done, numbering begins anew.
 *
 * Nothing is left to try, and begin() says so, when all schedules over all points that any run went
 * through are done, as happens with programs of a few dozen points. Orders of those who wait are
 * not part of that promise: it takes the exhaustive strategy to make it. Under weak memory there is
 * no end, for its values are drawn, as strategy_choose() says.
 */
#include <string.h>

#include "learn.h"
#include "strategy.h"

#define BOUNDED_DEFAULT 2u
#define BOUNDED_MAX	8u
/*
 * So many runs at first, and one in so many later, are learned from; all of a program with so few
 * points.
 */
#define LEARN_FIRST	8u
#define LEARN_EACH	16u
#define LEARN_ALL	256u
/* So many runs of each number of preemptions before they are mixed. */
#define FIRST_RUNS	32u
/* So many schedules with all preemptions will be done before long. */
#define SOON		4096u
/* More schedules than this are not numbered but drawn: nobody will see the end. */
#define TOO_MANY	(1ull << 32)

enum pool {
	POOL_SHARED,
	POOL_ALL,
	NR_POOLS,
};

/* The point before which its fibre is moved @back places. */
struct preemption {
	struct learn_spot spot;
	unsigned int back;
};

/**
 * struct bounded - zero at first
 * @size: of each pool, in points
 * @next: number of the next schedule to try, by pool and preemptions
 * @runs: by preemptions
 * @pass: how often all of them have been tried
 * @order: of the fibres in this run
 * @todo: preemptions that have not happened yet
 */
struct bounded {
	unsigned int bound;
	unsigned int nr;
	u32 size[NR_POOLS];
	u64 next[NR_POOLS][BOUNDED_MAX + 1];
	u64 runs[BOUNDED_MAX + 1];
	u64 turn;
	u32 pass;
	bool learning;
	bool started;
	u8 order[WEAVE_MAX_FIBRES];
	struct preemption todo[BOUNDED_MAX];
	unsigned int nr_todo;
	struct learn learn;
};

/* ---- numbers of schedules ---- */

/* How many sets of @size there are of the first @nr numbers; TOO_MANY or more is TOO_MANY. */
static u64 count_sets(u64 nr, unsigned int size)
{
	u64 sets = 1;

	if (nr < size)
		return 0;
	for (unsigned int i = 1; i <= size; i++) {
		sets = sets * (nr - size + i) / i;
		if (sets >= TOO_MANY)
			return TOO_MANY;
	}
	return sets;
}

/* Sets of points. Those of shared ones have the lowest numbers, so those with any other are the rest. */
static u64 first_set(const struct bounded *bounded, enum pool pool, unsigned int size)
{
	return pool == POOL_ALL ? count_sets(bounded->size[POOL_SHARED], size) : 0;
}

/* How many schedules there are with @preemptions: orders, times sets of points, times places for each. */
static u64 count(const struct bounded *bounded, enum pool pool, unsigned int preemptions)
{
	u64 total = count_sets(bounded->size[pool], preemptions);
	bool over = total == TOO_MANY;

	if (pool == POOL_ALL && bounded->size[POOL_SHARED] == bounded->size[POOL_ALL])
		return 0;
	total -= first_set(bounded, pool, preemptions);
	for (unsigned int i = 2; i <= bounded->nr; i++)
		over |= __builtin_mul_overflow(total, i, &total);
	for (unsigned int i = 0; i < preemptions; i++)
		over |= __builtin_mul_overflow(total, bounded->nr - 1, &total);
	return over ? TOO_MANY : min(total, TOO_MANY);
}

/*
 * The @number-th of 0 to @total - 1 in an order that @key names: four rounds of a Feistel network
 * over as many bits as are needed, again until the result is below @total.
 */
static u64 permute(u64 number, u64 total, u64 key)
{
	unsigned int half = (64 - (unsigned int)__builtin_clzll(total) + 1) / 2;
	u64 mask = (1ull << half) - 1;

	do {
		u64 left = number >> half;
		u64 right = number & mask;

		for (unsigned int round = 0; round < 4; round++) {
			struct weave_rng rng = { key ^ right ^ (u64)round << 60 };
			u64 mixed = left ^ (weave_random(&rng) & mask);

			left = right;
			right = mixed;
		}
		number = left << half | right;
	} while (number >= total);
	return number;
}

/* The next digit of a schedule's number, below @base. */
static u32 digit(u64 *number, u32 base)
{
	u32 value = (u32)(*number % base);

	*number /= base;
	return value;
}

/* The largest of a set of @size with this number, below @limit; @number becomes that of the others. */
static u32 largest(u64 *number, unsigned int size, u32 limit)
{
	u32 lo = size - 1;

	while (limit - lo > 1) {
		u32 mid = lo + (limit - lo) / 2;

		if (count_sets(mid, size) <= *number)
			lo = mid;
		else
			limit = mid;
	}
	*number -= count_sets(lo, size);
	return lo;
}

/* The schedule with that number. */
static void decode(struct bounded *bounded, enum pool pool, unsigned int preemptions, u64 number)
{
	u32 limit = bounded->size[pool];
	unsigned int i;

	for (i = 0; i < bounded->nr; i++) {
		unsigned int j = digit(&number, i + 1);

		bounded->order[i] = bounded->order[j];
		bounded->order[j] = (u8)i;
	}
	for (i = 0; i < preemptions; i++)
		bounded->todo[i].back = 1 + digit(&number, bounded->nr - 1);
	number += first_set(bounded, pool, preemptions);
	for (i = preemptions; i-- > 0;) {
		limit = largest(&number, i + 1, limit);
		bounded->todo[i].spot = bounded->learn.spots[limit];
	}
}

/* Some schedule; of its preemptions two may be the same. */
static void draw(struct weave *weave, enum pool pool, unsigned int preemptions)
{
	struct bounded *bounded = weave->state;

	strategy_shuffle(&weave->rng, bounded->order, bounded->nr);
	for (unsigned int i = 0; i < preemptions; i++) {
		u32 spot = weave_below(&weave->rng, bounded->size[pool]);

		bounded->todo[i].spot = bounded->learn.spots[spot];
		bounded->todo[i].back = 1 + weave_below(&weave->rng, bounded->nr - 1);
	}
}

/* Takes the next schedule of a kind; false when there is none. */
static bool take(struct weave *weave, enum pool pool, unsigned int preemptions)
{
	struct bounded *bounded = weave->state;
	u64 total = count(bounded, pool, preemptions);
	u64 *next = &bounded->next[pool][preemptions];
	struct weave_rng rng = { weave->config.seed ^ (u64)bounded->pass << 56 ^ total << 24 ^
				 (u64)pool << 16 ^ preemptions };

	if (*next >= total)
		return false;
	if (total < TOO_MANY)
		decode(bounded, pool, preemptions, permute((*next)++, total, weave_random(&rng)));
	else
		draw(weave, pool, preemptions);
	bounded->nr_todo = preemptions;
	bounded->runs[preemptions]++;
	return true;
}

/* ---- which to try ---- */

static bool take_any(struct weave *weave, enum pool pool, unsigned int first)
{
	const struct bounded *bounded = weave->state;

	for (unsigned int i = 0; i <= bounded->bound; i++) {
		if (take(weave, pool, (first + i) % (bounded->bound + 1)))
			return true;
	}
	return false;
}

static bool take_one(struct weave *weave)
{
	struct bounded *bounded = weave->state;
	enum pool pool = bounded->turn % 8 == 7 ? POOL_ALL : POOL_SHARED;
	unsigned int half = (unsigned int)(bounded->turn / 2 % max(bounded->bound, 1));

	for (unsigned int i = 0; i <= bounded->bound; i++) {
		if (bounded->runs[i] < FIRST_RUNS && take(weave, POOL_SHARED, i))
			return true;
	}
	bounded->turn++;
	return take_any(weave, pool, bounded->turn & 1 ? bounded->bound : half) ||
	       take_any(weave, pool == POOL_ALL ? POOL_SHARED : POOL_ALL, bounded->bound);
}

static void number_anew(struct bounded *bounded)
{
	/* With as many shared ones as before, those are the same, in the same places. */
	bool shared = bounded->size[POOL_SHARED] != bounded->learn.nr_shared;

	bounded->size[POOL_SHARED] = bounded->learn.nr_shared;
	bounded->size[POOL_ALL] = bounded->learn.nr;
	for (unsigned int i = 1; i <= bounded->bound; i++) {
		bounded->next[POOL_ALL][i] = 0;
		if (shared)
			bounded->next[POOL_SHARED][i] = 0;
	}
}

/* All that was numbered has been tried. False: and that is all there is. */
static bool begin_again(struct weave *weave)
{
	struct bounded *bounded = weave->state;

	/* Some may have been learned since. */
	if (bounded->size[POOL_SHARED] != bounded->learn.nr_shared ||
	    bounded->size[POOL_ALL] != bounded->learn.nr) {
		number_anew(bounded);
		if (take_one(weave))
			return true;
	}
	/* Not all points are kept, or the values of memory are drawn: there is more to be seen. */
	if (!bounded->learn.thinned && weave->config.memory == WEAVE_SC)
		return false;
	memset(bounded->next, 0, sizeof(bounded->next));
	bounded->pass++;
	return take_one(weave);
}

static bool bounded_begin(struct weave *weave)
{
	struct bounded *bounded = weave->state;

	bounded->bound = min(weave->config.bound ?: BOUNDED_DEFAULT, BOUNDED_MAX);
	if (bounded->nr != weave->nr) {
		bounded->nr = weave->nr;
		memset(bounded->next, 0, sizeof(bounded->next));
	}
	bounded->started = false;
	weave->ask_in = 1;
	if (!take_one(weave) && !begin_again(weave))
		return false;
	bounded->learning = weave->index < LEARN_FIRST || weave->index % LEARN_EACH == 0 ||
			    bounded->learn.nr <= LEARN_ALL;
	if (bounded->learning)
		learn_begin(&bounded->learn, weave->config.memory != WEAVE_SC);
	return true;
}

static void bounded_end(struct weave *weave, bool found __maybe_unused)
{
	struct bounded *bounded = weave->state;

	if (!bounded->learning || !learn_end(&bounded->learn))
		return;
	/* A few more can wait until those known are done, if that will be soon. */
	if (bounded->learn.nr_shared > bounded->size[POOL_SHARED] * 9 / 8 ||
	    count(bounded, POOL_SHARED, bounded->bound) > SOON)
		number_anew(bounded);
}

/* ---- one run ---- */

static void move_back(struct bounded *bounded, unsigned int fibre, unsigned int places)
{
	unsigned int at = 0;

	while (bounded->order[at] != fibre)
		at++;
	for (; places && at + 1 < bounded->nr; places--, at++)
		swap(bounded->order[at], bounded->order[at + 1]);
}

/* Moves it where a preemption at the point says. True: there was one. */
static bool preempt(struct bounded *bounded, unsigned int fibre, const struct weave_point *point)
{
	for (unsigned int i = 0; i < bounded->nr_todo; i++) {
		const struct preemption todo = bounded->todo[i];

		if (todo.spot.op != point->op || todo.spot.nth != point->nth)
			continue;
		move_back(bounded, fibre, todo.back);
		bounded->todo[i] = bounded->todo[--bounded->nr_todo];
		return true;
	}
	return false;
}

/* Each point is looked at only while it may be one of those that remain. */
static u32 ask_in(const struct bounded *bounded, unsigned int fibre)
{
	if (bounded->learning)
		return 1;
	for (unsigned int i = 0; i < bounded->nr_todo; i++) {
		if (bounded->todo[i].spot.fibre == fibre)
			return 1;
	}
	return WEAVE_NEVER;
}

static unsigned int bounded_pick(struct weave *weave, const struct weave_point *point)
{
	struct bounded *bounded = weave->state;
	unsigned int next = weave->current;
	bool moved;

	/* A fibre that cannot go on needs no preemption. */
	if (bounded->learning && !weave->forced)
		learn_point(&bounded->learn, weave->current, point);
	moved = bounded->started && preempt(bounded, weave->current, point);
	/* It waits for somebody who may stand behind it. */
	if (weave->fibres[weave->current].yielded)
		move_back(bounded, weave->current, bounded->nr);
	if (moved || weave->forced || !bounded->started) {
		unsigned int at = 0;

		while (!(weave->runnable >> bounded->order[at] & 1))
			at++;
		next = bounded->order[at];
	}
	bounded->started = true;
	weave->ask_in = ask_in(bounded, next);
	return next;
}

/* All schedules over the points known so far. */
static double bounded_estimate(const struct weave *weave)
{
	const struct bounded *bounded = weave->state;
	double level = 1;
	double sum;
	unsigned int i;

	for (i = 2; i <= weave->nr; i++)
		level *= i;
	sum = level;
	for (i = 1; i <= bounded->bound; i++) {
		level *= ((double)bounded->learn.nr - i + 1) * (weave->nr - 1) / i;
		sum += level > 0 ? level : 0;
	}
	return bounded->learn.thinned ? 0 : sum;
}

const struct weave_strategy weave_strategy_bounded = {
	.name = "bounded",
	.help = "all schedules with few preemptions, at shared words first, in random order",
	.state_size = sizeof(struct bounded),
	.begin = bounded_begin,
	.pick = bounded_pick,
	.choose = strategy_choose,
	.end = bounded_end,
	.estimate = bounded_estimate,
};
