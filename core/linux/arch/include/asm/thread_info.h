/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What preemption counts with; part of the task.
 */
#ifndef ASM_MMFUZZ_THREAD_INFO_H
#define ASM_MMFUZZ_THREAD_INFO_H

#ifndef __ASSEMBLY__
struct thread_info {
	unsigned long flags;
	int preempt_count;
	unsigned int cpu;
};
#endif

#define THREAD_SIZE_ORDER 0
#define THREAD_SIZE	(1UL << 16)
#define INIT_THREAD_INFO(tsk) { .flags = 0, .preempt_count = 0 }
#define TIF_SIGPENDING		0
#define TIF_NEED_RESCHED	1
#define TIF_NOTIFY_RESUME	2
#define TIF_NOTIFY_SIGNAL	3
#define TIF_MEMDIE		4
#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	(1 << TIF_NEED_RESCHED)
#define _TIF_NOTIFY_RESUME	(1 << TIF_NOTIFY_RESUME)
#define _TIF_NOTIFY_SIGNAL	(1 << TIF_NOTIFY_SIGNAL)

#endif /* ASM_MMFUZZ_THREAD_INFO_H */
