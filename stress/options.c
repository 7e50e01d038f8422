// SPDX-License-Identifier: GPL-2.0-only
/* Command line of mmstress (options.h). */
#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends.h"
#include "options.h"

enum {
	OPT_CPUS = 'c',
	OPT_TIME = 't',
	OPT_SEED = 's',
	OPT_SCENARIO = 'S',
	OPT_ROUNDS = 'r',
	OPT_JSON = 'j'
};
enum {
	OPT_BACKEND = 0x100,
	OPT_SAVE,
	OPT_LIST,
	OPT_REPEAT,
	OPT_MACHINE,
	OPT_STRATEGY,
	OPT_SCHEDULES,
	OPT_EXHAUSTIVE,
	OPT_MEMORY,
	OPT_BOUND,
	OPT_UNBOUNDED,
	OPT_PLAIN_POINTS,
	OPT_JOBS
};

static const struct argp_option argp_options[] = {
	{ "cpus", OPT_CPUS, "N", 0, "simulated CPUs, a thread each, 1 to 64 (4)", 0 },
	{ "time", OPT_TIME, "T", 0, "how long: 90, 90s, 10m, 1h (10s)", 0 },
	{ "rounds", OPT_ROUNDS, "N", 0, "how many programs instead of how long", 0 },
	{ "seed", OPT_SEED, "K", 0, "decides the programs (1)", 0 },
	{ "scenario", OPT_SCENARIO, "NAME", 0, "one scenario, or all in turn (all)", 0 },
	{ "list", OPT_LIST, NULL, 0, "list the scenarios", 0 },
	{ "json", OPT_JSON, "FILE", 0, "write the summary to FILE", 0 },
	{ "save", OPT_SAVE, "DIR", 0, "where to save a program that fails, beside what is there (.)", 0 },
	{ "backend", OPT_BACKEND, "B", 0, "which mm core (memdesc)", 0 },
	{ "repeat", OPT_REPEAT, "N", 0, "times that a round goes through its program (4)", 0 },
	{ "machine", OPT_MACHINE, "M", 0, "threads, or weave: fibres, each run repeatable (threads)", 0 },
	{ NULL, 0, NULL, 0, "On the woven machine:", 0 },
	{ "strategy", OPT_STRATEGY, "S", 0, "who chooses the interleaving, or all in turn (all)", 0 },
	{ "schedules", OPT_SCHEDULES, "N", 0, "of each scenario, under each strategy", 0 },
	{ "exhaustive", OPT_EXHAUSTIVE, NULL, 0, "all interleavings of the litmus programs, up to --bound", 0 },
	{ "memory", OPT_MEMORY, "M", 0, "sc, tso or lkmm (sc)", 0 },
	{ "bound", OPT_BOUND, "N", 0, "preemptions (bounded, exhaustive), depth (pct)", 0 },
	{ "unbounded", OPT_UNBOUNDED, NULL, 0, "with --exhaustive: any number of preemptions", 0 },
	{ "plain-points", OPT_PLAIN_POINTS, NULL, 0, "switch at plain accesses too (linux: in one program of 8)", 0 },
	{ "jobs", OPT_JOBS, "N", 0, "processes, which share the schedules (2)", 0 },
	{ 0 },
};

/* Everything wrong ends here: one line. */
static void __attribute__((noreturn, format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mmstress: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

/* A whole number from @min to @max, or the end. */
static uint64_t parse_number(const char *arg, const char *option, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(arg, &end, 0);
	if (errno || end == arg || *end || strchr(arg, '-') || value < min || value > max)
		complain("--%s is '%s': it must be a number from %llu to %llu", option, arg,
			 (unsigned long long)min, (unsigned long long)max);
	return value;
}

static double parse_time(const char *arg)
{
	char *end;
	double value = strtod(arg, &end);

	if (end != arg && !strcmp(end, "m"))
		value *= 60;
	else if (end != arg && !strcmp(end, "h"))
		value *= 3600;
	else if (end == arg || (*end && strcmp(end, "s")))
		value = -1;
	/* Also refuses what is no number. */
	if (!(value > 0 && value <= 1e7))
		complain("--time is '%s': it must be like 90, 90s, 10m or 1h", arg);
	return value;
}

static enum weave_memory parse_memory(const char *arg)
{
	static const char *const names[] = { "sc", "tso", "lkmm" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(arg, names[i]))
			return (enum weave_memory)i;
	complain("--memory is '%s': it must be sc, tso or lkmm", arg);
}

static void check_folder(const char *path)
{
	struct stat st;

	if (stat(path, &st) || !S_ISDIR(st.st_mode) || access(path, W_OK))
		complain("--save is '%s': it must be a folder that can be written to", path);
}

/* The file itself is written at the end; it would be a pity to find out only then. */
static void check_json(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : slash - path) : strdup(".");
	struct stat st;

	if (!folder || access(folder, W_OK) || (!stat(path, &st) && S_ISDIR(st.st_mode)))
		complain("--json is '%s': it must be a file in a folder that can be written to",
			 path);
	free(folder);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct stress_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		/* argp would add a second line to getopt's complaint about an unknown option. */
		state->err_stream = fopen("/dev/null", "w");
		return state->err_stream ? 0 : errno;
	case OPT_CPUS:
		o->cpus = parse_number(arg, "cpus", 1, PROGRAM_MAX_CPUS);
		return 0;
	case OPT_TIME:
		o->time = parse_time(arg);
		return 0;
	case OPT_ROUNDS:
		o->rounds = parse_number(arg, "rounds", 1, UINT64_MAX);
		return 0;
	case OPT_SEED:
		o->seed = parse_number(arg, "seed", 0, UINT64_MAX);
		return 0;
	case OPT_REPEAT:
		o->repeat = parse_number(arg, "repeat", 1, 1000000);
		return 0;
	case OPT_SCENARIO:
		o->scenario = strcmp(arg, "all") ? scenario_find(arg) : NULL;
		if (!o->scenario && strcmp(arg, "all"))
			complain("--scenario is '%s': there is none of that name, see --list", arg);
		return 0;
	case OPT_JSON:
		o->json = arg;
		check_json(arg);
		return 0;
	case OPT_SAVE:
		o->save = arg;
		check_folder(arg);
		return 0;
	case OPT_BACKEND:
		o->backend = backend_find(arg);
		if (!o->backend)
			complain("--backend is '%s': there is none of that name, memdesc is one",
				 arg);
		return 0;
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_MACHINE:
		o->weave = !strcmp(arg, "weave");
		if (!o->weave && strcmp(arg, "threads"))
			complain("--machine is '%s': it must be threads or weave", arg);
		return 0;
	case OPT_STRATEGY:
		o->strategy = arg;
		return 0;
	case OPT_SCHEDULES:
		o->schedules = parse_number(arg, "schedules", 1, UINT64_MAX);
		return 0;
	case OPT_EXHAUSTIVE:
		o->exhaustive = true;
		return 0;
	case OPT_MEMORY:
		o->memory = parse_memory(arg);
		return 0;
	case OPT_BOUND:
		o->bound = (unsigned int)parse_number(arg, "bound", 1, 1000);
		return 0;
	case OPT_UNBOUNDED:
		o->unbounded = true;
		return 0;
	case OPT_PLAIN_POINTS:
		o->plain_points = true;
		return 0;
	case OPT_JOBS:
		o->jobs = (unsigned int)parse_number(arg, "jobs", 1, STRESS_MAX_JOBS);
		return 0;
	case ARGP_KEY_ARG:
		complain("'%s' is no option; see --help", arg);
		return 0;
	case ARGP_KEY_END:
		/* What has an end by itself has none in time. */
		if (!o->time && !o->rounds && !o->schedules && !o->exhaustive)
			o->time = 10;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.doc = "Run random programs on an mm core with real threads, or woven, with an oracle beside it.\v"
	       "Exit status: 0 nothing found, 1 a finding, 2 could not run. Run it in a build with "
	       "ThreadSanitizer or "
	       "AddressSanitizer to see races and uses of freed memory as well.",
};

void stress_parse_options(int argc, char **argv, struct stress_options *options)
{
	*options = (struct stress_options){
		.backend = &mmfuzz_backend_memdesc, .cpus = 4, .seed = 1, .repeat = 4, .save = ".", .strategy = "all", .jobs = 2
	};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
