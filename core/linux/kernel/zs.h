/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the tree's zsmalloc (zsmalloc_tree.c), who keeps objects in it (zs.c), and who adds folios to the file, or removes them. */
#ifndef MMFUZZ_LINUX_ZS_H
#define MMFUZZ_LINUX_ZS_H

#include <linux/types.h>

/*
 * Bytes that a zspage has in each of its frames: what zsmalloc takes for a page. It is the smallest that it can be, as the sizes
 * of its classes go up by a 256th of it, and have to be multiples of 8.
 */
#define MMFUZZ_ZS_SHIFT 11
#define MMFUZZ_ZS_BYTES (1ul << MMFUZZ_ZS_SHIFT)

/* The pool; from here on objects are kept. */
void mmfuzz_setup_zs(void);
/* Its shrinker is asked for little while it has no pages. */
struct zs_pool;
void mmfuzz_zs_shrinks(struct zs_pool *zs);
/* What the folio at @index holds, or held, is kept if there is room; is looked at, and freed; is only looked at. */
void mmfuzz_zs_keep(unsigned int index, u64 tag);
void mmfuzz_zs_take(unsigned int index);
void mmfuzz_zs_look(unsigned int index);

#endif /* MMFUZZ_LINUX_ZS_H */
