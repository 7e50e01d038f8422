/* SPDX-License-Identifier: GPL-2.0-only */
/* Between slab.c and what is compiled around the tree's own slab allocator (slub_tree.c, slab_common_tree.c). */
#ifndef MMFUZZ_LINUX_SLAB_H
#define MMFUZZ_LINUX_SLAB_H

/*
 * Bytes of a slab. A frame has 128 KiB of address space, and the free list of a slab runs through all of its objects: to
 * write and put back that much would take longer than a program. So to the slab allocator a page is as long as this.
 */
#define MMFUZZ_SLAB_SHIFT 12
#define MMFUZZ_SLAB_BYTES (1ul << MMFUZZ_SLAB_SHIFT)

#ifndef __ASSEMBLY__
#include <linux/gfp.h>

/* A slab's frames. */
struct page *mmfuzz_slab_pages(gfp_t gfp, unsigned int order, int node);
/* kmem_cache_init(), with slabs of one frame each. */
void mmfuzz_slub_init(void);
#endif

#endif /* MMFUZZ_LINUX_SLAB_H */
