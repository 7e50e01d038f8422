/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What weak memory remembers of words: their last values, and what each tells its readers. For memory.c only, which
 * knows the rules; here nothing is decided.
 *
 * All that is merged, for want of room or because sizes differ, is merged upwards: whoever reads it learns more than he
 * had to, so that what the model forbids is never shown.
 */
#ifndef WEAVE_MEMORY_WORDS_H
#define WEAVE_MEMORY_WORDS_H

#include <string.h>

#include "memory.h"
#include "race.h"

#define MAX_HISTORY 4u	  /* values of a word that loads may return, with the newest */
#define NOBODY	    (~0u)
#define WHOLE	    0xffu /* all bytes of a granule */
#define FOREIGN	    (1ull << 63)

/**
 * struct view - of each fibre how many of its stores are known
 *
 * Only the first memory_model.width entries are used.
 */
struct view {
	u32 t[WEAVE_MAX_FIBRES];
};

/**
 * struct message - what the reader of a store learns
 * @fenced: stores that a fence or release put before it: visible to whoever orders his later loads behind this one
 * @everywhere: those that reached all fibres before it, thanks to a full barrier; all that happens later in any
 *	order, dependencies included, passes it on
 * @race: the race detector's
 */
struct message {
	struct view fenced;
	struct view everywhere;
	struct clock race;
};

/**
 * struct store - one value of a word
 * @author, @index: the index-th store of that fibre to reach memory; NOBODY: it was there before
 */
struct store {
	u32 author;
	u32 index;
	u64 value;
	struct message message;
};

/**
 * struct word - the last values of some bytes within a granule of 8
 * @granule: address >> 3; with FOREIGN: a key
 * @bytes: mask of the bytes
 * @mixed: accessed by different sizes: all of the granule, the newest value only
 * @unknown: the newest value is whatever memory holds
 * @next: in its bucket or in the list of free ones; 0: none
 * @oldest, @newest: numbers of stores, which lie at number % MAX_HISTORY
 * @floor: of each fibre the oldest one that it may still read
 */
struct word {
	u64 granule;
	u8 bytes;
	bool mixed;
	bool unknown;
	u16 next;
	u32 oldest;
	u32 newest;
	u32 floor[WEAVE_MAX_FIBRES];
	struct store stores[MAX_HISTORY];
};

/**
 * struct memory_model - of the run under way
 * @nr: fibres
 * @width: entries of views that are used
 * @lkmm: or TSO
 * @words: they are kept: for older values, or for the race detector's messages
 */
struct memory_model {
	unsigned int nr;
	unsigned int width;
	bool lkmm;
	bool words;
};
extern struct memory_model memory_model;

static inline bool racing(void)
{
	return weave_hot.flags & WEAVE_HOT_RACES;
}

static inline void view_join(struct view *to, const struct view *from)
{
	for (unsigned int i = 0; i < memory_model.width; i += CLOCK_STEP)
		for (unsigned int j = i; j < i + CLOCK_STEP; j++)
			to->t[j] = to->t[j] > from->t[j] ? to->t[j] : from->t[j];
}

static inline void view_copy(struct view *to, const struct view *from)
{
	for (unsigned int i = 0; i < memory_model.width; i += CLOCK_STEP)
		memcpy(&to->t[i], &from->t[i], CLOCK_STEP * sizeof(u32));
}

static inline void view_clear(struct view *view)
{
	memset(view, 0, memory_model.width * sizeof(u32));
}

static inline void message_clear(struct message *message)
{
	view_clear(&message->fenced);
	view_clear(&message->everywhere);
	if (racing())
		memset(&message->race, 0, race_hot.width * sizeof(u32));
}

static inline void message_copy(struct message *to, const struct message *from)
{
	if (memory_model.lkmm) {
		view_copy(&to->fenced, &from->fenced);
		view_copy(&to->everywhere, &from->everywhere);
	}
	if (racing())
		clock_copy(to->race.t, from->race.t);
}

static inline void message_join(struct message *to, const struct message *from)
{
	if (memory_model.lkmm) {
		view_join(&to->fenced, &from->fenced);
		view_join(&to->everywhere, &from->everywhere);
	}
	if (racing())
		clock_join(to->race.t, from->race.t);
}

static inline weave_value read_bytes(const void *addr, unsigned int size)
{
	weave_value value = 0;

	switch (size) {
	case 1:
		return *(const u8 *)addr;
	case 2:
		return *(const u16 *)addr;
	case 4:
		return *(const u32 *)addr;
	case 8:
		return *(const u64 *)addr;
	}
	memcpy(&value, addr, size);
	return value;
}

static inline void write_bytes(void *addr, unsigned int size, weave_value value)
{
	switch (size) {
	case 1:
		*(u8 *)addr = (u8)value;
		return;
	case 2:
		*(u16 *)addr = (u16)value;
		return;
	case 4:
		*(u32 *)addr = (u32)value;
		return;
	case 8:
		*(u64 *)addr = (u64)value;
		return;
	}
	memcpy(addr, &value, size);
}

static inline weave_value truncated(weave_value value, unsigned int size)
{
	return size < sizeof(value) ? value & (((weave_value)1 << 8 * size) - 1) : value;
}

static inline bool overlap(uintptr_t a, size_t a_size, uintptr_t b, size_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* It lies in two granules or three: no history, no delay. */
static inline bool is_wide(uintptr_t addr, unsigned int size)
{
	return (addr & 7) + size > 8;
}

static inline u8 bytes_of(uintptr_t addr, unsigned int size)
{
	return (u8)(((1u << size) - 1) << (addr & 7));
}

/* ---- memory_words.c ---- */

/** words_begin() - a run begins: nothing is known of any word */
void words_begin(void);

/** word_newest() - its last store */
static inline struct store *word_newest(struct word *word)
{
	return &word->stores[word->newest % MAX_HISTORY];
}

/** word_new() - a word with one store, of nobody; there is no other for these bytes */
struct word *word_new(u64 granule, u8 bytes);
/** words_drop() - the words of the granule that overlap @bytes are no more; @merged, if not NULL, covers them */
void words_drop(u64 granule, u8 bytes, struct message *merged);
/** word_mix() - from here on the granule is one word, without older values */
struct word *word_mix(u64 granule);
/** word_find() - the word of exactly these bytes, or that of the whole granule if sizes are mixed there; NULL: none */
struct word *word_find(u64 granule, u8 bytes);
/** word_to_read() - the same by address; NULL as well when code that does not call us has written it */
struct word *word_to_read(uintptr_t addr, unsigned int size);
/** word_to_write() - the word that a store goes to, made if there is none; it has its older value */
struct word *word_to_write(uintptr_t addr, unsigned int size);
/** word_store() - the @index-th store of @fibre reaches the word */
void word_store(struct word *word, unsigned int fibre, u32 index, u64 value, const struct message *message);
/** words_forgotten() - what a word tells that has no history; NULL: nothing */
const struct message *words_forgotten(void);
/** words_settle() - a plain access was made: no older values, for this fibre if it has read, for all if it has written */
void words_settle(uintptr_t addr, size_t len, bool write);

#endif /* WEAVE_MEMORY_WORDS_H */
