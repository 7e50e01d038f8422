/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stress run: rounds of random programs with real threads, progress, what to do with a finding,
 * the summary. One run a process.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include "options.h"

/**
 * stress_run() - run rounds until time or rounds are over, or somebody presses Ctrl-C
 * @options: copied, but not the strings that it points to
 *
 * Prints a line of progress a second where stderr is a terminal, and a summary at the end. Returns
 * the exit status, 0 or 2. With a finding it does not return: the finding is reported, the program
 * saved, and the process ends with 1.
 */
int stress_run(const struct stress_options *options);

#endif /* STRESS_STRESS_H */
