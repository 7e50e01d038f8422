// SPDX-License-Identifier: GPL-2.0-only
/* Exhaustive search of the litmus programs (litmus_weave.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sim/bug.h>

#include "executor_weave.h"
#include "finding_weave.h"
#include "litmus_weave.h"
#include "replay_weave.h"
#include "workers_weave.h"

#define DEFAULT_BOUND 2u

static struct {
	struct stress_options options;
	struct finding_context context;
	struct program program;
	/* The next program that nobody has begun; shared by the workers. */
	unsigned int *next;
	unsigned int nr;
} run;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void assemble(const struct litmus *litmus)
{
	struct program_error error;

	if (!program_assemble(&run.program, litmus->text, strlen(litmus->text), &error))
		sim_die("litmus program %s, line %u: %s", litmus->name, error.line, error.message);
	run.program.header.memory = (uint8_t)run.options.memory;
	run.program.header.plain_points = run.options.plain_points;
}

/* A line at once: workers write side by side. */
static void print(const char *name, uint64_t schedules, double estimate, bool all, double seconds)
{
	char line[200], size[64] = "all";

	/* What is far from its end is guessed at only: beyond any use when it is huge. */
	if (!all && estimate > 0 && estimate < 1e12)
		snprintf(size, sizeof(size), "of about %.3g", estimate);
	else if (!all)
		snprintf(size, sizeof(size), "of an unknown number");
	snprintf(line, sizeof(line), "%-36s %12" PRIu64 " schedules, %s, in %.1f s\n", name,
		 schedules, size, seconds);
	fputs(line, stdout);
	fflush(stdout);
}

static void explore(const struct litmus *litmus)
{
	const struct stress_options *o = &run.options;
	struct weave_schedule schedule;
	struct weave_config config;
	uint64_t schedules = 0;
	double begin = now();
	struct weave *weave;
	bool left = true;

	assemble(litmus);
	snprintf(run.context.name, sizeof(run.context.name), "litmus-%s", litmus->name);
	run.context.program = &run.program;
	executor_weave_config(&run.program, &schedule, &config);
	config.strategy = weave_strategy_find("exhaustive");
	config.bound = o->bound ? o->bound : DEFAULT_BOUND;
	if (o->unbounded)
		config.bound = 0;
	weave = weave_new(&config);
	while (left && !workers_stopped() && (!o->schedules || schedules < o->schedules) &&
	       (!o->time || now() - begin < o->time)) {
		left = executor_run_weave(o->backend, &run.program, weave, NULL);
		schedules += left;
	}
	print(litmus->name, schedules, weave_estimate(weave), !left, now() - begin);
	weave_free(weave);
	run.context.program = NULL;
}

static void work(unsigned int worker)
{
	(void)worker;
	finding_catch(&run.context);
	while (!workers_stopped()) {
		unsigned int next = __atomic_fetch_add(run.next, 1, __ATOMIC_RELAXED);

		if (next >= run.nr)
			break;
		explore(&litmus_programs[next]);
	}
	executor_shutdown();
}

static void no_progress(void)
{
}

int litmus_run(const struct stress_options *options)
{
	int status;

	run.options = *options;
	run.context.options = &run.options;
	run.context.strategy = "exhaustive";
	while (litmus_programs[run.nr].name)
		run.nr++;
	run.next = workers_share(sizeof(*run.next));
	replay_weave_names();
	status = workers_run(run.options.jobs, work, no_progress);
	if (!status)
		printf("nothing found%s\n", workers_interrupted() ? ", interrupted" : "");
	return status;
}
