// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: its CPUs, and the threads that play them. Only threads that machine_run()
 * has made are known to liburcu: in sequence nobody is there to wait for.
 */
#include <pthread.h>
#include <string.h>

#include <sim/cpu.h>
#include <sim/lockdep.h>
#include <sim/rcu.h>

struct sim_cpu sim_cpus[NR_CPUS];
unsigned int nr_cpu_ids;

unsigned int sim_nr_threads;
bool sim_parallel;

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

/* Only those of this machine: it is reset with each input of a fuzzer. */
static void clear_cpus(void)
{
	memset(sim_cpus, 0, nr_cpu_ids * sizeof(sim_cpus[0]));
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		sim_cpus[cpu].id = cpu;
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
		  "%u CPUs are at work", READ_ONCE(sim_nr_threads));
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

static void begin_work(unsigned int cpu)
{
	set_here(cpu, true);
	__atomic_fetch_add(&sim_nr_threads, 1, __ATOMIC_RELAXED);
}

/* No lock, read section or anything else of this CPU is left. */
static void end_work(void)
{
	lockdep_assert_none_held();
	/* In every build: RCU would wait for it for ever, or not at all. */
	MM_BUG_ON(this_cpu()->rcu_nesting, "RCU section kept", SIM_NO_PFN, "CPU %u is in %u",
		  sim_here.cpu, this_cpu()->rcu_nesting);
	sim_here.registered = false;
	/* Release: pairs with the acquire in machine_is_alone(). */
	__atomic_fetch_sub(&sim_nr_threads, 1, __ATOMIC_RELEASE);
}

void machine_cpu_enter(unsigned int cpu)
{
	check_cpu(cpu, __func__);
	MM_BUG_ON(sim_here.registered, "thread is a CPU already", SIM_NO_PFN, "CPU %u",
		  sim_here.cpu);
	MM_BUG_ON(!machine_is_sequential() || READ_ONCE(sim_nr_threads), "second CPU in sequence",
		  SIM_NO_PFN, "CPU %u: use machine_run()", cpu);
	begin_work(cpu);
}

void machine_cpu_leave(void)
{
	MM_BUG_ON(!sim_here.registered, "thread is no CPU", SIM_NO_PFN, "nothing to leave");
	MM_BUG_ON(!machine_is_sequential(), "leave among running CPUs", SIM_NO_PFN,
		  "CPU %u: return from what it runs", sim_here.cpu);
	end_work();
	set_here(0, false);
}

void machine_cpu_become(unsigned int cpu)
{
	const struct sim_cpu *self = this_cpu();

	check_cpu(cpu, __func__);
	MM_BUG_ON(!machine_is_sequential(), "switch among running CPUs", SIM_NO_PFN,
		  "CPU %u to CPU %u, %u are at work", self->id, cpu,
		  READ_ONCE(sim_nr_threads));
	/* Read sections are counted in every build, the others in MM_DEBUG builds. */
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

	sim_rcu_thread_enter();
	begin_work(me->cpu);
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
	MM_BUG_ON(!machine_is_sequential(), "run within a run", SIM_NO_PFN, "CPU %u starts %u",
		  home, nr);
	if (registered)
		machine_cpu_leave();
	MM_BUG_ON(READ_ONCE(sim_nr_threads), "run beside another CPU", SIM_NO_PFN,
		  "a thread that does not start the run is a CPU");
	WRITE_ONCE(sim_parallel, true);
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
	WRITE_ONCE(sim_parallel, false);
	if (registered)
		machine_cpu_enter(home);
}
