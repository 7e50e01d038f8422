// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs: what every machine has in common, who may be which one and when. What a CPU is made of, and
 * how they run beside one another, is the machine's.
 */
#include <string.h>

#include <sim/cpu.h>
#include <sim/lockdep.h>
#include <sim/rcu.h>

struct sim_cpu sim_cpus[NR_CPUS];
unsigned int nr_cpu_ids;

unsigned int sim_nr_at_work;

/* Locks and read sections of the operation under way, in sequence. */
static unsigned int steps;

static void check_cpu(unsigned int cpu, const char *func)
{
	if (unlikely(cpu >= nr_cpu_ids))
		sim_bug("no such CPU", func, SIM_NO_PFN, "CPU %u of %u", cpu, nr_cpu_ids);
}

/* Only those of this machine: it is reset with each input of a fuzzer. */
static void clear_cpus(void)
{
	memset(sim_cpus, 0, nr_cpu_ids * sizeof(sim_cpus[0]));
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		sim_cpus[cpu].id = cpu;
	steps = 0;
}

void machine_init(unsigned int nr_cpus)
{
	MM_BUG_ON(nr_cpu_ids, "second machine", SIM_NO_PFN, "one of %u CPUs exists", nr_cpu_ids);
	MM_BUG_ON(!nr_cpus || nr_cpus > NR_CPUS, "impossible machine", SIM_NO_PFN,
		  "%u CPUs, at most %u", nr_cpus, NR_CPUS);
	nr_cpu_ids = nr_cpus;
	clear_cpus();
	sim_rcu_forget();
}

void machine_reset(void)
{
	MM_BUG_ON(!machine_is_sequential(), "reset of a running machine", SIM_NO_PFN,
		  "%u CPUs are at work", READ_ONCE(sim_nr_at_work));
	sim_rcu_forget();
	clear_cpus();
	sim_set_here(0, sim_here_registered());
}

void machine_exit(void)
{
	machine_reset();
	if (sim_here_registered())
		machine_cpu_leave();
	nr_cpu_ids = 0;
}

void sim_begin_work(unsigned int cpu)
{
	sim_set_here(cpu, true);
	__atomic_fetch_add(&sim_nr_at_work, 1, __ATOMIC_RELAXED);
}

void sim_end_work(void)
{
	lockdep_assert_none_held();
	/* In every build: RCU would wait for it for ever, or not at all. */
	MM_BUG_ON(this_cpu()->rcu_nesting || this_cpu()->rcu_sched_nesting, "RCU section kept", SIM_NO_PFN,
		  "CPU %u is in %u, and %u of those that keep preemption off", smp_processor_id(),
		  this_cpu()->rcu_nesting, this_cpu()->rcu_sched_nesting);
	sim_set_here(smp_processor_id(), false);
	/* Release: pairs with the acquire in machine_is_alone(). */
	__atomic_fetch_sub(&sim_nr_at_work, 1, __ATOMIC_RELEASE);
}

void machine_cpu_enter(unsigned int cpu)
{
	check_cpu(cpu, __func__);
	MM_BUG_ON(sim_here_registered(), "thread is a CPU already", SIM_NO_PFN, "CPU %u",
		  smp_processor_id());
	MM_BUG_ON(!machine_is_sequential() || READ_ONCE(sim_nr_at_work), "second CPU in sequence",
		  SIM_NO_PFN, "CPU %u: use machine_run()", cpu);
	sim_begin_work(cpu);
}

void machine_cpu_leave(void)
{
	MM_BUG_ON(!sim_here_registered(), "thread is no CPU", SIM_NO_PFN, "nothing to leave");
	MM_BUG_ON(!machine_is_sequential(), "leave among running CPUs", SIM_NO_PFN,
		  "CPU %u: return from what it runs", smp_processor_id());
	sim_end_work();
	sim_set_here(0, false);
}

void machine_cpu_become(unsigned int cpu)
{
	const struct sim_cpu *self = this_cpu();

	check_cpu(cpu, __func__);
	MM_BUG_ON(!machine_is_sequential(), "switch among running CPUs", SIM_NO_PFN,
		  "CPU %u to CPU %u, %u are at work", self->id, cpu,
		  READ_ONCE(sim_nr_at_work));
	/* Read sections are counted in every build, the others in MM_DEBUG builds. */
	MM_BUG_ON(self->rcu_nesting || self->nr_held || self->preempt_count, "switch in atomic",
		  SIM_NO_PFN, "CPU %u to CPU %u: %u locks, %u read sections, preempt count %u",
		  self->id, cpu, self->nr_held, self->rcu_nesting, self->preempt_count);
	sim_set_here(cpu, sim_here_registered());
}

JUDGES_BEGIN

/* The longest operations of the largest machines take some 100,000. */
#define MAX_STEPS 10000000u

void machine_op_begins(void)
{
	if (machine_is_sequential())
		steps = 0;
}

void sim_step(void)
{
	if (unlikely(machine_is_sequential() && ++steps > MAX_STEPS))
		sim_bug("livelock", "sequence", SIM_NO_PFN,
			"CPU %u: %u locks and read sections in one operation, and no end", smp_processor_id(),
			steps);
}

JUDGES_END

void machine_run(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg)
{
	unsigned int home = smp_processor_id();
	bool registered = sim_here_registered();

	MM_BUG_ON(!nr || nr > nr_cpu_ids, "no such CPU", SIM_NO_PFN, "%u to run, %u exist", nr,
		  nr_cpu_ids);
	MM_BUG_ON(!machine_is_sequential(), "run within a run", SIM_NO_PFN, "CPU %u starts %u",
		  home, nr);
	if (registered)
		machine_cpu_leave();
	MM_BUG_ON(READ_ONCE(sim_nr_at_work), "run beside another CPU", SIM_NO_PFN,
		  "a thread that does not start the run is a CPU");
	sim_run_cpus(nr, fn, arg);
	if (registered)
		machine_cpu_enter(home);
}
