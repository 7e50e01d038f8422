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
/* Of the worst seed. */
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

/* Over all seeds; one that does not find it in @max counts as @max + 1. */
struct took {
	unsigned int best;
	unsigned int median;
	unsigned int worst;
};

static struct took hunt_seeds(const struct chaos *chaos, struct weave_config config,
			      unsigned int max)
{
	unsigned int took[NR_SEEDS];
	bool done;

	for (unsigned int i = 0; i < NR_SEEDS; i++) {
		config.seed = i + 1;
		took[i] = hunt(chaos, false, config, max, &done) ?: max + 1;
	}
	qsort(took, NR_SEEDS, sizeof(took[0]), by_size);
	return (struct took){ .best = took[0],
			      .median = (took[NR_SEEDS / 2 - 1] + took[NR_SEEDS / 2]) / 2,
			      .worst = took[NR_SEEDS - 1] };
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

static void find_and_print(const struct chaos *chaos, const struct weave_strategy *strategy)
{
	unsigned int max = is_exhaustive(strategy) ? EXHAUSTIVE : MAX_SCHEDULES;
	struct took took = hunt_seeds(chaos, (struct weave_config){ .strategy = strategy }, max);

	print_message(" %7u %6u", took.median, took.worst);
	if (took.worst > max)
		fail_msg("%s does not always find %s in %u schedules",
			 weave_strategy_name(strategy), chaos->name, max);
}

static void each_strategy_finds_each_race(void **state __maybe_unused)
{
	print_message("schedules until found, median and worst of %u seeds\n%-16s", NR_SEEDS, "");
	for (unsigned int s = 0; s < weave_nr_strategies; s++)
		print_message(" %14s", weave_strategy_name(weave_strategies[s]));
	for (unsigned int i = 0; i < chaos_nr; i++) {
		print_message("\n%-16s", chaos_suite[i].name);
		for (unsigned int s = 0; s < weave_nr_strategies; s++)
			find_and_print(&chaos_suite[i], weave_strategies[s]);
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

static void a_deep_bug_needs_a_strategy(void **state __maybe_unused)
{
	static const char *const names[] = { "bounded", "pct" };
	struct took took;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		const struct weave_config config = { .strategy = weave_strategy_find(names[i]) };

		took = hunt_seeds(race_named("aba"), config, MAX_ABA);
		assert_in_range(took.worst, 1, MAX_ABA);
		took = hunt_seeds(race_named("aba-noise"), config, MAX_ABA);
		assert_in_range(took.worst, 1, MAX_ABA);
	}
}

/*
 * Switching at random, pop must be left alone for more than a hundred points, each with an even
 * chance to end that; with rare switches, nothing hits the few points of a small window twice. A
 * gap for each run does not do worst anywhere.
 */
static void no_gap_of_a_random_walk_is_right_for_all(void **state __maybe_unused)
{
	static const char *const names[] = { "lost-update", "polite", "aba", "aba-noise" };
	static const unsigned int gaps[] = { 1, 4, 16, 64, 0 };
	struct took took[ARRAY_SIZE(gaps)];

	print_message("random walk by mean gap, median of %u seeds\n%-16s", NR_SEEDS, "");
	for (unsigned int g = 0; g < ARRAY_SIZE(gaps); g++)
		print_message(" %7u", gaps[g]);
	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		print_message("\n%-16s", names[i]);
		for (unsigned int g = 0; g < ARRAY_SIZE(gaps); g++) {
			const struct weave_config walk = { .strategy =
								   weave_strategy_find("random"),
							   .gap = gaps[g] };

			took[g] = hunt_seeds(race_named(names[i]), walk, MAX_SCHEDULES);
			print_message(" %7u", took[g].median);
		}
		if (!strcmp(names[i], "aba-noise"))
			assert_true(took[0].best > MAX_SCHEDULES);
		else
			assert_true(took[3].median > took[4].median);
	}
	print_message("\n");
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
		cmocka_unit_test(no_gap_of_a_random_walk_is_right_for_all),
		cmocka_unit_test(every_schedule_replays),
	};

	return cmocka_run_group_tests(tests, up, down);
}
