// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: its CPUs, and the threads that play them. A thread is a CPU from
 * machine_cpu_enter() to machine_cpu_leave(); the registration with RCU goes with it.
 */
#include <pthread.h>
#include <string.h>

#include <sim/cpu.h>
#include <sim/lockdep.h>
#include <sim/rcu.h>

struct sim_cpu sim_cpus[NR_CPUS];
unsigned int nr_cpu_ids;

/* Threads registered as CPUs that have not ended their work. */
unsigned int sim_nr_threads;

__thread struct sim_here sim_here SIM_TLS = { .self = &sim_cpus[0] };

static void set_here(unsigned int cpu, bool registered)
{
	sim_here.self = &sim_cpus[cpu];
	sim_here.cpu = cpu;
	sim_here.registered = registered;
}

static void check_cpu(unsigned int cpu, const char *func)
{
	if (unlikely(cpu >= nr_cpu_ids))
		sim_bug("no such CPU", func, SIM_NO_PFN, "CPU %u of %u", cpu, nr_cpu_ids);
}

static void clear_cpus(void)
{
	unsigned int cpu;

	memset(sim_cpus, 0, sizeof(sim_cpus));
	for (cpu = 0; cpu < NR_CPUS; cpu++)
		sim_cpus[cpu].id = cpu;
}

void machine_init(unsigned int nr_cpus)
{
	MM_BUG_ON(nr_cpu_ids, "second machine", SIM_NO_PFN, "one of %u CPUs exists", nr_cpu_ids);
	MM_BUG_ON(!nr_cpus || nr_cpus > NR_CPUS, "impossible machine", SIM_NO_PFN,
		  "%u CPUs, at most %u", nr_cpus, NR_CPUS);
	clear_cpus();
	sim_rcu_forget();
	nr_cpu_ids = nr_cpus;
}

void machine_reset(void)
{
	MM_BUG_ON(!machine_is_sequential(), "reset of a running machine", SIM_NO_PFN,
		  "%u threads are registered", READ_ONCE(sim_nr_threads));
	sim_rcu_thread_reset();
	sim_rcu_forget();
	clear_cpus();
	set_here(0, sim_here.registered);
}

void machine_exit(void)
{
	machine_reset();
	if (sim_here.registered)
		machine_cpu_leave();
	nr_cpu_ids = 0;
}

void machine_cpu_enter(unsigned int cpu)
{
	check_cpu(cpu, __func__);
	MM_BUG_ON(sim_here.registered, "thread is a CPU already", SIM_NO_PFN, "CPU %u",
		  sim_here.cpu);
	/*
	 * Counted before it can read anything, by a read-modify-write: sim_rcu_synchronize() does
	 * the same to the count when it asks whether it is alone, and so either sees this thread or
	 * has made its own earlier stores visible to it.
	 */
	__atomic_fetch_add(&sim_nr_threads, 1, __ATOMIC_SEQ_CST);
	set_here(cpu, true);
	sim_rcu_thread_enter();
}

/* The work of this CPU is done, and no section or lock of it is left. */
static void end_work(void)
{
	lockdep_assert_none_held();
	sim_here.registered = false;
	/* Release: pairs with the acquire of machine_is_sequential(). */
	__atomic_fetch_sub(&sim_nr_threads, 1, __ATOMIC_SEQ_CST);
}

void machine_cpu_leave(void)
{
	MM_BUG_ON(!sim_here.registered, "thread is no CPU", SIM_NO_PFN, "nothing to leave");
	end_work();
	sim_rcu_thread_leave();
	set_here(0, false);
}

void machine_cpu_become(unsigned int cpu)
{
	const struct sim_cpu *self = this_cpu();

	check_cpu(cpu, __func__);
	MM_BUG_ON(!machine_is_sequential(), "switch among running CPUs", SIM_NO_PFN,
		  "CPU %u to CPU %u with %u threads registered", self->id, cpu,
		  READ_ONCE(sim_nr_threads));
	/* The thread's read section would go with it, in every build. */
	MM_BUG_ON(self->rcu_nesting || self->nr_held || self->preempt_count, "switch in atomic",
		  SIM_NO_PFN, "CPU %u to CPU %u: %u locks, %u read sections, preempt count %u",
		  self->id, cpu, self->nr_held, self->rcu_nesting, self->preempt_count);
	set_here(cpu, sim_here.registered);
}

struct run {
	void (*fn)(unsigned int cpu, void *arg);
	void *arg;
	pthread_barrier_t begin;
	pthread_barrier_t end;
};

struct run_cpu {
	struct run *run;
	unsigned int cpu;
	pthread_t thread;
};

static void *run_one(void *arg)
{
	struct run_cpu *me = arg;
	struct run *run = me->run;

	machine_cpu_enter(me->cpu);
	pthread_barrier_wait(&run->begin);
	run->fn(me->cpu, run->arg);
	end_work();
	/*
	 * Leaving RCU takes a lock of liburcu, an order between CPUs that the core does not have and
	 * that would hide its races: so nobody leaves before all have ended.
	 */
	pthread_barrier_wait(&run->end);
	sim_rcu_thread_leave();
	return NULL;
}

void machine_run(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg)
{
	struct run run = { .fn = fn, .arg = arg };
	struct run_cpu cpus[NR_CPUS];
	unsigned int home = sim_here.cpu;
	bool registered = sim_here.registered;
	unsigned int i;

	MM_BUG_ON(!nr || nr > nr_cpu_ids, "no such CPU", SIM_NO_PFN, "%u to run, %u exist", nr,
		  nr_cpu_ids);
	if (registered)
		machine_cpu_leave();
	if (pthread_barrier_init(&run.begin, NULL, nr) || pthread_barrier_init(&run.end, NULL, nr))
		sim_die("cannot make a barrier for %u threads; free some memory", nr);
	for (i = 0; i < nr; i++) {
		int err;

		cpus[i] = (struct run_cpu){ .run = &run, .cpu = i };
		err = pthread_create(&cpus[i].thread, NULL, run_one, &cpus[i]);
		if (err)
			sim_die("cannot start a thread for CPU %u of %u: %s; use fewer CPUs, or lift the limit on processes (ulimit -u)",
				i, nr, strerror(err));
	}
	for (i = 0; i < nr; i++)
		pthread_join(cpus[i].thread, NULL);
	pthread_barrier_destroy(&run.begin);
	pthread_barrier_destroy(&run.end);
	if (registered)
		machine_cpu_enter(home);
}
