// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search without a bound: which of the schedules that have not been tried could end otherwise than
 * those that have. Source-DPOR with sleep sets: Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial
 * Order Reduction", POPL 2014, Algorithm 1. At least one schedule of each Mazurkiewicz trace is run to its end.
 *
 * Departures from the paper. Fibres may be blocked, which the algorithm there rules out: a step that waits
 * for a condition is tried before each earlier event that it conflicts with, until one is met before which
 * the condition held; those before which it is known not to have held are skipped. A fibre asleep where an event
 * could be reversed is as good as one that will be tried there: its schedules have all been tried.
 */
#include "exhaustive.h"

static void join(const struct explorer *x, u32 *clock, const u32 *other)
{
	for (unsigned int i = 0; i < x->nr_fibres; i++)
		clock[i] = max(clock[i], other[i]);
}

/* The first event of @fibre after @c among those that are linked; EX_NONE: there is none. */
static u32 next_of(const struct explorer *x, unsigned int fibre, u32 c)
{
	u32 newest = x->newest[fibre], low = 1, high;

	if (newest == EX_NONE || newest <= c)
		return EX_NONE;
	/* By its own events: in the path it may have none for long, as when it has ended. */
	high = x->events[newest].number;
	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (*ex_place(x, fibre, middle) > c)
			high = middle;
		else
			low = middle + 1;
	}
	return *ex_place(x, fibre, low);
}

/*
 * The first event of each fibre among those after @c that do not depend on it; the last event @d counts as one
 * of them, with @clock.
 */
static u64 first_after(const struct explorer *x, u32 c, u32 d, u32 first[])
{
	const struct ex_event *events = x->events;
	u8 fibre = events[c].fibre;
	u64 mask = 0;

	for (unsigned int f = 0; f < x->nr_fibres; f++) {
		u32 k = f == fibre ? EX_NONE : next_of(x, f, c);

		if (k == EX_NONE || k >= d || ex_clock(x, k)[fibre] >= events[c].number)
			continue;
		mask |= 1ull << f;
		first[f] = k;
	}
	if (!(mask & 1ull << events[d].fibre)) {
		mask |= 1ull << events[d].fibre;
		first[events[d].fibre] = d;
	}
	return mask;
}

/* Of the fibres in @mask those whose first event comes after none of the others' first events. */
static u64 initials(const struct explorer *x, u64 mask, const u32 first[])
{
	u64 result = 0;

	for (u64 left = mask; left; left &= left - 1) {
		unsigned int f = __ffs(left);
		const u32 *clock = ex_clock(x, first[f]);
		bool initial = true;

		for (u64 others = mask & ~(1ull << f); initial && others; others &= others - 1) {
			unsigned int g = __ffs(others);

			initial = clock[g] < x->events[first[g]].number;
		}
		if (initial)
			result |= 1ull << f;
	}
	return result;
}

/* Event @d could come before @c: somebody with whom that would begin must be tried in place of @c. */
static void race(struct explorer *x, u32 c, u32 d)
{
	struct ex_event *at = &x->events[c];
	u32 first[WEAVE_MAX_FIBRES];
	u64 begin = initials(x, first_after(x, c, d, first), first);
	u64 own = 1ull << x->events[d].fibre;

	if (begin & (at->backtrack | at->sleep))
		return;
	begin &= at->enabled;
	if (begin)
		at->backtrack |= begin & own ? own : begin & -begin;
}

enum held {
	UNKNOWN,
	NO,
	YES
};

/*
 * Whether the condition that event @d waits for held before @c. All that others do to a word after @c depends on @c, so
 * it is the same after what could be done in its place; a condition of more than one word may change.
 */
static enum held held_before(const struct explorer *x, u32 c, u32 d)
{
	const struct ex_event *e = &x->events[d];

	if (e->kind != WEAVE_WAIT && e->kind != WEAVE_YIELD)
		return YES;
	if (!e->nr_words)
		return UNKNOWN;
	if (e->previous != EX_NONE && e->previous < c)
		return x->events[c].enabled & 1ull << e->fibre ? YES : NO;
	if (!e->ready)
		return UNKNOWN;
	/* Somebody waited there before: for the same, or ex_event.ready would not be set. */
	return (enum held)x->events[c].ready;
}

void ex_order(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];
	u32 *clock = ex_clock(x, d);
	u32 raced[WEAVE_MAX_FIBRES];
	struct ex_walk walk;
	u32 c;

	if (e->previous != EX_NONE)
		memcpy(clock, ex_clock(x, e->previous), x->nr_fibres * sizeof(*clock));
	else
		memset(clock, 0, x->nr_fibres * sizeof(*clock));
	clock[e->fibre] = e->number;
	if (e->kind == WEAVE_BEGIN && x->born[e->fibre] != EX_NONE)
		join(x, clock, ex_clock(x, x->born[e->fibre]));
	memcpy(raced, clock, x->nr_fibres * sizeof(*clock));

	ex_walk_begin(x, &walk, d);
	while ((c = ex_walk_next(x, &walk)) != EX_NONE) {
		const struct ex_event *other = &x->events[c];
		enum held held;

		if (other->fibre == e->fibre)
			continue;
		if (raced[other->fibre] < other->number) {
			held = held_before(x, c, d);
			if (held != NO)
				race(x, c, d);
			if (held == YES) {
				join(x, raced, ex_clock(x, c));
				walk.keep_on = false;
			}
		}
		join(x, clock, ex_clock(x, c));
	}
}

/* Whether @q, which is asleep at @e, would do otherwise now that @e has happened, or the other way round. */
static bool woken(const struct explorer *x, const struct weave *weave, const struct ex_event *e,
		  unsigned int q)
{
	const struct ex_access next = ex_access_of(weave, &weave->fibres[q]);
	u64 bit = 1ull << q;
	bool wrote = e->sleep_wrote & bit;

	/* Who could run must still be able to: the other way round it was not asleep. */
	if (!(weave->runnable & bit))
		return true;
	if ((e->flags | next.flags) & EX_ALL || e->sleep_all & bit)
		return true;
	if (e->flags & EX_WRITE && (next.flags & EX_COUNT || e->sleep_count & bit))
		return true;
	if (wrote && e->flags & EX_COUNT)
		return true;
	if (!(e->flags & EX_WRITE || wrote))
		return false;
	return e->flags & next.flags & EX_TOUCH && ex_overlap(&next, &x->now);
}

void ex_sleep(struct explorer *x, const struct weave *weave, u32 d)
{
	struct ex_event *e = &x->events[d];
	const struct ex_event *before = &x->events[d - 1];
	u64 asleep = (before->sleep | before->done) & ~(1ull << before->fibre);

	for (u64 left = asleep; left; left &= left - 1)
		if (woken(x, weave, before, __ffs(left)))
			asleep &= ~(left & -left);
	e->sleep = asleep;
	e->sleep_count = before->sleep_count & asleep;
	e->sleep_all = before->sleep_all & asleep;
	e->sleep_wrote = before->sleep_wrote & asleep;
}
