// SPDX-License-Identifier: GPL-2.0-only
/* Findings of woven stress runs as crash files (finding_weave.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sim/bug.h>

#include "crash_file.h"
#include "executor_weave.h"
#include "finding_weave.h"
#include "replay_weave.h"

static const struct finding_context *context;

static const char *save(const char *title, const struct weave_result *result)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	static struct program program;
	static char path[4096];
	struct crash_file crash = {
		.seed = context->seed,
		.fingerprint = result->fingerprint,
		.payload = bytes,
	};
	struct crash_file_error error;

	program_copy(&program, context->program);
	if (result->truncated || !executor_weave_explicit(&program, &result->schedule))
		fprintf(stderr, "mmstress: a schedule of %u switches does not fit into a program\n",
			result->schedule.nr);
	crash.size = program_encode(&program, bytes);
	snprintf(crash.target, sizeof(crash.target), "fuzz_weave_%s", context->options->backend->name);
	snprintf(crash.design, sizeof(crash.design), "%s", context->options->backend->name);
	snprintf(crash.title, sizeof(crash.title), "%s", title);
	snprintf(crash.strategy, sizeof(crash.strategy), "%s", context->strategy);
	snprintf(path, sizeof(path), "%s/stress-weave-%s", context->options->save,
		 context->name);
	if (crash_file_keep(&crash, path, sizeof(path), &error))
		return path;
	fprintf(stderr, "mmstress: the program could not be saved: %s\n", error.message);
	return NULL;
}

static void __attribute__((noreturn)) report(const char *title)
{
	struct weave_result result = { 0 };
	const char *path;

	weave_stop();
	weave_so_far(&result);
	if (!context->program) {
		fprintf(stderr, "mmstress: %s, before the first program\n", title);
		_exit(1);
	}
	path = save(title, &result);
	fprintf(stderr, "mmstress: found \"%s\" in %s, strategy %s, seed %llu\n", title,
		context->name, context->strategy, (unsigned long long)context->seed);
	if (path)
		fprintf(stderr,
			"mmstress: to see it again: mmreplay %s; with --trace, how the CPUs met\n",
			path);
	fflush(NULL);
	_exit(1);
}

static void on_bug(const struct sim_bug_report *bug)
{
	char title[256];

	sim_bug_title(bug, title, sizeof(title));
	report(title);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void on_death(void)
{
	/* A leak is only found when all is over, and is no program's. */
	if (!context->program)
		return;
	sim_print_log();
	report("sanitizer report");
}

void finding_catch(const struct finding_context *of)
{
	context = of;
	sim_set_bug_handler(on_bug);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
}
