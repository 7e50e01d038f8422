/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As on x86.
 */
#ifndef ASM_MMFUZZ_CACHE_H
#define ASM_MMFUZZ_CACHE_H

#define L1_CACHE_SHIFT	6
#define L1_CACHE_BYTES	(1 << L1_CACHE_SHIFT)

#endif /* ASM_MMFUZZ_CACHE_H */
