/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock checks of MM_DEBUG builds: order, recursion, unlock by a stranger, sleep in atomic, a lock
 * kept beyond the end of an operation. In other builds all of it compiles away.
 *
 * The order is a rank that each lock is given at its birth, 1 (outermost) to 255. Linux's lockdep
 * learns a graph of orders as it goes and compares with everything it has ever seen; here that
 * would make a verdict depend on earlier inputs of the same process, and a finding that cannot be
 * replayed. A rank makes it a pure function of the run at hand, and its whole state is the stack of
 * locks that each CPU holds.
 */
#ifndef SIM_LOCKDEP_H
#define SIM_LOCKDEP_H

#include <sim/cpu.h>

/**
 * lockdep_set_names - what the ranks are called in findings
 * @names: indexed by rank; stays the caller's and must outlive the machine; may hold NULL
 * @n: entries
 */
void lockdep_set_names(const char *const *names, unsigned int n);

/* The name of a rank, or "lock"; never NULL. */
const char *sim_lock_name(unsigned int rank);

#if MM_DEBUG

/* A blocking acquire, before it waits: so that a recursion is a finding and not a hang. */
void lockdep_acquire(const void *lock, unsigned int rank, bool sleeping, const char *func);
/* A trylock that succeeded: held like any other, but it cannot deadlock, so no order is asked. */
void lockdep_acquired_try(const void *lock, unsigned int rank, bool sleeping, const char *func);
void lockdep_release(const void *lock, unsigned int rank, const char *func);
void lockdep_check_held(const void *lock, unsigned int rank, const char *func);
void lockdep_check_none_held(const char *func);
void lockdep_check_sleep(const char *func);

/** lockdep_assert_none_held - an operation or interrupt handler ends here and keeps no lock, read section, ... */
#define lockdep_assert_none_held()	lockdep_check_none_held(__func__)
/** might_sleep - here a CPU may sleep: no spinlock held, in no read section, preemption and interrupts on */
#define might_sleep()			lockdep_check_sleep(__func__)
#define might_sleep_at(func)		lockdep_check_sleep(func)

#else

static __always_inline void lockdep_acquire(const void *lock __maybe_unused,
					    unsigned int rank __maybe_unused,
					    bool sleeping __maybe_unused,
					    const char *func __maybe_unused)
{
}

static __always_inline void lockdep_acquired_try(const void *lock __maybe_unused,
						 unsigned int rank __maybe_unused,
						 bool sleeping __maybe_unused,
						 const char *func __maybe_unused)
{
}

static __always_inline void lockdep_release(const void *lock __maybe_unused,
					    unsigned int rank __maybe_unused,
					    const char *func __maybe_unused)
{
}

#define lockdep_assert_none_held()	do { } while (0)
#define might_sleep()			do { } while (0)
#define might_sleep_at(func)		((void)(func))

#endif /* MM_DEBUG */

#endif /* SIM_LOCKDEP_H */
