// SPDX-License-Identifier: GPL-2.0-only
/* Contiguous ranges, CMA and isolation, in the kernel's own calls. Must keep no state of its own. */
#include <linux/cma.h>
#include <linux/gfp.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-isolation.h>

#include "mm/internal.h"

#include "../gate.h"
#include "world.h"

/* What the kernel's callers know of a range before they ask for it: memory, online, of one zone. */
static bool one_zone(unsigned long start, unsigned long nr)
{
	struct zone *zone = NULL;

	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || (zone && page_zone(page) != zone))
			return false;
		zone = page_zone(page);
	}
	return zone;
}

int gate_alloc_contig_range(unsigned long start, unsigned long nr)
{
	int err;

	if (!mmfuzz_claim(start, nr, CLAIM_ISOLATES))
		return -EBUSY;
	if (!one_zone(start, nr)) {
		mmfuzz_unclaim(start, nr, CLAIM_ISOLATES);
		return -EINVAL;
	}
#ifdef HAVE_ACR_FLAGS
	err = alloc_contig_range(start, start + nr, ACR_FLAGS_NONE, GFP_KERNEL | __GFP_NOWARN);
#else
	err = alloc_contig_range(start, start + nr, MIGRATE_MOVABLE, GFP_KERNEL | __GFP_NOWARN);
#endif
	mmfuzz_unclaim(start, nr, CLAIM_ISOLATES);
	/* Who is killed while it waits for pages that others have isolated: to the door they are busy. */
	return err == -EINTR ? -EBUSY : err;
}

void gate_free_contig_range(unsigned long start, unsigned long nr)
{
	free_contig_range(start, nr);
}

unsigned long gate_alloc_contig_pages(unsigned long nr, unsigned int gfp, unsigned int nid)
{
	gfp_t flags = GFP_KERNEL | __GFP_NOWARN;
	struct page *page;

	if (gfp & GATE_GFP_MOVABLE)
		flags |= __GFP_MOVABLE | __GFP_HIGHMEM;
	if (gfp & GATE_GFP_DMA)
		flags = (flags & ~(__GFP_MOVABLE | __GFP_HIGHMEM)) | __GFP_DMA;
	if (gfp & GATE_GFP_THISNODE)
		flags |= __GFP_THISNODE;
	/* It says where only when it is done. */
	if (!mmfuzz_claim(0, max_pfn, CLAIM_ISOLATES))
		return GATE_NONE;
	page = alloc_contig_pages(nr, flags, nid, NULL);
	mmfuzz_unclaim(0, max_pfn, CLAIM_ISOLATES);
	return page ? page_to_pfn(page) : GATE_NONE;
}

unsigned long gate_cma_alloc(unsigned int area, unsigned long nr)
{
	struct page *page;

	if (!mmfuzz_claim(0, max_pfn, CLAIM_ISOLATES))
		return GATE_NONE;
	/* Aligned as the DMA layer asks for it. */
	page = cma_alloc(mmfuzz_cma[area], nr, get_order(nr << PAGE_SHIFT), true);
	mmfuzz_unclaim(0, max_pfn, CLAIM_ISOLATES);
	return page ? page_to_pfn(page) : GATE_NONE;
}

#ifdef FAULT_CMA_FREES_REFERENCED
/*
 * cma_release() also frees what somebody has a reference of (docs/findings/cma-frees-referenced.md). Nobody gets one of a frame whose count
 * is frozen, so that is waited for: as long as a scanner looks.
 */
static bool release(struct cma *cma, unsigned long start, unsigned long nr)
{
	if (gate_in_sequence())
		return cma_release(cma, pfn_to_page(start), nr);
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		while (!page_ref_freeze(pfn_to_page(pfn), 1))
			cpu_relax();
	}
	return cma_release_frozen(cma, pfn_to_page(start), nr);
}
#else
static bool release(struct cma *cma, unsigned long start, unsigned long nr)
{
	return cma_release(cma, pfn_to_page(start), nr);
}
#endif

void gate_cma_release(unsigned int area, unsigned long start, unsigned long nr)
{
	if (!release(mmfuzz_cma[area], start, nr))
		mmfuzz_bug("refused", "cma_release", "frames 0x%lx of area %u, %lu of them", start, area, nr);
}

int gate_start_isolate_page_range(unsigned long start, unsigned long nr)
{
	int err;

	if (!mmfuzz_claim(start, nr, CLAIM_ISOLATES))
		return -EBUSY;
	if (!one_zone(start, nr)) {
		mmfuzz_unclaim(start, nr, CLAIM_ISOLATES);
		return -EINVAL;
	}
#ifdef HAVE_ISOLATE_MODE
	err = start_isolate_page_range(start, start + nr, PB_ISOLATE_MODE_OTHER);
#else
	err = start_isolate_page_range(start, start + nr, MIGRATE_MOVABLE, 0, GFP_KERNEL);
#endif
	if (err)
		mmfuzz_unclaim(start, nr, CLAIM_ISOLATES);
	return err;
}

void gate_undo_isolate_page_range(unsigned long start, unsigned long nr)
{
#ifdef HAVE_ISOLATE_MODE
	undo_isolate_page_range(start, start + nr);
#else
	undo_isolate_page_range(start, start + nr, MIGRATE_MOVABLE);
#endif
	mmfuzz_unclaim(start, nr, CLAIM_ISOLATES);
}
