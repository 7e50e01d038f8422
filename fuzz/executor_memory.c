// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on memory itself: balloons, virtio-mem, hotplug of blocks; and how all of it is
 * brought back to what it was at boot.
 */
#include "executor_internal.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/*
 * What was put into a device and not taken out. CPUs add to it at the same time; relaxed, since the
 * executor must not order them.
 */
static void given(unsigned long *sum, unsigned long nr)
{
	__atomic_fetch_add(sum, nr, __ATOMIC_RELAXED);
}

/*
 * In parallel the other CPUs change the same device, so only the sum at the end is known; and after a
 * release not even that.
 */
static void check_balloon(unsigned int dev, bool quiet)
{
	unsigned long pages;

	if (!ex.backend->balloon_pages || (ex.threads && (!quiet || ex.balloon_gone[dev])))
		return;
	pages = ex.backend->balloon_pages(dev);
	if (pages != ex.balloon_pages[dev])
		oracle_bug("drifted counter", SIM_NO_PFN,
			   "balloon %u says %lu pages, but was given %lu", dev, pages,
			   ex.balloon_pages[dev]);
}

void op_balloon_inflate(const struct op *op, struct slot *slot)
{
	unsigned long nr;

	(void)slot;
	if (op->dev >= ex.config.nr_balloons || (!ex.threads && ex.balloon_gone[op->dev]))
		return;
	nr = ex.backend->balloon_inflate(op->dev, op->nr);
	returned_count(nr, op->nr);
	given(&ex.balloon_pages[op->dev], nr);
	check_balloon(op->dev, false);
}

void op_balloon_deflate(const struct op *op, struct slot *slot)
{
	unsigned long nr;

	(void)slot;
	if (op->dev >= ex.config.nr_balloons || (!ex.threads && ex.balloon_gone[op->dev]))
		return;
	nr = ex.backend->balloon_deflate(op->dev, op->nr);
	returned_count(nr, op->nr);
	if (!ex.threads)
		returned_count(nr, ex.balloon_pages[op->dev]);
	given(&ex.balloon_pages[op->dev], -nr);
	if (!ex.threads) {
		if (!ex.isolated && nr < op->nr && ex.balloon_pages[op->dev])
			oracle_bug("return value", SIM_NO_PFN,
				   "balloon %u gave %lu of %u pages and keeps %lu", op->dev, nr,
				   op->nr, ex.balloon_pages[op->dev]);
	}
	check_balloon(op->dev, false);
}

void op_balloon_release(const struct op *op, struct slot *slot)
{
	int ret;

	(void)slot;
	if (op->dev >= ex.config.nr_balloons || (!ex.threads && ex.balloon_gone[op->dev]))
		return;
	ret = ex.backend->balloon_release(op->dev);
	RETURNED(ret, EBUSY, ENODEV);
	if (ex.threads) {
		if (!ret)
			__atomic_store_n(&ex.balloon_gone[op->dev], true, __ATOMIC_RELAXED);
		return;
	}
	if (!ret) {
		ex.balloon_gone[op->dev] = true;
		ex.balloon_pages[op->dev] = 0;
	} else if (!ex.isolated) {
		oracle_bug("return value", SIM_NO_PFN,
			   "balloon %u is busy, but nobody has isolated a page", op->dev);
	}
}

void op_balloon_probe(const struct op *op, struct slot *slot)
{
	int ret;

	(void)slot;
	if (op->dev >= ex.config.nr_balloons)
		return;
	ret = ex.backend->balloon_probe(op->dev);
	RETURNED(ret, EEXIST);
	if (ex.threads)
		return;
	if ((ret == 0) != ex.balloon_gone[op->dev])
		oracle_bug("return value", SIM_NO_PFN,
			   "probe of balloon %u returns %d, but the device %s", op->dev, ret,
			   ex.balloon_gone[op->dev] ? "was gone" : "was there");
	ex.balloon_gone[op->dev] = false;
}

void balloon_empty_all(void)
{
	const struct mmfuzz_backend *b = ex.backend;

	for (unsigned int dev = 0; dev < ex.config.nr_balloons; dev++) {
		check_balloon(dev, true);
		if (b->balloon_probe && (ex.threads || ex.balloon_gone[dev]))
			b->balloon_probe(dev);
		if (!b->balloon_deflate || !b->balloon_pages)
			continue;
		while (b->balloon_pages(dev))
			if (!b->balloon_deflate(dev, b->balloon_pages(dev)))
				oracle_bug("cannot be given back", SIM_NO_PFN,
					   "balloon %u keeps %lu pages", dev,
					   b->balloon_pages(dev));
	}
}

/* As check_balloon(). */
static void check_vmem(unsigned int dev, bool quiet)
{
	unsigned long plugged;

	if ((ex.threads && !quiet) || !ex.backend->vmem_plugged)
		return;
	plugged = ex.backend->vmem_plugged(dev);
	if (plugged != ex.vmem_plugged[dev])
		oracle_bug("drifted counter", SIM_NO_PFN,
			   "virtio-mem %u says %lu subblocks, but was given %lu", dev, plugged,
			   ex.vmem_plugged[dev]);
}

void op_vmem_plug(const struct op *op, struct slot *slot)
{
	unsigned long nr;

	(void)slot;
	if (op->dev >= ex.config.nr_vmem)
		return;
	nr = ex.backend->vmem_plug(op->dev, op->nr);
	returned_count(nr, op->nr);
	given(&ex.vmem_plugged[op->dev], nr);
	check_vmem(op->dev, false);
}

void op_vmem_unplug(const struct op *op, struct slot *slot)
{
	unsigned long nr;

	(void)slot;
	if (op->dev >= ex.config.nr_vmem)
		return;
	nr = ex.backend->vmem_unplug(op->dev, op->nr);
	returned_count(nr, op->nr);
	if (!ex.threads)
		returned_count(nr, ex.vmem_plugged[op->dev]);
	given(&ex.vmem_plugged[op->dev], -nr);
	check_vmem(op->dev, false);
}

static void vmem_keeps(unsigned int dev)
{
	const struct mmfuzz_range *region = &ex.config.vmem[dev].region;

	oracle_print_frames(mk_pfn(region->start), region->nr);
	oracle_bug("cannot be given back", SIM_NO_PFN, "virtio-mem %u keeps %lu subblocks", dev,
		   ex.backend->vmem_plugged(dev));
}

void vmem_unplug_all(void)
{
	const struct mmfuzz_backend *b = ex.backend;

	if (!b->vmem_unplug || !b->vmem_plugged)
		return;
	for (unsigned int dev = 0; dev < ex.config.nr_vmem; dev++) {
		check_vmem(dev, true);
		while (b->vmem_plugged(dev))
			if (!b->vmem_unplug(dev, b->vmem_plugged(dev)))
				vmem_keeps(dev);
	}
}

/*
 * The device alone adds and removes what lies in its region; anybody may take its blocks on- and
 * offline.
 */
static bool block_is_vmem(unsigned int block)
{
	unsigned long pfn = (unsigned long)block << ex.config.section_order;

	for (unsigned int i = 0; i < ex.config.nr_vmem; i++) {
		const struct mmfuzz_range *r = &ex.config.vmem[i].region;

		if (pfn >= r->start && pfn < r->start + r->nr)
			return true;
	}
	return false;
}

/* A block that was online at boot: where. NULL for all others. */
static const struct mmfuzz_zone_config *boot_zone(unsigned int block)
{
	unsigned long pfn = (unsigned long)block << ex.config.section_order;

	for (unsigned int i = 0; i < ex.config.nr_zones; i++) {
		const struct mmfuzz_range *r = &ex.config.zones[i].range;

		if (pfn >= r->start && pfn < r->start + r->nr)
			return &ex.config.zones[i];
	}
	return NULL;
}

static void mark_touched(unsigned int block)
{
	__atomic_store_n(&ex.touched[block], 1, __ATOMIC_RELAXED);
	__atomic_store_n(&ex.nr_touched, 1, __ATOMIC_RELAXED);
}

static void touch(unsigned int block)
{
	oracle_zone_touched(mk_block(block));
	mark_touched(block);
}

/*
 * States are what backend->block_state() says. In parallel another CPU may have moved the block on
 * already.
 */
enum {
	ABSENT,
	PRESENT,
	ONLINE
};

static void check_state(unsigned int block, int ret, int before, int after)
{
	int state;

	if (ex.threads || !ex.backend->block_state)
		return;
	state = ex.backend->block_state(mk_block(block));
	if (state != (ret ? before : after))
		oracle_bug("return value", SIM_NO_PFN,
			   "block %u went from state %d to %d, but %d was returned", block, before,
			   state, ret);
}

static int state_of(unsigned int block)
{
	return ex.backend->block_state ? ex.backend->block_state(mk_block(block)) : ABSENT;
}

void op_mem_add(const struct op *op, struct slot *slot)
{
	int ret, before = state_of(op->block);

	(void)slot;
	if (block_is_vmem(op->block))
		return;
	ret = ex.backend->add_memory(mk_block(op->block), mk_nid(op->nid));
	RETURNED(ret, EEXIST, EINVAL, ENOMEM);
	check_state(op->block, ret, before, PRESENT);
	if (!ret)
		touch(op->block);
}

/* Blocks of virtio-mem also come and go by their driver, of which the oracle hears no zone. */
void op_mem_online(const struct op *op, struct slot *slot)
{
	int ret, before = state_of(op->block);
	uint32_t zone;

	(void)slot;
	zone = oracle_zone_touched(mk_block(op->block));
	ret = ex.backend->online_pages(mk_block(op->block), op->zone);
	RETURNED(ret, EINVAL, EBUSY, ECANCELED, ENOMEM);
	check_state(op->block, ret, before, ONLINE);
	if (ret) {
		oracle_zone_kept(mk_block(op->block), zone);
		return;
	}
	mark_touched(op->block);
	if (!block_is_vmem(op->block))
		oracle_zone_is(mk_block(op->block), zone, op->zone);
}

void op_mem_offline(const struct op *op, struct slot *slot)
{
	int ret, before = state_of(op->block);

	(void)slot;
	ret = ex.backend->offline_pages(mk_block(op->block));
	RETURNED(ret, EBUSY, EINVAL, ECANCELED, EAGAIN, ENOMEM);
	check_state(op->block, ret, before, PRESENT);
	if (!ret)
		touch(op->block);
}

void op_mem_remove(const struct op *op, struct slot *slot)
{
	int ret, before = state_of(op->block);

	(void)slot;
	if (block_is_vmem(op->block))
		return;
	ret = ex.backend->remove_memory(mk_block(op->block));
	RETURNED(ret, EBUSY, EINVAL);
	check_state(op->block, ret, before, ABSENT);
	if (!ret)
		touch(op->block);
}

static void must(int ret, unsigned int block, const char *what)
{
	pfn_t start = mk_pfn((unsigned long)block << ex.config.section_order);

	if (!ret)
		return;
	oracle_print_frames(start, 1ul << ex.config.section_order);
	oracle_bug("cannot be given back", start.pfn, "block %u does not %s: %d", block, what, ret);
}

/*
 * First all that hotplug had in hand goes away, whatever node and zone it is in now, so that no
 * block comes back to a zone while another is still there. A block that has a hole or a CMA area
 * cannot have gone.
 */
void blocks_restore(void)
{
	const struct mmfuzz_backend *b = ex.backend;

	if (!ex.nr_touched)
		return;
	for (unsigned int block = 0; block < ex.nr_blocks; block++) {
		if (!ex.touched[block] || block_is_vmem(block))
			continue;
		if (state_of(block) == ONLINE)
			must(b->offline_pages(mk_block(block)), block, "go offline");
		if (state_of(block) == PRESENT)
			must(b->remove_memory(mk_block(block)), block, "go away");
	}
	for (unsigned int block = 0; block < ex.nr_blocks; block++) {
		const struct mmfuzz_zone_config *zone = boot_zone(block);

		if (!ex.touched[block] || !zone)
			continue;
		must(b->add_memory(mk_block(block), mk_nid(zone->nid)), block, "come back");
		must(b->online_pages(mk_block(block), zone->type), block, "go online");
	}
}

#ifdef __clang__
#pragma clang attribute pop
#endif
