/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing is mapped.
 */
#ifndef ASM_MMFUZZ_VMALLOC_H
#define ASM_MMFUZZ_VMALLOC_H



#endif /* ASM_MMFUZZ_VMALLOC_H */
