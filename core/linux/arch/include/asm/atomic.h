/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Atomics, by the builtins that both machines see, each in its four orders. Linux makes the rest of these.
 */
#ifndef ASM_MMFUZZ_ATOMIC_H
#define ASM_MMFUZZ_ATOMIC_H

#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define MMFUZZ_ATOMIC(a, T, t, op)                                            \
static __always_inline void arch_##a##_##op(t i, T *v)                        \
{                                                                             \
	__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED);                \
}
#define MMFUZZ_ATOMIC_RETURN_ORDER(a, T, t, op, suffix, order)                \
static __always_inline t arch_##a##_##op##_return##suffix(t i, T *v)          \
{                                                                             \
	return __atomic_##op##_fetch(&v->counter, i, order);                  \
}
#define MMFUZZ_ATOMIC_FETCH_ORDER(a, T, t, op, suffix, order)                 \
static __always_inline t arch_##a##_fetch_##op##suffix(t i, T *v)             \
{                                                                             \
	return __atomic_fetch_##op(&v->counter, i, order);                    \
}
#define MMFUZZ_ORDERS(what, ...)                                              \
	what(__VA_ARGS__, , __ATOMIC_SEQ_CST)                                 \
	what(__VA_ARGS__, _acquire, __ATOMIC_ACQUIRE)                         \
	what(__VA_ARGS__, _release, __ATOMIC_RELEASE)                         \
	what(__VA_ARGS__, _relaxed, __ATOMIC_RELAXED)
#define MMFUZZ_ATOMIC_RETURN(a, T, t, op) MMFUZZ_ORDERS(MMFUZZ_ATOMIC_RETURN_ORDER, a, T, t, op)
#define MMFUZZ_ATOMIC_FETCH(a, T, t, op)  MMFUZZ_ORDERS(MMFUZZ_ATOMIC_FETCH_ORDER, a, T, t, op)

#define ATOMIC64_INIT(i) { (i) }

static __always_inline int arch_atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}
#define arch_atomic_read arch_atomic_read

static __always_inline void arch_atomic_set(atomic_t *v, int i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}
#define arch_atomic_set arch_atomic_set

#define arch_atomic_read_acquire(v)	__atomic_load_n(&(v)->counter, __ATOMIC_ACQUIRE)
#define arch_atomic_set_release(v, i)	__atomic_store_n(&(v)->counter, (i), __ATOMIC_RELEASE)

MMFUZZ_ATOMIC(atomic, atomic_t, int, add)
MMFUZZ_ATOMIC(atomic, atomic_t, int, sub)
MMFUZZ_ATOMIC(atomic, atomic_t, int, and)
MMFUZZ_ATOMIC(atomic, atomic_t, int, or)
MMFUZZ_ATOMIC(atomic, atomic_t, int, xor)
MMFUZZ_ATOMIC_RETURN(atomic, atomic_t, int, add)
MMFUZZ_ATOMIC_RETURN(atomic, atomic_t, int, sub)
MMFUZZ_ATOMIC_FETCH(atomic, atomic_t, int, add)
MMFUZZ_ATOMIC_FETCH(atomic, atomic_t, int, sub)
MMFUZZ_ATOMIC_FETCH(atomic, atomic_t, int, and)
MMFUZZ_ATOMIC_FETCH(atomic, atomic_t, int, or)
MMFUZZ_ATOMIC_FETCH(atomic, atomic_t, int, xor)
#define arch_atomic_add_return arch_atomic_add_return
#define arch_atomic_add_return_acquire arch_atomic_add_return_acquire
#define arch_atomic_add_return_release arch_atomic_add_return_release
#define arch_atomic_add_return_relaxed arch_atomic_add_return_relaxed
#define arch_atomic_sub_return arch_atomic_sub_return
#define arch_atomic_sub_return_acquire arch_atomic_sub_return_acquire
#define arch_atomic_sub_return_release arch_atomic_sub_return_release
#define arch_atomic_sub_return_relaxed arch_atomic_sub_return_relaxed
#define arch_atomic_fetch_add arch_atomic_fetch_add
#define arch_atomic_fetch_add_acquire arch_atomic_fetch_add_acquire
#define arch_atomic_fetch_add_release arch_atomic_fetch_add_release
#define arch_atomic_fetch_add_relaxed arch_atomic_fetch_add_relaxed
#define arch_atomic_fetch_sub arch_atomic_fetch_sub
#define arch_atomic_fetch_sub_acquire arch_atomic_fetch_sub_acquire
#define arch_atomic_fetch_sub_release arch_atomic_fetch_sub_release
#define arch_atomic_fetch_sub_relaxed arch_atomic_fetch_sub_relaxed
#define arch_atomic_fetch_and arch_atomic_fetch_and
#define arch_atomic_fetch_and_acquire arch_atomic_fetch_and_acquire
#define arch_atomic_fetch_and_release arch_atomic_fetch_and_release
#define arch_atomic_fetch_and_relaxed arch_atomic_fetch_and_relaxed
#define arch_atomic_fetch_or arch_atomic_fetch_or
#define arch_atomic_fetch_or_acquire arch_atomic_fetch_or_acquire
#define arch_atomic_fetch_or_release arch_atomic_fetch_or_release
#define arch_atomic_fetch_or_relaxed arch_atomic_fetch_or_relaxed
#define arch_atomic_fetch_xor arch_atomic_fetch_xor
#define arch_atomic_fetch_xor_acquire arch_atomic_fetch_xor_acquire
#define arch_atomic_fetch_xor_release arch_atomic_fetch_xor_release
#define arch_atomic_fetch_xor_relaxed arch_atomic_fetch_xor_relaxed

static __always_inline s64 arch_atomic64_read(const atomic64_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}
#define arch_atomic64_read arch_atomic64_read

static __always_inline void arch_atomic64_set(atomic64_t *v, s64 i)
{
	__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);
}
#define arch_atomic64_set arch_atomic64_set

#define arch_atomic64_read_acquire(v)	__atomic_load_n(&(v)->counter, __ATOMIC_ACQUIRE)
#define arch_atomic64_set_release(v, i)	__atomic_store_n(&(v)->counter, (i), __ATOMIC_RELEASE)

MMFUZZ_ATOMIC(atomic64, atomic64_t, s64, add)
MMFUZZ_ATOMIC(atomic64, atomic64_t, s64, sub)
MMFUZZ_ATOMIC(atomic64, atomic64_t, s64, and)
MMFUZZ_ATOMIC(atomic64, atomic64_t, s64, or)
MMFUZZ_ATOMIC(atomic64, atomic64_t, s64, xor)
MMFUZZ_ATOMIC_RETURN(atomic64, atomic64_t, s64, add)
MMFUZZ_ATOMIC_RETURN(atomic64, atomic64_t, s64, sub)
MMFUZZ_ATOMIC_FETCH(atomic64, atomic64_t, s64, add)
MMFUZZ_ATOMIC_FETCH(atomic64, atomic64_t, s64, sub)
MMFUZZ_ATOMIC_FETCH(atomic64, atomic64_t, s64, and)
MMFUZZ_ATOMIC_FETCH(atomic64, atomic64_t, s64, or)
MMFUZZ_ATOMIC_FETCH(atomic64, atomic64_t, s64, xor)
#define arch_atomic64_add_return arch_atomic64_add_return
#define arch_atomic64_add_return_acquire arch_atomic64_add_return_acquire
#define arch_atomic64_add_return_release arch_atomic64_add_return_release
#define arch_atomic64_add_return_relaxed arch_atomic64_add_return_relaxed
#define arch_atomic64_sub_return arch_atomic64_sub_return
#define arch_atomic64_sub_return_acquire arch_atomic64_sub_return_acquire
#define arch_atomic64_sub_return_release arch_atomic64_sub_return_release
#define arch_atomic64_sub_return_relaxed arch_atomic64_sub_return_relaxed
#define arch_atomic64_fetch_add arch_atomic64_fetch_add
#define arch_atomic64_fetch_add_acquire arch_atomic64_fetch_add_acquire
#define arch_atomic64_fetch_add_release arch_atomic64_fetch_add_release
#define arch_atomic64_fetch_add_relaxed arch_atomic64_fetch_add_relaxed
#define arch_atomic64_fetch_sub arch_atomic64_fetch_sub
#define arch_atomic64_fetch_sub_acquire arch_atomic64_fetch_sub_acquire
#define arch_atomic64_fetch_sub_release arch_atomic64_fetch_sub_release
#define arch_atomic64_fetch_sub_relaxed arch_atomic64_fetch_sub_relaxed
#define arch_atomic64_fetch_and arch_atomic64_fetch_and
#define arch_atomic64_fetch_and_acquire arch_atomic64_fetch_and_acquire
#define arch_atomic64_fetch_and_release arch_atomic64_fetch_and_release
#define arch_atomic64_fetch_and_relaxed arch_atomic64_fetch_and_relaxed
#define arch_atomic64_fetch_or arch_atomic64_fetch_or
#define arch_atomic64_fetch_or_acquire arch_atomic64_fetch_or_acquire
#define arch_atomic64_fetch_or_release arch_atomic64_fetch_or_release
#define arch_atomic64_fetch_or_relaxed arch_atomic64_fetch_or_relaxed
#define arch_atomic64_fetch_xor arch_atomic64_fetch_xor
#define arch_atomic64_fetch_xor_acquire arch_atomic64_fetch_xor_acquire
#define arch_atomic64_fetch_xor_release arch_atomic64_fetch_xor_release
#define arch_atomic64_fetch_xor_relaxed arch_atomic64_fetch_xor_relaxed

#endif /* ASM_MMFUZZ_ATOMIC_H */
