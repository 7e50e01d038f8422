// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages with a count, and the look-up by frame number: on a machine of 256 frames.
 */
#include <limits.h>

#include "machine.h"
#include "race.h"

static pfn_t alloc_ref(unsigned int order)
{
	pfn_t pfn = be->alloc_pages(0, mk_order(order), mk_nid(0));

	assert_false(pfn_is_none(pfn));
	return pfn;
}

static int reset(void **state)
{
	(void)state;
	be->reset();
	return 0;
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check_idle();
}

static void the_last_put_frees(void **state)
{
	pfn_t pfn = alloc_ref(0);

	(void)state;
	assert_int_equal(be->page_count(pfn), 1);
	be->get_page(pfn);
	assert_int_equal(be->page_count(pfn), 2);
	be->check();
	be->put_page(pfn);
	assert_int_equal(be->page_count(pfn), 1);
	be->put_page(pfn);
	assert_int_equal(be->page_count(pfn), -EINVAL);
	machine_is_as_booted();
}

/*
 *	frames  p  p+1 p+2 p+3        each frame leads to the one descriptor
 *	        \   |   |   /
 *	         mappable, 1
 */
static void every_frame_of_a_block_has_the_one_count(void **state)
{
	pfn_t pfn = alloc_ref(2);

	(void)state;
	be->get_page(mk_pfn(pfn.pfn + 3));
	assert_int_equal(be->page_count(mk_pfn(pfn.pfn + 1)), 2);
	be->put_page(pfn);
	be->put_page(mk_pfn(pfn.pfn + 2));
	machine_is_as_booted();
}

static void without_a_descriptor_there_is_no_page(void **state)
{
	(void)state;
	fault_arm(FAULT_DESC, 1);
	assert_true(pfn_is_none(be->alloc_pages(0, mk_order(1), mk_nid(0))));
	assert_true(fault_disarm());
	machine_is_as_booted();
}

static void a_frozen_page_has_no_count(void **state)
{
	pfn_t pfn = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	unsigned long word;

	(void)state;
	assert_int_equal(be->page_count(pfn), -EINVAL);
	assert_null(pfn_try_get(pfn.pfn, &word));
	expect_bug("get on a page without a count", be->get_page(pfn));
	be->reset();
	pfn = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	expect_bug("put on a page without a count", be->put_page(pfn));
}

static void a_freed_page_has_no_count(void **state)
{
	pfn_t pfn = alloc_ref(0);

	(void)state;
	be->put_page(pfn);
	expect_bug("put on a page without a count", be->put_page(pfn));
	be->reset();
	expect_bug("get on a page without a count", get_page_owned(300)); /* absent section */
}

static void a_frozen_page_cannot_get_a_count_twice(void **state)
{
	pfn_t pfn = alloc_ref(0);

	(void)state;
	expect_bug("count for a page that is not frozen",
		   (void)make_pages_refcounted(pfn_to_page(pfn.pfn), 0));
}

/* 2^31 gets must not make the count negative and free the page under everybody (CVE-2019-11487). */
static void the_count_cannot_overflow(void **state)
{
	pfn_t pfn = alloc_ref(0);
	struct mappable *m = word_desc(page_word(pfn_to_page(pfn.pfn)));

	(void)state;
	atomic_set(&m->_refcount, INT_MAX);
	expect_bug("reference count overflow", be->get_page(pfn));
}

static void a_walker_keeps_what_its_owner_dropped(void **state)
{
	pfn_t pfn = alloc_ref(1);
	unsigned long word;
	struct mappable *m = pfn_try_get(pfn.pfn + 1, &word);

	(void)state;
	assert_non_null(m);
	assert_int_equal(word, desc_word(MEMDESC_MAPPABLE, m));
	be->put_page(pfn);
	be->check();
	assert_int_equal(be->page_count(pfn), 1);
	put_mappable(m, word);
	machine_is_as_booted();
}

static void a_walker_finds_only_what_has_a_count(void **state)
{
	pfn_t frozen = be->alloc_frozen(0, mk_order(3), mk_nid(0));
	pfn_t counted = alloc_ref(1);
	pfn_t offline = be->alloc_offline_page(0, mk_nid(0));

	(void)state;
	/* All of memory, absent sections included: the two frames of one page. */
	assert_int_equal(be->walk_pfns(mk_pfn(0), 512), 2);
	be->free_offline_page(offline, mk_order(0));
	be->put_page(counted);
	be->free_frozen(frozen, mk_order(3));
	assert_int_equal(be->walk_pfns(mk_pfn(0), 512), 0);
	machine_is_as_booted();
}

#if MM_DEBUG
static void a_word_that_leads_nowhere_is_named(void **state)
{
	pfn_t pfn = be->alloc_frozen(0, mk_order(0), mk_nid(0));

	(void)state;
	set_page_word(pfn_to_page(pfn.pfn), desc_word(MEMDESC_MAPPABLE, (void *)0x10000));
	expect_bug("word leads to no descriptor", be->walk_pfns(pfn, 1));
	be->reset();
}
#endif

/*
 *	CPU 0 (walker)			CPU 1
 *	word of p -> descriptor d
 *					put p: d is freed, d is now q's
 *	get on d: that is q's count
 *					put q
 *	p's word is another: put d,
 *	the last one: frees q
 */
static void the_put_of_a_walker_may_be_the_last_of_another_page(void **state)
{
	pfn_t p = alloc_ref(0), q;
	unsigned long stale = page_word(pfn_to_page(p.pfn));
	struct mappable *m = word_desc(stale);
	pfn_t keep = be->alloc_frozen(0, mk_order(0), mk_nid(0)); /* so that q is not p */

	(void)state;
	be->put_page(p);
	p = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	q = alloc_ref(2);
	assert_ptr_equal(word_desc(page_word(pfn_to_page(q.pfn))), m);
	assert_true(mappable_try_get(m));
	be->put_page(q);
	put_mappable(m, stale);
	assert_int_equal(be->page_count(q), -EINVAL);
	be->free_frozen(p, mk_order(0));
	be->free_frozen(keep, mk_order(0));
	machine_is_as_booted();
}

/* Two CPUs allocate and put pages of all small orders, two walk all of memory. */
static void hammer(unsigned int cpu, unsigned int i)
{
	if (cpu & 1) {
		be->walk_pfns(mk_pfn(0), 64);
	} else {
		/*
		 * The larger the page, the longer it has some words of its old life and some of its
		 * new one.
		 */
		pfn_t a = be->alloc_pages(0, mk_order(i % 6), mk_nid(0));
		pfn_t b = be->alloc_pages(0, mk_order(i % 2), mk_nid(0));

		if (!pfn_is_none(a))
			be->put_page(a);
		if (!pfn_is_none(b))
			be->put_page(b);
	}
}

static void walkers_race_with_the_last_put(void **state)
{
	(void)state;
	race(hammer);
	be->check();
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_last_put_frees, reset),
		cmocka_unit_test_setup(every_frame_of_a_block_has_the_one_count, reset),
		cmocka_unit_test_setup(without_a_descriptor_there_is_no_page, reset),
		cmocka_unit_test_setup(a_frozen_page_has_no_count, reset),
		cmocka_unit_test_setup(a_freed_page_has_no_count, reset),
		cmocka_unit_test_setup(a_frozen_page_cannot_get_a_count_twice, reset),
		cmocka_unit_test_setup(the_count_cannot_overflow, reset),
		cmocka_unit_test_setup(a_walker_keeps_what_its_owner_dropped, reset),
		cmocka_unit_test_setup(a_walker_finds_only_what_has_a_count, reset),
#if MM_DEBUG
		cmocka_unit_test_setup(a_word_that_leads_nowhere_is_named, reset),
#endif
		cmocka_unit_test_setup(the_put_of_a_walker_may_be_the_last_of_another_page, reset),
		cmocka_unit_test_setup(walkers_race_with_the_last_put, reset),
	};

	return cmocka_run_group_tests(tests, boot_small, shutdown_machine);
}
