// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules, or some by chance. By counting: each run takes the last decision that has an alternative left the other way, with
 * everything before it as it was and everything behind it by default.
 */
#include <stdlib.h>

#include <internal.h>
#include "litmus.h"

#define MAX_DEPTH 256u

struct digits {
	bool begun;
	unsigned int at;
	unsigned int depth;
	struct {
		u8 value;
		u8 nr;
	} digit[MAX_DEPTH];
};

static unsigned int next_digit(struct digits *digits, unsigned int nr)
{
	unsigned int at = digits->at++;

	if (at == MAX_DEPTH)
		abort();
	if (at == digits->depth) {
		digits->digit[at].value = 0;
		digits->depth++;
	}
	digits->digit[at].nr = (u8)nr;
	return digits->digit[at].value;
}

static bool begin(struct weave *weave)
{
	struct digits *digits = weave->state;

	weave->ask_in = 1;
	digits->at = 0;
	if (!digits->begun) {
		digits->begun = true;
		return true;
	}
	while (digits->depth) {
		unsigned int last = digits->depth - 1;

		if (++digits->digit[last].value < digits->digit[last].nr)
			return true;
		digits->depth--;
	}
	return false;
}

static bool begin_random(struct weave *weave)
{
	weave->ask_in = 1;
	return true;
}

static unsigned int decide(struct weave *weave, unsigned int nr)
{
	return weave->state ? next_digit(weave->state, nr) : weave_below(&weave->rng, nr);
}

static bool is_decision(const struct weave *weave, const struct weave_point *point)
{
	switch (point->kind) {
	case WEAVE_LOAD:
	case WEAVE_STORE:
	case WEAVE_RMW:
	case WEAVE_YIELD:
		return true;
	case WEAVE_FENCE:
		return point->write && weave->config.memory != WEAVE_SC;
	case WEAVE_END:
		return weave->config.memory != WEAVE_SC;
	}
	return false;
}

/* Each fibre first goes up to its first access: no decision. Then the one that has the lowest number is the default. */
static unsigned int pick(struct weave *weave, const struct weave_point *point)
{
	u64 left = weave->runnable;
	unsigned int choice;

	weave->ask_in = 1;
	for (unsigned int i = 0; i < weave->nr; i++)
		if (left & 1ull << i && weave->fibres[i].point.kind == WEAVE_BEGIN && i != weave->current)
			return i;
	if (!weave->forced && !is_decision(weave, point))
		return weave->current;
	choice = decide(weave, (unsigned int)__builtin_popcountll(left));
	while (choice--)
		left &= left - 1;
	return __ffs(left);
}

static unsigned int choose(struct weave *weave, const struct weave_point *point __maybe_unused,
			   enum weave_choice kind __maybe_unused, unsigned int nr)
{
	return decide(weave, nr);
}

const struct weave_strategy litmus_strategy = {
	.name = "litmus",
	.help = "all schedules and choices, by counting",
	.state_size = sizeof(struct digits),
	.begin = begin,
	.pick = pick,
	.choose = choose,
};

const struct weave_strategy litmus_random = {
	.name = "litmus-random",
	.help = "any schedule and choice",
	.begin = begin_random,
	.pick = pick,
	.choose = choose,
};
