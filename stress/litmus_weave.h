/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Litmus programs of the core: two or three CPUs with a few operations that collide, small enough that
 * all their interleavings are tried. Texts are in litmus/, one file each, built in. Only in weave builds.
 */
#ifndef STRESS_LITMUS_WEAVE_H
#define STRESS_LITMUS_WEAVE_H

#include "options.h"

/** struct litmus - one of litmus/NAME.txt, as fuzz/text.c reads it */
struct litmus {
	const char *name;
	const char *text;
};

/** litmus_programs - ends with a NULL name; made by the build */
extern const struct litmus litmus_programs[];

/**
 * litmus_run() - exhaustive search of each, up to options->bound preemptions (2), or any number
 *
 * A line each: schedules, whether they were all. Ends early when options->schedules or time are over. Returns the exit
 * status.
 */
int litmus_run(const struct stress_options *options);

#endif /* STRESS_LITMUS_WEAVE_H */
