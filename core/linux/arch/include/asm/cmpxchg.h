/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exchanges, by the builtins that both machines see. One that fails orders as a load, as memory-barriers.txt has it: the full
 * one too, which is more than Linux promises.
 */
#ifndef ASM_MMFUZZ_CMPXCHG_H
#define ASM_MMFUZZ_CMPXCHG_H

#ifndef __ASSEMBLY__
#define __mmfuzz_xchg(p, v, order)                                            \
({                                                                            \
	typeof(*(p)) __new = (v), __was;                                      \
	__atomic_exchange((p), &__new, &__was, order);                        \
	__was;                                                                \
})
#define __mmfuzz_try_cmpxchg(p, oldp, n, order, fail)                         \
({                                                                            \
	typeof(*(p)) __new = (n);                                             \
	__atomic_compare_exchange((p), (typeof(*(p)) *)(oldp), &__new, 0, order, fail); \
})
#define __mmfuzz_cmpxchg(p, o, n, order, fail)                                \
({                                                                            \
	typeof(*(p)) __was = (typeof(*(p)))(o);                               \
	__mmfuzz_try_cmpxchg(p, &__was, n, order, fail);                      \
	__was;                                                                \
})
#define arch_xchg(p, v)		__mmfuzz_xchg(p, v, __ATOMIC_SEQ_CST)
#define arch_cmpxchg(p, o, n)	__mmfuzz_cmpxchg(p, o, n, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define arch_cmpxchg64(p, o, n)	arch_cmpxchg(p, o, n)
#define arch_try_cmpxchg(p, o, n)	__mmfuzz_try_cmpxchg(p, o, n, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define arch_xchg_acquire(p, v)		__mmfuzz_xchg(p, v, __ATOMIC_ACQUIRE)
#define arch_cmpxchg_acquire(p, o, n)	__mmfuzz_cmpxchg(p, o, n, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
#define arch_cmpxchg64_acquire(p, o, n)	arch_cmpxchg_acquire(p, o, n)
#define arch_try_cmpxchg_acquire(p, o, n)	__mmfuzz_try_cmpxchg(p, o, n, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
#define arch_xchg_release(p, v)		__mmfuzz_xchg(p, v, __ATOMIC_RELEASE)
#define arch_cmpxchg_release(p, o, n)	__mmfuzz_cmpxchg(p, o, n, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define arch_cmpxchg64_release(p, o, n)	arch_cmpxchg_release(p, o, n)
#define arch_try_cmpxchg_release(p, o, n)	__mmfuzz_try_cmpxchg(p, o, n, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define arch_xchg_relaxed(p, v)		__mmfuzz_xchg(p, v, __ATOMIC_RELAXED)
#define arch_cmpxchg_relaxed(p, o, n)	__mmfuzz_cmpxchg(p, o, n, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define arch_cmpxchg64_relaxed(p, o, n)	arch_cmpxchg_relaxed(p, o, n)
#define arch_try_cmpxchg_relaxed(p, o, n)	__mmfuzz_try_cmpxchg(p, o, n, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

#define arch_cmpxchg_local(p, o, n)	arch_cmpxchg_relaxed(p, o, n)
#define arch_cmpxchg64_local(p, o, n)	arch_cmpxchg_relaxed(p, o, n)
#endif

#endif /* ASM_MMFUZZ_CMPXCHG_H */
