/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The chaos suite: races of the classic kinds, each as small as it can be, with a twin that is
 * right. A strategy must find each of them; a run in which nobody chooses finds none; the twins
 * have none. Not for anything that knows of pages.
 */
#ifndef WEAVE_TESTS_CHAOS_H
#define WEAVE_TESTS_CHAOS_H

#include <stdio.h>

#include <machine/machine.h>

/**
 * struct chaos - one race
 * @name: one or two words with hyphens
 * @finding: how the title begins; "wrong result" when @check finds it
 * @nr: fibres
 * @memory: the strongest model in which it is there
 * @races: what it needs to be found
 * @reset: before each run
 * @body: of each fibre, as it should not be or as it should
 * @check: after a run in which nothing was found: whether the outcome is possible at all; NULL: any is
 */
struct chaos {
	const char *name;
	const char *finding;
	unsigned int nr;
	enum weave_memory memory;
	enum weave_races races;
	void (*reset)(void);
	void (*body)(unsigned int fibre, bool fixed);
	bool (*check)(void);
};

extern const struct chaos chaos_suite[];
extern const unsigned int chaos_nr;

/* What a run of it is given, see chaos_run(). */
struct chaos_arg {
	const struct chaos *chaos;
	bool fixed;
};

void chaos_body(unsigned int fibre, void *arg);

/** chaos_new() - runs of one race; the caller fills in strategy, seed and the like in @config */
static inline struct weave *chaos_new(const struct chaos *chaos, struct weave_config config)
{
	config.memory = chaos->memory;
	config.races = chaos->races;
	config.catch = true;
	return weave_new(&config);
}

/** chaos_run() - one schedule, on a machine that is there. Return: false when none is left */
static inline bool chaos_run(struct weave *weave, const struct chaos *chaos, bool fixed,
			     struct weave_result *result)
{
	struct chaos_arg arg = { chaos, fixed };
	bool ran;

	machine_reset();
	chaos->reset();
	machine_use(weave);
	ran = machine_run_weave(chaos->nr, chaos_body, &arg, result);
	machine_use(NULL);
	if (ran && !result->found && chaos->check && !chaos->check()) {
		result->found = true;
		snprintf(result->title, sizeof(result->title), "wrong result in %s", chaos->name);
	}
	return ran;
}

#endif /* WEAVE_TESTS_CHAOS_H */
