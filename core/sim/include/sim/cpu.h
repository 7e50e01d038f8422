/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs of the simulated machine: which one am I, start one, play another one. What a CPU is made of
 * (a thread here, a fibre elsewhere) is the business of <machine/cpu.h>.
 *
 * A machine is used in one of two ways:
 * - in sequence: one thread is registered and plays any CPU by machine_cpu_become(). Whatever
 *   another CPU holds can then never be let go, so waiting for it is reported as a deadlock;
 * - in parallel, within machine_run(): each CPU is a context of its own.
 */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <sim/bug.h>
#include <sim/compiler.h>

#define NR_CPUS 64

/* Deeper than any sane nesting; one more is a finding of its own. */
#define SIM_MAX_HELD 16

/* A lock that a CPU holds; see lockdep.h. */
struct sim_held_lock {
	const void *lock;
	const char *func;
	u8 rank;
	bool sleeping;
};

/**
 * struct sim_cpu - what the machine keeps of one CPU
 * @id: its number
 * @rcu_nesting: RCU read sections it is in
 * @rcu_sched_nesting: the same of sim_rcu_read_lock_sched(), in parallel
 * @preempt_count: preempt_disable() without their preempt_enable(); counted in MM_DEBUG builds
 * @nr_held: locks it holds; counted in MM_DEBUG builds
 * @irqs_off: no interrupt comes in
 * @irq_depth: interrupt handlers that it is in
 * @below: what of the counts above belongs to the work that the handler interrupted
 * @rcu_seq: what the outermost read section saw of the grace periods; for the race detector
 * @fault: the armed fault; see fault.h
 * @held: the locks it holds, in the order in which it took them; MM_DEBUG builds
 *
 * Touched by its own CPU only, hence without atomics. No part of the arena: machine_reset() puts
 * it back to its first state.
 */
struct sim_cpu {
	unsigned int id;
	unsigned int rcu_nesting;
	unsigned int rcu_sched_nesting;
	unsigned int preempt_count;
	unsigned int nr_held;
	unsigned int rcu_seq;
	bool irqs_off;
	unsigned int irq_depth;
	struct sim_irq_below {
		unsigned int rcu_nesting;
		unsigned int preempt_count;
		unsigned int nr_held;
	} below;
	struct sim_fault {
		unsigned int kind;
		unsigned int nth;
		bool fired;
	} fault;
#if MM_DEBUG
	struct sim_held_lock held[SIM_MAX_HELD];
#endif
} __aligned(128);

extern struct sim_cpu sim_cpus[NR_CPUS];
/* CPUs of this machine: 0 to nr_cpu_ids - 1. Constant between machine_init() and machine_exit(). */
extern unsigned int nr_cpu_ids;

/* CPUs that have begun their work and not ended it. */
extern unsigned int sim_nr_at_work;

/*
 * Supplies smp_processor_id(), this_cpu(), cpu_relax(), machine_is_sequential(), machine_is_alone(),
 * and for what stands below sim_irq_off(), sim_irq_on(), sim_here_registered(), sim_set_here().
 */
#include <machine/cpu.h>

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)

/**
 * machine_init - a machine of @nr_cpus CPUs
 * @nr_cpus: 1 to NR_CPUS
 *
 * One machine exists at a time. The caller is no CPU yet: machine_cpu_enter() or machine_run().
 */
void machine_init(unsigned int nr_cpus);

/**
 * machine_exit - the end of the machine
 *
 * The caller may be registered as a CPU (it leaves), no other thread may. Callbacks of call_rcu()
 * that have not run never do: rcu_barrier() first if they should.
 */
void machine_exit(void);

/**
 * machine_reset - forget what a run has left behind
 *
 * Locks noted as held, read sections, preemption counts, armed faults and callbacks of call_rcu()
 * that wait: all gone, as after machine_init(). For the caller that puts the arena back to its
 * snapshot, also after a finding was left by longjmp(). At most the caller may be registered; if
 * it is, it is CPU 0 afterwards.
 */
void machine_reset(void);

/**
 * machine_cpu_enter - the calling thread is CPU @cpu from now on, alone, in sequence
 * machine_cpu_leave - and now it is none
 *
 * Only a registered thread may take locks and enter read sections. The threads of machine_run() are
 * registered already; beside them there is no other way to become a second CPU.
 */
void machine_cpu_enter(unsigned int cpu);
void machine_cpu_leave(void);

/**
 * machine_cpu_become - the one registered thread goes on as CPU @cpu
 *
 * Between two operations only. A finding ("switch in atomic") when the CPU it leaves holds a lock,
 * is in a read section or has preemption off (MM_DEBUG), or within machine_run().
 */
void machine_cpu_become(unsigned int cpu);

/**
 * machine_run - run CPUs 0 to @nr - 1 in parallel
 * @nr: at most nr_cpu_ids
 * @fn: what each of them runs, all starting at once
 * @arg: handed to @fn
 *
 * Returns when all have ended. If the caller is a CPU it is none meanwhile, and the same again
 * afterwards. Whoever watches the run (progress, a clock) is a thread that is no CPU.
 */
void machine_run(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg);

/**
 * machine_op_begins - the caller goes on to its next operation
 *
 * In sequence nobody can end a loop but who is in it: an operation that takes so many locks and read sections that no
 * sane one does is reported as a livelock (MM_DEBUG builds). The woven machine counts points instead; among threads
 * nobody counts.
 */
void machine_op_begins(void);

/* A lock or a read section is taken, or somebody waits; for rcu.h, lockdep.c and cpu_relax(). */
void sim_step(void);

/*
 * Between core/sim/cpu.c and the machine: the caller is @cpu from here on; it is done, and no lock, read section or anything
 * else of it is left; run CPUs 0 to @nr - 1 beside one another, of which nothing is to be checked any more.
 */
void sim_begin_work(unsigned int cpu);
void sim_end_work(void);
void sim_run_cpus(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg);

/**
 * preempt_disable - no sleeping until preempt_enable(); nests
 *
 * No more than a note for might_sleep(): a simulated CPU is not taken away from its code, so that
 * per-CPU data needs no more than this, as in Linux.
 */
static __always_inline void preempt_disable(void)
{
#if MM_DEBUG
	this_cpu()->preempt_count++;
#endif
	barrier();
}

static __always_inline void preempt_enable(void)
{
	barrier();
#if MM_DEBUG
	if (unlikely(!this_cpu()->preempt_count))
		mm_bug("preempt_enable without disable", SIM_NO_PFN, "CPU %u",
		       smp_processor_id());
	this_cpu()->preempt_count--;
#endif
}

/**
 * local_irq_disable, local_irq_enable - no interrupt handler runs on this CPU in between
 * local_irq_save, local_irq_restore - the same, and nests: @flags remembers what was before
 *
 * Only the woven machine interrupts what a CPU does. No sleeping while they are off.
 */
static __always_inline void local_irq_disable(void)
{
	struct sim_cpu *self = this_cpu();

	if (!self->irqs_off) {
		self->irqs_off = true;
		sim_irq_off();
	}
	barrier();
}

static __always_inline void local_irq_enable(void)
{
	struct sim_cpu *self = this_cpu();

	barrier();
	if (self->irqs_off) {
		self->irqs_off = false;
		sim_irq_on();
	}
}

static __always_inline bool irqs_disabled(void)
{
	return this_cpu()->irqs_off;
}

#define local_irq_save(flags)                                                                      \
	do {                                                                                       \
		(flags) = irqs_disabled();                                                         \
		local_irq_disable();                                                               \
	} while (0)
#define local_irq_restore(flags)                                                                   \
	do {                                                                                       \
		if (!(flags))                                                                      \
			local_irq_enable();                                                        \
	} while (0)

/** in_irq - an interrupt handler runs on this CPU */
static __always_inline bool in_irq(void)
{
	return this_cpu()->irq_depth != 0;
}

#endif /* SIM_CPU_H */
