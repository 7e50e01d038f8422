/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There are no TLBs.
 */
#ifndef ASM_MMFUZZ_TLBFLUSH_H
#define ASM_MMFUZZ_TLBFLUSH_H

static inline void flush_tlb_all(void) { }
static inline void flush_tlb_mm(struct mm_struct *mm) { }
static inline void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr) { }
static inline void flush_tlb_range(struct vm_area_struct *vma, unsigned long start, unsigned long end) { }
static inline void flush_tlb_kernel_range(unsigned long start, unsigned long end) { }

#endif /* ASM_MMFUZZ_TLBFLUSH_H */
