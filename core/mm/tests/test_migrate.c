// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolate, migrate, put back: with a driver that the test scripts, with the balloon, with folios.
 *
 * A machine of 256 frames. The test's driver owns the frames it has in driver.frames.
 */
#include "machine.h"
#include "race.h"

/* A driver that does as it is told and notes what it was asked. */
static struct {
	bool isolate;	    /* what isolate_page() answers */
	int result;	    /* of migrate_page() */
	unsigned int again; /* answer -EAGAIN so often first */
	bool forget_source; /* breaks its contract: the source keeps its word */
	bool touch_target;  /* breaks its contract: fails, but has described the target */
	unsigned int isolated, migrated, putback;
} driver;

static bool test_isolate(unsigned long pfn)
{
	assert_true(page_word(pfn_to_page(pfn)) & MISC_ISOLATED);
	driver.isolated++;
	return driver.isolate;
}

static int test_migrate(unsigned long dst, unsigned long src, bool async)
{
	(void)async;
	driver.migrated++;
	if (driver.again) {
		driver.again--;
		return -EAGAIN;
	}
	if (driver.touch_target)
		set_page_offline(pfn_to_page(dst), 0, OFFLINE_OWNER_NONE, 0);
	if (driver.result)
		return driver.result;
	if (!driver.forget_source)
		set_page_word(pfn_to_page(src), misc_word(MISC_FROZEN, 0, 0));
	set_page_offline(pfn_to_page(dst), 0, OFFLINE_OWNER_NONE, MISC_MOVABLE);
	return 0;
}

static void test_putback(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long word = page_word(page);

	driver.putback++;
	assert_true(page_word_cmpxchg(page, word, word & ~MISC_ISOLATED));
}

static const struct movable_operations test_mops = { test_isolate, test_migrate, test_putback };

/* The balloon registered at boot; the test's driver takes its slot. */
static int reset(void **state)
{
	(void)state;
	be->reset();
	memset(&driver, 0, sizeof(driver));
	driver.isolate = true;
	assert_int_equal(set_movable_ops(NULL, MEMDESC_MISC), 0);
	assert_int_equal(set_movable_ops(&test_mops, MEMDESC_MISC), 0);
	return 0;
}

static int boot_balloon(void **state)
{
	set_movable_ops(NULL, MEMDESC_MISC);
	return boot_small(state);
}

static int shutdown_balloon(void **state)
{
	shutdown_machine(state);
	set_movable_ops(NULL, MEMDESC_MISC);
	return 0;
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check_idle();
}

static unsigned long movable_page(void)
{
	struct page *page =
		alloc_offline_pages(__GFP_MOVABLE, 0, 0, OFFLINE_OWNER_NONE, MISC_MOVABLE);

	assert_non_null(page);
	return page_to_pfn(page);
}

static void free_movable(unsigned long pfn)
{
	assert_true(claim_offline_page(pfn));
	free_offline_page(pfn, 0);
}

/* Where the driver's one page is now. */
static unsigned long find_movable(void)
{
	for (unsigned long pfn = 0; pfn < 256; pfn++)
		if (word_is_offline(page_word(pfn_to_page(pfn))))
			return pfn;
	return -1ul;
}

static void one_driver_a_type(void **state)
{
	const struct movable_operations other = test_mops;

	(void)state;
	assert_int_equal(set_movable_ops(&other, MEMDESC_MISC), -EBUSY);
	assert_int_equal(set_movable_ops(&test_mops, MEMDESC_MISC), 0);
	assert_int_equal(set_movable_ops(&other, MEMDESC_SLAB), -EINVAL);
}

/* Linux fixed a NULL call here in 2025: the type was set, its operations were compiled out. */
static void a_page_whose_driver_is_missing_does_not_move(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	(void)state;
	set_movable_ops(NULL, MEMDESC_MISC);
	assert_int_equal(isolate_movable_page(pfn, &order), -1ul);
	assert_false(page_word(pfn_to_page(pfn)) & MISC_ISOLATED);
	free_movable(pfn);
	machine_is_as_booted();
}

/*
 *	owner: claim				migrator: isolate
 *	word: Movable  -> 0			word: Movable -> Movable|Isolated
 *	one of them is first, the other gets "no"
 */
static void owner_and_migrator_exclude_each_other(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	(void)state;
	assert_int_equal(isolate_movable_page(pfn, &order), pfn);
	assert_int_equal(order, 0);
	assert_int_equal(isolate_movable_page(pfn, &order), -1ul);
	assert_int_equal(driver.isolated, 1);
	assert_false(claim_offline_page(pfn));
	putback_movable_pages(&pfn, 1);
	assert_int_equal(driver.putback, 1);

	assert_true(claim_offline_page(pfn));
	assert_int_equal(isolate_movable_page(pfn, &order), -1ul);
	free_offline_page(pfn, 0);
	machine_is_as_booted();
}

static void a_driver_that_says_no_keeps_its_page(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	(void)state;
	driver.isolate = false;
	assert_int_equal(isolate_movable_page(pfn, &order), -1ul);
	assert_int_equal(driver.isolated, 1);
	free_movable(pfn);
	machine_is_as_booted();
}

static void nothing_else_is_isolated(void **state)
{
	pfn_t frozen = be->alloc_frozen(0, mk_order(2), mk_nid(0));
	pfn_t counted = be->alloc_pages(0, mk_order(1), mk_nid(0));
	pfn_t offline = be->alloc_offline_page(0, mk_nid(0));
	pfn_t pfns[4];

	(void)state;
	assert_int_equal(be->isolate_movable(mk_pfn(0), 512, ARRAY_SIZE(pfns), pfns), 0);
	assert_int_equal(driver.isolated, 0);
	be->free_frozen(frozen, mk_order(2));
	be->put_page(counted);
	be->free_offline_page(offline, mk_order(0));
	machine_is_as_booted();
}

static void a_page_that_moved_is_the_driver_s_elsewhere(void **state)
{
	unsigned long src = movable_page(), pfn = src;
	unsigned int order;

	(void)state;
	isolate_movable_page(src, &order);
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 0);
	assert_int_equal(driver.migrated, 1);
	assert_int_equal(stats_now().migrate_success, 1);
	assert_int_equal(stats_now().migrate_fail, 0);
	be->check();
	assert_int_not_equal(find_movable(), src);
	free_movable(find_movable());
	machine_is_as_booted();
}

static void eagain_is_tried_again_ten_times_at_most(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	(void)state;
	isolate_movable_page(pfn, &order);
	driver.again = NR_MAX_MIGRATE_PAGES_RETRY;
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 1);
	assert_int_equal(driver.migrated, NR_MAX_MIGRATE_PAGES_RETRY);
	assert_int_equal(stats_now().migrate_fail, 1);

	/* It stayed isolated: another call may try again. */
	driver.again = NR_MAX_MIGRATE_PAGES_RETRY - 1;
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 0);
	assert_int_equal(stats_now().migrate_success, 1);
	free_movable(find_movable());
	machine_is_as_booted();
}

static void any_other_error_is_final(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	(void)state;
	isolate_movable_page(pfn, &order);
	driver.result = -EIO;
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 1);
	assert_int_equal(driver.migrated, 1);
	driver.result = 0;
	fault_arm(FAULT_TARGET, 0);
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 1);
	fault_disarm();
	assert_int_equal(driver.migrated, 1);
	assert_int_equal(stats_now().migrate_fail, 2);
	putback_movable_pages(&pfn, 1);
	free_movable(pfn);
	machine_is_as_booted();
}

/*
 *	pfns	a   b   c   d		a moves, b stays for good, c is pinned, d stays for good
 *	=>	the three that stayed, each once, in front
 */
static void what_stays_stands_in_front(void **state)
{
	unsigned long pfns[4];
	unsigned int order;
	pfn_t pin;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(
			be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(i), MMFUZZ_GFP_MOVABLE, i), 0);
	pin = be->folio_get(1);
	pfns[0] = be->folio_get(0).pfn;
	pfns[1] = movable_page();
	pfns[2] = pin.pfn;
	pfns[3] = movable_page();
	be->folio_put(mk_pfn(pfns[0]));
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(isolate_movable_page(pfns[i], &order), pfns[i]);
	driver.result = -EIO;
	assert_int_equal(migrate_pages(pfns, 4, NULL, NULL, NULL, true), 3);
	assert_int_equal(stats_now().migrate_success, 1);
	assert_int_equal(stats_now().migrate_fail, 1 + 2 + 1);
	for (unsigned int i = 0; i < 3; i++) {
		unsigned long word = page_word(pfn_to_page(pfns[i]));

		assert_true(word_is_folio(word) ? pfns[i] == pin.pfn : word & MISC_ISOLATED);
		assert_int_not_equal(pfns[i], pfns[(i + 1) % 3]);
	}
	putback_movable_pages(pfns, 3);
	assert_int_equal(driver.putback, 2);
	be->folio_put(pin);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(be->folio_remove(i), 0);
	free_movable(find_movable());
	free_movable(find_movable());
	machine_is_as_booted();
}

static void a_folio_truncated_meanwhile_is_just_freed(void **state)
{
	unsigned int order;
	unsigned long pfn;
	pfn_t pin;

	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(2), MMFUZZ_GFP_MOVABLE, 1),
			 0);
	pin = be->folio_get(0);
	pfn = isolate_movable_page(pin.pfn + 2, &order);
	assert_int_equal(pfn, pin.pfn);
	assert_int_equal(order, 2);
	be->folio_put(pin);
	assert_int_equal(be->folio_remove(0), 0);
	be->check();
	assert_int_equal(migrate_pages(&pfn, 1, NULL, NULL, NULL, false), 0);
	assert_int_equal(stats_now().migrate_success, 0);
	machine_is_as_booted();
}

static void a_scan_goes_on_where_it_stopped(void **state)
{
	unsigned long pfns[3], start = 0, nr, total = 0;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(
			be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(i), MMFUZZ_GFP_MOVABLE, i), 0);
	movable_page();
	while ((nr = isolate_migratepages_range(&start, 512, ARRAY_SIZE(pfns), pfns))) {
		total += nr;
		putback_movable_pages(pfns, nr);
	}
	assert_int_equal(total, 5);
	assert_int_equal(start, 512);
	/* Folios of order 2 and 3 are as large as what somebody wants to make room for. */
	start = 0;
	for (total = 0; (nr = isolate_migratepages_block(&start, 512, ARRAY_SIZE(pfns), 2, pfns));
	     total += nr)
		putback_movable_pages(pfns, nr);
	assert_int_equal(total, 3);
	for (unsigned int i = 0; i < 4; i++)
		be->folio_remove(i);
	free_movable(find_movable());
	machine_is_as_booted();
}

static void broken_contracts_are_found(void **state)
{
	unsigned long pfn = movable_page();
	unsigned int order;

	expect_bug("putback of a page that is not isolated", putback_movable_pages(&pfn, 1));
	reset(state);
	pfn = movable_page();
	expect_bug("migration of a page that is not isolated",
		   migrate_pages(&pfn, 1, NULL, NULL, NULL, false));
	reset(state);
	pfn = movable_page();
	isolate_movable_page(pfn, &order);
	driver.forget_source = true;
	expect_bug("migrate_page left the source described",
		   migrate_pages(&pfn, 1, NULL, NULL, NULL, false));
	reset(state);
	pfn = movable_page();
	isolate_movable_page(pfn, &order);
	driver.touch_target = true;
	driver.result = -EIO;
	expect_bug("failed migrate_page changed the target",
		   migrate_pages(&pfn, 1, NULL, NULL, NULL, false));
	reset(state);
	pfn = movable_page();
	isolate_movable_page(pfn, &order);
	expect_bug("free of an isolated page", free_offline_page(pfn, 0));
	/* Migrated twice: the second time it is nobody's. */
	reset(state);
	{
		unsigned long twice[2];

		twice[0] = twice[1] = movable_page();
		isolate_movable_page(twice[0], &order);
		expect_bug("migration of a page that is not isolated",
			   migrate_pages(twice, 2, NULL, NULL, NULL, false));
	}
}

/* --- real CPUs, and the balloon --- */

static int boot_for_race(void **state)
{
	shutdown_balloon(state);
	return boot_small(state);
}

/* CPUs 0 and 1 inflate and deflate, 2 and 3 isolate and migrate or put back what they find. */
static void hammer(unsigned int cpu, unsigned int i)
{
	pfn_t pfns[8];

	if (cpu < 2) {
		if (i & 1)
			be->balloon_deflate(0, 3);
		else
			be->balloon_inflate(0, 3);
		if (cpu && i % 64 == 63)
			if (!be->balloon_release(0))
				be->balloon_probe(0);
	} else {
		unsigned long nr = be->isolate_movable(mk_pfn(0), 256, ARRAY_SIZE(pfns), pfns);

		if (i & 1)
			nr = be->migrate_pages(pfns, nr, cpu == 3);
		be->putback_movable_pages(pfns, nr);
	}
}

static void deflate_races_with_isolation(void **state)
{
	(void)state;
	race_until(hammer, stats_now().migrate_success > 0);
	be->check();
	be->balloon_release(0);
	be->balloon_probe(0);
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_driver_a_type, reset),
		cmocka_unit_test_setup(a_page_whose_driver_is_missing_does_not_move, reset),
		cmocka_unit_test_setup(owner_and_migrator_exclude_each_other, reset),
		cmocka_unit_test_setup(a_driver_that_says_no_keeps_its_page, reset),
		cmocka_unit_test_setup(nothing_else_is_isolated, reset),
		cmocka_unit_test_setup(a_page_that_moved_is_the_driver_s_elsewhere, reset),
		cmocka_unit_test_setup(eagain_is_tried_again_ten_times_at_most, reset),
		cmocka_unit_test_setup(any_other_error_is_final, reset),
		cmocka_unit_test_setup(what_stays_stands_in_front, reset),
		cmocka_unit_test_setup(a_folio_truncated_meanwhile_is_just_freed, reset),
		cmocka_unit_test_setup(a_scan_goes_on_where_it_stopped, reset),
		cmocka_unit_test_setup(broken_contracts_are_found, reset),
		cmocka_unit_test_setup(deflate_races_with_isolation, boot_for_race),
	};

	return cmocka_run_group_tests(tests, boot_balloon, shutdown_balloon);
}
