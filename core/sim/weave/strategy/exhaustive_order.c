// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search: what a step touches, and which events of the path depend on each other. Must never
 * take two events for independent that are not: that would lose schedules; the other way round costs
 * some.
 */
#include "../memory.h"
#include "exhaustive.h"

/* ---- accesses ---- */

/* Barriers of weak memory look at what all the others have seen: they have an order. */
static const char all_barriers;

static struct ex_access touch(const void *addr, unsigned int size, bool write)
{
	return (struct ex_access){ .addr = (uintptr_t)addr,
				   .size = (u8)size,
				   .flags = write ? EX_TOUCH | EX_WRITE : EX_TOUCH };
}

/* Everybody else has ended or waits: those who yield go round again, whatever that leads to. */
static bool yields_idly(const struct weave *weave, const struct weave_fibre *f)
{
	return f->yielded && weave->writes == f->writes_seen;
}

struct ex_access ex_access_of(const struct weave *weave, const struct weave_fibre *f)
{
	const struct weave_point *point = &f->point;
	const void *addr = (const void *)point->addr;

	switch (point->kind) {
	case WEAVE_BEGIN:
	case WEAVE_END:
		return (struct ex_access){ 0 };
	case WEAVE_FENCE:
		if (weave->config.memory == WEAVE_SC)
			return (struct ex_access){ 0 };
		return touch(&all_barriers, 1, true);
	case WEAVE_YIELD:
		return (struct ex_access){ .flags = yields_idly(weave, f) ? EX_ALL : EX_COUNT };
	case WEAVE_WAIT:
		if (!point->size)
			return (struct ex_access){ .flags = EX_ALL };
		/* What it waited for, a lock say, it may take in the same step. */
		return touch(addr, point->size, true);
	case WEAVE_RCU_LOCK:
	case WEAVE_RCU_UNLOCK:
	case WEAVE_RCU_SYNC:
		return touch(&weave_rcu_word, sizeof(weave_rcu_word),
			     point->kind == WEAVE_RCU_SYNC);
	default:
		/* A range of memory, or something that has no place. */
		if (!point->size || point->size > EX_WORD)
			return (struct ex_access){ .flags = EX_ALL };
		return touch(addr, point->size, point->write);
	}
}

bool ex_overlap(const struct ex_access *a, const struct ex_access *b)
{
	return a->addr < b->addr + b->size && b->addr < a->addr + a->size;
}

bool ex_conflict(const struct ex_event *a, const struct ex_event *b)
{
	u8 either = a->flags | b->flags;

	if (either & EX_ALL)
		return true;
	if (!(either & EX_WRITE))
		return false;
	if ((a->flags & EX_COUNT && b->flags & EX_WRITE) ||
	    (b->flags & EX_COUNT && a->flags & EX_WRITE))
		return true;
	for (unsigned int i = 0; i < a->nr_words; i++)
		for (unsigned int j = 0; j < b->nr_words; j++)
			if (a->word[i] == b->word[j] && a->bytes[i] & b->bytes[j])
				return true;
	return false;
}

/* ---- words ---- */

static void *grow(void *ptr, u32 nr, u32 *max, size_t bytes)
{
	if (nr < *max)
		return ptr;
	*max = *max ? 2 * *max : 256;
	ptr = weave_allocator(ptr, *max * bytes);
	if (!ptr)
		sim_die("no memory for an exhaustive search with %u words; free some", nr);
	return ptr;
}

static u32 slot_of(const struct explorer *x, uintptr_t key)
{
	u32 mask = x->nr_slots - 1;
	u32 i = (u32)((key * 0x9e3779b97f4a7c15u) >> 32) & mask;

	while (x->slots[i].run == x->run && x->slots[i].key != key)
		i = (i + 1) & mask;
	return i;
}

/* At most half of the slots are in use; those of earlier runs count as free. */
static void grow_slots(struct explorer *x)
{
	struct ex_slot *old = x->slots;
	u32 nr_old = x->nr_slots;
	size_t bytes;

	x->nr_slots = nr_old ? 2 * nr_old : 1024;
	bytes = x->nr_slots * sizeof(*x->slots);
	x->slots = weave_allocator(NULL, bytes);
	if (!x->slots)
		sim_die("no memory for an exhaustive search with %u words; free some", nr_old);
	memset(x->slots, 0, bytes);
	for (u32 i = 0; i < nr_old; i++)
		if (old[i].run == x->run)
			x->slots[slot_of(x, old[i].key)] = old[i];
	if (old)
		weave_allocator(old, 0);
}

static void bind(struct explorer *x, uintptr_t key, u32 word)
{
	u32 i;

	if (2 * (word + 1) > x->nr_slots)
		grow_slots(x);
	i = slot_of(x, key);
	x->slots[i] = (struct ex_slot){ .key = key, .run = x->run, .word = word };
}

static u32 find_word(const struct explorer *x, uintptr_t key)
{
	const struct ex_slot *slot;

	if (!x->nr_slots)
		return EX_NONE;
	slot = &x->slots[slot_of(x, key)];
	return slot->run == x->run ? slot->word : EX_NONE;
}

static u32 word_of(struct explorer *x, uintptr_t key, u8 *new_words)
{
	u32 word = find_word(x, key);

	if (word != EX_NONE)
		return word;
	word = x->nr_words;
	x->words = grow(x->words, word, &x->max_words, sizeof(*x->words));
	x->words[word] = (struct ex_word){ .last = EX_NONE };
	x->nr_words++;
	++*new_words;
	bind(x, key, word);
	return word;
}

/* The bytes of the word @key that an access touches, a bit each. */
static u16 bytes_in(const struct ex_access *access, uintptr_t key)
{
	uintptr_t start = key << EX_WORD_SHIFT;
	unsigned int from = access->addr > start ? (unsigned int)(access->addr - start) : 0;
	uintptr_t end = access->addr + access->size;
	unsigned int to = end < start + EX_WORD ? (unsigned int)(end - start) : EX_WORD;

	return (u16)((1u << to) - (1u << from));
}

/* Whether the condition that @f waits for, if it does, is the one that is known of @word. */
static bool same_condition(const struct ex_word *word, const struct weave_fibre *f)
{
	return !f->ready || (word->ready == f->ready && word->ready_arg == f->ready_arg);
}

void ex_locate(struct explorer *x, u32 d, const struct weave_fibre *f)
{
	struct ex_event *e = &x->events[d];
	const struct ex_access *now = &x->now;
	const struct ex_word *word;

	e->flags = now->flags;
	e->nr_words = 0;
	e->new_words = 0;
	e->ready = 0;
	if (!(now->flags & EX_TOUCH))
		return;
	for (uintptr_t key = now->addr >> EX_WORD_SHIFT;
	     key <= (now->addr + now->size - 1) >> EX_WORD_SHIFT; key++) {
		e->word[e->nr_words] = word_of(x, key, &e->new_words);
		e->bytes[e->nr_words++] = bytes_in(now, key);
	}
	word = &x->words[e->word[0]];
	if (word->run == x->run && same_condition(word, f))
		e->ready = 1 + word->ready(word->ready_arg);
}

void ex_again(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];

	/* New ones come in the order of their addresses, but need not be the last of them. */
	for (unsigned int i = 0; e->new_words && i < e->nr_words; i++) {
		uintptr_t key = (x->now.addr >> EX_WORD_SHIFT) + i;

		if (find_word(x, key) == EX_NONE)
			bind(x, key, e->word[i]);
	}
}

void ex_condition(struct explorer *x, const struct weave_fibre *f)
{
	u32 word = find_word(x, f->point.addr >> EX_WORD_SHIFT);

	if (word == EX_NONE || !f->ready || x->words[word].run == x->run)
		return;
	x->words[word].run = x->run;
	x->words[word].ready = f->ready;
	x->words[word].ready_arg = f->ready_arg;
}

/* ---- chains ---- */

void ex_link(struct explorer *x, u32 d)
{
	struct ex_event *e = &x->events[d];

	for (unsigned int i = 0; i < e->nr_words; i++) {
		e->link[i] = x->words[e->word[i]].last;
		x->words[e->word[i]].last = d;
	}
	e->link_count = x->last_count;
	e->link_all = x->last_all;
	if (e->flags & EX_COUNT)
		x->last_count = d;
	if (e->flags & EX_ALL)
		x->last_all = d;
	x->newest[e->fibre] = d;
	*ex_place(x, e->fibre, e->number) = d;
}

void ex_unlink(struct explorer *x, u32 d)
{
	const struct ex_event *e = &x->events[d];

	for (unsigned int i = e->nr_words; i-- > 0;)
		x->words[e->word[i]].last = e->link[i];
	x->nr_words -= e->new_words;
	x->last_count = e->link_count;
	x->last_all = e->link_all;
	x->newest[e->fibre] = e->previous;
}

/* ---- the walk back ---- */

/* EX_NONE, as the oldest of all. */
static u32 newer(u32 a, u32 b)
{
	if (a == EX_NONE || b == EX_NONE)
		return a == EX_NONE ? b : a;
	return max(a, b);
}

void ex_walk_begin(const struct explorer *x, struct ex_walk *walk, u32 d)
{
	const struct ex_event *e = &x->events[d];

	*walk = (struct ex_walk){ .d = d,
				  .at = { EX_NONE, EX_NONE },
				  .at_count = EX_NONE,
				  .at_all = x->last_all,
				  .each = EX_NONE,
				  .keep_on = e->kind == WEAVE_WAIT || e->kind == WEAVE_YIELD };
	if (e->flags & (EX_COUNT | EX_ALL)) {
		walk->each = d ? d - 1 : EX_NONE;
		return;
	}
	for (unsigned int i = 0; i < e->nr_words; i++) {
		walk->at[i] = x->words[e->word[i]].last;
		walk->left[i] = e->bytes[i];
	}
	if (e->flags & EX_WRITE)
		walk->at_count = x->last_count;
}

/* Past @c, which touches the @i-th word of the walk as well. What it overwrote does not matter any more. */
static void step_back(const struct explorer *x, struct ex_walk *walk, unsigned int i,
		      const struct ex_event *c)
{
	unsigned int j = c->nr_words > 1 && c->word[1] == x->events[walk->d].word[i];

	if (c->flags & EX_WRITE && !walk->keep_on)
		walk->left[i] &= ~c->bytes[j];
	walk->at[i] = walk->left[i] ? c->link[j] : EX_NONE;
}

u32 ex_walk_next(const struct explorer *x, struct ex_walk *walk)
{
	const struct ex_event *e = &x->events[walk->d];

	for (;;) {
		u32 at = newer(newer(newer(walk->at[0], walk->at[1]), walk->at_all),
			       newer(walk->at_count, walk->each));
		const struct ex_event *c;

		if (at == EX_NONE)
			return EX_NONE;
		c = &x->events[at];
		if (at == walk->each)
			walk->each = at ? at - 1 : EX_NONE;
		for (unsigned int i = 0; i < 2; i++)
			if (at == walk->at[i])
				step_back(x, walk, i, c);
		if (at == walk->at_count)
			walk->at_count = c->link_count;
		if (at == walk->at_all) {
			walk->at_all = c->link_all;
			/* It is after all that came before it: nothing older is of interest. */
			if (!walk->keep_on) {
				walk->at_all = walk->at_count = walk->each = EX_NONE;
				walk->at[0] = walk->at[1] = EX_NONE;
			}
		}
		if (ex_conflict(c, e))
			return at;
	}
}
