// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock checks of MM_DEBUG builds; see lockdep.h for why ranks. Keeps nothing but the stack of
 * held locks in struct sim_cpu, and must never wait.
 */
#include <stdio.h>

#include <sim/lockdep.h>

JUDGES_BEGIN

static const char *const *rank_names;
static unsigned int nr_rank_names;

void lockdep_set_names(const char *const *names, unsigned int n)
{
	rank_names = names;
	nr_rank_names = n;
}

const char *sim_lock_name(unsigned int rank)
{
	if (rank < nr_rank_names && rank_names[rank])
		return rank_names[rank];
	return "lock";
}

#if MM_DEBUG

static struct sim_held_lock *find_held(struct sim_cpu *cpu, const void *lock)
{
	/* What was taken last is asked for first. */
	for (unsigned int i = cpu->nr_held; i--;)
		if (cpu->held[i].lock == lock)
			return &cpu->held[i];
	return NULL;
}

static void push(struct sim_cpu *cpu, const void *lock, unsigned int rank, bool sleeping,
		 const char *func)
{
	sim_step();
	if (unlikely(!rank || rank > 255))
		sim_bug("lock never initialised", func, SIM_NO_PFN, "its rank is %u", rank);
	if (unlikely(cpu->nr_held == SIM_MAX_HELD))
		sim_bug("too many locks", func, SIM_NO_PFN, "CPU %u holds %u and takes %s",
			cpu->id, cpu->nr_held, sim_lock_name(rank));
	cpu->held[cpu->nr_held++] = (struct sim_held_lock){
		.lock = lock,
		.func = func,
		.rank = (u8)rank,
		.sleeping = sleeping,
	};
}

void lockdep_acquire(const void *lock, unsigned int rank, bool sleeping, const char *func)
{
	struct sim_cpu *cpu = this_cpu();

	for (unsigned int i = 0; i < cpu->nr_held; i++) {
		const struct sim_held_lock *held = &cpu->held[i];

		if (likely(rank > held->rank))
			continue;
		held = find_held(cpu, lock);
		if (held)
			sim_bug("lock recursion", func, SIM_NO_PFN,
				"CPU %u holds %s already, since %s", cpu->id,
				sim_lock_name(rank), held->func);
		held = &cpu->held[i];
		sim_bug("lock order", func, SIM_NO_PFN,
			"CPU %u takes %s (rank %u) while it holds %s (rank %u), since %s",
			cpu->id, sim_lock_name(rank), rank, sim_lock_name(held->rank),
			held->rank, held->func);
	}
	push(cpu, lock, rank, sleeping, func);
}

void lockdep_acquired_try(const void *lock, unsigned int rank, bool sleeping, const char *func)
{
	push(this_cpu(), lock, rank, sleeping, func);
}

void lockdep_release(const void *lock, unsigned int rank, const char *func)
{
	struct sim_cpu *cpu = this_cpu();
	struct sim_held_lock *held = find_held(cpu, lock);

	if (unlikely(!held))
		sim_bug("unlock of a lock not held", func, SIM_NO_PFN, "CPU %u does not hold %s",
			cpu->id, sim_lock_name(rank));
	/* Any order of unlocking is fine; the others close ranks. */
	cpu->nr_held--;
	for (; held < &cpu->held[cpu->nr_held]; held++)
		held[0] = held[1];
}

void lockdep_check_held(const void *lock, unsigned int rank, const char *func)
{
	struct sim_cpu *cpu = this_cpu();

	if (unlikely(!find_held(cpu, lock)))
		sim_bug("lock not held", func, SIM_NO_PFN, "CPU %u does not hold %s", cpu->id,
			sim_lock_name(rank));
}

void lockdep_check_none_held(const char *func)
{
	const struct sim_cpu *cpu = this_cpu();

	/* A handler leaves what the interrupted work holds as it was. */
	if (unlikely(cpu->nr_held != cpu->below.nr_held))
		sim_bug("lock kept", func, SIM_NO_PFN, "CPU %u still holds %s, taken by %s",
			cpu->id, sim_lock_name(cpu->held[cpu->nr_held - 1].rank),
			cpu->held[cpu->nr_held - 1].func);
	if (unlikely(cpu->rcu_nesting != cpu->below.rcu_nesting))
		sim_bug("RCU section kept", func, SIM_NO_PFN, "CPU %u is still in %u", cpu->id,
			cpu->rcu_nesting);
	if (unlikely(cpu->preempt_count != cpu->below.preempt_count))
		sim_bug("preemption kept off", func, SIM_NO_PFN, "CPU %u: count %u", cpu->id,
			cpu->preempt_count);
	if (unlikely(cpu->irqs_off && !cpu->irq_depth))
		sim_bug("interrupts kept off", func, SIM_NO_PFN, "CPU %u", cpu->id);
}

void lockdep_check_sleep(const char *func)
{
	const struct sim_cpu *cpu = this_cpu();
	unsigned int i;

	for (i = 0; i < cpu->nr_held; i++)
		if (unlikely(!cpu->held[i].sleeping))
			sim_bug("sleep in atomic", func, SIM_NO_PFN,
				"CPU %u holds the spinlock %s, taken by %s", cpu->id,
				sim_lock_name(cpu->held[i].rank), cpu->held[i].func);
	if (unlikely(cpu->rcu_nesting))
		sim_bug("sleep in atomic", func, SIM_NO_PFN, "CPU %u is in an RCU read section",
			cpu->id);
	if (unlikely(cpu->preempt_count))
		sim_bug("sleep in atomic", func, SIM_NO_PFN, "CPU %u has preemption off", cpu->id);
	if (unlikely(cpu->irqs_off))
		sim_bug("sleep in atomic", func, SIM_NO_PFN, "CPU %u has interrupts off", cpu->id);
}

#endif /* MM_DEBUG */

JUDGES_END
