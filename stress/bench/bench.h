/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmarks: what is measured, and with what it is compared. No figure passes or fails; machines
 * are shared and clocks drift, so each one is the median of runs that alternate with those of its
 * reference.
 */
#ifndef STRESS_BENCH_H
#define STRESS_BENCH_H

#include <stdbool.h>

/** BENCH_RUNS - runs of each measurement; odd, so that there is a median */
#define BENCH_RUNS 9

/**
 * struct measurement - one way to spend time
 * @key: as JSON names it
 * @setup: makes what @run needs; may be NULL
 * @run: spends the time; returns the figure
 * @teardown: may be NULL
 */
struct measurement {
	const char *key;
	void (*setup)(void);
	double (*run)(void);
	void (*teardown)(void);
};

/** measure_group() - run each of @nr measurements BENCH_RUNS times, in turn, and report the medians
 */
void measure_group(const struct measurement *group, unsigned int nr,
		   void (*report)(const char *key, double value));

/**
 * bench_now() - seconds that the calling thread has run; others that share the machine do not
 * count
 */
double bench_now(void);

/** bench_pairs() - order-0 pairs on a machine that must be booted; for callgrind to count */
void bench_pairs(unsigned long nr, unsigned int order);

/** bench_all() - everything that this program measures by itself */
void bench_all(void (*report)(const char *key, double value));

/**
 * bench_callgrind_pairs(), bench_callgrind_programs() - do @nr of a thing and nothing else worth
 * counting
 */
void bench_callgrind_pairs(unsigned long nr);
void bench_callgrind_programs(unsigned long nr);

#endif /* STRESS_BENCH_H */
