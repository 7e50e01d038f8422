// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search: programs of which it is known how many schedules they have up to equivalence, and bugs
 * that it must find. The counts are N!, and those of Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic
 * Partial Order Reduction", POPL 2014, Tables 1 and 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/weave.h>
#include <sim/bug.h>
#include <sim/compiler.h>

#include "../internal.h"

typedef void (*body_fn)(unsigned int fibre, void *arg);

/* What came of an exploration. */
struct count {
	unsigned long runs;
	unsigned long redundant;
	unsigned long findings;
	u64 fingerprints;
	double estimate_at_10;
	double estimate;
};

static u32 words[32] __aligned(64);
static u32 nr_fibres;

static struct count explore(unsigned int nr, body_fn body, const struct weave_config *config)
{
	struct weave_config c = *config;
	struct weave_result result;
	struct count count = { 0 };
	struct weave *weave;

	c.strategy = &weave_strategy_exhaustive;
	c.catch = true;
	nr_fibres = nr;
	weave = weave_new(&c);
	for (;;) {
		memset(words, 0, sizeof(words));
		if (!weave_run(weave, nr, body, NULL, &result))
			break;
		count.runs++;
		count.redundant += result.redundant;
		count.findings += result.found;
		count.fingerprints = count.fingerprints * 31 + result.fingerprint;
		if (count.runs == 10)
			count.estimate_at_10 = weave_estimate(weave);
	}
	count.estimate = weave_estimate(weave);
	weave_free(weave);
	return count;
}

static struct count explore_plainly(unsigned int nr, body_fn body)
{
	return explore(nr, body, &(struct weave_config){ 0 });
}

/* As many schedules as there are traces, none of them run in vain. */
static void assert_exact(unsigned int nr, body_fn body, unsigned long expected)
{
	struct count count = explore_plainly(nr, body);

	assert_int_equal(count.runs, expected);
	assert_int_equal(count.redundant, 0);
	assert_int_equal(count.findings, 0);
}

/* ---- counts ---- */

static void increment(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	__atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);
}

static void increments_of_one_word(void **state)
{
	unsigned long factorial = 1;

	(void)state;
	for (unsigned int n = 1; n <= 7; n++) {
		factorial *= n;
		assert_exact(n, increment, factorial);
	}
}

static void write_own(unsigned int fibre, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 3; i++)
		WRITE_ONCE(words[fibre], i);
}

static void read_one(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	for (unsigned int i = 0; i < 3; i++)
		READ_ONCE(words[0]);
}

static void those_who_share_nothing_have_one(void **state)
{
	(void)state;
	assert_exact(8, write_own, 1);
	assert_exact(8, read_one, 1);
}

/* One writes, the others read. */
static void readers(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre)
		WRITE_ONCE(words[0], 1);
	else
		READ_ONCE(words[0]);
}

static void readers_of_one_writer(void **state)
{
	(void)state;
	assert_exact(1 + 2, readers, 4);
	assert_exact(1 + 8, readers, 256);
	assert_exact(1 + 13, readers, 8192);
}

/* A hash table of 128 slots in which up to 11 threads never collide. */
static void indexer(unsigned int fibre, void *arg)
{
	enum {
		SIZE = 128,
		MAX = 4
	};
	static u32 table[SIZE];

	(void)arg;
	if (!fibre)
		memset(table, 0, sizeof(table));
	for (u32 m = 1; m <= MAX; m++) {
		u32 key = m * 11 + fibre;
		u32 hash = key * 7 % SIZE;

		while (cmpxchg_relaxed(&table[hash], 0u, key) != 0)
			hash = (hash + 1) % SIZE;
	}
}

static void collisions_of_an_indexer(void **state)
{
	(void)state;
	assert_exact(11, indexer, 1);
	assert_exact(12, indexer, 8);
}

/* One looks for the last word that is 0, the others each set theirs to one more than the one before. */
static void last_zero(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre) {
		WRITE_ONCE(words[fibre], READ_ONCE(words[fibre - 1]) + 1);
		return;
	}
	for (unsigned int i = nr_fibres - 1; READ_ONCE(words[i]); i--)
		;
}

/* The paper's source-DPOR has 79 and 7204 in all, optimal is 64 and 3328. */
static void last_zero_of_an_array(void **state)
{
	struct count count;

	(void)state;
	count = explore_plainly(1 + 5, last_zero);
	assert_int_equal(count.runs - count.redundant, 64);
	assert_true(count.runs <= 79);
	count = explore_plainly(1 + 10, last_zero);
	assert_int_equal(count.runs - count.redundant, 3328);
	assert_true(count.runs <= 7204);
}

static bool word_is_free(const void *word)
{
	return !*(const u32 *)word;
}

static bool try_lock(u32 *lock)
{
	return cmpxchg_acquire(lock, 0u, 1u) == 0;
}

static void lock(u32 *lock)
{
	while (!try_lock(lock))
		weave_wait_on(word_is_free, lock, lock, "lock");
}

static void unlock(u32 *lock)
{
	smp_store_release(lock, 0u);
}

/* ---- bugs ---- */

/* The flag of the other is looked at before the own one is set: both may go in. */
static void no_mutual_exclusion(unsigned int fibre, void *arg)
{
	(void)arg;
	if (READ_ONCE(words[1 - fibre]))
		return;
	WRITE_ONCE(words[fibre], 1);
	MM_BUG_ON(__atomic_fetch_add(&words[2], 1, __ATOMIC_SEQ_CST), "two are inside", SIM_NO_PFN,
		  "fibre %u is the second", fibre);
	__atomic_fetch_sub(&words[2], 1, __ATOMIC_SEQ_CST);
	WRITE_ONCE(words[fibre], 0);
}

/* Set it first, as Dekker did. */
static void mutual_exclusion(unsigned int fibre, void *arg)
{
	(void)arg;
	WRITE_ONCE(words[fibre], 1);
	if (!READ_ONCE(words[1 - fibre])) {
		MM_BUG_ON(__atomic_fetch_add(&words[2], 1, __ATOMIC_SEQ_CST), "two are inside",
			  SIM_NO_PFN, "fibre %u is the second", fibre);
		__atomic_fetch_sub(&words[2], 1, __ATOMIC_SEQ_CST);
	}
	WRITE_ONCE(words[fibre], 0);
}

static void two_inside_are_found(void **state)
{
	struct count count = explore_plainly(2, no_mutual_exclusion);

	(void)state;
	assert_true(count.findings > 0);
	assert_true(count.runs > count.findings);
	/* One is preempted having looked, the other one inside. */
	assert_int_equal(
		explore(2, no_mutual_exclusion, &(struct weave_config){ .bound = 1 }).findings, 0);
	assert_true(explore(2, no_mutual_exclusion, &(struct weave_config){ .bound = 2 }).findings >
		    0);
	count = explore_plainly(2, mutual_exclusion);
	assert_int_equal(count.findings, 0);
	assert_true(count.runs > 1);
}

static void lock_both(unsigned int fibre, void *arg)
{
	u32 *first = arg || !fibre ? &words[0] : &words[16];
	u32 *second = first == &words[0] ? &words[16] : &words[0];

	lock(first);
	lock(second);
	unlock(second);
	unlock(first);
}

static void lock_both_in_order(unsigned int fibre, void *arg)
{
	(void)arg;
	lock_both(fibre, words);
}

static void locks_in_two_orders_block_each_other(void **state)
{
	struct count count = explore_plainly(2, lock_both);

	(void)state;
	assert_true(count.findings > 0);
	assert_true(count.runs > count.findings);
	assert_true(explore(2, lock_both, &(struct weave_config){ .bound = 1 }).findings > 0);
	count = explore_plainly(3, lock_both_in_order);
	assert_int_equal(count.findings, 0);
}

static u32 failed;

static void first_to_come_fails(unsigned int fibre, void *arg)
{
	(void)arg;
	WRITE_ONCE(words[fibre], 1);
	if (__atomic_fetch_add(&words[16], 1, __ATOMIC_SEQ_CST))
		return;
	failed |= 1u << fibre;
	mm_bug("first", SIM_NO_PFN, "fibre %u", fibre);
}

static void what_follows_a_finding_is_tried_in_its_place(void **state)
{
	(void)state;
	failed = 0;
	explore_plainly(4, first_to_come_fails);
	assert_int_equal(failed, 0xf);
}

/* ---- of the search itself ---- */

static void mixture(unsigned int fibre, void *arg)
{
	(void)arg;
	lock(&words[0]);
	words[1]++;
	unlock(&words[0]);
	WRITE_ONCE(words[2], fibre);
	READ_ONCE(words[3]);
	if (try_lock(&words[16])) {
		WRITE_ONCE(words[3], fibre);
		unlock(&words[16]);
	}
}

static void twice_is_the_same(void **state)
{
	for (unsigned int bound = 0; bound <= 2; bound++) {
		struct weave_config config = { .bound = bound };
		struct count one = explore(2, mixture, &config);
		struct count other = explore(2, mixture, &config);

		assert_int_equal(one.runs, other.runs);
		assert_int_equal(one.fingerprints, other.fingerprints);
	}
	(void)state;
}

/* From elsewhere on the heap each time: where words lie decides nothing. */
static u32 *moving;

static void use_moving(unsigned int fibre, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2; i++)
		__atomic_fetch_add(&moving[32 * ((fibre + i) % 3)], 1, __ATOMIC_SEQ_CST);
}

static struct count explore_moving(size_t step)
{
	static u32 room[64 * 32] __aligned(64);
	struct weave *weave =
		weave_new(&(struct weave_config){ .strategy = &weave_strategy_exhaustive });
	struct weave_result result;
	struct count count = { 0 };

	do {
		memset(room, 0, sizeof(room));
		moving = room + 32 * (count.runs * step % 60);
		if (!weave_run(weave, 3, use_moving, NULL, &result))
			break;
		count.fingerprints = count.fingerprints * 31 + result.fingerprint;
		count.runs++;
	} while (count.runs < 10000);
	weave_free(weave);
	return count;
}

static void addresses_may_change_from_run_to_run(void **state)
{
	struct count still = explore_moving(0);

	(void)state;
	for (size_t step = 1; step < 8; step++) {
		struct count moved = explore_moving(step);

		assert_int_equal(moved.runs, still.runs);
		assert_int_equal(moved.fingerprints, still.fingerprints);
	}
}

/* Not a function of its schedule: what it does depends on how often it was run. */
static unsigned int times;

static void fickle(unsigned int fibre, void *arg)
{
	(void)arg;
	if (!fibre && times++ & 1)
		READ_ONCE(words[5]);
	weave_op(10 + fibre + (times & 2));
	__atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);
}

static void what_does_not_repeat_is_a_finding(void **state)
{
	(void)state;
	times = 0;
	assert_true(explore_plainly(3, fickle).findings > 0);
}

static void the_estimate_comes_true(void **state)
{
	struct count count = explore_plainly(6, increment);

	(void)state;
	assert_true(count.estimate == 720);
	assert_true(count.estimate_at_10 >= 10 && count.estimate_at_10 <= 7200);
}

/* ---- bounds ---- */

/* Who came when, a bit each, and which of these orders have been seen. */
static u32 order, orders;

static void two_increments(unsigned int fibre, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2; i++) {
		u32 before = __atomic_fetch_add(&words[0], 1, __ATOMIC_SEQ_CST);

		order = before ? order << 1 | fibre : fibre;
		if (before == 3)
			orders |= 1u << order;
	}
}

static unsigned int orders_within(unsigned int bound)
{
	orders = 0;
	explore(2, two_increments, &(struct weave_config){ .bound = bound });
	return (unsigned int)__builtin_popcount(orders);
}

static void more_preemptions_more_orders(void **state)
{
	(void)state;
	/* aabb, bbaa, abba, baab; abab and baba need two. */
	assert_int_equal(orders_within(1), 4);
	assert_int_equal(orders_within(2), 6);
	assert_int_equal(orders_within(0), 6);
}

static int quiet(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(increments_of_one_word),
		cmocka_unit_test(those_who_share_nothing_have_one),
		cmocka_unit_test(readers_of_one_writer),
		cmocka_unit_test(collisions_of_an_indexer),
		cmocka_unit_test(last_zero_of_an_array),
		cmocka_unit_test_setup(two_inside_are_found, quiet),
		cmocka_unit_test_setup(locks_in_two_orders_block_each_other, quiet),
		cmocka_unit_test_setup(what_follows_a_finding_is_tried_in_its_place, quiet),
		cmocka_unit_test(twice_is_the_same),
		cmocka_unit_test(addresses_may_change_from_run_to_run),
		cmocka_unit_test_setup(what_does_not_repeat_is_a_finding, quiet),
		cmocka_unit_test(the_estimate_comes_true),
		cmocka_unit_test(more_preemptions_more_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
