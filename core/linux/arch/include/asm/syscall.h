/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * There are no system calls.
 */
#ifndef ASM_MMFUZZ_SYSCALL_H
#define ASM_MMFUZZ_SYSCALL_H



#endif /* ASM_MMFUZZ_SYSCALL_H */
