// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's memory failures, and the moments at which the allocator loses a frame to them or gets it back: it takes no way
 * there that an architecture would hear of. Both are told with the zone's lock held, before anybody else can have the frame.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/page-flags.h>

#include "mm/internal.h"

#include "../gate.h"
#include "reported.h"
#include "unaccepted.h"
#include "world.h"

void mmfuzz_note_taken_off(struct page *page);
void mmfuzz_note_put_back(struct page *page);

#define SetPageHWPoisonTakenOff(page)	mmfuzz_note_taken_off(page)
#define ClearPageHWPoisonTakenOff(page) mmfuzz_note_put_back(page)

#include "mm/memory-failure.c"

#undef SetPageHWPoisonTakenOff
#undef ClearPageHWPoisonTakenOff

void SetPageHWPoisonTakenOff(struct page *page)
{
	const unsigned long pfn = page_to_pfn(page);

	mmfuzz_must_be_accepted(pfn, 1, "take_page_off_buddy");
	mmfuzz_granted(pfn, 0);
	gate_kept(pfn);
	mmfuzz_note_taken_off(page);
}

void ClearPageHWPoisonTakenOff(struct page *page)
{
	mmfuzz_note_put_back(page);
	gate_freed(page_to_pfn(page), 0);
}
