/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a worker process does with a finding on the woven machine: it ends, and leaves a crash file with the
 * schedule that happened. Only in weave builds.
 */
#ifndef STRESS_FINDING_WEAVE_H
#define STRESS_FINDING_WEAVE_H

#include <mmfuzz/weave.h>

#include "options.h"

/**
 * struct finding_context - what a worker runs just now; kept up to date by it
 * @program: NULL: nothing
 * @strategy, @seed: who chooses
 * @name: of the file: FOLDER/stress-weave-NAME.crash
 */
struct finding_context {
	const struct stress_options *options;
	const struct program *program;
	const char *strategy;
	uint64_t seed;
	char name[160];
};

/** finding_catch() - from now on every finding of this process, a sanitizer's too, ends it with status 1 */
void finding_catch(const struct finding_context *context);

#endif /* STRESS_FINDING_WEAVE_H */
