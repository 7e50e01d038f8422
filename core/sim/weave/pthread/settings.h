/* SPDX-License-Identifier: GPL-2.0-only */
/* How a pthread program is run on weave, from the environment. Parsing only. */
#ifndef WEAVE_PTHREAD_SETTINGS_H
#define WEAVE_PTHREAD_SETTINGS_H

#include <mmfuzz/weave.h>

/**
 * struct settings - see settings_help() for what each is
 * @config: strategy, seed, bound, gap, memory, races, plain_points, max_points
 * @schedules: 0: until the strategy has nothing left to try
 * @threads: at once, main included
 * @seconds: that one run may take
 * @replay: a schedule to follow, or NULL
 * @save: where to write the schedule of a finding; NULL: PROGRAM.schedule
 */
struct settings {
	struct weave_config config;
	uint64_t schedules;
	unsigned int threads;
	unsigned int seconds;
	const char *replay;
	const char *save;
};

/** settings_read() - ends the process with status 2 and one line when a variable makes no sense */
void settings_read(struct settings *settings);
/** settings_help() - print each variable, what it is and what it is when not set */
void settings_help(void);

#endif /* WEAVE_PTHREAD_SETTINGS_H */
