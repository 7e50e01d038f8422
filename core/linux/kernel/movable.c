// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable pages by frame number: the lists that the kernel's functions ask for are made of the caller's numbers and taken
 * apart again. Must keep no state of its own.
 */
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/compaction.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/swap.h>

#include "mm/internal.h"

#include "../gate.h"
#include "compacting.h"
#include "world.h"

/* As memory offlining does for each folio of its range. True: it is isolated, and on no list. */
static bool isolate_one(struct folio *folio)
{
	LIST_HEAD(list);

	if (!isolate_folio_to_list(folio, &list))
		return false;
	list_del(&folio->lru);
	return true;
}

/* A guess without a reference, as all scanners make it: on others' pages they take none. */
static bool may_move(struct folio *folio)
{
#ifdef HAVE_MOVABLE_OPS_TYPE
	return mmfuzz_on_lru(folio) || page_has_movable_ops(&folio->page);
#else
	return mmfuzz_on_lru(folio) || __folio_test_movable(folio);
#endif
}

unsigned long gate_isolate_movable(unsigned long start, unsigned long nr, unsigned long max, unsigned long *pfns)
{
	unsigned long got = 0;

	/* What has just been added is on no list from which it could be taken. */
	lru_add_drain_all();
	for (unsigned long pfn = start; pfn < start + nr && got < max; pfn++) {
		struct folio *folio = mmfuzz_folio_try_get(pfn, may_move);

		if (!folio)
			continue;
		if (isolate_one(folio)) {
			pfns[got] = folio_pfn(folio);
			if (mmfuzz_balloon_leaving(&folio->page))
				gate_putback_movable_pages(&pfns[got], 1);
			else
				got++;
		}
		folio_put(folio);
	}
	return got;
}

static void listed(const unsigned long *pfns, unsigned long nr, struct list_head *list)
{
	for (unsigned long i = 0; i < nr; i++)
		list_add_tail(&pfn_folio(pfns[i])->lru, list);
}

unsigned long gate_migrate_pages(unsigned long *pfns, unsigned long nr, int async)
{
	struct migration_target_control target = {
		.nid = NUMA_NO_NODE,
		.gfp_mask = async ? (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) | __GFP_NOWARN :
				    GFP_USER | __GFP_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
		.reason = MR_MEMORY_HOTPLUG,
	};
	unsigned long left = 0;
	LIST_HEAD(list);

	listed(pfns, nr, &list);
	migrate_pages(&list, alloc_migration_target, NULL, (unsigned long)&target, async ? MIGRATE_ASYNC : MIGRATE_SYNC,
		      MR_MEMORY_HOTPLUG, NULL);
	while (left < nr && !list_empty(&list)) {
		struct folio *folio = list_first_entry(&list, struct folio, lru);

		list_del(&folio->lru);
		pfns[left++] = folio_pfn(folio);
	}
	/* A large folio that was split is more than the one that it was. */
	if (!list_empty(&list))
		putback_movable_pages(&list);
	return left;
}

void gate_putback_movable_pages(const unsigned long *pfns, unsigned long nr)
{
	LIST_HEAD(list);

	listed(pfns, nr, &list);
	putback_movable_pages(&list);
}

/* A page that compaction has caught is its caller's, and not yet as the allocator hands pages out. */
static void give_back(struct page *page, unsigned int order, gfp_t gfp)
{
	post_alloc_hook(page, order, gfp);
	/* Whether that is the hook's doing differs from tree to tree. */
	if (!page_ref_count(page))
		set_page_refcounted(page);
	__free_pages(page, order);
}

/* The slow path's way into compaction, without the watermarks that would have to be missed first. */
int gate_compact(unsigned int nid, unsigned int order)
{
	gfp_t gfp = GFP_HIGHUSER_MOVABLE | __GFP_THISNODE | __GFP_NOWARN;
	struct alloc_context ac = {
		.zonelist = node_zonelist(nid, gfp),
		.migratetype = gfp_migratetype(gfp),
		.highest_zoneidx = gfp_zone(gfp),
	};
	struct page *page = NULL;
	enum compact_result result;
	unsigned int flags;

	if (!order || order > MAX_PAGE_ORDER)
		return -ENOMEM;
	ac.preferred_zoneref = first_zones_zonelist(ac.zonelist, ac.highest_zoneidx, NULL);
	/* What compaction frees and takes meanwhile must not come back to it. */
	flags = memalloc_noreclaim_save();
#ifdef HAVE_CAPTURE_CONTROL
	{
		struct capture_control capture = { .migratetype = ac.migratetype, .order = order };

		WRITE_ONCE(current->capture_control, &capture);
		result = mmfuzz_compact_pages(gfp, order, ALLOC_WMARK_MIN, &ac, COMPACT_PRIO_SYNC_LIGHT, &capture);
		WRITE_ONCE(current->capture_control, NULL);
		page = READ_ONCE(capture.page);
	}
#else
	result = mmfuzz_compact_pages(gfp, order, ALLOC_WMARK_MIN, &ac, COMPACT_PRIO_SYNC_LIGHT, &page);
#endif
	memalloc_noreclaim_restore(flags);
	if (page)
		give_back(page, order, gfp);
	return page || result == COMPACT_SUCCESS ? 0 : -ENOMEM;
}
