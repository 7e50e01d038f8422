/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stress run on the woven machine: short programs of the scenarios, many schedules each, under each
 * strategy. Processes share the work, as a woven machine keeps one core busy. Only in weave builds.
 */
#ifndef STRESS_STRESS_WEAVE_H
#define STRESS_STRESS_WEAVE_H

#include "options.h"

/** stress_weave_run() - until schedules or time are over, or Ctrl-C; returns the exit status */
int stress_weave_run(const struct stress_options *options);

#endif /* STRESS_STRESS_WEAVE_H */
