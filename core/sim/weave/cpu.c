// SPDX-License-Identifier: GPL-2.0-only
/*
 * Woven machine: CPUs as fibres, on top of <mmfuzz/weave.h>. Knows nothing of strategies but the one that machine_use() was
 * given.
 *
 * While a CPU runs, what the machine keeps of it lies at the top of its fibre's stack, where each access to it is nobody
 * else's business; between runs it lies in sim_cpus[], and one context plays all CPUs.
 */
#include <string.h>

#include <machine/machine.h>
#include <sim/lockdep.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

#include "internal.h"
#include "memory.h"

_Static_assert(sizeof(struct sim_cpu) <= FIBRE_PRIVATE_BYTES, "a CPU does not fit on top of a stack");

/* What machine_use() said; NULL: in_turn. */
static struct weave *used;
/* Made when first needed, and kept. */
static struct weave *in_turn;
static struct weave_result last_result;
/* Whether weave_run() had anything left to run. */
static bool last_ran;
/* The context that plays all CPUs between runs has said which one it is. */
static bool registered;

struct run {
	void (*fn)(unsigned int cpu, void *arg);
	void *arg;
};

void machine_use(struct weave *weave)
{
	used = weave;
}

const struct weave_result *machine_result(void)
{
	return &last_result;
}

struct sim_cpu *machine_cpu_of(unsigned int cpu)
{
	return weave_running() ? fibre_private(weave_now->fibres[cpu].context) : &sim_cpus[cpu];
}

bool machine_is_alone(void)
{
	return machine_is_sequential() || sim_nr_at_work == 1;
}

bool sim_here_registered(void)
{
	return weave_running() || registered;
}

/* A fibre is one CPU for as long as it runs. */
void sim_set_here(unsigned int cpu, bool on)
{
	if (weave_running())
		return;
	weave_hot.cpu = cpu;
	weave_hot.self = &sim_cpus[cpu];
	registered = on;
}

/* The locks that a CPU holds matter only where it holds some; between runs it holds none. */
static void move_cpu(struct sim_cpu *to, const struct sim_cpu *from)
{
	memcpy(to, from, offsetof(struct sim_cpu, held));
}

static void run_one(unsigned int cpu, void *arg)
{
	const struct run *run = arg;

	move_cpu(this_cpu(), &sim_cpus[cpu]);
	run->fn(cpu, run->arg);
	sim_end_work();
	move_cpu(&sim_cpus[cpu], this_cpu());
}

static struct weave *run_under(void)
{
	if (used)
		return used;
	if (!in_turn)
		in_turn = weave_new(&(struct weave_config){ .strategy = NULL });
	return in_turn;
}

void sim_run_cpus(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg)
{
	struct run run = { .fn = fn, .arg = arg };

	machine_rcu_begin();
	/* All of them, from one point in time on, whoever comes first. */
	sim_nr_at_work = nr;
	last_ran = weave_run(run_under(), nr, run_one, &run, &last_result);
	/* Those who were left in the midst of something do not go on either. */
	sim_nr_at_work = 0;
}

bool machine_run_weave(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg,
		       struct weave_result *result)
{
	machine_run(nr, fn, arg);
	if (last_ran && result)
		*result = last_result;
	return last_ran;
}

static bool word_is_free(const void *word)
{
	return !*(const u32 *)word;
}

/* Tells by the word, which holds 1 + the number of the holder. */
static void __noreturn __cold deadlock(const u32 *word, u32 rank, const char *func)
{
	sim_bug("deadlock", func, SIM_NO_PFN, "CPU %u waits for %s, held by CPU %u",
		smp_processor_id(), sim_lock_name(rank), *word - 1);
}

void machine_wait_unlocked(const u32 *word, u32 rank, const char *func)
{
	/* A CPU that has ended its work may have let go, and nobody sees it yet. */
	bool held_back = weave_hot.flags & WEAVE_HOT_WEAK && memory_waiting();

	if (machine_is_alone() && !held_back) {
		if (*word)
			deadlock(word, rank, func);
		return;
	}
	sched_wait(word_is_free, word, word, sim_lock_name(rank), func);
}

void machine_interrupt(void (*fn)(void *arg), void *arg)
{
	struct sim_cpu *self = this_cpu();
	const struct sim_irq_below below = self->below;
	const struct sim_fault fault = self->fault;

	self->below = (struct sim_irq_below){ .rcu_nesting = self->rcu_nesting,
					      .preempt_count = self->preempt_count,
					      .nr_held = self->nr_held };
	self->fault = (struct sim_fault){ .kind = 0 };
	self->irq_depth++;
	local_irq_disable();
	fn(arg);
	lockdep_assert_none_held();
	/* Interrupts were on, else this one had not come. */
	local_irq_enable();
	self->irq_depth--;
	self->fault = fault;
	self->below = below;
}
