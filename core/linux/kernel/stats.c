// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the oracle adds up after each operation, when nobody runs: counters of zones and CPUs. Must be quick, and walk no
 * list that may be long; whether counters are true is the checker's business (check.c).
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/vmstat.h>

#include "../gate.h"
#include "unplugged.h"
#include "world.h"

/* As in check.c. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)

/* None without an isolated pageblock: the checker finds a block on the list of another type than its pageblock. */
static unsigned long isolated_free(struct zone *zone)
{
	unsigned long sum = 0;

	if (!zone->nr_isolate_pageblock)
		return 0;
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		struct list_head *item;

		list_for_each(item, &zone->free_area[order].free_list[MIGRATE_ISOLATE])
			sum += 1ul << order;
	}
	return sum;
}

static void add_zone(struct zone *zone, int nid, struct gate_stats *stats)
{
	if (nid != BOOT_NODE)
		stats->managed += zone_managed_pages(zone);
	stats->free += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	stats->free_isolated += isolated_free(zone);
	stats->deferred += mmfuzz_deferred(zone);
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		stats->pcp += per_cpu_ptr(zone->per_cpu_pageset, cpu)->count;
}

void gate_stats(struct gate_stats *stats)
{
	*stats = (struct gate_stats){ .managed = mmfuzz_held() };
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		if (!node_online(nid))
			continue;
		for (struct zone *zone = NODE_DATA(nid)->node_zones; zone < NODE_DATA(nid)->node_zones + MAX_NR_ZONES; zone++) {
			if (populated_zone(zone))
				add_zone(zone, nid, stats);
		}
	}
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		stats->migrate_success += per_cpu(vm_event_states, cpu).event[PGMIGRATE_SUCCESS];
		stats->migrate_fail += per_cpu(vm_event_states, cpu).event[PGMIGRATE_FAIL];
	}
}

#pragma clang attribute pop
