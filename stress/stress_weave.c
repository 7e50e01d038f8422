// SPDX-License-Identifier: GPL-2.0-only
/* Woven stress runs (stress_weave.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <sim/bug.h>

#include "crash_file.h"
#include "executor_weave.h"
#include "finding_weave.h"
#include "oracle.h"
#include "replay_weave.h"
#include "stress_weave.h"
#include "workers_weave.h"

/* Of one program, before the next one comes: other programs find more than other schedules do. */
#define SCHEDULES_A_PROGRAM 64u
#define MAX_STRATEGIES	    16u
/* One program in so many has a meeting: more find more races, and less of all else (measured in docs/weave.md). */
#define MEETING_OF 4u
/*
 * One program in so many has its points at plain accesses, too, where those race by design: a tree of Linux. In memdesc two that meet
 * are a finding by themselves (a data race).
 */
#define PLAIN_OF 8u
/* Programs of a scenario without a common lock for one of each other, under weak memory. */
#define LOCKLESS_TIMES 8u

struct tally {
	uint64_t programs;
	uint64_t schedules;
	uint64_t points;
};

static struct {
	struct stress_options options;
	const struct weave_strategy *strategies[MAX_STRATEGIES];
	unsigned int nr_strategies;
	/* By worker, strategy and scenario: each has one writer. */
	struct tally *tally;
	struct timespec begin;
	struct program program;
	struct finding_context context;
	uint64_t shown;
	unsigned int ticks;
} run;

static struct tally *tally_of(unsigned int worker, unsigned int strategy, unsigned int scenario)
{
	return &run.tally[(worker * MAX_STRATEGIES + strategy) * nr_scenarios + scenario];
}

static struct tally sum_of(unsigned int strategy, unsigned int scenario)
{
	struct tally sum = { 0 };

	for (unsigned int i = 0; i < run.options.jobs; i++) {
		const struct tally *t = tally_of(i, strategy, scenario);

		sum.programs += t->programs;
		sum.schedules += t->schedules;
		sum.points += t->points;
	}
	return sum;
}

static struct tally total(void)
{
	struct tally all = { 0 };

	for (unsigned int i = 0; i < run.nr_strategies; i++) {
		for (unsigned int j = 0; j < nr_scenarios; j++) {
			struct tally t = sum_of(i, j);

			all.programs += t.programs;
			all.schedules += t.schedules;
			all.points += t.points;
		}
	}
	return all;
}

static double elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - run.begin.tv_sec) +
	       (double)(now.tv_nsec - run.begin.tv_nsec) / 1e9;
}

/* --- a worker --- */

static bool over(void)
{
	return workers_stopped() || (run.options.time && elapsed() >= run.options.time);
}

/* What a worker has to do of a scenario under a strategy; the first ones do what does not divide. */
static uint64_t share_of(unsigned int worker)
{
	const struct stress_options *o = &run.options;

	return o->schedules ? o->schedules / o->jobs + (worker < o->schedules % o->jobs) :
			      UINT64_MAX;
}

static struct weave *new_weave(const struct weave_strategy *strategy,
			       struct weave_schedule *schedule)
{
	struct weave_config config;

	executor_weave_config(&run.program, schedule, &config);
	config.strategy = strategy;
	config.seed = run.context.seed;
	config.bound = run.options.bound;
	return weave_new(&config);
}

/* See meeting_look_fn. A finding here is one of the program without its meeting. */
static unsigned int look(const struct program *program, unsigned int from)
{
	unsigned long max_pfn = machine_profiles[program->header.profile].config.max_pfn;
	unsigned long frame;

	run.context.program = program;
	executor_begin(run.options.backend, program, true);
	executor_weave_cpus(program, executor_weave(program, false), NULL);
	frame = oracle_next_out(from);
	if (frame >= max_pfn)
		frame = oracle_next_out(0);
	return frame < max_pfn ? (unsigned int)frame : from;
}

/* The rounds of one scenario go through its machines in turn: which of them have a meeting must not go along with that. */
static bool has_meeting(uint64_t round)
{
	return run.options.cpus > 1 && (round + round / SCENARIO_MAX_MACHINES) % MEETING_OF == MEETING_OF - 1;
}

/* Likewise, and neither along with meetings. */
static bool has_plain_points(uint64_t round)
{
	const uint64_t shift = round / SCENARIO_MAX_MACHINES + round / (SCENARIO_MAX_MACHINES * MEETING_OF);

	return run.options.plain_points ||
	       (run.options.backend->plain_races && (round + shift) % PLAIN_OF == PLAIN_OF - 1);
}

/* Up to @left schedules of the program of @round. */
static void run_program(unsigned int strategy, unsigned int scenario, uint64_t round, uint64_t left,
			struct tally *tally)
{
	const struct stress_options *o = &run.options;
	struct weave_schedule schedule;
	struct weave_result result;
	struct weave *weave;

	run.context.seed = o->seed + round;
	run.context.strategy = weave_strategy_name(run.strategies[strategy]);
	snprintf(run.context.name, sizeof(run.context.name), "%s-%s-seed%" PRIu64 "-round%" PRIu64,
		 scenarios[scenario].generator.name, run.context.strategy, o->seed, round);
	if (has_meeting(round))
		scenario_program_meeting(&scenarios[scenario], o->cpus, o->seed, round, look, &run.program);
	else
		scenario_program_short(&scenarios[scenario], o->cpus, o->seed, round, &run.program);
	run.program.header.memory = (uint8_t)o->memory;
	run.program.header.plain_points = has_plain_points(round);
	run.context.program = &run.program;

	weave = new_weave(run.strategies[strategy], &schedule);
	for (uint64_t i = 0; i < left && i < SCHEDULES_A_PROGRAM && !over(); i++) {
		if (!executor_run_weave(o->backend, &run.program, weave, &result))
			break;
		tally->schedules++;
		tally->points += result.points;
	}
	tally->programs++;
	weave_free(weave);
}

/*
 * Programs of a scenario in a round. Under weak memory two sides with a common lock do what they do under sc, so most of the time
 * goes where they have none (docs/weave.md, "Programs of mmstress").
 */
static unsigned int programs_of(const struct scenario *scenario)
{
	return run.options.memory != WEAVE_SC && scenario->lockless ? LOCKLESS_TIMES : 1;
}

/* Of each scenario. Return: whether there is any left to do. */
static bool run_round(unsigned int worker, uint64_t round)
{
	uint64_t share = share_of(worker);
	bool any = false;

	for (unsigned int i = 0; i < run.nr_strategies; i++) {
		for (unsigned int j = 0; j < nr_scenarios; j++) {
			struct tally *tally = tally_of(worker, i, j);
			unsigned int nr = programs_of(&scenarios[j]);

			if (run.options.scenario && run.options.scenario != &scenarios[j])
				continue;
			for (unsigned int k = 0; k < nr && tally->schedules < share && !over(); k++) {
				any = true;
				run_program(i, j, round * nr + k, share - tally->schedules, tally);
			}
		}
	}
	return any;
}

static void work(unsigned int worker)
{
	finding_catch(&run.context);
	for (uint64_t n = 0; !over() && run_round(worker, n * run.options.jobs + worker); n++)
		;
	run.context.program = NULL;
	executor_shutdown();
}

/* --- what is said --- */

static void progress(void)
{
	uint64_t schedules;

	if (++run.ticks % 10 || !isatty(STDERR_FILENO))
		return;
	schedules = total().schedules;
	fprintf(stderr, "\r%12" PRIu64 " schedules %8" PRIu64 "/s", schedules,
		schedules - run.shown);
	run.shown = schedules;
	if (run.options.time)
		fprintf(stderr, " %5.0f s left ",
			run.options.time > elapsed() ? run.options.time - elapsed() : 0);
	fflush(stderr);
}

static void print_summary(int status)
{
	struct tally all = total();
	double seconds = elapsed();

	printf("%-20s %-12s %10s %12s %10s\n", "scenario", "strategy", "programs", "schedules",
	       "points each");
	for (unsigned int j = 0; j < nr_scenarios; j++) {
		for (unsigned int i = 0; i < run.nr_strategies; i++) {
			struct tally t = sum_of(i, j);

			if (t.schedules)
				printf("%-20s %-12s %10" PRIu64 " %12" PRIu64 " %10" PRIu64 "\n",
				       scenarios[j].generator.name,
				       weave_strategy_name(run.strategies[i]), t.programs,
				       t.schedules, t.points / t.schedules);
		}
	}
	printf("%-20s %-12s %10" PRIu64 " %12" PRIu64
	       "  in %.1f s, %.0f schedules a second, %u jobs, seed %" PRIu64 "%s\n",
	       "sum", "", all.programs, all.schedules, seconds, (double)all.schedules / seconds,
	       run.options.jobs, run.options.seed, workers_interrupted() ? ", interrupted" : "");
	if (!status)
		printf("nothing found\n");
}

static bool write_json(int status)
{
	const struct stress_options *o = &run.options;
	struct tally all = total();
	struct crash_file_error error;
	cJSON *json;
	char *text;
	bool done;

	if (!o->json)
		return true;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "machine", "weave");
	cJSON_AddStringToObject(json, "backend", o->backend->name);
	cJSON_AddStringToObject(json, "commit", crash_file_commit());
	cJSON_AddNumberToObject(json, "seed", (double)o->seed);
	cJSON_AddNumberToObject(json, "seconds", elapsed());
	cJSON_AddNumberToObject(json, "programs", (double)all.programs);
	cJSON_AddNumberToObject(json, "schedules", (double)all.schedules);
	cJSON_AddNumberToObject(json, "points", (double)all.points);
	cJSON_AddBoolToObject(json, "found", status == 1);
	text = cJSON_Print(json);
	done = text && file_write_all(o->json, text, strlen(text), &error);
	if (!done)
		fprintf(stderr, "mmstress: %s\n", text ? error.message : "no memory for the summary");
	free(text);
	cJSON_Delete(json);
	return done;
}

static void choose_strategies(const char *name)
{
	if (strcmp(name, "all")) {
		run.strategies[run.nr_strategies++] = weave_strategy_find(name);
		return;
	}
	for (unsigned int i = 0; i < weave_nr_strategies && i < MAX_STRATEGIES; i++)
		run.strategies[run.nr_strategies++] = weave_strategies[i];
}

int stress_weave_run(const struct stress_options *options)
{
	int status;

	run.options = *options;
	run.context.options = &run.options;
	choose_strategies(options->strategy);
	clock_gettime(CLOCK_MONOTONIC, &run.begin);
	run.tally =
		workers_share(sizeof(*run.tally) * STRESS_MAX_JOBS * MAX_STRATEGIES * nr_scenarios);
	replay_weave_names();
	status = workers_run(options->jobs, work, progress);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%79s\r", "");
	print_summary(status);
	return write_json(status) ? status : 2;
}
