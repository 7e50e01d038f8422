/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A section is 16 frames of 128 KiB; all of them together are few enough for a static table.
 */
#ifndef ASM_MMFUZZ_SPARSEMEM_H
#define ASM_MMFUZZ_SPARSEMEM_H

#define SECTION_SIZE_BITS	21
#define MAX_PHYSMEM_BITS	31

#endif /* ASM_MMFUZZ_SPARSEMEM_H */
