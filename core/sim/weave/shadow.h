/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The race detector's memory of accesses: for each 8 bytes that were touched in this run, the accesses that a
 * later one may still conflict with. Knows of clocks only how to compare with one; must not be asked by anybody
 * but race.c.
 *
 * Nothing is cleared between runs: a cell carries the generation of the run that it belongs to, and one of another
 * generation is an empty one. Where a cell lies depends on its address, what is found in it never does.
 */
#ifndef WEAVE_SHADOW_H
#define WEAVE_SHADOW_H

#include "internal.h"

/*
 * An access in one word, so that one comparison can tell that nothing new has happened. Bits 8 to 15 are never set in
 * a record: an access that reaches into the next 8 bytes has some of them set, and so is never taken for a known one.
 */
#define SHADOW_BYTES	   0xffull /* which of the 8 */
#define SHADOW_SPILL	   0xff00ull
#define SHADOW_WRITE	   (1ull << 16)
#define SHADOW_PLAIN	   (1ull << 17)
#define SHADOW_LIVE	   (1ull << 18) /* not the end of the memory's life, which is a plain write without this */
#define SHADOW_RMW	   (1ull << 19) /* the rest up to the fibre is for reports only */
#define SHADOW_SIZE_SHIFT  20 /* 3 bits: its logarithm up to 16 bytes, else SHADOW_BLOCK */
#define SHADOW_ASSUMED	   (1ull << 23) /* plain in the source, counts as marked */
#define SHADOW_FIBRE_SHIFT 24 /* 8 bits */
#define SHADOW_EPOCH_SHIFT 32 /* the fibre's own clock entry, from 1 */
#define SHADOW_WHO	   (~0ull << SHADOW_FIBRE_SHIFT)
#define SHADOW_BLOCK	   5u
/* Who touches which bytes, and how. */
#define SHADOW_KIND                                                                                            \
	(0xffull << SHADOW_FIBRE_SHIFT | SHADOW_LIVE | SHADOW_PLAIN | SHADOW_WRITE | SHADOW_BYTES)

/**
 * struct shadow_access - one access
 * @head: see above; 0: none
 * @pc: in the code under test
 * @log: where the fibre's log of functions stood
 * @op: the operation that the fibre was in
 */
struct shadow_access {
	u64 head;
	uintptr_t pc;
	u32 log;
	u32 op;
};

/**
 * struct shadow_cell - what is known of 8 bytes, or of a key that nobody accesses; one cache line
 * @key: shadow_key() of them and of the run; 0 when never used
 * @first: the accesses, the last recorded one in front: each has met all that lie behind it
 * @more: those that do not fit, a list; 0: none
 * @sync: what a reader of these bytes learns, see sync.c; 0: nothing
 */
struct shadow_cell {
	u64 key;
	struct shadow_access first[2];
	u32 more;
	u32 sync;
} __aligned(64);

/**
 * struct race_hot - what the detector looks at in each access
 * @cells, @shift: the table: 2^(64 - shift) cells
 * @generation: of this run, where keys have it
 * @store: flags of a plain write, or SHADOW_SPILL: none is taken for a known one
 * @width: clock entries in use, rounded up to a multiple of CLOCK_STEP; those beyond the run's fibres are 0
 * @now: of each fibre its SHADOW_WHO bits
 */
struct race_hot {
	struct shadow_cell *cells;
	u64 generation;
	u64 store;
	u32 shift;
	u32 width;
	u64 now[WEAVE_MAX_FIBRES];
};
extern struct race_hot race_hot __aligned(64);

/* Of a key: granule number of a 48-bit address, one bit that tells bytes from keys of others, generation. */
#define SHADOW_GRANULE_BITS	45
#define SHADOW_FOREIGN		(1ull << SHADOW_GRANULE_BITS)
#define SHADOW_GENERATION_SHIFT (SHADOW_GRANULE_BITS + 1)
#define SHADOW_GENERATION_MAX	((1u << (64 - SHADOW_GENERATION_SHIFT)) - 1)

/** shadow_home() - where @granule is, if nobody was there before it: multiplicative hashing */
static __always_inline struct shadow_cell *shadow_home(u64 granule)
{
	return &race_hot.cells[granule * 0x9e3779b97f4a7c15ull >> race_hot.shift];
}

/** shadow_covers() - after @old, in the same epoch, @want is nothing new: no later access can tell them apart */
static __always_inline bool shadow_covers(u64 old, u64 want)
{
	return !((old ^ want) & (SHADOW_WHO | want));
}

/**
 * shadow_same_kind() - the same fibre has accessed the same bytes in the same way
 *
 * Whatever lies behind @old in its cell was met by it: it is ordered before it, or does not conflict with it, and so it is
 * with @new. This is what keeps cells cheap that many read: each looks no further than to its own last access.
 */
static __always_inline bool shadow_same_kind(u64 old, u64 new)
{
	return !((old ^ new) & (SHADOW_KIND | SHADOW_SPILL));
}

static __always_inline unsigned int shadow_fibre(u64 head)
{
	return (u8)(head >> SHADOW_FIBRE_SHIFT);
}

static __always_inline u32 shadow_epoch(u64 head)
{
	return (u32)(head >> SHADOW_EPOCH_SHIFT);
}

/**
 * shadow_replaces() - @new is ordered behind @old: nobody needs @old where @new is
 *
 * The end of a life is kept, to be told from a write.
 */
static __always_inline bool shadow_replaces(u64 new, u64 old)
{
	return !((old & ~new) & (SHADOW_WRITE | SHADOW_PLAIN)) && ((old & SHADOW_LIVE) || !(new & SHADOW_LIVE));
}

/** shadow_replaces_front() - @want takes the place of the first access, and there is nothing more to be done */
static __always_inline bool shadow_replaces_front(const struct shadow_cell *cell, u64 want, const u32 *known)
{
	u64 old = cell->first[0].head;

	if (shadow_same_kind(old, want))
		return true;
	return !(cell->first[1].head | cell->more) && !(old & ~want & SHADOW_BYTES) && !(want & SHADOW_SPILL) &&
	       shadow_replaces(want, old) && shadow_epoch(old) <= known[shadow_fibre(old)];
}

/** shadow_seen() - the fast half of a plain access of at most 8 bytes: it is nothing new */
static __always_inline bool shadow_seen(const void *addr, unsigned int size, u64 flags)
{
	u64 granule = (uintptr_t)addr >> 3;
	const struct shadow_cell *cell = shadow_home(granule);
	u64 want = race_hot.now[weave_hot.cpu] | flags | ((1ull << size) - 1) << ((uintptr_t)addr & 7);

	return cell->key == (granule | race_hot.generation) && shadow_covers(cell->first[0].head, want);
}

/** shadow_begin() - a run begins: nothing was accessed */
void shadow_begin(void);

/** shadow_probe() - the slow half of shadow_cell() */
struct shadow_cell *shadow_probe(u64 granule);

/** shadow_cell() - the cell of @granule, made if need be. Making one may move all others. */
static __always_inline struct shadow_cell *shadow_cell(u64 granule)
{
	struct shadow_cell *cell = shadow_home(granule);

	return likely(cell->key == (granule | race_hot.generation)) ? cell : shadow_probe(granule);
}

/**
 * shadow_place() - an access is made
 * @head: its
 * @known: the clock of the fibre that makes it
 * @hit: set to an earlier access that it conflicts with and that is not ordered before it, if there is one; one that
 *	ended the life of the memory before all others
 *
 * Return: where the access is to be written down, so that it is remembered for as long as that can matter; NULL when
 * there is a hit, or nothing new.
 */
struct shadow_access *shadow_place(struct shadow_cell *cell, u64 head, const u32 *known,
				   const struct shadow_access **hit);

/** shadow_forget() - the granules that these bytes are in have not been accessed */
void shadow_forget(uintptr_t addr, size_t len);

/** shadow_grow() - memory for a table that has become too small; ends the process when there is none */
void *shadow_grow(void *old, size_t old_bytes, size_t bytes);
/** shadow_bytes() - held in all: stays as it is once the longest run has been seen */
size_t shadow_bytes(void);
/** shadow_set_generation() - of the next run; for the test of what happens when the numbers have run out */
void shadow_set_generation(u32 generation);

#endif /* WEAVE_SHADOW_H */
