// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's zsmalloc, with zspages of a few KiB in each of their frames (zs.h): in the 128 KiB of address space that a frame
 * has, objects would be as large as all that is written in a program. Before its text stand the headers that it includes:
 * they must know pages as they are.
 *
 * Handles and descriptors of zspages are from a table (devices.h). They live for as long as an object does, which is from one
 * operation to the next: as slabs among the machine's frames they would keep each block from going offline that they are
 * in, and what is to be met there is zspages, which move.
 */
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/local_lock.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/percpu.h>
#include <linux/pgtable.h>
#include <linux/preempt.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/zsmalloc.h>
#if __has_include(<linux/zpool.h>)
#include <linux/zpool.h>
#endif
#include <asm/tlbflush.h>

#include "../gate.h"
#include "devices_alloc.h"
#include "zs.h"

#ifndef HAVE_ZS_OBJ_READ
/* Where a CPU puts together an object that spans two frames. Large, so no part of the table. */
static DEFINE_PER_CPU(char[MMFUZZ_ZS_BYTES], buffers);
static unsigned int nr_buffers;

#undef kmalloc
#define kmalloc(bytes, gfp) per_cpu(buffers, nr_buffers++)

/* There are no states of CPUs to go through: all that there are come up at once. */
static int set_up_cpus(int (*up)(unsigned int cpu), int (*down)(unsigned int cpu))
{
	unsigned int cpu;
	int err = 0;

	for_each_online_cpu(cpu)
		err = err ?: up(cpu);
	return err;
}
#define cpuhp_setup_state(state, name, up, down) set_up_cpus(up, down)
#endif

/* All that a zspage has of a frame, and not only what stands for contents elsewhere, is poisoned as soon as it is freed. */
static inline void becomes_zspage(struct page *page)
{
	__SetPageZsmalloc(page);
	gate_filled(page_to_pfn(page), MMFUZZ_ZS_BYTES);
}
#define __SetPageZsmalloc(page) becomes_zspage(page)
#define copy_page(to, from)	memcpy(to, from, MMFUZZ_ZS_BYTES)

#undef PAGE_SHIFT
#define PAGE_SHIFT MMFUZZ_ZS_SHIFT
#undef PAGE_SIZE
#define PAGE_SIZE MMFUZZ_ZS_BYTES

/*
 * Machines are small: zspages of at most so many frames. In an object's place so few bits are for its number in a zspage, and
 * all others for a frame, which makes the smallest object a quarter of a page, and 19 classes of them: to put back 67, with
 * their lists, after each program would cost more than all that programs do with them.
 */
#undef CONFIG_ZSMALLOC_CHAIN_SIZE
#define CONFIG_ZSMALLOC_CHAIN_SIZE 4
#define MAX_POSSIBLE_PHYSMEM_BITS  (BITS_PER_LONG - 4 + PAGE_SHIFT)

#include "mm/zsmalloc.c"

/* A pool without pages has nothing to free, which reclaim need not ask of each of 255 classes, at each of its priorities. */
static unsigned long count_if_any(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct zs_pool *zs = shrinker->private_data;

	return zs_get_total_pages(zs) ? zs_shrinker_count(shrinker, sc) : 0;
}

void mmfuzz_zs_shrinks(struct zs_pool *zs)
{
	zs->shrinker->count_objects = count_if_any;
}
