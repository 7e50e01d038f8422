/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BUG() and the VM_BUG_ON()s are findings, and so is a WARN().
 */
#ifndef ASM_MMFUZZ_BUG_H
#define ASM_MMFUZZ_BUG_H

#include <asm/host.h>
#include <linux/stringify.h>

#ifndef __ASSEMBLY__
#define HAVE_ARCH_BUG
#define BUG() mmfuzz_bug("kernel BUG", __func__, "%s:%d", __FILE__, __LINE__)
#define HAVE_ARCH_BUG_ON
#define BUG_ON(condition)                                                     \
do {                                                                          \
	if (__builtin_expect(!!(condition), 0))                               \
		mmfuzz_bug("kernel BUG", __func__, "%s:%d: %s", __FILE__, __LINE__, #condition); \
} while (0)
#endif

#include <asm-generic/bug.h>

#endif /* ASM_MMFUZZ_BUG_H */
