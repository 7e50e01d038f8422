// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of free page reporting (reported.h). Stands between guest and host and belongs to neither: compiled without
 * instrumentation, so that it is no part of a schedule and orders nothing of the kernel's. Looks at pages, and must not
 * change any.
 */
#include <linux/bitmap.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "mm/internal.h"
#include "mm/page_reporting.h"

#include "../gate.h"
#include "frame_bits.h"
#include "reported.h"
#include "unaccepted.h"
#include "world.h"

#define NR_FRAMES (1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT))

/*
 * frame_bits.h is relaxed: a look that comes too early is made up for by the next one, as a frame is looked at when it is
 * offered, when it is granted, and when the host is done with it.
 */
static unsigned long offered[BITS_TO_LONGS(NR_FRAMES)]; /* the host's at the moment */
static unsigned long known[BITS_TO_LONGS(NR_FRAMES)]; /* were, and nobody has had them since */
static unsigned long nr_acknowledged;
bool mmfuzz_reports;

/* pfn_to_online_page() without a call: it stands in a file that is watched. */
static struct page *online_page(unsigned long pfn)
{
	return pfn < max_pfn && online_section(__pfn_to_section(pfn)) ? pfn_to_page(pfn) : NULL;
}

void mmfuzz_setup_reporting(void)
{
	/* As by page_reporting.page_reporting_order=0: else it is a pageblock's, which small programs seldom free. */
	page_reporting_order = 0;
}

/* A frame of the host's that the guest still, or again, has in other hands. */
static void look(unsigned long pfn, const char *when)
{
	struct page *page = online_page(pfn);

	if (!page)
		mmfuzz_bug("reported frame not there", when, "0x%lx is no memory of this machine's", pfn);
	if (PageBuddy(page))
		mmfuzz_bug("reported frame not isolated", when, "0x%lx is the host's, and on a free list of order %u",
			   pfn, buddy_order(page));
	if (page_ref_count(page) || PageSlab(page))
		mmfuzz_bug("reported frame in use", when, "0x%lx is the host's, and somebody has it: %d references%s",
			   pfn, page_ref_count(page), PageSlab(page) ? ", a slab" : "");
}

void mmfuzz_offer(unsigned long pfn, unsigned long nr)
{
	mmfuzz_must_be_accepted(pfn, nr, "report");
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		look(p, "report");
		if (frame_bit(offered, p))
			mmfuzz_bug("reported frame offered twice", "report", "0x%lx is the host's already", p);
	}
	/* Before anybody can get one of them: it is the offer's own CPU that has them, and hands them on by a lock. */
	WRITE_ONCE(mmfuzz_reports, true);
	frame_set_bits(offered, pfn, pfn + nr);
}

void mmfuzz_acknowledge(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++)
		look(p, "acknowledge");
	frame_clear_bits(offered, pfn, pfn + nr);
	frame_set_bits(known, pfn, pfn + nr);
	__atomic_fetch_add(&nr_acknowledged, nr, __ATOMIC_RELAXED);
}

void mmfuzz_no_more_known(unsigned long pfn, unsigned int order)
{
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++) {
		if (frame_bit(offered, p))
			mmfuzz_bug("reported frame granted", "alloc",
				   "0x%lx is the host's until it has acknowledged the report, and somebody gets it", p);
	}
	frame_clear_bits(known, pfn, pfn + (1ul << order));
}

void mmfuzz_left(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (frame_bit(offered, p))
			mmfuzz_bug("reported frame goes offline", "offline_pages",
				   "0x%lx is the host's until it has acknowledged the report", p);
	}
	frame_clear_bits(known, pfn, pfn + nr);
}

void mmfuzz_check_reported(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	if (!PageReported(page))
		return;
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++) {
		if (!frame_bit(known, p))
			mmfuzz_bug("reported flag is stale", "check",
				   "0x%lx of order %u says it is reported, 0x%lx is not, or somebody has had it since",
				   pfn, order, p);
	}
}

void mmfuzz_check_none_lost(void)
{
	/* Whole blocks to a word. */
	BUILD_BUG_ON((1 << MAX_PAGE_ORDER) > BITS_PER_LONG);
	for (unsigned long pfn = 0; pfn < max_pfn; pfn++) {
		struct page *page;

		if (!known[pfn / BITS_PER_LONG]) {
			pfn |= BITS_PER_LONG - 1;
			continue;
		}
		page = online_page(pfn);
		/* No frame of it is lost. */
		if (page && PageBuddy(page)) {
			pfn += (1ul << buddy_order(page)) - 1;
			continue;
		}
		if (frame_bit(known, pfn))
			mmfuzz_bug("reported frame lost", "check",
				   "0x%lx was reported, nobody has had it since, and it is not on a free list", pfn);
	}
}

unsigned long gate_reported(void)
{
	return nr_acknowledged;
}

int gate_is_reported(unsigned long pfn)
{
	struct page *page = online_page(pfn);

	return page && PageBuddy(page) && PageReported(page);
}
