/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There are no address spaces.
 */
#ifndef ASM_MMFUZZ_MMU_H
#define ASM_MMFUZZ_MMU_H

#ifndef __ASSEMBLY__
typedef struct {
	unsigned long id;
} mm_context_t;
#endif

#endif /* ASM_MMFUZZ_MMU_H */
