/* SPDX-License-Identifier: GPL-2.0-only */
/* What touches much memory is the C library's, and so the sanitizers' and the woven machine's. */
#ifndef ASM_MMFUZZ_STRING_H
#define ASM_MMFUZZ_STRING_H

#include <linux/types.h>

#define __HAVE_ARCH_MEMCPY
#define __HAVE_ARCH_MEMMOVE
#define __HAVE_ARCH_MEMSET
#define __HAVE_ARCH_MEMCMP
void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif /* ASM_MMFUZZ_STRING_H */
