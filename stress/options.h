/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command line of mmstress. Parsing only: nothing here runs or prints anything but help and
 * complaints.
 */
#ifndef STRESS_OPTIONS_H
#define STRESS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <mmfuzz/backend.h>
#include <mmfuzz/weave.h>

#include "scenarios.h"

#define STRESS_MAX_JOBS 256u

/**
 * struct stress_options - what was asked for
 * @scenario: NULL for all of them in turn
 * @time: seconds to run, 0 = until @rounds
 * @rounds: programs to run, 0 = until @time
 * @seed: decides all programs; thread timing is not decided by anything
 * @repeat: times that each CPU goes through its operations in a round
 * @json: file for the summary, or NULL
 * @save: folder for the program that failed
 * @weave: on the woven machine; the following are its own, and @repeat and @rounds the other one's
 * @strategy: by name; "all": each in turn
 * @schedules: of each scenario under each strategy, 0 = until @time
 * @exhaustive: the litmus programs and nothing else
 * @bound: 0: the strategy's own
 * @unbounded: exhaustive search without a bound
 * @jobs: processes
 * @list: print the scenarios and do nothing else
 */
struct stress_options {
	const struct mmfuzz_backend *backend;
	const struct scenario *scenario;
	unsigned int cpus;
	double time;
	uint64_t rounds;
	uint64_t seed;
	unsigned int repeat;
	const char *json;
	const char *save;
	bool weave;
	const char *strategy;
	uint64_t schedules;
	bool exhaustive;
	enum weave_memory memory;
	unsigned int bound;
	bool unbounded;
	bool plain_points;
	unsigned int jobs;
	bool list;
};

/**
 * stress_parse_options() - fill in @options from the command line
 *
 * Ends the process with status 2 and one line on stderr when something is wrong, with 0 after
 * --help.
 */
void stress_parse_options(int argc, char **argv, struct stress_options *options);

#endif /* STRESS_OPTIONS_H */
