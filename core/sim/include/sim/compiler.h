/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dialect of C that the core is written in: Linux's integer names, its small macros, and its
 * accessors for memory that several CPUs touch. Nothing here knows of CPUs, locks or pages.
 *
 * Shared memory is read and written through the __atomic builtins and never through volatile, so
 * that every race detector sees an access as what it is. An order stronger than relaxed always has
 * a partner; the caller's comment names it.
 */
#ifndef SIM_COMPILER_H
#define SIM_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MM_DEBUG: 1 turns on the lock checks and the expensive assertions, 0 leaves the cheap ones. */
#ifndef MM_DEBUG
#define MM_DEBUG 0
#endif

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/*
 * Which sanitizer's runtime the program is linked to. A build may set either itself: the woven
 * machine runs code that was not instrumented for ASan under ASan's runtime.
 */
#ifndef SIM_ASAN
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SIM_ASAN 1
#else
#define SIM_ASAN 0
#endif
#endif
#ifndef SIM_TSAN
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SIM_TSAN 1
#else
#define SIM_TSAN 0
#endif
#endif
/* SIM_WEAVE: 1 in a build for the woven machine, whose runtime has the names of TSan's. */
#ifndef SIM_WEAVE
#define SIM_WEAVE 0
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#undef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#undef noinline
#define noinline	__attribute__((__noinline__))
#define __must_check	__attribute__((__warn_unused_result__))
#define __maybe_unused	__attribute__((__unused__))
#define __noreturn	__attribute__((__noreturn__))
#define __cold		__attribute__((__cold__))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))
#define __aligned(n)	__attribute__((__aligned__(n)))
#undef __packed
#define __packed	__attribute__((__packed__))
#ifndef fallthrough
#define fallthrough	__attribute__((__fallthrough__))
#endif

/* ---- plain values ---- */

#define BITS_PER_LONG	(8 * (unsigned int)sizeof(long))
#define BIT(n)		(1UL << (n))
#define GENMASK(h, l)	((~0UL << (l)) & (~0UL >> (BITS_PER_LONG - 1 - (h))))

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "BUILD_BUG_ON: " #cond)
#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

#define container_of(ptr, type, member)                                                            \
	({                                                                                         \
		_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||                         \
				       __same_type(*(ptr), void),                                  \
			       "container_of: the pointer is not of the member's type");           \
		(type *)((char *)(ptr) - offsetof(type, member));                                  \
	})

/* An array only: for a pointer the two types agree and the size of the negative array stops. */
#define ARRAY_SIZE(a)                                                                              \
	(sizeof(a) / sizeof((a)[0]) + 0 * sizeof(char[1 - 2 * __same_type((a), &(a)[0])]))

/* Powers of two only, as in Linux. */
#define ALIGN(x, a)		(((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((__typeof__(x))(a) - 1)) == 0)
#define round_up(x, a)		ALIGN(x, a)
#define round_down(x, a)	ALIGN_DOWN(x, a)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#define swap(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) sim_tmp = (a);                                                       \
		(a) = (b);                                                                         \
		(b) = sim_tmp;                                                                     \
	} while (0)

/* 1 for an integer constant expression, else 0; never evaluates @x. */
#define __is_constexpr(x)                                                                          \
	(sizeof(int) == sizeof(*(8 ? ((void *)((long)(x) * 0L)) : (int *)8)))
#define __is_signed_type(x)	((__typeof__((x) + 0))-1 < (__typeof__((x) + 0))1)
#define __is_nonneg_const(x)                                                                       \
	(__builtin_choose_expr(__is_constexpr(x), (long long)(x), -1LL) >= 0)

/*
 * min() and max() take two integers of one signedness, or any integer and a constant that is not
 * negative: everything else could change a value by converting it, and does not compile.
 */
#define __minmax_ok(x, y)                                                                          \
	(__is_signed_type(x) == __is_signed_type(y) || __is_nonneg_const(x) || __is_nonneg_const(y))
#define __minmax(op, x, y)                                                                         \
	({                                                                                         \
		_Static_assert(__minmax_ok(x, y), "min/max of mixed signs: use min_t or max_t");   \
		__typeof__((x) + (y)) sim_a = (__typeof__((x) + (y)))(x);                          \
		__typeof__((x) + (y)) sim_b = (__typeof__((x) + (y)))(y);                          \
		sim_a op sim_b ? sim_a : sim_b;                                                    \
	})
#define min(x, y) __minmax(<, x, y)
#define max(x, y) __minmax(>, x, y)
#define min_t(type, x, y) __minmax(<, (type)(x), (type)(y))
#define max_t(type, x, y) __minmax(>, (type)(x), (type)(y))
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)

static __always_inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* Index of the lowest set bit of a word that is not 0. */
static __always_inline unsigned int __ffs(unsigned long word)
{
	return (unsigned int)__builtin_ctzl(word);
}

/* Index of the highest set bit of a word that is not 0: the logarithm, rounded down. */
static __always_inline unsigned int ilog2(unsigned long word)
{
	return BITS_PER_LONG - 1 - (unsigned int)__builtin_clzl(word);
}

/* ---- memory that several CPUs touch ---- */

/* Stops the compiler from moving accesses across; the CPU may still. */
#define barrier() __asm__ __volatile__("" : : : "memory")

/*
 * What an assertion looks at while nobody else may write it: the caller holds its lock, or owns it. On the woven machine
 * that is no access of the run: no place to switch, not judged, and nothing is learnt from it.
 */
#if SIM_WEAVE
uint64_t weave_peek(const void *ptr, unsigned int size);
#define PEEK(x)			((__typeof__(x))weave_peek(&(x), sizeof(x)))
#else
/* Marked: who holds an old word may still try to exchange it, in vain, and for TSan that is a write. */
#define PEEK(x)			READ_ONCE(x)
#endif

/* One access, no order: for scalars and pointers. */
#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

#define smp_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

/*
 * Fences. TSan does not model them: whoever relies on a fence to order plain accesses is reported,
 * and should use an acquire and a release instead. Its runtime is called by name because gcc warns
 * of the builtin; it executes a full barrier and claims no order between CPUs, which a dummy
 * variable shared by all CPUs would, and so hide races.
 *
 * The woven machine's runtime models them, and must be called by name too: gcc calls nobody.
 */
#if SIM_TSAN || SIM_WEAVE
void __tsan_atomic_thread_fence(int order);
#define __sim_fence(order) __tsan_atomic_thread_fence(order)
#else
#define __sim_fence(order) __atomic_thread_fence(order)
#endif
#define smp_mb()	__sim_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()	__sim_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()	__sim_fence(__ATOMIC_RELEASE)

#define __sim_xchg(p, v, order) __atomic_exchange_n((p), (v), (order))
#define xchg(p, v)		__sim_xchg(p, v, __ATOMIC_SEQ_CST)
#define xchg_acquire(p, v)	__sim_xchg(p, v, __ATOMIC_ACQUIRE)
#define xchg_release(p, v)	__sim_xchg(p, v, __ATOMIC_RELEASE)
#define xchg_relaxed(p, v)	__sim_xchg(p, v, __ATOMIC_RELAXED)

/*
 * Compare and exchange. As in Linux, cmpxchg() returns what it found, try_cmpxchg() whether it
 * stored, leaving what it found in *@oldp; a failed one orders nothing that its caller may rely on.
 */
#define __sim_cmpxchg(p, old, new, order, fail)                                                    \
	({                                                                                         \
		__typeof__(*(p)) sim_old = (old);                                                  \
		__atomic_compare_exchange_n((p), &sim_old, (new), false, (order), (fail));         \
		sim_old;                                                                           \
	})
#define cmpxchg(p, old, new)                                                                       \
	__sim_cmpxchg(p, old, new, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define cmpxchg_acquire(p, old, new)                                                               \
	__sim_cmpxchg(p, old, new, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
#define cmpxchg_release(p, old, new)                                                               \
	__sim_cmpxchg(p, old, new, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define cmpxchg_relaxed(p, old, new)                                                               \
	__sim_cmpxchg(p, old, new, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

#define __sim_try_cmpxchg(p, oldp, new, order, fail)                                               \
	__atomic_compare_exchange_n((p), (oldp), (new), false, (order), (fail))
#define try_cmpxchg(p, oldp, new)                                                                  \
	__sim_try_cmpxchg(p, oldp, new, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define try_cmpxchg_acquire(p, oldp, new)                                                          \
	__sim_try_cmpxchg(p, oldp, new, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)
#define try_cmpxchg_release(p, oldp, new)                                                          \
	__sim_try_cmpxchg(p, oldp, new, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define try_cmpxchg_relaxed(p, oldp, new)                                                          \
	__sim_try_cmpxchg(p, oldp, new, __ATOMIC_RELAXED, __ATOMIC_RELAXED)

/*
 * Between these two stand judges: code that looks at the core and at nothing of the input. What it does is no coverage
 * to guide a fuzzer by, and it asks before it follows a pointer, so that ASan and UBSan would only slow it down. TSan
 * still watches it; on the woven machine it runs while no CPU does, and would only call the runtime for nothing.
 */
#ifdef __clang__
#if SIM_WEAVE
#define JUDGES_BEGIN                                                                               \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\", \"address\", \"undefined\", \"thread\"))), apply_to = function)")
#else
#define JUDGES_BEGIN                                                                               \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\", \"address\", \"undefined\"))), apply_to = function)")
#endif
#define JUDGES_END _Pragma("clang attribute pop")
#else
#define JUDGES_BEGIN
#define JUDGES_END
#endif

#endif /* SIM_COMPILER_H */
