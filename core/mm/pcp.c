// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-CPU pagesets: what a CPU keeps of a zone's free memory, so that most allocations and frees take no shared lock.
 *
 *   CPU n of the zone:  lists[order][UNMOVABLE | MOVABLE | RECLAIMABLE] --batch--> zone free lists, when count >= high
 *                                                                       <--batch-- when a list is empty
 *
 * The CPU itself only tries the lock: if a drain from another CPU, or the code it interrupted, holds it, it goes to
 * the buddy. HIGHATOMIC and CMA blocks ride the MOVABLE lists; blocks of isolated pageblocks must never get here, and
 * one that was isolated meanwhile goes back to the isolate list, since its type is read again under zone->lock.
 */
#include "freelist.h"
#include "internal.h"
#include "pcp.h"

/*
 * The types of the pageblocks that a block of the buddy comes from. It may stand in for another type, but CMA must stay
 * movable, and isolated memory and the reserve are not for those who ask for @mt.
 */
static void check_rmqueued(unsigned long pfn, unsigned int order, enum migratetype mt)
{
	for (unsigned long p = pfn; p < pfn + (1ul << order); p += pageblock_nr_pages) {
		unsigned char byte = PEEK(pageblock_flags[p >> pageblock_order]);

		VM_BUG_ON(byte & PB_ISOLATE, "allocation from an isolated pageblock", p, "order %u for %s", order,
			  migratetype_names[mt]);
		VM_BUG_ON(byte == MIGRATE_HIGHATOMIC, "allocation from the reserve", p, "order %u for %s", order,
			  migratetype_names[mt]);
		VM_BUG_ON(byte == MIGRATE_CMA && mt != MIGRATE_MOVABLE, "unmovable page in CMA", p, "order %u for %s",
			  order, migratetype_names[mt]);
	}
}

static struct page *__rmqueue(struct zone *zone, unsigned int order, enum migratetype mt)
{
	struct page *page;

	/* Movable pages use CMA first once it is more than half of what is free, or it would lie idle till the end. */
	if (mt == MIGRATE_MOVABLE && zone_page_state(zone, NR_FREE_CMA) > zone_page_state(zone, NR_FREE_PAGES) / 2) {
		page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
		if (page)
			return page;
	}
	page = __rmqueue_smallest(zone, order, mt);
	if (!page && mt == MIGRATE_MOVABLE)
		page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
	if (!page)
		page = rmqueue_fallback(zone, order, mt);
	if (MM_DEBUG && page)
		check_rmqueued(page_to_pfn(page), order, mt);
	return page;
}

struct page *rmqueue_buddy(struct zone *zone, unsigned int order, enum migratetype mt, gfp_t gfp)
{
	struct page *page = NULL;

	lockdep_assert_held(&zone->lock);
	if (gfp & __GFP_HIGH)
		page = __rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC);
	if (!page)
		page = __rmqueue(zone, order, mt);
	return page;
}

bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int order, enum migratetype mt)
{
	struct free_list *list = pcp_list(pcp, order, mt);
	int nr = max(READ_ONCE(pcp->batch) >> order, 1);
	int got = 0;

	zone_lock(zone);
	if (unlikely(READ_ONCE(zone->deferred)))
		drain_deferred(zone);
	for (; got < nr; got++) {
		struct page *page = __rmqueue(zone, order, mt);

		if (!page)
			break;
		list_add_tail(list, page_to_pfn(page), MEMDESC_PCP, order);
	}
	/* Counted under both locks: who holds zone->lock sees frames either in the buddy or in a count. */
	WRITE_ONCE(pcp->count, pcp->count + (got << order));
	zone_unlock(zone);
	return got > 0;
}

/* Give @nr frames (or a block more) back to the buddy, the longest-kept of each list first. Both locks held. */
static void free_pcppages_locked(struct zone *zone, int nr, struct per_cpu_pages *pcp)
{
	unsigned int index = 0, empty = 0;

	nr = min(nr, pcp->count);
	while (nr > 0) {
		struct free_list *list = &pcp->lists[index];
		unsigned long pfn, word;
		unsigned int order;

		index = index + 1 == NR_PCP_LISTS ? 0 : index + 1;
		if (list_is_empty(list)) {
			MM_BUG_ON(++empty == NR_PCP_LISTS, "pageset count wrong", SIM_NO_PFN,
				  "zone %u: count %d and nothing on the lists, %d frames to free", zone->idx, pcp->count,
				  nr);
			continue;
		}
		empty = 0;
		pfn = list->tail;
		word = page_word_locked(pfn_to_page(pfn));
		VM_BUG_ON(word_type(word) != MEMDESC_PCP, "pageset holds another page", pfn, "zone %u, list %u",
			  zone->idx, (unsigned int)(list - pcp->lists));
		order = free_order(word);
		list_del(list, pfn, word);
		WRITE_ONCE(pcp->count, pcp->count - (1 << order));
		nr -= 1 << order;
		free_one_page_locked(zone, pfn_to_page(pfn), pfn, order, false);
	}
}

static void free_pcppages_bulk(struct zone *zone, int nr, struct per_cpu_pages *pcp)
{
	lockdep_assert_held(&pcp->lock);
	zone_lock(zone);
	if (unlikely(READ_ONCE(zone->deferred)))
		drain_deferred(zone);
	free_pcppages_locked(zone, nr, pcp);
	zone_unlock(zone);
}

void pcp_trim(struct zone *zone, struct per_cpu_pages *pcp)
{
	free_pcppages_bulk(zone, max(READ_ONCE(pcp->batch), pcp->count - READ_ONCE(pcp->high)), pcp);
}

void drain_cpu_pages(unsigned int cpu, struct zone *zone)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		struct per_cpu_pages *pcp = &mm->zones[i].pcp[cpu];

		if (!populated_zone(&mm->zones[i]) || (zone && zone != &mm->zones[i]))
			continue;
		/*
		 * The count is read under the lock: a CPU that is just filling its lists holds it, and a look from
		 * outside would take those lists for empty (66eca1021a42 of Linux).
		 */
		spin_lock(&pcp->lock);
		if (pcp->count)
			free_pcppages_bulk(&mm->zones[i], pcp->count, pcp);
		spin_unlock(&pcp->lock);
	}
}

void drain_local_pages(struct zone *zone)
{
	drain_cpu_pages(smp_processor_id(), zone);
}

void drain_all_pages(struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		drain_cpu_pages(cpu, zone);
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		if (!populated_zone(&mm->zones[i]) || (zone && zone != &mm->zones[i]))
			continue;
		zone_lock(&mm->zones[i]);
		drain_deferred(&mm->zones[i]);
		zone_unlock(&mm->zones[i]);
		trace_drained(i);
	}
}

/* Under the pageset's lock, so that nobody trims by a batch that does not go with the high mark. */
static void pcp_set_high_batch(struct zone *zone, int high, int batch)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct per_cpu_pages *pcp = &zone->pcp[cpu];

		spin_lock(&pcp->lock);
		WRITE_ONCE(pcp->high, high);
		WRITE_ONCE(pcp->batch, batch);
		spin_unlock(&pcp->lock);
	}
}

void zone_pcp_disable(struct zone *zone)
{
	mutex_lock(&mm->pcp_batch_high_lock);
	MM_BUG_ON(zone->pcp_disabled == 255, "pagesets disabled too often", SIM_NO_PFN, "zone %u", zone->idx);
	if (!zone->pcp_disabled++)
		pcp_set_high_batch(zone, 0, 1);
	drain_all_pages(zone);
	mutex_unlock(&mm->pcp_batch_high_lock);
}

void zone_pcp_enable(struct zone *zone)
{
	mutex_lock(&mm->pcp_batch_high_lock);
	MM_BUG_ON(!zone->pcp_disabled, "pagesets enabled that were not disabled", SIM_NO_PFN, "zone %u", zone->idx);
	if (!--zone->pcp_disabled)
		pcp_set_high_batch(zone, zone->pcp_high, zone->pcp_batch);
	mutex_unlock(&mm->pcp_batch_high_lock);
}
