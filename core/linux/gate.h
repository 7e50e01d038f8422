/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the two worlds that the backend linux is made of: kernel/ is compiled with the tree's headers, host/ with the
 * C library's. Both include this, so it has nothing but plain types, and includes nothing.
 */
#ifndef MMFUZZ_LINUX_GATE_H
#define MMFUZZ_LINUX_GATE_H

/* A frame that there is not. */
#define GATE_NONE (~0ul)

#define GATE_MAX_BALLOONS 2
#define GATE_MAX_VMEM	  2

enum gate_zone { GATE_DMA, GATE_NORMAL, GATE_MOVABLE };

/* What the kernel's headers say of the machine that it was compiled for. */
struct gate_limits {
	unsigned int highest_order;
	unsigned int lowest_block_order;
	unsigned int section_order;
	unsigned int nr_cpus;
	unsigned int nr_nodes;
	unsigned long max_pfn; /* that a machine may have */
	unsigned long boot_pfns; /* behind those, what the kernel boots from */
	unsigned long page_struct_bytes;
	unsigned long page_bytes;
	unsigned long contents_bytes; /* of a frame */
	unsigned long slab_bytes; /* and if it is a slab */
};

struct gate_range {
	unsigned long start;
	unsigned long nr;
};

struct gate_zone_config {
	unsigned int nid;
	enum gate_zone type;
	struct gate_range range;
};

struct gate_vmem_config {
	unsigned int nid;
	struct gate_range region;
	unsigned int sb_order;
};

/* As struct mmfuzz_config; the arrays are the caller's. */
struct gate_config {
	unsigned int nr_cpus;
	unsigned int block_order;
	unsigned int section_order; /* of a memory block */
	unsigned long max_pfn;
	unsigned int nr_zones;
	const struct gate_zone_config *zones;
	unsigned int nr_holes;
	const struct gate_range *holes;
	unsigned int nr_cma;
	const struct gate_range *cma;
	unsigned int nr_vmem;
	const struct gate_vmem_config *vmem;
	unsigned long min_free;
	unsigned long unaccepted; /* first frame; 0: all memory is accepted */
};

/* kernel/: what the host calls. Frames are given and returned as numbers; the caller runs as a CPU of the machine. */

void gate_limits(struct gate_limits *limits);
/* @ram, @memmap: where frame 0 and its struct page are. Once, on the kernel's data as the program began with it. */
void gate_boot(const struct gate_config *config, unsigned long ram, unsigned long memmap);
/* What has to be put back when a machine is reset, beside the kernel's own data. */
int gate_percpu(unsigned int cpu, char **start, unsigned long *bytes); /* 0: there is no such CPU */
int gate_slab(unsigned long *pfn, char **start, unsigned long *bytes); /* the first one from @pfn on, which moves on; 0: none */
void gate_memmap(char **start, unsigned long *bytes);
void gate_boot_memory(char **start, unsigned long *bytes);

enum gate_gfp {
	GATE_GFP_MOVABLE = 1,
	GATE_GFP_RECLAIMABLE = 2,
	GATE_GFP_DMA = 4,
	GATE_GFP_THISNODE = 8,
	GATE_GFP_ZERO = 16,
	GATE_GFP_HIGH = 32,
	GATE_GFP_COMPACT = 64,
};

/* @compound: the last put_page() of its first frame frees all of it; else it may be split. */
unsigned long gate_alloc_pages(unsigned int gfp, unsigned int order, unsigned int nid, int compound);
void gate_get_page(unsigned long pfn);
void gate_put_page(unsigned long pfn);
int gate_page_count(unsigned long pfn);
unsigned long gate_alloc_bulk(unsigned int gfp, unsigned int nid, unsigned long nr, unsigned long *pfns);
/* Order 0 of a block that nobody else knows; split_page(). */
void gate_split(unsigned long pfn, unsigned int order);
/* Exactly as it was allocated; the last reference is the caller's. */
void gate_free_pages(unsigned long pfn, unsigned int order);

/* No lock is waited for. As what gate_alloc_pages() returns; freed by any of these. */
unsigned long gate_alloc_nolock(unsigned int order, unsigned int nid, int in_interrupt);
void gate_free_nolock(unsigned long pfn, unsigned int order, int in_interrupt);
/* Nobody runs: what was freed like that, and waits for somebody who may wait for a lock, is free. */
void gate_free_deferred(void);

/* What Linux's functions of these names do and return; frames are single ones with a reference each. */
int gate_alloc_contig_range(unsigned long start, unsigned long nr);
void gate_free_contig_range(unsigned long start, unsigned long nr);
unsigned long gate_alloc_contig_pages(unsigned long nr, unsigned int gfp, unsigned int nid);
unsigned long gate_cma_alloc(unsigned int area, unsigned long nr);
void gate_cma_release(unsigned int area, unsigned long start, unsigned long nr);
int gate_start_isolate_page_range(unsigned long start, unsigned long nr);
void gate_undo_isolate_page_range(unsigned long start, unsigned long nr);
/* Of the pageblock of @pfn. Where there is no memory nothing moves. */
unsigned long gate_has_unmovable_pages(unsigned long pfn);

/* Isolated: no list, and a reference that is the caller's. Return values as the door's. */
unsigned long gate_isolate_movable(unsigned long start, unsigned long nr, unsigned long max, unsigned long *pfns);
unsigned long gate_migrate_pages(unsigned long *pfns, unsigned long nr, int async);
void gate_putback_movable_pages(const unsigned long *pfns, unsigned long nr);
int gate_compact(unsigned int nid, unsigned int order);

int gate_folio_add(unsigned int index, unsigned int order, unsigned int gfp, unsigned long long tag);
int gate_folio_remove(unsigned int index);
/* Nobody runs: what an empty file keeps for nothing. */
void gate_file_tidy(void);
int gate_folio_write(unsigned int index, unsigned long long tag);
int gate_folio_read(unsigned int index, unsigned long long *tag);
/* In sequence: what the kernel keeps of folios that were removed goes. Whether there was any. */
int gate_zs_empty(void);
unsigned long gate_folio_get(unsigned int index);
void gate_folio_put(unsigned long pfn);
unsigned long gate_walk_pfns(unsigned long start, unsigned long nr);

unsigned long gate_balloon_inflate(unsigned int dev, unsigned long nr);
unsigned long gate_balloon_deflate(unsigned int dev, unsigned long nr);
int gate_balloon_release(unsigned int dev);
int gate_balloon_probe(unsigned int dev);
unsigned long gate_balloon_pages(unsigned int dev);

/* Of the virtio-mem device of that number, in subblocks; as the door's functions of these names. */
unsigned long gate_vmem_plug(unsigned int dev, unsigned long nr);
unsigned long gate_vmem_unplug(unsigned int dev, unsigned long nr);
unsigned long gate_vmem_plugged(unsigned int dev);
/* Nobody runs: blocks that could not be removed when they should have been are tried again. */
void gate_vmem_settle(void);
/* How many of these frames are in a device's region and not plugged. Contents of all such frames are poisoned. */
unsigned long gate_unplugged(unsigned long pfn, unsigned long nr);
void gate_hide_unplugged(void);

/* What has come to the host of these devices since the machine began, or was as it is put back to. */
struct gate_host {
	unsigned long kicks; /* buffers */
	unsigned long inflated; /* frames */
	unsigned long deflated;
};
void gate_host(struct gate_host *host);
/* Frames that the host was told are free, since likewise; whether a free block says that it was, by its first frame. */
unsigned long gate_reported(void);
int gate_is_reported(unsigned long pfn);

/* How many of these frames the guest has not accepted; their contents are poisoned. */
unsigned long gate_unaccepted(unsigned long pfn, unsigned long nr);
void gate_hide_unaccepted(void);

/*
 * soft_offline_page() of each: all or none, no more than a pageblock, 0 or an errno of the door's. Likewise of pages that may be
 * had anywhere; GATE_NONE. And unpoison_memory(): at once, or when nobody runs any more.
 */
int gate_soft_offline(unsigned long start, unsigned long nr);
unsigned long gate_soft_offline_any(unsigned int gfp, unsigned int order, unsigned int nid);
void gate_unpoison(unsigned long start, unsigned long nr);
/* In sequence: what could not be unpoisoned when that was asked for. */
void gate_unpoison_late(void);
/* Whether the frame is poisoned, and how many the kernel says there are. */
int gate_is_poisoned(unsigned long pfn);
unsigned long gate_nr_poisoned(void);

/* Pages on the way to the lists of reclaim get there, on all CPUs. */
void gate_lru_drain(void);
/* In sequence: that, and what vmstat's worker would do. */
void gate_settle(void);

/* Linux's functions of these names, on memory blocks of the machine; the state as backend.h has it. */
int gate_add_memory(unsigned long block, unsigned int nid);
int gate_online_pages(unsigned long block, enum gate_zone type);
int gate_offline_pages(unsigned long block);
int gate_remove_memory(unsigned long block);
int gate_block_state(unsigned long block);

void gate_drain(int cpu);

/* In sequence: kswapd and kcompactd of all nodes do what they were woken for, and sleep. */
void gate_kthreads_rest(void);
/* How often they have done something since the machine began, or was as it is put back to; how many do not sleep. */
struct gate_kthreads {
	unsigned long kswapd;
	unsigned long kcompactd;
	unsigned int awake;
};
void gate_kthreads(struct gate_kthreads *now);

/* With nothing else under way on this CPU: what is queued for it, and may sleep; what its kernel threads were woken for. */
void gate_run_work(void);
/* By who sleeps, and may have locks: of these only what has to be done by this CPU, and kernel threads. */
void gate_run_bound_work(void);
/* This CPU has done an operation more; has nothing left to do: all that is delayed is due. Whether something is due. */
int gate_time_passes(int idle);
/* Between operations: who was killed in one lives again. */
void gate_revive(void);
/* For tests, as kernel code does it: waits for *@said; says so and wakes who sleeps on @cpu. */
void gate_sleep(const int *said);
void gate_wake(int *said, unsigned int cpu);
/* Likewise: work of this CPU that queues itself again for ever; takes it back, and is true if it is there or runs all the same. */
void gate_queue_again(void);
int gate_cancel_again(void);
/* A work that queues itself so often, and must not run at the same time as itself; how often it will. Who waits for it. */
void gate_queue_lone(unsigned int times);
unsigned int gate_lone_left(void);
void gate_flush_lone(void);
/* Likewise: a marked write, a marked read of another word, and nothing that orders them. What was read. */
int gate_write_and_read(int *mine, const int *theirs);
/* Likewise: a marked write of 1, then an unmarked read and write of the same word by another name. What was read. */
int gate_write_and_replace(int *word, int *same);
/* Likewise: two spinlocks, one within the other, in either order; the first of them, as an interrupt would; a mutex stays locked. */
void gate_nest_locks(int backwards);
void gate_lock_in(int interrupt);
void gate_keep_mutex(int keep);
/* How many kinds of locks lockdep knows; 0: there is none in this build. */
unsigned long gate_lock_classes(void);

struct gate_stats {
	unsigned long managed; /* those that a virtio-mem device holds are among them: they were handed out to it */
	unsigned long free;
	unsigned long free_isolated;
	unsigned long pcp;
	unsigned long deferred;
	unsigned long migrate_success;
	unsigned long migrate_fail;
};
void gate_stats(struct gate_stats *stats);
/* A finding where a structure of the kernel's is wrong; nobody runs. */
void gate_check(void);
/* And where zones are not as gate_remember() found them: everything was given back. */
void gate_check_idle(void);
void gate_remember(void);
/* Whether pages are grouped by mobility: always (hotplug_tree.c). */
int gate_groups_by_mobility(void);
/* What the kernel says of a frame; returns what snprintf() does. */
int gate_is_slab(unsigned long pfn);
int gate_is_zspage(unsigned long pfn);
int gate_describe(unsigned long pfn, char *buf, unsigned long len);
/* The name of a word of the kernel's, and what @value means there; in the midst of a run. 0: nothing is known. */
int gate_describe_addr(unsigned long addr, char *buf, unsigned long len);
int gate_describe_value(unsigned long addr, unsigned long value, char *buf, unsigned long len);

/* host/: what the kernel's world calls. */

/* Zeroed memory, for the n-th call of each boot always the same; there until the process ends. */
void *gate_host_memory(unsigned long bytes);
/* One context plays all CPUs; have it play @cpu while it calls @fn. */
int gate_in_sequence(void);
void gate_play(unsigned int cpu, void (*fn)(void));
/* The function of a return address, and the file and line; 0: nobody knows. */
int gate_place(unsigned long pc, char *func, unsigned long func_len, char *place,
	       unsigned long place_len);
/* Return addresses from the one of @frame on, which is of the caller's stack; how many. */
unsigned int gate_stack(const unsigned long *frame, unsigned long *ips, unsigned int max);
/* A line of the kernel's log. */
void gate_log(const char *line);
/* The C library's snprintf(), which does not run as a CPU of the machine; never more than fits. */
__attribute__((format(printf, 3, 4))) int gate_print(char *buf, unsigned long len, const char *form, ...);
/* Nobody has this object any more; somebody has it. */
void gate_poison_object(void *object, unsigned long bytes);
void gate_unpoison_object(void *object, unsigned long bytes);
/* From here until it is freed so much of a frame is in use, which must be less than of a slab, and not only its contents. */
void gate_filled(unsigned long pfn, unsigned long bytes);
/* A frame's contents are the host's that the machine runs on; are the machine's again. */
void gate_host_took(unsigned long pfn);
void gate_host_gave(unsigned long pfn);
/* What was in a free frame is lost; it stays nobody's, until it is allocated. */
void gate_host_dropped(unsigned long pfn);
/* The same of an object of a driver's, in a table of them that is outside of the machine's frames. */
void gate_poison_device(void *object, unsigned long bytes, void *table, unsigned long table_bytes);
/* Frames have left the allocator; are about to enter it. */
void gate_allocated(unsigned long pfn, unsigned int order);
void gate_freed(unsigned long pfn, unsigned int order);
/* A free frame has left the free lists, and nobody gets it; a frame that was in use or free must not be touched any more. */
void gate_kept(unsigned long pfn);
void gate_poisoned(unsigned long pfn);
/* Frames that counted as free are on a free list from now on: they have been accepted. */
void gate_accepted(unsigned long pfn, unsigned int order);
/* Frames are about to enter it for the first time; have left it, and nobody has them. */
void gate_onlined(unsigned long pfn, unsigned long nr);
void gate_offlined(unsigned long pfn, unsigned long nr);

#endif /* MMFUZZ_LINUX_GATE_H */
