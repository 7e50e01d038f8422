// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks the kernel's own structures when nobody runs, and says what is wrong: free lists against counters and memmap,
 * pagesets against their counts, zones against their blocks. Must not change anything, and must not trust a list to end.
 */
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/vmstat.h>

#include "mm/internal.h"

#include "../gate.h"
#include "describe.h"
#include "lockdep.h"
#include "poisoned.h"
#include "reported.h"
#include "unaccepted.h"
#include "unplugged.h"
#include "world.h"

/* Which way the checks went says nothing of the input: as coverage it would be noise. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

#define WRONG(rule, ...) mmfuzz_bug(rule, "check", __VA_ARGS__)

/* Frames of one zone, as lists, memmap and counters have them. */
struct zone_sum {
	unsigned long blocks[NR_PAGE_ORDERS];
	unsigned long free;
	unsigned long free_cma;
	unsigned long free_highatomic;
	unsigned long unaccepted; /* free too, but on no free list */
	unsigned long isolated_blocks;
	unsigned long online;
	unsigned long zspages;
};

/* Of an idle machine, at the last snapshot. */
struct zone_idle {
	unsigned long start;
	unsigned long spanned;
	unsigned long present;
	unsigned long managed;
	unsigned long free;
};
static struct zone_idle idle[MAX_NUMNODES][MAX_NR_ZONES];

static struct zone_idle idle_of(struct zone *zone)
{
	return (struct zone_idle){
		.start = zone->spanned_pages ? zone->zone_start_pfn : 0,
		.spanned = zone->spanned_pages,
		.present = zone->present_pages,
		.managed = zone_managed_pages(zone),
		.free = zone_page_state_snapshot(zone, NR_FREE_PAGES),
	};
}

static void check_free_block(struct zone *zone, struct page *page, unsigned int order, int type)
{
	unsigned long pfn = page_to_pfn(page);

	if (!mmfuzz_is_online(pfn) || page_zone(page) != zone || !zone_spans_pfn(zone, pfn))
		WRONG("free list", "0x%lx is on a list of zone %s of node %d, but not in that zone", pfn, zone->name,
		      zone_to_nid(zone));
	if (!PageBuddy(page) || buddy_order(page) != order)
		WRONG("free list", "0x%lx is on a list of order %u, but %s", pfn, order,
		      PageBuddy(page) ? "says another order" : "does not say that it is free");
	if (pfn & ((1ul << order) - 1))
		WRONG("free list", "0x%lx is on a list of order %u, but not aligned", pfn, order);
	if (page_ref_count(page))
		WRONG("free list", "0x%lx is free with %d references", pfn, page_ref_count(page));
	for (unsigned long p = pfn; p < pfn + (1ul << order); p += pageblock_nr_pages) {
		if (get_pageblock_migratetype(pfn_to_page(p)) != type)
			WRONG("free list", "0x%lx of order %u is on a list of type %d, but block 0x%lx is of type %d",
			      pfn, order, type, p, (int)get_pageblock_migratetype(pfn_to_page(p)));
	}
	mmfuzz_check_reported(page, order);
	/* Larger ones may meet by a change of type, which merges nothing. */
	if (order < pageblock_order) {
		struct page *buddy = pfn_to_page(pfn ^ (1ul << order));

		if (PageBuddy(buddy) && buddy_order(buddy) == order && page_zone(buddy) == zone)
			WRONG("free list", "0x%lx and its buddy are both free of order %u", pfn, order);
	}
}

static void sum_list(struct zone *zone, unsigned int order, int type, struct zone_sum *sum)
{
	struct list_head *list = &zone->free_area[order].free_list[type], *last = list;

	for (struct list_head *item = list->next; item != list; item = item->next) {
		struct page *page = list_entry(item, struct page, buddy_list);

		if (item->prev != last)
			WRONG("free list", "the links at 0x%lx, order %u, type %d, do not agree", page_to_pfn(page), order,
			      type);
		last = item;
		check_free_block(zone, page, order, type);
		sum->blocks[order]++;
		if (sum->blocks[order] > zone->present_pages)
			WRONG("free list", "the list of order %u, type %d, does not end", order, type);
		if (!is_migrate_isolate(type))
			sum->free += 1ul << order;
		if (is_migrate_cma(type))
			sum->free_cma += 1ul << order;
		if (type == MIGRATE_HIGHATOMIC)
			sum->free_highatomic += 1ul << order;
	}
	if (list->prev != last)
		WRONG("free list", "the links of the list of order %u, type %d, do not agree", order, type);
}

static void check_lists(struct zone *zone, struct zone_sum *sum)
{
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		for (int type = 0; type < MIGRATE_TYPES; type++)
			sum_list(zone, order, type, sum);
		if (sum->blocks[order] != zone->free_area[order].nr_free)
			WRONG("drifted counter", "zone %s of node %d has %lu free blocks of order %u, nr_free says %lu",
			      zone->name, zone_to_nid(zone), sum->blocks[order], order, zone->free_area[order].nr_free);
	}
}

/* As page_zone() would say, which looks the zone up. */
static bool is_of(const struct page *page, const struct zone *zone)
{
	return page_zonenum(page) == zone_idx(zone) && page_to_nid(page) == zone_to_nid(zone);
}

/* What says that it is free is on a list, and nothing within it does. */
static void walk_memmap(struct zone *zone, struct zone_sum *sum)
{
	unsigned long blocks[NR_PAGE_ORDERS] = { 0 }, end_of_free = 0;

	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!(pfn & (PAGES_PER_SECTION - 1)) && !mmfuzz_is_online(pfn)) {
			pfn += PAGES_PER_SECTION - 1;
			continue;
		}
		if (!is_of(page, zone))
			continue;
		sum->online++;
		if (pageblock_aligned(pfn) && is_migrate_isolate_page(page))
			sum->isolated_blocks++;
		if (PageSlab(page) && !mmfuzz_slab_ok(page))
			WRONG("slab", "0x%lx is a slab of no cache, or with more objects in use than it has, or none", pfn);
		/* One that was taken out of its zspage, and that somebody has isolated, is none any more. */
		sum->zspages += PageZsmalloc(page) && page_private(page);
		if (PageHWPoison(page))
			mmfuzz_check_poisoned(page, pfn < end_of_free);
		if (!PageBuddy(page))
			continue;
		if (pfn < end_of_free)
			WRONG("free list", "0x%lx says that it is free, and lies in a free block that ends at 0x%lx", pfn,
			      end_of_free);
		if (buddy_order(page) >= NR_PAGE_ORDERS)
			WRONG("free list", "0x%lx is free of order %u", pfn, buddy_order(page));
		blocks[buddy_order(page)]++;
		end_of_free = pfn + (1ul << buddy_order(page));
	}
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		if (blocks[order] != sum->blocks[order])
			WRONG("free list", "%lu blocks of order %u in zone %s of node %d say that they are free, %lu are on lists",
			      blocks[order], order, zone->name, zone_to_nid(zone), sum->blocks[order]);
	}
}

static unsigned int order_of_list(unsigned int list)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (list >= NR_LOWORDER_PCP_LISTS)
		return HPAGE_PMD_ORDER;
#endif
	return list / MIGRATE_PCPTYPES;
}

static void check_pageset(struct zone *zone, struct per_cpu_pages *pageset, unsigned int cpu)
{
	unsigned long frames = 0;

	for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
		unsigned int order = order_of_list(i);
		struct list_head *item;

		list_for_each(item, &pageset->lists[i]) {
			struct page *page = list_entry(item, struct page, pcp_list);

			if (page_zone(page) != zone || PageBuddy(page) || page_ref_count(page))
				WRONG("pageset", "0x%lx on a pageset of CPU %u, zone %s of node %d, %s", page_to_pfn(page),
				      cpu, zone->name, zone_to_nid(zone),
				      page_zone(page) != zone ? "is of another zone" :
				      PageBuddy(page)	      ? "is on a free list" :
								"has references");
			frames += 1ul << order;
			if (frames > zone->present_pages)
				WRONG("pageset", "a list of CPU %u, zone %s of node %d does not end", cpu, zone->name,
				      zone_to_nid(zone));
		}
	}
	if (frames != pageset->count)
		WRONG("drifted counter", "the pageset of CPU %u, zone %s of node %d, has %lu frames, its count says %d", cpu,
		      zone->name, zone_to_nid(zone), frames, pageset->count);
}

static void same(struct zone *zone, const char *what, unsigned long is, unsigned long should)
{
	if (is != should)
		WRONG("drifted counter", "zone %s of node %d: %s is %lu, not %lu", zone->name, zone_to_nid(zone), what, is,
		      should);
}

static void check_zone(struct zone *zone)
{
	struct zone_sum sum = { 0 };
	unsigned int cpu;

	check_lists(zone, &sum);
	walk_memmap(zone, &sum);
	sum.unaccepted = mmfuzz_check_unaccepted(zone);
	for_each_online_cpu(cpu)
		check_pageset(zone, per_cpu_ptr(zone->per_cpu_pageset, cpu), cpu);
	same(zone, "NR_FREE_PAGES", zone_page_state_snapshot(zone, NR_FREE_PAGES), sum.free + sum.unaccepted);
	same(zone, "NR_UNACCEPTED", zone_page_state_snapshot(zone, NR_UNACCEPTED), sum.unaccepted);
	same(zone, "NR_FREE_CMA_PAGES", zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES), sum.free_cma);
#ifdef HAVE_FREE_HIGHATOMIC
	same(zone, "nr_free_highatomic", zone->nr_free_highatomic, sum.free_highatomic);
#endif
	same(zone, "nr_isolate_pageblock", zone->nr_isolate_pageblock, sum.isolated_blocks);
	same(zone, "NR_ZSPAGES", zone_page_state_snapshot(zone, NR_ZSPAGES), sum.zspages);
	same(zone, "present_pages", zone->present_pages, sum.online);
	if (zone_managed_pages(zone) > zone->present_pages)
		same(zone, "managed_pages", zone_managed_pages(zone), zone->present_pages);
}

void gate_check(void)
{
	unsigned long managed = 0;
	struct zone *zone;

	for_each_populated_zone(zone) {
		check_zone(zone);
		managed += zone_managed_pages(zone);
	}
	mmfuzz_check_none_on_its_way();
	mmfuzz_check_lockdep();
	mmfuzz_check_poison_counted();
	mmfuzz_check_unplugged();
	if (totalram_pages() != managed)
		WRONG("drifted counter", "totalram_pages is %lu, zones manage %lu", totalram_pages(), managed);
}

void gate_remember(void)
{
	struct zone *zone;

	memset(idle, 0, sizeof(idle));
	for_each_zone(zone)
		idle[zone_to_nid(zone)][zone_idx(zone)] = idle_of(zone);
}

/* Objects of the boot are on its node; all others are somebody's who has given back everything. */
static void check_no_objects(void)
{
	for (unsigned long pfn = 0; pfn < max_pfn - MMFUZZ_BOOT_PFNS; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (mmfuzz_is_online(pfn) && PageSlab(page))
			WRONG("lost object", "0x%lx is a slab of %s with %u objects in use, after all was given back", pfn,
			      mmfuzz_slab_name(page), mmfuzz_slab_inuse(page));
	}
}

void gate_check_idle(void)
{
	struct zone *zone;

	gate_check();
	check_no_objects();
	mmfuzz_check_none_lost();
	mmfuzz_check_none_poisoned();
	for_each_zone(zone) {
		const struct zone_idle was = idle[zone_to_nid(zone)][zone_idx(zone)], is = idle_of(zone);

		same(zone, "after all was given back, the start of the zone", is.start, was.start);
		same(zone, "after all was given back, spanned_pages", is.spanned, was.spanned);
		same(zone, "after all was given back, present_pages", is.present, was.present);
		same(zone, "after all was given back, managed_pages", is.managed, was.managed);
		same(zone, "after all was given back, NR_FREE_PAGES", is.free, was.free);
		same(zone, "after all was given back, nr_isolate_pageblock", zone->nr_isolate_pageblock, 0);
	}
}

int gate_groups_by_mobility(void)
{
	return !page_group_by_mobility_disabled;
}

#pragma clang attribute pop
