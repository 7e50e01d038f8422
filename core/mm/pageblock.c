// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migratetypes of pageblocks: changing one, isolation, fall-back between types, the HIGHATOMIC reserve.
 *
 * A pageblock's byte holds its type and, apart from it, the isolate bit (Linux 6.17): un-isolating recovers the type.
 * All runs under zone->lock. The byte and the list that the block's free pages are on change together, here and in
 * buddy.c's merging, nowhere else.
 */
#include "freelist.h"
#include "internal.h"

const char *const migratetype_names[MIGRATE_TYPES] = {
	[MIGRATE_UNMOVABLE] = "unmovable",   [MIGRATE_MOVABLE] = "movable", [MIGRATE_RECLAIMABLE] = "reclaimable",
	[MIGRATE_HIGHATOMIC] = "highatomic", [MIGRATE_CMA] = "cma",	    [MIGRATE_ISOLATE] = "isolate",
};

void set_pageblock_migratetype(unsigned long pfn, enum migratetype mt)
{
	unsigned char *byte = &pageblock_flags[pfn >> pageblock_order];

	WRITE_ONCE(*byte, (READ_ONCE(*byte) & ~PB_MIGRATETYPE_MASK) | mt);
}

static void change_pageblock_range(unsigned long pfn, unsigned int order, enum migratetype mt)
{
	unsigned long end = pfn + (1ul << order);

	for (; pfn < end; pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn, mt);
}

/*
 * Take the free block out that covers the whole pageblock of @pfn, if there is one.
 * Return: its order, with its first frame in *@head, or -1. Its frames are then on no list.
 */
static int take_covering_block(struct zone *zone, unsigned long pfn, unsigned long *head)
{
	unsigned long start = ALIGN_DOWN(pfn, pageblock_nr_pages);
	unsigned long word;

	*head = find_large_buddy(start);
	word = page_word_locked(pfn_to_page(*head));
	if (!word_is_buddy(word) || free_order(word) < pageblock_order)
		return -1;
	del_page_from_free_list(pfn_to_page(*head), zone, free_order(word), get_pageblock_migratetype(start));
	return free_order(word);
}

/* Change the byte of one pageblock by @change() and keep its free pages on the list that belongs to it. */
static void change_block(struct zone *zone, unsigned long pfn, unsigned char byte)
{
	unsigned long start = ALIGN_DOWN(pfn, pageblock_nr_pages);
	enum migratetype old = get_pageblock_migratetype(start);
	unsigned long head;
	int order;

	lockdep_assert_held(&zone->lock);
	order = take_covering_block(zone, start, &head);
	WRITE_ONCE(pageblock_flags[start >> pageblock_order], byte);
	if (order >= 0)
		/* Whole blocks are freed anew: what was one block may have to part, or may merge now. */
		free_one_page_locked(zone, pfn_to_page(head), head, order, true);
	else if (get_pageblock_migratetype(start) != old)
		move_freepages(zone, start, start + pageblock_nr_pages, old, get_pageblock_migratetype(start));
}

void move_freepages_block(struct zone *zone, unsigned long pfn, enum migratetype mt)
{
	change_block(zone, pfn, (pageblock_byte(pfn) & ~PB_MIGRATETYPE_MASK) | mt);
}

/* An isolated block leaves the reserve: it will be emptied, not used for the next atomic allocation. */
static void leave_highatomic(struct zone *zone, unsigned long pfn)
{
	if ((pageblock_byte(pfn) & PB_MIGRATETYPE_MASK) != MIGRATE_HIGHATOMIC)
		return;
	MM_BUG_ON(zone->nr_reserved_highatomic < pageblock_nr_pages, "highatomic reserve underflow", pfn, "reserve %lu",
		  zone->nr_reserved_highatomic);
	WRITE_ONCE(zone->nr_reserved_highatomic, zone->nr_reserved_highatomic - pageblock_nr_pages);
	move_freepages_block(zone, pfn, MIGRATE_MOVABLE);
}

bool pageblock_set_isolate(struct zone *zone, unsigned long pfn)
{
	lockdep_assert_held(&zone->lock);
	if (pageblock_byte(pfn) & PB_ISOLATE)
		return false;
	leave_highatomic(zone, pfn);
	change_block(zone, pfn, pageblock_byte(pfn) | PB_ISOLATE);
	zone->nr_isolate_pageblock++;
	trace_isolated(ALIGN_DOWN(pfn, pageblock_nr_pages), pageblock_nr_pages, zone->idx);
	return true;
}

void pageblock_clear_isolate(struct zone *zone, unsigned long pfn)
{
	lockdep_assert_held(&zone->lock);
	MM_BUG_ON(!(pageblock_byte(pfn) & PB_ISOLATE), "un-isolate of a pageblock that is not isolated", pfn, "byte 0x%x",
		  pageblock_byte(pfn));
	VM_BUG_ON(!zone->nr_isolate_pageblock, "isolated pageblocks below zero", pfn, "zone %u", zone->idx);
	zone->nr_isolate_pageblock--;
	trace_unisolate(ALIGN_DOWN(pfn, pageblock_nr_pages), pageblock_nr_pages);
	change_block(zone, pfn, pageblock_byte(pfn) & ~PB_ISOLATE);
}

/* Where a type looks when its own lists are empty; HIGHATOMIC, CMA and isolated blocks are nobody's fall-back. */
static const enum migratetype fallbacks[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/*
 * May @mt claim the whole pageblock from which it takes a block of @order? Unmovable and reclaimable pages spoil a
 * block for long, so they rather claim one than leave single pages in many.
 */
static bool should_claim_block(unsigned int order, enum migratetype mt)
{
	return order >= pageblock_order || order >= pageblock_order / 2 || mt != MIGRATE_MOVABLE;
}

/* Count what a claim of the block of @start would bring: free frames, and frames that suit @mt as they are. */
static unsigned long count_alike(unsigned long start, enum migratetype mt, enum migratetype old)
{
	unsigned long nr_free = 0, movable = 0;

	for (unsigned long pfn = start; pfn < start + pageblock_nr_pages;) {
		unsigned long word = page_word_locked(pfn_to_page(pfn));

		if (word_is_buddy(word)) {
			nr_free += 1ul << free_order(word);
			pfn += 1ul << free_order(word);
			continue;
		}
		if (word_is_folio(word) || (word_is_offline(word) && (word & MISC_MOVABLE)))
			movable++;
		pfn++;
	}
	if (mt == MIGRATE_MOVABLE)
		return nr_free + movable;
	/* What is not movable in a movable block could be unmovable or reclaimable: it counts as alike. */
	return nr_free + (old == MIGRATE_MOVABLE ? pageblock_nr_pages - nr_free - movable : 0);
}

/* Take a block of @found >= @order from list @old for @mt, and its pageblock(s) with it if that is worth it. */
static struct page *try_to_claim_block(struct zone *zone, struct page *page, unsigned int found, unsigned int order,
				       enum migratetype mt, enum migratetype old)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long start = ALIGN_DOWN(pfn, pageblock_nr_pages);

	if (found >= pageblock_order) {
		del_page_from_free_list(page, zone, found, old);
		change_pageblock_range(pfn, found, mt);
		expand(zone, page, order, found, mt);
		return page;
	}
	if (count_alike(start, mt, old) < pageblock_nr_pages / 2)
		return NULL;
	move_freepages_block(zone, start, mt);
	return __rmqueue_smallest(zone, order, mt);
}

struct page *rmqueue_fallback(struct zone *zone, unsigned int order, enum migratetype mt)
{
	struct page *page;

	lockdep_assert_held(&zone->lock);
	/* Largest first: the fewer pageblocks get mixed, the better. */
	for (int o = MAX_PAGE_ORDER; o >= (int)order && should_claim_block(o, mt); o--)
		for (unsigned int i = 0; i < ARRAY_SIZE(fallbacks[mt]); i++) {
			struct free_list *list = &zone->free_area[o].free_list[fallbacks[mt][i]];

			if (list_is_empty(list))
				continue;
			page = try_to_claim_block(zone, pfn_to_page(list->head), o, order, mt, fallbacks[mt][i]);
			if (page)
				return page;
		}
	/* Steal a single block, smallest first, and leave its pageblock to its type. */
	for (unsigned int o = order; o < NR_PAGE_ORDERS; o++)
		for (unsigned int i = 0; i < ARRAY_SIZE(fallbacks[mt]); i++) {
			enum migratetype old = fallbacks[mt][i];
			struct free_list *list = &zone->free_area[o].free_list[old];

			if (list_is_empty(list))
				continue;
			page = pfn_to_page(list->head);
			del_page_from_free_list(page, zone, o, old);
			expand(zone, page, order, o, old);
			return page;
		}
	return NULL;
}

/*
 * Linux keeps 1 % of a zone, and nothing in zones too small for that to be a pageblock. The machines of a fuzzer are
 * all that small: here the reserve is at least one block where the zone has four, and two where it has eight, so that
 * there are reserves that meet and merge.
 */
static unsigned long highatomic_max(struct zone *zone)
{
	unsigned long managed = zone_managed_pages(zone);

	if (managed / 4 < pageblock_nr_pages)
		return 0;
	return max(managed / 100, min(managed / 4, 2 * pageblock_nr_pages));
}

void reserve_highatomic_pageblock(struct zone *zone, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	enum migratetype mt;

	zone_lock(zone);
	mt = get_pageblock_migratetype(pfn);
	if (mt < MIGRATE_PCPTYPES && zone->nr_reserved_highatomic + pageblock_nr_pages <= highatomic_max(zone)) {
		move_freepages_block(zone, pfn, MIGRATE_HIGHATOMIC);
		WRITE_ONCE(zone->nr_reserved_highatomic, zone->nr_reserved_highatomic + pageblock_nr_pages);
	}
	zone_unlock(zone);
}

/* All pageblocks of a free block: the rest of it would go to a list that may have been looked at already. */
static bool unreserve_block(struct zone *zone, unsigned long pfn, unsigned int order)
{
	bool had_free = zone_page_state(zone, NR_FREE_HIGHATOMIC) != 0;

	for (unsigned long end = pfn + (1ul << order); pfn < end; pfn += pageblock_nr_pages)
		leave_highatomic(zone, pfn);
	return had_free;
}

bool unreserve_highatomic_pageblock(struct zone *zone, bool force)
{
	bool freed = false;

	if (!READ_ONCE(zone->nr_reserved_highatomic))
		return false;
	zone_lock(zone);
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		struct free_list *list = &zone->free_area[order].free_list[MIGRATE_HIGHATOMIC];

		while (!list_is_empty(list) && (force || !freed))
			freed |= unreserve_block(zone, list->head, order);
	}
	zone_unlock(zone);
	return freed;
}
