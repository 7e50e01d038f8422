/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The executor on the woven machine: the CPUs of a program are fibres, and header and schedule of the
 * program say which one runs. Only in weave builds.
 *
 *	struct weave_schedule schedule;
 *	struct weave_config config;
 *	struct weave_result result;
 *	struct weave *weave;
 *
 *	executor_weave_config(&program, &schedule, &config);
 *	config.catch = true;
 *	weave = weave_new(&config);
 *	executor_run_weave(&mmfuzz_backend_memdesc, &program, weave, &result);
 *	weave_free(weave);
 */
#ifndef FUZZ_EXECUTOR_WEAVE_H
#define FUZZ_EXECUTOR_WEAVE_H

#include <mmfuzz/weave.h>

#include "executor.h"

/**
 * executor_weave_config() - how a program asks to be run
 * @schedule: filled in: the program's switches, which it and @config refer to from then on
 * @config: filled in; the caller may change strategy, seed, schedule, catch and trace
 */
void executor_weave_config(const struct program *program, struct weave_schedule *schedule,
			   struct weave_config *config);

/** executor_weave_strategy() - name of the strategy that goes on when the schedule has ended; NULL: none */
const char *executor_weave_strategy(const struct program_header *header);

/**
 * executor_weave() - what runs @program as it asks to be run
 * @catch: as in struct weave_config; false: each finding ends the process
 *
 * One is kept from call to call, for fuzz targets. Refers to the program until the next call.
 */
struct weave *executor_weave(const struct program *program, bool catch);

/**
 * executor_run_weave() - each CPU is a fibre that runs its own operations, in their order
 * @program: normalised
 * @weave: made with a configuration of executor_weave_config(), by this program or another one
 * @result: filled in; may be NULL
 *
 * One schedule, from the booted machine to that in which everything was given back, unless a finding
 * was caught. Points are named by the index of the operation. At WEAVE_INTERRUPT a CPU runs, in the
 * midst of its operation, the one that it would run next, if that is one that never waits
 * (alloc_nolock, free_nolock); it is not run again in its turn. A pure function of @program and of
 * the state of @weave's strategy.
 *
 * Return: false when the strategy has nothing left to try.
 */
bool executor_run_weave(const struct mmfuzz_backend *backend, const struct program *program,
			struct weave *weave, struct weave_result *result);

/**
 * executor_run_weave_all() - all the schedules that @program asks for, for fuzz targets
 *
 * Each finding ends the process. Engines see the coverage of the first run only: what other
 * schedules of the same program reach differs in little but how often, and would fill a corpus with
 * noise. A log (weave_trace_memory()) is that of the last run.
 */
void executor_run_weave_all(const struct mmfuzz_backend *backend, const struct program *program);

/**
 * executor_weave_explicit() - write a schedule that happened into the program
 *
 * Then nothing of it hangs on a strategy. Return: false when it does not fit; @program is as it was.
 */
bool executor_weave_explicit(struct program *program, const struct weave_schedule *schedule);

/**
 * executor_weave_cpus() - the run alone, between executor_begin() and executor_end(), which may be left
 * out: the next executor_begin() forgets what there was
 */
bool executor_weave_cpus(const struct program *program, struct weave *weave,
			 struct weave_result *result);

#endif /* FUZZ_EXECUTOR_WEAVE_H */
