/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a fuzzing engine sees of a run.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

/**
 * coverage_restart() - the engine forgets what of this run it has seen so far
 *
 * An input runs on a machine that the one before it has left booted, or must boot another first;
 * that is no property of the input. Called when the machine is ready, so that an input gives the
 * same coverage whatever ran before it (AFL++ calls this stability). Nothing without an engine.
 */
void coverage_restart(void);

/**
 * coverage_pause(), coverage_resume() - what runs in between is nothing to the engine
 *
 * coverage_restart() does nothing then.
 */
void coverage_pause(void);
void coverage_resume(void);

#endif /* FUZZ_COVERAGE_H */
