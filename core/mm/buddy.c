// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buddy allocator of a zone: free lists by order and migratetype, merging, splitting, guard pages.
 *
 * Everything here runs under zone->lock but find_large_buddy(). This file is the only one that changes
 * zone->free_area and the counters that go with it, so that accounting happens where frames enter or leave a list and
 * nowhere else. It decides no policy: which list to take from is pageblock.c's and page_alloc.c's.
 */
#include "freelist.h"
#include "internal.h"

/* CMA and HIGHATOMIC blocks keep to themselves, and isolated ones must not leak into what can be allocated. */
static __always_inline bool migratetype_is_mergeable(enum migratetype mt)
{
	return mt < MIGRATE_PCPTYPES;
}

static void account_freepages(struct zone *zone, long nr, enum migratetype mt)
{
	if (unlikely(mt == MIGRATE_ISOLATE)) {
		zone_stat_add(zone, NR_FREE_ISOLATED, nr);
		return;
	}
	zone_stat_add(zone, NR_FREE_PAGES, nr);
	if (unlikely(mt == MIGRATE_CMA))
		zone_stat_add(zone, NR_FREE_CMA, nr);
	else if (unlikely(mt == MIGRATE_HIGHATOMIC))
		zone_stat_add(zone, NR_FREE_HIGHATOMIC, nr);
}

void add_to_free_list(struct page *page, struct zone *zone, unsigned int order, enum migratetype mt, bool to_tail)
{
	struct free_area *area = &zone->free_area[order];
	unsigned long pfn = page_to_pfn(page);

	lockdep_assert_held(&zone->lock);
	VM_BUG_ON(get_pageblock_migratetype(pfn) != mt, "free list of another type", pfn, "list of %s, pageblock %s",
		  migratetype_names[mt], migratetype_names[get_pageblock_migratetype(pfn)]);
	VM_BUG_ON(PEEK(pfn_to_section(pfn)->zone) != zone->idx, "free list of another zone", pfn, "zone %u", zone->idx);
	VM_BUG_ON(pfn & ((1ul << order) - 1), "free block not aligned", pfn, "order %u", order);
	if (to_tail)
		list_add_tail(&area->free_list[mt], pfn, MEMDESC_BUDDY, order);
	else
		list_add(&area->free_list[mt], pfn, MEMDESC_BUDDY, order);
	area->nr_free++;
	account_freepages(zone, 1l << order, mt);
}

void del_page_from_free_list(struct page *page, struct zone *zone, unsigned int order, enum migratetype mt)
{
	struct free_area *area = &zone->free_area[order];
	unsigned long pfn = page_to_pfn(page);
	unsigned long word = page_word_locked(page);

	lockdep_assert_held(&zone->lock);
	MM_BUG_ON(!word_is_buddy(word) || free_order(word) != order, "not a free block of that order", pfn,
		  "order %u expected", order);
	VM_BUG_ON(get_pageblock_migratetype(pfn) != mt, "free list of another type", pfn, "list of %s, pageblock %s",
		  migratetype_names[mt], migratetype_names[get_pageblock_migratetype(pfn)]);
	list_del(&area->free_list[mt], pfn, word);
	VM_BUG_ON(!area->nr_free, "nr_free below zero", pfn, "zone %u, order %u", zone->idx, order);
	area->nr_free--;
	account_freepages(zone, -(1l << order), mt);
}

void set_page_guard(struct zone *zone, struct page *page, unsigned int order)
{
	WRITE_ONCE(page->memdesc, misc_word(MISC_GUARD, order, 0));
	zone_stat_add(zone, NR_GUARD, 1l << order);
}

void clear_page_guard(struct zone *zone, struct page *page, unsigned int order)
{
	WRITE_ONCE(page->memdesc, 0);
	zone_stat_add(zone, NR_GUARD, -(1l << order));
}

/*
 * The frame's section belongs to this zone. A section leaves its zone under zone->lock, so the answer holds, and with
 * it the section's memmap, as long as the lock does.
 */
static __always_inline bool pfn_in_zone(const struct zone *zone, unsigned long pfn)
{
	return pfn < max_pfn && READ_ONCE(pfn_to_section(pfn)->zone) == zone->idx;
}

/* Is the block at @buddy_pfn free (or a guard), whole, of this order and in this zone? */
static __always_inline bool page_is_buddy(const struct zone *zone, unsigned long pfn, unsigned long buddy_pfn,
					  unsigned int order)
{
	unsigned long word;

	if (unlikely(((pfn ^ buddy_pfn) >> section_order) != 0) && !pfn_in_zone(zone, buddy_pfn))
		return false;
	word = page_word_locked(pfn_to_page(buddy_pfn));
	if (likely(word_is_buddy(word)))
		return free_order(word) == order;
	return word_is_misc(word, MISC_GUARD) && misc_order(word) == order;
}

/* Blocks that merge must agree in type, or an expand() later would put a part on the wrong list. */
static void match_pageblocks(unsigned long pfn, unsigned int order, enum migratetype mt)
{
	unsigned long end = pfn + (1ul << order);

	for (; pfn < end; pfn += pageblock_nr_pages)
		set_pageblock_migratetype(pfn, mt);
}

void __free_one_page(struct page *page, unsigned long pfn, struct zone *zone, unsigned int order, enum migratetype mt,
		     bool to_tail)
{
	lockdep_assert_held(&zone->lock);
	while (order < MAX_PAGE_ORDER) {
		unsigned long buddy_pfn = pfn ^ (1ul << order);
		struct page *buddy = pfn_to_page(buddy_pfn);
		enum migratetype buddy_mt = mt;

		if (!page_is_buddy(zone, pfn, buddy_pfn, order))
			break;
		if (unlikely(order >= pageblock_order)) {
			buddy_mt = get_pageblock_migratetype(buddy_pfn);
			if (buddy_mt != mt && !(migratetype_is_mergeable(mt) && migratetype_is_mergeable(buddy_mt)))
				break;
		}
		if (unlikely(!word_is_buddy(page_word_locked(buddy))))
			clear_page_guard(zone, buddy, order);
		else
			del_page_from_free_list(buddy, zone, order, buddy_mt);
		if (unlikely(buddy_mt != mt))
			match_pageblocks(buddy_pfn, order, mt);
		pfn &= ~(1ul << order);
		order++;
	}
	page = pfn_to_page(pfn);
	add_to_free_list(page, zone, order, mt, to_tail);
}

static bool pageblocks_alike(unsigned long pfn, unsigned int order)
{
	unsigned long end = pfn + (1ul << order);
	enum migratetype mt = get_pageblock_migratetype(pfn);

	for (pfn += pageblock_nr_pages; pfn < end; pfn += pageblock_nr_pages)
		if (get_pageblock_migratetype(pfn) != mt)
			return false;
	return true;
}

void free_one_page_locked(struct zone *zone, struct page *page, unsigned long pfn, unsigned int order, bool to_tail)
{
	if (likely(order <= pageblock_order) || pageblocks_alike(pfn, order)) {
		__free_one_page(page, pfn, zone, order, get_pageblock_migratetype(pfn), to_tail);
		return;
	}
	for (unsigned long end = pfn + (1ul << order); pfn < end; pfn += pageblock_nr_pages)
		__free_one_page(pfn_to_page(pfn), pfn, zone, pageblock_order, get_pageblock_migratetype(pfn), to_tail);
}

void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high, enum migratetype mt)
{
	while (high > low) {
		struct page *half;

		high--;
		half = page + (1ul << high);
		/*
		 * Guards stay out of the lists: an access past the end of the block that is being allocated hits
		 * memory that nobody can own. They come back when that block is freed and merges.
		 */
		if (unlikely(mm->config.guard_order) && high < mm->config.guard_order && mt != MIGRATE_ISOLATE)
			set_page_guard(zone, half, high);
		else
			add_to_free_list(half, zone, high, mt, false);
	}
}

struct page *__rmqueue_smallest(struct zone *zone, unsigned int order, enum migratetype mt)
{
	for (unsigned int o = order; o < NR_PAGE_ORDERS; o++) {
		struct free_list *list = &zone->free_area[o].free_list[mt];
		struct page *page;

		if (list_is_empty(list))
			continue;
		page = pfn_to_page(list->head);
		del_page_from_free_list(page, zone, o, mt);
		expand(zone, page, order, o, mt);
		return page;
	}
	return NULL;
}

unsigned long find_large_buddy(unsigned long pfn)
{
	unsigned long found = pfn;

	/* Looking back it reads words of sections that may be another zone's, and on their way out: zone->lock is not enough. */
	rcu_read_lock();
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned long start = pfn & ~((1ul << order) - 1);
		unsigned long word;

		if (!pfn_to_online_page(start))
			break;
		word = page_word(pfn_to_page(start));
		if (word_is_buddy(word) && free_order(word) >= order) {
			found = start;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

unsigned long move_freepages(struct zone *zone, unsigned long start, unsigned long end, enum migratetype old,
			     enum migratetype new)
{
	unsigned long moved = 0;

	lockdep_assert_held(&zone->lock);
	for (unsigned long pfn = start; pfn < end;) {
		unsigned long word = page_word_locked(pfn_to_page(pfn));
		struct free_area *area;
		unsigned int order;

		if (!word_is_buddy(word)) {
			pfn++;
			continue;
		}
		/* Not del + add: between the two the pageblock would not be of the type of either list. */
		order = free_order(word);
		area = &zone->free_area[order];
		list_del(&area->free_list[old], pfn, word);
		list_add_tail(&area->free_list[new], pfn, MEMDESC_BUDDY, order);
		account_freepages(zone, -(1l << order), old);
		account_freepages(zone, 1l << order, new);
		moved += 1ul << order;
		pfn += 1ul << order;
	}
	return moved;
}

unsigned int __isolate_free_page(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *zone = pfn_zone(pfn);
	enum migratetype mt = get_pageblock_migratetype(pfn);

	if (mt != MIGRATE_ISOLATE &&
	    !zone_watermark_ok(zone, 0, READ_ONCE(zone->watermark[WMARK_MIN]) + (1ul << order), zone->type, __GFP_MOVABLE))
		return 0;
	del_page_from_free_list(page, zone, order, mt);
	/* Movable pages are about to fill it; half a block of them is enough to call the block movable. */
	if (order + 1 >= pageblock_order && mt != MIGRATE_ISOLATE)
		for (unsigned long p = pfn; p < pfn + (1ul << order); p += pageblock_nr_pages) {
			enum migratetype old = get_pageblock_migratetype(p);

			if (migratetype_is_mergeable(old) && old != MIGRATE_MOVABLE)
				move_freepages_block(zone, p, MIGRATE_MOVABLE);
		}
	return 1u << order;
}
