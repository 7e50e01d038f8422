/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each CPU has a task of its own that runs its operations.
 */
#ifndef ASM_MMFUZZ_CURRENT_H
#define ASM_MMFUZZ_CURRENT_H

#ifndef __ASSEMBLY__
#include <asm/host.h>

struct task_struct;
extern struct task_struct *mmfuzz_tasks[];
#define current (mmfuzz_tasks[mmfuzz_cpu()])
#endif

#endif /* ASM_MMFUZZ_CURRENT_H */
