// SPDX-License-Identifier: GPL-2.0-only
/*
 * The design memdesc behind the door of backend.h.
 *
 * Here, and only here, are a caller's frame numbers and orders looked at before the core believes them; inside, who
 * passes a page has it. No policy and no state of its own.
 */
#include <string.h>

#include "describe.h"
#include "internal.h"

/* Frames [pfn, pfn + nr) exist and are online, or the run ends. */
static __always_inline void check_frames(pfn_t pfn, unsigned long nr, const char *func)
{
	if (unlikely(pfn.pfn >= max_pfn || nr > max_pfn - pfn.pfn))
		sim_bug("frame outside memory", func, pfn.pfn, "%lu frames of %lu", nr, max_pfn);
}

/* An aligned block of frames that exist. */
static __always_inline void check_aligned(pfn_t pfn, order_t order, const char *func)
{
	if (unlikely(order.order > MAX_PAGE_ORDER))
		sim_bug("wrong order", func, pfn.pfn, "order %u, at most %u", order.order, MAX_PAGE_ORDER);
	check_frames(pfn, 1ul << order.order, func);
	if (unlikely(pfn.pfn & ((1ul << order.order) - 1)))
		sim_bug("block not aligned to its order", func, pfn.pfn, "order %u", order.order);
}

static __always_inline struct page *check_block(pfn_t pfn, order_t order, const char *func)
{
	check_aligned(pfn, order, func);
	if (unlikely(!pfn_to_online_page(pfn.pfn)))
		sim_bug("frame not online", func, pfn.pfn, "order %u", order.order);
	return pfn_to_page(pfn.pfn);
}

static void check_node(nid_t nid, const char *func)
{
	if (unlikely(nid.nid >= mm->nr_nodes))
		sim_bug("node that is not there", func, SIM_NO_PFN, "node %u of %u", nid.nid, mm->nr_nodes);
}

static void check_device(unsigned int dev, unsigned int nr, const char *func)
{
	if (unlikely(dev >= nr))
		sim_bug("device that is not there", func, SIM_NO_PFN, "device %u of %u", dev, nr);
}

#define FRAMES(pfn, nr) check_frames(pfn, nr, __func__)
#define BLOCK(pfn, order) check_block(pfn, order, __func__)
#define NODE(nid) check_node(nid, __func__)

static pfn_t pfn_of(const struct page *page)
{
	return page ? mk_pfn(page_to_pfn(page)) : PFN_NONE;
}

/* --- life --- */

static void be_set_trace(const struct mmfuzz_trace *trace)
{
	mm_trace = trace;
}

static void be_quiesce(void)
{
	rcu_barrier();
	drain_all_pages(NULL);
	for (unsigned int i = 0; i < mm->nr_zones; i++)
		unreserve_highatomic_pageblock(&mm->zones[i], true);
}

static void be_stats(struct mmfuzz_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		struct zone *zone = &mm->zones[i];

		if (!populated_zone(zone))
			continue;
		stats->managed += zone_managed_pages(zone);
		stats->free += zone_page_state(zone, NR_FREE_PAGES);
		stats->free_isolated += zone_page_state(zone, NR_FREE_ISOLATED);
		stats->guard += zone_page_state(zone, NR_GUARD);
		for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
			stats->pcp += READ_ONCE(zone->pcp[cpu].count);
		for (unsigned long next = READ_ONCE(zone->deferred); next;) {
			unsigned long word = page_word(pfn_to_page(next - 1));

			stats->deferred += 1ul << free_order(word);
			next = free_next(word) == next - 1 ? 0 : free_next(word) + 1ul;
		}
	}
	for (unsigned int dev = 0; dev < mm->config.nr_balloons; dev++)
		stats->ballooned += balloon_pages(dev);
	stats->migrate_success = atomic_long_read(&mm->vm_event[PGMIGRATE_SUCCESS]);
	stats->migrate_fail = atomic_long_read(&mm->vm_event[PGMIGRATE_FAIL]);
	for (unsigned int cache = 0; cache < NR_DESC_CACHES; cache++)
		stats->descriptors += desc_in_use(cache);
	stats->metadata_bytes = max_pfn * sizeof(struct page) + mm->nr_pageblocks +
				mm->nr_sections * sizeof(struct mem_section);
}

static int be_describe(pfn_t pfn, char *buf, size_t len)
{
	return describe_pfn(pfn.pfn, buf, len);
}

static bool be_pfn_state_ok(pfn_t pfn)
{
	FRAMES(pfn, 1);
	return !pfn_valid(pfn.pfn) || memdesc_valid(page_word(pfn_to_page(pfn.pfn)));
}

/* --- frozen pages --- */

static pfn_t be_alloc_frozen(unsigned int gfp, order_t order, nid_t nid)
{
	return pfn_of(alloc_frozen_pages(gfp, order.order, nid.nid));
}

static void be_free_frozen(pfn_t pfn, order_t order)
{
	free_frozen_pages(BLOCK(pfn, order), order.order);
}

static pfn_t be_alloc_frozen_nolock(order_t order, nid_t nid)
{
	return pfn_of(alloc_frozen_pages_nolock(order.order, nid.nid));
}

static void be_free_frozen_nolock(pfn_t pfn, order_t order)
{
	free_frozen_pages_nolock(BLOCK(pfn, order), order.order);
}

static unsigned long be_alloc_bulk(unsigned int gfp, nid_t nid, unsigned long nr, pfn_t *pfns)
{
	return alloc_pages_bulk(gfp, nid.nid, nr, pfns);
}

static void be_free_bulk(unsigned long nr, const pfn_t *pfns)
{
	for (unsigned long i = 0; i < nr; i++)
		BLOCK(pfns[i], mk_order(0));
	free_pages_bulk(nr, pfns);
}

static void be_split(pfn_t pfn, order_t order)
{
	split_page(BLOCK(pfn, order), order.order);
}

static void be_set_type(pfn_t pfn, order_t order)
{
	struct page *page = BLOCK(pfn, order);

	MM_BUG_ON(page_word_locked(page) != misc_word(MISC_FROZEN, order.order, 0),
		  "description of a page that the caller does not own", pfn.pfn, "order %u", order.order);
	set_page_word(page, misc_word(MISC_UNMAPPABLE, order.order, 0));
}

/* --- refcounted pages --- */

static pfn_t be_alloc_pages(unsigned int gfp, order_t order, nid_t nid)
{
	return pfn_of(alloc_pages(gfp, order.order, nid.nid));
}

static void be_get_page(pfn_t pfn)
{
	BLOCK(pfn, mk_order(0));
	get_page_owned(pfn.pfn);
}

static void be_put_page(pfn_t pfn)
{
	BLOCK(pfn, mk_order(0));
	put_page_owned(pfn.pfn);
}

static int be_page_count(pfn_t pfn)
{
	BLOCK(pfn, mk_order(0));
	return page_count(pfn.pfn);
}

/* --- ranges --- */

static int be_alloc_contig_frozen_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	return nr ? alloc_contig_frozen_range(start.pfn, start.pfn + nr, false) : -EINVAL;
}

static void be_free_contig_frozen_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	free_contig_frozen_range(start.pfn, nr);
}

static pfn_t be_alloc_contig_frozen_pages(unsigned long nr, unsigned int gfp, nid_t nid)
{
	NODE(nid);
	return nr ? pfn_of(alloc_contig_frozen_pages(nr, gfp, nid.nid)) : PFN_NONE;
}

static int be_alloc_contig_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	return nr ? alloc_contig_range(start.pfn, start.pfn + nr) : -EINVAL;
}

static void be_free_contig_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	free_contig_range(start.pfn, nr);
}

static pfn_t be_cma_alloc(unsigned int area, unsigned long nr)
{
	check_device(area, mm->config.nr_cma, __func__);
	return nr ? pfn_of(cma_alloc(area, nr)) : PFN_NONE;
}

static void be_cma_release(unsigned int area, pfn_t start, unsigned long nr)
{
	check_device(area, mm->config.nr_cma, __func__);
	FRAMES(start, nr);
	cma_release(area, start.pfn, nr);
}

static void check_pageblocks(pfn_t start, unsigned long nr, const char *func)
{
	check_frames(start, nr, func);
	if (unlikely(!nr || !IS_ALIGNED(start.pfn | nr, pageblock_nr_pages)))
		sim_bug("range not made of whole pageblocks", func, start.pfn, "%lu frames", nr);
}

static int be_start_isolate_page_range(pfn_t start, unsigned long nr)
{
	check_pageblocks(start, nr, __func__);
	return start_isolate_page_range(start.pfn, start.pfn + nr, ISOLATE_MODE_OTHER);
}

static void be_undo_isolate_page_range(pfn_t start, unsigned long nr)
{
	check_pageblocks(start, nr, __func__);
	undo_isolate_page_range(start.pfn, start.pfn + nr);
}

static pfn_t be_has_unmovable_pages(pfn_t pfn)
{
	unsigned long start = ALIGN_DOWN(pfn.pfn, pageblock_nr_pages);
	unsigned long found;

	FRAMES(pfn, 1);
	rcu_read_lock();
	found = has_unmovable_pages(start, start + pageblock_nr_pages, ISOLATE_MODE_OTHER);
	rcu_read_unlock();
	return mk_pfn(found);
}

/* --- movable pages; pfn_t is one unsigned long, so arrays of it are arrays of frame numbers --- */

_Static_assert(sizeof(pfn_t) == sizeof(unsigned long), "arrays of pfn_t are cast");

static unsigned long be_isolate_movable(pfn_t start, unsigned long nr, unsigned long max, pfn_t *pfns)
{
	unsigned long pfn = start.pfn;
	unsigned long got = 0;

	FRAMES(start, nr);
	while (pfn < start.pfn + nr && got < max)
		got += isolate_migratepages_range(&pfn, start.pfn + nr, max - got, (unsigned long *)pfns + got);
	return got;
}

static unsigned long be_migrate_pages(pfn_t *pfns, unsigned long nr, bool async)
{
	for (unsigned long i = 0; i < nr; i++)
		BLOCK(pfns[i], mk_order(0));
	return migrate_pages((unsigned long *)pfns, nr, NULL, NULL, NULL, async);
}

static void be_putback_movable_pages(const pfn_t *pfns, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		BLOCK(pfns[i], mk_order(0));
	putback_movable_pages((const unsigned long *)pfns, nr);
}

static int be_compact(nid_t nid, order_t order)
{
	bool done = false;

	NODE(nid);
	MM_BUG_ON(order.order > MAX_PAGE_ORDER, "wrong order", SIM_NO_PFN, "order %u", order.order);
	for (unsigned int i = 0; i < mm->nr_zones && !done; i++)
		if (mm->zones[i].nid == nid.nid)
			done = compact_zone_order(&mm->zones[i], order.order, false);
	return done ? 0 : -ENOMEM;
}

/* --- folios --- */

static void check_index(unsigned int index, const char *func)
{
	if (unlikely(index >= MMFUZZ_MAX_FOLIOS))
		sim_bug("index beyond the file", func, SIM_NO_PFN, "index %u", index);
}

static int be_folio_add(unsigned int index, enum mmfuzz_folio_type type, order_t order, unsigned int gfp, uint64_t tag)
{
	check_index(index, __func__);
	MM_BUG_ON(order.order > MAX_PAGE_ORDER, "wrong order", SIM_NO_PFN, "order %u", order.order);
	return filemap_add_folio(index, type == MMFUZZ_FOLIO_ANON ? MEMDESC_ANON : MEMDESC_FILE, order.order, gfp, tag);
}

static int be_folio_remove(unsigned int index)
{
	check_index(index, __func__);
	return filemap_remove_folio(index);
}

static int be_folio_write(unsigned int index, uint64_t tag)
{
	check_index(index, __func__);
	return filemap_write(index, tag);
}

static int be_folio_read(unsigned int index, uint64_t *tag)
{
	u64 got = 0;
	int err;

	check_index(index, __func__);
	err = filemap_read(index, &got);
	*tag = got;
	return err;
}

static pfn_t be_folio_get(unsigned int index)
{
	struct folio *folio;

	check_index(index, __func__);
	folio = filemap_get_folio(index);
	return folio ? mk_pfn(folio->pfn) : PFN_NONE;
}

static void be_folio_put(pfn_t pfn)
{
	BLOCK(pfn, mk_order(0));
	put_page_owned(pfn.pfn);
}

static unsigned long be_walk_pfns(pfn_t start, unsigned long nr)
{
	unsigned long got = 0;

	FRAMES(start, nr);
	for (unsigned long pfn = start.pfn; pfn < start.pfn + nr; pfn++) {
		unsigned long word;
		struct mappable *m = pfn_try_get(pfn, &word);

		if (!m)
			continue;
		got++;
		put_mappable(m, word);
	}
	return got;
}

/* --- offline pages --- */

static pfn_t be_alloc_offline_page(unsigned int gfp, nid_t nid)
{
	return pfn_of(alloc_offline_pages(gfp, 0, nid.nid, 0, 0));
}

static pfn_t be_alloc_offline_pages(unsigned int gfp, order_t order, nid_t nid)
{
	return pfn_of(alloc_offline_pages(gfp, order.order, nid.nid, 0, 0));
}

static int be_alloc_offline_page_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	return nr ? alloc_offline_page_range(start.pfn, nr, 0, 0) : -EINVAL;
}

/* Skippable frames stay with their owner while their block is offline, so these do not ask for an online one. */
static void be_free_offline_page(pfn_t pfn, order_t order)
{
	check_aligned(pfn, order, __func__);
	free_offline_page(pfn.pfn, order.order);
}

static void be_free_offline_page_range(pfn_t start, unsigned long nr)
{
	FRAMES(start, nr);
	free_offline_page_range(start.pfn, nr);
}

static void be_set_offline_skippable(pfn_t pfn, order_t order, bool skippable)
{
	check_aligned(pfn, order, __func__);
	set_offline_skippable(pfn.pfn, order.order, skippable);
}

/* --- drivers --- */

#define BALLOON(dev) check_device(dev, mm->config.nr_balloons, __func__)
#define VMEM(dev) check_device(dev, mm->config.nr_vmem, __func__)

static unsigned long be_balloon_inflate(unsigned int dev, unsigned long nr)
{
	BALLOON(dev);
	return balloon_inflate(dev, nr);
}

static unsigned long be_balloon_deflate(unsigned int dev, unsigned long nr)
{
	BALLOON(dev);
	return balloon_deflate(dev, nr);
}

static int be_balloon_release(unsigned int dev)
{
	BALLOON(dev);
	return balloon_release(dev);
}

static int be_balloon_probe(unsigned int dev)
{
	BALLOON(dev);
	return balloon_probe(dev);
}

static unsigned long be_balloon_pages(unsigned int dev)
{
	BALLOON(dev);
	return balloon_pages(dev);
}

static unsigned long be_vmem_plug(unsigned int dev, unsigned long nr)
{
	VMEM(dev);
	return virtio_mem_plug(dev, nr);
}

static unsigned long be_vmem_unplug(unsigned int dev, unsigned long nr)
{
	VMEM(dev);
	return virtio_mem_unplug(dev, nr);
}

static unsigned long be_vmem_plugged(unsigned int dev)
{
	VMEM(dev);
	return virtio_mem_plugged(dev);
}

/* --- hotplug --- */

static void check_memory_block(block_t block, const char *func)
{
	if (unlikely(block.block >= mm->nr_sections))
		sim_bug("memory block outside memory", func, SIM_NO_PFN, "block %lu of %lu", block.block,
			mm->nr_sections);
}

static int be_add_memory(block_t block, nid_t nid)
{
	check_memory_block(block, __func__);
	NODE(nid);
	return add_memory(block.block, nid.nid);
}

static int be_online_pages(block_t block, enum mmfuzz_zone_type type)
{
	check_memory_block(block, __func__);
	return online_pages(block.block, type);
}

static int be_offline_pages(block_t block)
{
	check_memory_block(block, __func__);
	return offline_pages(block.block);
}

static int be_remove_memory(block_t block)
{
	check_memory_block(block, __func__);
	return remove_memory(block.block);
}

static int be_block_state(block_t block)
{
	check_memory_block(block, __func__);
	switch (READ_ONCE(mem_section[block.block].state)) {
	case SECTION_ABSENT:
		return 0;
	case SECTION_ONLINE:
	case SECTION_GOING_OFFLINE:
		return 2;
	default:
		return 1;
	}
}

/* --- pagesets, RCU --- */

static void be_drain(enum mmfuzz_drain how, cpu_t cpu)
{
	switch (how) {
	case MMFUZZ_DRAIN_LOCAL:
		drain_local_pages(NULL);
		break;
	case MMFUZZ_DRAIN_CPU:
		MM_BUG_ON(cpu.cpu >= nr_cpu_ids, "CPU that is not there", SIM_NO_PFN, "CPU %u of %u", cpu.cpu,
			  nr_cpu_ids);
		drain_cpu_pages(cpu.cpu, NULL);
		break;
	case MMFUZZ_DRAIN_ALL:
		drain_all_pages(NULL);
		break;
	}
}

static void be_pcp_disable(nid_t nid)
{
	NODE(nid);
	for (unsigned int i = 0; i < mm->nr_zones; i++)
		if (mm->zones[i].nid == nid.nid)
			zone_pcp_disable(&mm->zones[i]);
}

static void be_pcp_enable(nid_t nid)
{
	NODE(nid);
	for (unsigned int i = 0; i < mm->nr_zones; i++)
		if (mm->zones[i].nid == nid.nid)
			zone_pcp_enable(&mm->zones[i]);
}

static void be_rcu_barrier(void)
{
	rcu_barrier();
}

static void be_op_done(void)
{
	lockdep_assert_none_held();
	rcu_poll();
}

const struct mmfuzz_backend mmfuzz_backend_memdesc = {
	.name = "memdesc",
	.boot = mm_boot,
	.snapshot = mm_snapshot,
	.reset = mm_reset,
	.shutdown = mm_shutdown,
	.set_trace = be_set_trace,
	.quiesce = be_quiesce,
	.check = mm_check,
	.check_idle = mm_check_idle,
	.stats = be_stats,
	.describe = be_describe,
	.describe_addr = mm_describe_addr,
	.describe_value = mm_describe_value,
	.pfn_state_ok = be_pfn_state_ok,
	.alloc_frozen = be_alloc_frozen,
	.free_frozen = be_free_frozen,
	.alloc_frozen_nolock = be_alloc_frozen_nolock,
	.free_frozen_nolock = be_free_frozen_nolock,
	.alloc_bulk = be_alloc_bulk,
	.free_bulk = be_free_bulk,
	.split = be_split,
	.set_type = be_set_type,
	.alloc_pages = be_alloc_pages,
	.get_page = be_get_page,
	.put_page = be_put_page,
	.page_count = be_page_count,
	.alloc_contig_frozen_range = be_alloc_contig_frozen_range,
	.free_contig_frozen_range = be_free_contig_frozen_range,
	.alloc_contig_frozen_pages = be_alloc_contig_frozen_pages,
	.alloc_contig_range = be_alloc_contig_range,
	.free_contig_range = be_free_contig_range,
	.cma_alloc = be_cma_alloc,
	.cma_release = be_cma_release,
	.start_isolate_page_range = be_start_isolate_page_range,
	.undo_isolate_page_range = be_undo_isolate_page_range,
	.has_unmovable_pages = be_has_unmovable_pages,
	.isolate_movable = be_isolate_movable,
	.migrate_pages = be_migrate_pages,
	.putback_movable_pages = be_putback_movable_pages,
	.compact = be_compact,
	.folio_add = be_folio_add,
	.folio_remove = be_folio_remove,
	.folio_write = be_folio_write,
	.folio_read = be_folio_read,
	.folio_get = be_folio_get,
	.folio_put = be_folio_put,
	.walk_pfns = be_walk_pfns,
	.alloc_offline_page = be_alloc_offline_page,
	.alloc_offline_pages = be_alloc_offline_pages,
	.alloc_offline_page_range = be_alloc_offline_page_range,
	.free_offline_page = be_free_offline_page,
	.free_offline_page_range = be_free_offline_page_range,
	.set_offline_skippable = be_set_offline_skippable,
	.balloon_inflate = be_balloon_inflate,
	.balloon_deflate = be_balloon_deflate,
	.balloon_release = be_balloon_release,
	.balloon_probe = be_balloon_probe,
	.balloon_pages = be_balloon_pages,
	.vmem_plug = be_vmem_plug,
	.vmem_unplug = be_vmem_unplug,
	.vmem_plugged = be_vmem_plugged,
	.add_memory = be_add_memory,
	.online_pages = be_online_pages,
	.offline_pages = be_offline_pages,
	.remove_memory = be_remove_memory,
	.block_state = be_block_state,
	.drain = be_drain,
	.pcp_disable = be_pcp_disable,
	.pcp_enable = be_pcp_enable,
	.rcu_barrier = be_rcu_barrier,
	.op_done = be_op_done,
};
