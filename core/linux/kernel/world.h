/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of kernel/. */
#ifndef MMFUZZ_LINUX_WORLD_H
#define MMFUZZ_LINUX_WORLD_H

#include <linux/types.h>

/* What is allocated before there is an allocator lies on a node of its own, which is no memory of the machine's. */
#define BOOT_NODE (MAX_NUMNODES - 1)
/* So many frames, behind all others: a section for slabs, and one for what comes before those. */
#define MMFUZZ_BOOT_PFNS (2 * PAGES_PER_SECTION)

/* The machine's CMA areas. */
extern struct cma *mmfuzz_cma[];

/* The areas of all CPUs, as the template has it; the CPUs must be known. */
void mmfuzz_setup_percpu(void);
/* pg_data_t of each node. */
void mmfuzz_setup_nodes(void);
/* The task of each CPU. */
void mmfuzz_setup_tasks(void);

/* GATE_GFP_* as the kernel has them. */
gfp_t mmfuzz_gfp(unsigned int asked);
void mmfuzz_fold_counters(void);
/* Who was killed for waiting goes on as another task, which may hold locks. */
void mmfuzz_revive_current(void);

/* What drivers allocate (devices.h), before there are objects. */
void mmfuzz_reserve_devices(void);
/* The file of folios; balloon devices. */
void mmfuzz_setup_file(void);
void mmfuzz_setup_balloons(void);

struct gate_config;
/* virtio-mem devices, when there are memory blocks. */
void mmfuzz_setup_vmem(const struct gate_config *config);

/* The queues of each CPU. */
void mmfuzz_setup_work(void);
/* From here on there are objects. */
void mmfuzz_setup_slab(void);
/* The kernel has booted, and its node's memory is all in use. */
void mmfuzz_close_boot_node(void);
/* Of a frame that says it is a slab: whether it can be; how many objects are in use; the name of its cache. */
bool mmfuzz_slab_ok(struct page *page);
unsigned int mmfuzz_slab_inuse(struct page *page);
const char *mmfuzz_slab_name(struct page *page);

struct gate_config;
/* Tables of what hotplug keeps, before there are objects; the memory blocks that there are at boot. */
void mmfuzz_reserve_hotplug(const struct gate_config *config);
void mmfuzz_setup_hotplug(const struct gate_config *config);
/* Whether somebody may be at the spans of zones: by any CPU, and without waiting. */
bool mmfuzz_memory_comes_or_goes(void);
/* From one of these tables. */
void *mmfuzz_new_resource(unsigned long bytes);
void mmfuzz_free_resource(const void *resource);
/* For files that free them by kfree(). */
#define mmfuzz_kfree(ptr) _Generic((ptr), struct resource *: mmfuzz_free_resource, default: kfree)(ptr)
/* Of page_alloc.c: lists of zones are made anew, for all nodes where it is NULL; nothing else changes. */
struct pglist_data;
void mmfuzz_rebuild_zonelists(struct pglist_data *node);
struct page;
enum meminit_context;
/* As __free_pages_core(), of frames that enter the allocator for the first time; whether this CPU is at that; they are in. */
void mmfuzz_free_pages_core(struct page *page, unsigned int order, enum meminit_context context);
bool mmfuzz_onlining(unsigned long pfn);
void mmfuzz_onlined(void);
/* Whoever empties a block has tried long enough. */
bool mmfuzz_patience_ends(void);

/* What somebody does to frames: CLAIM_PLUGS is to put them on- or offline, or to remove them; that alone excludes CLAIM_POISONS. */
enum mmfuzz_claim { CLAIM_ISOLATES, CLAIM_PLUGS, CLAIM_POISONS };

/*
 * Before and after somebody is at frames [start, start + nr), by whatever means; who began in vain does not end. False:
 * another one is at them.
 */
bool mmfuzz_claim(unsigned long start, unsigned long nr, enum mmfuzz_claim what);
void mmfuzz_unclaim(unsigned long start, unsigned long nr, enum mmfuzz_claim what);

struct page;
struct zone;
/* A page that came compound is as many single ones as split_page() takes; any other one stays as it is. */
void mmfuzz_take_apart(struct page *page, unsigned int order);
/* Frames that were freed, and wait for somebody who may wait for the zone's lock. A finding if one of them cannot be such. */
unsigned long mmfuzz_deferred(struct zone *zone);
/* The page, which the caller has just isolated, is of a balloon that is going away, and must not be kept. */
bool mmfuzz_balloon_leaving(struct page *page);

struct folio;
/*
 * The folio of frame @pfn with a reference, for walkers of frame numbers: if it is online, @wanted after a look without a
 * reference, and still the frame's with one. NULL if not.
 */
struct folio *mmfuzz_folio_try_get(unsigned long pfn, bool (*wanted)(struct folio *folio));
/* Whether a folio that is not the caller's is on a list of reclaim: a guess. */
bool mmfuzz_on_lru(struct folio *folio);

#endif /* MMFUZZ_LINUX_WORLD_H */
