/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic ones; but test_bit(), a volatile load there, is a marked access as READ_ONCE() is (rwonce.h).
 */
#ifndef ASM_MMFUZZ_BITOPS_H
#define ASM_MMFUZZ_BITOPS_H

#include <asm-generic/bitops.h>

static __always_inline bool mmfuzz_test_bit(unsigned long nr, const volatile unsigned long *addr)
{
	return READ_ONCE(addr[BIT_WORD(nr)]) >> (nr & (BITS_PER_LONG - 1)) & 1;
}

#undef arch_test_bit
#define arch_test_bit mmfuzz_test_bit

#endif /* ASM_MMFUZZ_BITOPS_H */
