// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of accesses: an open-addressed hash of cells, and a pool of accesses that found no room in their cell.
 * Both grow when a run needs more, never by what an address is, and are kept for the runs that follow.
 *
 * Which accesses must be kept is the rule of FastTrack (Flanagan and Freund, PLDI 2009), with one more distinction: an
 * earlier access may go when a later one, ordered behind it, conflicts with all that it conflicts with. Whoever
 * is then not ordered behind the earlier one is not ordered behind the later one either.
 */
#include <string.h>
#include <sys/mman.h>

#include "shadow.h"

#define CELLS_FIRST 1024u
/* 256 MiB of cells: a run that touches 16 MiB of distinct memory. */
#define CELLS_MAX   (1u << 22)
#define NODES_FIRST 256u
#define NODES_MAX   (1u << 24)

struct shadow_node {
	struct shadow_access access;
	u32 next;
};

struct race_hot race_hot __aligned(64);

static u32 generation;
static u32 nr_cells, used_cells;
/* Index 0 is never handed out. */
static struct shadow_node *nodes;
static u32 max_nodes, used_nodes, free_node;
static size_t bytes_held;

void *shadow_grow(void *old, size_t old_bytes, size_t bytes)
{
	void *memory = old ? mremap(old, old_bytes, bytes, MREMAP_MAYMOVE)
			   : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		sim_die("no memory for the race detector: it asked for %zu KiB", bytes >> 10);
	bytes_held += bytes - old_bytes;
	return memory;
}

size_t shadow_bytes(void)
{
	return bytes_held;
}

static void set_table(struct shadow_cell *cells, u32 nr)
{
	race_hot.cells = cells;
	race_hot.shift = 64 - ilog2(nr);
	nr_cells = nr;
}

void shadow_set_generation(u32 next)
{
	generation = next - 1;
}

void shadow_begin(void)
{
	if (!nr_cells)
		set_table(shadow_grow(NULL, 0, CELLS_FIRST * sizeof(struct shadow_cell)), CELLS_FIRST);
	if (++generation > SHADOW_GENERATION_MAX) {
		memset(race_hot.cells, 0, nr_cells * sizeof(struct shadow_cell));
		generation = 1;
	}
	race_hot.generation = (u64)generation << SHADOW_GENERATION_SHIFT;
	used_cells = 0;
	used_nodes = 0;
	free_node = 0;
}

static bool cell_is_current(const struct shadow_cell *cell)
{
	return cell->key >> SHADOW_GENERATION_SHIFT == generation;
}

/* The cell of @granule, or the free one where it belongs. */
static struct shadow_cell *find(u64 granule)
{
	struct shadow_cell *cell = shadow_home(granule);
	u64 key = granule | race_hot.generation;

	while (cell->key != key && cell_is_current(cell))
		if (++cell == race_hot.cells + nr_cells)
			cell = race_hot.cells;
	return cell;
}

static void grow_table(void)
{
	struct shadow_cell *old = race_hot.cells;
	size_t old_bytes = nr_cells * sizeof(*old);
	u32 nr = nr_cells;

	if (nr == CELLS_MAX)
		sim_die("a run touches more memory than the race detector can follow: at most %u MiB",
			CELLS_MAX / 2 * 8 >> 20);
	set_table(shadow_grow(NULL, 0, 2 * old_bytes), 2 * nr);
	for (u32 i = 0; i < nr; i++)
		if (cell_is_current(&old[i]))
			*find(old[i].key & (2 * SHADOW_FOREIGN - 1)) = old[i];
	munmap(old, old_bytes);
	bytes_held -= old_bytes;
}

struct shadow_cell *shadow_probe(u64 granule)
{
	struct shadow_cell *cell = find(granule);

	if (cell_is_current(cell))
		return cell;
	/* At most half full, so that a search ends soon. */
	if (2 * ++used_cells > nr_cells) {
		grow_table();
		cell = find(granule);
	}
	memset(cell, 0, sizeof(*cell));
	cell->key = granule | race_hot.generation;
	return cell;
}

void shadow_forget(uintptr_t addr, size_t len)
{
	for (u64 granule = addr >> 3; granule << 3 < addr + len; granule++) {
		struct shadow_cell *cell = find(granule);

		/* Accesses that found no room in it are lost until the run is over. */
		if (cell_is_current(cell))
			*cell = (struct shadow_cell){ .key = cell->key };
	}
}

static u32 take_node(void)
{
	u32 index = free_node;

	if (index) {
		free_node = nodes[index].next;
		return index;
	}
	if (++used_nodes >= max_nodes) {
		u32 more = max_nodes ? 2 * max_nodes : NODES_FIRST;

		if (more > NODES_MAX)
			sim_die("a run has more accesses side by side than the race detector can follow");
		nodes = shadow_grow(nodes, max_nodes * sizeof(*nodes), more * sizeof(*nodes));
		max_nodes = more;
	}
	return used_nodes;
}

static bool conflict(u64 a, u64 b)
{
	return ((a | b) & SHADOW_WRITE) && ((a | b) & SHADOW_PLAIN);
}

/* What @new means to @old, one of the accesses of its cell. Return: @old must be kept. */
static bool meet(struct shadow_access *old, u64 new, const u32 *known, const struct shadow_access **hit)
{
	u64 both = old->head & new & SHADOW_BYTES;

	if (!both)
		return true;
	if (unlikely(shadow_epoch(old->head) > known[shadow_fibre(old->head)])) {
		if (conflict(old->head, new) && (!*hit || !(old->head & SHADOW_LIVE)))
			*hit = old;
		return true;
	}
	if (shadow_replaces(new, old->head))
		old->head &= ~both;
	return old->head & SHADOW_BYTES;
}

static void meet_more(struct shadow_cell *cell, u64 new, const u32 *known, const struct shadow_access **hit)
{
	u32 *link = &cell->more;

	while (*link) {
		struct shadow_node *node = &nodes[*link];
		bool last = shadow_same_kind(new, node->access.head);

		if (!last && meet(&node->access, new, known, hit)) {
			link = &node->next;
		} else {
			u32 gone = *link;

			*link = node->next;
			node->next = free_node;
			free_node = gone;
		}
		if (last)
			return;
	}
}

/* All of the cell, up to the last access of the same kind. */
static void meet_all(struct shadow_cell *cell, u64 new, const u32 *known, const struct shadow_access **hit)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(cell->first); i++) {
		struct shadow_access *old = &cell->first[i];

		if (shadow_same_kind(new, old->head)) {
			old->head = 0;
			return;
		}
		if (old->head && !meet(old, new, known, hit))
			old->head = 0;
	}
	if (cell->more)
		meet_more(cell, new, known, hit);
}

/* Make room at the front. */
static void move_back(struct shadow_cell *cell)
{
	if (cell->first[1].head) {
		u32 index = take_node();

		nodes[index].access = cell->first[1];
		nodes[index].next = cell->more;
		cell->more = index;
	}
	cell->first[1] = cell->first[0];
}

struct shadow_access *shadow_place(struct shadow_cell *cell, u64 head, const u32 *known,
				   const struct shadow_access **hit)
{
	u64 want = head & (SHADOW_KIND | SHADOW_WHO);
	u64 old = cell->first[0].head;

	/* The usual cases: what was here is of no use any more, or goes on to be all that is needed. */
	if (shadow_replaces_front(cell, want, known))
		return &cell->first[0];
	if ((want & SHADOW_LIVE) && (shadow_covers(old, want) || shadow_covers(cell->first[1].head, want)))
		return NULL;
	meet_all(cell, want, known, hit);
	if (unlikely(*hit))
		return NULL;
	if (cell->first[0].head)
		move_back(cell);
	return &cell->first[0];
}
