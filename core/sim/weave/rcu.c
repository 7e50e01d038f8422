// SPDX-License-Identifier: GPL-2.0-only
/*
 * Woven machine: RCU. A grace period waits for the sections that are under way when it begins and for nothing else, so that it
 * ends at the earliest moment that the rules allow; what comes of it that is wrong is then found.
 *
 * What it orders, and no more:
 * - the end of a section that has begun before it, whether it is over by then or must be waited for,
 *   happens before its own end;
 * - its beginning happens before each section that begins later.
 *
 * Sections and grace periods are points of the scheduler with one address in common. State lies here, not with the CPUs:
 * those who wait look at the others'.
 */
#include <sim/rcu.h>

#include "internal.h"
#include "memory.h"
#include "race.h"
#include "trace.h"

/* CPUs that are in a read section. */
static u64 inside;
/* CPUs that wait for a grace period, and for which sections each of them still does. */
static u64 waiting;
static u64 awaited[NR_CPUS];
/* What happened before the beginning of each grace period of this run. */
static struct clock begun;
static bool any_begun;
/* The same for weak memory, which has it under the key &begun. */
static bool memory_begun;
/* What happened before the ends of the sections of this run that are over. */
static struct clock ended;
static bool any_ended;

void machine_rcu_begin(void)
{
	inside = 0;
	waiting = 0;
	any_begun = false;
	memory_begun = false;
	any_ended = false;
}

/* @sum covers what @now does. */
static void add_clock(struct clock *sum, const struct clock *now, bool *any)
{
	if (*any)
		clock_join(sum->t, now->t);
	else
		clock_copy(sum->t, now->t);
	*any = true;
}

static void __cold log_point(enum weave_kind kind, const void *pc)
{
	const struct weave_fibre *f = &weave_now->fibres[weave_now->current];

	trace_event(&(struct weave_event){ .kind = (u8)kind,
					   .fibre = (u8)weave_now->current,
					   .size = sizeof(weave_rcu_word),
					   .op = f->op,
					   .nth = weave_hot.nth,
					   .addr = (uintptr_t)&weave_rcu_word,
					   .pc = (uintptr_t)pc });
}

static void point(enum weave_kind kind, bool write, const void *pc)
{
	weave_at(kind, &weave_rcu_word, sizeof(weave_rcu_word), write, pc);
	if (unlikely(weave_hot.flags & WEAVE_HOT_TRACE))
		log_point(kind, pc);
}

static void learn_of_beginnings(unsigned int cpu)
{
	if (memory_begun && weave_hot.flags & WEAVE_HOT_WEAK)
		memory_acquire(&begun);
	if (any_begun && weave_hot.flags & WEAVE_HOT_RACES)
		race_join(cpu, &begun);
}

static void section_begins(unsigned int cpu)
{
	inside |= 1ull << cpu;
	learn_of_beginnings(cpu);
}

bool machine_rcu_is_idle(void)
{
	return !inside;
}

void sim_rcu_read_lock(void)
{
	struct sim_cpu *self = this_cpu();

	if (self->rcu_nesting || machine_is_sequential()) {
		self->rcu_nesting++;
		return;
	}
	point(WEAVE_RCU_LOCK, false, __builtin_return_address(0));
	self->rcu_nesting++;
	if (!self->rcu_sched_nesting)
		section_begins(self->id);
}

/* Those who waited for the section of @cpu wait for it no longer. What it did they learn from here on, and others later. */
static void section_ends(unsigned int cpu)
{
	const u64 section = 1ull << cpu;
	struct clock now;

	inside &= ~section;
	if (weave_hot.flags & WEAVE_HOT_RACES) {
		race_clock(cpu, &now);
		add_clock(&ended, &now, &any_ended);
		/* What comes after the section is not covered. */
		race_tick();
	}
	for (u64 left = waiting; left; left &= left - 1) {
		unsigned int waiter = __ffs(left);

		if (!(awaited[waiter] & section))
			continue;
		awaited[waiter] &= ~section;
		if (weave_hot.flags & WEAVE_HOT_RACES)
			race_join(waiter, &now);
	}
}

void sim_rcu_read_unlock(const char *func)
{
	struct sim_cpu *self = this_cpu();

	if (unlikely(!self->rcu_nesting))
		sim_bug("rcu_read_unlock without lock", func, SIM_NO_PFN,
			"CPU %u is in no read section", self->id);
	if (self->rcu_nesting > 1 || machine_is_sequential()) {
		self->rcu_nesting--;
		return;
	}
	point(WEAVE_RCU_UNLOCK, false, __builtin_return_address(0));
	self->rcu_nesting--;
	if (!self->rcu_sched_nesting)
		section_ends(self->id);
}

void sim_rcu_read_lock_sched(void)
{
	struct sim_cpu *self = this_cpu();

	if (!machine_is_sequential() && !self->rcu_sched_nesting++ && !self->rcu_nesting)
		section_begins(self->id);
}

void sim_rcu_read_unlock_sched(const char *func)
{
	struct sim_cpu *self = this_cpu();

	if (machine_is_sequential())
		return;
	if (unlikely(!self->rcu_sched_nesting))
		sim_bug("rcu_read_unlock_sched without lock", func, SIM_NO_PFN,
			"CPU %u is in no read section of that kind", self->id);
	if (!--self->rcu_sched_nesting && !self->rcu_nesting)
		section_ends(self->id);
}

static bool nobody_awaited(const void *sections)
{
	return !*(const u64 *)sections;
}

/* Sections that begin from here on know what happened so far. */
static void announce_beginning(unsigned int cpu)
{
	struct clock now;

	race_clock(cpu, &now);
	add_clock(&begun, &now, &any_begun);
	race_tick();
}

void sim_rcu_synchronize(void)
{
	const unsigned int cpu = smp_processor_id();

	if (machine_is_sequential())
		return;
	point(WEAVE_RCU_SYNC, true, __builtin_return_address(0));
	/* A grace period is a full barrier at both ends. */
	if (weave_hot.flags & WEAVE_HOT_WEAK) {
		memory_fence(__ATOMIC_SEQ_CST);
		memory_release(&begun);
		memory_begun = true;
	}
	if (weave_hot.flags & WEAVE_HOT_RACES) {
		announce_beginning(cpu);
		/* Its end is what learns of them; nothing comes in between. */
		if (any_ended)
			race_join(cpu, &ended);
	}
	awaited[cpu] = inside & ~(1ull << cpu);
	if (awaited[cpu]) {
		waiting |= 1ull << cpu;
		sched_wait(nobody_awaited, &awaited[cpu], &weave_rcu_word, "a grace period",
			   "synchronize_rcu");
		waiting &= ~(1ull << cpu);
	}
	/* As in Linux, each other CPU has been through a full barrier meanwhile. */
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_sync();
}
