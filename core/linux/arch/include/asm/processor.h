/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A CPU that waits tells the machine so.
 */
#ifndef ASM_MMFUZZ_PROCESSOR_H
#define ASM_MMFUZZ_PROCESSOR_H

#ifndef __ASSEMBLY__
#include <asm/host.h>
#include <asm/ptrace.h>
#include <linux/cache.h>

#define TASK_SIZE	(1UL << 46)
#define TASK_SIZE_MAX	TASK_SIZE
#define STACK_TOP	TASK_SIZE
#define STACK_TOP_MAX	TASK_SIZE
#define TASK_UNMAPPED_BASE (TASK_SIZE / 3)
#define cpu_relax()	mmfuzz_relax()

struct thread_struct {
	unsigned long sp;
};
#define INIT_THREAD { }
struct task_struct;
static inline void flush_thread(void) { }
unsigned long __get_wchan(struct task_struct *p);
#define KSTK_EIP(tsk)	0UL
#define KSTK_ESP(tsk)	0UL
#define task_pt_regs(tsk) ((struct pt_regs *)0)
#define prefetch(x)	__builtin_prefetch(x)
#define ARCH_HAS_PREFETCH
#endif

#endif /* ASM_MMFUZZ_PROCESSOR_H */
