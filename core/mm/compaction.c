// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: two scanners gather a zone's free memory at its one end by moving pages to the other.
 *
 *	zone start  | migrate scanner -->  ...  <-- free scanner |  zone end
 *
 * The migrate scanner isolates movable pages, the free scanner free blocks to move them to, each a
 * pageblock at a time, until a free block of the wanted order exists or they meet. Both keep to
 * arrays on the stack. Sections come and go under them: the migrate scanner looks at words under
 * RCU, the free scanner under RCU and zone->lock, and neither keeps a frame that it does not own
 * over the end of either. Pageblocks that somebody has isolated are left alone.
 */
#include "internal.h"

/* Pages migrated at once, and free frames gathered for them. */
#define COMPACT_CLUSTER_MAX 32
/* Blocks of free frames that one compaction holds. */
#define COMPACT_FREE_BLOCKS 64

/**
 * struct compact_control - one compaction
 * @zone, @order, @async: as asked for
 * @migrate_pfn: where the migrate scanner goes on
 * @free_pfn: where the free scanner goes on, downwards; a pageblock's first frame
 * @exhausted: not even a single frame was left to move to
 * @nr_blocks: used entries of @blocks
 * @blocks: taken off the free lists and not yet handed out; words 0, not yet through
 * post_alloc_hook()
 */
struct compact_control {
	struct zone *zone;
	unsigned int order;
	bool async;
	unsigned long migrate_pfn;
	unsigned long free_pfn;
	bool exhausted;
	unsigned int nr_blocks;
	struct {
		unsigned int pfn;
		unsigned int order;
	} blocks[COMPACT_FREE_BLOCKS];
};

/* --- free scanner --- */

static bool suitable_migration_target(unsigned long pfn)
{
	enum migratetype mt = get_pageblock_migratetype(pfn);

	return mt == MIGRATE_MOVABLE || mt == MIGRATE_CMA;
}

/* Take free blocks of one pageblock; false when there is no room for all of them. */
static bool isolate_freepages_block(struct compact_control *cc, unsigned long start)
{
	unsigned long end = start + pageblock_nr_pages;
	struct zone *zone = cc->zone;
	bool all = true;

	rcu_read_lock();
	zone_lock(zone);
	if (online_zone(start) != zone || !suitable_migration_target(start))
		goto out;
	for (unsigned long pfn = start; pfn < end;) {
		unsigned long word = page_word_locked(pfn_to_page(pfn));
		unsigned int order;

		if (!word_is_buddy(word)) {
			pfn++;
			continue;
		}
		if (cc->nr_blocks == COMPACT_FREE_BLOCKS) {
			all = false;
			break;
		}
		order = free_order(word);
		/*
		 * As large as what is wanted: there is no gain in breaking it up. 0: the watermark
		 * forbids.
		 */
		if (order < cc->order && __isolate_free_page(pfn_to_page(pfn), order)) {
			cc->blocks[cc->nr_blocks].pfn = pfn;
			cc->blocks[cc->nr_blocks++].order = order;
		}
		pfn += 1ul << order;
	}
out:
	zone_unlock(zone);
	rcu_read_unlock();
	return all;
}

static unsigned long nr_free_frames(const struct compact_control *cc)
{
	unsigned long nr = 0;

	for (unsigned int i = 0; i < cc->nr_blocks; i++)
		nr += 1ul << cc->blocks[i].order;
	return nr;
}

/* Gather free blocks until there is enough for a cluster, or the migrate scanner is reached. */
static void isolate_freepages(struct compact_control *cc)
{
	unsigned long limit = ALIGN(cc->migrate_pfn, pageblock_nr_pages);

	while (cc->free_pfn > limit && nr_free_frames(cc) < COMPACT_CLUSTER_MAX) {
		if (!isolate_freepages_block(cc, cc->free_pfn - pageblock_nr_pages))
			break;
		cc->free_pfn -= pageblock_nr_pages;
	}
}

/* Back to the buddy, as it came from there: its words were never touched. */
static void release_block(struct compact_control *cc, unsigned long pfn, unsigned int order)
{
	free_one_page(cc->zone, pfn_to_page(pfn), pfn, order, false);
}

/* Into the array, or back to the buddy when that is full. */
static void keep_block(struct compact_control *cc, unsigned long pfn, unsigned int order)
{
	if (cc->nr_blocks == COMPACT_FREE_BLOCKS) {
		release_block(cc, pfn, order);
		return;
	}
	cc->blocks[cc->nr_blocks].pfn = pfn;
	cc->blocks[cc->nr_blocks++].order = order;
}

static void release_blocks(struct compact_control *cc)
{
	while (cc->nr_blocks) {
		cc->nr_blocks--;
		release_block(cc, cc->blocks[cc->nr_blocks].pfn, cc->blocks[cc->nr_blocks].order);
	}
}

/* --- targets --- */

/* Take the smallest block of at least @order out of the array; false if there is none. */
static bool take_block(struct compact_control *cc, unsigned int order, unsigned long *pfn,
		       unsigned int *block_order)
{
	unsigned int best = cc->nr_blocks;

	for (unsigned int i = 0; i < cc->nr_blocks; i++)
		if (cc->blocks[i].order >= order &&
		    (best == cc->nr_blocks || cc->blocks[i].order < cc->blocks[best].order))
			best = i;
	if (best == cc->nr_blocks)
		return false;
	*pfn = cc->blocks[best].pfn;
	*block_order = cc->blocks[best].order;
	cc->blocks[best] = cc->blocks[--cc->nr_blocks];
	return true;
}

/* new_folio_t of a compaction */
static struct page *compaction_alloc(unsigned int order, void *private)
{
	struct compact_control *cc = private;
	unsigned int block_order;
	unsigned long pfn;

	for (;;) {
		if (!take_block(cc, order, &pfn, &block_order)) {
			isolate_freepages(cc);
			if (!take_block(cc, order, &pfn, &block_order)) {
				cc->exhausted |= !order;
				return NULL;
			}
		}
		if (!is_migrate_isolate_pfn(pfn))
			break;
		/* Isolated since we took it: who wants the pageblock empty waits for this block. */
		release_block(cc, pfn, block_order);
	}
	while (block_order > order) {
		block_order--;
		keep_block(cc, pfn + (1ul << block_order), block_order);
	}
	post_alloc_hook(pfn_to_page(pfn), order, __GFP_MOVABLE);
	return pfn_to_page(pfn);
}

/* free_folio_t of a compaction: the next page may take it, or this one when it is tried again. */
static void compaction_free(struct page *page, unsigned int order, void *private)
{
	free_pages_prepare(page, order);
	keep_block(private, page_to_pfn(page), order);
}

/* --- migrate scanner --- */

static bool suitable_migration_source(struct compact_control *cc, unsigned long pfn)
{
	bool suitable;

	rcu_read_lock();
	suitable = online_zone(pfn) == cc->zone && !is_migrate_isolate_pfn(pfn);
	rcu_read_unlock();
	return suitable && (!cc->async || suitable_migration_target(pfn));
}

static bool compact_finished(struct zone *zone, unsigned int order)
{
	bool found = false;

	zone_lock(zone);
	for (unsigned int o = order; o < NR_PAGE_ORDERS && !found; o++)
		for (unsigned int mt = 0; mt < MIGRATE_PCPTYPES; mt++)
			found |= zone->free_area[o].free_list[mt].head != LIST_NIL;
	zone_unlock(zone);
	return found;
}

/*
 * Move what can move out of the pageblock that the migrate scanner stands at; whether anything
 * moved.
 */
static bool compact_block(struct compact_control *cc)
{
	unsigned long end = ALIGN_DOWN(cc->migrate_pfn, pageblock_nr_pages) + pageblock_nr_pages;
	unsigned long pfns[COMPACT_CLUSTER_MAX];
	bool moved = false;

	while (cc->migrate_pfn < end) {
		unsigned long nr, left;

		/*
		 * A folio as large as what is wanted would only change places with another block of
		 * that size.
		 */
		nr = isolate_migratepages_block(&cc->migrate_pfn, end, COMPACT_CLUSTER_MAX,
						cc->order, pfns);
		if (!nr)
			break;
		left = migrate_pages(pfns, nr, compaction_alloc, compaction_free, cc, cc->async);
		putback_movable_pages(pfns, left);
		moved |= left < nr;
	}
	return moved;
}

bool compact_zone_order(struct zone *zone, unsigned int order, bool async)
{
	unsigned long start = READ_ONCE(zone->zone_start_pfn);
	struct compact_control cc;
	bool found;

	if (!async)
		might_sleep();
	if (compact_finished(zone, order))
		return true;
	cc.zone = zone;
	cc.order = order;
	cc.async = async;
	cc.migrate_pfn = start;
	cc.free_pfn = start + READ_ONCE(zone->spanned_pages);
	cc.exhausted = false;
	cc.nr_blocks = 0;
	/* What this CPU keeps may be all that a larger block lacks. */
	drain_local_pages(zone);
	found = compact_finished(zone, order);
	while (!found && !cc.exhausted && cc.migrate_pfn < cc.free_pfn) {
		unsigned long pfn = cc.migrate_pfn;

		if (!suitable_migration_source(&cc, cc.migrate_pfn)) {
			cc.migrate_pfn =
				ALIGN_DOWN(cc.migrate_pfn, pageblock_nr_pages) + pageblock_nr_pages;
			continue;
		}
		if (compact_block(&cc)) {
			/*
			 * What it left behind was freed to this CPU's pageset, where nothing
			 * merges.
			 */
			drain_local_pages(zone);
			found = compact_finished(zone, order);
		}
		MM_BUG_ON(cc.migrate_pfn <= pfn, "scanner stands still", pfn, "goes on at 0x%lx", cc.migrate_pfn);
	}
	release_blocks(&cc);
	/*
	 * What the free scanner gave back may have merged, or somebody may have been faster than
	 * we.
	 */
	if (!found)
		found = compact_finished(zone, order);
	count_vm_events(found ? COMPACT_SUCCESS : COMPACT_FAIL, 1);
	return found;
}
