// SPDX-License-Identifier: GPL-2.0-only
/* What the backend does, in the kernel's own calls. Must keep no state of its own. */
#include <linux/gfp.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/swap.h>

#include "mm/internal.h"

#include "../gate.h"
#include "world.h"

gfp_t mmfuzz_gfp(unsigned int asked)
{
	/* A program cannot wait for itself to give something back: who has tried once is content. */
	gfp_t gfp = __GFP_NOWARN | __GFP_NORETRY | __GFP_KSWAPD_RECLAIM;

	if (asked & GATE_GFP_COMPACT)
		gfp |= __GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS; /* without IO there is no compaction */
	if (asked & GATE_GFP_MOVABLE)
		gfp |= __GFP_MOVABLE | __GFP_HIGHMEM;
	else if (asked & GATE_GFP_RECLAIMABLE)
		gfp |= __GFP_RECLAIMABLE;
	if (asked & GATE_GFP_DMA)
		gfp = (gfp & ~(__GFP_MOVABLE | __GFP_HIGHMEM)) | __GFP_DMA;
	if (asked & GATE_GFP_THISNODE)
		gfp |= __GFP_THISNODE;
	if (asked & GATE_GFP_ZERO)
		gfp |= __GFP_ZERO;
	if (asked & GATE_GFP_HIGH)
		gfp |= __GFP_HIGH;
	return gfp;
}

unsigned long gate_alloc_pages(unsigned int gfp, unsigned int order, unsigned int nid, int compound)
{
	gfp_t flags = mmfuzz_gfp(gfp) | (compound ? __GFP_COMP : 0);
	struct page *page = order > MAX_PAGE_ORDER ? NULL : __alloc_pages(flags, order, nid, NULL);

	return page ? page_to_pfn(page) : GATE_NONE;
}

void gate_free_pages(unsigned long pfn, unsigned int order)
{
	__free_pages(pfn_to_page(pfn), order);
}

void gate_get_page(unsigned long pfn)
{
	get_page(pfn_to_page(pfn));
}

void gate_put_page(unsigned long pfn)
{
	put_page(pfn_to_page(pfn));
}

int gate_page_count(unsigned long pfn)
{
	return page_count(pfn_to_page(pfn));
}

unsigned long gate_alloc_bulk(unsigned int gfp, unsigned int nid, unsigned long nr, unsigned long *pfns)
{
	struct page **pages = (struct page **)pfns;
	unsigned long got;

	memset(pages, 0, nr * sizeof(*pages));
#ifdef HAVE_BULK_LIST
	got = __alloc_pages_bulk(mmfuzz_gfp(gfp), nid, NULL, nr, NULL, pages);
#else
	got = __alloc_pages_bulk(mmfuzz_gfp(gfp), nid, NULL, nr, pages);
#endif
	for (unsigned long i = 0; i < got; i++)
		pfns[i] = page_to_pfn(pages[i]);
	return got;
}

void gate_split(unsigned long pfn, unsigned int order)
{
	if (!order)
		return;
	mmfuzz_take_apart(pfn_to_page(pfn), order);
	split_page(pfn_to_page(pfn), order);
}

void gate_lru_drain(void)
{
	lru_add_drain_all();
}

void gate_settle(void)
{
	lru_add_drain_all();
	mmfuzz_fold_counters();
}

void gate_drain(int cpu)
{
	if (cpu < 0)
		drain_all_pages(NULL);
	else
		drain_local_pages(NULL);
}
