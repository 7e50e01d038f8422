// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is at which frames: who isolates or poisons them, or puts them on- or offline. The kernel's callers own the memory that they
 * isolate, so it does not go offline meanwhile; programs are turned away instead.
 *
 * In trees with the fault of docs/findings/alloc-contig-undoes-others.md whoever fails to isolate a pageblock opens it to
 * allocations, also if it is somebody else's. Nothing else would be found any more, so there the door also turns away who
 * isolates a pageblock that another isolates, or its neighbour: see docs/findings/isolated-neighbours-merge.md.
 */
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "../gate.h"
#include "world.h"

#define MAX_CLAIMS 128u

struct claim {
	struct gate_range range;
	enum mmfuzz_claim what;
};

static DEFINE_RAW_SPINLOCK(lock);
static struct claim claims[MAX_CLAIMS];
static unsigned int nr_claims;

#ifdef FAULT_CONTIG_UNDOES_OTHERS
#define ISOLATING_EXCLUDES true
#else
#define ISOLATING_EXCLUDES false
#endif

static bool excludes(const struct claim *claim, unsigned long start, unsigned long nr, enum mmfuzz_claim what)
{
	if (claim->what == what && what == CLAIM_ISOLATES && !ISOLATING_EXCLUDES)
		return false;
	if ((what == CLAIM_POISONS && claim->what != CLAIM_PLUGS) || (claim->what == CLAIM_POISONS && what != CLAIM_PLUGS))
		return false;
	return start < claim->range.start + claim->range.nr && claim->range.start < start + nr;
}

/* Whole pageblocks, and where isolating excludes, one more on either side. */
static void to_pageblocks(unsigned long *start, unsigned long *nr)
{
	unsigned long beside = ISOLATING_EXCLUDES ? pageblock_nr_pages : 0;
	unsigned long end = ALIGN(*start + *nr, pageblock_nr_pages) + beside;

	*start &= ~(pageblock_nr_pages - 1);
	*start -= min(*start, beside);
	*nr = end - *start;
}

bool mmfuzz_claim(unsigned long start, unsigned long nr, enum mmfuzz_claim what)
{
	bool alone = true;
	unsigned long flags;

	to_pageblocks(&start, &nr);
	raw_spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < nr_claims; i++)
		alone &= !excludes(&claims[i], start, nr, what);
	if (alone && nr_claims < MAX_CLAIMS)
		claims[nr_claims++] = (struct claim){ { start, nr }, what };
	else
		alone = false;
	raw_spin_unlock_irqrestore(&lock, flags);
	return alone;
}

void mmfuzz_unclaim(unsigned long start, unsigned long nr, enum mmfuzz_claim what)
{
	unsigned long flags;

	to_pageblocks(&start, &nr);
	raw_spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < nr_claims; i++) {
		if (claims[i].range.start != start || claims[i].range.nr != nr || claims[i].what != what)
			continue;
		claims[i] = claims[--nr_claims];
		break;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
}
