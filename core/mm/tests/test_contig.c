// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous ranges, from memory that others are in. A machine of 256 frames, 8 pageblocks of 32:
 *
 *   frame   0      32      64      96      128   160     224    256               512
 *           | blk0 |  blk1 |  blk2 |  blk3 | CMA        | blk7 | absent sections |
 */
#include "machine.h"
#include "race.h"

static int boot_contig(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_cma = 1;
	config.cma[0] = (struct mmfuzz_range){ 128, 64 };
	boot(&config);
	return 0;
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

static int take(unsigned long start, unsigned long nr)
{
	return be->alloc_contig_frozen_range(mk_pfn(start), nr);
}

static void give(unsigned long start, unsigned long nr)
{
	be->free_contig_frozen_range(mk_pfn(start), nr);
}

/* -EBUSY, and nothing has changed. */
static void expect_busy(unsigned long start, unsigned long nr)
{
	struct mmfuzz_stats before = stats_now(), after;

	assert_int_equal(take(start, nr), -EBUSY);
	after = stats_now();
	assert_int_equal(after.free + after.pcp, before.free + before.pcp);
	assert_int_equal(after.free_isolated, 0);
	be->check();
}

static void exactly_the_frames_asked_for(void **state)
{
	(void)state;
	/* Every start and some lengths: aligned or not, over one pageblock border or two. */
	for (unsigned long start = 0; start < 80; start += 3) {
		unsigned long nr = 1 + start % 47;

		assert_int_equal(take(start, nr), 0);
		be->check();
		assert_int_equal(stats_now().free, 256 - nr);
		assert_int_equal(stats_now().free_isolated, 0);
		for (unsigned long pfn = start; pfn < start + nr; pfn++)
			assert_int_equal(page_word(pfn_to_page(pfn)), misc_word(MISC_FROZEN, 0, 0));
		/* The rest can be had by others, in one block where it is one. */
		assert_int_equal(take(192, 64), 0);
		give(192, 64);
		give(start, nr);
		machine_is_as_booted();
	}
}

static void neighbours_stay_where_they_are(void **state)
{
	(void)state;
	assert_int_equal(take(63, 1), 0);
	assert_int_equal(take(65, 1), 0);
	assert_int_equal(take(64, 1), 0);
	assert_int_equal(take(64, 1), -EBUSY);
	assert_int_equal(take(60, 8), -EBUSY);
	be->check();
	give(63, 3);
	machine_is_as_booted();
}

/*
 *	blk2  |..AABB....C.....|	A, B folios, C ballooned: they go, with what is in them
 */
static void what_moves_makes_room(void **state)
{
	uint64_t tag;
	unsigned long n = 0;

	(void)state;
	/* Fill all of memory, then free what is not to be in the range's way. */
	for (; n < 20; n++)
		assert_int_equal(be->folio_add(n, MMFUZZ_FOLIO_FILE, mk_order(n % 4),
					       MMFUZZ_GFP_MOVABLE, n << 32),
				 0);
	assert_true(be->balloon_inflate(0, 40) == 40);
	for (unsigned long start = 0; start < 256; start += 24) {
		unsigned long nr = min(24ul, 256 - start);
		bool cma = start + nr > 128 && start < 192;

		assert_int_equal(take(start, nr), cma ? -EBUSY : 0);
		be->check();
		if (!cma)
			give(start, nr);
	}
	assert_true(stats_now().migrate_success > 0);
	while (n--) {
		assert_int_equal(be->folio_read(n, &tag), 0);
		assert_int_equal(tag, n << 32);
		assert_int_equal(be->folio_remove(n), 0);
	}
	assert_int_equal(be->balloon_pages(0), 40);
	assert_int_equal(be->balloon_deflate(0, 40), 40);
	machine_is_as_booted();
}

static void what_does_not_move_is_in_the_way(void **state)
{
	unsigned long pfns[1], start;
	pfn_t pin;

	(void)state;
	/* pinned */
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(2), MMFUZZ_GFP_MOVABLE, 1),
			 0);
	pin = be->folio_get(0);
	expect_busy(pin.pfn + 1, 1);
	expect_busy(pin.pfn - pin.pfn % 32, 32);
	be->folio_put(pin);
	/* in another migrator's hands */
	start = pin.pfn;
	assert_int_equal(isolate_migratepages_range(&start, start + 1, 1, pfns), 1);
	expect_busy(pin.pfn, 4);
	putback_movable_pages(pfns, 1);
	/* no page to move to */
	fault_arm(FAULT_TARGET, 0);
	expect_busy(pin.pfn, 4);
	fault_arm(FAULT_DESC, 0);
	expect_busy(pin.pfn, 4);
	fault_disarm();
	assert_int_equal(take(pin.pfn, 4), 0);
	give(pin.pfn, 4);
	assert_int_equal(be->folio_remove(0), 0);
	/* isolated by somebody else */
	assert_int_equal(be->start_isolate_page_range(mk_pfn(32), 32), 0);
	assert_int_equal(take(0, 33), -EBUSY);
	assert_int_equal(take(63, 1), -EBUSY);
	be->undo_isolate_page_range(mk_pfn(32), 32);
	machine_is_as_booted();
}

static void pagesets_give_up_what_is_in_the_range(void **state)
{
	pfn_t pfn[4];

	(void)state;
	/* Each CPU has the frames around one that it freed on its pageset. */
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		machine_cpu_become(cpu);
		pfn[cpu] = be->alloc_frozen(0, mk_order(0), mk_nid(0));
	}
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		machine_cpu_become(3 - cpu);
		be->free_frozen(pfn[cpu], mk_order(0));
	}
	assert_true(stats_now().pcp > 0);
	assert_int_equal(take(0, 128), 0);
	assert_int_equal(take(192, 64), 0);
	give(0, 128);
	give(192, 64);
	machine_is_as_booted();
}

static void a_frozen_block_is_in_the_way_with_all_its_frames(void **state)
{
	pfn_t pfn = be->alloc_frozen(0, mk_order(6), mk_nid(0));

	(void)state;
	for (unsigned long i = 0; i < 64; i += 9)
		expect_busy(pfn.pfn + i, 1);
	be->free_frozen(pfn, mk_order(6));
	machine_is_as_booted();
}

static void wrong_ranges_are_refused(void **state)
{
	(void)state;
	assert_int_equal(alloc_contig_frozen_range(64, 64, false), -EINVAL);
	assert_int_equal(alloc_contig_frozen_range(500, 600, false), -EINVAL);
	expect_busy(300, 1);  /* absent */
	expect_busy(250, 10); /* in part */
	/* In two zones. */
	assert_int_equal(be->add_memory(mk_block(4), mk_nid(0)), 0);
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_MOVABLE), 0);
	assert_int_equal(take(250, 10), -EINVAL);
	assert_int_equal(take(256, 10), 0);
	give(256, 10);
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->remove_memory(mk_block(4)), 0);
	machine_is_as_booted();
}

static void the_refcounted_form_is_all_or_nothing(void **state)
{
	(void)state;
	assert_int_equal(be->alloc_contig_range(mk_pfn(70), 5), 0);
	assert_int_equal(be->page_count(mk_pfn(74)), 1);
	be->get_page(mk_pfn(72));
	be->free_contig_range(mk_pfn(70), 5);
	/* Who had a reference keeps the frame. */
	assert_int_equal(be->page_count(mk_pfn(72)), 1);
	expect_busy(72, 1);
	be->put_page(mk_pfn(72));
	for (unsigned int nth = 1; nth <= 5; nth++) {
		fault_arm(FAULT_DESC, nth);
		assert_int_equal(be->alloc_contig_range(mk_pfn(70), 5), -ENOMEM);
		assert_true(fault_disarm());
		be->check();
		assert_int_equal(stats_now().free + stats_now().pcp, 256);
	}
	machine_is_as_booted();
}

static void a_range_anywhere(void **state)
{
	pfn_t a, b, c;

	(void)state;
	assert_int_equal(take(17, 1), 0);
	assert_int_equal(take(200, 1), 0);
	/* 50 is no power of two: behind the frame that is taken, wherever that is. */
	a = be->alloc_contig_frozen_pages(50, 0, mk_nid(0));
	assert_int_equal(a.pfn, 18);
	b = be->alloc_contig_frozen_pages(16, MMFUZZ_GFP_ZERO, mk_nid(0));
	assert_int_equal(b.pfn, 0);
	assert_int_equal(*(u64 *)ram_ptr(b.pfn + 15), 0);
	/* CMA and what is taken leave no such range. */
	assert_true(pfn_is_none(be->alloc_contig_frozen_pages(64, 0, mk_nid(0))));
	assert_true(pfn_is_none(be->alloc_contig_frozen_pages(4096, 0, mk_nid(0))));
	c = be->alloc_contig_frozen_pages(32, 0, mk_nid(0));
	assert_int_equal(c.pfn, 96);
	fault_arm(FAULT_PAGE, 1);
	assert_true(pfn_is_none(be->alloc_contig_frozen_pages(1, 0, mk_nid(0))));
	fault_disarm();
	give(a.pfn, 50);
	give(b.pfn, 16);
	give(c.pfn, 32);
	give(17, 1);
	give(200, 1);
	machine_is_as_booted();
}

static void cma_gives_its_own_frames_and_nothing_else(void **state)
{
	pfn_t a, b, c;

	(void)state;
	/* Movable pages live there while nobody wants it. */
	for (unsigned int i = 0; i < 200; i++)
		be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, i);
	a = be->cma_alloc(0, 5);
	assert_int_equal(a.pfn, 128);
	b = be->cma_alloc(0, 32);
	assert_int_equal(b.pfn, 160);
	c = be->cma_alloc(0, 8);
	assert_int_equal(c.pfn, 136);
	be->check();
	assert_true(pfn_is_none(be->cma_alloc(0, 32)));
	assert_true(pfn_is_none(be->cma_alloc(0, 65)));
	assert_int_equal(get_pageblock_migratetype(130), MIGRATE_CMA);
	be->cma_release(0, a, 5);
	be->cma_release(0, b, 32);
	be->cma_release(0, c, 8);
	for (unsigned int i = 0; i < 200; i++)
		be->folio_remove(i);
	machine_is_as_booted();
	expect_bug("CMA release outside the area", be->cma_release(0, mk_pfn(127), 2));
}

static unsigned long ranges_won; /* by CPU 0 */

static void mine_alone(unsigned int cpu, unsigned long start, unsigned long nr)
{
	/* A second winner would show as a data race, or here. */
	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		*(u64 *)ram_ptr(pfn) = cpu;
	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		if (*(u64 *)ram_ptr(pfn) != cpu)
			mm_bug("range given twice", pfn, "CPU %u", cpu);
}

/*
 * All four want overlapping ranges; CPU 2 has an eye on CMA and CPU 3 on pages and folios as well.
 */
static void hammer(unsigned int cpu, unsigned int round)
{
	unsigned int rnd = (round * 4 + cpu + 1) * 2654435761u;
	unsigned long start = (rnd >> 8) % 100;
	unsigned long nr = 1 + (rnd >> 16) % 20;
	pfn_t pfn;

	if (cpu == 3 && round & 1) {
		pfn = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(round % 4), mk_nid(0));
		be->folio_add(round % 8, MMFUZZ_FOLIO_FILE, mk_order(round % 3), MMFUZZ_GFP_MOVABLE,
			      round);
		be->folio_remove((round + 3) % 8);
		if (!pfn_is_none(pfn))
			be->free_frozen(pfn, mk_order(round % 4));
	} else if (cpu == 2 && round & 1) {
		pfn = be->cma_alloc(0, nr);
		if (pfn_is_none(pfn))
			return;
		mine_alone(cpu, pfn.pfn, nr);
		be->cma_release(0, pfn, nr);
	} else if (!take(start, nr)) {
		mine_alone(cpu, start, nr);
		give(start, nr);
		if (!cpu)
			ranges_won++;
	}
}

static void contig_races_with_contig(void **state)
{
	(void)state;
	ranges_won = 0;
	race_until(hammer, ranges_won > 0);
	be->check();
	assert_int_equal(stats_now().free_isolated, 0);
	for (unsigned int i = 0; i < 8; i++)
		be->folio_remove(i);
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exactly_the_frames_asked_for, reset),
		cmocka_unit_test_setup(neighbours_stay_where_they_are, reset),
		cmocka_unit_test_setup(what_moves_makes_room, reset),
		cmocka_unit_test_setup(what_does_not_move_is_in_the_way, reset),
		cmocka_unit_test_setup(pagesets_give_up_what_is_in_the_range, reset),
		cmocka_unit_test_setup(a_frozen_block_is_in_the_way_with_all_its_frames, reset),
		cmocka_unit_test_setup(wrong_ranges_are_refused, reset),
		cmocka_unit_test_setup(the_refcounted_form_is_all_or_nothing, reset),
		cmocka_unit_test_setup(a_range_anywhere, reset),
		cmocka_unit_test_setup(cma_gives_its_own_frames_and_nothing_else, reset),
		cmocka_unit_test_setup(contig_races_with_contig, reset),
	};

	return cmocka_run_group_tests(tests, boot_contig, shutdown_machine);
}
