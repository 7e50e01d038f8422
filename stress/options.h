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

#include "scenarios.h"

/**
 * struct stress_options - what was asked for
 * @scenario: NULL for all of them in turn
 * @time: seconds to run, 0 = until @rounds
 * @rounds: programs to run, 0 = until @time
 * @seed: decides all programs; thread timing is not decided by anything
 * @repeat: times that each CPU goes through its operations in a round
 * @json: file for the summary, or NULL
 * @save: folder for the program that failed
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
