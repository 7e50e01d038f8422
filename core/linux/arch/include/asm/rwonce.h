/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses are atomic builtins: both machines, and ThreadSanitizer, see them as marked, and the woven one can hold
 * back a store or give a load an older value.
 */
#ifndef ASM_MMFUZZ_RWONCE_H
#define ASM_MMFUZZ_RWONCE_H

#ifndef __ASSEMBLY__
#define __READ_ONCE(x)                                                        \
({                                                                            \
	__unqual_scalar_typeof(x) __once;                                     \
	__atomic_load((typeof(__once) *)&(x), &__once, __ATOMIC_RELAXED);     \
	__once;                                                               \
})
#define __WRITE_ONCE(x, val)                                                  \
do {                                                                          \
	typeof(x) __once = (val);                                             \
	__atomic_store(&(x), &__once, __ATOMIC_RELAXED);                      \
} while (0)
#endif

#include <asm-generic/rwonce.h>

#endif /* ASM_MMFUZZ_RWONCE_H */
