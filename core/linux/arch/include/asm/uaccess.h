/* SPDX-License-Identifier: GPL-2.0-only */
/* There is no user space: nothing can be copied. */
#ifndef ASM_MMFUZZ_UACCESS_H
#define ASM_MMFUZZ_UACCESS_H

static inline unsigned long raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return n;
}

static inline unsigned long raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return n;
}

#include <asm-generic/uaccess.h>

#endif /* ASM_MMFUZZ_UACCESS_H */
