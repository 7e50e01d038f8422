/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core offer each other; the prototypes are grouped by the file that holds the function.
 *
 * Pages are struct page * with a pfn beside it where it is at hand, as in Linux's mm/internal.h. "Owned" means: the
 * caller got the frames from an allocation or an isolation and nobody else may touch their words.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include <errno.h>
#include <stdbool.h>

#include <sim/bug.h>
#include <sim/fault.h>
#include <sim/ram.h>
#include <sim/rcu.h>

#include "memdesc.h"
#include "mmzone.h"
#include "slab.h"

typedef unsigned int gfp_t;
#define __GFP_MOVABLE MMFUZZ_GFP_MOVABLE
#define __GFP_RECLAIMABLE MMFUZZ_GFP_RECLAIMABLE
#define __GFP_DMA MMFUZZ_GFP_DMA
#define __GFP_THISNODE MMFUZZ_GFP_THISNODE
#define __GFP_ZERO MMFUZZ_GFP_ZERO
#define __GFP_HIGH MMFUZZ_GFP_HIGH
#define __GFP_COMPACT MMFUZZ_GFP_COMPACT
#define GFP_KERNEL 0u

/* --- trace.c: what an oracle hears of (struct mmfuzz_trace): the two ends of a frame's life, and isolation --- */
extern const struct mmfuzz_trace *mm_trace;

static __always_inline void trace_alloc(unsigned long pfn, unsigned int order)
{
	if (unlikely(mm_trace))
		mm_trace->alloc(mk_pfn(pfn), mk_order(order));
}

static __always_inline void trace_free(unsigned long pfn, unsigned int order)
{
	if (unlikely(mm_trace))
		mm_trace->free(mk_pfn(pfn), mk_order(order));
}

static __always_inline void trace_online(unsigned long pfn, unsigned long nr)
{
	if (unlikely(mm_trace))
		mm_trace->online(mk_pfn(pfn), nr);
}

static __always_inline void trace_offline(unsigned long pfn, unsigned long nr)
{
	if (unlikely(mm_trace))
		mm_trace->offline(mk_pfn(pfn), nr);
}

static inline void trace_isolated(unsigned long pfn, unsigned long nr, unsigned int zone)
{
	if (unlikely(mm_trace) && mm_trace->isolated)
		mm_trace->isolated(mk_pfn(pfn), nr, zone);
}

static inline void trace_unisolate(unsigned long pfn, unsigned long nr)
{
	if (unlikely(mm_trace) && mm_trace->unisolate)
		mm_trace->unisolate(mk_pfn(pfn), nr);
}

static inline void trace_drained(unsigned int zone)
{
	if (unlikely(mm_trace) && mm_trace->drained)
		mm_trace->drained(zone);
}

static __always_inline void trace_pageset(unsigned long pfn, unsigned int order)
{
	if (MM_DEBUG && unlikely(mm_trace) && mm_trace->pageset)
		mm_trace->pageset(mk_pfn(pfn), mk_order(order));
}

/* --- buddy.c: free lists of a zone; all under zone->lock --- */

/**
 * __free_one_page() - put a block on its zone's free list, merged with its buddies as far as they go
 * @page, @pfn, @order: the block; its words are no longer of use to anybody
 * @mt: get_pageblock_migratetype(pfn), read under this lock
 * @to_tail: behind the others (memory that is being onlined or reported), else in front
 *
 * Never merges a block of an isolated pageblock with one that is not, nor across zones, nor CMA or HIGHATOMIC with
 * another type. A block larger than a pageblock must not mix types: see free_one_page_locked().
 */
void __free_one_page(struct page *page, unsigned long pfn, struct zone *zone, unsigned int order, enum migratetype mt,
		     bool to_tail);
/** free_one_page_locked() - the same for any block: split into pageblocks first where these differ in type */
void free_one_page_locked(struct zone *zone, struct page *page, unsigned long pfn, unsigned int order, bool to_tail);
/** __rmqueue_smallest() - take a block of @order off the list of @mt, splitting a larger one; NULL if there is none */
struct page *__rmqueue_smallest(struct zone *zone, unsigned int order, enum migratetype mt);
/** add_to_free_list(), del_page_from_free_list() - one block, with all counters; writes the head's word */
void add_to_free_list(struct page *page, struct zone *zone, unsigned int order, enum migratetype mt, bool to_tail);
void del_page_from_free_list(struct page *page, struct zone *zone, unsigned int order, enum migratetype mt);
/**
 * expand() - a block of order @high has left the lists; give back all but its first 2^@low frames
 *
 * The first 2^@low frames are the caller's, their head's word is 0.
 */
void expand(struct zone *zone, struct page *page, unsigned int low, unsigned int high, enum migratetype mt);
/**
 * find_large_buddy() - head of the free block that holds @pfn
 * Return: its first frame, or @pfn itself if the frame is not free. Reads the order from the head's word.
 */
unsigned long find_large_buddy(unsigned long pfn);
/** move_freepages() - move all free blocks that begin in [start, end) (whole pageblocks) from list @old to list @new */
unsigned long move_freepages(struct zone *zone, unsigned long start, unsigned long end, enum migratetype old,
			     enum migratetype new);
/**
 * __isolate_free_page() - take a whole free block off its list, for a migration target or a contiguous range
 *
 * Refuses (0) if that would break the min watermark, unless the block is isolated. As in Linux, a block of at least
 * half a pageblock turns its pageblocks MOVABLE. Return: 2^order frames, whose words are now 0 and which the caller
 * owns; it must call post_alloc_hook() for them.
 */
unsigned int __isolate_free_page(struct page *page, unsigned int order);
void set_page_guard(struct zone *zone, struct page *page, unsigned int order);
void clear_page_guard(struct zone *zone, struct page *page, unsigned int order);

/* --- pageblock.c: migratetypes of pageblocks, fall-back and stealing, HIGHATOMIC reserve --- */

extern const char *const migratetype_names[MIGRATE_TYPES];
/** set_pageblock_migratetype() - keep the isolate bit; under zone->lock */
void set_pageblock_migratetype(unsigned long pfn, enum migratetype mt);
/** move_freepages_block() - change type of one pageblock and move its free blocks; splits a larger free block first */
void move_freepages_block(struct zone *zone, unsigned long pfn, enum migratetype mt);
/**
 * pageblock_set_isolate(), pageblock_clear_isolate() - the isolate bit of one pageblock, its free blocks moved to or
 * from the isolate list, counters kept; a free block larger than the pageblock is split; under zone->lock.
 * set: false if it is isolated already. clear: merges freed blocks with their buddies again.
 */
bool pageblock_set_isolate(struct zone *zone, unsigned long pfn);
void pageblock_clear_isolate(struct zone *zone, unsigned long pfn);
/** rmqueue_fallback() - @mt has nothing: take from another type, and its pageblock with it when that pays */
struct page *rmqueue_fallback(struct zone *zone, unsigned int order, enum migratetype mt);
void reserve_highatomic_pageblock(struct zone *zone, struct page *page);
/** unreserve_highatomic_pageblock() - give one block back (all with @force); true if something became free to others */
bool unreserve_highatomic_pageblock(struct zone *zone, bool force);

/* --- pcp.c: per-CPU pagesets; the fast paths are in pcp.h --- */

void drain_local_pages(struct zone *zone);	      /* this CPU's pageset of @zone, of all zones if NULL */
void drain_cpu_pages(unsigned int cpu, struct zone *zone); /* from any CPU */
void drain_all_pages(struct zone *zone);	      /* every CPU, empty-looking pagesets included */
/** zone_pcp_disable() - from now on nothing stays on a pageset of @zone; nests; might sleep */
void zone_pcp_disable(struct zone *zone);
void zone_pcp_enable(struct zone *zone);

/* --- page_alloc.c: allocation and free of frozen pages --- */

/**
 * alloc_frozen_pages() - 2^order frames, frozen: no reference count, only the caller may free them
 * Return: the first page, its word Frozen with @order, or NULL. Linux: "mm/page_alloc: ... frozen pages" (6.14).
 */
struct page *alloc_frozen_pages(gfp_t gfp, unsigned int order, unsigned int nid);
/** free_frozen_pages() - the caller owns exactly this block; its word must say Frozen (or Unmappable) with @order */
void free_frozen_pages(struct page *page, unsigned int order);
struct page *alloc_frozen_pages_nolock(unsigned int order, unsigned int nid);
void free_frozen_pages_nolock(struct page *page, unsigned int order);
unsigned long alloc_pages_bulk(gfp_t gfp, unsigned int nid, unsigned long nr, pfn_t *pfns);
void free_pages_bulk(unsigned long nr, const pfn_t *pfns);
/** split_page() - an owned Frozen block becomes single Frozen frames, each to be freed by itself */
void split_page(struct page *page, unsigned int order);
/**
 * post_alloc_hook() - frames that left the free lists become the caller's: word Frozen(@order) in the head, contents
 * accessible (and zeroed), the oracle told. The words of the tails are 0 and stay so.
 */
void post_alloc_hook(struct page *page, unsigned int order, gfp_t gfp);
/**
 * free_pages_prepare() - the reverse, with all checks: the word must say who calls is allowed to free this
 * Afterwards the head's word is 0 and the frames belong to the allocator.
 */
void free_pages_prepare(struct page *page, unsigned int order);
/** free_one_page() - to the buddy, not the pageset; takes zone->lock, drains the deferred list first */
void free_one_page(struct zone *zone, struct page *page, unsigned long pfn, unsigned int order, bool to_tail);
void drain_deferred(struct zone *zone); /* under zone->lock */
/** zone_watermark_ok() - a block of @order could be had and the zone would still keep @mark */
bool zone_watermark_ok(struct zone *zone, unsigned int order, unsigned long mark, unsigned int highest_type,
		       gfp_t gfp);
enum migratetype gfp_migratetype(gfp_t gfp);
unsigned int gfp_zone_type(gfp_t gfp);

static __always_inline void zone_lock(struct zone *zone)
{
	spin_lock(&zone->lock);
}

static __always_inline void zone_unlock(struct zone *zone)
{
	spin_unlock(&zone->lock);
}

/* --- page_ref.c: pages with a count (wrapper of the frozen ones), and the look-up by frame number --- */
struct page *alloc_pages(gfp_t gfp, unsigned int order, unsigned int nid);
/** make_pages_refcounted() - owned Frozen block gets a struct mappable, count 1; -ENOMEM leaves it frozen */
int make_pages_refcounted(struct page *page, unsigned int order);
/**
 * pfn_try_get() - reference on whatever refcounted thing @pfn is now part of
 * Return: its descriptor with one reference more, *@wordp its word; NULL if the frame has no count or it is 0. Takes and
 * leaves RCU itself; the word is re-checked after the reference was had, or the descriptor may be another frame's.
 */
struct mappable *pfn_try_get(unsigned long pfn, unsigned long *wordp);
/** get_page_owned(), put_page_owned() - by who has a reference; a page without a count ends in mm_bug() */
void get_page_owned(unsigned long pfn);
void put_page_owned(unsigned long pfn);
/** put_mappable() - drop the reference that pfn_try_get() took, with the word it gave; frees with the last */
void put_mappable(struct mappable *m, unsigned long word);
/** page_count() - count of the page that @pfn is part of, stale at once; -EINVAL if it has none */
int page_count(unsigned long pfn);
/** mappable_try_get() - one more reference unless the count is 0; under RCU, or by who has one already */
bool mappable_try_get(struct mappable *m);
/** mappable_put_testzero() - one reference less; true: it was the last, the caller takes the page apart */
bool mappable_put_testzero(struct mappable *m, unsigned long pfn);
/** set_page_words() - the same word in all frames of an owned block, published with release order */
void set_page_words(struct page *page, unsigned int order, unsigned long word);
/** set_pages_frozen() - an owned block whose frames had words of any kind is Frozen again: ready for free_frozen_pages() */
void set_pages_frozen(struct page *page, unsigned int order);

/* --- folio.c: movable, refcounted folios in one file --- */
/** folio_init_state() - at boot, once a machine: an empty file in the arena */
void folio_init_state(void);
/** filemap_add_folio() - a new folio at @index; -EEXIST, -ENOMEM. @type is MEMDESC_ANON or MEMDESC_FILE */
int filemap_add_folio(unsigned int index, enum memdesc_type type, unsigned int order, gfp_t gfp, u64 tag);
/** filemap_remove_folio() - truncate: -ENOENT if there is none; its frames live on while somebody has a reference */
int filemap_remove_folio(unsigned int index);
/** filemap_write(), filemap_read() - contents, through a look-up with a reference and the folio's lock; -ENOENT */
int filemap_write(unsigned int index, u64 tag);
int filemap_read(unsigned int index, u64 *tag);
/** filemap_get_folio() - look up under RCU and take a reference; NULL when there is none */
struct folio *filemap_get_folio(unsigned int index);
/** folio_put() - drop a reference; the last one frees */
void folio_put(struct folio *folio);
/**
 * folio_isolate() - a migrator takes the folio that @pfn is part of off the LRU
 * Return: the folio, now Isolated and with a reference of the migrator's; NULL if it is none, or isolated already.
 */
struct folio *folio_isolate(unsigned long pfn);
/** folio_putback() - the reverse; @folio may be gone afterwards */
void folio_putback(struct folio *folio);
/** FOLIO_MIGRATE_REFS - references of a folio that can be migrated: the file's and the migrator's */
#define FOLIO_MIGRATE_REFS 2
/**
 * migrate_folio() - freeze the count, copy, put a new folio in the old one's place
 * @dst: owned Frozen block of the same order; not touched on error
 * @folio: isolated by the caller
 *
 * 0: @dst is the new folio's, the old descriptor is gone and its frames are a Frozen block of the caller's. -EAGAIN:
 * somebody has a reference or the lock. -ENOMEM: no descriptor. Sleeps unless @async.
 */
int migrate_folio(struct page *dst, struct folio *folio, bool async);
/** filemap_check() - checker's part: what a slot holds is a folio that says so; nobody else runs */
void filemap_check(void);

/* --- offline.c: offline pages, refcount always 0 (seed 001) --- */

/**
 * enum offline_owner - owner byte of an Offline word
 * @OFFLINE_OWNER_NONE: whoever called the functions without an owner argument: a program
 * @OFFLINE_OWNER_BALLOON: first virtio-balloon device, the others follow
 * @OFFLINE_OWNER_VMEM: first virtio-mem device, the others follow
 */
enum offline_owner { OFFLINE_OWNER_NONE = 0, OFFLINE_OWNER_BALLOON = 1, OFFLINE_OWNER_VMEM = 0x80 };

/**
 * alloc_offline_pages() - 2^order frames from the buddy, each of them Offline with @flags (MISC_SKIPPABLE) of @owner
 * Their contents are not for anybody: they are poisoned. NULL when there is no memory.
 */
struct page *alloc_offline_pages(gfp_t gfp, unsigned int order, unsigned int nid, unsigned int owner,
				 unsigned long flags);
/** alloc_offline_page_range() - exactly [pfn, pfn + nr), as alloc_contig_frozen_range(), whose errors it returns */
int alloc_offline_page_range(unsigned long pfn, unsigned long nr, unsigned int owner, unsigned long flags);
/**
 * set_page_offline() - owned Frozen block becomes Offline in all its frames, order 0 each
 *
 * With MISC_NEVER_ONLINED the frames are no block yet: their words are 0, and an online callback was handed them. With
 * MISC_MOVABLE the caller holds the lock under which its movable_operations look the frame up, and has entered it there.
 */
void set_page_offline(struct page *page, unsigned int order, unsigned int owner, unsigned long flags);
/** claim_offline_page() - the owner takes the frame back for itself: false while a migrator has it isolated */
bool claim_offline_page(unsigned long pfn);
/**
 * free_offline_page(), free_offline_page_range() - a program's frames back to the buddy, or to life if NeverOnlined
 *
 * If their block went offline meanwhile (they were Skippable) the frames are just let go. Skippable and NeverOnlined
 * ones take LOCK_MEM_HOTPLUG: might sleep.
 */
void free_offline_page(unsigned long pfn, unsigned int order);
void free_offline_page_range(unsigned long pfn, unsigned long nr);
/**
 * __free_offline_page_range() - the same for drivers; claimed ones, if they are movable
 *
 * Takes no hotplug lock: for Skippable or NeverOnlined frames the caller sees to it that their block neither comes nor
 * goes (it is in a notifier, or holds the lock that its GOING_* notifier waits for).
 */
void __free_offline_page_range(unsigned long pfn, unsigned long nr, unsigned int owner);
/** set_offline_skippable() - of a program's own frames; takes LOCK_MEM_HOTPLUG: might sleep */
void set_offline_skippable(unsigned long pfn, unsigned int order, bool skippable);
/** generic_online_page() - frames that the buddy never saw enter it: managed_pages grows. Words must be 0 */
void generic_online_page(unsigned long pfn, unsigned int order);
/** adjust_managed_page_count() - a balloon takes frames from its guest or gives them back; other owners do not call it */
void adjust_managed_page_count(struct zone *zone, long nr);

/* --- page_isolation.c --- */
enum isolate_mode { ISOLATE_MODE_CMA_ALLOC, ISOLATE_MODE_MEM_OFFLINE, ISOLATE_MODE_OTHER };
/**
 * has_unmovable_pages() - look for what stands in the way of emptying [start, end), which lies in one pageblock
 *
 * An estimate even under zone->lock, since owners do not take it; elsewhere under RCU. What it lets pass may still fail
 * to move; test_pages_isolated() has the last word. Linux: has_unmovable_pages().
 * Return: the first frame that cannot be moved away, or -1ul.
 */
unsigned long has_unmovable_pages(unsigned long start, unsigned long end, enum isolate_mode mode);
/**
 * start_isolate_page_range() - isolate the pageblocks that [start, end) touches: their free pages cannot be allocated
 *
 * Only what lies in [start, end) must be movable; neighbours in the first and the last pageblock need not. 0, or -EBUSY
 * with nothing changed: a block is isolated already, is not online, or holds something unmovable. While a block is
 * isolated its section cannot leave its zone. Who started must undo_isolate_page_range() exactly the same range.
 */
int start_isolate_page_range(unsigned long start, unsigned long end, enum isolate_mode mode);
void undo_isolate_page_range(unsigned long start, unsigned long end);
/** online_zone() - zone of a frame, NULL if it is not online; under zone->lock or RCU, else stale at once */
struct zone *online_zone(unsigned long pfn);
/**
 * drain_isolated_range() - drain_all_pages(), when the pageblocks of [start, end) are isolated
 *
 * Afterwards no pageset has any of their blocks, and none will get one: types are read under the pageset's lock.
 */
void drain_isolated_range(struct zone *zone, unsigned long start, unsigned long end);
/** test_pages_isolated() - 0 if all of [start, end) is free on isolate lists (MEM_OFFLINE: or may be skipped), else -EBUSY */
int test_pages_isolated(unsigned long start, unsigned long end, enum isolate_mode mode);

/* --- contig.c; all might sleep --- */
/**
 * alloc_contig_frozen_range() - exactly the frames [start, end), emptied if need be, as single Frozen ones
 * @cma: for a CMA area; without it CMA pageblocks count as unmovable
 *
 * 0; -EINVAL: empty, outside memory or in two zones; -EBUSY: not online, or something there does not move.
 */
int alloc_contig_frozen_range(unsigned long start, unsigned long end, bool cma);
void free_contig_frozen_range(unsigned long start, unsigned long nr);
/** alloc_contig_frozen_pages() - the same anywhere in the zones that @gfp allows; first page or NULL */
struct page *alloc_contig_frozen_pages(unsigned long nr, gfp_t gfp, unsigned int nid);
/** alloc_contig_range() - alloc_contig_frozen_range() and a count of 1 for each frame; -ENOMEM as well */
int alloc_contig_range(unsigned long start, unsigned long end);
void free_contig_range(unsigned long start, unsigned long nr);
/** cma_alloc() - @nr frames of a CMA area of the configuration, aligned to their order; first page or NULL */
struct page *cma_alloc(unsigned int area, unsigned long nr);
void cma_release(unsigned int area, unsigned long start, unsigned long nr);
/** pfn_in_cma() - the frame lies in a CMA area of the configuration, whose pageblocks are CMA's for ever */
bool pfn_in_cma(unsigned long pfn);

/* --- migrate.c: isolate, migrate, putback (seed 000) --- */

/**
 * struct movable_operations - how pages of a memdesc type move; seeds 000 and 004
 * @isolate_page: the core has set Isolated in the word of @pfn; the driver notes it under its own lock. False if the page
 *	is not (or no longer) its: the core takes Isolated back
 * @migrate_page: move from @src (isolated) to @dst (owned, Frozen). 0: @dst is the driver's and movable, @src is Frozen and
 *	the core frees it. -EAGAIN: worth another try. Any other error is final. On error nothing has changed
 * @putback_page: clears Isolated: the page is the driver's again, and may be freed at once. Cannot fail
 *
 * The driver locks inside; the core holds no lock and no reference around the calls.
 */
struct movable_operations {
	bool (*isolate_page)(unsigned long pfn);
	int (*migrate_page)(unsigned long dst, unsigned long src, bool async);
	void (*putback_page)(unsigned long pfn);
};

/** set_movable_ops() - one slot a type (subtype Offline of Misc, Zsmalloc); -EBUSY if taken, NULL clears. At boot only */
int set_movable_ops(const struct movable_operations *ops, enum memdesc_type type);
/**
 * isolate_movable_page() - take what @pfn is part of, a folio or a movable-ops page, from its owner
 * @order: log2 of its frames, set on success
 * Return: its first frame, now the caller's to migrate or put back; -1ul if it is not to be had.
 */
unsigned long isolate_movable_page(unsigned long pfn, unsigned int *order);
/** isolate_movable_ops_page() - the part for pages with movable_operations */
bool isolate_movable_ops_page(unsigned long pfn);
/** typedef new_folio_t - where target pages come from: an owned Frozen block, or NULL */
typedef struct page *(*new_folio_t)(unsigned int order, void *private);
/** typedef free_folio_t - takes back an unused target, Frozen as it was given */
typedef void (*free_folio_t)(struct page *page, unsigned int order, void *private);
#define NR_MAX_MIGRATE_PAGES_RETRY 10
/**
 * migrate_pages() - move pages that the caller has isolated; ownership goes on to where they go
 * @pfns: first frames, as isolate_movable_page() gave them; on return those that did not move stand in front
 * @get, @put: NULL: allocated on the node of the source
 *
 * -EAGAIN of a page is retried up to NR_MAX_MIGRATE_PAGES_RETRY times, any other error is final. Counts frames in
 * PGMIGRATE_SUCCESS and PGMIGRATE_FAIL; a folio that lost its last other reference meanwhile is freed and in neither.
 * Return: how many stay isolated; the caller puts them back.
 */
unsigned long migrate_pages(unsigned long *pfns, unsigned long nr, new_folio_t get, free_folio_t put, void *private,
			    bool async);
void putback_movable_pages(const unsigned long *pfns, unsigned long nr);
/**
 * isolate_migratepages_range() - isolate what can move and has a frame in [*start, end)
 * @start: where to begin, and then where to go on: *start == end, or @max were found
 * @pfns: room for @max; first frames, of folios their heads, which may lie before *start
 * Return: entries of @pfns; fewer than @max only at the end of the range.
 */
unsigned long isolate_migratepages_range(unsigned long *start, unsigned long end, unsigned long max,
					 unsigned long *pfns);
/** isolate_migratepages_block() - the same, but leaves alone what is as large as 2^@skip_order frames or larger */
unsigned long isolate_migratepages_block(unsigned long *start, unsigned long end, unsigned long max,
					 unsigned int skip_order, unsigned long *pfns);

/* --- compaction.c --- */
/**
 * compact_zone_order() - until the zone has a free block of @order on a list that any allocation may use
 * @async: do not sleep, and look at MOVABLE and CMA pageblocks only
 *
 * One pass of both scanners at most. Return: whether there was such a block in the end; nobody keeps it for the caller.
 */
bool compact_zone_order(struct zone *zone, unsigned int order, bool async);

/* --- memory_hotplug.c --- */
enum memory_action {
	MEM_GOING_ONLINE,
	MEM_CANCEL_ONLINE,
	MEM_ONLINE,
	MEM_GOING_OFFLINE,
	MEM_CANCEL_OFFLINE,
	MEM_OFFLINE,
};
/**
 * typedef memory_notifier_t - called under LOCK_MEM_HOTPLUG; GOING_* may veto with a negative errno
 *
 * CANCEL_* comes only to who has agreed. At MEM_OFFLINE the section is no longer online: whoever keeps frames of it
 * (they say NeverOnlined now) may let them go with __free_offline_page_range().
 */
typedef int (*memory_notifier_t)(enum memory_action action, unsigned long start, unsigned long nr);
/**
 * typedef online_page_t - takes 2^order frames whose words are 0; called under LOCK_MEM_HOTPLUG
 * Return: false, and has done nothing: they are onlined. true: it has onlined them (generic_online_page()) or keeps them
 * (set_page_offline() with MISC_NEVER_ONLINED), in parts if it likes.
 */
typedef bool (*online_page_t)(unsigned long pfn, unsigned int order);
void memory_hotplug_init(void); /* each boot, before drivers: no notifier, no callback, no region */
/** register_memory_notifier() - at boot only; -ENOSPC */
int register_memory_notifier(memory_notifier_t fn);
/** set_online_page_callback() - at boot only; NULL: generic_online_page() for all */
void set_online_page_callback(online_page_t fn);
/**
 * request_memory_region() - blocks that only a driver adds and removes (Linux: a resource); at boot only, -ENOSPC
 * To anybody else add_memory() says -EEXIST there and remove_memory() -EBUSY. On- and offline them may who likes.
 */
int request_memory_region(unsigned long block, unsigned long nr);
/** add_memory() - -EEXIST: it is there; -EINVAL: no such node */
int add_memory(unsigned long block, unsigned int nid);
int add_memory_driver_managed(unsigned long block, unsigned int nid);
/** online_pages() - -EINVAL: absent, or the node has no zone of @type; -EBUSY: online already; -ECANCELED: a veto */
int online_pages(unsigned long block, enum mmfuzz_zone_type type);
/**
 * offline_pages() - -EINVAL: not online, or with a hole; -EBUSY: something cannot go (or CMA); -ECANCELED: a veto
 * Skippable frames stay with their owner and are NeverOnlined afterwards. Might sleep, for a grace period as well.
 */
int offline_pages(unsigned long block);
/** remove_memory() - -EINVAL: absent; -EBUSY: online, or somebody keeps frames of it. Sleeps for a grace period */
int remove_memory(unsigned long block);
/** offline_and_remove_memory() - for the driver of the region: both in one, if it is online at all; errors as theirs */
int offline_and_remove_memory(unsigned long block);

/* --- drivers/virtio_balloon.c --- */
void virtio_balloon_reset(void); /* before the arena is restored or given back: drops what the PFN sets hold */
void virtio_balloon_init(void);	 /* at boot, once a machine: devices of the configuration */
/** balloon_inflate() - up to @nr frames leave the system; how many; 0 if the device is gone */
unsigned long balloon_inflate(unsigned int dev, unsigned long nr);
/** balloon_deflate() - up to @nr frames come back, oldest first, isolated ones are left; how many */
unsigned long balloon_deflate(unsigned int dev, unsigned long nr);
/** balloon_release() - -EBUSY while a page of it is isolated, -ENODEV if it is gone already; else all is deflated */
int balloon_release(unsigned int dev);
/** balloon_probe() - the device is there (again): -EEXIST if it was, -ENODEV if the machine has no such device */
int balloon_probe(unsigned int dev);
unsigned long balloon_pages(unsigned int dev);
/** virtio_balloon_check() - checker's part: each member of a set is Offline and the device's; nobody else runs */
void virtio_balloon_check(void);

/* --- drivers/virtio_mem.c --- */
void virtio_mem_init(void);
/** virtio_mem_plug() - up to @nr subblocks more; how many */
unsigned long virtio_mem_plug(unsigned int dev, unsigned long nr);
/** virtio_mem_unplug() - up to @nr subblocks less; how many */
unsigned long virtio_mem_unplug(unsigned int dev, unsigned long nr);
unsigned long virtio_mem_plugged(unsigned int dev);
/** virtio_mem_check() - checker's part: map, sections and words agree; nobody else runs */
void virtio_mem_check(void);

/* --- check.c --- */
/** mm_check(), mm_check_idle() - see struct mmfuzz_backend */
void mm_check(void);
void mm_check_idle(void);
int describe_pfn(unsigned long pfn, char *buf, size_t len);

/* --- describe.c: names for people; see also describe.h --- */
extern const char *const zone_type_names[MMFUZZ_NR_ZONE_TYPES];
extern const char *const section_state_names[]; /* by enum section_state */

/* --- mm_init.c --- */
int mm_boot(const struct mmfuzz_config *config);
void mm_shutdown(void);
void mm_snapshot(void);
void mm_reset(void);
/** snapshot_of() - where in the snapshot the bytes at @ptr, which lie in the arena, are */
const void *snapshot_of(const void *ptr);
/** setup_per_zone_wmarks() - watermarks and lowmem_reserve from managed pages; after each hotplug */
void setup_per_zone_wmarks(void);
/** arena_alloc() - during boot only: zeroed, aligned memory that reset restores; for state of drivers and the file */
void *arena_alloc(size_t size, size_t align);

/** struct zone helpers for drivers: zone of type on node, or NULL */
struct zone *node_zone(unsigned int nid, enum mmfuzz_zone_type type);

#endif /* MM_INTERNAL_H */
