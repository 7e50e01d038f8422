// SPDX-License-Identifier: GPL-2.0-only
/* Which step fails when a fault is armed. */
#include "catch.h"

#include <sim/fault.h>
#include <sim/spinlock.h>

/* One letter a step: F it failed, . it did not. */
static const char *steps(enum fault_kind kind, unsigned int nr)
{
	static char out[16];
	unsigned int i;

	for (i = 0; i < nr; i++)
		out[i] = should_fail(kind) ? 'F' : '.';
	out[nr] = '\0';
	return out;
}

static void unarmed_nothing_fails(void **state)
{
	(void)state;
	assert_string_equal(steps(FAULT_DESC, 4), "....");
	assert_string_equal(steps(FAULT_NONE, 4), "....");
	assert_false(fault_disarm());
}

static void the_nth_fails_once(void **state)
{
	(void)state;
	fault_arm(FAULT_DESC, 1);
	assert_string_equal(steps(FAULT_DESC, 4), "F...");
	assert_true(fault_disarm());

	fault_arm(FAULT_DESC, 3);
	assert_string_equal(steps(FAULT_PFN_SET, 4), "....");
	assert_string_equal(steps(FAULT_DESC, 4), "..F.");
	assert_true(fault_disarm());
	assert_false(fault_disarm());

	fault_arm(FAULT_DESC, 5);
	assert_string_equal(steps(FAULT_DESC, 4), "....");
	assert_false(fault_disarm());
	assert_string_equal(steps(FAULT_DESC, 4), "....");
}

static void zero_means_every_one(void **state)
{
	(void)state;
	fault_arm(FAULT_PFN_SET, 0);
	assert_string_equal(steps(FAULT_PFN_SET, 4), "FFFF");
	assert_true(fault_disarm());
	assert_string_equal(steps(FAULT_PFN_SET, 4), "....");
}

static void a_fault_is_of_one_cpu(void **state)
{
	(void)state;
	fault_arm(FAULT_PAGE, 0);
	machine_cpu_become(1);
	assert_string_equal(steps(FAULT_PAGE, 2), "..");
	machine_cpu_become(0);
	assert_string_equal(steps(FAULT_PAGE, 2), "FF");
	machine_reset();
	assert_string_equal(steps(FAULT_PAGE, 2), "..");
}

static void only_a_trylock_with_a_fallback_can_fail(void **state)
{
	spinlock_t lock;

	(void)state;
	spin_lock_init(&lock, 1);
	fault_arm(FAULT_TRYLOCK, 1);
	assert_true(spin_trylock(&lock));
	spin_unlock(&lock);
	assert_false(spin_trylock_faultable(&lock));
	assert_false(spin_is_locked(&lock));
	assert_true(spin_trylock_faultable(&lock));
	spin_unlock(&lock);
}

static void names(void **state)
{
	unsigned int kind, other;

	(void)state;
	for (kind = 0; kind < NR_FAULT_KINDS; kind++) {
		assert_non_null(fault_name(kind));
		for (other = 0; other < kind; other++)
			assert_string_not_equal(fault_name(kind), fault_name(other));
	}
	assert_null(fault_name(NR_FAULT_KINDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unarmed_nothing_fails, machine_up, machine_down),
		cmocka_unit_test_setup_teardown(the_nth_fails_once, machine_up, machine_down),
		cmocka_unit_test_setup_teardown(zero_means_every_one, machine_up, machine_down),
		cmocka_unit_test_setup_teardown(a_fault_is_of_one_cpu, machine_up, machine_down),
		cmocka_unit_test_setup_teardown(only_a_trylock_with_a_fallback_can_fail,
						machine_up, machine_down),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
