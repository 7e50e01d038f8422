// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: its CPUs, and the threads that play them. Only threads that machine_run()
 * has made are known to liburcu: in sequence nobody is there to wait for.
 */
#include <pthread.h>
#include <string.h>

#include <sim/cpu.h>
#include <sim/rcu.h>

#include "machine/backtrace.h"

bool sim_parallel;

__thread struct sim_here sim_here SIM_TLS = { .self = &sim_cpus[0] };

void sim_set_here(unsigned int cpu, bool registered)
{
	sim_here.self = &sim_cpus[cpu];
	sim_here.cpu = cpu;
	sim_here.registered = registered;
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
	sim_begin_work(me->cpu);
	sim_backtrace_enter(me->cpu);
	pthread_barrier_wait(&run->begin);
	run->fn(me->cpu, run->arg);
	sim_end_work();
	/*
	 * Leaving RCU takes a lock of liburcu, and leaving the backtrace one of its own: orders between CPUs that the core does not
	 * have and that would hide its races. So nobody leaves before all have ended.
	 */
	pthread_barrier_wait(&run->end);
	sim_backtrace_leave(me->cpu);
	sim_rcu_thread_leave();
	return NULL;
}

void sim_run_cpus(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg)
{
	struct run run = { .fn = fn, .arg = arg };
	struct run_cpu cpus[NR_CPUS];
	unsigned int i;

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
}
