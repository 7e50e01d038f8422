// SPDX-License-Identifier: GPL-2.0-only
/* What the lock checks find, and what they leave alone. */
#include "catch.h"

#include <sim/rcu.h>
#include <sim/spinlock.h>

/* rank:   1        2       3                 5                                          */
/*       hotplug > zone > pcp (outer to inner), desc                                      */
static struct mutex hotplug;
static spinlock_t zone, pcp, other_pcp, desc;
static const char *const names[] = { NULL, "hotplug", "zone->lock", "pcp->lock", NULL, "desc" };

static int up(void **state)
{
	mutex_init(&hotplug, 1);
	spin_lock_init(&zone, 2);
	spin_lock_init(&pcp, 3);
	spin_lock_init(&other_pcp, 3);
	spin_lock_init(&desc, 5);
	lockdep_set_names(names, ARRAY_SIZE(names));
	return machine_up(state);
}

static int down(void **state)
{
	lockdep_set_names(NULL, 0);
	return machine_down(state);
}

static void in_order(void)
{
	mutex_lock(&hotplug);
	spin_lock(&zone);
	spin_lock(&pcp);
	lockdep_assert_held(&pcp);
	lockdep_assert_held(&hotplug);
	/* Any order of unlocking. */
	spin_unlock(&zone);
	spin_unlock(&pcp);
	might_sleep();
	mutex_unlock(&hotplug);
	lockdep_assert_none_held();
}

static void against_the_order(void)
{
	spin_lock(&pcp);
	spin_lock(&zone);
}

static void two_of_a_rank(void)
{
	spin_lock(&pcp);
	spin_lock(&other_pcp);
}

static void trylock_against_the_order(void)
{
	bool got;

	spin_lock(&pcp);
	got = spin_trylock(&zone);
	assert_true(got);
	/* One that this CPU has already: no luck, no finding. */
	got = spin_trylock(&zone);
	assert_false(got);
	spin_unlock(&zone);
	spin_unlock(&pcp);
}

static void below_a_tried_lock(void)
{
	bool got = spin_trylock(&desc);

	assert_true(got);
	spin_lock(&pcp);
}

static void twice(void)
{
	spin_lock(&zone);
	spin_lock(&zone);
}

static void unlock_not_held(void)
{
	spin_unlock(&zone);
}

static void unlock_of_another_cpu(void)
{
	/* The one that holds it is set aside by hand: machine_cpu_become() would refuse. */
	bool got = spin_trylock(&zone);

	assert_true(got);
	machine_reset();
	machine_cpu_become(1);
	spin_unlock(&zone);
}

static void not_held(void)
{
	lockdep_assert_held(&zone);
}

static void mutex_under_spinlock(void)
{
	spin_lock(&zone);
	mutex_lock(&hotplug);
}

static void sleep_in_read_section(void)
{
	rcu_read_lock();
	might_sleep();
}

static void sleep_with_preemption_off(void)
{
	preempt_disable();
	mutex_lock(&hotplug);
}

static void enable_too_much(void)
{
	preempt_enable();
}

static void keep_a_lock(void)
{
	spin_lock(&zone);
	lockdep_assert_none_held();
}

static void keep_a_section(void)
{
	rcu_read_lock();
	lockdep_assert_none_held();
}

static void keep_preemption_off(void)
{
	preempt_disable();
	lockdep_assert_none_held();
}

static void never_initialised(void)
{
	spinlock_t lock = { 0, 0 };

	spin_lock(&lock);
}

static void too_many(void)
{
	spinlock_t locks[SIM_MAX_HELD + 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(locks); i++) {
		spin_lock_init(&locks[i], i + 1);
		spin_lock(&locks[i]);
	}
}

static void switch_with_lock(void)
{
	spin_lock(&zone);
	machine_cpu_become(1);
}

static void findings(void **state)
{
	static const struct {
		void (*fn)(void);
		const char *title;
	} cases[] = {
		{ in_order, "nothing" },
		{ trylock_against_the_order, "nothing" },
		{ against_the_order, "lock order in against_the_order" },
		{ two_of_a_rank, "lock order in two_of_a_rank" },
		{ below_a_tried_lock, "lock order in below_a_tried_lock" },
		{ twice, "lock recursion in twice" },
		{ unlock_not_held, "unlock of a lock not held in unlock_not_held" },
		{ unlock_of_another_cpu, "unlock of a lock not held in unlock_of_another_cpu" },
		{ not_held, "lock not held in not_held" },
		{ mutex_under_spinlock, "sleep in atomic in mutex_under_spinlock" },
		{ sleep_in_read_section, "sleep in atomic in sleep_in_read_section" },
		{ sleep_with_preemption_off, "sleep in atomic in sleep_with_preemption_off" },
		{ enable_too_much, "preempt_enable without disable in preempt_enable" },
		{ keep_a_lock, "lock kept in keep_a_lock" },
		{ keep_a_section, "RCU section kept in keep_a_section" },
		{ keep_preemption_off, "preemption kept off in keep_preemption_off" },
		{ never_initialised, "lock never initialised in never_initialised" },
		{ too_many, "too many locks in too_many" },
		{ switch_with_lock, "switch in atomic in machine_cpu_become" },
	};
	unsigned int i;

	if (!MM_DEBUG)
		skip();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		up(state);
		assert_bug(cases[i].title, cases[i].fn);
		/* Nothing of a case is left in the next one. */
		down(state);
	}
}

static void says_which_locks(void **state)
{
	(void)state;
	if (!MM_DEBUG)
		skip();
	bug_of(against_the_order);
	assert_non_null(strstr(catch_report.text,
			       "CPU 0 takes zone->lock (rank 2) while it holds pcp->lock (rank 3), since against_the_order"));
}

/*
 * No graph is learned: an order that an earlier run has used does not make a later one wrong, and
 * the same run twice gives the same verdict.
 */
static void a_verdict_is_of_one_run(void **state)
{
	(void)state;
	if (!MM_DEBUG)
		skip();
	assert_no_bug(trylock_against_the_order);
	assert_no_bug(in_order);
	assert_no_bug(trylock_against_the_order);
}

static void costs_no_space(void **state)
{
	(void)state;
	assert_int_equal(sizeof(spinlock_t), 8);
	assert_int_equal(sizeof(struct mutex), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings),
		cmocka_unit_test_setup_teardown(says_which_locks, up, down),
		cmocka_unit_test_setup_teardown(a_verdict_is_of_one_run, up, down),
		cmocka_unit_test(costs_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
