// SPDX-License-Identifier: GPL-2.0-only
/*
 * The set of frame numbers: order, failure, and what a reset of the machine leaves of it.
 */
#include "drivers/pfn_set.h"
#include "tests/machine.h"

/* In the arena in earnest; here it is emptied by hand. */
static struct pfn_set set;

static int setup(void **state)
{
	memset(&set, 0, sizeof(set));
	return boot_small(state);
}

static void a_walk_finds_the_oldest_first(void **state)
{
	const unsigned long expected[] = { 9, 4, 8 };
	unsigned int i = 0;

	(void)state;
	assert_null(pfn_set_first(&set));
	assert_int_equal(pfn_set_count(&set), 0);
	assert_int_equal(pfn_set_insert(&set, 9), 0);
	assert_int_equal(pfn_set_insert(&set, 3), 0);
	assert_int_equal(pfn_set_insert(&set, 4), 0);
	assert_int_equal(pfn_set_insert(&set, 8), 0);
	pfn_set_erase(&set, pfn_set_find(&set, 3));
	assert_null(pfn_set_find(&set, 3));
	assert_int_equal(pfn_set_find(&set, 4)->pfn, 4);
	for (struct pfn_entry *e = pfn_set_first(&set); e; e = pfn_set_next(e))
		assert_int_equal(e->pfn, expected[i++]);
	assert_int_equal(i, 3);
	assert_int_equal(pfn_set_count(&set), 3);
	while (pfn_set_first(&set))
		pfn_set_erase(&set, pfn_set_first(&set));
	assert_int_equal(desc_in_use(CACHE_PFN_ENTRY), 0);
}

/* More than the buckets in the set are for: they move to malloc and, with the last member, back. */
static void a_large_set_grows_and_is_emptied(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned long pfn = 0; pfn < 2000; pfn++)
			assert_int_equal(pfn_set_insert(&set, pfn), 0);
		assert_ptr_not_equal(set.table.buckets, set.buckets);
		for (unsigned long pfn = 0; pfn < 2000; pfn++)
			assert_int_equal(pfn_set_find(&set, pfn)->pfn, pfn);
		assert_null(pfn_set_find(&set, 2000));
		for (unsigned long pfn = 0; pfn < 2000; pfn++)
			pfn_set_erase(&set, pfn_set_find(&set, pfn));
		assert_null(set.entries);
	}
}

static void no_room_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(pfn_set_insert(&set, 1), 0);
	fault_arm(FAULT_PFN_SET, 1);
	assert_int_equal(pfn_set_insert(&set, 2), -ENOMEM);
	fault_arm(FAULT_DESC, 1);
	assert_int_equal(pfn_set_insert(&set, 2), -ENOMEM);
	assert_int_equal(pfn_set_count(&set), 1);
	assert_int_equal(desc_in_use(CACHE_PFN_ENTRY), 1);
	assert_int_equal(pfn_set_insert(&set, 2), 0);
	expect_bug("frame is in the set already", pfn_set_insert(&set, 1));
}

/* What LeakSanitizer would find: the machine is reset with a large set alive. */
static void a_forgotten_set_leaks_nothing(void **state)
{
	(void)state;
	for (unsigned long pfn = 0; pfn < 2000; pfn++)
		assert_int_equal(pfn_set_insert(&set, pfn), 0);
	pfn_set_forget(&set);
	be->reset();
	assert_int_equal(pfn_set_count(&set), 0);
	pfn_set_forget(&set);
	assert_int_equal(pfn_set_insert(&set, 1), 0);
	assert_ptr_equal(set.table.buckets, set.buckets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_walk_finds_the_oldest_first, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_large_set_grows_and_is_emptied, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(no_room_changes_nothing, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_forgotten_set_leaks_nothing, setup, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
