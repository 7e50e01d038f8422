// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who isolates what, for trees with the fault of docs/findings/alloc-contig-undoes-others.md: there whoever fails to
 * isolate a pageblock opens it to allocations, also if it is somebody else's. Nothing else would be found any more, so the
 * door turns away who asks for a pageblock that another one is at, or for its neighbour: see
 * docs/findings/isolated-neighbours-merge.md. Trees without it are not held up.
 */
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "../gate.h"
#include "world.h"

#ifdef FAULT_CONTIG_UNDOES_OTHERS

#define MAX_ISOLATORS 128u

static DEFINE_RAW_SPINLOCK(lock);
static struct gate_range isolators[MAX_ISOLATORS];
static unsigned int nr_isolators;

static bool overlap(const struct gate_range *range, unsigned long start, unsigned long nr)
{
	return start < range->start + range->nr && range->start < start + nr;
}

/* Whole pageblocks, and one more on either side. */
static void to_pageblocks(unsigned long *start, unsigned long *nr)
{
	unsigned long end = ALIGN(*start + *nr, pageblock_nr_pages) + pageblock_nr_pages;

	*start &= ~(pageblock_nr_pages - 1);
	*start -= min(*start, pageblock_nr_pages);
	*nr = end - *start;
}

bool mmfuzz_isolator_begins(unsigned long start, unsigned long nr)
{
	bool alone = true;
	unsigned long flags;

	to_pageblocks(&start, &nr);
	raw_spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < nr_isolators; i++)
		alone &= !overlap(&isolators[i], start, nr);
	if (alone && nr_isolators < MAX_ISOLATORS)
		isolators[nr_isolators++] = (struct gate_range){ start, nr };
	else
		alone = false;
	raw_spin_unlock_irqrestore(&lock, flags);
	return alone;
}

void mmfuzz_isolator_ends(unsigned long start, unsigned long nr)
{
	unsigned long flags;

	to_pageblocks(&start, &nr);
	raw_spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < nr_isolators; i++) {
		if (isolators[i].start != start || isolators[i].nr != nr)
			continue;
		isolators[i] = isolators[--nr_isolators];
		break;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}

#else

bool mmfuzz_isolator_begins(unsigned long start, unsigned long nr)
{
	return true;
}

void mmfuzz_isolator_ends(unsigned long start, unsigned long nr)
{
}

#endif
