// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmbench_weave: what the woven machine costs, as KEY=VALUE lines that scripts/bench.sh hands to mmbench. In a build with
 * ASan the keys that depend on it end in _asan.
 *
 *	switch_ns		a bare switch of fibres, there and nothing else
 *	weave_ns_per_point	a point with the race detector on: runs of short programs in which each access is a point,
 *				switched every ten points or so, divided by their points. Boot and end not counted
 *	weave_schedules_s	whole executions of short programs, from reset to the last check
 *
 * The shortest of several runs counts: nothing else runs on a fibre's thread, so whatever is longer was disturbed.
 */
#include <stdio.h>
#include <time.h>

#include <machine/machine.h>

#include "executor_weave.h"
#include "fibre.h"
#include "short_programs_weave.h"

#define NR_PROGRAMS 256u
#define RUNS	    25u
/* Few: a run that is short is disturbed less often. */
#define SWITCHES    20000u
#define GAP	    10

static struct program programs[NR_PROGRAMS];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Nanoseconds of the shortest of RUNS calls. */
static double shortest(double (*run)(const void *arg), const void *arg)
{
	double best = run(arg);

	for (unsigned int i = 1; i < RUNS; i++) {
		double ns = run(arg);

		best = ns < best ? ns : best;
	}
	return best;
}

/* ---- switches ---- */

static struct fibre *first, *second;

static void ping(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < SWITCHES / 2; i++)
		fibre_switch(first, second);
	first->clean = true;
	fibre_leave(first, fibre_thread());
}

static void pong(void *arg)
{
	(void)arg;
	for (;;)
		fibre_switch(second, first);
}

static double switches(const void *arg)
{
	double begin;

	(void)arg;
	first = fibre_pool(0);
	second = fibre_pool(1);
	fibre_prepare(first, ping, NULL);
	fibre_prepare(second, pong, NULL);
	begin = now();
	fibre_switch(fibre_thread(), first);
	return now() - begin;
}

/* ---- points ---- */

static void run_cpu(unsigned int cpu, void *arg)
{
	(void)arg;
	executor_run_cpu(cpu);
}

static uint64_t points;

/* The CPUs' part of a run: the machine is ready before, and what is left is given back behind. */
static double run_points(const void *arg)
{
	const struct program *program = arg;
	struct weave_result result;
	struct weave_schedule schedule;
	struct weave_config config;
	struct weave *weave;
	double begin, ns;

	executor_weave_config(program, &schedule, &config);
	config.plain_points = true;
	config.gap = GAP;
	weave = weave_new(&config);
	executor_begin(&mmfuzz_backend_memdesc, program, true);
	machine_use(weave);
	begin = now();
	machine_run_weave(program->header.nr_cpus, run_cpu, NULL, &result);
	ns = now() - begin;
	executor_end();
	machine_use(NULL);
	weave_free(weave);
	points = result.points;
	return ns;
}

static double ns_per_point(void)
{
	double ns = 0;
	uint64_t sum = 0;

	for (unsigned int i = 0; i < NR_PROGRAMS; i++) {
		ns += shortest(run_points, &programs[i]);
		sum += points;
	}
	return ns / sum;
}

/* ---- schedules ---- */

static double run_whole(const void *arg)
{
	const struct program *program = arg;
	double begin = now();

	executor_run_weave(&mmfuzz_backend_memdesc, program, executor_weave(program, false), NULL);
	return now() - begin;
}

static double schedules_s(void)
{
	double ns = 0;

	for (unsigned int i = 0; i < NR_PROGRAMS; i++)
		ns += shortest(run_whole, &programs[i]);
	return NR_PROGRAMS * 1e9 / ns;
}

int main(void)
{
	short_programs(programs, NR_PROGRAMS);
	printf("weave_ns_per_point%s=%.2f\n", SIM_ASAN ? "_asan" : "", ns_per_point());
	if (!SIM_ASAN) {
		printf("switch_ns=%.2f\n", shortest(switches, NULL) / SWITCHES);
		printf("weave_schedules_s=%.0f\n", schedules_s());
	}
	executor_shutdown();
	return 0;
}
