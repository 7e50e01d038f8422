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

static void record(const struct part *part, u64 flags, const void *pc)
{
	unsigned int fibre = weave_hot.cpu;
	const struct shadow_access new = {
		.head = race_hot.now[fibre] | flags | part->mask,
		.pc = (uintptr_t)pc,
		.log = race_logs[fibre].nr,
		.op = weave_now->fibres[fibre].op,
	};
	const struct shadow_access *old = shadow_record(part->cell, &new, fibres[fibre].clock.t);

	if (unlikely(old))
		race_found(part->granule << 3, old, &new);
}

/* What a report says of the size. */
static u64 size_flags(size_t size)
{
	return (u64)(size <= 16 && is_power_of_2(size) ? ilog2(size) : SHADOW_BLOCK) << SHADOW_SIZE_SHIFT;
}

/* The part of [@at, @end) in the first cell that it touches. */
static struct part first_part(uintptr_t at, uintptr_t end)
{
	unsigned int offset = at & 7;
	size_t len = min_t(size_t, 8 - offset, end - at);

	return (struct part){
		.cell = shadow_cell(at >> 3),
		.granule = at >> 3,
		.mask = ((1ull << len) - 1) << offset,
	};
}

void race_plain(const void *addr, size_t len, u64 flags, const void *pc)
{
	uintptr_t at = (uintptr_t)addr, end = at + len;

	flags |= size_flags(len);
	while (at < end) {
		struct part part = first_part(at, end);

		record(&part, flags, pc);
		/*
		 * The value carries nothing any more. A store that shadow_seen() lets pass need not say so: since the
		 * store in the same epoch that it is taken for, only the fibre's own relaxed stores can have left a
		 * message here without a race, and whoever reads it without one knows more than that already.
		 */
		if (unlikely((flags & SHADOW_WRITE) && part.cell->sync))
			sync_write(part.cell, part.mask, NULL);
		at = (part.granule + 1) << 3;
	}
}

/*
 * A marked access of 1 to 16 bytes. Return: how many cells it touches. Making the second cell may move the first one,
 * hence the order.
 */
static unsigned int split(const void *addr, unsigned int size, struct part part[2])
{
	uintptr_t at = (uintptr_t)addr, end = at + size, next = (at | 7) + 1;

	if (likely(end <= next)) {
		part[0] = first_part(at, end);
		return 1;
	}
	shadow_cell(next >> 3);
	part[0] = first_part(at, end);
	part[1] = first_part(next, end);
	return 2;
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

static void learn(const struct part *part, unsigned int nr, int order)
{
	for (unsigned int i = 0; i < nr; i++)
		if (part[i].cell->sync)
			sync_read(part[i].cell, part[i].mask, learns_into(current(), order));
}

static void record_marked(const struct part *part, unsigned int nr, u64 flags, unsigned int size, const void *pc)
{
	for (unsigned int i = 0; i < nr; i++)
		record(&part[i], SHADOW_LIVE | flags | size_flags(size), pc);
}

static void tell(const struct part *part, unsigned int nr, int order)
{
	const u32 *message = message_of(current(), order);

	for (unsigned int i = 0; i < nr; i++)
		if (message || part[i].cell->sync)
			sync_write(part[i].cell, part[i].mask, message);
	if (releases(order))
		race_tick();
}

/* The new value carries what the old one did. */
static void pass(const struct part *part, unsigned int nr, int order)
{
	const u32 *message = message_of(current(), order);

	if (likely(nr == 1)) {
		if (message || part->cell->sync)
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

void race_atomic_load(const void *addr, unsigned int size, int order, const void *pc)
{
	struct part part[2];
	unsigned int nr = split(addr, size, part);

	learn(part, nr, order);
	record_marked(part, nr, 0, size, pc);
}

void race_atomic_store(const void *addr, unsigned int size, int order, const void *pc)
{
	struct part part[2];
	unsigned int nr = split(addr, size, part);

	record_marked(part, nr, SHADOW_WRITE, size, pc);
	tell(part, nr, order);
}

void race_atomic_rmw(const void *addr, unsigned int size, int order, const void *pc)
{
	struct part part[2];
	unsigned int nr = split(addr, size, part);

	learn(part, nr, order);
	record_marked(part, nr, SHADOW_WRITE | SHADOW_RMW, size, pc);
	pass(part, nr, order);
}

void race_plain_store(const void *addr, size_t len, const void *pc)
{
	struct part part[2];

	if (!kcsan() || len > 8 || !IS_ALIGNED((uintptr_t)addr, len)) {
		race_plain(addr, len, SHADOW_LIVE | SHADOW_PLAIN | SHADOW_WRITE, pc);
		return;
	}
	/* KCSAN's view: as a relaxed store. */
	split(addr, (unsigned int)len, part);
	record_marked(part, 1, SHADOW_WRITE | SHADOW_ASSUMED, (unsigned int)len, pc);
	tell(part, 1, __ATOMIC_RELAXED);
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
	struct part part[2];

	record_marked(part, split(addr, size, part), write ? SHADOW_WRITE : 0, size, pc);
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
