/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The race detector: happens-before by vector clocks, each conflict of the run at hand. Must not
 * decide who runs, and must not depend on addresses but for telling them apart.
 *
 * Every function is called on a running fibre, but for race_begin() and race_end().
 */
#ifndef WEAVE_RACE_H
#define WEAVE_RACE_H

#include "internal.h"

/** struct clock - of each fibre how much of it is known; entries from the run's number of fibres on are not used */
struct clock {
	u32 t[WEAVE_MAX_FIBRES];
};

/** race_begin() - a run begins: all fibres start from one point in time, nothing has been accessed */
void race_begin(unsigned int nr);

/** race_load(), race_store() - plain accesses of 1 to 16 bytes, at any alignment; already known not to be private */
void race_load(const void *addr, unsigned int size, const void *pc);
void race_store(const void *addr, unsigned int size, const void *pc);
/** race_range() - a plain access of any length */
void race_range(const void *addr, size_t len, bool write, const void *pc);
/** race_freed() - as a plain write; a conflict with it is called a use of freed memory, whichever came first */
void race_freed(const void *addr, size_t len, const void *pc);

/**
 * race_atomic_load(), ..._store(), ..._rmw() - marked accesses in a run under WEAVE_SC
 * @order: __ATOMIC_*
 *
 * Check against plain accesses and do what @order says with the clocks: release sequences and fences as in C11.
 * A cmpxchg that failed is a load with its failure order. Called before the access is made; the order of calls
 * is the order of accesses.
 */
void race_atomic_load(const void *addr, unsigned int size, int order, const void *pc);
void race_atomic_store(const void *addr, unsigned int size, int order, const void *pc);
void race_atomic_rmw(const void *addr, unsigned int size, int order, const void *pc);
void race_fence(int order);

/**
 * race_message(), race_receive() - the halves of the above, for stores that are read later (memory.c)
 *
 * race_message() gives what a reader of a store made now with @order may learn; race_receive() lets the running
 * fibre learn it by a load of @order. race_check_atomic() does the check against plain accesses alone.
 */
void race_message(struct clock *message, int order);
void race_receive(const struct clock *message, int order);
void race_check_atomic(const void *addr, unsigned int size, bool write, const void *pc);

/** race_acquire(), race_release() - order by a key that nobody accesses */
void race_acquire(const void *key);
void race_release(const void *key);
/** race_clock() - of a fibre, now; race_join() - it learns @clock. For RCU: see machine/rcu.c */
void race_clock(unsigned int fibre, struct clock *clock);
void race_join(unsigned int fibre, const struct clock *clock);
/** race_tick() - what the running fibre does from here on is not covered by clocks copied so far */
void race_tick(void);

/** race_enter(), race_exit() - a function begins (called from @pc) and ends: for the stacks of reports */
void race_enter(const void *pc);
void race_exit(void);

/**
 * struct race_report - the data race that was reported last
 * @pc, @other_pc: of the later and of the earlier access
 * @addr: the first byte that both touch
 */
struct race_report {
	uintptr_t pc;
	uintptr_t other_pc;
	uintptr_t addr;
};

/** race_last() - of the run under way or just over; NULL: there was none */
const struct race_report *race_last(void);

/** race_stack() - the running fibre's stack, innermost first, at most @max; returns how many */
unsigned int race_stack(uintptr_t *pcs, unsigned int max);

#endif /* WEAVE_RACE_H */
