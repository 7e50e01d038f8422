/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A finding has the host's stack.
 */
#ifndef ASM_MMFUZZ_STACKTRACE_H
#define ASM_MMFUZZ_STACKTRACE_H



#endif /* ASM_MMFUZZ_STACKTRACE_H */
