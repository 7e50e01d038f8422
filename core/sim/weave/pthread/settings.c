// SPDX-License-Identifier: GPL-2.0-only
/* The environment of a pthread program that runs on weave (settings.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "../internal.h"
#include "settings.h"

static const char *const memories[] = { "sc", "tso", "lkmm", NULL };
static const char *const races[] = { "off", "all", "kcsan", NULL };

static const struct {
	const char *name;
	const char *standard;
	const char *help;
} variables[] = {
	{ "WEAVE_STRATEGY", "random", "who chooses: see below" },
	{ "WEAVE_SCHEDULES", "1000", "how many to try at most; 0: until the strategy is through" },
	{ "WEAVE_SEED", "1", "of the strategy" },
	{ "WEAVE_BOUND", "", "preemptions (bounded, exhaustive), depth (pct)" },
	{ "WEAVE_GAP", "", "mean number of points between two switches (random)" },
	{ "WEAVE_MEMORY", "sc", "sc, tso or lkmm: which orders of accesses are tried" },
	{ "WEAVE_RACES", "all", "all, kcsan (aligned plain writes count as marked) or off" },
	{ "WEAVE_PLAIN", "0", "1: switch at plain accesses too" },
	{ "WEAVE_THREADS", "16", "threads at once, main() included, up to 64" },
	{ "WEAVE_POINTS", "1000000", "points of a run; more are a livelock" },
	{ "WEAVE_TIMEOUT", "10", "seconds that a run may take: for loops without any point" },
	{ "WEAVE_SAVE", "", "file for the schedule of a finding (PROGRAM.schedule)" },
	{ "WEAVE_REPLAY", "", "file: follow this schedule, and try no other" },
};

#define NR_VARIABLES (sizeof(variables) / sizeof(*variables))

static const char *text(const char *name)
{
	const char *value = getenv(name);

	for (size_t i = 0; !value && i < NR_VARIABLES; i++)
		if (!strcmp(variables[i].name, name))
			value = variables[i].standard;
	return value && *value ? value : NULL;
}

static uint64_t number(const char *name, uint64_t min, uint64_t max)
{
	const char *value = text(name);
	uint64_t n;
	char *end;

	if (!value)
		return 0;
	errno = 0;
	n = strtoull(value, &end, 0);
	if (errno || *end || strchr(value, '-') || n < min || n > max)
		sim_die("%s is '%s': it must be a number from %" PRIu64 " to %" PRIu64, name, value,
			min, max);
	return n;
}

static unsigned int word(const char *name, const char *const *words)
{
	const char *value = text(name);
	unsigned int i = 0;

	while (words[i] && (!value || strcmp(words[i], value)))
		i++;
	if (!words[i])
		sim_die("%s is '%s': it must be one of %s, %s, %s", name, value ? value : "",
			words[0], words[1], words[2]);
	return i;
}

void settings_read(struct settings *s)
{
	*s = (struct settings){
		.config = {
			.strategy = weave_strategy_find(text("WEAVE_STRATEGY")),
			.seed = number("WEAVE_SEED", 0, UINT64_MAX),
			.bound = (unsigned int)number("WEAVE_BOUND", 0, 1000),
			.gap = (unsigned int)number("WEAVE_GAP", 1, 1000000),
			.memory = (enum weave_memory)word("WEAVE_MEMORY", memories),
			.races = (enum weave_races)word("WEAVE_RACES", races),
			.plain_points = number("WEAVE_PLAIN", 0, 1),
			.max_points = number("WEAVE_POINTS", 1, 1000000000),
		},
		.schedules = number("WEAVE_SCHEDULES", 0, UINT64_MAX),
		.threads = (unsigned int)number("WEAVE_THREADS", 1, WEAVE_MAX_FIBRES),
		.seconds = (unsigned int)number("WEAVE_TIMEOUT", 1, 86400),
		.replay = text("WEAVE_REPLAY"),
		.save = text("WEAVE_SAVE"),
	};
	if (!s->config.strategy)
		sim_die("WEAVE_STRATEGY is '%s': there is none of that name; WEAVE_HELP=1 lists "
			"them",
			text("WEAVE_STRATEGY"));
}

void settings_help(void)
{
	printf("A pthread program on weave. The environment says how:\n");
	for (size_t i = 0; i < NR_VARIABLES; i++)
		printf("  %-16s %s%s%s%s\n", variables[i].name, variables[i].help,
		       *variables[i].standard ? " (" : "", variables[i].standard,
		       *variables[i].standard ? ")" : "");
	printf("Strategies:\n");
	for (unsigned int i = 0; i < weave_nr_strategies; i++)
		printf("  %-16s %s\n", weave_strategies[i]->name, weave_strategies[i]->help);
	printf("Exit status: 0 nothing found, 1 a finding, 2 could not run.\n");
}
