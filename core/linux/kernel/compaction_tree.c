// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's compaction, and doors to what kcompactd does when it was woken: its own loop does not end (kthreads.c).
 */
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compacting.h"
#include "kthreads.h"

#include "mm/compaction.c"

/*
 * Where its scanners begin is 0 until they have met once, which in a kernel's zones is before their start, and so no place
 * to begin at. A zone that has frame 0 looked as if they had met.
 */
void mmfuzz_setup_compaction(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		if (!zone->zone_start_pfn)
			reset_cached_positions(zone);
	}
}

void mmfuzz_kcompactd_starts(struct pglist_data *pgdat)
{
	pgdat->kcompactd_max_order = 0;
	pgdat->kcompactd_highest_zoneidx = pgdat->nr_zones - 1;
}

bool mmfuzz_kcompactd_is_wanted(struct pglist_data *pgdat)
{
	return kcompactd_work_requested(pgdat);
}

void mmfuzz_kcompactd_works(struct pglist_data *pgdat)
{
	if (!mmfuzz_compaction_begins()) {
		/* Until it is woken again. */
		pgdat->kcompactd_max_order = 0;
		return;
	}
	kcompactd_do_work(pgdat);
	mmfuzz_compaction_ends();
}
