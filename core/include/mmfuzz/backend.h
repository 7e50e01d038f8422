/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only door into an mm core.
 *
 * A backend is one table of functions over page frame numbers. Programs, oracle, stress and benchmarks know a core by
 * nothing else; a core knows nothing of them but the two trace hooks. What a backend lacks it leaves NULL, and programs
 * skip that operation. One machine exists at a time; every function but boot() needs a booted one.
 *
 * Contract for all functions: the caller runs as a CPU of the machine (sim/cpu.h), holds no lock and is in no RCU
 * section. int functions return 0 or a negative errno as Linux's function of that name does; bool says "done".
 * A call that breaks a rule (frame outside memory, order above MMFUZZ_MAX_ORDER, a page that the caller does not own,
 * freed twice ...) does not return: it ends in mm_bug() (sim/bug.h).
 */
#ifndef MMFUZZ_BACKEND_H
#define MMFUZZ_BACKEND_H

#include <mmfuzz/types.h>

enum mmfuzz_zone_type { MMFUZZ_ZONE_DMA, MMFUZZ_ZONE_NORMAL, MMFUZZ_ZONE_MOVABLE, MMFUZZ_NR_ZONE_TYPES };

#define MMFUZZ_MAX_NODES 4
#define MMFUZZ_MAX_ZONES 8 /* over all nodes */
#define MMFUZZ_MAX_HOLES 4
#define MMFUZZ_MAX_CMA 2
#define MMFUZZ_MAX_BALLOONS 2
#define MMFUZZ_MAX_VMEM 2
#define MMFUZZ_MAX_FOLIOS 256 /* indices of the one file that folios live in */

/** struct mmfuzz_range - page frames [start, start + nr) */
struct mmfuzz_range {
	unsigned long start;
	unsigned long nr;
};

/**
 * struct mmfuzz_zone_config - memory of one zone that is there (added and online) at boot
 * @range: a multiple of a section at either end. Two entries may name the same (nid, type): a zone with a gap.
 */
struct mmfuzz_zone_config {
	unsigned int nid;
	enum mmfuzz_zone_type type;
	struct mmfuzz_range range;
};

/**
 * struct mmfuzz_vmem_config - a virtio-mem device: a region of whole sections, absent at boot
 * @sb_order: log2 of frames in a subblock, the unit of plug and unplug; from pageblock_order to section_order
 */
struct mmfuzz_vmem_config {
	unsigned int nid;
	struct mmfuzz_range region;
	unsigned int sb_order;
};

/**
 * struct mmfuzz_config - the machine that boot() makes
 * @nr_cpus: 1 to 64
 * @pageblock_order: log2 of frames in a pageblock, 1 to MMFUZZ_MAX_ORDER
 * @section_order: log2 of frames in a section = memory block, at least pageblock_order
 * @max_pfn: frames the machine can ever have, a multiple of a section, at most 2^28
 * @holes: frames inside boot memory that are Reserved for ever; any alignment
 * @cma: CMA areas, whole pageblocks inside one zone of boot memory
 * @nr_balloons: virtio-balloon devices present at boot
 * @pcp_high: frames a per-CPU pageset holds before it gives back; 0 = the core's own choice
 * @pcp_batch: frames a pageset takes or gives at once; 0 = the core's own choice
 * @min_free: frames below which only MMFUZZ_GFP_HIGH may allocate, over all zones; 0 is allowed
 * @unaccepted: memory from this frame on has to be accepted before it can be used (Linux: CONFIG_UNACCEPTED_MEMORY); 0 = none.
 *	Only for cores that know of it, which set it by @adapt
 * @guard_order: halves of orders below this one that a split leaves become guard pages (Linux: debug_guardpage_minorder);
 *	0 = none
 * @ram_shift: log2 of bytes of simulated RAM behind a frame; 3 = the contents are a 64-bit tag
 */
struct mmfuzz_config {
	unsigned int nr_cpus;
	unsigned int pageblock_order;
	unsigned int section_order;
	unsigned long max_pfn;
	unsigned int nr_zones;
	struct mmfuzz_zone_config zones[MMFUZZ_MAX_ZONES];
	unsigned int nr_holes;
	struct mmfuzz_range holes[MMFUZZ_MAX_HOLES];
	unsigned int nr_cma;
	struct mmfuzz_range cma[MMFUZZ_MAX_CMA];
	unsigned int nr_balloons;
	unsigned int nr_vmem;
	struct mmfuzz_vmem_config vmem[MMFUZZ_MAX_VMEM];
	unsigned int pcp_high;
	unsigned int pcp_batch;
	unsigned long min_free;
	unsigned long unaccepted;
	unsigned int guard_order;
	unsigned int ram_shift;
};

/**
 * struct mmfuzz_stats - counters of the whole machine, exact when no other CPU is inside the core
 * @managed: frames that the allocator has or has handed out (Linux: managed_pages; a balloon's frames are not in it)
 * @ballooned: frames that balloons hold
 * @free: frames on free lists of blocks that are not isolated (NR_FREE_PAGES)
 * @free_isolated: frames on free lists of isolated blocks
 * @pcp: frames on per-CPU pagesets
 * @deferred: frames on deferred no-lock free lists
 * @guard: frames that are guard pages
 * @migrate_success: frames migrated (PGMIGRATE_SUCCESS)
 * @migrate_fail: frames whose migration was given up (PGMIGRATE_FAIL)
 * @descriptors: descriptors in use, all caches
 * @metadata_bytes: bytes of per-frame metadata: memmap, pageblocks, sections
 */
struct mmfuzz_stats {
	unsigned long managed;
	unsigned long ballooned;
	unsigned long free;
	unsigned long free_isolated;
	unsigned long pcp;
	unsigned long deferred;
	unsigned long guard;
	unsigned long migrate_success;
	unsigned long migrate_fail;
	unsigned long descriptors;
	unsigned long metadata_bytes;
};

/**
 * struct mmfuzz_trace - how an oracle listens
 * @alloc: 2^order frames have left the allocator and are not yet known to who asked for them
 * @free: 2^order frames are about to enter the allocator and nobody else knows them any more
 * @online: the frames became part of the allocator's memory (they enter free; a @free event does not follow)
 * @offline: free frames left the allocator's memory for good (no @alloc event precedes)
 * @kept: a free frame has left the free lists, and nobody will use it until it comes back by @free (Linux: it was poisoned). As
 *	@alloc, but it may also lie in an isolated pageblock: it was given to nobody
 * @isolated: the calling CPU has isolated the pageblocks [pfn, nr) of the zone with this number, and their bits are set
 * @unisolate: these pageblocks are about to be open to allocations again, or went offline
 * @drained: the calling CPU has emptied the pagesets of the zone, one after the other
 * @pageset: a block is put on a pageset or about to be handed out by it, whose lock the caller has; in debug builds
 *
 * The last five may be NULL, and need not be raised.
 *
 * So each frame is ABSENT, FREE or OUT. Offline pages (seed 001) are OUT, whoever keeps them, but for NeverOnlined ones:
 * those are ABSENT, the allocator never had them, and freeing one is an @online. When a block goes offline, the Skippable
 * frames that stay with their owner turn NeverOnlined: @free, then @offline of each. Its owner may free such a frame
 * also while the block is offline; then no event comes, it just stays ABSENT.
 *
 * Each event comes while whoever raises it owns the frames exclusively, so the events of one frame are ordered by the
 * core's own synchronisation. Movable pages that migrate show as alloc of the target and free of the source. Hooks
 * must not call into the core. Two events of one frame from two CPUs without order between them are a bug of the core.
 */
struct mmfuzz_trace {
	void (*alloc)(pfn_t pfn, order_t order);
	void (*free)(pfn_t pfn, order_t order);
	void (*online)(pfn_t pfn, unsigned long nr);
	void (*offline)(pfn_t pfn, unsigned long nr);
	void (*kept)(pfn_t pfn);
	void (*isolated)(pfn_t pfn, unsigned long nr, unsigned int zone);
	void (*unisolate)(pfn_t pfn, unsigned long nr);
	void (*drained)(unsigned int zone);
	void (*pageset)(pfn_t pfn, order_t order);
};

/** enum mmfuzz_drain - which per-CPU pagesets drain() empties */
enum mmfuzz_drain { MMFUZZ_DRAIN_LOCAL, MMFUZZ_DRAIN_CPU, MMFUZZ_DRAIN_ALL };

/** enum mmfuzz_folio_type - what a folio's descriptor says it is */
enum mmfuzz_folio_type { MMFUZZ_FOLIO_FILE, MMFUZZ_FOLIO_ANON };

/**
 * struct mmfuzz_backend - an mm core
 *
 * Lifecycle
 * @name: as --backend and crash files name it
 * @offline_in_cma: offline pages may lie in CMA areas: which they are is not the core's choice (Linux: those that are poisoned)
 * @plain_races: plain accesses of two CPUs may meet where its authors know it, so that campaigns come between them, too (Linux)
 * @adapt: change a configuration into the nearest machine that this core can be; NULL: it can be any. Frames stay as many;
 *	blocks may become larger, so that some of their numbers name none
 * @boot: make a machine; -EINVAL for a configuration that breaks the rules above (one line to stderr says which)
 * @snapshot: remember the booted state for reset(); needs a machine in which nothing is allocated
 * @reset: back to the snapshot, in microseconds; everything owned is forgotten
 * @shutdown: give the machine's memory back
 * @set_trace: NULL members are not called; the pointer is kept until the next call or shutdown
 * @quiesce: drain pagesets, deferred lists and RCU callbacks, give the HIGHATOMIC reserve back; nobody else runs
 * @check: walk every structure of the core; nobody else runs. Ends in mm_bug() where one is wrong
 * @check_idle: as @check, and the machine must equal the snapshot but for list order and pageblock types (after
 *	@quiesce with everything freed)
 * @stats: see struct mmfuzz_stats
 * @describe: frame in words, for people; returns what snprintf would
 * @describe_addr: the name of a word of the core, for people; returns what snprintf would, 0 for memory that has none
 * @describe_value: what @value means as contents of that word; 0 when it means no more than its number
 * @pfn_state_ok: the word of this frame is one that the encoding allows
 * @core_owns: the frame is out, for objects of the core itself; NULL: none ever is
 *
 * Frozen pages (no reference count; Linux: alloc_frozen_pages and friends)
 * @alloc_frozen: PFN_NONE when there is none
 * @free_frozen: the caller owned exactly this (pfn, order)
 * @alloc_frozen_nolock, @free_frozen_nolock: never spin on a lock (Linux: ..._nolock)
 * @alloc_bulk: up to nr single frames into pfns[]; returns how many
 * @free_bulk: nr single frames at once, all owned by the caller
 * @split: an owned frozen block becomes 2^order blocks of single frames
 * @set_type: an owned frozen block says Unmappable instead of Frozen (a driver took it); free_frozen takes both
 *
 * Refcounted pages: a wrapper whose descriptor holds the count
 * @alloc_pages: count 1; PFN_NONE also when the descriptor cannot be had
 * @get_page: the caller has a reference already and takes one more
 * @put_page: drop one; the last one frees
 * @page_count: -EINVAL on a page without a count
 *
 * Contiguous ranges and isolation
 * @alloc_contig_frozen_range: exactly [start, nr), as single frozen frames; -EBUSY, -EINTR never
 * @free_contig_frozen_range
 * @alloc_contig_frozen_pages: nr frames anywhere in the zones that gfp allows
 * @alloc_contig_range, @free_contig_range: the same with a refcounted page a frame
 * @cma_alloc, @cma_release: frames of a CMA area
 * @start_isolate_page_range, @undo_isolate_page_range: whole pageblocks; -EBUSY when one is isolated already or holds
 *	something unmovable. Who started must undo, exactly the same range
 * @has_unmovable_pages: first unmovable frame of the pageblock of @pfn, or PFN_NONE
 *
 * Movable pages (seed 000: ownership, no list, no reference, PFN arrays)
 * @isolate_movable: scan [start, nr) and isolate up to max movable pages (balloon pages and folios); each now belongs to
 *	the caller. Returns how many are in pfns[]
 * @migrate_pages: move them elsewhere; those that could not be moved are left isolated at the front of pfns[]; returns
 *	how many those are. With async, nothing sleeps
 * @putback_movable_pages: the rest goes back to its owner
 * @compact: both scanners over all zones of the node until a free block of @order exists; -ENOMEM if none came about
 *
 * Folios: one file, indices 0 to MMFUZZ_MAX_FOLIOS - 1, movable, refcounted
 * @folio_add: -EEXIST, -ENOMEM; contents of its first frame read @tag
 * @folio_remove: truncate; -ENOENT
 * @folio_write, @folio_read: through a look-up under RCU with a reference; -ENOENT
 * @folio_get: look up and keep a reference (it pins: migration must fail); returns the frame or PFN_NONE
 * @folio_put: give it back
 * @walk_pfns: the frame-number walker: looks at each of [start, nr) under RCU, takes a reference where there is a
 *	count, re-checks, drops it. Returns how many it could get
 *
 * Offline pages, count always 0 (seed 001)
 * @alloc_offline_page, @alloc_offline_pages, @alloc_offline_page_range: from the buddy, as offline pages
 * @free_offline_page, @free_offline_page_range: back to the buddy, through generic_online_page if never onlined
 * @set_offline_skippable: memory offlining may skip it (true) or not
 *	In Linux these are poisoned pages: soft_offline_page() and unpoison_memory(), count 1; what is in use moves first
 *
 * Drivers
 * @balloon_inflate: up to nr frames; returns how many (also when the PFN set ran out of memory)
 * @balloon_deflate: up to nr frames; isolated ones are left; returns how many
 * @balloon_release: the device goes away: -EBUSY while a page of it is isolated; else all is deflated
 * @balloon_probe: comes back; -EEXIST
 * @balloon_pages: frames it holds
 * @vmem_plug, @vmem_unplug: subblocks wanted; returns how many were (un)plugged
 * @vmem_plugged: subblocks plugged
 *
 * Hotplug
 * @add_memory: an absent block becomes present, not online; -EEXIST
 * @online_pages: a present block goes into (nid, type); -EINVAL, -EBUSY; a notifier may cancel: -ECANCELED
 * @offline_pages: empty the block and take it out of its zone; -EBUSY, -ECANCELED
 * @remove_memory: a block that is not online goes away; -EBUSY
 * @block_state: 0 absent, 1 present, 2 online
 *
 * Pagesets and RCU
 * @drain: see enum mmfuzz_drain; @cpu matters for one of them
 * @pcp_disable, @pcp_enable: for the zones of a node; nests; who disabled must enable
 * @rcu_barrier: all deferred frees have happened
 * @op_done: between operations of a CPU: deferred frees may run here
 * @settle: in sequence, between operations: what waits in batches of each CPU for lists of reclaim comes there, and what the
 *	core keeps beside its folios goes; NULL: nothing does
 * @idle: in parallel: the caller has no operation left, and does what other CPUs want of it as long as @others_busy says that
 *	one of them is at work; NULL: nothing is wanted
 */
struct mmfuzz_backend {
	const char *name;
	bool offline_in_cma;
	bool plain_races;

	void (*adapt)(struct mmfuzz_config *config);
	int (*boot)(const struct mmfuzz_config *config);
	void (*snapshot)(void);
	void (*reset)(void);
	void (*shutdown)(void);
	void (*set_trace)(const struct mmfuzz_trace *trace);
	void (*quiesce)(void);
	void (*check)(void);
	void (*check_idle)(void);
	void (*stats)(struct mmfuzz_stats *stats);
	int (*describe)(pfn_t pfn, char *buf, size_t len);
	int (*describe_addr)(const void *addr, char *buf, size_t len);
	int (*describe_value)(const void *addr, uint64_t value, char *buf, size_t len);
	bool (*pfn_state_ok)(pfn_t pfn);
	bool (*core_owns)(pfn_t pfn);

	pfn_t (*alloc_frozen)(unsigned int gfp, order_t order, nid_t nid);
	void (*free_frozen)(pfn_t pfn, order_t order);
	pfn_t (*alloc_frozen_nolock)(order_t order, nid_t nid);
	void (*free_frozen_nolock)(pfn_t pfn, order_t order);
	unsigned long (*alloc_bulk)(unsigned int gfp, nid_t nid, unsigned long nr, pfn_t *pfns);
	void (*free_bulk)(unsigned long nr, const pfn_t *pfns);
	void (*split)(pfn_t pfn, order_t order);
	void (*set_type)(pfn_t pfn, order_t order);

	pfn_t (*alloc_pages)(unsigned int gfp, order_t order, nid_t nid);
	void (*get_page)(pfn_t pfn);
	void (*put_page)(pfn_t pfn);
	int (*page_count)(pfn_t pfn);

	int (*alloc_contig_frozen_range)(pfn_t start, unsigned long nr);
	void (*free_contig_frozen_range)(pfn_t start, unsigned long nr);
	pfn_t (*alloc_contig_frozen_pages)(unsigned long nr, unsigned int gfp, nid_t nid);
	int (*alloc_contig_range)(pfn_t start, unsigned long nr);
	void (*free_contig_range)(pfn_t start, unsigned long nr);
	pfn_t (*cma_alloc)(unsigned int area, unsigned long nr);
	void (*cma_release)(unsigned int area, pfn_t start, unsigned long nr);
	int (*start_isolate_page_range)(pfn_t start, unsigned long nr);
	void (*undo_isolate_page_range)(pfn_t start, unsigned long nr);
	pfn_t (*has_unmovable_pages)(pfn_t pfn);

	unsigned long (*isolate_movable)(pfn_t start, unsigned long nr, unsigned long max, pfn_t *pfns);
	unsigned long (*migrate_pages)(pfn_t *pfns, unsigned long nr, bool async);
	void (*putback_movable_pages)(const pfn_t *pfns, unsigned long nr);
	int (*compact)(nid_t nid, order_t order);

	int (*folio_add)(unsigned int index, enum mmfuzz_folio_type type, order_t order, unsigned int gfp,
			 uint64_t tag);
	int (*folio_remove)(unsigned int index);
	int (*folio_write)(unsigned int index, uint64_t tag);
	int (*folio_read)(unsigned int index, uint64_t *tag);
	pfn_t (*folio_get)(unsigned int index);
	void (*folio_put)(pfn_t pfn);
	unsigned long (*walk_pfns)(pfn_t start, unsigned long nr);

	pfn_t (*alloc_offline_page)(unsigned int gfp, nid_t nid);
	pfn_t (*alloc_offline_pages)(unsigned int gfp, order_t order, nid_t nid);
	int (*alloc_offline_page_range)(pfn_t start, unsigned long nr);
	void (*free_offline_page)(pfn_t pfn, order_t order);
	void (*free_offline_page_range)(pfn_t start, unsigned long nr);
	void (*set_offline_skippable)(pfn_t pfn, order_t order, bool skippable);

	unsigned long (*balloon_inflate)(unsigned int dev, unsigned long nr);
	unsigned long (*balloon_deflate)(unsigned int dev, unsigned long nr);
	int (*balloon_release)(unsigned int dev);
	int (*balloon_probe)(unsigned int dev);
	unsigned long (*balloon_pages)(unsigned int dev);
	unsigned long (*vmem_plug)(unsigned int dev, unsigned long nr);
	unsigned long (*vmem_unplug)(unsigned int dev, unsigned long nr);
	unsigned long (*vmem_plugged)(unsigned int dev);

	int (*add_memory)(block_t block, nid_t nid);
	int (*online_pages)(block_t block, enum mmfuzz_zone_type type);
	int (*offline_pages)(block_t block);
	int (*remove_memory)(block_t block);
	int (*block_state)(block_t block);

	void (*drain)(enum mmfuzz_drain how, cpu_t cpu);
	void (*pcp_disable)(nid_t nid);
	void (*pcp_enable)(nid_t nid);
	void (*rcu_barrier)(void);
	void (*op_done)(void);
	void (*settle)(void);
	void (*idle)(bool (*others_busy)(void));
};

/** mmfuzz_backend_memdesc - this project's core: 8-byte struct page, frozen and offline pages without a count */
extern const struct mmfuzz_backend mmfuzz_backend_memdesc;

#endif /* MMFUZZ_BACKEND_H */
