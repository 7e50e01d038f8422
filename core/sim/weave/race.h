/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The race detector: happens-before by vector clocks, each conflict of the run at hand. Must not
 * decide who runs, and must not depend on addresses but for telling them apart.
 *
 * Every function but race_begin() is called on a running fibre. shadow.h remembers accesses,
 * sync.h what values carry from fibre to fibre, race_report.c puts a finding into words.
 *
 * Two accesses of a byte by different fibres race if at least one writes, at least one is plain, and neither happens
 * before the other, in the sense of C11 but with the release sequences of C++20: they consist of the release store
 * and read-modify-writes alone, so that a relaxed store ends one, whoever makes it. A seq_cst fence is an acquire and
 * a release fence, and nothing more: it orders no plain accesses by itself.
 */
#ifndef WEAVE_RACE_H
#define WEAVE_RACE_H

#include "internal.h"
#include "shadow.h"
#include "sync.h"

/**
 * struct clock - of each fibre how much of it is known
 *
 * Only the first race_hot.width entries are used: see clock_copy() and clock_join().
 */
struct clock {
	u32 t[WEAVE_MAX_FIBRES];
};

/** race_begin() - a run begins: all fibres start from one point in time, nothing has been accessed. Behind weave_hot.flags */
void race_begin(unsigned int nr);

/** race_by_linux_rules() - see weave_linux_rules() */
bool race_by_linux_rules(void);

/* The slow halves of what follows. */
void race_plain(const void *addr, size_t len, u64 flags, const void *pc);
void race_plain_store(const void *addr, size_t len, const void *pc);

/** race_load(), race_store() - plain accesses of 1, 2, 4, 8 or 16 bytes, at any alignment; already known not to be private */
static __always_inline void race_load(const void *addr, unsigned int size, const void *pc)
{
	if (likely(size <= 8 && shadow_seen(addr, size, SHADOW_LIVE | SHADOW_PLAIN)))
		return;
	race_plain(addr, size, SHADOW_LIVE | SHADOW_PLAIN, pc);
}

static __always_inline void race_store(const void *addr, unsigned int size, const void *pc)
{
	if (likely(size <= 8 && shadow_seen(addr, size, race_hot.store)))
		return;
	race_plain_store(addr, size, pc);
}

/** race_range() - a plain access of any length */
static inline void race_range(const void *addr, size_t len, bool write, const void *pc)
{
	race_plain(addr, len, SHADOW_LIVE | SHADOW_PLAIN | (write ? SHADOW_WRITE : 0), pc);
}

/** race_freed() - as a plain write; a conflict with it is called a use of freed memory, whichever came first */
static inline void race_freed(const void *addr, size_t len, const void *pc)
{
	race_plain(addr, len, SHADOW_PLAIN | SHADOW_WRITE, pc);
}

/** race_fresh() - an allocator hands the bytes out: what was done to them before is over; whole 8 bytes */
static inline void race_fresh(const void *addr, size_t len)
{
	shadow_forget((uintptr_t)addr, len);
}

/**
 * race_atomic_load(), ..._store(), ..._rmw() - marked accesses in a run under WEAVE_SC
 * @order: __ATOMIC_*; consume counts as acquire
 *
 * Check against plain accesses and do what @order says with the clocks: release sequences and fences as said above.
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
 * race_message() gives what a reader of a store made now with @order may learn, all zero if nothing; what a
 * read-modify-write passes on of the older value is the caller's to clock_join(). race_receive() lets the running
 * fibre learn a message by a load of @order. race_check_atomic() does the check against plain accesses alone: behind
 * race_receive() and before race_message() of the same access, since what an acquire learns is ordered before it, and
 * a release covers itself.
 */
void race_message(struct clock *message, int order);
void race_receive(const struct clock *message, int order);
void race_check_atomic(const void *addr, unsigned int size, bool write, const void *pc);

/** race_acquire(), race_release() - order by a key that nobody accesses; releases of a key add up */
void race_acquire(const void *key);
void race_release(const void *key);
/** race_clock() - of a fibre, now; race_join() - it learns @clock. For RCU: see machine/rcu.c */
void race_clock(unsigned int fibre, struct clock *clock);
void race_join(unsigned int fibre, const struct clock *clock);
/** race_tick() - what the running fibre does from here on is not covered by clocks copied so far */
void race_tick(void);

/* A power of two. Of a run in which a fibre has called more than that, reports lack the outer functions. */
#define RACE_LOG 4096u

/**
 * struct race_log - a fibre's log of functions: where each was called from, 0 where one ended
 * @nr: written in this run; the last RACE_LOG of them are there
 *
 * An access keeps @nr as it was then, from which race_stack_at() tells what was on the stack.
 */
struct race_log {
	u32 nr;
	uintptr_t calls[RACE_LOG];
};
extern struct race_log race_logs[WEAVE_MAX_FIBRES];

/** race_enter(), race_exit() - a function begins (called from @pc) and ends: for the stacks of reports */
static __always_inline void race_enter(const void *pc)
{
	struct race_log *log = &race_logs[weave_hot.cpu];

	log->calls[log->nr++ % RACE_LOG] = (uintptr_t)pc;
}

static __always_inline void race_exit(void)
{
	race_enter(NULL);
}

/** race_stack() - the running fibre's stack, innermost first, at most @max; returns how many */
unsigned int race_stack(uintptr_t *pcs, unsigned int max);
/** race_stack_at() - of @fibre, when its log stood at @log */
unsigned int race_stack_at(unsigned int fibre, u32 log, uintptr_t *pcs, unsigned int max);

/**
 * struct race_report - the two accesses of the finding
 * @pc, @other_pc: of the access that was made and of the earlier one
 * @addr: the first byte that both touch
 */
struct race_report {
	uintptr_t pc;
	uintptr_t other_pc;
	uintptr_t addr;
};

/** race_last() - of the run under way; NULL: no race was found in it */
const struct race_report *race_last(void);

/* ---- race_report.c ---- */

/** race_report_begin() - a run begins: it has no finding */
void race_report_begin(void);
/** race_found() - @new conflicts with @old, which is not ordered before it, at 8 bytes from @addr on */
void __cold race_found(uintptr_t addr, const struct shadow_access *old,
				  const struct shadow_access *new);

#endif /* WEAVE_RACE_H */
