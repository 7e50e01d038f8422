// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's page isolation, and a door to a function that it has for itself. All headers come first: assertions mean something
 * else in the tree's file than in those.
 */
#include <linux/hugetlb.h>
#include <linux/memblock.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>
#include <linux/page_owner.h>
#include <linux/pageblock-flags.h>

#include "mm/internal.h"

#include "../gate.h"
#include "world.h"

#ifdef FAULT_ISOLATION_MEETS_SPLIT
/*
 * Of a folio that reaches over the border: if it does when looked at again, with references. One that is being split has none, and
 * an order of nonsense (docs/findings/isolation-meets-split.md). The names are those of the function that warns.
 */
#undef VM_WARN_ON_ONCE_PAGE
#define VM_WARN_ON_ONCE_PAGE(cond, page) \
	WARN_ON_ONCE((cond) && page_count(head) && head_pfn + compound_nr(head) > boundary_pfn)

/* And of a free page: if it does with the zone's lock. Between two looks without it the page may be somebody's. */
static bool free_page_reaches(struct page *page, unsigned long border)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;
	bool reaches;

	spin_lock_irqsave(&zone->lock, flags);
	reaches = PageBuddy(page) && page_to_pfn(page) + (1ul << buddy_order(page)) > border;
	spin_unlock_irqrestore(&zone->lock, flags);
	return reaches;
}
#undef VM_WARN_ON_ONCE
#define VM_WARN_ON_ONCE(cond) WARN_ON_ONCE((cond) && free_page_reaches(page, boundary_pfn))
#endif

#ifdef FAULT_DYING_PAGE_SKIPPED
/*
 * Not the page of a balloon whose last reference was given up: it is offline until it is freed, which is about to be done, and no
 * driver has agreed to anything (docs/findings/dying-page-skipped.md). In this order: who frees it takes the type away first, and
 * then the flag, by two plain stores that nothing but x86 keeps in order.
 */
static bool is_offline(const struct page *page)
{
	const bool movable = PageMovableOps(page);

	smp_rmb();
	return PageOffline(page) && !movable;
}
#define PageOffline(page) is_offline(page)
#endif

#include "mm/page_isolation.c"

/* As who is about to isolate the pageblock asks, who has the zone's lock; and memory stays. */
unsigned long gate_has_unmovable_pages(unsigned long pfn)
{
	const unsigned long start = pageblock_start_pfn(pfn);
	struct page *page = NULL;
	unsigned long flags;

	lock_device_hotplug();
	if (start + pageblock_nr_pages <= max_pfn - MMFUZZ_BOOT_PFNS)
		page = pfn_to_online_page(start);
	if (!page) {
		unlock_device_hotplug();
		return start;
	}
	spin_lock_irqsave(&page_zone(page)->lock, flags);
#ifdef HAVE_ISOLATE_MODE
	page = has_unmovable_pages(start, start + pageblock_nr_pages, PB_ISOLATE_MODE_OTHER);
#else
	page = has_unmovable_pages(start, start + pageblock_nr_pages, MIGRATE_MOVABLE, 0);
#endif
	spin_unlock_irqrestore(&page_zone(pfn_to_page(start))->lock, flags);
	unlock_device_hotplug();
	return page ? page_to_pfn(page) : GATE_NONE;
}
