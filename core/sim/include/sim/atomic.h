/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * atomic_t, atomic_long_t and atomic bit operations under Linux's names and with Linux's rules of
 * order: what returns nothing is relaxed, what returns a value is fully ordered, a suffix weakens
 * it, and a conditional operation that did not happen orders nothing.
 */
#ifndef SIM_ATOMIC_H
#define SIM_ATOMIC_H

#include <sim/compiler.h>

/** typedef atomic_t - an int that several CPUs change */
typedef struct {
	int counter;
} atomic_t;

/** typedef atomic_long_t - a long that several CPUs change */
typedef struct {
	long counter;
} atomic_long_t;

#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC_LONG_INIT(i)	{ (i) }

/* The four orders of one read-modify-write: NAME, NAME_acquire, NAME_release, NAME_relaxed. */
#define SIM_ATOMIC_FETCH(pre, T, C, op, suffix, order)                                             \
	static __always_inline C pre##_fetch_##op##suffix(C i, T *v)                               \
	{                                                                                          \
		return __atomic_fetch_##op(&v->counter, i, order);                                 \
	}
#define SIM_ATOMIC_RETURN(pre, T, C, op, suffix, order)                                            \
	static __always_inline C pre##_##op##_return##suffix(C i, T *v)                            \
	{                                                                                          \
		return __atomic_##op##_fetch(&v->counter, i, order);                               \
	}
#define SIM_ATOMIC_XCHG(pre, T, C, unused, suffix, order)                                          \
	static __always_inline C pre##_xchg##suffix(T *v, C new)                                   \
	{                                                                                          \
		return xchg##suffix(&v->counter, new);                                             \
	}                                                                                          \
	static __always_inline C pre##_cmpxchg##suffix(T *v, C old, C new)                         \
	{                                                                                          \
		return cmpxchg##suffix(&v->counter, old, new);                                     \
	}                                                                                          \
	static __always_inline bool pre##_try_cmpxchg##suffix(T *v, C *old, C new)                 \
	{                                                                                          \
		return try_cmpxchg##suffix(&v->counter, old, new);                                 \
	}
#define SIM_ATOMIC_ORDERS(M, pre, T, C, op)                                                        \
	M(pre, T, C, op, , __ATOMIC_SEQ_CST)                                                       \
	M(pre, T, C, op, _acquire, __ATOMIC_ACQUIRE)                                               \
	M(pre, T, C, op, _release, __ATOMIC_RELEASE)                                               \
	M(pre, T, C, op, _relaxed, __ATOMIC_RELAXED)

#define SIM_ATOMIC_VOID(pre, T, C, op)                                                             \
	static __always_inline void pre##_##op(C i, T *v)                                          \
	{                                                                                          \
		__atomic_fetch_##op(&v->counter, i, __ATOMIC_RELAXED);                             \
	}

#define SIM_ATOMIC(pre, T, C)                                                                      \
	static __always_inline C pre##_read(const T *v)                                            \
	{                                                                                          \
		return READ_ONCE(v->counter);                                                      \
	}                                                                                          \
	static __always_inline C pre##_read_acquire(const T *v)                                    \
	{                                                                                          \
		return smp_load_acquire(&v->counter);                                              \
	}                                                                                          \
	static __always_inline void pre##_set(T *v, C i)                                           \
	{                                                                                          \
		WRITE_ONCE(v->counter, i);                                                         \
	}                                                                                          \
	static __always_inline void pre##_set_release(T *v, C i)                                   \
	{                                                                                          \
		smp_store_release(&v->counter, i);                                                 \
	}                                                                                          \
	SIM_ATOMIC_VOID(pre, T, C, add)                                                            \
	SIM_ATOMIC_VOID(pre, T, C, sub)                                                            \
	SIM_ATOMIC_VOID(pre, T, C, and)                                                            \
	SIM_ATOMIC_VOID(pre, T, C, or)                                                             \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_FETCH, pre, T, C, add)                                        \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_FETCH, pre, T, C, sub)                                        \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_FETCH, pre, T, C, and)                                        \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_FETCH, pre, T, C, or)                                         \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_RETURN, pre, T, C, add)                                       \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_RETURN, pre, T, C, sub)                                       \
	SIM_ATOMIC_ORDERS(SIM_ATOMIC_XCHG, pre, T, C, )                                            \
	static __always_inline void pre##_inc(T *v)                                                \
	{                                                                                          \
		pre##_add(1, v);                                                                   \
	}                                                                                          \
	static __always_inline void pre##_dec(T *v)                                                \
	{                                                                                          \
		pre##_sub(1, v);                                                                   \
	}                                                                                          \
	static __always_inline C pre##_inc_return(T *v)                                            \
	{                                                                                          \
		return pre##_add_return(1, v);                                                     \
	}                                                                                          \
	static __always_inline C pre##_dec_return(T *v)                                            \
	{                                                                                          \
		return pre##_sub_return(1, v);                                                     \
	}                                                                                          \
	static __always_inline C pre##_fetch_inc(T *v)                                             \
	{                                                                                          \
		return pre##_fetch_add(1, v);                                                      \
	}                                                                                          \
	static __always_inline C pre##_fetch_dec(T *v)                                             \
	{                                                                                          \
		return pre##_fetch_sub(1, v);                                                      \
	}                                                                                          \
	static __always_inline bool pre##_sub_and_test(C i, T *v)                                  \
	{                                                                                          \
		return pre##_sub_return(i, v) == 0;                                                \
	}                                                                                          \
	static __always_inline bool pre##_dec_and_test(T *v)                                       \
	{                                                                                          \
		return pre##_sub_return(1, v) == 0;                                                \
	}                                                                                          \
	static __always_inline bool pre##_inc_and_test(T *v)                                       \
	{                                                                                          \
		return pre##_add_return(1, v) == 0;                                                \
	}                                                                                          \
	/* Returns the value before; adds @a unless that value is @u. */                          \
	static __always_inline C pre##_fetch_add_unless(T *v, C a, C u)                            \
	{                                                                                          \
		C old = pre##_read(v);                                                             \
                                                                                                   \
		while (old != u && !pre##_try_cmpxchg(v, &old, old + a))                           \
			;                                                                          \
		return old;                                                                        \
	}                                                                                          \
	static __always_inline bool pre##_add_unless(T *v, C a, C u)                               \
	{                                                                                          \
		return pre##_fetch_add_unless(v, a, u) != u;                                       \
	}                                                                                          \
	static __always_inline bool pre##_inc_not_zero(T *v)                                       \
	{                                                                                          \
		return pre##_add_unless(v, 1, 0);                                                  \
	}

SIM_ATOMIC(atomic, atomic_t, int)
SIM_ATOMIC(atomic_long, atomic_long_t, long)

/* ---- bits of an array of unsigned long ---- */

#define BIT_WORD(nr)	((nr) / BITS_PER_LONG)
#define BIT_MASK(nr)	(1UL << ((nr) % BITS_PER_LONG))
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)

static __always_inline bool test_bit(unsigned long nr, const unsigned long *addr)
{
	return READ_ONCE(addr[BIT_WORD(nr)]) & BIT_MASK(nr);
}

static __always_inline void set_bit(unsigned long nr, unsigned long *addr)
{
	__atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_RELAXED);
}

static __always_inline void clear_bit(unsigned long nr, unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELAXED);
}

static __always_inline bool test_and_set_bit(unsigned long nr, unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

static __always_inline bool test_and_clear_bit(unsigned long nr, unsigned long *addr)
{
	return __atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) &
	       BIT_MASK(nr);
}

/* A bit as a lock: this acquires what clear_bit_unlock() released. True: it was taken already. */
static __always_inline bool test_and_set_bit_lock(unsigned long nr, unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_ACQUIRE) &
	       BIT_MASK(nr);
}

static __always_inline void clear_bit_unlock(unsigned long nr, unsigned long *addr)
{
	__atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_RELEASE);
}

#endif /* SIM_ATOMIC_H */
