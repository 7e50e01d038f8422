/* SPDX-License-Identifier: GPL-2.0-only */
/* There are no address spaces to switch between. */
#ifndef ASM_MMFUZZ_MMU_CONTEXT_H
#define ASM_MMFUZZ_MMU_CONTEXT_H

#include <asm-generic/mm_hooks.h>

struct mm_struct;
struct task_struct;

static inline void switch_mm(struct mm_struct *from, struct mm_struct *to, struct task_struct *task)
{
}

#include <asm-generic/mmu_context.h>

#endif /* ASM_MMFUZZ_MMU_CONTEXT_H */
