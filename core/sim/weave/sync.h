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

/** sync_begin() - a run begins: no messages */
void sync_begin(void);

/** sync_read() - all that a reader of the bytes @mask learns is added to @clock */
void sync_read(const struct shadow_cell *cell, u64 mask, u32 *clock);
/** sync_write() - the bytes have a new value, which carries @message and nothing else; NULL: nothing at all */
void sync_write(struct shadow_cell *cell, u64 mask, const u32 *message);
/** sync_pass() - a read-modify-write: the new value carries what the old one did, and @more if not NULL */
void sync_pass(struct shadow_cell *cell, u64 mask, const u32 *more);

#endif /* WEAVE_SYNC_H */
