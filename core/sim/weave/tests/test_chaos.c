// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each strategy against each race of the chaos suite (chaos/chaos.c), and against its twin that is
 * right. Prints how many schedules it took: the table of docs/weave.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chaos/chaos.h"
#include "internal.h"

#define NR_SEEDS       20
/* The worst of all seeds; the median is what counts. */
#define MAX_SCHEDULES  5000u
/* What the stack with an ABA must be found in. */
#define MAX_ABA	       1000u
#define TWIN_SCHEDULES 1000u
#define EXHAUSTIVE     1000000u
#define REPLAYS	       300u

static int up(void **state __maybe_unused)
{
	sim_bug_quiet(true);
	machine_init(2);
	return 0;
}

static int down(void **state __maybe_unused)
{
	machine_exit();
	sim_bug_quiet(false);
	return 0;
}

static bool is_exhaustive(const struct weave_strategy *strategy)
{
	return strategy && !strcmp(weave_strategy_name(strategy), "exhaustive");
}

/* How many schedules it took to find something; 0: it was not found in @max, or there were no more, see @done. */
static unsigned int hunt(const struct chaos *chaos, bool fixed, struct weave_config config,
			 unsigned int max, bool *done)
{
	struct weave *weave = chaos_new(chaos, config);
	struct weave_result result = { 0 };
	unsigned int i;

	*done = false;
	for (i = 1; i <= max && !result.found && !*done; i++)
		*done = !chaos_run(weave, chaos, fixed, &result);
	weave_free(weave);
	if (!result.found)
		return 0;
	if (fixed || strncmp(result.title, chaos->finding, strlen(chaos->finding)))
		fail_msg("%s%s: %s: %s", chaos->name, fixed ? " (fixed)" : "", result.title,
			 result.text);
	return i - 1;
}

static int by_size(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

/* The median over all seeds; each of them finds it in @max. */
static unsigned int median(const struct chaos *chaos, struct weave_config config, unsigned int max)
{
	unsigned int took[NR_SEEDS];
	bool done;

	for (unsigned int i = 0; i < NR_SEEDS; i++) {
		config.seed = i + 1;
		took[i] = hunt(chaos, false, config, max, &done);
		if (!took[i])
			fail_msg("%s: %s does not find it in %u schedules with seed %u%s",
				 chaos->name, weave_strategy_name(config.strategy), max, i + 1,
				 done ? ", there are no more" : "");
	}
	qsort(took, NR_SEEDS, sizeof(took[0]), by_size);
	return (took[NR_SEEDS / 2 - 1] + took[NR_SEEDS / 2]) / 2;
}

static const struct chaos *race_named(const char *name)
{
	for (unsigned int i = 0; i < chaos_nr; i++)
		if (!strcmp(chaos_suite[i].name, name))
			return &chaos_suite[i];
	fail_msg("no race is called %s", name);
	return NULL;
}

static void each_cpu_in_turn_finds_none(void **state __maybe_unused)
{
	bool done;

	for (unsigned int i = 0; i < chaos_nr; i++)
		if (hunt(&chaos_suite[i], false, (struct weave_config){ .strategy = NULL }, 1,
			 &done))
			fail_msg("%s needs no strategy to be found", chaos_suite[i].name);
}

static void each_strategy_finds_each_race(void **state __maybe_unused)
{
	print_message("schedules until found, median of %u seeds\n%-16s", NR_SEEDS, "");
	for (unsigned int s = 0; s < weave_nr_strategies; s++)
		print_message(" %11s", weave_strategy_name(weave_strategies[s]));
	for (unsigned int i = 0; i < chaos_nr; i++) {
		print_message("\n%-16s", chaos_suite[i].name);
		for (unsigned int s = 0; s < weave_nr_strategies; s++) {
			const struct weave_strategy *strategy = weave_strategies[s];
			unsigned int max = is_exhaustive(strategy) ? EXHAUSTIVE : MAX_SCHEDULES;

			print_message(" %11u",
				      median(&chaos_suite[i],
					     (struct weave_config){ .strategy = strategy }, max));
		}
	}
	print_message("\n");
}

static void no_strategy_finds_anything_in_a_twin(void **state __maybe_unused)
{
	bool done;

	for (unsigned int i = 0; i < chaos_nr; i++) {
		for (unsigned int s = 0; s < weave_nr_strategies; s++) {
			const struct weave_config config = { .strategy = weave_strategies[s],
							     .seed = 1 };
			bool all = is_exhaustive(config.strategy);

			hunt(&chaos_suite[i], true, config, all ? EXHAUSTIVE : TWIN_SCHEDULES,
			     &done);
			if (all && !done)
				fail_msg("%s (fixed): exhaustive search does not end in %u "
					 "schedules",
					 chaos_suite[i].name, EXHAUSTIVE);
		}
	}
}

/*
 * Without ten steps between any two that matter a walk that switches at random stands a chance;
 * with them, pop would have to be left alone for more than a hundred points, each with an even
 * chance to end that.
 */
static void a_deep_bug_needs_a_strategy(void **state __maybe_unused)
{
	const struct chaos *quiet = race_named("aba");
	const struct chaos *noise = race_named("aba-noise");
	bool done;

	for (const char *const *name = (const char *const[]){ "bounded", "pct", NULL }; *name;
	     name++) {
		const struct weave_config config = { .strategy = weave_strategy_find(*name) };

		assert_in_range(median(quiet, config, MAX_ABA), 1, MAX_ABA / 4);
		assert_in_range(median(noise, config, MAX_ABA), 1, MAX_ABA / 4);
	}
	for (unsigned int seed = 1; seed <= NR_SEEDS; seed++) {
		const struct weave_config walk = { .strategy = weave_strategy_find("random"),
						   .gap = 1,
						   .seed = seed };

		assert_int_equal(hunt(noise, false, walk, MAX_ABA, &done), 0);
	}
}

/* What a strategy chose is all that is needed to see the same run again, without it. */
static void a_schedule_replays(const struct chaos *chaos, const struct weave_strategy *strategy)
{
	struct weave *weave =
		chaos_new(chaos, (struct weave_config){ .strategy = strategy, .seed = 1 });
	struct weave *replay = chaos_new(chaos, (struct weave_config){ .strategy = NULL });
	struct weave_result result, again;

	for (unsigned int i = 0; i < REPLAYS && chaos_run(weave, chaos, false, &result); i++) {
		struct weave_schedule copy = result.schedule;

		copy.entries = calloc(copy.nr + 1, sizeof(*copy.entries));
		assert_non_null(copy.entries);
		memcpy(copy.entries, result.schedule.entries, copy.nr * sizeof(*copy.entries));
		weave_set_schedule(replay, &copy);
		assert_true(chaos_run(replay, chaos, false, &again));
		if (again.fingerprint != result.fingerprint || strcmp(again.title, result.title))
			fail_msg("%s: run %u of %s (%s) is another when replayed (%s)", chaos->name,
				 i, weave_strategy_name(strategy), result.title, again.title);
		free(copy.entries);
	}
	weave_set_schedule(replay, NULL);
	weave_free(replay);
	weave_free(weave);
}

static void every_schedule_replays(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < chaos_nr; i++)
		for (unsigned int s = 0; s < weave_nr_strategies; s++)
			a_schedule_replays(&chaos_suite[i], weave_strategies[s]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cpu_in_turn_finds_none),
		cmocka_unit_test(each_strategy_finds_each_race),
		cmocka_unit_test(no_strategy_finds_anything_in_a_twin),
		cmocka_unit_test(a_deep_bug_needs_a_strategy),
		cmocka_unit_test(every_schedule_replays),
	};

	return cmocka_run_group_tests(tests, up, down);
}
