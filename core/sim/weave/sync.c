// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of messages. A cell has a list of them, each for some of its bytes, none for the same byte twice: nearly
 * always none or one.
 */
#include <string.h>

#include "sync.h"

#define SLOTS_FIRST 256u
#define SLOTS_MAX   (1u << 22)

/* As long as the run's clocks are. */
struct sync {
	u32 next;
	u32 mask;
	u32 unused[2]; /* so that clocks are aligned for vector instructions */
	u32 clock[];
};

/* Index 0 is never handed out. */
static char *slots;
static size_t slots_bytes;
static size_t stride;
static u32 used, free_slot;

void sync_begin(void)
{
	stride = sizeof(struct sync) + race_hot.width * sizeof(u32);
	used = 0;
	free_slot = 0;
}

static struct sync *sync_at(u32 index)
{
	return (struct sync *)(slots + index * stride);
}

static u32 take_slot(void)
{
	u32 index = free_slot;

	if (index) {
		free_slot = sync_at(index)->next;
		return index;
	}
	if (++used == SLOTS_MAX)
		sim_die("a run has more atomics than the race detector can follow: at most %u", SLOTS_MAX);
	if ((used + 1) * stride > slots_bytes) {
		size_t bytes = slots_bytes ? 2 * slots_bytes
					   : SLOTS_FIRST * (sizeof(struct sync) + sizeof(u32) * WEAVE_MAX_FIBRES);

		slots = shadow_grow(slots, slots_bytes, bytes);
		slots_bytes = bytes;
	}
	return used;
}

void sync_read(const struct shadow_cell *cell, u64 mask, u32 *clock)
{
	for (u32 index = cell->sync; index; index = sync_at(index)->next)
		if (sync_at(index)->mask & mask)
			clock_join(clock, sync_at(index)->clock);
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

void sync_write(struct shadow_cell *cell, u64 mask, const u32 *message)
{
	struct sync *sync = cell->sync ? sync_at(cell->sync) : NULL;

	if (!message) {
		cut(cell, (u32)mask);
		return;
	}
	/* The usual case: the same word as before, and nothing else in the cell. */
	if (!sync || sync->next || sync->mask != mask) {
		u32 index;

		cut(cell, (u32)mask);
		index = take_slot();
		sync = sync_at(index);
		sync->next = cell->sync;
		sync->mask = (u32)mask;
		cell->sync = index;
	}
	clock_copy(sync->clock, message);
}

void sync_pass(struct shadow_cell *cell, u64 mask, const u32 *more)
{
	struct sync *sync = cell->sync ? sync_at(cell->sync) : NULL;
	u32 all[WEAVE_MAX_FIBRES];

	if (sync && !sync->next && sync->mask == mask) {
		if (more)
			clock_join(sync->clock, more);
		return;
	}
	if (!sync && !more)
		return;
	memset(all, 0, race_hot.width * sizeof(*all));
	if (more)
		clock_copy(all, more);
	sync_read(cell, mask, all);
	sync_write(cell, mask, all);
}
