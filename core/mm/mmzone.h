/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes, zones, free lists, pagesets, sections, pageblocks: where memory is kept.
 *
 * All of it lies in one arena (struct mm_state first, the memmap last), so that a machine is reset by one copy. Only
 * mm_init.c may lay the arena out; only who holds the lock named at a field may write it.
 */
#ifndef MM_MMZONE_H
#define MM_MMZONE_H

#include <sim/atomic.h>
#include <sim/bug.h>
#include <sim/compiler.h>
#include <sim/cpu.h>
#include <sim/spinlock.h>

#include <mmfuzz/backend.h>

#include "memdesc.h"

#define MAX_PAGE_ORDER MMFUZZ_MAX_ORDER
#define NR_PAGE_ORDERS (MAX_PAGE_ORDER + 1)
#define MAX_ORDER_NR_PAGES (1ul << MAX_PAGE_ORDER)
#define PAGE_ALLOC_COSTLY_ORDER 3

/**
 * enum lock_rank - the order in which locks nest, outermost first (sim/lockdep.h checks it)
 *
 * Up to LOCK_LAST_MUTEX they are sleeping locks.
 */
enum lock_rank {
	LOCK_NONE,
	LOCK_VMEM_WORK,	    /* virtio-mem: one worker at a time */
	LOCK_BALLOON_WORK,  /* virtio-balloon: inflate, deflate and release exclude each other */
	LOCK_MEM_HOTPLUG,   /* add, online, offline, remove of memory */
	LOCK_CMA,	    /* one contiguous allocation at a time in CMA areas */
	LOCK_PCP_BATCH_HIGH, /* zone_pcp_disable() and _enable() */
	LOCK_VMEM,	    /* virtio-mem: subblock map, taken from notifiers as well */
	LOCK_LAST_MUTEX = LOCK_VMEM,
	LOCK_MAPPING,	    /* file: index -> folio */
	LOCK_BALLOON,	    /* balloon_pages_lock: the PFN sets of balloons */
	LOCK_PCP,
	LOCK_ZONE,
	LOCK_DESC,	    /* descriptor caches */
	NR_LOCK_RANKS,
};

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,			/* pagesets have lists for the types below this */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,			/* a list, and what get_pageblock_migratetype() says; stored as a bit */
	MIGRATE_TYPES,
};

/* A pageblock's byte: migratetype, and isolation as a bit of its own, so that un-isolating recovers the type */
#define PB_MIGRATETYPE_MASK 7u
#define PB_ISOLATE BIT(7)

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/**
 * enum zone_stat_item - counters of a zone, in frames; written under zone->lock
 * @NR_FREE_PAGES: on free lists other than MIGRATE_ISOLATE's
 * @NR_FREE_CMA: of these, on MIGRATE_CMA's
 * @NR_FREE_HIGHATOMIC: of these, on MIGRATE_HIGHATOMIC's
 * @NR_FREE_ISOLATED: on MIGRATE_ISOLATE's
 * @NR_GUARD: guard pages
 */
enum zone_stat_item { NR_FREE_PAGES, NR_FREE_CMA, NR_FREE_HIGHATOMIC, NR_FREE_ISOLATED, NR_GUARD, NR_ZONE_STATS };

/** enum vm_event_item - counters that only grow */
enum vm_event_item { PGMIGRATE_SUCCESS, PGMIGRATE_FAIL, PGMIGRATE_RETRY, COMPACT_SUCCESS, COMPACT_FAIL, NR_VM_EVENTS };

#define LIST_NIL (~0u)

/**
 * struct free_list - ends of a list that runs through the words of free frames
 * @head, @tail: frame numbers, or LIST_NIL
 */
struct free_list {
	u32 head;
	u32 tail;
};

struct free_area {
	struct free_list free_list[MIGRATE_TYPES];
	unsigned long nr_free; /* blocks, all lists */
};

/* Lists of a pageset: for each small order and for pageblock_order, one a migratetype below MIGRATE_PCPTYPES */
#define NR_PCP_ORDERS (PAGE_ALLOC_COSTLY_ORDER + 2)
#define NR_PCP_LISTS (NR_PCP_ORDERS * MIGRATE_PCPTYPES)

/**
 * struct per_cpu_pages - what one CPU keeps of a zone's free memory
 * @lock: taken with spin_trylock() by the CPU itself, with spin_lock() by who drains it
 * @count: frames on all lists
 * @high: frames above which free gives @batch back; 0 while disabled
 * @batch: frames moved at once
 */
struct per_cpu_pages {
	spinlock_t lock;
	int count;
	int high;
	int batch;
	struct free_list lists[NR_PCP_LISTS];
} __attribute__((aligned(64)));

/**
 * struct zone - memory of one kind of one node
 * @lock: free lists, pageblock bytes, counters
 * @zone_start_pfn, @spanned_pages: from the first to the last section that was ever online in the zone, gaps included;
 *	under LOCK_MEM_HOTPLUG, only grown
 * @present_pages: frames online in the zone, Reserved ones included
 * @managed_pages: frames that the buddy has or has handed out
 * @deferred: newest block of the no-lock free list as frame number + 1, 0 = empty; pushed by cmpxchg, emptied by xchg
 * @vm_stat: see enum zone_stat_item; read without the lock as an estimate
 * @watermark: frames
 * @lowmem_reserve: frames kept from allocations that could have used a higher zone type, by that type
 * @nr_isolate_pageblock: blocks with PB_ISOLATE; under @lock
 * @nr_reserved_highatomic: frames in HIGHATOMIC blocks; under @lock
 * @pcp_disabled: nesting of zone_pcp_disable(), under LOCK_PCP_BATCH_HIGH
 */
struct zone {
	spinlock_t lock;
	unsigned char idx; /* in mm->zones */
	unsigned char nid;
	unsigned char type; /* enum mmfuzz_zone_type */
	unsigned char pcp_disabled;
	struct per_cpu_pages *pcp; /* [nr_cpu_ids] */
	unsigned long zone_start_pfn;
	unsigned long spanned_pages;
	unsigned long watermark[NR_WMARK];
	unsigned long lowmem_reserve[MMFUZZ_NR_ZONE_TYPES];
	unsigned long vm_stat[NR_ZONE_STATS];
	unsigned long deferred;
	unsigned long present_pages;
	atomic_long_t managed_pages;
	unsigned long nr_isolate_pageblock;
	unsigned long nr_reserved_highatomic;
	int pcp_high, pcp_batch; /* what pcp_enable() restores */
	struct free_area free_area[NR_PAGE_ORDERS];
} __attribute__((aligned(64)));

enum section_state { SECTION_ABSENT, SECTION_PRESENT, SECTION_GOING_ONLINE, SECTION_ONLINE, SECTION_GOING_OFFLINE };

/**
 * struct mem_section - a section, which is also a memory block
 * @state: enum section_state; written under LOCK_MEM_HOTPLUG, read under RCU
 * @zone: index into mm->zones once it is ONLINE (or on the way); ZONE_NONE else
 * @nid: node, from SECTION_PRESENT on
 */
struct mem_section {
	unsigned char state;
	unsigned char zone;
	unsigned char nid;
} __attribute__((aligned(4)));

#define ZONE_NONE 0xff

/** struct zonelist - zones an allocation tries, best first; ends with ZONE_NONE */
struct zonelist {
	unsigned char zones[MMFUZZ_MAX_ZONES + 1];
};

/**
 * struct mm_state - root of the arena
 * @zones: made at boot: those of the configuration, then those that hot-added memory may go to; empty zones are in
 *	the zonelists, too
 * @zonelists: by node and by highest zone type
 */
struct mm_state {
	struct mmfuzz_config config;
	unsigned long nr_sections;
	unsigned long nr_pageblocks;
	unsigned long arena_bytes;
	unsigned int nr_zones;
	unsigned int nr_nodes;
	struct zone *zones; /* [nr_zones] */
	struct zonelist zonelists[MMFUZZ_MAX_NODES][MMFUZZ_NR_ZONE_TYPES];
	atomic_long_t vm_event[NR_VM_EVENTS];
	struct mutex mem_hotplug_lock;
	struct mutex pcp_batch_high_lock;
	struct mutex cma_lock;
};

/* Fixed from boot to shutdown; kept outside the arena so that hot paths need one load less */
extern struct mm_state *mm;
extern struct page *vmemmap;		/* [config.max_pfn] */
extern struct mem_section *mem_section; /* [nr_sections] */
extern unsigned char *pageblock_flags;	/* [nr_pageblocks]; bytes written under zone->lock */
extern unsigned long max_pfn;
extern unsigned int pageblock_order;
extern unsigned int pcp_max_order; /* PAGE_ALLOC_COSTLY_ORDER, or pageblock_order if that is less */
extern unsigned int section_order;

#define pageblock_nr_pages (1ul << pageblock_order)
#define section_nr_pages (1ul << section_order)

static __always_inline struct page *pfn_to_page(unsigned long pfn)
{
	return vmemmap + pfn;
}

static __always_inline unsigned long page_to_pfn(const struct page *page)
{
	return page - vmemmap;
}

static __always_inline struct mem_section *pfn_to_section(unsigned long pfn)
{
	return mem_section + (pfn >> section_order);
}

/** pfn_valid() - the frame has a memmap; under RCU, or LOCK_MEM_HOTPLUG, or by the owner of something in the section */
static __always_inline bool pfn_valid(unsigned long pfn)
{
	/* Acquire: pairs with the release in add_memory(), after which the section's memmap reads as empty words. */
	return pfn < max_pfn && smp_load_acquire(&pfn_to_section(pfn)->state) != SECTION_ABSENT;
}

/** pfn_to_online_page() - the frame's page if its section is online (or on its way out), else NULL; as pfn_valid() */
static __always_inline struct page *pfn_to_online_page(unsigned long pfn)
{
	if (pfn >= max_pfn || smp_load_acquire(&pfn_to_section(pfn)->state) < SECTION_ONLINE)
		return NULL;
	return pfn_to_page(pfn);
}

/** pfn_zone() - zone of a frame that is online, or was when the caller got it */
static __always_inline struct zone *pfn_zone(unsigned long pfn)
{
	return mm->zones + READ_ONCE(pfn_to_section(pfn)->zone);
}

static __always_inline struct zone *page_zone(const struct page *page)
{
	return pfn_zone(page_to_pfn(page));
}

static __always_inline unsigned long zone_managed_pages(struct zone *zone)
{
	return atomic_long_read(&zone->managed_pages);
}

/** populated_zone() - it has, or had since the last reset, memory that is online: its pagesets and lists may hold some */
static __always_inline bool populated_zone(const struct zone *zone)
{
	return READ_ONCE(zone->spanned_pages) != 0;
}

static __always_inline unsigned long zone_page_state(struct zone *zone, enum zone_stat_item item)
{
	return READ_ONCE(zone->vm_stat[item]);
}

/** zone_stat_add() - under zone->lock: a plain add, stored so that readers without the lock see no torn value */
static __always_inline void zone_stat_add(struct zone *zone, enum zone_stat_item item, long nr)
{
	unsigned long sum = zone->vm_stat[item] + nr;

	VM_BUG_ON((long)sum < 0, "zone counter below zero", SIM_NO_PFN, "zone %u, item %u: %ld after %ld", zone->idx,
		  item, sum, nr);
	WRITE_ONCE(zone->vm_stat[item], sum);
}

static __always_inline void count_vm_events(enum vm_event_item item, long nr)
{
	atomic_long_add(nr, &mm->vm_event[item]);
}

/** pageblock_byte() - stale at once without zone->lock */
static __always_inline unsigned char pageblock_byte(unsigned long pfn)
{
	return READ_ONCE(pageblock_flags[pfn >> pageblock_order]);
}

/** get_pageblock_migratetype() - MIGRATE_ISOLATE for an isolated block; stale at once without zone->lock */
static __always_inline enum migratetype get_pageblock_migratetype(unsigned long pfn)
{
	unsigned char byte = pageblock_byte(pfn);

	return unlikely(byte & PB_ISOLATE) ? MIGRATE_ISOLATE : (enum migratetype)(byte & PB_MIGRATETYPE_MASK);
}

/** is_migrate_isolate_page() - the frame's pageblock is isolated; stale at once without zone->lock */
static __always_inline bool is_migrate_isolate_pfn(unsigned long pfn)
{
	return pageblock_byte(pfn) & PB_ISOLATE;
}

#endif /* MM_MMZONE_H */
