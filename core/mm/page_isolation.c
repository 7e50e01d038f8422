// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation of pageblocks: their free pages stay free but cannot be allocated, so that a range can
 * be emptied.
 *
 * The isolate bit is a lock of its own, taken for one pageblock after the other under zone->lock
 * and held across migration, by whoever allocates a contiguous range or takes memory offline: who
 * finds it set gives up, and each undoes exactly what it did. It also keeps a section in its zone,
 * since offlining must isolate all of it first. Nothing is drained or moved here; pages on pagesets
 * and deferred lists find out when they are freed to the buddy.
 */
#include "internal.h"

struct zone *online_zone(unsigned long pfn)
{
	unsigned char idx;

	if (!pfn_to_online_page(pfn))
		return NULL;
	/* It may have gone offline since, and have no zone any more. */
	idx = READ_ONCE(pfn_to_section(pfn)->zone);
	return idx == ZONE_NONE ? NULL : mm->zones + idx;
}

/*
 * A frame that says nothing of itself: a tail, or a page between two owners. Find the head that
 * covers it.
 * Return: the head's word with its first frame in *@head, or 0 if there is none (then it is on its
 * way).
 */
static unsigned long covering_word(unsigned long pfn, unsigned long *head)
{
	for (unsigned int order = 1; order < NR_PAGE_ORDERS; order++) {
		unsigned long start = ALIGN_DOWN(pfn, 1ul << order);
		unsigned long word;
		unsigned int covers = 0;

		if (start == pfn)
			continue;
		if (!pfn_to_online_page(start))
			break;
		word = page_word(pfn_to_page(start));
		if (word_type(word) == MEMDESC_MISC)
			covers = misc_order(word);
		else if (!memdesc_has_desc(word_type(word)))
			covers = free_order(word);
		if (covers >= order) {
			*head = start;
			return word;
		}
	}
	return 0;
}

/* Frames that a Misc word speaks for if the range can be emptied of it; 0 if it cannot. */
static unsigned long misc_removable(unsigned long word, enum isolate_mode mode)
{
	switch (misc_subtype(word)) {
	case MISC_NONE:
		/*
		 * Between two owners: a walk cannot know. Counts as free, and is looked at again in
		 * the end.
		 */
		return 1;
	case MISC_GUARD:
		/* As movable as the block it guards: it comes back to the buddy with that. */
		return 1ul << misc_order(word);
	case MISC_OFFLINE:
		if (word & MISC_MOVABLE)
			return 1;
		return mode == ISOLATE_MODE_MEM_OFFLINE && (word & MISC_SKIPPABLE) ? 1 : 0;
	case MISC_HWPOISON:
		return mode == ISOLATE_MODE_MEM_OFFLINE ? 1 : 0;
	default:
		return 0;
	}
}

unsigned long has_unmovable_pages(unsigned long start, unsigned long end, enum isolate_mode mode)
{
	/* CMA pageblocks are CMA's: for others they are taken, whoever is in them now. */
	if (mode != ISOLATE_MODE_CMA_ALLOC &&
	    (pageblock_byte(start) & PB_MIGRATETYPE_MASK) == MIGRATE_CMA)
		return start;
	for (unsigned long pfn = start; pfn < end;) {
		unsigned long head = pfn;
		unsigned long nr = 1;
		unsigned long word;

		if (!pfn_to_online_page(pfn))
			return pfn;
		word = page_word(pfn_to_page(pfn));
		if (!word)
			word = covering_word(pfn, &head);
		switch (word_type(word)) {
		case MEMDESC_BUDDY:
		case MEMDESC_PCP:
		case MEMDESC_DEFERRED:
			/*
			 * One atomic word: the order is one that somebody stored, and bounds the
			 * step.
			 */
			nr = 1ul << free_order(word);
			break;
		case MEMDESC_ANON:
		case MEMDESC_FILE:
			break;
		case MEMDESC_MISC:
			nr = misc_removable(word, mode);
			break;
		default:
			nr = 0;
		}
		if (!nr)
			return pfn;
		/* A head found by looking back ends at or behind this frame. */
		pfn = max(head + nr, pfn + 1);
	}
	return -1ul;
}

/* Isolate the pageblock of @pfn if what it has in common with [start, end) can be emptied. */
static int isolate_pageblock(unsigned long pfn, unsigned long start, unsigned long end,
			     enum isolate_mode mode)
{
	struct zone *zone;
	bool done;

	/*
	 * The zone is only a guess before its lock is held; a section changes zones under that of
	 * the old one.
	 */
	rcu_read_lock();
	zone = online_zone(pfn);
	if (!zone) {
		rcu_read_unlock();
		return -EBUSY;
	}
	zone_lock(zone);
	done = online_zone(pfn) == zone && !is_migrate_isolate_pfn(pfn) &&
	       has_unmovable_pages(max(pfn, start), min(pfn + pageblock_nr_pages, end), mode) ==
		       -1ul &&
	       pageblock_set_isolate(zone, pfn);
	zone_unlock(zone);
	rcu_read_unlock();
	return done ? 0 : -EBUSY;
}

static void unisolate_pageblock(unsigned long pfn)
{
	struct zone *zone = online_zone(pfn);

	/* With the bit set the section has stayed where it was: no need to look twice. */
	MM_BUG_ON(!zone, "isolated pageblock went offline", pfn, "section state %u",
		  pfn_to_section(pfn)->state);
	zone_lock(zone);
	MM_BUG_ON(!is_migrate_isolate_pfn(pfn), "undo of a pageblock that is not isolated", pfn,
		  "type %u", get_pageblock_migratetype(pfn));
	pageblock_clear_isolate(zone, pfn);
	zone_unlock(zone);
}

static void unisolate_pageblocks(unsigned long first, unsigned long end)
{
	for (unsigned long pfn = first; pfn < end; pfn += pageblock_nr_pages)
		unisolate_pageblock(pfn);
}

int start_isolate_page_range(unsigned long start, unsigned long end, enum isolate_mode mode)
{
	unsigned long first = ALIGN_DOWN(start, pageblock_nr_pages);

	MM_BUG_ON(start >= end || end > max_pfn, "isolation of a wrong range", start,
		  "end 0x%lx, memory 0x%lx", end, max_pfn);
	for (unsigned long pfn = first; pfn < end; pfn += pageblock_nr_pages) {
		if (isolate_pageblock(pfn, start, end, mode)) {
			unisolate_pageblocks(first, pfn);
			return -EBUSY;
		}
	}
	return 0;
}

void undo_isolate_page_range(unsigned long start, unsigned long end)
{
	MM_BUG_ON(start >= end || end > max_pfn, "isolation of a wrong range", start,
		  "end 0x%lx, memory 0x%lx", end, max_pfn);
	unisolate_pageblocks(ALIGN_DOWN(start, pageblock_nr_pages), end);
}

void drain_isolated_range(struct zone *zone, unsigned long start, unsigned long end)
{
	drain_all_pages(zone);
	if (!MM_DEBUG)
		return;
	for (unsigned long pfn = start; pfn < end; pfn++)
		MM_BUG_ON(word_type(page_word(pfn_to_page(pfn))) == MEMDESC_PCP,
			  "isolated block on a drained pageset", pfn, "range [0x%lx, 0x%lx)", start,
			  end);
}

/*
 * Frames that nobody uses from @pfn on, 0 if it is in use; under zone->lock, in an isolated
 * pageblock.
 */
static unsigned long unused_pages(unsigned long pfn, enum isolate_mode mode)
{
	unsigned long word = page_word_locked(pfn_to_page(pfn));

	if (word_is_buddy(word))
		return 1ul << free_order(word);
	if (mode != ISOLATE_MODE_MEM_OFFLINE)
		return 0;
	if (word_is_misc(word, MISC_HWPOISON))
		return 1;
	/* Not one that a migrator has in hand: it would go on with a page whose memory is gone. */
	return word_is_offline(word) && (word & MISC_SKIPPABLE) && !(word & MISC_ISOLATED) ? 1 : 0;
}

int test_pages_isolated(unsigned long start, unsigned long end, enum isolate_mode mode)
{
	unsigned long pfn = ALIGN_DOWN(start, pageblock_nr_pages);
	struct zone *zone;

	/* The bit that the caller holds on these pageblocks keeps the zone what it is. */
	for (; pfn < end; pfn += pageblock_nr_pages)
		if (!is_migrate_isolate_pfn(pfn))
			return -EBUSY;
	zone = online_zone(start);
	if (!zone)
		return -EBUSY;
	zone_lock(zone);
	drain_deferred(zone);
	/* Isolated neighbours merge, so the first block may begin before the range. */
	for (pfn = find_large_buddy(start); pfn < end;) {
		unsigned long nr = unused_pages(pfn, mode);

		if (!nr)
			break;
		pfn += nr;
	}
	zone_unlock(zone);
	return pfn >= end ? 0 : -EBUSY;
}
