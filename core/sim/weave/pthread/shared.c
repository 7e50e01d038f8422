// SPDX-License-Identifier: GPL-2.0-only
/* An arena of shared memory with free lists by power of two (shared.h). */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <sim/bug.h>

#include "shared.h"

/* Address space; pages come when they are touched. */
#define ARENA_BYTES (8ul << 30)
#define MIN_SHIFT   5
#define NR_SHIFTS   34

/* In front of each block, and while it is free the link to the next. */
struct block {
	size_t shift;
	struct block *next;
};

struct arena {
	size_t used;
	struct block *free[NR_SHIFTS];
};

static struct arena *arena;

static void make_arena(void)
{
	arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		sim_die("no %lu MiB of address space for what runs share", ARENA_BYTES >> 20);
	arena->used = (sizeof(*arena) + 63) & ~63ul;
}

static void *take(size_t bytes)
{
	size_t shift = MIN_SHIFT;
	struct block *block;

	while ((1ul << shift) - sizeof(*block) < bytes)
		if (++shift == NR_SHIFTS)
			sim_die("%zu bytes of shared memory in one piece: too much", bytes);
	block = arena->free[shift];
	if (block) {
		arena->free[shift] = block->next;
	} else {
		if (arena->used + (1ul << shift) > ARENA_BYTES)
			sim_die("the exploration needs more than %lu MiB: bound it",
				ARENA_BYTES >> 20);
		block = (struct block *)((char *)arena + arena->used);
		arena->used += 1ul << shift;
	}
	*block = (struct block){ .shift = shift };
	return memset(block + 1, 0, bytes);
}

static void give(struct block *block)
{
	block->next = arena->free[block->shift];
	arena->free[block->shift] = block;
}

void *shared_realloc(void *ptr, size_t bytes)
{
	struct block *old = ptr ? (struct block *)ptr - 1 : NULL;
	void *new = NULL;

	if (!arena)
		make_arena();
	if (bytes) {
		new = take(bytes);
		if (old) {
			size_t had = (1ul << old->shift) - sizeof(*old);

			memcpy(new, ptr, had < bytes ? had : bytes);
		}
	}
	if (old)
		give(old);
	return new;
}
