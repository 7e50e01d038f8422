/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of the race detector: what the reader of a value may learn, kept with the bytes that hold the value.
 * Must not touch any fibre's clock itself.
 */
#ifndef WEAVE_SYNC_H
#define WEAVE_SYNC_H

#include "shadow.h"

/* Clocks are copied and joined by so many entries at once. */
#define CLOCK_STEP 4u

static __always_inline void clock_copy(u32 *to, const u32 *from)
{
	for (u32 i = 0; i < race_hot.width; i += CLOCK_STEP)
		__builtin_memcpy(to + i, from + i, CLOCK_STEP * sizeof(*to));
}

/** clock_join() - @to knows all that @from knows as well */
static __always_inline void clock_join(u32 *to, const u32 *from)
{
	for (u32 i = 0; i < race_hot.width; i += CLOCK_STEP)
		for (u32 j = i; j < i + CLOCK_STEP; j++)
			to[j] = to[j] > from[j] ? to[j] : from[j];
}

/**
 * struct sync - a message: who reads any of the bytes @mask learns @clock
 * @next: another one of the cell; 0: none. No byte has two
 * @clock: as long as the run's clocks are
 */
struct sync {
	u32 next;
	u32 mask;
	u32 unused[2]; /* so that clocks are aligned for vector instructions */
	u32 clock[];
};

/* The pool; cells and messages name a message by its distance from here, which is never 0. */
extern char *sync_pool;

static __always_inline struct sync *sync_at(u32 index)
{
	return (struct sync *)(sync_pool + index);
}

/** sync_same() - the usual case: the first message of the cell is that of just the bytes @mask; else NULL */
static __always_inline struct sync *sync_same(const struct shadow_cell *cell, u64 mask)
{
	struct sync *sync = cell->sync ? sync_at(cell->sync) : NULL;

	return sync && sync->mask == mask ? sync : NULL;
}

/** sync_begin() - a run begins: no messages */
void sync_begin(void);

/* The slow halves of what follows. */
void sync_write_any(struct shadow_cell *cell, u64 mask, const u32 *message);
void sync_pass_any(struct shadow_cell *cell, u64 mask, const u32 *more);

/** sync_read() - all that a reader of the bytes @mask learns is added to @clock */
static __always_inline void sync_read(const struct shadow_cell *cell, u64 mask, u32 *clock)
{
	for (u32 index = cell->sync; index; index = sync_at(index)->next)
		if (sync_at(index)->mask & mask)
			clock_join(clock, sync_at(index)->clock);
}

/** sync_write() - the bytes have a new value, which carries @message and nothing else; NULL: nothing at all */
static __always_inline void sync_write(struct shadow_cell *cell, u64 mask, const u32 *message)
{
	struct sync *sync;

	if (!message && !cell->sync)
		return;
	sync = sync_same(cell, mask);
	if (sync && message)
		clock_copy(sync->clock, message);
	else
		sync_write_any(cell, mask, message);
}

/** sync_pass() - a read-modify-write: the new value carries what the old one did, and @more if not NULL */
static __always_inline void sync_pass(struct shadow_cell *cell, u64 mask, const u32 *more)
{
	struct sync *sync;

	if (!more && !cell->sync)
		return;
	sync = sync_same(cell, mask);
	if (!sync)
		sync_pass_any(cell, mask, more);
	else if (more)
		clock_join(sync->clock, more);
}

#endif /* WEAVE_SYNC_H */
