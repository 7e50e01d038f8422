// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that the allocator hands out and takes back: whoever must know is told, and whoever has rules about it looks. In the path of
 * each allocation: what most machines do not have is asked for without a call. Compiled without instrumentation, as what
 * it asks. Must keep no state of its own.
 */
#include <linux/memblock.h>
#include <linux/mm.h>

#include "../gate.h"
#include "reported.h"
#include "unaccepted.h"
#include "unplugged.h"
#include "world.h"

void arch_alloc_page(struct page *page, int order)
{
	const unsigned long pfn = page_to_pfn(page);

	mmfuzz_must_be_accepted(pfn, 1ul << order, "alloc");
	mmfuzz_must_be_plugged(pfn, 1ul << order, "alloc");
	mmfuzz_granted(pfn, order);
	gate_allocated(pfn, order);
}

void arch_free_page(struct page *page, int order)
{
	const unsigned long pfn = page_to_pfn(page);
	bool onlining;

	if (pfn >= max_pfn - MMFUZZ_BOOT_PFNS && system_state == SYSTEM_RUNNING)
		mmfuzz_bug("boot memory is freed", "free", "0x%lx: it would be given to a program", pfn);
	mmfuzz_must_be_plugged(pfn, 1ul << order, "free");
	/* It counts as free since the machine began: nobody frees it. */
	if (mmfuzz_comes_accepted(pfn, order)) {
		gate_accepted(pfn, order);
		return;
	}
	onlining = mmfuzz_onlining(pfn);
	if (onlining)
		mmfuzz_onlined();
	if (mmfuzz_freed_in_region(pfn, 1ul << order, onlining))
		return;
	if (onlining)
		gate_onlined(pfn, 1ul << order);
	else
		gate_freed(pfn, order);
}
