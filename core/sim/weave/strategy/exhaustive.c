// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strategy "exhaustive": all interleavings, up to the order of steps that do not depend on each other; with a
 * bound, all with at most so many preemptions. Each run repeats the path of the one before it up to the last choice at
 * which something is left to be tried. Choices of memory (stale loads, waiting stores) are all tried as well.
 *
 * This file keeps the path and walks it; what need not be tried is the business of exhaustive_dpor.c and
 * exhaustive_bound.c. Nothing here depends on addresses but for telling whether two are the same.
 *
 * A program that runs on after a finding is not explored beyond it.
 */
#include "../memory.h"
#include "exhaustive.h"

static struct explorer *explorer_of(const struct weave *weave)
{
	return weave->state;
}

/* ---- the path ---- */

static void *grown(void *ptr, size_t bytes)
{
	ptr = weave_allocator(ptr, bytes);
	if (!ptr)
		sim_die("no memory for the path of an exhaustive search; free some");
	return ptr;
}

static void reserve_event(struct explorer *x)
{
	/* One more than that, for the question what a fibre that cannot go on would do. */
	if (x->nr + 1 < x->max_events)
		return;
	x->max_events = x->max_events ? 2 * x->max_events : 256;
	x->events = grown(x->events, x->max_events * sizeof(*x->events));
	x->clocks = grown(x->clocks, (size_t)x->max_events * x->nr_fibres * sizeof(*x->clocks));
	x->places = grown(x->places, (size_t)x->max_events * x->nr_fibres * sizeof(*x->places));
}

/* The last event is to be taken back: what is known of its fibre now matters to those who sleep. */
static void take_back(struct explorer *x)
{
	struct ex_event *e = &x->events[x->nr - 1];
	u64 bit = 1ull << e->fibre;

	if (e->flags & EX_COUNT)
		e->sleep_count |= bit;
	if (e->flags & EX_ALL)
		e->sleep_all |= bit;
	if (e->flags & EX_WRITE)
		e->sleep_wrote |= bit;
	ex_unlink(x, x->nr - 1);
	x->final = x->nr - 1;
}

static bool next_choice(struct explorer *x, const struct ex_event *e)
{
	while (x->nr_choices > e->choices) {
		struct ex_choice *choice = &x->choices[x->nr_choices - 1];

		if (choice->value + 1 < choice->nr) {
			choice->value++;
			return true;
		}
		x->nr_choices--;
	}
	return false;
}

static u64 left_at(const struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];

	if (x->bound)
		return ex_bound_left(x, d);
	return e->backtrack & e->enabled & ~e->done & ~e->sleep;
}

/* To the last choice at which something is left to be tried, and it is chosen. False: nowhere. */
static bool advance(struct explorer *x)
{
	while (x->nr) {
		struct ex_event *e = &x->events[x->nr - 1];
		u64 left;

		take_back(x);
		if (next_choice(x, e))
			return true;
		e->done |= 1ull << e->fibre;
		left = left_at(x, x->nr - 1);
		if (left) {
			e->fibre = (u8)__ffs(left);
			e->since = x->run;
			return true;
		}
		if (x->bound)
			ex_bound_pass(x, x->nr - 1);
		x->nr--;
	}
	return false;
}

/* ---- steps ---- */

/* What has happened in the step besides the access that it is named after. */
static void note_effects(struct explorer *x, const struct weave *weave, struct ex_event *e)
{
	const struct weave_fibre *f = &weave->fibres[e->fibre];
	bool wrote = weave->writes != x->writes;

	if (f->point.kind == WEAVE_YIELD && !f->ended)
		e->flags |= EX_COUNT;
	if (weave->config.memory == WEAVE_SC) {
		if (e->kind == WEAVE_RMW && !wrote)
			e->flags &= ~EX_WRITE;
		return;
	}
	/* What others see of waiting stores has changed, or could have; a full barrier tells of what all have seen. */
	if (x->deviated || (wrote && !(e->flags & EX_WRITE)) ||
	    ((x->waiting | memory_waiting()) && e->kind != WEAVE_LOAD && e->kind != WEAVE_BEGIN) ||
	    (memory_barriers() != x->barriers && e->kind != WEAVE_FENCE))
		e->flags |= EX_ALL;
}

/* A fibre that begins or ends to be able to go on depends on the step, whatever its addresses say. */
static void note_enabled(struct explorer *x, const struct weave *weave, struct ex_event *e)
{
	u64 changed = (e->enabled ^ weave->runnable) & ~(1ull << e->fibre);

	for (; changed; changed &= changed - 1) {
		const struct weave_fibre *f = &weave->fibres[__ffs(changed)];
		struct ex_access next = ex_access_of(weave, f);

		if (f->point.kind == WEAVE_BEGIN)
			x->born[__ffs(changed)] = x->depth - 1;
		else if (f->point.kind != WEAVE_YIELD && !(next.flags & EX_ALL) &&
			 !(e->flags & EX_TOUCH && ex_overlap(&next, &x->now)))
			e->flags |= EX_ALL;
	}
}

/*
 * It tried to take a word, in vain, and waits for it: as if it had not been able to go on. What others do meanwhile is tried
 * in its place, and need not be tried after it.
 */
static bool in_vain(const struct explorer *x, const struct weave *weave, const struct ex_event *e)
{
	const struct weave_fibre *f = &weave->fibres[e->fibre];
	const struct ex_access next = ex_access_of(weave, f);

	return e->kind == WEAVE_RMW && e->flags == EX_TOUCH && f->ready && next.flags & EX_TOUCH &&
	       next.addr == x->now.addr && !(weave->runnable & 1ull << e->fibre) &&
	       e->enabled & (e->enabled - 1);
}

static void try_others(struct ex_event *e)
{
	u64 left = e->enabled & ~e->sleep & ~e->done;

	e->backtrack &= ~(1ull << e->fibre);
	left &= ~(1ull << e->fibre);
	if (!e->backtrack)
		e->backtrack = left & -left;
}

/* The step under way is over. */
static void finish_step(struct explorer *x, const struct weave *weave, bool over)
{
	u32 d = x->depth - 1;
	struct ex_event *e;

	if (!x->depth)
		return;
	e = &x->events[d];
	if (weave->fibres[e->fibre].ready)
		ex_condition(x, &weave->fibres[e->fibre]);
	if (d < x->final)
		return;
	note_effects(x, weave, e);
	if (!over)
		note_enabled(x, weave, e);
	if (x->bound)
		ex_bound_order(x, d);
	else
		ex_order(x, d);
	ex_link(x, d);
	x->final = d + 1;
	/* Within a bound it is of use: to go on from a fibre that waits is no preemption. */
	if (!x->bound && !over && in_vain(x, weave, e)) {
		try_others(e);
		x->lost = true;
	}
}

/* Nothing that was learned holds: the exploration ends here. */
static void __noreturn __cold diverged(struct explorer *x, const struct weave *weave,
				       const struct ex_event *e)
{
	const struct weave_point *point = &weave->fibres[e->fibre].point;

	x->lost = x->complete = true;
	sim_bug("not a function of its schedule", weave_strategy_exhaustive.name, SIM_NO_PFN,
		"CPU %u is at point %u of operation %u, in the last run it was at %u of %u, "
		"runnable 0x%llx then 0x%llx now",
		e->fibre, point->nth, point->op, e->nth, e->op, (unsigned long long)e->enabled,
		(unsigned long long)weave->runnable);
}

/* The step that the event @d stands for begins. */
static void begin_step(struct explorer *x, const struct weave *weave, u32 d)
{
	struct ex_event *e = &x->events[d];
	const struct weave_fibre *f = &weave->fibres[e->fibre];

	x->now = ex_access_of(weave, f);
	x->writes = weave->writes;
	if (weave->config.memory != WEAVE_SC) {
		x->waiting = memory_waiting();
		x->barriers = memory_barriers();
	}
	x->deviated = false;
	x->depth = d + 1;
	if (d < x->final) {
		if (e->op != f->point.op || e->nth != f->point.nth || e->enabled != weave->runnable)
			diverged(x, weave, e);
		ex_again(x, d);
		return;
	}
	e->op = f->point.op;
	e->nth = f->point.nth;
	e->kind = f->point.kind;
	e->previous = x->newest[e->fibre];
	e->number = e->previous == EX_NONE ? 1 : x->events[e->previous].number + 1;
	e->preemptions =
		(d ? x->events[d - 1].preemptions : 0) + (!e->forced && e->fibre != e->from);
	ex_locate(x, d, f);
}

/* Whoever runs goes on if he may; else the next one in a circle. */
static unsigned int first_choice(const struct weave *weave, u64 mask)
{
	u64 own = 1ull << weave->current;
	u64 after = mask & ~(own | (own - 1));

	if (mask & own && weave->fibres[weave->current].point.kind != WEAVE_YIELD)
		return weave->current;
	return __ffs(after ? after : mask);
}

/* The path becomes longer by one event. False: by none that leads to anything new. */
static bool lengthen(struct explorer *x, const struct weave *weave)
{
	u32 d = x->nr;
	struct ex_event *e;
	u64 mask;

	reserve_event(x);
	e = &x->events[d];
	*e = (struct ex_event){ .enabled = weave->runnable,
				.choices = x->nr_choices,
				.from = (u8)weave->current,
				.first_run = x->run - 1,
				.since = x->run - 1 };
	if (x->bound) {
		ex_bound_stand(x, weave, d);
		if (d && ex_bound_known(x, d))
			return false;
	} else if (d) {
		ex_sleep(x, weave, d);
	}
	mask = e->enabled & ~e->sleep;
	if (!mask)
		return false;
	e->fibre = (u8)first_choice(weave, mask);
	e->backtrack = 1ull << e->fibre;
	x->nr++;
	return true;
}

static unsigned int pick(struct weave *weave, const struct weave_point *point __maybe_unused)
{
	struct explorer *x = explorer_of(weave);

	weave->ask_in = 1;
	if (!x->lost) {
		finish_step(x, weave, false);
		x->lost = x->lost || (x->depth == x->nr && !lengthen(x, weave));
	}
	if (x->lost) {
		weave->ask_in = WEAVE_NEVER;
		weave->redundant = true;
		return first_choice(weave, weave->runnable);
	}
	begin_step(x, weave, x->depth);
	return x->events[x->depth - 1].fibre;
}

static unsigned int choose(struct weave *weave, const struct weave_point *point __maybe_unused,
			   enum weave_choice kind __maybe_unused, unsigned int nr)
{
	struct explorer *x = explorer_of(weave);
	unsigned int value;

	if (x->lost || nr < 2)
		return 0;
	if (x->choice == x->nr_choices) {
		if (x->nr_choices == x->max_choices) {
			x->max_choices = x->max_choices ? 2 * x->max_choices : 64;
			x->choices = grown(x->choices, x->max_choices * sizeof(*x->choices));
		}
		x->choices[x->nr_choices++] = (struct ex_choice){ .value = 0, .nr = (u16)nr };
	}
	value = x->choices[x->choice++].value;
	x->deviated |= value != 0;
	return value;
}

/* ---- runs ---- */

static void start(struct explorer *x, struct weave *weave)
{
	x->nr_fibres = weave->nr;
	memset(x->newest, 0xff, sizeof(x->newest));
	memset(x->born, 0xff, sizeof(x->born));
	x->last_count = x->last_all = EX_NONE;
	if (weave->config.bound && !x->bound)
		ex_bound_new(x, weave->config.bound);
}

/*
 * A finding, or the end of the process: what the fibres would have done next can no longer be seen on this path. They may
 * do it before anything on the path with which it conflicts, and before the step that failed.
 */
static void consider_pending(struct explorer *x, const struct weave *weave)
{
	u32 d = x->nr;

	x->events[d - 1].backtrack |= x->events[d - 1].enabled;
	for (unsigned int i = 0; i < weave->nr; i++) {
		const struct weave_fibre *f = &weave->fibres[i];

		/* The one that failed has done what it would do, unless it waits like all others. */
		if (f->ended || (i == x->events[d - 1].fibre && !f->ready))
			continue;
		reserve_event(x);
		x->events[d] = (struct ex_event){ .fibre = (u8)i };
		begin_step(x, weave, d);
		ex_order(x, d);
		x->nr_words -= x->events[d].new_words;
	}
}

/* The process that ran the last step has died of it. */
static void bury(struct explorer *x)
{
	u32 d = x->nr - 1;

	if (x->depth < x->nr) {
		x->nr--;
		return;
	}
	if (x->bound)
		ex_bound_order(x, d);
	else
		ex_order(x, d);
	ex_link(x, d);
	x->final = x->nr;
	x->events[d].backtrack |= x->events[d].enabled;
}

static bool begin(struct weave *weave)
{
	struct explorer *x = explorer_of(weave);

	if (x->complete)
		return false;
	if (!x->run)
		start(x, weave);
	MM_BUG_ON(x->nr_fibres != weave->nr, "exploration of another program", SIM_NO_PFN,
		  "%u fibres, before %u", weave->nr, x->nr_fibres);
	if (x->final < x->nr)
		bury(x);
	if (x->run && !advance(x)) {
		if (!x->bound || !ex_bound_again(x)) {
			x->complete = true;
			return false;
		}
	}
	x->run++;
	x->depth = x->choice = 0;
	x->lost = false;
	weave->ask_in = 1;
	return true;
}

static void end(struct weave *weave, bool found)
{
	struct explorer *x = explorer_of(weave);

	x->lost_runs += x->lost;
	if (x->lost || !x->nr)
		return;
	finish_step(x, weave, true);
	if (found && !x->bound)
		consider_pending(x, weave);
}

static void release(struct weave *weave)
{
	struct explorer *x = explorer_of(weave);
	void *const all[] = { x->events, x->clocks, x->places, x->choices, x->words, x->slots };

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i])
			weave_allocator(all[i], 0);
	if (x->bound)
		ex_bound_free(x);
}

/*
 * What is left at each choice of the path, if each alternative were as large as those there that are done, or else as
 * those further down, allowing for growth on the way up as seen so far. Too low while new alternatives come to light.
 */
static double estimate(const struct weave *weave)
{
	const struct explorer *x = explorer_of(weave);
	double total = (double)x->run, typical = 1, growth = 1;
	u32 choice = x->nr_choices;

	if (x->complete)
		return total;
	for (u32 d = x->nr; d-- > 0;) {
		const struct ex_event *e = &x->events[d];
		u64 left = left_at(x, d) & ~(1ull << e->fibre);
		u64 done = e->done & ~(1ull << e->fibre);
		double size;

		for (; choice > e->choices; choice--)
			total += typical *
				 (x->choices[choice - 1].nr - 1 - x->choices[choice - 1].value);
		if (done) {
			size = (double)(e->since - e->first_run) / __builtin_popcountll(done);
			/* Not min(): that is for integers, and clang 14 says so. */
			growth = size / typical;
			growth = growth < 1 ? 1 : growth > 4 ? 4 : growth;
			typical = size > 1 ? size : 1;
		} else if (left) {
			typical *= growth;
		}
		total += typical * __builtin_popcountll(left);
	}
	return total;
}

const struct weave_strategy weave_strategy_exhaustive = {
	.name = "exhaustive",
	.help = "source-DPOR (Abdulla et al. 2014): every interleaving up to equivalence, or up to "
		"a bound of preemptions",
	.state_size = sizeof(struct explorer),
	.begin = begin,
	.pick = pick,
	.choose = choose,
	.end = end,
	.release = release,
	.estimate = estimate,
};
