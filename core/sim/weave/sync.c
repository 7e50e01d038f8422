// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of messages, and what becomes of those of a cell when its bytes are not always accessed as one word: nearly
 * always a cell has none or one.
 */
#include <string.h>

#include "sync.h"

/* Room for so many of the longest kind at first, and at most. */
#define SLOTS_FIRST 256u
#define SLOTS_MAX   (1u << 22)
#define SLOT_MAX    (sizeof(struct sync) + sizeof(u32) * WEAVE_MAX_FIBRES)

char *sync_pool;

static size_t pool_bytes;
static u32 slot_bytes;
static u32 used, free_slot;

void sync_begin(void)
{
	slot_bytes = (u32)(sizeof(struct sync) + race_hot.width * sizeof(u32));
	used = 0;
	free_slot = 0;
}

static u32 take_slot(void)
{
	u32 index = free_slot;

	if (index) {
		free_slot = sync_at(index)->next;
		return index;
	}
	used += slot_bytes;
	if (used + (size_t)slot_bytes > pool_bytes) {
		size_t bytes = pool_bytes ? 2 * pool_bytes : SLOTS_FIRST * SLOT_MAX;

		if (bytes > SLOTS_MAX * SLOT_MAX)
			sim_die("a run has more atomics than the race detector can follow");
		sync_pool = shadow_grow(sync_pool, pool_bytes, bytes);
		pool_bytes = bytes;
	}
	return used;
}

/* The bytes have no message any more. */
static void cut(struct shadow_cell *cell, u32 mask)
{
	u32 *link = &cell->sync;

	while (*link) {
		u32 index = *link;
		struct sync *sync = sync_at(index);

		sync->mask &= ~mask;
		if (sync->mask) {
			link = &sync->next;
		} else {
			*link = sync->next;
			sync->next = free_slot;
			free_slot = index;
		}
	}
}

void sync_write_any(struct shadow_cell *cell, u64 mask, const u32 *message)
{
	struct sync *sync;
	u32 index;

	cut(cell, (u32)mask);
	if (!message)
		return;
	index = take_slot();
	sync = sync_at(index);
	sync->next = cell->sync;
	sync->mask = (u32)mask;
	cell->sync = index;
	clock_copy(sync->clock, message);
}

void sync_pass_any(struct shadow_cell *cell, u64 mask, const u32 *more)
{
	u32 all[WEAVE_MAX_FIBRES];

	memset(all, 0, race_hot.width * sizeof(*all));
	if (more)
		clock_copy(all, more);
	sync_read(cell, mask, all);
	sync_write_any(cell, mask, all);
}
