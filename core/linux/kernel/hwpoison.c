// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages, in the kernel's own calls: what the door knows as offline pages are frames that the kernel has stopped to use,
 * by soft_offline_page(), as it would for memory that errs now and then. Must keep no state of its own (poisoned.h).
 */
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>

#include "mm/internal.h"

#include "../gate.h"
#include "poisoned.h"
#include "world.h"

/*
 * Who poisons must see that the frame's memory stays: soft_offline_page() does so only while it looks whose the frame is
 * (docs/findings/poison-meets-offlining.md), unpoison_memory() not at all.
 */
static bool keep_memory(unsigned long pfn)
{
	return mmfuzz_claim(pfn, 1, CLAIM_POISONS);
}

static void let_memory_go(unsigned long pfn)
{
	mmfuzz_unclaim(pfn, 1, CLAIM_POISONS);
}

#ifdef FAULT_POISON_MEETS_OFFLINING
#define SOFT_OFFLINE_KEEPS_MEMORY false
#else
#define SOFT_OFFLINE_KEEPS_MEMORY true
#endif

static int soft_offline_kept(unsigned long pfn, int flags)
{
	int err;

	if (SOFT_OFFLINE_KEEPS_MEMORY)
		return soft_offline_page(pfn, flags);
	if (!keep_memory(pfn)) {
		if (flags & MF_COUNT_INCREASED)
			put_page(pfn_to_page(pfn));
		return -EBUSY;
	}
	err = soft_offline_page(pfn, flags);
	let_memory_go(pfn);
	return err;
}

/*
 * A page that had movable operations says so until it is freed, which a poisoned one is not: who offlines its block looks
 * for it again and again, and some trees do not unpoison it (docs/findings/poisoned-page-stays-movable.md). As it would be if it had been
 * freed; in parallel others may be looking at it, and believe what they saw.
 */
static void forget_movable(struct page *page)
{
#ifdef FAULT_POISON_STAYS_MOVABLE
	if (!gate_in_sequence() || PageLRU(page) || PageSlab(page))
		return;
#ifdef HAVE_MOVABLE_OPS_TYPE
	if (!page_has_movable_ops(page))
		return;
	clear_bit(PG_movable_ops, (unsigned long *)&page->flags);
	page->page_type = UINT_MAX;
#else
	if (__PageMovable(page))
		page->mapping = NULL;
#endif
#endif
}

/* With MF_COUNT_INCREASED it is a page of the caller's, which gives it away. */
static int soft_offline(unsigned long pfn, int flags)
{
	int err;

	if (!mmfuzz_poison_begin(pfn)) {
		if (flags & MF_COUNT_INCREASED)
			put_page(pfn_to_page(pfn));
		return -EBUSY;
	}
	err = soft_offline_kept(pfn, flags);
	if (err) {
		mmfuzz_poison_end(pfn);
		return -EBUSY;
	}
	if (!gate_is_poisoned(pfn))
		mmfuzz_bug("not poisoned", "soft_offline_page", "0x%lx: it says that it is", pfn);
	forget_movable(pfn_to_page(pfn));
	return 0;
}

static int unpoison(unsigned long pfn)
{
	int err = -EBUSY;

	if (!keep_memory(pfn))
		return err;
	if (!pfn_to_online_page(pfn)) {
		/* It went offline, and is counted until it is removed. Or it was, came back, and is somebody else's. */
		err = 0;
	} else if (gate_is_poisoned(pfn)) {
		forget_movable(pfn_to_page(pfn));
		err = unpoison_memory(pfn);
		if (!err)
			mmfuzz_poison_end(pfn);
	} else {
		err = 0;
	}
	let_memory_go(pfn);
	return err;
}

void gate_unpoison(unsigned long start, unsigned long nr)
{
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		/* Others may have a reference for a moment, or the block in hand. */
		if (unpoison(pfn))
			mmfuzz_poison_stays(pfn);
	}
}

void gate_unpoison_late(void)
{
	for (unsigned long pfn = mmfuzz_next_poison_that_stays(0); pfn != GATE_NONE;
	     pfn = mmfuzz_next_poison_that_stays(pfn + 1)) {
		int err = unpoison(pfn);

		if (err)
			mmfuzz_bug("cannot be given back", "unpoison_memory", "0x%lx: error %d, %d references", pfn, -err,
				   page_ref_count(pfn_to_page(pfn)));
	}
}

int gate_soft_offline(unsigned long start, unsigned long nr)
{
	if (nr > pageblock_nr_pages || start + nr > max_pfn - MMFUZZ_BOOT_PFNS)
		return -EINVAL;
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		if (!pfn_to_online_page(pfn))
			return -EINVAL;
	}
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		int err = soft_offline(pfn, 0);

		if (err) {
			gate_unpoison(start, pfn - start);
			return err;
		}
	}
	return 0;
}

/* A single one is given away by who has it; what is larger is free, and others may be faster. */
unsigned long gate_soft_offline_any(unsigned int gfp, unsigned int order, unsigned int nid)
{
	unsigned long pfn;

	if (order > pageblock_order)
		return GATE_NONE;
	pfn = gate_alloc_pages(gfp, order, nid, true);
	if (pfn == GATE_NONE)
		return GATE_NONE;
	if (!order)
		return soft_offline(pfn, MF_COUNT_INCREASED) ? GATE_NONE : pfn;
	gate_free_pages(pfn, order);
	return gate_soft_offline(pfn, 1ul << order) ? GATE_NONE : pfn;
}
