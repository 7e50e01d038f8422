/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks, and a mutex that may not be taken where sleeping is forbidden. Both are one word taken
 * by one exchange; how to wait for it is the business of <machine/spinlock.h>.
 *
 * The order of memory is the same for all of them: taking the lock acquires what the last holder's
 * unlock released; a trylock that fails orders nothing.
 *
 * The operations are macros so that a finding names the function that took the lock.
 */
#ifndef SIM_SPINLOCK_H
#define SIM_SPINLOCK_H

#include <sim/compiler.h>
#include <sim/cpu.h>
#include <sim/fault.h>
#include <sim/lockdep.h>

/**
 * typedef spinlock_t - a lock whose holder must not sleep
 * @locked: 0 when free; else 1, in MM_DEBUG builds 1 + the number of the holder
 * @rank: where it stands in the lock order, see lockdep.h
 */
typedef struct spinlock {
	u32 locked;
	u32 rank;
} spinlock_t;

/** struct mutex - a lock whose holder may sleep; taken before any spinlock, never after */
struct mutex {
	u32 locked;
	u32 rank;
};

/* Supplies sim_lock_wait(), which waits for a taken word and takes it. */
#include <machine/spinlock.h>

/* Takes a free lock word; false when it is taken. Acquire: pairs with sim_word_unlock(). */
static __always_inline bool sim_word_trylock(u32 *word)
{
#if MM_DEBUG
	/* Unlike an exchange this leaves the holder's number in place when it fails. */
	return cmpxchg_acquire(word, 0u, smp_processor_id() + 1) == 0;
#else
	return xchg_acquire(word, 1u) == 0;
#endif
}

static __always_inline void sim_word_lock(u32 *word, u32 rank, const char *func)
{
	if (unlikely(!sim_word_trylock(word)))
		sim_lock_wait(word, rank, func);
}

/* Release: pairs with the acquire of whoever takes the lock next. */
static __always_inline void sim_word_unlock(u32 *word)
{
	smp_store_release(word, 0u);
}

/** spin_lock_init - a free lock of @rank, 1 (taken first) to 255 (taken last) */
static __always_inline void spin_lock_init(spinlock_t *lock, unsigned int rank)
{
	lock->locked = 0;
	lock->rank = rank;
}

static __always_inline void spin_lock_at(spinlock_t *lock, const char *func)
{
	lockdep_acquire(lock, lock->rank, false, func);
	sim_word_lock(&lock->locked, lock->rank, func);
}

static __always_inline __must_check bool spin_trylock_at(spinlock_t *lock, const char *func)
{
	if (unlikely(!sim_word_trylock(&lock->locked)))
		return false;
	lockdep_acquired_try(lock, lock->rank, false, func);
	return true;
}

static __always_inline void spin_unlock_at(spinlock_t *lock, const char *func)
{
	lockdep_release(lock, lock->rank, func);
	sim_word_unlock(&lock->locked);
}

/** spin_lock - take the lock, waiting for it; asks that every lock held has a lower rank */
#define spin_lock(lock)		spin_lock_at((lock), __func__)
/** spin_trylock - take the lock if it is free; asks for no order, since it never waits */
#define spin_trylock(lock)	spin_trylock_at((lock), __func__)
/** spin_trylock_faultable - spin_trylock() that FAULT_TRYLOCK can fail: the caller can do without */
#define spin_trylock_faultable(lock)                                                               \
	(!should_fail(FAULT_TRYLOCK) && spin_trylock_at((lock), __func__))
/** spin_unlock - give the lock back; only by the CPU that took it */
#define spin_unlock(lock)	spin_unlock_at((lock), __func__)
/**
 * spin_lock_irqsave, spin_trylock_irqsave, spin_unlock_irqrestore - the same for a lock that interrupt handlers take too
 * @flags: unsigned long, remembers whether interrupts were off already
 */
#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		spin_lock(lock);                                                                   \
	} while (0)
#define spin_trylock_irqsave(lock, flags)                                                          \
	({                                                                                         \
		bool sim_got;                                                                      \
                                                                                                   \
		local_irq_save(flags);                                                             \
		sim_got = spin_trylock(lock);                                                      \
		if (!sim_got)                                                                      \
			local_irq_restore(flags);                                                  \
		sim_got;                                                                           \
	})
#define spin_unlock_irqrestore(lock, flags)                                                        \
	do {                                                                                       \
		spin_unlock(lock);                                                                 \
		local_irq_restore(flags);                                                          \
	} while (0)

/** spin_is_locked - whether anybody holds the lock right now; orders nothing */
static __always_inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->locked) != 0;
}

/** mutex_init - a free mutex of @rank, which counts in one order with the spinlocks */
static __always_inline void mutex_init(struct mutex *m, unsigned int rank)
{
	m->locked = 0;
	m->rank = rank;
}

static __always_inline void mutex_lock_at(struct mutex *m, const char *func)
{
	might_sleep_at(func);
	lockdep_acquire(m, m->rank, true, func);
	sim_word_lock(&m->locked, m->rank, func);
}

static __always_inline __must_check bool mutex_trylock_at(struct mutex *m, const char *func)
{
	if (unlikely(!sim_word_trylock(&m->locked)))
		return false;
	lockdep_acquired_try(m, m->rank, true, func);
	return true;
}

static __always_inline void mutex_unlock_at(struct mutex *m, const char *func)
{
	lockdep_release(m, m->rank, func);
	sim_word_unlock(&m->locked);
}

/** mutex_lock - take the mutex, sleeping if need be: not under a spinlock, not in a read section */
#define mutex_lock(m)		mutex_lock_at((m), __func__)
/** mutex_trylock - take the mutex if it is free; returns whether it did, as Linux's */
#define mutex_trylock(m)	mutex_trylock_at((m), __func__)
/** mutex_unlock - give the mutex back; only by the CPU that took it */
#define mutex_unlock(m)		mutex_unlock_at((m), __func__)

static __always_inline bool mutex_is_locked(const struct mutex *m)
{
	return READ_ONCE(m->locked) != 0;
}

/** lockdep_assert_held - this CPU holds @lock, a spinlock_t or struct mutex; MM_DEBUG builds */
#if SIM_WEAVE
/* What the CPU itself keeps: a look at the word would be one more place to switch at. */
#define lockdep_assert_held(l)	lockdep_check_held((l), (l)->rank, __func__)
#elif MM_DEBUG
#define lockdep_assert_held(l)                                                                     \
	do {                                                                                       \
		/* Nobody else writes this CPU's number into the word. */                          \
		if (unlikely(READ_ONCE((l)->locked) != smp_processor_id() + 1))                    \
			lockdep_check_held((l), (l)->rank, __func__);                              \
	} while (0)
#else
#define lockdep_assert_held(l)	((void)sizeof((l)->rank))
#endif

#endif /* SIM_SPINLOCK_H */
