/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Worker processes of a woven run and what they share with their parent. Knows nothing of programs. Only in
 * weave builds.
 */
#ifndef STRESS_WORKERS_WEAVE_H
#define STRESS_WORKERS_WEAVE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * workers_run() - @nr processes call @work and end
 * @progress: called ten times a second by the parent, which has nothing else to do
 *
 * When one has a finding, or somebody presses Ctrl-C, workers_stopped() becomes true in the others.
 *
 * Return: the exit status: 2 if a worker could not go on, 1 if one had a finding, else 0.
 */
int workers_run(unsigned int nr, void (*work)(unsigned int worker), void (*progress)(void));
/** workers_stopped() - the caller, a worker, is to come to an end */
bool workers_stopped(void);
/** workers_interrupted() - somebody pressed Ctrl-C */
bool workers_interrupted(void);
/** workers_share() - zeroed memory that all workers have in common; before workers_run() */
void *workers_share(size_t bytes);

#endif /* STRESS_WORKERS_WEAVE_H */
