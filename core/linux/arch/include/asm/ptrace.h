/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There is no user space.
 */
#ifndef ASM_MMFUZZ_PTRACE_H
#define ASM_MMFUZZ_PTRACE_H

#ifndef __ASSEMBLY__
struct pt_regs {
	unsigned long ip;
};
#define user_mode(regs) 0
#define instruction_pointer(regs) ((regs)->ip)
#define profile_pc(regs) instruction_pointer(regs)
#define user_stack_pointer(regs) 0UL
#define regs_irqs_disabled(regs) 0
#endif

#endif /* ASM_MMFUZZ_PTRACE_H */
