// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation and free of frozen pages: which zone, which watermark, pageset or buddy, and the two ends of a block's life
 * (post_alloc_hook(), free_pages_prepare()).
 *
 * Frozen means: there is no reference count anywhere. The word of the head says Frozen and the order until the owner
 * describes the pages otherwise; who frees must have put it back. This file knows nothing of counts (page_ref.c), of
 * offline pages (offline.c) and of how lists are kept (buddy.c, pcp.c).
 */
#include "internal.h"
#include "pcp.h"

/* How hard an allocation tries. */
enum alloc_mark { ALLOC_WMARK_LOW, ALLOC_WMARK_MIN, ALLOC_WMARK_HALF };

enum migratetype gfp_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

unsigned int gfp_zone_type(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return MMFUZZ_ZONE_DMA;
	return gfp & __GFP_MOVABLE ? MMFUZZ_ZONE_MOVABLE : MMFUZZ_ZONE_NORMAL;
}

/* --- the ends of a block's life --- */

/* Words of tails are 0 from allocation to free: whoever describes all frames of a block clears them again. */
static void check_tails(const struct page *page, unsigned int order, const char *rule)
{
	if (!MM_DEBUG)
		return;
	for (unsigned long i = 1; i < 1ul << order; i++)
		MM_BUG_ON(page_word_locked(page + i) != 0, rule, page_to_pfn(page) + i, "block 0x%lx, order %u",
			  page_to_pfn(page), order);
}

static void clear_contents(unsigned long pfn, unsigned int order)
{
	__builtin_memset(ram_ptr(pfn), 0, 1ul << order << mm->config.ram_shift);
}

static __always_inline void prep_new_page(struct page *page, unsigned int order, gfp_t gfp)
{
	unsigned long pfn = page_to_pfn(page);

	VM_BUG_ON(PEEK(page->memdesc) != 0, "allocated block is described", pfn, "order %u", order);
	trace_alloc(pfn, order);
	ram_unpoison(pfn, 1ul << order);
	/* Walkers may look at any time, but nobody learns of the pages from this word: no order is needed. */
	WRITE_ONCE(page->memdesc, misc_word(MISC_FROZEN, order, 0));
	if (MM_DEBUG && order)
		check_tails(page, order, "allocated block has a described tail");
	if (unlikely(gfp & __GFP_ZERO))
		clear_contents(pfn, order);
}

void post_alloc_hook(struct page *page, unsigned int order, gfp_t gfp)
{
	MM_BUG_ON(page_word_locked(page) != 0, "allocated block is described", page_to_pfn(page), "order %u", order);
	prep_new_page(page, order, gfp);
}

/* Say what is wrong with a free whose word does not say "Frozen, of this order". */
static void __cold noinline bad_free(unsigned long pfn, unsigned int order, unsigned long word, const char *func)
{
	const char *rule = "free of a page that the caller does not own";

	switch (word_type(word)) {
	case MEMDESC_BUDDY:
	case MEMDESC_PCP:
	case MEMDESC_DEFERRED:
		rule = "double free";
		break;
	case MEMDESC_MISC:
		if (word_is_misc(word, MISC_FROZEN) || word_is_misc(word, MISC_UNMAPPABLE))
			rule = "free with a wrong order";
		else if (word_is_offline(word))
			rule = "offline page freed as a frozen one";
		else if (word_is_misc(word, MISC_RESERVED))
			rule = "free of a reserved page";
		else if (word_is_misc(word, MISC_NONE))
			rule = "free of a tail or of memory that is not online";
		break;
	default:
		rule = "free of a page that still has a descriptor";
	}
	sim_bug(rule, func, pfn, "order %u", order);
}

static __always_inline bool may_free(unsigned long word, unsigned int order)
{
	return word == misc_word(MISC_FROZEN, order, 0) || word == misc_word(MISC_UNMAPPABLE, order, 0);
}

static __always_inline void __free_pages_prepare(struct page *page, unsigned long pfn, unsigned int order,
						 const char *func)
{
	unsigned long word = page_word_locked(page);

	if (unlikely(!may_free(word, order)))
		bad_free(pfn, order, word, func);
	/*
	 * Two CPUs that free one block are both wrong; where checks are cheap one compare-and-swap tells who came
	 * second. Elsewhere the oracle does: it hears of both.
	 */
	if (MM_DEBUG && unlikely(!page_word_cmpxchg(page, word, 0)))
		bad_free(pfn, order, page_word_locked(page), func);
	if (!MM_DEBUG)
		WRITE_ONCE(page->memdesc, 0);
	if (MM_DEBUG && order)
		check_tails(page, order, "freed block has a described tail");
	ram_poison(pfn, 1ul << order);
	trace_free(pfn, order);
}

void free_pages_prepare(struct page *page, unsigned int order)
{
	__free_pages_prepare(page, page_to_pfn(page), order, __func__);
}

/* --- watermarks --- */

/* Free frames that an allocation of @gfp may not count on. */
static unsigned long unusable_free(struct zone *zone, gfp_t gfp)
{
	unsigned long nr = 0;

	if (!(gfp & __GFP_HIGH))
		nr += zone_page_state(zone, NR_FREE_HIGHATOMIC);
	if (!(gfp & __GFP_MOVABLE))
		nr += zone_page_state(zone, NR_FREE_CMA);
	return nr;
}

bool zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, unsigned int highest_type, gfp_t gfp)
{
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);
	unsigned long unusable = unusable_free(zone, gfp) + (1ul << order) - 1;

	if (free <= unusable || free - unusable <= mark + READ_ONCE(zone->lowmem_reserve[highest_type]))
		return false;
	if (!order)
		return true;
	for (unsigned int o = order; o < NR_PAGE_ORDERS; o++) {
		struct free_list *lists = zone->free_area[o].free_list;

		for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
			if (READ_ONCE(lists[mt].head) != LIST_NIL)
				return true;
		if ((gfp & __GFP_MOVABLE) && READ_ONCE(lists[MIGRATE_CMA].head) != LIST_NIL)
			return true;
		if ((gfp & __GFP_HIGH) && READ_ONCE(lists[MIGRATE_HIGHATOMIC].head) != LIST_NIL)
			return true;
	}
	return false;
}

static __always_inline bool zone_watermark_fast(struct zone *zone, unsigned int order, unsigned long mark,
						unsigned int highest_type, gfp_t gfp)
{
	/* Single frames are nearly always there: with CMA and the reserve empty, one comparison says so. */
	if (likely(!order && !zone_page_state(zone, NR_FREE_CMA) && !zone_page_state(zone, NR_FREE_HIGHATOMIC)))
		return zone_page_state(zone, NR_FREE_PAGES) > mark + READ_ONCE(zone->lowmem_reserve[highest_type]);
	return zone_watermark_ok(zone, order, mark, highest_type, gfp);
}

/* --- allocation --- */

static __always_inline struct page *rmqueue(struct zone *zone, unsigned int order, enum migratetype mt, gfp_t gfp)
{
	struct page *page;

	if (likely(pcp_allowed_order(order))) {
		page = rmqueue_pcplist(zone, order, mt);
		if (likely(page))
			return page;
	}
	zone_lock(zone);
	if (unlikely(READ_ONCE(zone->deferred)))
		drain_deferred(zone);
	page = rmqueue_buddy(zone, order, mt, gfp);
	zone_unlock(zone);
	return page;
}

static __always_inline struct page *get_page_from_freelist(gfp_t gfp, unsigned int order, unsigned int nid,
							   enum alloc_mark how)
{
	unsigned int type = gfp_zone_type(gfp);
	enum migratetype mt = gfp_migratetype(gfp);

	for (const unsigned char *z = mm->zonelists[nid][type].zones; *z != ZONE_NONE; z++) {
		struct zone *zone = &mm->zones[*z];
		unsigned long mark = READ_ONCE(zone->watermark[how == ALLOC_WMARK_LOW ? WMARK_LOW : WMARK_MIN]);
		struct page *page;

		if (how == ALLOC_WMARK_HALF)
			mark /= 2;
		if ((gfp & __GFP_THISNODE) && zone->nid != nid)
			continue;
		if (!zone_watermark_fast(zone, order, mark, type, gfp))
			continue;
		page = rmqueue(zone, order, mt, gfp);
		if (likely(page)) {
			prep_new_page(page, order, gfp);
			return page;
		}
	}
	return NULL;
}

typedef bool (*zone_fn)(struct zone *zone, unsigned int order);

static bool zone_compact(struct zone *zone, unsigned int order)
{
	return compact_zone_order(zone, order, false);
}

static bool zone_unreserve(struct zone *zone, unsigned int order)
{
	(void)order;
	return unreserve_highatomic_pageblock(zone, false);
}

/* Do something to each zone that the allocation could use, then try again if it helped any. */
static struct page *help_and_retry(gfp_t gfp, unsigned int order, unsigned int nid, enum alloc_mark how, zone_fn help)
{
	bool helped = false;

	for (const unsigned char *z = mm->zonelists[nid][gfp_zone_type(gfp)].zones; *z != ZONE_NONE; z++) {
		struct zone *zone = &mm->zones[*z];

		if ((gfp & __GFP_THISNODE) && zone->nid != nid)
			continue;
		helped |= help(zone, order);
	}
	return helped ? get_page_from_freelist(gfp, order, nid, how) : NULL;
}

static struct page *noinline alloc_pages_slowpath(gfp_t gfp, unsigned int order, unsigned int nid)
{
	enum alloc_mark how = gfp & __GFP_HIGH ? ALLOC_WMARK_HALF : ALLOC_WMARK_MIN;
	struct page *page = get_page_from_freelist(gfp, order, nid, how);

	if (page)
		goto got;
	page = help_and_retry(gfp, order, nid, how, zone_unreserve);
	if (!page && (gfp & __GFP_COMPACT) && order)
		page = help_and_retry(gfp, order, nid, how, zone_compact);
	if (!page) {
		/* What other CPUs keep on their pagesets may be all there is. */
		drain_all_pages(NULL);
		page = get_page_from_freelist(gfp, order, nid, how);
	}
	if (!page)
		return NULL;
got:
	if ((gfp & __GFP_HIGH) && order && !(gfp & __GFP_MOVABLE))
		reserve_highatomic_pageblock(page_zone(page), page);
	return page;
}

struct page *alloc_frozen_pages(gfp_t gfp, unsigned int order, unsigned int nid)
{
	struct page *page;

	MM_BUG_ON(order > MAX_PAGE_ORDER, "allocation of a wrong order", SIM_NO_PFN, "order %u", order);
	MM_BUG_ON(nid >= mm->nr_nodes, "allocation on a node that is not there", SIM_NO_PFN, "node %u", nid);
	if (should_fail(FAULT_PAGE))
		return NULL;
	page = get_page_from_freelist(gfp, order, nid, ALLOC_WMARK_LOW);
	if (unlikely(!page))
		page = alloc_pages_slowpath(gfp, order, nid);
	return page;
}

struct page *alloc_frozen_pages_nolock(unsigned int order, unsigned int nid)
{
	MM_BUG_ON(order > MAX_PAGE_ORDER, "allocation of a wrong order", SIM_NO_PFN, "order %u", order);
	MM_BUG_ON(nid >= mm->nr_nodes, "allocation on a node that is not there", SIM_NO_PFN, "node %u", nid);
	if (should_fail(FAULT_PAGE))
		return NULL;
	for (const unsigned char *z = mm->zonelists[nid][MMFUZZ_ZONE_NORMAL].zones; *z != ZONE_NONE; z++) {
		struct zone *zone = &mm->zones[*z];
		struct page *page = NULL;

		if (!zone_watermark_ok(zone, order, READ_ONCE(zone->watermark[WMARK_LOW]), MMFUZZ_ZONE_NORMAL, GFP_KERNEL))
			continue;
		/* A refill would wait for zone->lock, so only what the pageset has is taken from it. */
		if (pcp_allowed_order(order)) {
			struct per_cpu_pages *pcp = this_cpu_pcp(zone);

			if (spin_trylock_faultable(&pcp->lock)) {
				if (!list_is_empty(pcp_list(pcp, order, MIGRATE_UNMOVABLE)))
					page = pcp_take(zone, pcp, order, MIGRATE_UNMOVABLE);
				spin_unlock(&pcp->lock);
			}
		}
		if (!page && spin_trylock_faultable(&zone->lock)) {
			page = rmqueue_buddy(zone, order, MIGRATE_UNMOVABLE, GFP_KERNEL);
			zone_unlock(zone);
		}
		if (page) {
			prep_new_page(page, order, GFP_KERNEL);
			return page;
		}
	}
	return NULL;
}

unsigned long alloc_pages_bulk(gfp_t gfp, unsigned int nid, unsigned long nr, pfn_t *pfns)
{
	unsigned int type = gfp_zone_type(gfp);
	enum migratetype mt = gfp_migratetype(gfp);
	unsigned long got = 0;
	struct page *page;

	MM_BUG_ON(nid >= mm->nr_nodes, "allocation on a node that is not there", SIM_NO_PFN, "node %u", nid);
	/* As many as the first zone that is well off gives, under one hold of its pageset's lock. */
	for (const unsigned char *z = mm->zonelists[nid][type].zones; *z != ZONE_NONE && !got; z++) {
		struct zone *zone = &mm->zones[*z];
		struct per_cpu_pages *pcp = this_cpu_pcp(zone);

		if ((gfp & __GFP_THISNODE) && zone->nid != nid)
			continue;
		if (!zone_watermark_ok(zone, 0, READ_ONCE(zone->watermark[WMARK_LOW]) + nr, type, gfp))
			continue;
		if (!spin_trylock_faultable(&pcp->lock))
			break;
		while (got < nr && !should_fail(FAULT_PAGE)) {
			page = pcp_take(zone, pcp, 0, mt);
			if (!page)
				break;
			prep_new_page(page, 0, gfp);
			pfns[got++] = mk_pfn(page_to_pfn(page));
		}
		spin_unlock(&pcp->lock);
	}
	/* At least one, the long way, if that way there is any: callers loop on it. */
	if (!got && nr) {
		page = alloc_frozen_pages(gfp, 0, nid);
		if (page)
			pfns[got++] = mk_pfn(page_to_pfn(page));
	}
	return got;
}

/* --- free --- */

/* Push a block on the no-lock list: it is nobody's until who holds zone->lock takes the whole list. */
static void defer_free(struct zone *zone, struct page *page, unsigned long pfn, unsigned int order)
{
	unsigned long old = READ_ONCE(zone->deferred);
	unsigned long seen;

	for (;; old = seen) {
		WRITE_ONCE(page->memdesc, free_word(MEMDESC_DEFERRED, order, 0, old ? old - 1 : pfn));
		/*
		 * Full order: the word above is there for who finds the frame in the list; pairs with the xchg() in
		 * drain_deferred(). No ABA: blocks leave only all at once.
		 */
		seen = cmpxchg(&zone->deferred, old, pfn + 1);
		if (seen == old)
			return;
	}
}

void drain_deferred(struct zone *zone)
{
	unsigned long first;

	lockdep_assert_held(&zone->lock);
	if (likely(!READ_ONCE(zone->deferred)))
		return;
	first = xchg(&zone->deferred, 0);
	while (first) {
		unsigned long pfn = first - 1;
		struct page *page = pfn_to_page(pfn);
		unsigned long word = page_word_locked(page);

		MM_BUG_ON(word_type(word) != MEMDESC_DEFERRED, "deferred list holds another page", pfn, "zone %u",
			  zone->idx);
		first = free_next(word) == pfn ? 0 : free_next(word) + 1ul;
		WRITE_ONCE(page->memdesc, 0);
		free_one_page_locked(zone, page, pfn, free_order(word), false);
	}
}

void free_one_page(struct zone *zone, struct page *page, unsigned long pfn, unsigned int order, bool to_tail)
{
	zone_lock(zone);
	drain_deferred(zone);
	free_one_page_locked(zone, page, pfn, order, to_tail);
	zone_unlock(zone);
}

void free_frozen_pages(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *zone;

	MM_BUG_ON(order > MAX_PAGE_ORDER || (pfn & ((1ul << order) - 1)), "free with a wrong order", pfn, "order %u",
		  order);
	__free_pages_prepare(page, pfn, order, __func__);
	zone = pfn_zone(pfn);
	if (unlikely(!pcp_allowed_order(order)) || unlikely(!free_to_pcplist(zone, pfn, order)))
		free_one_page(zone, page, pfn, order, false);
}

void free_frozen_pages_nolock(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *zone;

	MM_BUG_ON(order > MAX_PAGE_ORDER || (pfn & ((1ul << order) - 1)), "free with a wrong order", pfn, "order %u",
		  order);
	__free_pages_prepare(page, pfn, order, __func__);
	zone = pfn_zone(pfn);
	/* A pageset that is full would wait for zone->lock: only one with room is of use here. */
	if (pcp_allowed_order(order)) {
		struct per_cpu_pages *pcp = this_cpu_pcp(zone);

		if (spin_trylock_faultable(&pcp->lock)) {
			bool given = pcp->count + (1 << order) < READ_ONCE(pcp->high) &&
				     pcp_give(zone, pcp, pfn, order);

			spin_unlock(&pcp->lock);
			if (given)
				return;
		}
	}
	/* Every way to the buddy is tried, none is waited for: isolated blocks and large orders as well. */
	if (!spin_trylock_faultable(&zone->lock)) {
		defer_free(zone, page, pfn, order);
		return;
	}
	free_one_page_locked(zone, page, pfn, order, false);
	zone_unlock(zone);
}

void free_pages_bulk(unsigned long nr, const pfn_t *pfns)
{
	struct per_cpu_pages *pcp = NULL;
	struct zone *locked = NULL;

	for (unsigned long i = 0; i < nr; i++) {
		unsigned long pfn = pfns[i].pfn;
		struct page *page = pfn_to_page(pfn);
		struct zone *zone;

		__free_pages_prepare(page, pfn, 0, __func__);
		zone = pfn_zone(pfn);
		if (zone != locked) {
			if (locked)
				spin_unlock(&pcp->lock);
			pcp = this_cpu_pcp(zone);
			locked = spin_trylock_faultable(&pcp->lock) ? zone : NULL;
		}
		if (!locked || !pcp_give(zone, pcp, pfn, 0))
			free_one_page(zone, page, pfn, 0, false);
	}
	if (locked)
		spin_unlock(&pcp->lock);
}

void split_page(struct page *page, unsigned int order)
{
	MM_BUG_ON(!may_free(page_word_locked(page), order), "split of a block that the caller does not own",
		  page_to_pfn(page), "order %u", order);
	for (unsigned long i = 0; i < 1ul << order; i++)
		WRITE_ONCE(page[i].memdesc, misc_word(MISC_FROZEN, 0, 0));
}
