// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search with a bound on preemptions. Partial-order reduction would prefer schedules that need more of them
 * (Coons, Musuvathi, McKinley, "Bounded partial-order reduction", OOPSLA 2013), so all schedules within the
 * bound are run, but for two kinds that cannot lead to anything new:
 *
 * - A fibre is preempted only where it is about to do what another fibre's step depends on in some run. If it is not, it may
 *   as well be preempted after that. Positions come to light while runs go on: when one does at which the
 *   search has passed by, all is done once more, until none does.
 * - What follows a state that was met before, with the same fibre running and the same number of preemptions left,
 *   has been tried. A state is known by what happened and what before what, as in CHESS (Musuvathi and
 *   Qadeer, "Fair stateless model checking", PLDI 2008), by a hash of 64 bits; what was met longest ago may be forgotten.
 *
 * Who begins, and who goes on when a fibre cannot, is no preemption.
 */
#include "exhaustive.h"

#define MET_BITS 20

/** struct positions - a set of them; a slot of 0 is free */
struct positions {
	u64 *slots;
	u32 nr;
	u32 nr_slots;
};

/**
 * struct users - who uses a word
 * @read, @wrote: by fibre
 */
struct users {
	u64 read;
	u64 wrote;
};

/**
 * struct ex_bound - what is remembered beyond the path
 * @bound: preemptions
 * @shared: positions before which preemption is worth while
 * @passed: those at which the search has passed by without it
 * @users: of each word of the path; may tell of more than is on it
 * @all_writes, @all: each position that writes, or each, is shared
 * @missed: one of @passed turned out to be shared
 * @met: hashes of states
 */
struct ex_bound {
	unsigned int bound;
	struct positions shared;
	struct positions passed;
	struct users *users;
	u32 max_users;
	bool all_writes;
	bool all;
	bool missed;
	u64 *met;
};

static u64 mixed(u64 value)
{
	struct weave_rng rng = { value };

	return weave_random(&rng);
}

static void *zeroed(size_t bytes)
{
	void *ptr = weave_allocator(NULL, bytes);

	if (!ptr)
		sim_die("no memory for a bounded search, %zu bytes; free some", bytes);
	return memset(ptr, 0, bytes);
}

/* ---- positions ---- */

/* Never 0. */
static u64 position_of(u32 op, u32 nth)
{
	return ((u64)op << 32 | nth) + 1;
}

static u32 position_slot(const struct positions *set, u64 position)
{
	u32 mask = set->nr_slots - 1;
	u32 i = (u32)mixed(position) & mask;

	while (set->slots[i] && set->slots[i] != position)
		i = (i + 1) & mask;
	return i;
}

static bool has_position(const struct positions *set, u64 position)
{
	return set->nr_slots && set->slots[position_slot(set, position)];
}

/* False: it was there. */
static bool add_position(struct positions *set, u64 position)
{
	struct positions bigger;
	u32 i;

	if (2 * (set->nr + 1) > set->nr_slots) {
		bigger = (struct positions){ .nr = set->nr,
					     .nr_slots = set->nr_slots ? 2 * set->nr_slots : 256 };
		bigger.slots = zeroed(bigger.nr_slots * sizeof(*bigger.slots));
		for (u32 j = 0; j < set->nr_slots; j++)
			if (set->slots[j])
				bigger.slots[position_slot(&bigger, set->slots[j])] = set->slots[j];
		if (set->slots)
			weave_allocator(set->slots, 0);
		*set = bigger;
	}
	i = position_slot(set, position);
	if (set->slots[i])
		return false;
	set->slots[i] = position;
	set->nr++;
	return true;
}

static void forget_positions(struct positions *set)
{
	if (set->slots)
		weave_allocator(set->slots, 0);
	*set = (struct positions){ 0 };
}

/* ---- who shares what ---- */

static void share(struct explorer *x, struct ex_event *e)
{
	u64 position = position_of(e->op, e->nth);

	if (e->shared)
		return;
	e->shared = true;
	if (add_position(&x->bound->shared, position) && has_position(&x->bound->passed, position))
		x->bound->missed = true;
}

static bool uses_shared(const struct ex_bound *b, const struct ex_event *e)
{
	u64 others = ~(1ull << e->fibre);

	if (b->all || (b->all_writes && e->flags & (EX_WRITE | EX_COUNT)))
		return true;
	for (unsigned int i = 0; i < e->nr_words; i++) {
		const struct users *users = &b->users[e->word[i]];

		if ((users->wrote | (e->flags & EX_WRITE ? users->read : 0)) & others)
			return true;
	}
	return false;
}

static void share_path(struct explorer *x, u32 d)
{
	for (u32 k = 0; k <= d; k++)
		if (uses_shared(x->bound, &x->events[k]))
			share(x, &x->events[k]);
}

static struct users *users_of(struct explorer *x, u32 word)
{
	struct ex_bound *b = x->bound;

	if (word >= b->max_users) {
		u32 max = b->max_users ? b->max_users : 256;
		struct users *more;

		while (max <= word)
			max *= 2;
		more = zeroed(max * sizeof(*more));
		if (b->users) {
			memcpy(more, b->users, b->max_users * sizeof(*more));
			weave_allocator(b->users, 0);
		}
		b->users = more;
		b->max_users = max;
	}
	return &b->users[word];
}

/* Event @d uses its words. Return: in a way that its fibre had not before. */
static bool note_users(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];
	u64 bit = 1ull << e->fibre;
	bool news = false;

	for (unsigned int i = 0; i < e->nr_words; i++) {
		struct users *users = users_of(x, e->word[i]);
		u64 *who = e->flags & EX_WRITE ? &users->wrote : &users->read;

		if (e->word[i] >= x->nr_words - e->new_words)
			*users = (struct users){ 0 };
		news |= !(*who & bit);
		*who |= bit;
	}
	return news;
}

static void note_everybody(struct explorer *x, const struct ex_event *e)
{
	struct ex_bound *b = x->bound;
	bool before = b->all || (b->all_writes && !(e->flags & EX_ALL));

	b->all_writes = true;
	b->all |= (e->flags & EX_ALL) != 0;
	if (!before)
		b->missed |= b->passed.nr != 0;
}

void ex_bound_order(struct explorer *x, u32 d)
{
	struct ex_event *e = &x->events[d];
	struct ex_walk walk;
	bool news = note_users(x, d);
	u32 c;

	if (e->flags & (EX_ALL | EX_COUNT)) {
		note_everybody(x, e);
		news = true;
	}
	if (news)
		share_path(x, d);
	else if (uses_shared(x->bound, e))
		share(x, e);

	e->hash = e->previous == EX_NONE ? 0 : x->events[e->previous].hash;
	for (u32 i = e->choices; i < x->nr_choices; i++)
		e->hash = mixed(e->hash + x->choices[i].value);
	ex_walk_begin(x, &walk, d);
	walk.keep_on = false;
	while ((c = ex_walk_next(x, &walk)) != EX_NONE)
		if (x->events[c].fibre != e->fibre)
			e->hash += mixed(x->events[c].hash);
	e->hash = mixed(e->hash ^ (u64)e->fibre << 32 ^ e->number);
}

/* ---- what is left to be tried ---- */

static unsigned int preemptions_before(const struct explorer *x, u32 d)
{
	return d ? x->events[d - 1].preemptions : 0;
}

u64 ex_bound_left(const struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];

	if (!e->forced && (preemptions_before(x, d) >= x->bound->bound ||
			   !(x->bound->all || has_position(&x->bound->shared, e->position))))
		return 0;
	return e->enabled & ~e->done;
}

void ex_bound_pass(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];

	if (!e->forced && (e->enabled & ~e->done) && preemptions_before(x, d) < x->bound->bound)
		add_position(&x->bound->passed, e->position);
}

void ex_bound_stand(struct explorer *x, const struct weave *weave, u32 d)
{
	struct ex_event *e = &x->events[d];
	const struct weave_fibre *f = &weave->fibres[weave->current];

	/* Nobody is preempted who has not begun. */
	e->forced = weave->forced || !d;
	e->position = position_of(f->point.op, f->point.nth);
}

bool ex_bound_known(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];
	u64 state = mixed((u64)e->from << 8 | e->forced) + preemptions_before(x, d);
	u64 *slot;

	for (unsigned int i = 0; i < x->nr_fibres; i++)
		if (x->newest[i] != EX_NONE)
			state += mixed(x->events[x->newest[i]].hash);
	state = mixed(state) | 1;
	slot = &x->bound->met[state >> (64 - MET_BITS)];
	if (*slot == state)
		return true;
	*slot = state;
	return false;
}

bool ex_bound_again(struct explorer *x)
{
	struct ex_bound *b = x->bound;

	if (!b->missed)
		return false;
	b->missed = false;
	forget_positions(&b->passed);
	memset(b->met, 0, sizeof(*b->met) << MET_BITS);
	return true;
}

void ex_bound_new(struct explorer *x, unsigned int bound)
{
	x->bound = zeroed(sizeof(*x->bound));
	x->bound->bound = bound;
	x->bound->met = zeroed(sizeof(*x->bound->met) << MET_BITS);
}

void ex_bound_free(struct explorer *x)
{
	struct ex_bound *b = x->bound;

	forget_positions(&b->shared);
	forget_positions(&b->passed);
	if (b->users)
		weave_allocator(b->users, 0);
	weave_allocator(b->met, 0);
	weave_allocator(b, 0);
}
