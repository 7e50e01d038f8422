// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which frames are poisoned (poisoned.h), as the kernel tells drivers/base/memory.c of it, and the rules about them. Belongs to no
 * CPU: compiled without instrumentation, so that it is no part of a schedule and orders nothing of the kernel's. Looks at
 * pages, and must not change any.
 */
#include <linux/bitmap.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "mm/internal.h"

#include "../gate.h"
#include "frame_bits.h"
#include "poisoned.h"
#include "world.h"

#define NR_FRAMES (1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT))

/*
 * frame_bits.h is relaxed. Who has set @asked has the frame for itself until it clears that; memory that goes offline or away is
 * nobody's who poisons (claims.c).
 */
static unsigned long asked[BITS_TO_LONGS(NR_FRAMES)];
static unsigned long poisoned[BITS_TO_LONGS(NR_FRAMES)]; /* and counted by the kernel */
static unsigned long staying[BITS_TO_LONGS(NR_FRAMES)]; /* given back, and not unpoisoned yet */

static struct page *online_page(unsigned long pfn)
{
	return pfn < max_pfn && online_section(__pfn_to_section(pfn)) ? pfn_to_page(pfn) : NULL;
}

bool mmfuzz_poison_begin(unsigned long pfn)
{
	const unsigned long bit = BIT_MASK(pfn);

	return !(__atomic_fetch_or(&asked[pfn / BITS_PER_LONG], bit, __ATOMIC_RELAXED) & bit);
}

void mmfuzz_poison_end(unsigned long pfn)
{
	frame_clear_bit(staying, pfn);
	frame_clear_bit(asked, pfn);
}

void mmfuzz_poison_stays(unsigned long pfn)
{
	frame_set_bit(staying, pfn);
}

unsigned long mmfuzz_next_poison_that_stays(unsigned long pfn)
{
	pfn = find_next_bit(staying, NR_FRAMES, pfn);
	return pfn < NR_FRAMES ? pfn : GATE_NONE;
}

/* ---- drivers/base/memory.c ---- */

void memblk_nr_poison_inc(unsigned long pfn)
{
	if (frame_bit(poisoned, pfn))
		mmfuzz_bug("poisoned twice", "memory_failure", "0x%lx is poisoned, and counted again", pfn);
	frame_set_bit(poisoned, pfn);
	gate_poisoned(pfn);
}

void memblk_nr_poison_sub(unsigned long pfn, long nr)
{
	if (nr != 1 || !frame_bit(poisoned, pfn))
		mmfuzz_bug("not poisoned", "unpoison_memory", "0x%lx and %ld more are not counted", pfn, nr - 1);
	frame_clear_bit(poisoned, pfn);
}

/* ---- hotplug ---- */

unsigned long mmfuzz_nr_poisoned(unsigned long pfn, unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long p = pfn; p < pfn + nr; p++)
		sum += frame_bit(poisoned, p);
	return sum;
}

/* As any memory that goes offline they are free first; but they are counted on. */
void mmfuzz_poison_goes_offline(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (frame_bit(poisoned, p))
			gate_freed(p, 0);
	}
}

unsigned long mmfuzz_poison_forget(unsigned long pfn, unsigned long nr)
{
	const unsigned long sum = mmfuzz_nr_poisoned(pfn, nr);

	for (unsigned long p = pfn; sum && p < pfn + nr; p++) {
		if (!frame_bit(poisoned, p))
			continue;
		frame_clear_bit(poisoned, p);
		mmfuzz_poison_end(p);
	}
	return sum;
}

/* ---- when nobody runs ---- */

#define WRONG(...) mmfuzz_bug("poisoned frame", "check", __VA_ARGS__)

void mmfuzz_check_poisoned(struct page *page, bool free)
{
	const unsigned long pfn = page_to_pfn(page);

	if (!frame_bit(poisoned, pfn))
		WRONG("0x%lx says that it is poisoned, and is not counted", pfn);
	if (free || PageBuddy(page))
		WRONG("0x%lx is poisoned, and lies in a free block", pfn);
	if (page_ref_count(page) != 1 || PageLRU(page) || PageSlab(page) || PageCompound(page))
		WRONG("0x%lx is poisoned, and somebody has it: %d references%s", pfn, page_ref_count(page),
		      PageLRU(page)	 ? ", on a list of reclaim" :
		      PageSlab(page)	 ? ", a slab" :
		      PageCompound(page) ? ", of a larger page" :
					   "");
}

void mmfuzz_check_poison_counted(void)
{
	const long counted = atomic_long_read(&num_poisoned_pages);
	unsigned long sum = 0;

	for (unsigned long pfn = find_first_bit(poisoned, NR_FRAMES); pfn < NR_FRAMES;
	     pfn = find_next_bit(poisoned, NR_FRAMES, pfn + 1)) {
		struct page *page = online_page(pfn);

		if (page && !PageHWPoison(page))
			WRONG("0x%lx is counted as poisoned, and does not say so", pfn);
		if (!frame_bit(asked, pfn))
			WRONG("0x%lx is poisoned, and nobody has asked for that", pfn);
		sum++;
	}
	if (counted != (long)sum)
		mmfuzz_bug("drifted counter", "check", "num_poisoned_pages is %ld, not %lu", counted, sum);
}

void mmfuzz_check_none_poisoned(void)
{
	const unsigned long pfn = find_first_bit(asked, NR_FRAMES);

	if (pfn < NR_FRAMES)
		mmfuzz_bug("poisoned frame", "check", "0x%lx is poisoned, after all was given back", pfn);
}

/* ---- for the host ---- */

int gate_is_poisoned(unsigned long pfn)
{
	return pfn < NR_FRAMES && frame_bit(poisoned, pfn);
}

unsigned long gate_nr_poisoned(void)
{
	return atomic_long_read(&num_poisoned_pages);
}
