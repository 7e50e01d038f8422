// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous ranges: exactly these frames, or so many in a row, emptied of movable pages where need
 * be.
 *
 *	pageblock:  |....AAAA|MMMM..AA|AA......|	A asked for, M neighbours that stay
 *	1. isolate  |iiiiiiii|iiiiiiii|iiiiiiii|	free pages of these blocks stay free
 *	2. migrate       AAAA          AA AA		what can move leaves the range
 *	3. take          AAAA          AA AA		all at once under zone->lock, or nothing
 *	4. undo     |........|........|........|
 *
 * Step 3 cuts the range out of free blocks that reach beyond it and never lets a frame be in no
 * place: who comes second, to the isolate bits or to the frames, gets -EBUSY and has changed
 * nothing. Frames come out as single Frozen ones; the refcounted form is a wrapper. This file keeps
 * no record of what it gave: the words do.
 */
#include "internal.h"

/* Frames isolated and migrated at once; they stand on the stack. */
#define CONTIG_BATCH	  32
/* Rounds of emptying: what is on its way between two owners has settled in the next one. */
#define CONTIG_TRIES	  3
/* Ranges tried in earnest by one call that may choose. */
#define CONTIG_CANDIDATES 64

/* --- taking free frames --- */

/*
 * Put [start, end), a part of a free block that was taken off its list, back in the largest blocks
 * that fit.
 */
static void give_back(struct zone *zone, unsigned long start, unsigned long end)
{
	while (start < end) {
		unsigned int order = ilog2(end - start);

		if (start)
			order = min(order, __ffs(start));
		order = min(order, MAX_PAGE_ORDER);
		/*
		 * Their buddies are in the range that is taken, or come next: there is nothing to
		 * merge with.
		 */
		add_to_free_list(pfn_to_page(start), zone, order, get_pageblock_migratetype(start),
				 false);
		start += 1ul << order;
	}
}

/* Some frame of [start, end) that is not free, or @end; under zone->lock. */
static unsigned long first_not_free(unsigned long start, unsigned long end)
{
	for (unsigned long pfn = find_large_buddy(start); pfn < end;) {
		unsigned long word = page_word_locked(pfn_to_page(pfn));

		if (!word_is_buddy(word))
			return pfn;
		pfn += 1ul << free_order(word);
	}
	return end;
}

/*
 * Take exactly [start, end) off the free lists.
 * Return: @end, and the frames are the caller's with words of 0; or a frame that is not free, and
 * nothing has changed.
 */
static unsigned long take_free_range(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long busy;

	zone_lock(zone);
	drain_deferred(zone);
	busy = first_not_free(start, end);
	if (busy < end)
		goto out;
	for (unsigned long pfn = find_large_buddy(start); pfn < end;) {
		unsigned int order = free_order(page_word_locked(pfn_to_page(pfn)));
		unsigned long next = pfn + (1ul << order);

		del_page_from_free_list(pfn_to_page(pfn), zone, order,
					get_pageblock_migratetype(pfn));
		give_back(zone, pfn, max(pfn, start));
		give_back(zone, min(next, end), next);
		pfn = next;
	}
out:
	zone_unlock(zone);
	return busy;
}

/* --- emptying a range --- */

/*
 * The zone that all of [start, end) is online in; NULL with *@err set. Whole pageblocks are looked
 * at.
 */
static struct zone *range_zone(unsigned long start, unsigned long end, int *err)
{
	struct zone *zone;

	rcu_read_lock();
	zone = online_zone(start);
	*err = zone ? 0 : -EBUSY;
	for (unsigned long pfn = ALIGN_DOWN(start, section_nr_pages) + section_nr_pages;
	     pfn < end && !*err; pfn += section_nr_pages) {
		struct zone *other = online_zone(pfn);

		if (other != zone)
			*err = other ? -EINVAL : -EBUSY;
	}
	rcu_read_unlock();
	return *err ? NULL : zone;
}

/* Move everything movable out of [start, end); -EBUSY if something would not go. */
static int migrate_range(unsigned long start, unsigned long end)
{
	unsigned long pfns[CONTIG_BATCH];
	unsigned long pfn = start;
	unsigned long nr;

	while ((nr = isolate_migratepages_range(&pfn, end, CONTIG_BATCH, pfns)) != 0) {
		unsigned long left = migrate_pages(pfns, nr, NULL, NULL, NULL, false);

		if (left) {
			putback_movable_pages(pfns, left);
			return -EBUSY;
		}
	}
	return 0;
}

/* Something that is going to stay is at @pfn: another round of emptying would find it again. */
static bool stays(unsigned long pfn)
{
	unsigned long unmovable;

	rcu_read_lock();
	unmovable = has_unmovable_pages(pfn, pfn + 1, ISOLATE_MODE_CMA_ALLOC);
	rcu_read_unlock();
	return unmovable != -1ul;
}

static int __alloc_contig_range(unsigned long start, unsigned long end, bool cma, gfp_t gfp)
{
	struct zone *zone;
	int rc;

	might_sleep();
	if (start >= end || end > max_pfn)
		return -EINVAL;
	if (!range_zone(start, end, &rc))
		return rc;
	rc = start_isolate_page_range(start, end,
				      cma ? ISOLATE_MODE_CMA_ALLOC : ISOLATE_MODE_OTHER);
	if (rc)
		return rc;
	/* Only now that the sections cannot leave does the answer hold. */
	zone = range_zone(start, end, &rc);
	for (unsigned int try = 0; zone && try < CONTIG_TRIES; try++) {
		unsigned long busy;

		rc = migrate_range(start, end);
		busy = rc ? start : take_free_range(zone, start, end);
		if (!rc && busy != end) {
			/*
			 * Freed before the bits were set, it may sit on a pageset; later ones see
			 * the bits and do not.
			 */
			drain_isolated_range(zone, start, end);
			busy = take_free_range(zone, start, end);
		}
		if (!rc && busy == end)
			break;
		rc = -EBUSY;
		if (stays(busy))
			break;
	}
	if (!rc)
		for (unsigned long pfn = start; pfn < end; pfn++)
			post_alloc_hook(pfn_to_page(pfn), 0, gfp);
	undo_isolate_page_range(start, end);
	return rc;
}

int alloc_contig_frozen_range(unsigned long start, unsigned long end, bool cma)
{
	return __alloc_contig_range(start, end, cma, GFP_KERNEL);
}

void free_contig_frozen_range(unsigned long start, unsigned long nr)
{
	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		free_frozen_pages(pfn_to_page(pfn), 0);
}

/* --- the refcounted form --- */

int alloc_contig_range(unsigned long start, unsigned long end)
{
	int rc = alloc_contig_frozen_range(start, end, false);

	if (rc)
		return rc;
	for (unsigned long pfn = start; pfn < end; pfn++) {
		rc = make_pages_refcounted(pfn_to_page(pfn), 0);
		if (rc) {
			/*
			 * By a put each: a walker may have found those that have a count already.
			 */
			free_contig_range(start, pfn - start);
			free_contig_frozen_range(pfn, end - pfn);
			return rc;
		}
	}
	return 0;
}

void free_contig_range(unsigned long start, unsigned long nr)
{
	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		put_page_owned(pfn);
}

/* --- choosing a range --- */

/*
 * Is it worth trying to take [start, end)? A look without any lock, so that hopeless ranges cost
 * little.
 * Return: @end if so, else a frame that stands in the way: no range with it is worth trying.
 */
static unsigned long range_obstacle(struct zone *zone, unsigned long start, unsigned long end,
				    enum isolate_mode mode)
{
	unsigned long pfn = start;

	rcu_read_lock();
	while (pfn < end) {
		unsigned long block_end =
			min(ALIGN_DOWN(pfn, pageblock_nr_pages) + pageblock_nr_pages, end);
		unsigned long busy = pfn;

		if (online_zone(pfn) == zone && !is_migrate_isolate_pfn(pfn))
			busy = has_unmovable_pages(pfn, block_end, mode);
		if (busy != -1ul) {
			pfn = busy;
			break;
		}
		pfn = block_end;
	}
	rcu_read_unlock();
	return min(pfn, end);
}

/*
 * The first range of @nr frames in [start, end), aligned to @align, that can be had; its first frame or -1ul. After a
 * range that could not, the next begins @step further.
 */
static unsigned long alloc_contig_within(struct zone *zone, unsigned long start, unsigned long end,
					 unsigned long nr, unsigned long align, unsigned long step,
					 bool cma, gfp_t gfp)
{
	enum isolate_mode mode = cma ? ISOLATE_MODE_CMA_ALLOC : ISOLATE_MODE_OTHER;
	unsigned int tries = 0;

	for (unsigned long pfn = ALIGN(start, align);
	     pfn + nr <= end && tries < CONTIG_CANDIDATES;) {
		unsigned long busy = range_obstacle(zone, pfn, pfn + nr, mode);

		MM_BUG_ON(busy < pfn, "scanner goes back", pfn, "obstacle at 0x%lx", busy);

		if (busy < pfn + nr) {
			/* A section that is not online in the zone is left in one step. */
			if (online_zone(busy) != zone)
				busy = ALIGN_DOWN(busy, section_nr_pages) + section_nr_pages - 1;
			pfn = ALIGN(busy + 1, align);
			continue;
		}
		tries++;
		if (!__alloc_contig_range(pfn, pfn + nr, cma, gfp))
			return pfn;
		pfn += step;
	}
	return -1ul;
}

/* As in Linux the range is aligned to its length if that is a power of two, and to nothing else. */
struct page *alloc_contig_frozen_pages(unsigned long nr, gfp_t gfp, unsigned int nid)
{
	unsigned long align = nr & (nr - 1) ? 1 : nr;

	MM_BUG_ON(nid >= mm->nr_nodes, "allocation on a node that is not there", SIM_NO_PFN,
		  "node %u", nid);
	if (!nr || nr > max_pfn || should_fail(FAULT_PAGE))
		return NULL;
	for (const unsigned char *z = mm->zonelists[nid][gfp_zone_type(gfp)].zones; *z != ZONE_NONE;
	     z++) {
		struct zone *zone = &mm->zones[*z];
		unsigned long start = READ_ONCE(zone->zone_start_pfn);
		unsigned long pfn;

		if ((gfp & __GFP_THISNODE) && zone->nid != nid)
			continue;
		pfn = alloc_contig_within(zone, start, start + READ_ONCE(zone->spanned_pages), nr,
					  align, nr, false, gfp);
		if (pfn != -1ul)
			return pfn_to_page(pfn);
	}
	return NULL;
}

/* Frames that a range of @nr starts on a multiple of: its order, as far as blocks go. */
static unsigned long contig_align(unsigned long nr)
{
	unsigned long align = 1;

	while (align < nr && align < MAX_ORDER_NR_PAGES)
		align <<= 1;
	return align;
}

struct page *cma_alloc(unsigned int area, unsigned long nr)
{
	unsigned long align = contig_align(nr);
	const struct mmfuzz_range *range;
	struct zone *zone;
	unsigned long pfn;

	MM_BUG_ON(area >= mm->config.nr_cma, "CMA area that is not there", SIM_NO_PFN, "area %u",
		  area);
	range = &mm->config.cma[area];
	if (!nr || nr > range->nr || should_fail(FAULT_PAGE))
		return NULL;
	rcu_read_lock();
	zone = online_zone(range->start);
	rcu_read_unlock();
	if (!zone)
		return NULL;
	/* One at a time: two that share a pageblock would only make each other fail. */
	mutex_lock(&mm->cma_lock);
	pfn = alloc_contig_within(zone, range->start, range->start + range->nr, nr, align, align,
				  true, GFP_KERNEL);
	mutex_unlock(&mm->cma_lock);
	return pfn == -1ul ? NULL : pfn_to_page(pfn);
}

void cma_release(unsigned int area, unsigned long start, unsigned long nr)
{
	const struct mmfuzz_range *range;

	MM_BUG_ON(area >= mm->config.nr_cma, "CMA area that is not there", SIM_NO_PFN, "area %u",
		  area);
	range = &mm->config.cma[area];
	MM_BUG_ON(start < range->start || start + nr > range->start + range->nr || nr > range->nr,
		  "CMA release outside the area", start, "%lu frames, area %u", nr, area);
	free_contig_frozen_range(start, nr);
}

bool pfn_in_cma(unsigned long pfn)
{
	for (unsigned int i = 0; i < mm->config.nr_cma; i++)
		if (pfn - mm->config.cma[i].start < mm->config.cma[i].nr)
			return true;
	return false;
}
