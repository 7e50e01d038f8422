// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolated pageblocks, and what stands in the way of one. A machine of 256 frames, 8 pageblocks of
 * 32:
 *
 *   frame   0      32      64      96            224    256               512
 *           | blk0 |  blk1 |  blk2 |  ...        | blk7 | absent sections |
 */
#include "machine.h"
#include "race.h"

#define BLOCK_NR 32ul

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

static pfn_t get_in_block(unsigned int block, unsigned int order)
{
	assert_int_equal(be->alloc_contig_frozen_range(mk_pfn(block * BLOCK_NR), 1ul << order), 0);
	if (order)
		for (unsigned long i = 0; i < 1ul << order; i++)
			set_page_word(pfn_to_page(block * BLOCK_NR + i),
				      i ? 0 : misc_word(MISC_FROZEN, order, 0));
	return mk_pfn(block * BLOCK_NR);
}

static int isolate(unsigned int block, unsigned int nr)
{
	return be->start_isolate_page_range(mk_pfn(block * BLOCK_NR), nr * BLOCK_NR);
}

static void undo(unsigned int block, unsigned int nr)
{
	be->undo_isolate_page_range(mk_pfn(block * BLOCK_NR), nr * BLOCK_NR);
}

static void isolated_memory_is_free_but_not_to_be_had(void **state)
{
	pfn_t pfns[256];
	unsigned long nr;

	(void)state;
	assert_int_equal(isolate(2, 3), 0);
	be->check();
	assert_int_equal(stats_now().free, 256 - 96);
	assert_int_equal(stats_now().free_isolated, 96);
	for (nr = 0; nr < 256; nr++) {
		pfns[nr] = be->alloc_frozen(MMFUZZ_GFP_HIGH, mk_order(0), mk_nid(0));
		if (pfn_is_none(pfns[nr]))
			break;
		assert_false(pfns[nr].pfn >= 2 * BLOCK_NR && pfns[nr].pfn < 5 * BLOCK_NR);
	}
	assert_int_equal(nr, 256 - 96);
	while (nr--)
		be->free_frozen(pfns[nr], mk_order(0));
	undo(2, 3);
	machine_is_as_booted();
}

static void an_isolated_block_is_not_isolated_again(void **state)
{
	(void)state;
	assert_int_equal(isolate(3, 1), 0);
	assert_int_equal(isolate(3, 1), -EBUSY);
	/* Blocks 1 and 2 must not stay isolated behind. */
	assert_int_equal(isolate(1, 4), -EBUSY);
	be->check();
	assert_int_equal(stats_now().free_isolated, BLOCK_NR);
	undo(3, 1);
	assert_int_equal(isolate(1, 4), 0);
	undo(1, 4);
	machine_is_as_booted();
}

/*
 * Freed while its block is isolated, a page goes to the isolate list; the type of before is there
 * again after.
 */
static void a_page_freed_into_an_isolated_block_stays_there(void **state)
{
	struct page *page =
		alloc_offline_pages(__GFP_MOVABLE, 0, 0, OFFLINE_OWNER_NONE, MISC_MOVABLE);
	unsigned long pfn = page_to_pfn(page);
	unsigned long start = ALIGN_DOWN(pfn, BLOCK_NR);
	enum migratetype mt = get_pageblock_migratetype(pfn);

	(void)state;
	be->quiesce();
	assert_int_equal(start_isolate_page_range(start, start + BLOCK_NR, ISOLATE_MODE_OTHER), 0);
	assert_int_equal(test_pages_isolated(start, start + BLOCK_NR, ISOLATE_MODE_OTHER), -EBUSY);
	assert_true(claim_offline_page(pfn));
	free_offline_page(pfn, 0);
	be->check();
	assert_int_equal(stats_now().free_isolated, BLOCK_NR);
	assert_int_equal(test_pages_isolated(start, start + BLOCK_NR, ISOLATE_MODE_OTHER), 0);
	undo_isolate_page_range(start, start + BLOCK_NR);
	assert_int_equal(get_pageblock_migratetype(pfn), mt);
	machine_is_as_booted();
}

/* Free blocks of two isolated neighbours merge; un-isolating one of them parts them again. */
static void neighbours_isolated_apart_are_undone_apart(void **state)
{
	(void)state;
	assert_int_equal(isolate(2, 1), 0);
	assert_int_equal(isolate(3, 1), 0);
	assert_int_equal(test_pages_isolated(3 * BLOCK_NR, 4 * BLOCK_NR, ISOLATE_MODE_OTHER), 0);
	undo(2, 1);
	be->check();
	assert_int_equal(stats_now().free_isolated, BLOCK_NR);
	assert_int_equal(test_pages_isolated(2 * BLOCK_NR, 4 * BLOCK_NR, ISOLATE_MODE_OTHER),
			 -EBUSY);
	undo(3, 1);
	machine_is_as_booted();
}

static void expect_unmovable(unsigned long pfn)
{
	unsigned int block = pfn / BLOCK_NR;

	assert_int_equal(be->has_unmovable_pages(mk_pfn(block * BLOCK_NR)).pfn, pfn);
	assert_int_equal(isolate(block, 1), -EBUSY);
	be->check();
	assert_int_equal(stats_now().free_isolated, 0);
}

static void frozen_and_counted_pages_stand_in_the_way(void **state)
{
	pfn_t pfn = get_in_block(2, 0);

	(void)state;
	expect_unmovable(pfn.pfn);
	be->set_type(pfn, mk_order(0));
	expect_unmovable(pfn.pfn);
	be->free_frozen(pfn, mk_order(0));
	assert_true(pfn_is_none(be->has_unmovable_pages(mk_pfn(2 * BLOCK_NR))));

	assert_int_equal(be->alloc_contig_range(mk_pfn(70), 1), 0);
	expect_unmovable(70);
	be->free_contig_range(mk_pfn(70), 1);
	machine_is_as_booted();
}

/*
 *	|    blk4    |    blk5    |	one frozen block of 64 frames: in the second
 *	F...............t.........	pageblock only tails, whose words are 0
 */
static void a_tail_leads_to_its_head(void **state)
{
	pfn_t pfn = be->alloc_frozen(0, mk_order(6), mk_nid(0));
	unsigned long tail = pfn.pfn + BLOCK_NR;

	(void)state;
	assert_int_equal(be->has_unmovable_pages(mk_pfn(tail)).pfn, tail);
	assert_int_equal(isolate(tail / BLOCK_NR, 1), -EBUSY);
	be->free_frozen(pfn, mk_order(6));
	machine_is_as_booted();
}

static void what_moves_does_not_stand_in_the_way(void **state)
{
	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(2), MMFUZZ_GFP_MOVABLE, 1),
			 0);
	assert_int_equal(be->balloon_inflate(0, 5), 5);
	assert_int_equal(isolate(0, 8), 0);
	be->check();
	undo(0, 8);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(be->balloon_deflate(0, 5), 5);
	machine_is_as_booted();
}

/* Offline pages: memory offlining steps over Skippable ones, others step over none. */
static void skippable_pages_are_skipped_by_offlining_only(void **state)
{
	unsigned long start = 2 * BLOCK_NR;

	(void)state;
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(start), BLOCK_NR), 0);
	assert_int_equal(
		start_isolate_page_range(start, start + BLOCK_NR, ISOLATE_MODE_MEM_OFFLINE),
		-EBUSY);
	be->set_offline_skippable(mk_pfn(start), mk_order(5), true);
	assert_int_equal(start_isolate_page_range(start, start + BLOCK_NR, ISOLATE_MODE_OTHER),
			 -EBUSY);
	assert_int_equal(
		start_isolate_page_range(start, start + BLOCK_NR, ISOLATE_MODE_MEM_OFFLINE), 0);
	assert_int_equal(test_pages_isolated(start, start + BLOCK_NR, ISOLATE_MODE_MEM_OFFLINE), 0);
	assert_int_equal(test_pages_isolated(start, start + BLOCK_NR, ISOLATE_MODE_OTHER), -EBUSY);
	undo_isolate_page_range(start, start + BLOCK_NR);
	be->set_offline_skippable(mk_pfn(start), mk_order(5), false);
	be->free_offline_page_range(mk_pfn(start), BLOCK_NR);
	machine_is_as_booted();
}

/* HWPoison leaves with its memory, and only so. */
static void poisoned_frames_leave_with_their_memory(void **state)
{
	pfn_t pfn = get_in_block(2, 0);

	(void)state;
	set_page_word(pfn_to_page(pfn.pfn), misc_word(MISC_HWPOISON, 0, 0));
	assert_int_equal(start_isolate_page_range(64, 96, ISOLATE_MODE_OTHER), -EBUSY);
	assert_int_equal(start_isolate_page_range(64, 96, ISOLATE_MODE_MEM_OFFLINE), 0);
	assert_int_equal(test_pages_isolated(64, 96, ISOLATE_MODE_MEM_OFFLINE), 0);
	undo_isolate_page_range(64, 96);
	set_page_word(pfn_to_page(pfn.pfn), misc_word(MISC_FROZEN, 0, 0));
	be->free_frozen(pfn, mk_order(0));
	machine_is_as_booted();
}

/*
 *	| blk2           | blk3           |	F cannot move, but is not in the range:
 *	 F        [------range------]		its neighbours may be isolated
 */
static void only_the_range_itself_must_be_movable(void **state)
{
	pfn_t pfn = get_in_block(2, 0);

	(void)state;
	assert_int_equal(start_isolate_page_range(70, 110, ISOLATE_MODE_OTHER), 0);
	assert_int_equal(stats_now().free_isolated, 64 - 1);
	be->check();
	undo_isolate_page_range(70, 110);
	be->free_frozen(pfn, mk_order(0));
	machine_is_as_booted();
}

static void memory_that_is_not_online_is_busy(void **state)
{
	(void)state;
	assert_int_equal(isolate(8, 1), -EBUSY); /* absent */
	assert_int_equal(be->add_memory(mk_block(4), mk_nid(0)), 0);
	assert_int_equal(isolate(8, 1), -EBUSY); /* present */
	assert_int_equal(be->has_unmovable_pages(mk_pfn(8 * BLOCK_NR)).pfn, 8 * BLOCK_NR);
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_NORMAL), 0);
	assert_int_equal(isolate(8, 1), 0);
	assert_int_equal(be->offline_pages(mk_block(4)), -EBUSY);
	undo(8, 1);
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->remove_memory(mk_block(4)), 0);
	machine_is_as_booted();
}

static int boot_with_holes(void **state)
{
	struct mmfuzz_config config = small_machine();

	shutdown_machine(state);
	config.nr_holes = 1;
	config.holes[0] = (struct mmfuzz_range){ 72, 8 };
	config.nr_cma = 1;
	config.cma[0] = (struct mmfuzz_range){ 128, 32 };
	config.guard_order = 2;
	boot(&config);
	return 0;
}

static void holes_and_cma_are_left_alone(void **state)
{
	unsigned long pfn = 0;

	(void)state;
	expect_unmovable(72);
	expect_unmovable(128);
	assert_int_equal(start_isolate_page_range(128, 160, ISOLATE_MODE_CMA_ALLOC), 0);
	undo_isolate_page_range(128, 160);
	/* The guards beside a page are as movable as that page: they come back with it. */
	assert_int_equal(be->balloon_inflate(0, 1), 1);
	assert_true(stats_now().guard > 0);
	while (!word_is_offline(page_word(pfn_to_page(pfn))))
		pfn++;
	rcu_read_lock();
	assert_int_equal(has_unmovable_pages(pfn & ~3ul, (pfn & ~3ul) + 4, ISOLATE_MODE_OTHER),
			 -1ul);
	rcu_read_unlock();
	assert_int_equal(be->balloon_deflate(0, 1), 1);
	machine_is_as_booted();
}

static void who_did_not_isolate_must_not_undo(void **state)
{
	(void)state;
	expect_bug("undo of a pageblock that is not isolated", undo(1, 1));
	be->reset();
	expect_bug("isolation of a wrong range",
		   start_isolate_page_range(64, 64, ISOLATE_MODE_OTHER));
	be->reset();
	expect_bug("isolation of a wrong range",
		   start_isolate_page_range(480, 1024, ISOLATE_MODE_OTHER));
}

/* Two CPUs isolate blocks that overlap, two allocate and free in them. */
static void hammer(unsigned int cpu, unsigned int i)
{
	pfn_t pfns[12];

	if (cpu < 2) {
		unsigned int first = (i + cpu) % 6;

		if (!isolate(first, 2))
			undo(first, 2);
	} else {
		for (unsigned int j = 0; j < ARRAY_SIZE(pfns); j++)
			pfns[j] = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(j % 5), mk_nid(0));
		for (unsigned int j = 0; j < ARRAY_SIZE(pfns); j++)
			if (!pfn_is_none(pfns[j]))
				be->free_frozen(pfns[j], mk_order(j % 5));
	}
}

static void isolation_races_with_free(void **state)
{
	(void)state;
	race(hammer);
	be->check();
	assert_int_equal(stats_now().free_isolated, 0);
	machine_is_as_booted();
}

/* CPU 0 has memory come and go; the others isolate its first pageblock whenever they find it. */
static void hotplug_hammer(unsigned int cpu, unsigned int i)
{
	if (cpu) {
		if (!isolate(8, 1 + i % 2))
			undo(8, 1 + i % 2);
	} else if (be->block_state(mk_block(4)) == 2) {
		be->offline_pages(mk_block(4));
	} else {
		be->online_pages(mk_block(4), MMFUZZ_ZONE_NORMAL);
	}
}

static void isolation_races_with_offlining(void **state)
{
	(void)state;
	assert_int_equal(be->add_memory(mk_block(4), mk_nid(0)), 0);
	race(hotplug_hammer);
	be->check();
	if (be->block_state(mk_block(4)) == 2)
		assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->remove_memory(mk_block(4)), 0);
	machine_is_as_booted();
}

/* Two pageblocks of four frames, of which a pageset would see the first one only. */
static int boot_small_pageblocks(void **state)
{
	struct mmfuzz_config config = small_machine();

	shutdown_machine(state);
	config.pageblock_order = 2;
	boot(&config);
	return 0;
}

static void a_block_over_an_isolated_pageblock_is_on_no_pageset(void **state)
{
	pfn_t pfn;

	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(3), MMFUZZ_GFP_MOVABLE, 1), 0);
	pfn = be->folio_get(0);
	be->folio_put(pfn);
	assert_int_equal(be->start_isolate_page_range(mk_pfn(pfn.pfn + 4), 4), 0);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(stats_now().pcp, 0);
	assert_int_equal(stats_now().free_isolated, 4);
	be->undo_isolate_page_range(mk_pfn(pfn.pfn + 4), 4);
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(isolated_memory_is_free_but_not_to_be_had, reset),
		cmocka_unit_test_setup(an_isolated_block_is_not_isolated_again, reset),
		cmocka_unit_test_setup(a_page_freed_into_an_isolated_block_stays_there, reset),
		cmocka_unit_test_setup(neighbours_isolated_apart_are_undone_apart, reset),
		cmocka_unit_test_setup(frozen_and_counted_pages_stand_in_the_way, reset),
		cmocka_unit_test_setup(a_tail_leads_to_its_head, reset),
		cmocka_unit_test_setup(what_moves_does_not_stand_in_the_way, reset),
		cmocka_unit_test_setup(skippable_pages_are_skipped_by_offlining_only, reset),
		cmocka_unit_test_setup(poisoned_frames_leave_with_their_memory, reset),
		cmocka_unit_test_setup(only_the_range_itself_must_be_movable, reset),
		cmocka_unit_test_setup(memory_that_is_not_online_is_busy, reset),
		cmocka_unit_test_setup(who_did_not_isolate_must_not_undo, reset),
		cmocka_unit_test_setup(isolation_races_with_free, reset),
		cmocka_unit_test_setup(isolation_races_with_offlining, reset),
		cmocka_unit_test_setup(holes_and_cma_are_left_alone, boot_with_holes),
		cmocka_unit_test_setup(a_block_over_an_isolated_pageblock_is_on_no_pageset, boot_small_pageblocks),
	};

	return cmocka_run_group_tests(tests, boot_small, shutdown_machine);
}
