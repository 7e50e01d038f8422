// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strategies: what each promises, that all are pure functions of seed and number of the run, and
 * that what they chose can be given back as a schedule. Whether they find bugs is asked in
 * test_chaos.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sim/atomic.h>

#include "internal.h"
#include "strategy/learn.h"
#include "strategy/strategy.h"

/* ---- code under test: each fibre makes some steps, and says in which order they came ---- */

static unsigned int steps;
static u32 shared_word;
static u32 own_word[4];
static char order[64];

static void step(unsigned int fibre, void *arg __maybe_unused)
{
	for (unsigned int i = 0; i < steps; i++) {
		u32 at = __atomic_fetch_add(&shared_word, 1, __ATOMIC_RELAXED);

		order[at] = (char)('a' + fibre);
	}
}

static void run_steps(struct weave *weave, unsigned int nr, struct weave_result *result)
{
	shared_word = 0;
	memset(order, 0, sizeof(order));
	assert_true(weave_run(weave, nr, step, NULL, result));
}

/* Some of everything: a lock, steps of one's own, yields. */
static u32 lock_word;

#ifdef __clang__
__attribute__((no_sanitize("thread")))
#else
__attribute__((no_sanitize_thread))
#endif
static bool
is_free(const void *word)
{
	return !*(const volatile u32 *)word;
}

static void mixture(unsigned int fibre, void *arg __maybe_unused)
{
	for (unsigned int i = 0; i < 3; i++) {
		__atomic_fetch_add(&own_word[fibre], 1, __ATOMIC_RELAXED);
		while (xchg_acquire(&lock_word, 1u))
			weave_wait(is_free, &lock_word, "lock");
		WRITE_ONCE(shared_word, READ_ONCE(shared_word) + 1);
		smp_store_release(&lock_word, 0u);
		if (i == fibre)
			weave_yield();
	}
}

static void run_mixture(struct weave *weave, struct weave_result *result)
{
	shared_word = lock_word = 0;
	assert_true(weave_run(weave, 4, mixture, NULL, result));
	assert_int_equal(shared_word, 12);
}

/* ---- all of them ---- */

static void they_are_known_by_name(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		const char *name = weave_strategy_name(weave_strategies[i]);

		assert_ptr_equal(weave_strategy_find(name), weave_strategies[i]);
		assert_non_null(weave_strategies[i]->help);
	}
	assert_null(weave_strategy_find("luck"));
	assert_string_equal(weave_strategy_name(NULL), "none");
}

static void a_run_is_its_seed_and_number(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		const struct weave_config config = { .strategy = weave_strategies[i], .seed = 7 };
		struct weave *one = weave_new(&config), *other = weave_new(&config);
		struct weave_result a, b;
		u64 first = 0;

		/* In turn: what a strategy knows must lie in its own state. */
		for (unsigned int run = 0; run < 100; run++) {
			run_mixture(one, &a);
			run_mixture(other, &b);
			assert_int_equal(a.fingerprint, b.fingerprint);
			if (!run)
				first = a.fingerprint;
		}
		weave_set_seed(one, 7);
		run_mixture(one, &a);
		assert_int_equal(a.fingerprint, first);
		weave_free(one);
		weave_free(other);
	}
}

static void another_seed_is_another_walk(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		struct weave_config config = { .strategy = weave_strategies[i] };
		struct weave *one, *other;
		unsigned int differ = 0;
		struct weave_result a, b;

		/* It enumerates: the seed has no say. */
		if (!strcmp(config.strategy->name, "exhaustive"))
			continue;
		config.seed = 1;
		one = weave_new(&config);
		config.seed = 2;
		other = weave_new(&config);
		for (unsigned int run = 0; run < 50; run++) {
			run_mixture(one, &a);
			run_mixture(other, &b);
			differ += a.fingerprint != b.fingerprint;
		}
		assert_true(differ > 25);
		weave_free(one);
		weave_free(other);
	}
}

/* Two that spin wake each other by what they write while they do, and the third must still get on. */
static void spin(unsigned int fibre, void *arg __maybe_unused)
{
	if (fibre == 2) {
		for (unsigned int i = 0; i < 10; i++)
			__atomic_fetch_add(&own_word[2], 1, __ATOMIC_RELAXED);
		WRITE_ONCE(shared_word, 1);
		return;
	}
	while (!READ_ONCE(shared_word)) {
		__atomic_fetch_add(&own_word[fibre], 1, __ATOMIC_RELAXED);
		weave_yield();
	}
}

static void spinning_starves_nobody(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		const struct weave_config config = { .strategy = weave_strategies[i],
						     .seed = 1,
						     .max_points = 10000,
						     .catch = true };
		struct weave_result result;
		struct weave *weave;

		/* Loops like these have no end of schedules. */
		if (!strcmp(config.strategy->name, "exhaustive"))
			continue;
		weave = weave_new(&config);
		for (unsigned int run = 0; run < 100; run++) {
			shared_word = 0;
			assert_true(weave_run(weave, 3, spin, NULL, &result));
			assert_string_equal(result.title, "");
		}
		weave_free(weave);
	}
}

/* ---- random ---- */

static void gaps_have_the_mean_asked_for(void **state __maybe_unused)
{
	struct weave_rng rng = { 1 };

	for (u32 mean = 1; mean <= 256; mean *= 4) {
		u64 sum = 0;

		for (unsigned int i = 0; i < 100000; i++)
			sum += strategy_gap(&rng, mean);
		assert_in_range(sum, mean * 97000ull, mean * 103000ull);
	}
}

/* ---- PCT ---- */

static unsigned int (*counted_pick)(struct weave *weave, const struct weave_point *point);
static unsigned int nr_picks;

static unsigned int count_pick(struct weave *weave, const struct weave_point *point)
{
	nr_picks++;
	return counted_pick(weave, point);
}

/*
 * Of n fibres that wait for nobody: one choice at the beginning, one when each ends, one at each of
 * the d - 1 changes; and while the highest can always go on, no questions in between.
 */
static void pct_switches_where_priorities_change_only(void **state __maybe_unused)
{
	struct weave_strategy counting = *weave_strategy_find("pct");
	struct weave_result result;

	counted_pick = counting.pick;
	counting.pick = count_pick;
	steps = 15;
	for (unsigned int depth = 1; depth <= 4; depth++) {
		struct weave *weave = weave_new(&(struct weave_config){
			.strategy = &counting, .seed = depth, .bound = depth });
		u64 most = 0;

		for (unsigned int run = 0; run < 200; run++) {
			nr_picks = 0;
			run_steps(weave, 4, &result);
			assert_true(nr_picks <= 1 + 3 + depth - 1);
			most = max(most, result.switches);
		}
		/* The beginning, three ends, and all changes, if they are lucky. */
		assert_int_equal(most, 1 + 3 + depth - 1);
		weave_free(weave);
	}
}

static bool is_set(const void *word)
{
	return !is_free(word);
}

static void note(char who)
{
	order[__atomic_fetch_add(&shared_word, 1, __ATOMIC_RELAXED)] = who;
}

static void wait_or_work(unsigned int fibre, void *arg __maybe_unused)
{
	if (!fibre) {
		weave_wait(is_set, &lock_word, "work");
		note('w');
		return;
	}
	WRITE_ONCE(lock_word, 1);
	note('l');
	note('l');
}

/* Priorities that nothing changes: whoever waits goes on at once, or last. */
static void pct_lets_the_highest_go_on_at_once(void **state __maybe_unused)
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("pct"), .seed = 1, .bound = 1 });
	unsigned int first = 0, last = 0;

	for (unsigned int run = 0; run < 50; run++) {
		shared_word = lock_word = 0;
		memset(order, 0, sizeof(order));
		assert_true(weave_run(weave, 2, wait_or_work, NULL, NULL));
		first += !strcmp(order, "wll");
		last += !strcmp(order, "llw");
	}
	assert_int_equal(first + last, 50);
	assert_in_range(first, 10, 40);
	weave_free(weave);
}

/* ---- POS ---- */

static unsigned int nr_orders;
static char orders[64][16];

static bool seen_before(void)
{
	for (unsigned int i = 0; i < nr_orders; i++)
		if (!strcmp(orders[i], order))
			return true;
	strcpy(orders[nr_orders++], order);
	return false;
}

static void pos_draws_every_order(void **state __maybe_unused)
{
	struct weave *weave = weave_new(
		&(struct weave_config){ .strategy = weave_strategy_find("pos"), .seed = 1 });
	struct weave_result result;

	nr_orders = 0;
	steps = 3;
	for (unsigned int run = 0; run < 400; run++) {
		run_steps(weave, 2, &result);
		seen_before();
	}
	assert_int_equal(nr_orders, 20); /* 6 over 3 */
	weave_free(weave);
}

/* ---- bounded ---- */

static unsigned int preemptions_of(const char *text)
{
	unsigned int nr = 0;

	for (const char *c = text; c[0] && c[1]; c++)
		nr += c[0] != c[1] && strchr(c + 1, c[0]);
	return nr;
}

static unsigned int run_bounded(unsigned int bound, unsigned int nr, unsigned int max)
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("bounded"), .seed = 3, .bound = bound });
	struct weave_result result;
	unsigned int runs;

	nr_orders = 0;
	for (runs = 0; runs < max; runs++) {
		shared_word = 0;
		memset(order, 0, sizeof(order));
		if (!weave_run(weave, nr, step, NULL, &result))
			break;
		assert_true(preemptions_of(order) <= bound);
		seen_before();
	}
	weave_free(weave);
	return runs;
}

/* Of aaabbb and the like: how many have at most so many preemptions, counted by hand. */
static void bounded_tries_all_there_are_and_ends(void **state __maybe_unused)
{
	steps = 3;
	assert_true(run_bounded(1, 2, 1000) < 1000);
	assert_int_equal(nr_orders, 2 + 4);
	assert_true(run_bounded(2, 2, 1000) < 1000);
	assert_int_equal(nr_orders, 2 + 4 + 8);
	/* One of the three in two parts, which the others come between: 6 of 12 ways to order a1, a2, b and c. */
	steps = 2;
	assert_true(run_bounded(1, 3, 10000) < 10000);
	assert_int_equal(nr_orders, 6 + 3 * 6);
	steps = 1;
	assert_true(run_bounded(1, 4, 10000) < 10000);
	assert_int_equal(nr_orders, 24);
	assert_true(run_bounded(1, 1, 1000) < 1000);
	assert_int_equal(nr_orders, 1);
}

static void bounded_repeats_no_schedule(void **state __maybe_unused)
{
	steps = 3;
	/* Two orders, in each of them one preemption at one of 4 points of 2 fibres, or two or three. */
	assert_int_equal(run_bounded(1, 2, 1000), 2 * (1 + 8));
	assert_int_equal(run_bounded(2, 2, 1000), 2 * (1 + 8 + 28));
	assert_int_equal(run_bounded(3, 2, 1000), 2 * (1 + 8 + 28 + 56));
}

/* What memory does is drawn: the same switches may show something else the next time. */
static void bounded_has_no_end_under_weak_memory(void **state __maybe_unused)
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("bounded"), .seed = 1, .memory = WEAVE_LKMM });

	steps = 1;
	for (unsigned int run = 0; run < 500; run++)
		run_steps(weave, 2, NULL);
	weave_free(weave);
}

/* 8 of 60 points, in 24 orders, are more sets than can be numbered: they are drawn, and within the bound all the same. */
static void bounded_draws_where_it_cannot_count(void **state __maybe_unused)
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("bounded"), .seed = 1, .bound = 8 });
	struct weave_result result;
	u64 most = 0;

	steps = sizeof(order) / 4 - 1;
	for (unsigned int run = 0; run < 400; run++) {
		run_steps(weave, 4, &result);
		assert_true(preemptions_of(order) <= 8);
		most = max(most, result.preemptions);
	}
	assert_true(most >= 6);
	weave_free(weave);
}

#define OWN_STEPS 60u

static void mostly_alone(unsigned int fibre, void *arg __maybe_unused)
{
	for (unsigned int i = 1; i <= OWN_STEPS; i++)
		__atomic_fetch_add(i == OWN_STEPS / 2 ? &shared_word : &own_word[fibre], 1,
				   __ATOMIC_RELAXED);
}

/* One point in 60 is worth a preemption, and nearly all of them happen there. */
static void bounded_prefers_shared_words(void **state __maybe_unused)
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("bounded"), .seed = 1, .bound = 1 });
	unsigned int there = 0, elsewhere = 0;
	struct weave_result result;

	/* Once those are done it must try others. */
	for (unsigned int run = 0; run < 2 + 2 * 2; run++) {
		assert_true(weave_run(weave, 2, mostly_alone, NULL, &result));
		for (unsigned int i = 0; i < result.schedule.nr; i++) {
			u32 nth = result.schedule.entries[i].nth;

			there += nth == OWN_STEPS / 2;
			elsewhere += nth != OWN_STEPS / 2 && nth && nth <= OWN_STEPS;
		}
	}
	assert_int_equal(there, 2);
	assert_int_equal(elsewhere, 0);
	weave_free(weave);
}

static struct learn learned;

static void what_is_learned_is_a_fair_sample(void **state __maybe_unused)
{
	struct weave_point point = {
		.kind = WEAVE_STORE, .size = 4, .write = true, .addr = 0x1000
	};
	unsigned int late = 0;

	memset(&learned, 0, sizeof(learned));
	learn_begin(&learned, false);
	for (u32 i = 0; i < 40000; i++) {
		point.op = i / 100;
		point.nth = i % 100;
		/* Every tenth on a word that both write to, every fifth on one that both read, the others on one's own. */
		point.write = i % 10 != 5;
		point.addr = i % 5 ? 0x1000 + 8 * (i / 20000) : 0x2000 + i % 10;
		learn_point(&learned, i / 20000, &point);
	}
	assert_true(learn_end(&learned));
	assert_true(learned.thinned > 0);
	assert_in_range(learned.nr, LEARN_SPOTS / 4, LEARN_SPOTS);
	for (u32 i = 0; i < learned.nr; i++) {
		assert_int_equal(i < learned.nr_shared, learned.spots[i].nth % 10 == 0);
		late += learned.spots[i].op >= 200;
	}
	assert_in_range(late, learned.nr * 4 / 10, learned.nr * 6 / 10);
}

/* ---- interrupts ---- */

static bool interrupt_is_due;

static bool interrupt_waits(unsigned int fibre __maybe_unused)
{
	return interrupt_is_due;
}

static void handler(unsigned int fibre __maybe_unused, unsigned int value __maybe_unused)
{
	interrupt_is_due = false;
	WRITE_ONCE(shared_word, READ_ONCE(shared_word) + 1);
}

static void interrupted_steps(unsigned int fibre __maybe_unused, void *arg __maybe_unused)
{
	for (unsigned int i = 0; i < 6; i++)
		WRITE_ONCE(own_word[0], READ_ONCE(own_word[0]) + 1);
	WRITE_ONCE(shared_word, READ_ONCE(shared_word) + 1);
}

static void run_interrupted(struct weave *weave, struct weave_result *result)
{
	shared_word = 0;
	interrupt_is_due = true;
	assert_true(weave_run(weave, 1, interrupted_steps, NULL, result));
}

/* The handler's increment, between the load and the store of the other one, is lost; and is so again from the schedule. */
static void an_interrupt_that_waits_comes_in(void **state __maybe_unused)
{
	for (unsigned int i = 0; i < weave_nr_strategies; i++) {
		struct weave_config config = { .strategy = weave_strategies[i],
					       .interrupt = handler,
					       .interrupt_waits = interrupt_waits };
		unsigned int came = 0, lost = 0;
		struct weave_entry entry;
		struct weave_schedule schedule = { &entry, 1 };
		struct weave *weave, *again;
		struct weave_result result;
		u64 fingerprint;

		/* The others count what there is, and would have to count where interrupts may come. */
		if (!config.strategy->interrupts)
			continue;
		weave = weave_new(&config);
		for (unsigned int run = 0; run < 2000 && !lost; run++) {
			run_interrupted(weave, &result);
			came += !interrupt_is_due;
			lost = !interrupt_is_due && shared_word == 1;
		}
		assert_true(came > 1);
		assert_int_equal(lost, 1);

		assert_int_equal(result.schedule.nr, 1);
		entry = result.schedule.entries[0];
		fingerprint = result.fingerprint;
		config.schedule = &schedule;
		config.strategy = NULL;
		again = weave_new(&config);
		run_interrupted(again, &result);
		assert_int_equal(shared_word, 1);
		assert_int_equal(result.fingerprint, fingerprint);
		weave_free(again);
		weave_free(weave);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_known_by_name),
		cmocka_unit_test(a_run_is_its_seed_and_number),
		cmocka_unit_test(another_seed_is_another_walk),
		cmocka_unit_test(spinning_starves_nobody),
		cmocka_unit_test(an_interrupt_that_waits_comes_in),
		cmocka_unit_test(gaps_have_the_mean_asked_for),
		cmocka_unit_test(pct_switches_where_priorities_change_only),
		cmocka_unit_test(pct_lets_the_highest_go_on_at_once),
		cmocka_unit_test(pos_draws_every_order),
		cmocka_unit_test(bounded_tries_all_there_are_and_ends),
		cmocka_unit_test(bounded_repeats_no_schedule),
		cmocka_unit_test(bounded_has_no_end_under_weak_memory),
		cmocka_unit_test(bounded_draws_where_it_cannot_count),
		cmocka_unit_test(bounded_prefers_shared_words),
		cmocka_unit_test(what_is_learned_is_a_fair_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
