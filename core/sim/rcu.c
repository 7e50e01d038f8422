// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks that wait for a grace period: one list for all CPUs, run between operations. What a
 * grace period is belongs to the machine; no thread, timer or lock of this file's own runs anything.
 */
#include <sim/atomic.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

/* Last in, first out; reversed before they run. */
static struct rcu_head *waiting;
/* Those of @waiting and those that run right now. */
static atomic_long_t pending;
/* A lock word: one CPU at a time takes and runs a batch. */
static u32 running;

void sim_call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	struct rcu_head *old = READ_ONCE(waiting);

	head->func = func;
	/* Before the head can be seen, so that the count is never too low. */
	atomic_long_inc(&pending);
	do {
		head->next = old;
		/* Release: pairs with the acquire in take_waiting(). */
	} while (!try_cmpxchg_release(&waiting, &old, head));
}

unsigned long sim_rcu_pending(void)
{
	return (unsigned long)atomic_long_read(&pending);
}

/* All that waits, the oldest first. Acquire: pairs with the release of each sim_call_rcu(). */
static struct rcu_head *take_waiting(void)
{
	struct rcu_head *from = xchg_acquire(&waiting, NULL);
	struct rcu_head *to = NULL;
	unsigned long bound = sim_rcu_pending();
	const struct rcu_head *walk;

	/* A head queued twice makes a circle, which reversing would only hide. */
	for (walk = from; walk; walk = walk->next)
		MM_BUG_ON(!bound--, "RCU callback queued twice", SIM_NO_PFN,
			  "more callbacks in the list than were queued");
	while (from) {
		struct rcu_head *next = from->next;

		from->next = to;
		to = from;
		from = next;
	}
	return to;
}

static void run_batch(void)
{
	struct rcu_head *head = take_waiting();

	if (!head)
		return;
	sim_rcu_synchronize();
	/* As in a softirq: a callback may not sleep. */
	preempt_disable();
	while (head) {
		/* The callback owns the head, and may free it. */
		struct rcu_head *next = head->next;

		head->func(head);
		atomic_long_dec(&pending);
		head = next;
	}
	preempt_enable();
}

void sim_rcu_poll(void)
{
	might_sleep();
	/* Somebody is at it already: what we have queued waits for the next one. */
	if (!sim_word_trylock(&running))
		return;
	run_batch();
	sim_word_unlock(&running);
}

void sim_rcu_barrier(void)
{
	MM_BUG_ON(sim_rcu_waits_for_itself(), "RCU deadlock", SIM_NO_PFN,
		  "CPU %u waits for callbacks in its own read section", smp_processor_id());
	/* With the word held, no callback taken earlier is still running. */
	sim_word_lock(&running, 0, __func__);
	do {
		run_batch();
	} while (READ_ONCE(waiting) && machine_is_alone());
	sim_word_unlock(&running);
}

/* The objects that wait are about to be overwritten, or their owner has let go of them. */
void sim_rcu_forget(void)
{
	WRITE_ONCE(waiting, NULL);
	atomic_long_set(&pending, 0);
	WRITE_ONCE(running, 0);
}
