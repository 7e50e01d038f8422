// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: from a checkerboard to a block. A machine of 256 frames, 8 pageblocks of 32.
 */
#include "machine.h"
#include "race.h"

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

/* Folios of one frame in all of memory; then every @nth goes. */
static void checkerboard(unsigned int nth)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		assert_int_equal(be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(0),
					       MMFUZZ_GFP_MOVABLE, i << 8),
				 0);
	for (i = 0; i < 256; i += nth) {
		/* By frame, not by index: memory is not given out in order. */
		unsigned long word = page_word(pfn_to_page(i));

		assert_int_equal(be->folio_remove(((struct folio *)word_desc(word))->index), 0);
	}
	be->quiesce();
}

static void clean_up(void)
{
	uint64_t tag;

	for (unsigned int i = 0; i < 256; i++) {
		if (!be->folio_read(i, &tag))
			assert_int_equal(tag, i << 8);
		be->folio_remove(i);
	}
	machine_is_as_booted();
}

/*
 *	.F.F.F.F.F.F.F.F  ...  .F.F.F.F		=>	................ ... FFFFFFFF
 */
static void a_checkerboard_becomes_a_block(void **state)
{
	pfn_t pfn;

	(void)state;
	checkerboard(2);
	assert_true(pfn_is_none(be->alloc_frozen(0, mk_order(5), mk_nid(0))));
	assert_int_equal(be->compact(mk_nid(0), mk_order(5)), 0);
	be->check();
	pfn = be->alloc_frozen(0, mk_order(5), mk_nid(0));
	assert_false(pfn_is_none(pfn));
	be->free_frozen(pfn, mk_order(5));
	clean_up();
}

static void an_allocation_may_compact_for_itself(void **state)
{
	pfn_t pfn;

	(void)state;
	checkerboard(3);
	pfn = be->alloc_frozen(MMFUZZ_GFP_COMPACT, mk_order(4), mk_nid(0));
	assert_false(pfn_is_none(pfn));
	be->check();
	be->free_frozen(pfn, mk_order(4));
	clean_up();
}

static void nothing_moves_where_nothing_is_needed(void **state)
{
	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0),
			 0);
	assert_int_equal(be->compact(mk_nid(0), mk_order(6)), 0);
	assert_int_equal(stats_now().migrate_success, 0);
	clean_up();
}

static void what_is_frozen_stays_and_nothing_is_lost(void **state)
{
	pfn_t pfns[256];

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		pfns[i] = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	for (unsigned int i = 0; i < 256; i++)
		if (pfns[i].pfn & 1)
			be->free_frozen(pfns[i], mk_order(0));
	be->quiesce();
	assert_int_equal(be->compact(mk_nid(0), mk_order(1)), -ENOMEM);
	be->check();
	for (unsigned int i = 0; i < 256; i++)
		if (!(pfns[i].pfn & 1))
			be->free_frozen(pfns[i], mk_order(0));
	machine_is_as_booted();
}

static void no_target_no_compaction(void **state)
{
	(void)state;
	checkerboard(2);
	fault_arm(FAULT_TARGET, 0);
	assert_int_equal(be->compact(mk_nid(0), mk_order(5)), -ENOMEM);
	fault_arm(FAULT_DESC, 0); /* targets, but no folio to put there: each is used again */
	assert_int_equal(be->compact(mk_nid(0), mk_order(5)), -ENOMEM);
	fault_disarm();
	be->check();
	assert_int_equal(stats_now().migrate_success, 0);
	/* The third and no other: all the same. */
	fault_arm(FAULT_TARGET, 3);
	assert_int_equal(be->compact(mk_nid(0), mk_order(3)), 0);
	assert_true(fault_disarm());
	clean_up();
}

static void the_min_watermark_is_kept(void **state)
{
	(void)state;
	checkerboard(2);
	mm->zones[0].watermark[WMARK_MIN] = 256;
	assert_int_equal(be->compact(mk_nid(0), mk_order(5)), -ENOMEM);
	be->check();
	assert_int_equal(stats_now().migrate_success, 0);
	mm->zones[0].watermark[WMARK_MIN] = 0;
	clean_up();
}

/* Isolated pageblocks are somebody else's: nothing is moved into or out of them. */
static void isolated_blocks_are_left_alone(void **state)
{
	unsigned long words[64];

	(void)state;
	checkerboard(2);
	assert_int_equal(be->start_isolate_page_range(mk_pfn(0), 32), 0);
	assert_int_equal(be->start_isolate_page_range(mk_pfn(224), 32), 0);
	for (unsigned int i = 0; i < 32; i++) {
		words[i] = word_type(page_word(pfn_to_page(i)));
		words[32 + i] = word_type(page_word(pfn_to_page(224 + i)));
	}
	assert_int_equal(be->compact(mk_nid(0), mk_order(5)), 0);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(word_type(page_word(pfn_to_page(i))), words[i]);
		assert_int_equal(word_type(page_word(pfn_to_page(224 + i))), words[32 + i]);
	}
	be->check();
	be->undo_isolate_page_range(mk_pfn(0), 32);
	be->undo_isolate_page_range(mk_pfn(224), 32);
	clean_up();
}

/* Large folios need large targets; those as large as the block that is wanted stay. */
static void folios_of_all_sizes_move(void **state)
{
	unsigned int n = 0;

	(void)state;
	while (n < 255 &&
	       !be->folio_add(n, MMFUZZ_FOLIO_FILE, mk_order(n % 4), MMFUZZ_GFP_MOVABLE, n << 8))
		n++;
	for (unsigned int i = 0; i < n; i++)
		if (i % 3 == 1)
			be->folio_remove(i);
	be->quiesce();
	be->compact(mk_nid(0), mk_order(5));
	be->check();
	assert_true(stats_now().migrate_success > 0);
	clean_up();
}

static int boot_large_pageblocks(void **state)
{
	struct mmfuzz_config config = small_machine();

	shutdown_machine(state);
	config.pageblock_order = 8;
	config.section_order = 8;
	config.max_pfn = 1024;
	config.zones[0].range.nr = 1024;
	boot(&config);
	return 0;
}

/*
 *	| 128 folios, the rest frozen | frozen | frozen | .X.X.X.X.X.X ... |
 *
 * The last pageblock has more free blocks than a compaction holds at once: it goes on there, not in
 * front of it.
 */
static void a_block_with_many_targets_is_used_up(void **state)
{
	static bool frozen[1024];
	pfn_t pfn;

	(void)state;
	for (unsigned int i = 0; i < 1024; i++) {
		pfn = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(0), mk_nid(0));
		assert_false(pfn_is_none(pfn));
		frozen[pfn.pfn] = true;
	}
	for (unsigned int i = 0; i < 128; i++) {
		be->free_frozen(mk_pfn(i), mk_order(0));
		frozen[i] = false;
	}
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(0),
					       MMFUZZ_GFP_MOVABLE, i << 8),
				 0);
	for (unsigned int i = 768; i < 1024; i += 2) {
		be->free_frozen(mk_pfn(i), mk_order(0));
		frozen[i] = false;
	}
	be->quiesce();
	assert_int_equal(be->compact(mk_nid(0), mk_order(7)), 0);
	be->check();
	assert_int_equal(stats_now().migrate_success, 128);
	for (unsigned int i = 0; i < 1024; i++)
		if (frozen[i])
			be->free_frozen(mk_pfn(i), mk_order(0));
	clean_up();
}

static void asynchronous_compaction_does_not_wait(void **state)
{
	(void)state;
	checkerboard(2);
	preempt_disable();
	assert_true(compact_zone_order(&mm->zones[pfn_to_section(0)->zone], 4, true));
	preempt_enable();
	clean_up();
}

/* Two CPUs compact, one adds and removes folios, one takes memory away and brings it back. */
static void hammer(unsigned int cpu, unsigned int i)
{
	if (cpu < 2) {
		be->compact(mk_nid(0), mk_order(4 + i % 3));
	} else if (cpu == 2) {
		for (unsigned int j = 0; j < 32; j++) {
			unsigned int index = (i * 7 + j * 13) % 256;

			if (be->folio_add(index, MMFUZZ_FOLIO_FILE, mk_order(j % 4 == 0),
					  MMFUZZ_GFP_MOVABLE, index << 8))
				be->folio_remove(index);
		}
	} else {
		block_t block = mk_block(i % 8);

		if (be->block_state(block) == 2) {
			if (!be->offline_pages(block))
				be->remove_memory(block);
		} else if (be->block_state(block) == 0) {
			if (!be->add_memory(block, mk_nid(0)))
				be->online_pages(block, MMFUZZ_ZONE_NORMAL);
		}
	}
}

static void compaction_races_with_hotplug(void **state)
{
	(void)state;
	race_until(hammer, stats_now().migrate_success > 0);
	be->check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_checkerboard_becomes_a_block, reset),
		cmocka_unit_test_setup(an_allocation_may_compact_for_itself, reset),
		cmocka_unit_test_setup(nothing_moves_where_nothing_is_needed, reset),
		cmocka_unit_test_setup(what_is_frozen_stays_and_nothing_is_lost, reset),
		cmocka_unit_test_setup(no_target_no_compaction, reset),
		cmocka_unit_test_setup(the_min_watermark_is_kept, reset),
		cmocka_unit_test_setup(isolated_blocks_are_left_alone, reset),
		cmocka_unit_test_setup(folios_of_all_sizes_move, reset),
		cmocka_unit_test_setup(asynchronous_compaction_does_not_wait, reset),
		cmocka_unit_test_setup(compaction_races_with_hotplug, reset),
		cmocka_unit_test_setup(a_block_with_many_targets_is_used_up, boot_large_pageblocks),
	};

	return cmocka_run_group_tests(tests, boot_small, shutdown_machine);
}
