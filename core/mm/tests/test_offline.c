// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offline pages: no count, no owner but the byte in the word, and each wrong free named.
 */
#include "frame_trace.h"

static int setup(void **state)
{
	(void)state;
	boot_small(state);
	frame_trace_start();
	return 0;
}

static unsigned long word_of(unsigned long pfn)
{
	return page_word(pfn_to_page(pfn));
}

/*
 *   alloc_offline_pages(order 2)     free the second frame, then the pair, then the first
 *   |Off|Off|Off|Off|                |Off| - |Off|Off|  |Off| - | - | - |  | - | - | - | - |
 */
static void each_frame_is_offline_by_itself(void **state)
{
	unsigned long pfn = be->alloc_offline_pages(0, mk_order(2), mk_nid(0)).pfn;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(word_of(pfn + i), misc_word(MISC_OFFLINE, 0, 0));
		assert_int_equal(frame_place(pfn + i), FRAME_OUT);
	}
	assert_int_equal(be->page_count(mk_pfn(pfn)), -EINVAL);
	be->check();
	be->free_offline_page(mk_pfn(pfn + 1), mk_order(0));
	be->free_offline_page(mk_pfn(pfn + 2), mk_order(1));
	assert_int_equal(frames_in(FRAME_OUT, pfn, 4), 1);
	be->check();
	be->free_offline_page(mk_pfn(pfn), mk_order(0));
	assert_as_booted();
}

static void a_range_goes_offline_and_comes_back(void **state)
{
	(void)state;
	/* Neither end on a pageblock, in the middle of larger free blocks. */
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(37), 70), 0);
	assert_int_equal(frames_in(FRAME_OUT, 0, 256), 70);
	assert_int_equal(stats_now().managed, 256);
	be->check();
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(100), 10), -EBUSY);
	be->free_offline_page_range(mk_pfn(37), 70);
	assert_as_booted();
}

static void no_memory_is_an_answer(void **state)
{
	pfn_t held[16];
	unsigned int nr = 0;

	(void)state;
	while (nr < 16) {
		held[nr] = be->alloc_offline_pages(0, mk_order(5), mk_nid(0));
		if (pfn_is_none(held[nr]))
			break;
		nr++;
	}
	assert_in_range(nr, 1, 8);
	while (nr--)
		be->free_offline_page(held[nr], mk_order(5));
	assert_as_booted();
}

static void wrong_frees_are_named(void **state)
{
	pfn_t pfn = be->alloc_offline_page(0, mk_nid(0));

	(void)state;
	expect_bug("offline page freed as a frozen one", be->free_frozen(pfn, mk_order(0)));
	fresh();

	pfn = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	expect_bug("free of a page that is not offline", be->free_offline_page(pfn, mk_order(0)));
	fresh();

	pfn = be->alloc_offline_pages(0, mk_order(1), mk_nid(0));
	be->free_offline_page(pfn, mk_order(0));
	expect_bug("free of a page that is not offline", be->free_offline_page(pfn, mk_order(1)));
	fresh();

	expect_bug("free of an offline page outside memory", free_offline_page_range(300, 1));
	fresh();
	expect_bug("free of an offline page outside memory", free_offline_page_range(500, 100));
	fresh();
	expect_bug("free of a misaligned offline page", free_offline_page(3, 1));
	fresh();

	pfn = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	expect_bug("skippable on a page that the caller does not have offline",
		   be->set_offline_skippable(pfn, mk_order(0), true));
	fresh();

	pfn = be->alloc_frozen(0, mk_order(1), mk_nid(0));
	expect_bug("offline of a page that its owner does not have", set_page_offline(pfn_to_page(pfn.pfn), 0, 0, 0));
	fresh();
}

/* A driver's page: only its owner may free it, only when claimed, and never while a migrator has it. */
static void a_movable_page_is_claimed_before_it_is_freed(void **state)
{
	struct page *page;
	unsigned long pfn;

	(void)state;
	page = alloc_offline_pages(0, 0, 0, 7, MISC_MOVABLE);
	pfn = page_to_pfn(page);
	set_page_word(page, page_word(page) | MISC_ISOLATED);
	assert_false(claim_offline_page(pfn));
	expect_bug("free of an isolated page", __free_offline_page_range(pfn, 1, 7));
	fresh();

	page = alloc_offline_pages(0, 0, 0, 7, MISC_MOVABLE);
	pfn = page_to_pfn(page);
	expect_bug("free of a movable page that was not claimed", __free_offline_page_range(pfn, 1, 7));
	fresh();

	page = alloc_offline_pages(0, 0, 0, 7, MISC_MOVABLE);
	pfn = page_to_pfn(page);
	assert_true(claim_offline_page(pfn));
	expect_bug("claim of a page that is not movable", claim_offline_page(pfn));
	expect_bug("free of an offline page of another owner", __free_offline_page_range(pfn, 1, 8));
	expect_bug("free of an offline page of another owner", be->free_offline_page(mk_pfn(pfn), mk_order(0)));
	fresh();

	page = alloc_offline_pages(0, 0, 0, 7, MISC_MOVABLE);
	pfn = page_to_pfn(page);
	assert_true(claim_offline_page(pfn));
	__free_offline_page_range(pfn, 1, 7);
	assert_as_booted();
}

static void skippable_is_a_bit_of_the_word(void **state)
{
	pfn_t pfn = be->alloc_offline_pages(0, mk_order(1), mk_nid(0));

	(void)state;
	be->set_offline_skippable(pfn, mk_order(1), true);
	assert_int_equal(word_of(pfn.pfn + 1), misc_word(MISC_OFFLINE, 0, MISC_SKIPPABLE));
	be->set_offline_skippable(pfn, mk_order(0), false);
	assert_int_equal(word_of(pfn.pfn), misc_word(MISC_OFFLINE, 0, 0));
	/* One of the two is Skippable: freed all the same, under the hotplug lock. */
	be->free_offline_page(pfn, mk_order(1));
	assert_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_frame_is_offline_by_itself, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_range_goes_offline_and_comes_back, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(no_memory_is_an_answer, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(wrong_frees_are_named, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_movable_page_is_claimed_before_it_is_freed, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(skippable_is_a_bit_of_the_word, setup, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
