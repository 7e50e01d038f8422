/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RCU under Linux's names. The machine supplies read sections and grace periods; deferred callbacks
 * are kept here, in one list, and run only where a CPU says so: between operations. No thread of
 * their own runs them, so that a run in sequence stays a pure function of its program.
 */
#ifndef SIM_RCU_H
#define SIM_RCU_H

#include <sim/compiler.h>
#include <sim/cpu.h>
#include <sim/lockdep.h>

/**
 * struct rcu_head - a callback that waits for a grace period
 *
 * Part of the object that it frees; it and the object belong to RCU from call_rcu() until @func is
 * called, which owns the object then.
 */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

/* So many callbacks are worth a grace period of their own, even one that has to be waited for. */
#define RCU_BATCH 32

/*
 * Supplies sim_rcu_read_lock(), sim_rcu_read_unlock(), sim_rcu_synchronize(), and read sections for those who keep preemption
 * or interrupts off by other means than the machine's, and rely on Linux's rule that they are readers then (since 4.20):
 * sim_rcu_read_lock_sched(), sim_rcu_read_unlock_sched(). They nest, also with the others. preempt_disable() is none: what
 * is written for this machine says rcu_read_lock() where it reads.
 */
#include <machine/rcu.h>

void sim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void sim_rcu_poll(void);
void sim_rcu_barrier(void);
unsigned long sim_rcu_pending(void);
void sim_rcu_forget(void);

/** rcu_read_lock - until rcu_read_unlock(), what rcu_dereference() finds is not freed; nests */
static __always_inline void rcu_read_lock(void)
{
#if MM_DEBUG
	sim_step();
#endif
	sim_rcu_read_lock();
}

/** rcu_read_unlock - the end of a read section; without a beginning it is a finding */
#define rcu_read_unlock() sim_rcu_read_unlock(__func__)

/** rcu_read_lock_held - whether this CPU is in a read section; exact in every build */
static __always_inline bool rcu_read_lock_held(void)
{
	return this_cpu()->rcu_nesting != 0;
}

/* Whoever waits for a grace period here waits for itself. */
static __always_inline bool sim_rcu_waits_for_itself(void)
{
	return this_cpu()->rcu_nesting || this_cpu()->rcu_sched_nesting;
}

/**
 * synchronize_rcu - wait until all read sections that are under way have ended
 *
 * Sleeps. In a read section of one's own it would wait for itself: a finding in every build. Runs
 * no callbacks.
 */
#define synchronize_rcu()                                                                          \
	do {                                                                                       \
		if (unlikely(sim_rcu_waits_for_itself()))                                                \
			mm_bug("RCU deadlock", SIM_NO_PFN,                                         \
			       "CPU %u waits for a grace period in its own read section",          \
			       smp_processor_id());                                                \
		might_sleep();                                                                     \
		sim_rcu_synchronize();                                                             \
	} while (0)

/**
 * call_rcu - have @func called after a grace period
 * @head: in the object concerned, which must be unreachable for new readers by now
 * @func: called between operations, by any CPU, with preemption off; it must not sleep
 *
 * Takes no lock and may be called anywhere. Callbacks run in the order of their call_rcu().
 */
static __always_inline void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	sim_call_rcu(head, func);
}

/**
 * rcu_poll - between operations: if callbacks wait that are worth a grace period, have one, then run them
 *
 * RCU_BATCH of them are. Where the machine can tell that nobody is in a read section a single one is, for then there is
 * nothing to wait for: what is freed is gone soon, and those who use it without a section are seen.
 */
static __always_inline void rcu_poll(void)
{
	unsigned long pending = sim_rcu_pending();

	if (unlikely(pending >= RCU_BATCH || (pending && machine_rcu_is_idle())))
		sim_rcu_poll();
}

/**
 * rcu_barrier - run everything that call_rcu() was given before, after a grace period
 *
 * Sleeps; not in a read section. Callbacks that a callback queues are run as well.
 */
#define rcu_barrier()                                                                              \
	do {                                                                                       \
		might_sleep();                                                                     \
		sim_rcu_barrier();                                                                 \
	} while (0)

/** rcu_pending - how many callbacks wait or run; a guess while other CPUs are at work */
static __always_inline unsigned long rcu_pending(void)
{
	return sim_rcu_pending();
}

/** rcu_dereference - the pointer, and what it points at as rcu_assign_pointer() published it */
#define rcu_dereference(p)	 smp_load_acquire(&(p))
/** rcu_assign_pointer - publish: pairs with the acquire in rcu_dereference() */
#define rcu_assign_pointer(p, v) smp_store_release(&(p), (v))

#endif /* SIM_RCU_H */
