// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clocks of fibres, and what each kind of access does with them. A fibre's own entry counts its releases: all that it
 * does between two of them is known to others together or not at all.
 */
#include <string.h>

#include "race.h"

/**
 * struct race_fibre - what the detector keeps of a fibre
 * @clock: what happened before its next access
 * @fence: its clock at the last release fence, which its later relaxed stores carry
 * @unfenced: what it has read with relaxed loads, and learns by the next acquire fence
 */
struct race_fibre {
	struct clock clock;
	struct clock fence;
	struct clock unfenced;
	bool has_fence;
	bool has_unfenced;
};

/* The bytes of an access that lie in one cell. */
struct part {
	struct shadow_cell *cell;
	u64 granule;
	u64 mask;
};

static struct race_fibre fibres[WEAVE_MAX_FIBRES];

static struct race_fibre *current(void)
{
	return &fibres[weave_hot.cpu];
}

static bool kcsan(void)
{
	return weave_hot.flags & WEAVE_HOT_KCSAN;
}

static void set_now(unsigned int fibre)
{
	race_hot.now[fibre] = (u64)fibres[fibre].clock.t[fibre] << SHADOW_EPOCH_SHIFT |
			      (u64)fibre << SHADOW_FIBRE_SHIFT;
}

void race_begin(unsigned int nr)
{
	race_hot.width = round_up(nr, CLOCK_STEP);
	/* As a marked store, a plain one ends a release sequence, and so is new each time. */
	race_hot.store = kcsan() ? SHADOW_SPILL : SHADOW_LIVE | SHADOW_WRITE | SHADOW_PLAIN;
	shadow_begin();
	sync_begin();
	race_report_begin();
	for (unsigned int i = 0; i < nr; i++) {
		memset(&fibres[i].clock, 0, race_hot.width * sizeof(u32));
		fibres[i].clock.t[i] = 1;
		fibres[i].has_fence = false;
		fibres[i].has_unfenced = false;
		race_logs[i].nr = 0;
		set_now(i);
	}
}

void race_tick(void)
{
	unsigned int fibre = weave_hot.cpu;

	if (unlikely(!++fibres[fibre].clock.t[fibre]))
		sim_die("a run is too long for the race detector: a fibre has made 2^32 releases");
	set_now(fibre);
}

void race_clock(unsigned int fibre, struct clock *clock)
{
	clock_copy(clock->t, fibres[fibre].clock.t);
}

void race_join(unsigned int fibre, const struct clock *clock)
{
	clock_join(fibres[fibre].clock.t, clock->t);
}

/* ---- accesses ---- */

/* In place: a copy of the whole would have to wait for the parts to be stored. */
static __always_inline void fill(struct shadow_access *access, u64 head, const void *pc)
{
	unsigned int fibre = weave_hot.cpu;

	access->head = head;
	access->pc = (uintptr_t)pc;
	access->log = race_logs[fibre].nr;
	access->op = weave_now->fibres[fibre].op;
}

static void record_new(const struct part *part, u64 head, const void *pc)
{
	unsigned int fibre = weave_hot.cpu;
	const struct shadow_access *hit = NULL;
	struct shadow_access *new = shadow_place(part->cell, head, fibres[fibre].clock.t, &hit);
	struct shadow_access racing;

	if (unlikely(hit))
		new = &racing;
	else if (!new)
		return;
	fill(new, head, pc);
	if (unlikely(hit))
		race_found(part->granule << 3, hit, new);
}

/* @info: of @flags what only a report needs. */
static __always_inline void record(const struct part *part, u64 flags, u64 info, const void *pc)
{
	u64 want = race_hot.now[weave_hot.cpu] | flags | part->mask;

	if ((flags & SHADOW_LIVE) && shadow_covers(part->cell->first[0].head, want))
		return;
	record_new(part, want | info, pc);
}

/* What a report says of the size. */
static __always_inline u64 size_info(size_t size)
{
	return (u64)(size <= 16 && is_power_of_2(size) ? ilog2(size) : SHADOW_BLOCK) << SHADOW_SIZE_SHIFT;
}

/* An access that lies in one cell. */
static __always_inline struct part whole_part(uintptr_t at, size_t len)
{
	return (struct part){
		.cell = shadow_cell(at >> 3),
		.granule = at >> 3,
		.mask = ((1ull << len) - 1) << (at & 7),
	};
}

/* The part of [@at, @end) in the first cell that it touches. */
static __always_inline struct part first_part(uintptr_t at, uintptr_t end)
{
	return whole_part(at, min_t(size_t, 8 - (at & 7), end - at));
}

static __always_inline void plain_part(const struct part *part, u64 flags, u64 info, const void *pc)
{
	record(part, flags, info, pc);
	/*
	 * The value carries nothing any more. A store that shadow_seen() lets pass need not say so: since the store in
	 * the same epoch that it is taken for, only the fibre's own relaxed stores can have left a message here
	 * without a race, and whoever reads it without one knows more than that already.
	 */
	if (flags & SHADOW_WRITE)
		sync_write(part->cell, part->mask, NULL);
}

static void noinline plain_wide(uintptr_t at, uintptr_t end, u64 flags, const void *pc)
{
	u64 info = size_info(end - at);

	while (at < end) {
		struct part part = first_part(at, end);

		plain_part(&part, flags, info, pc);
		at = (part.granule + 1) << 3;
	}
}

static void noinline plain_any(uintptr_t at, size_t len, u64 flags, const void *pc)
{
	/* No length at all is for plain_wide(), which then does nothing. */
	if (likely(len - 1 < 8 - (at & 7))) {
		const struct part part = whole_part(at, len);

		plain_part(&part, flags, size_info(len), pc);
	} else {
		plain_wide(at, at + len, flags, pc);
	}
}

/* The usual case is seen here, with nothing to save on the stack. */
void race_plain(const void *addr, size_t len, u64 flags, const void *pc)
{
	uintptr_t at = (uintptr_t)addr;
	u64 granule = at >> 3;
	unsigned int fibre = weave_hot.cpu;
	struct shadow_cell *cell = shadow_home(granule);
	u64 want = race_hot.now[fibre] | flags | ((1ull << (len & 15)) - 1) << (at & 7);

	if (likely(len - 1 < 8 && cell->key == (granule | race_hot.generation) && !cell->sync &&
		   shadow_replaces_front(cell, want, fibres[fibre].clock.t)))
		fill(&cell->first[0], want | size_info(len), pc);
	else
		plain_any(at, len, flags, pc);
}

static bool acquires(int order)
{
	return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* What a store of @order made now tells its readers; NULL: nothing. Behind it comes race_tick() if it releases. */
static const u32 *message_of(const struct race_fibre *fibre, int order)
{
	if (releases(order))
		return fibre->clock.t;
	return fibre->has_fence ? fibre->fence.t : NULL;
}

/* Where what a load of @order reads goes. */
static u32 *learns_into(struct race_fibre *fibre, int order)
{
	if (acquires(order))
		return fibre->clock.t;
	if (!fibre->has_unfenced)
		memset(&fibre->unfenced, 0, race_hot.width * sizeof(u32));
	fibre->has_unfenced = true;
	return fibre->unfenced.t;
}

/*
 * A marked access in its @nr parts. One that reads learns first: what an acquire learns is ordered before it.
 * A release comes last: it covers itself.
 */
static __always_inline void access_parts(const struct part *part, unsigned int nr, u64 flags, u64 info, int order,
					 const void *pc)
{
	bool reads = !(flags & SHADOW_WRITE) || (info & SHADOW_RMW);
	struct race_fibre *fibre = current();
	const u32 *message;

	for (unsigned int i = 0; reads && i < nr; i++)
		if (part[i].cell->sync)
			sync_read(part[i].cell, part[i].mask, learns_into(fibre, order));
	for (unsigned int i = 0; i < nr; i++)
		record(&part[i], flags, info, pc);
	if (!(flags & SHADOW_WRITE))
		return;
	message = message_of(fibre, order);
	if (!reads) {
		for (unsigned int i = 0; i < nr; i++)
			sync_write(part[i].cell, part[i].mask, message);
	} else if (nr == 1) {
		sync_pass(part->cell, part->mask, message);
	} else {
		struct clock all;

		memset(&all, 0, sizeof(all));
		for (unsigned int i = 0; i < nr; i++)
			sync_read(part[i].cell, part[i].mask, all.t);
		if (message)
			clock_join(all.t, message);
		for (unsigned int i = 0; i < nr; i++)
			sync_write(part[i].cell, part[i].mask, all.t);
	}
	if (releases(order))
		race_tick();
}

/* It reaches into a second cell. Making that may move the first one, hence the order. */
static void noinline marked_wide(const void *addr, unsigned int size, u64 flags, u64 info, int order, const void *pc)
{
	uintptr_t at = (uintptr_t)addr, end = at + size, next = (at | 7) + 1;
	struct part part[2];

	shadow_cell(next >> 3);
	part[0] = first_part(at, end);
	part[1] = first_part(next, end);
	access_parts(part, 2, flags, info, order, pc);
}

/* A marked access of 1 to 16 bytes. */
static __always_inline void marked(const void *addr, unsigned int size, u64 flags, u64 info, int order,
				   const void *pc)
{
	uintptr_t at = (uintptr_t)addr;

	flags |= SHADOW_LIVE;
	info |= (u64)__ffs(size) << SHADOW_SIZE_SHIFT;
	if (likely((at & 7) + size <= 8)) {
		const struct part part = whole_part(at, size);

		access_parts(&part, 1, flags, info, order, pc);
	} else {
		marked_wide(addr, size, flags, info, order, pc);
	}
}

void race_atomic_load(const void *addr, unsigned int size, int order, const void *pc)
{
	marked(addr, size, 0, 0, order, pc);
}

void race_atomic_store(const void *addr, unsigned int size, int order, const void *pc)
{
	marked(addr, size, SHADOW_WRITE, 0, order, pc);
}

void race_atomic_rmw(const void *addr, unsigned int size, int order, const void *pc)
{
	marked(addr, size, SHADOW_WRITE, SHADOW_RMW, order, pc);
}

/* KCSAN's view. */
static void noinline store_as_marked(const void *addr, unsigned int size, const void *pc)
{
	marked(addr, size, SHADOW_WRITE, SHADOW_ASSUMED, __ATOMIC_RELAXED, pc);
}

void race_plain_store(const void *addr, size_t len, const void *pc)
{
	if (kcsan() && len <= 8 && IS_ALIGNED((uintptr_t)addr, len))
		store_as_marked(addr, (unsigned int)len, pc);
	else
		race_plain(addr, len, SHADOW_LIVE | SHADOW_PLAIN | SHADOW_WRITE, pc);
}

void race_fence(int order)
{
	struct race_fibre *fibre = current();

	if (acquires(order) && fibre->has_unfenced) {
		clock_join(fibre->clock.t, fibre->unfenced.t);
		fibre->has_unfenced = false;
	}
	if (releases(order)) {
		clock_copy(fibre->fence.t, fibre->clock.t);
		fibre->has_fence = true;
		race_tick();
	}
}

/* ---- order that is not in instrumented accesses ---- */

void race_message(struct clock *message, int order)
{
	const u32 *told = message_of(current(), order);

	if (told)
		clock_copy(message->t, told);
	else
		memset(message, 0, race_hot.width * sizeof(u32));
	if (releases(order))
		race_tick();
}

void race_receive(const struct clock *message, int order)
{
	clock_join(learns_into(current(), order), message->t);
}

void race_check_atomic(const void *addr, unsigned int size, bool write, const void *pc)
{
	uintptr_t at = (uintptr_t)addr, end = at + size;

	while (at < end) {
		struct part part = first_part(at, end);

		record(&part, SHADOW_LIVE | (write ? SHADOW_WRITE : 0), size_info(size), pc);
		at = (part.granule + 1) << 3;
	}
}

/* Keys are kept beside the granules of the same address. */
static struct part key_part(const void *key)
{
	return (struct part){
		.cell = shadow_cell((uintptr_t)key >> 3 | SHADOW_FOREIGN),
		.mask = 1ull << ((uintptr_t)key & 7),
	};
}

void race_acquire(const void *key)
{
	struct part part = key_part(key);

	sync_read(part.cell, part.mask, current()->clock.t);
}

void race_release(const void *key)
{
	struct part part = key_part(key);

	sync_pass(part.cell, part.mask, current()->clock.t);
	race_tick();
}
