/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses are atomic builtins: both machines, and ThreadSanitizer, see them as marked, and the woven one can hold
 * back a store or give a load an older value. A pointer is read with acquire: what is reached through it is ordered behind
 * it by the address (rcu_dereference() is no more than this), and acquire is what detectors of races know.
 */
#ifndef ASM_MMFUZZ_RWONCE_H
#define ASM_MMFUZZ_RWONCE_H

#ifndef __ASSEMBLY__
/* 5: GCC's class of pointers. */
#define __ONCE_ORDER(x) (__builtin_classify_type(x) == 5 ? __ATOMIC_ACQUIRE : __ATOMIC_RELAXED)
#define __READ_ONCE(x)                                                        \
({                                                                            \
	__unqual_scalar_typeof(x) __once;                                     \
	__atomic_load((typeof(__once) *)&(x), &__once, __ONCE_ORDER(x));      \
	__once;                                                               \
})
#endif

#include <asm-generic/rwonce.h>

#ifndef __ASSEMBLY__
/* That header takes a __READ_ONCE() that is there, but makes a __WRITE_ONCE() of its own in any case: a plain store. */
#undef __WRITE_ONCE
#define __WRITE_ONCE(x, val)                                                  \
do {                                                                          \
	typeof(x) __once = (val);                                             \
	__atomic_store(&(x), &__once, __ATOMIC_RELAXED);                      \
} while (0)
#endif

#endif /* ASM_MMFUZZ_RWONCE_H */
