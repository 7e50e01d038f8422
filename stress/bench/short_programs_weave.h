/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs for measuring the woven machine: short ones, of about the same number of points. */
#ifndef STRESS_BENCH_SHORT_PROGRAMS_H
#define STRESS_BENCH_SHORT_PROGRAMS_H

#include "program.h"

#define SHORT_PROGRAM_CPUS	 4u
/* Of a run: 200 or so. */
#define SHORT_PROGRAM_POINTS_MIN 150u
#define SHORT_PROGRAM_POINTS_MAX 250u

/**
 * short_programs() - programs of SHORT_PROGRAM_CPUS CPUs, each CPU with something to do, under a random walk
 * @programs: room for @nr; decided by nothing but @nr
 *
 * Generated as fuzzing generates them, and taken if a run has so many points.
 */
void short_programs(struct program *programs, unsigned int nr);

#endif /* STRESS_BENCH_SHORT_PROGRAMS_H */
