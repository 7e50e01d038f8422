// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stress run (stress.h). The main thread makes programs and hands them to the executor; a second
 * one watches that operations go on and tells how far the run is. Neither takes part in the
 * machine, and they share nothing with its CPUs but counters that are read relaxed: an order
 * between CPUs that the core does not make would hide its races.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <mmfuzz/backend_linux.h>

#include <sim/bug.h>

#include "backtrace_threads.h"
#include "crash_file.h"
#include "executor.h"
#include "stress.h"

/*
 * No operation has ended while the process used so many seconds of CPU, or for so many seconds if it uses none: the
 * machine hangs. Long enough for 64 CPUs under TSan on one core.
 */
#define HANG_CPU_SECONDS 20
#define HANG_SECONDS	 120

struct tally {
	uint64_t rounds;
	uint64_t operations;
};

static struct {
	struct stress_options options;
	struct program program; /* of the round that runs */
	const struct scenario *scenario;
	uint64_t round; /* of the scenario */
	struct timespec begin;
	struct tally total;
	struct tally *tally; /* by scenario */
	bool finding;	     /* somebody reports one */
	bool race;	     /* TSan has printed one */
	bool over;	     /* no round runs any more */
	char title[256];
	char file[4096];
} run;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static double elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - run.begin.tv_sec) + (now.tv_nsec - run.begin.tv_nsec) * 1e-9;
}

/* --- summary --- */

static bool write_json(void)
{
	const struct stress_options *o = &run.options;
	struct crash_file_error error;
	cJSON *json, *list;
	char *text;
	bool done;

	if (!o->json)
		return true;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "backend", o->backend->name);
	cJSON_AddStringToObject(json, "commit", crash_file_commit());
	cJSON_AddNumberToObject(json, "cpus", o->cpus);
	cJSON_AddNumberToObject(json, "seed", o->seed);
	cJSON_AddNumberToObject(json, "seconds", elapsed());
	cJSON_AddNumberToObject(json, "rounds", run.total.rounds);
	cJSON_AddNumberToObject(json, "operations", executor_ops());
	cJSON_AddNumberToObject(json, "operations_per_second", executor_ops() / elapsed());
	list = cJSON_AddArrayToObject(json, "scenarios");
	for (unsigned int i = 0; i < nr_scenarios; i++) {
		cJSON *entry;

		if (!run.tally[i].rounds)
			continue;
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "name", scenarios[i].generator.name);
		cJSON_AddNumberToObject(entry, "rounds", run.tally[i].rounds);
		cJSON_AddNumberToObject(entry, "operations", run.tally[i].operations);
		cJSON_AddItemToArray(list, entry);
	}
	if (run.title[0]) {
		cJSON *entry = cJSON_AddObjectToObject(json, "finding");

		cJSON_AddStringToObject(entry, "title", run.title);
		cJSON_AddStringToObject(entry, "scenario", run.scenario->generator.name);
		cJSON_AddNumberToObject(entry, "round", run.round);
		cJSON_AddStringToObject(entry, "file", run.file);
	} else {
		cJSON_AddNullToObject(json, "finding");
	}
	text = cJSON_Print(json);
	done = text && file_write_all(o->json, text, strlen(text), &error);
	if (!done)
		fprintf(stderr, "mmstress: %s\n",
			text ? error.message : "no memory for the summary");
	free(text);
	cJSON_Delete(json);
	return done;
}

static void print_summary(void)
{
	double seconds = elapsed();

	printf("%-20s %10s %14s\n", "scenario", "rounds", "operations");
	for (unsigned int i = 0; i < nr_scenarios; i++)
		if (run.tally[i].rounds)
			printf("%-20s %10" PRIu64 " %14" PRIu64 "\n", scenarios[i].generator.name,
			       run.tally[i].rounds, run.tally[i].operations);
	printf("%-20s %10" PRIu64 " %14lu  in %.1f s, %.0f a second, %u CPUs, seed %" PRIu64 "%s\n",
	       "sum", run.total.rounds, executor_ops(), seconds, executor_ops() / seconds,
	       run.options.cpus, run.options.seed, interrupted ? ", interrupted" : "");
	printf("nothing found\n");
}

/* --- a finding --- */

static void print_last_ops(void)
{
	struct executor_event events[EXECUTOR_LOG];
	char line[PROGRAM_LINE_MAX];

	fprintf(stderr,
		"The last operations of each CPU, oldest first (- was skipped, > is running):\n");
	for (unsigned int cpu = 0; cpu < run.options.cpus; cpu++) {
		unsigned int nr = executor_last_ops(cpu, events);

		for (unsigned int i = nr > 8 ? nr - 8 : 0; i < nr; i++) {
			if (events[i].op >= run.program.nr_ops)
				continue;
			op_print(&run.program.ops[events[i].op], line, sizeof(line));
			fprintf(stderr, "%c %s\n",
				!events[i].done	  ? '>' :
				events[i].skipped ? '-' :
						    ' ',
				line);
		}
	}
}

static void save_program(void)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct crash_file crash = { .payload = bytes };
	struct crash_file_error error;

	crash.size = program_encode(&run.program, bytes);
	snprintf(crash.target, sizeof(crash.target), "fuzz_%s", run.options.backend->name);
	snprintf(crash.design, sizeof(crash.design), "%s", run.options.backend->name);
	snprintf(crash.title, sizeof(crash.title), "%s", run.title);
	snprintf(run.file, sizeof(run.file), "%s/stress-%s-seed%" PRIu64 "-round%" PRIu64,
		 run.options.save, run.scenario->generator.name, run.options.seed, run.round);
	if (!crash_file_keep(&crash, run.file, sizeof(run.file), &error)) {
		fprintf(stderr, "mmstress: the program could not be saved: %s\n", error.message);
		run.file[0] = 0;
	}
}

/*
 * Whoever finds something comes here, on its own thread, while the other CPUs go on. The first one
 * reports; a second finding is as likely as not a consequence of the first, so it waits for the
 * end.
 */
static void __attribute__((noreturn)) report_finding(const char *title)
{
	if (__atomic_exchange_n(&run.finding, true, __ATOMIC_RELAXED))
		for (;;)
			pause();
	snprintf(run.title, sizeof(run.title), "%s", title);
	if (!run.scenario) {
		fprintf(stderr, "mmstress: %s, before the first round\n", title);
		_exit(1);
	}
	print_last_ops();
	save_program();
	fprintf(stderr,
		"mmstress: found \"%s\" in scenario %s, seed %" PRIu64 ", round %" PRIu64
		", after %.1f s and %lu operations\n",
		title, run.scenario->generator.name, run.options.seed, run.round, elapsed(),
		executor_ops());
	if (run.file[0])
		fprintf(stderr, "mmstress: program saved as %s\n", run.file);
	fprintf(stderr,
		"mmstress: to try again: mmstress --cpus=%u --seed=%" PRIu64 " --scenario=%s\n",
		run.options.cpus, run.options.seed, run.scenario->generator.name);
	write_json();
	fflush(NULL);
	_exit(1);
}

/* A finding that is not the core's own. */
static void __attribute__((noreturn)) report_unsaid(const char *title)
{
	sim_print_log();
	report_finding(title);
}

static void on_bug(const struct sim_bug_report *report)
{
	char title[256];

	sim_bug_title(report, title, sizeof(title));
	report_finding(title);
}

/*
 * Sanitizers. ASan and UBSan end the process by way of our report. TSan calls from inside its own
 * locks, where hardly anything can be called without a deadlock: it is told to go on, and the
 * watching thread reports.
 */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void on_death(void)
{
	/* A leak is only found when all is over, and is no program's. */
	if (run.over)
		return;
	report_unsaid("sanitizer report");
}

void __tsan_on_report(void *report);
void __tsan_on_report(void *report)
{
	(void)report;
	__atomic_store_n(&run.race, true, __ATOMIC_RELAXED);
}

static void report_race(void)
{
	if (__atomic_load_n(&run.race, __ATOMIC_RELAXED))
		report_unsaid("data race");
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "halt_on_error=0:exitcode=1:second_deadlock_stack=1:report_thread_leaks=0";
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "exitcode=1";
}

/* --- progress --- */

static void print_progress(unsigned long ops, unsigned long ops_before)
{
	const struct stress_options *o = &run.options;
	const struct scenario *scenario = __atomic_load_n(&run.scenario, __ATOMIC_RELAXED);
	uint64_t rounds = __atomic_load_n(&run.total.rounds, __ATOMIC_RELAXED);
	double left = o->time - elapsed();

	fprintf(stderr, "\r%12lu ops %10lu/s %8" PRIu64 " rounds  %-18s", ops, ops - ops_before,
		rounds, scenario ? scenario->generator.name : "");
	if (o->time)
		fprintf(stderr, " %5.0f s left ", left > 0 ? left : 0);
	fflush(stderr);
}

#define TICKS_A_SECOND 10

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

/* When each CPU was last seen to have ended an operation, in ticks. */
static struct {
	unsigned long ops[PROGRAM_MAX_CPUS];
	unsigned int tick[PROGRAM_MAX_CPUS];
} seen;

static void look_at_cpus(unsigned int tick)
{
	for (unsigned int cpu = 0; cpu < run.options.cpus; cpu++) {
		unsigned long ops = executor_cpu_ops(cpu);

		if (ops != seen.ops[cpu])
			seen.tick[cpu] = tick;
		seen.ops[cpu] = ops;
	}
}

/* By the operation that has run for longest: the others came to wait for it. */
static void __attribute__((noreturn)) report_hang(void)
{
	const char *name = "the end";
	unsigned int first = ~0u;
	char title[64];

	for (unsigned int cpu = 0; cpu < run.options.cpus; cpu++) {
		struct executor_event events[EXECUTOR_LOG];
		unsigned int nr = executor_last_ops(cpu, events);

		if (!nr || events[nr - 1].done || events[nr - 1].op >= run.program.nr_ops || seen.tick[cpu] >= first)
			continue;
		first = seen.tick[cpu];
		name = op_infos[run.program.ops[events[nr - 1].op].code].name;
	}
	print_backtraces(run.options.cpus);
	snprintf(title, sizeof(title), "timeout in %s", name);
	report_unsaid(title);
}

static void *watch(void *arg)
{
	const struct timespec tick = { .tv_nsec = 1000000000 / TICKS_A_SECOND };
	bool tty = isatty(STDERR_FILENO);
	unsigned long before = executor_ops();
	double used = cpu_seconds();
	unsigned int quiet = 0;

	(void)arg;
	for (unsigned int ticks = 1;; ticks++) {
		unsigned long ops;

		nanosleep(&tick, NULL);
		report_race();
		if (__atomic_load_n(&run.finding, __ATOMIC_RELAXED))
			return NULL;
		look_at_cpus(ticks);
		if (ticks % TICKS_A_SECOND)
			continue;
		ops = executor_ops();
		quiet = ops == before ? quiet + 1 : 0;
		if (!quiet)
			used = cpu_seconds();
		if (quiet >= HANG_SECONDS || cpu_seconds() - used >= HANG_CPU_SECONDS) {
			fprintf(stderr, "mmstress: no operation has ended for %u seconds, %.0f of CPU\n", quiet,
				cpu_seconds() - used);
			report_hang();
		}
		if (tty)
			print_progress(ops, before);
		before = ops;
	}
	return NULL;
}

/* --- the run --- */

static bool over(void)
{
	const struct stress_options *o = &run.options;

	return interrupted || (o->rounds && run.total.rounds >= o->rounds) ||
	       (o->time && elapsed() >= o->time);
}

static void run_round(unsigned int scenario, uint64_t round)
{
	unsigned long before = executor_ops();

	run.round = round;
	__atomic_store_n(&run.scenario, &scenarios[scenario], __ATOMIC_RELAXED);
	scenario_program(run.scenario, run.options.cpus, run.options.seed, round, &run.program);
	executor_run_threads(run.options.backend, &run.program, run.options.repeat);
	run.tally[scenario].rounds++;
	run.tally[scenario].operations += executor_ops() - before;
	__atomic_store_n(&run.total.rounds, run.total.rounds + 1, __ATOMIC_RELAXED);
}

int stress_run(const struct stress_options *options)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	pthread_t watcher;
	bool written;

	run.options = *options;
#ifdef MMFUZZ_HAVE_LINUX
	/* Orders of one round count against those of another, of other scenarios too: more is found, and nothing depends on it. */
	mmfuzz_linux_keep_locks();
#endif
	run.tally = calloc(nr_scenarios, sizeof(*run.tally));
	if (!run.tally)
		sim_die("no memory for %u scenarios: free some", nr_scenarios);
	clock_gettime(CLOCK_MONOTONIC, &run.begin);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sim_set_bug_handler(on_bug);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	errno = pthread_create(&watcher, NULL, watch, NULL);
	if (errno)
		sim_die("cannot start a thread: %s", strerror(errno));

	while (!over()) {
		uint64_t n = run.total.rounds;

		if (options->scenario)
			run_round(options->scenario - scenarios, n);
		else
			run_round(n % nr_scenarios, n / nr_scenarios);
	}
	report_race();
	pthread_cancel(watcher);
	pthread_join(watcher, NULL);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%79s\r", "");
	run.over = true;
	executor_shutdown();
	print_summary();
	written = write_json();
	free(run.tally);
	return written ? 0 : 2;
}
