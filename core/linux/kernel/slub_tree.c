// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's SLUB, with slabs of a few KiB in frames of a machine (slab.h). Before its text stand the headers that it
 * includes: they must know pages as they are.
 */
#include <linux/mm.h>
#include <linux/bit_spinlock.h>
#include <linux/cpu.h>
#include <linux/cpuset.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/debugobjects.h>
#include <linux/fault-inject.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kasan.h>
#include <linux/kfence.h>
#include <linux/kmemleak.h>
#include <linux/kmsan.h>
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/memory.h>
#include <linux/mempolicy.h>
#include <linux/module.h>
#include <linux/node.h>
#include <linux/prandom.h>
#include <linux/prefetch.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/swab.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <trace/events/kmem.h>

#include "mm/internal.h"
#include "mm/slab.h"

#include "../gate.h"
#include "slab.h"

/* Counters go by whole frames. */
enum { FRAME_BYTES = PAGE_SIZE };
#define WHOLE(bytes) ((bytes) / (long)MMFUZZ_SLAB_BYTES * FRAME_BYTES)
#define mod_node_page_state(node, item, bytes) (mod_node_page_state)(node, item, WHOLE(bytes))
#undef lruvec_stat_mod_folio
#define lruvec_stat_mod_folio(folio, item, bytes) mod_node_page_state(folio_pgdat(folio), item, bytes)
#undef mod_lruvec_page_state
#define mod_lruvec_page_state(page, item, bytes) mod_node_page_state(page_pgdat(page), item, bytes)

/*
 * What KASAN is told of objects is told to ASan, and to the woven machine, which asks the shadow itself at each access, and
 * to which a use that nothing orders before its object's end is a race. Objects that may be looked at after they were freed
 * are passed over, as by KASAN. This file is compiled without ASan for the free list's sake, which runs through free
 * objects; the woven machine sees all of its accesses, so there the list's word in each stays open.
 */
static inline void open_list_word(struct kmem_cache *cache, void *object)
{
#ifdef MMFUZZ_WEAVE
	gate_unpoison_object((char *)object + cache->offset, sizeof(void *));
#endif
}
static inline void *object_taken(struct kmem_cache *cache, void *object)
{
	if (object && system_state == SYSTEM_RUNNING)
		gate_unpoison_object(object, cache->object_size);
	return object;
}
static inline bool object_freed(struct kmem_cache *cache, void *object)
{
	if (!(cache->flags & SLAB_TYPESAFE_BY_RCU) && system_state == SYSTEM_RUNNING) {
		gate_poison_object(object, cache->object_size);
		open_list_word(cache, object);
	}
	return false;
}
static inline void slab_taken(struct slab *slab)
{
	if (system_state == SYSTEM_RUNNING)
		gate_poison_object(slab_address(slab), MMFUZZ_SLAB_BYTES);
}
static inline void *object_begins(struct kmem_cache *cache, void *object)
{
	if (system_state == SYSTEM_RUNNING)
		open_list_word(cache, object);
	return object;
}
#define kasan_slab_alloc(cache, object, ...) object_taken(cache, object)
#define kasan_slab_free(cache, object, ...) object_freed(cache, object)
#define kasan_poison_slab(slab) slab_taken(slab)
#define kasan_init_slab_obj(cache, object) object_begins(cache, object)
#define kasan_unpoison_new_object(cache, object) object_taken(cache, object)
#define kasan_poison_new_object(cache, object) ((void)object_freed(cache, object))

#undef PAGE_SIZE
#define PAGE_SIZE MMFUZZ_SLAB_BYTES
/* What is larger has frames of its own. */
#undef KMALLOC_SHIFT_HIGH
#define KMALLOC_SHIFT_HIGH MMFUZZ_SLAB_SHIFT

/* Which of these a tree calls depends on whether it has frozen pages. */
#undef alloc_pages
#define alloc_pages(gfp, order) mmfuzz_slab_pages(gfp, order, NUMA_NO_NODE)
#undef __alloc_pages_node
#define __alloc_pages_node(node, gfp, order) mmfuzz_slab_pages(gfp, order, node)
#undef alloc_frozen_pages
#define alloc_frozen_pages(gfp, order) mmfuzz_slab_pages(gfp, order, NUMA_NO_NODE)
#undef __alloc_frozen_pages
#define __alloc_frozen_pages(gfp, order, node, nodemask) mmfuzz_slab_pages(gfp, order, node)

#include "mm/slub.c"

void mmfuzz_slub_init(void)
{
	/* Machines are small: a slab of two frames would find no place in many. */
	slub_max_order = 0;
	kmem_cache_init();
}
