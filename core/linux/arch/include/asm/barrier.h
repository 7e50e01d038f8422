/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Barriers are fences of the machine; core/sim/include/sim/compiler.h has the same ones for the project's own core.
 */
#ifndef ASM_MMFUZZ_BARRIER_H
#define ASM_MMFUZZ_BARRIER_H

#ifndef __ASSEMBLY__
#define mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define __smp_mb()	mb()
#define __smp_rmb()	rmb()
#define __smp_wmb()	wmb()
#define __smp_load_acquire(p)                                                 \
({                                                                            \
	__unqual_scalar_typeof(*(p)) ___p;                                    \
	__atomic_load((typeof(___p) *)(p), &___p, __ATOMIC_ACQUIRE);          \
	(typeof(*(p)))___p;                                                   \
})
#define __smp_store_release(p, v)                                             \
do {                                                                          \
	typeof(*(p)) ___v = (v);                                              \
	__atomic_store((p), &___v, __ATOMIC_RELEASE);                         \
} while (0)
#define __smp_mb__before_atomic() __smp_mb()
#define __smp_mb__after_atomic()  __smp_mb()
#endif

#include <asm-generic/barrier.h>

#endif /* ASM_MMFUZZ_BARRIER_H */
