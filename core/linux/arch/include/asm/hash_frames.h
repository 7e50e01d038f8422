/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A folio's hash is by its frame. Stands before the tree's filemap.c: where folios lie is another address in each process, and by
 * that it would be chance who shares a wait queue with whom, and is woken with whom.
 */
#ifndef ASM_MMFUZZ_HASH_FRAMES_H
#define ASM_MMFUZZ_HASH_FRAMES_H

#include <linux/hash.h>
#include <linux/mm.h>

#define hash_ptr(folio, bits) hash_long(folio_pfn(folio), bits)

#endif /* ASM_MMFUZZ_HASH_FRAMES_H */
