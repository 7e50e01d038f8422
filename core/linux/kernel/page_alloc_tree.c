// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's page allocator, in which a zone spans a frame if it does for more than a moment: while memory comes or goes a zone's
 * start and size are written one after the other, and nobody takes the lock that readers could tell that by
 * (FAULT_SPAN_UNLOCKED, docs/findings/dump-page-without-end.md): on threads it is looked again; on the woven machine nobody comes
 * in between (hotplug_tree.c). On both, a reference that a scanner has for a moment is no use of a frame, and who is handed another zone than it asked
 * for, as lists of zones are made anew meanwhile, goes on to the next (FAULT_ZONELIST_MOVES). Allocations fail where a program
 * injects that, and do not compact while a block goes (hotplug.c). What is freed in an NMI is not reported (FAULT_NOLOCK_REPORTS). Must not change what the allocator does otherwise.
 */
#include <linux/fault-inject.h>
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/mmzone.h>
#include <linux/string.h>

#include "../gate.h"
#include "compacting.h"
#include "world.h"

#ifdef FAULT_SPAN_UNLOCKED
#ifdef MMFUZZ_WEAVE
static __always_inline bool spans_undivided(const struct zone *zone, unsigned long pfn)
{
	bool spans;

	mmfuzz_undivided_begin();
	spans = zone_spans_pfn(zone, pfn);
	mmfuzz_undivided_end();
	return spans;
}

#define zone_spans_pfn(zone, pfn) spans_undivided(zone, pfn)
#else
/* How often it is looked again: a CPU that the host has put aside between the two writes is back by then, as a rule. */
#define LOOKS 1000000u

/* Most frames that a zone does not span it has never spanned: not looked at again unless somebody is at the writes. */
static noinline bool spans_on_a_closer_look(const struct zone *zone, unsigned long pfn)
{
	for (unsigned int look = 0; look < LOOKS; look++) {
		const bool resizing = mmfuzz_memory_comes_or_goes();

		/* The zone's words after the lock: who began before that look is seen by this or by the next. */
		smp_rmb();
		if (zone_spans_pfn(zone, pfn))
			return true;
		smp_rmb();
		if (!resizing && !mmfuzz_memory_comes_or_goes())
			return false;
		cpu_relax();
	}
	return false;
}

#define zone_spans_pfn(zone, pfn) (likely(zone_spans_pfn(zone, pfn)) || spans_on_a_closer_look(zone, pfn))
#endif
#endif

/* In the place of fail_page_alloc= of Linux's, which asks a random number: what the program says, for whoever its operation calls. */
#define should_fail_alloc_page(gfp, order) (!((gfp) & __GFP_NOFAIL) && mmfuzz_page_fails())

#ifdef FAULT_ZONELIST_MOVES
/*
 * An entry was chosen by its index, and its zone is read later: in between it may have become another one's
 * (docs/findings/zonelist-moves-under-allocation.md). Nothing of that is needed to tell: the zone says itself which it is.
 */
static __always_inline struct zone *zone_up_to(struct zoneref **zref, enum zone_type highest, nodemask_t *nodes)
{
	struct zone *zone;

	for (;;) {
		zone = zonelist_zone(*zref);
		if (likely(!zone || zone <= &zone->zone_pgdat->node_zones[highest]))
			return zone;
		*zref = next_zones_zonelist(*zref + 1, highest, nodes);
	}
}

#undef for_next_zone_zonelist_nodemask
#define for_next_zone_zonelist_nodemask(zone, zref, highest, nodes)                                    \
	for ((zone) = zone_up_to(&(zref), highest, nodes); (zone);                                     \
	     (zref) = next_zones_zonelist((zref) + 1, highest, nodes), (zone) = zone_up_to(&(zref), highest, nodes))
#endif

/*
 * free_contig_range() says of a frame with more than one reference that it is in use. While others run it may be a scanner's, who has
 * it for a moment and looks again (do_migrate_range(), compaction): then that is all. Newer trees do not say it.
 */
#undef WARN
#define WARN(cond, format...)                                                               \
	({                                                                                  \
		const bool warns = (cond) && (gate_in_sequence() || strcmp(#cond, "count != 0")); \
		if (unlikely(warns))                                                        \
			__WARN_printf(TAINT_WARN, format);                                  \
		unlikely(warns);                                                            \
	})

#ifdef FAULT_NOLOCK_REPORTS
#include "mm/page_reporting.h"
/* Reporting queues a work for later, with locks that an NMI must not wait for: docs/findings/nolock-reports.md. */
#define page_reporting_notify_free(order)                  \
	do {                                               \
		if (!in_nmi())                             \
			page_reporting_notify_free(order); \
	} while (0)
#endif

#define try_to_compact_pages(args...) mmfuzz_compact_pages(args)

#include "mm/page_alloc.c"

/*
 * build_all_zonelists() for memory that comes or goes, without its end, which turns mobility grouping off where there is
 * little memory (hotplug_tree.c). To turn it on again afterwards is too late: another CPU has seen it off by then.
 */
void mmfuzz_rebuild_zonelists(struct pglist_data *node)
{
	__build_all_zonelists(node);
}
