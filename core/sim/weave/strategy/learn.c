// SPDX-License-Identifier: GPL-2.0-only
/*
 * The points of earlier runs, see learn.h. Two hash tables of fixed size, by name and by address;
 * the order in which anything is kept is that in which it was seen.
 */
#include <string.h>

#include "learn.h"

/* No place in a table. */
#define NOWHERE 0xffffu

static u32 hash(u64 key)
{
	struct weave_rng rng = { key };

	return (u32)(weave_random(&rng) >> 32);
}

static u32 hash_name(u32 op, u32 nth)
{
	return hash((u64)op << 32 | nth);
}

/* Where in the index the name is, or could be put: the table is never full. */
static u16 *find_name(struct learn *learn, u32 op, u32 nth)
{
	u32 at = hash_name(op, nth);

	for (;; at++) {
		u16 *entry = &learn->index[at % ARRAY_SIZE(learn->index)];
		const struct learn_spot *spot = &learn->spots[*entry - 1];

		if (!*entry || (spot->op == op && spot->nth == nth))
			return entry;
	}
}

static bool is_kept(const struct learn *learn, u32 op, u32 nth)
{
	/* The low bits say where it lies in the index. */
	return !(hash_name(op, nth) >> 16 & ((1u << learn->thinned) - 1));
}

/* Half of them make room. Their names decide, not when they came: nothing favours the early. */
static void thin_out(struct learn *learn)
{
	u32 nr = learn->nr;
	u32 nr_shared = learn->nr_shared;

	learn->thinned++;
	learn->nr = 0;
	learn->nr_shared = 0;
	memset(learn->index, 0, sizeof(learn->index));
	for (u32 i = 0; i < nr; i++) {
		struct learn_spot spot = learn->spots[i];

		if (!is_kept(learn, spot.op, spot.nth))
			continue;
		learn->spots[learn->nr] = spot;
		*find_name(learn, spot.op, spot.nth) = (u16)++learn->nr;
		if (i < nr_shared)
			learn->nr_shared++;
	}
}

static struct learn_spot *get_spot(struct learn *learn, u32 op, u32 nth)
{
	u16 *entry;

	while (is_kept(learn, op, nth)) {
		entry = find_name(learn, op, nth);
		if (*entry)
			return &learn->spots[*entry - 1];
		if (learn->nr < LEARN_SPOTS) {
			learn->spots[learn->nr] = (struct learn_spot){ .op = op, .nth = nth };
			*entry = (u16)++learn->nr;
			return &learn->spots[*entry - 1];
		}
		/* Names that are kept for ever fill it when there are 2^16 times as many. */
		if (learn->thinned == 16)
			return NULL;
		thin_out(learn);
	}
	return NULL;
}

static u16 get_word(struct learn *learn, uintptr_t key)
{
	for (u32 at = hash(key), tries = 0; tries < LEARN_WORDS; at++, tries++) {
		struct learn_word *word = &learn->words[at % LEARN_WORDS];

		if (!word->key)
			word->key = key;
		if (word->key == key)
			return (u16)(word - learn->words);
	}
	return NOWHERE;
}

void learn_begin(struct learn *learn, bool weak)
{
	learn->weak = weak;
	memset(learn->words, 0, sizeof(learn->words));
	learn->run++;
}

static void touch_word(struct learn *learn, u16 word, unsigned int fibre,
		       const struct weave_point *point)
{
	if (word == NOWHERE)
		return;
	learn->words[word].readers |= 1ull << fibre;
	/* Read sections only matter where somebody waits for them. */
	if (point->write || point->kind == WEAVE_RCU_SYNC)
		learn->words[word].writers |= 1ull << fibre;
}

void learn_point(struct learn *learn, unsigned int fibre, const struct weave_point *point)
{
	struct learn_spot *spot = get_spot(learn, point->op, point->nth);

	if (spot) {
		spot->fibre = (u8)fibre;
		for (unsigned int i = 0; i < LEARN_WIDE; i++)
			spot->word[i] = NOWHERE;
		spot->run = point->addr || learn->weak ? learn->run : 0;
	}
	if (!point->addr)
		return;
	for (unsigned int i = 0; i < LEARN_WIDE; i++) {
		u64 last = point->addr + (point->size ? point->size : 1) - 1;
		u16 word = get_word(learn, min(point->addr / 4 + i, last / 4));

		touch_word(learn, word, fibre, point);
		if (spot)
			spot->word[i] = word;
	}
}

static bool is_shared(const struct learn *learn, const struct learn_spot *spot)
{
	if (spot->run != learn->run)
		return false;
	for (unsigned int i = 0; i < LEARN_WIDE; i++) {
		const struct learn_word *word;

		/* No address, or more words than the table holds: it may be. */
		if (spot->word[i] == NOWHERE)
			return true;
		word = &learn->words[spot->word[i]];
		if (word->writers && (word->readers & (word->readers - 1)))
			return true;
	}
	return false;
}

bool learn_end(struct learn *learn)
{
	u32 before = learn->nr_shared;

	for (u32 i = before; i < learn->nr; i++) {
		struct learn_spot *spot = &learn->spots[i];
		struct learn_spot *first = &learn->spots[learn->nr_shared];

		if (!is_shared(learn, spot))
			continue;
		swap(*find_name(learn, spot->op, spot->nth),
		     *find_name(learn, first->op, first->nth));
		swap(*spot, *first);
		learn->nr_shared++;
	}
	return learn->nr_shared != before;
}
