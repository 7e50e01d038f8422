// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's part of the slab allocators that is common to them, with slabs of a few KiB (slab.h): caches of kmalloc() are
 * no larger than that. Before its text stand the headers that it includes: they must know pages as they are.
 */
#include <linux/slab.h>
#include <linux/mm.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/kasan.h>
#include <linux/kfence.h>
#include <linux/kmemleak.h>
#include <linux/memcontrol.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/stackdepot.h>
#include <linux/swiotlb.h>
#include <linux/uaccess.h>
#include <asm/cacheflush.h>
#include <asm/tlbflush.h>

#include "mm/internal.h"
#include "mm/slab.h"

#include "slab.h"

#undef PAGE_SIZE
#define PAGE_SIZE MMFUZZ_SLAB_BYTES
#undef KMALLOC_SHIFT_HIGH
#define KMALLOC_SHIFT_HIGH MMFUZZ_SLAB_SHIFT

#include "mm/slab_common.c"
