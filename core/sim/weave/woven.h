/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands before each file that is compiled for the scheduler (weave.cmake includes it): calls of the C library that
 * touch memory go to the runtime, also those that the compiler makes of assignments. By the assembler, as nothing above it
 * sees all of them: clang names them so from 16 on, by itself, and gcc never does.
 */
#ifndef WEAVE_WOVEN_H
#define WEAVE_WOVEN_H

__asm__(".set memcpy, __tsan_memcpy\n"
	".set memmove, __tsan_memmove\n"
	".set memset, __tsan_memset\n"
	".set memcmp, __tsan_memcmp\n");

#ifndef __clang__
/*
 * gcc writes small ones out, unseen: -fno-builtin takes memcpy() from it, this what is spelled as a builtin. No <string.h>:
 * the file has not said yet which of its dialects it wants.
 */
void *memcpy(void *dst, const void *src, __SIZE_TYPE__ len);
void *memmove(void *dst, const void *src, __SIZE_TYPE__ len);
void *memset(void *dst, int byte, __SIZE_TYPE__ len);
int memcmp(const void *a, const void *b, __SIZE_TYPE__ len);
#define __builtin_memcpy memcpy
#define __builtin_memmove memmove
#define __builtin_memset memset
#define __builtin_memcmp memcmp
#endif

#endif /* WEAVE_WOVEN_H */
