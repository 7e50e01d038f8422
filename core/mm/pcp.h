/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast paths of per-CPU pagesets, inlined into the page allocator; the rest is pcp.c.
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "freelist.h"
#include "internal.h"

/** pcp_refill() - a batch from the buddy onto the list of @order and @mt; pcp->lock held. False: there was nothing */
bool pcp_refill(struct zone *zone, struct per_cpu_pages *pcp, unsigned int order, enum migratetype mt);
/** pcp_trim() - the pageset is above its high mark: give a batch back; pcp->lock held */
void pcp_trim(struct zone *zone, struct per_cpu_pages *pcp);
/** rmqueue_buddy() - a block straight from the free lists; zone->lock held */
struct page *rmqueue_buddy(struct zone *zone, unsigned int order, enum migratetype mt, gfp_t gfp);

/* Nothing larger than a pageblock: pagesets know a block by the type of one, and must see if it is isolated. */
static __always_inline bool pcp_allowed_order(unsigned int order)
{
	return likely(!order) || order <= pcp_max_order || order == pageblock_order;
}

static __always_inline struct free_list *pcp_list(struct per_cpu_pages *pcp, unsigned int order, enum migratetype mt)
{
	unsigned int row = order <= PAGE_ALLOC_COSTLY_ORDER ? order : PAGE_ALLOC_COSTLY_ORDER + 1;

	return &pcp->lists[row * MIGRATE_PCPTYPES + mt];
}

static __always_inline struct per_cpu_pages *this_cpu_pcp(struct zone *zone)
{
	return &zone->pcp[smp_processor_id()];
}

/* What is about to leave a pageset is a block of that order, first of its list, and was counted. */
static __always_inline void check_pcp_head(const struct per_cpu_pages *pcp, unsigned int pfn, unsigned int order)
{
	unsigned long word = MM_DEBUG && pfn < max_pfn ? PEEK(pfn_to_page(pfn)->memdesc) : 0;

	VM_BUG_ON(word_type(word) != MEMDESC_PCP || free_order(word) != order || free_prev(word) != pfn,
		  "pageset holds another page", pfn, "the word is 0x%lx, order %u expected", word, order);
	VM_BUG_ON(pcp->count < 1 << order, "pageset count wrong", pfn, "count %d, a block of order %u on a list",
		  pcp->count, order);
}

/** pcp_take() - one block off a pageset whose lock is held; NULL when the zone has none to refill it with */
static __always_inline struct page *pcp_take(struct zone *zone, struct per_cpu_pages *pcp, unsigned int order,
					     enum migratetype mt)
{
	struct free_list *list = pcp_list(pcp, order, mt);

	if (unlikely(list_is_empty(list)) && !pcp_refill(zone, pcp, order, mt))
		return NULL;
	check_pcp_head(pcp, list->head, order);
	trace_pageset(list->head, order);
	WRITE_ONCE(pcp->count, pcp->count - (1 << order));
	return pfn_to_page(list_pop(list));
}

/** pcp_give() - one block onto a pageset whose lock is held; false if its pageblock is isolated: to the buddy with it */
static __always_inline bool pcp_give(struct zone *zone, struct per_cpu_pages *pcp, unsigned long pfn,
				     unsigned int order)
{
	enum migratetype mt = get_pageblock_migratetype(pfn);

	if (unlikely(mt >= MIGRATE_PCPTYPES)) {
		if (mt == MIGRATE_ISOLATE)
			return false;
		mt = MIGRATE_MOVABLE;
	}
	VM_BUG_ON(PEEK(pfn_to_section(pfn)->zone) != zone->idx, "pageset of another zone", pfn, "zone %u", zone->idx);
	trace_pageset(pfn, order);
	list_add(pcp_list(pcp, order, mt), pfn, MEMDESC_PCP, order);
	WRITE_ONCE(pcp->count, pcp->count + (1 << order));
	if (unlikely(pcp->count >= READ_ONCE(pcp->high)))
		pcp_trim(zone, pcp);
	return true;
}

/** rmqueue_pcplist() - from this CPU's pageset; NULL if its lock is taken or the zone is empty */
static __always_inline struct page *rmqueue_pcplist(struct zone *zone, unsigned int order, enum migratetype mt)
{
	struct per_cpu_pages *pcp = this_cpu_pcp(zone);
	struct page *page;

	if (unlikely(!spin_trylock_faultable(&pcp->lock)))
		return NULL;
	page = pcp_take(zone, pcp, order, mt);
	spin_unlock(&pcp->lock);
	return page;
}

/** free_to_pcplist() - onto this CPU's pageset; false if that cannot be, then the block is still the caller's */
static __always_inline bool free_to_pcplist(struct zone *zone, unsigned long pfn, unsigned int order)
{
	struct per_cpu_pages *pcp = this_cpu_pcp(zone);
	bool given;

	if (unlikely(!spin_trylock_faultable(&pcp->lock)))
		return false;
	given = pcp_give(zone, pcp, pfn, order);
	spin_unlock(&pcp->lock);
	return given;
}

#endif /* MM_PCP_H */
