// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buddy, pagesets, pageblocks, deferred frees: scenarios on a machine of 256 frames.
 *
 *   frame   0      32      64            224    256              512
 *           | blk0 |  blk1 |  ...        | blk7 | room for hotplug |
 */
#include "machine.h"

#include "pcp.h"

static pfn_t get(unsigned int order, unsigned int gfp)
{
	pfn_t pfn = be->alloc_frozen(gfp, mk_order(order), mk_nid(0));

	assert_false(pfn_is_none(pfn));
	assert_true((pfn.pfn & ((1ul << order) - 1)) == 0);
	return pfn;
}

static void put(pfn_t pfn, unsigned int order)
{
	be->free_frozen(pfn, mk_order(order));
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check_idle();
}

static void boot_is_idle(void **state)
{
	struct mmfuzz_stats stats = stats_now();

	(void)state;
	assert_int_equal(stats.free, 256);
	assert_int_equal(stats.managed, 256);
	machine_is_as_booted();
}

static void every_order_comes_aligned_and_goes_back(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= 8; order++) {
		pfn_t pfn = get(order, 0);

		assert_int_equal(page_word(pfn_to_page(pfn.pfn)), misc_word(MISC_FROZEN, order, 0));
		be->check();
		put(pfn, order);
		be->check();
	}
	assert_true(pfn_is_none(be->alloc_frozen(0, mk_order(9), mk_nid(0))));
	machine_is_as_booted();
}

static void all_memory_can_be_had_once(void **state)
{
	bool seen[256] = { 0 };
	pfn_t pfns[256];

	(void)state;
	for (int i = 0; i < 256; i++) {
		machine_cpu_become(i % 4);
		pfns[i] = get(0, i & 1 ? MMFUZZ_GFP_MOVABLE : 0);
		assert_false(seen[pfns[i].pfn]);
		seen[pfns[i].pfn] = true;
	}
	assert_true(pfn_is_none(be->alloc_frozen(0, mk_order(0), mk_nid(0))));
	be->check();
	for (int i = 0; i < 256; i++) {
		machine_cpu_become((i * 7) % 4);
		put(pfns[i], 0);
	}
	be->check();
	machine_is_as_booted();
}

/* CPU 1's pageset holds the last frames; CPU 0 gets them all the same. */
static void a_hungry_cpu_drains_the_others(void **state)
{
	pfn_t pfns[256];

	(void)state;
	machine_cpu_become(1);
	put(get(0, 0), 0);
	machine_cpu_become(0);
	for (int i = 0; i < 256; i++)
		pfns[i] = get(0, 0);
	for (int i = 0; i < 256; i++)
		put(pfns[i], 0);
	machine_is_as_booted();
}

/*
 * A trylock that fails sends a free past the pageset, then past the zone, to the deferred list; the next who takes
 * the zone lock frees it for good.
 */
static void a_nolock_free_waits_for_the_next_lock(void **state)
{
	pfn_t pfn = get(0, 0);
	pfn_t large = get(6, 0);

	(void)state;
	fault_arm(FAULT_TRYLOCK, 0);
	be->free_frozen_nolock(pfn, mk_order(0));
	be->free_frozen_nolock(large, mk_order(6));
	assert_true(fault_disarm());
	assert_int_equal(stats_now().deferred, 65);
	assert_int_equal(word_type(page_word(pfn_to_page(pfn.pfn))), MEMDESC_DEFERRED);
	be->check();
	put(get(4, 0), 4);
	assert_int_equal(stats_now().deferred, 0);
	machine_is_as_booted();
}

static void nolock_alloc_takes_what_it_can_get(void **state)
{
	pfn_t pfn;

	(void)state;
	fault_arm(FAULT_TRYLOCK, 0);
	assert_true(pfn_is_none(be->alloc_frozen_nolock(mk_order(0), mk_nid(0))));
	fault_disarm();
	pfn = be->alloc_frozen_nolock(mk_order(0), mk_nid(0));
	assert_false(pfn_is_none(pfn));
	be->free_frozen_nolock(pfn, mk_order(0));
	machine_is_as_booted();
}

static void bulk_gives_distinct_frames(void **state)
{
	pfn_t pfns[40];
	unsigned long got = be->alloc_bulk(MMFUZZ_GFP_MOVABLE, mk_nid(0), 40, pfns);

	(void)state;
	assert_int_equal(got, 40);
	for (int i = 0; i < 40; i++)
		for (int j = 0; j < i; j++)
			assert_true(pfns[i].pfn != pfns[j].pfn);
	be->free_bulk(40, pfns);
	machine_is_as_booted();
}

static void a_split_block_is_freed_frame_by_frame(void **state)
{
	pfn_t pfn = get(3, 0);

	(void)state;
	be->split(pfn, mk_order(3));
	for (unsigned long i = 0; i < 8; i++)
		put(mk_pfn(pfn.pfn + (i * 3) % 8), 0);
	machine_is_as_booted();
}

static void zeroed_pages_read_zero(void **state)
{
	pfn_t pfn = get(2, 0);

	(void)state;
	for (int i = 0; i < 4; i++)
		*(u64 *)ram_ptr(pfn.pfn + i) = 0x5ca1ab1e;
	put(pfn, 2);
	pfn = get(2, MMFUZZ_GFP_ZERO);
	for (int i = 0; i < 4; i++)
		assert_int_equal(*(u64 *)ram_ptr(pfn.pfn + i), 0);
	put(pfn, 2);
	machine_is_as_booted();
}

/* Unmovable memory out of an all-movable machine: the fall-back claims a pageblock and stays in it. */
static void fallback_claims_a_pageblock(void **state)
{
	pfn_t a = get(4, MMFUZZ_GFP_MOVABLE);
	pfn_t b = get(4, 0);
	pfn_t c = get(4, 0);

	(void)state;
	assert_int_equal(get_pageblock_migratetype(b.pfn), MIGRATE_UNMOVABLE);
	assert_int_equal(get_pageblock_migratetype(a.pfn), MIGRATE_MOVABLE);
	assert_int_equal(b.pfn >> 5, c.pfn >> 5);
	be->check();
	put(a, 4);
	put(b, 4);
	put(c, 4);
	machine_is_as_booted();
}

/*
 *   blk0  blk1  blk2  blk3           one free block of 256 frames, order 8; isolating blk1 takes it apart,
 *   [free][ISOL][free][free]...      and putting blk1 back makes it whole again
 */
static void isolation_takes_a_large_free_block_apart(void **state)
{
	(void)state;
	assert_int_equal(be->start_isolate_page_range(mk_pfn(32), 32), 0);
	assert_int_equal(stats_now().free, 224);
	assert_int_equal(stats_now().free_isolated, 32);
	be->check();
	assert_int_equal(be->start_isolate_page_range(mk_pfn(0), 64), -EBUSY);
	be->check();
	for (int i = 0; i < 7; i++)
		assert_true((get(5, 0).pfn >> 5) != 1);
	assert_true(pfn_is_none(be->alloc_frozen(0, mk_order(0), mk_nid(0))));
	be->undo_isolate_page_range(mk_pfn(32), 32);
	be->check();
	assert_int_equal(get(5, 0).pfn, 32);
	be->reset();
	machine_is_as_booted();
}

/* A page of a block that is isolated while it lies on a pageset goes to the isolate list when it is freed. */
static void a_pageset_does_not_leak_into_an_isolated_block(void **state)
{
	pfn_t pfn = get(0, MMFUZZ_GFP_MOVABLE);
	unsigned long block = ALIGN_DOWN(pfn.pfn, 32);

	(void)state;
	put(pfn, 0); /* on CPU 0's pageset now */
	assert_int_equal(be->start_isolate_page_range(mk_pfn(block), 32), 0);
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	assert_int_equal(stats_now().free_isolated, 32);
	be->check();
	be->undo_isolate_page_range(mk_pfn(block), 32);
	machine_is_as_booted();
}

static void disabled_pagesets_hold_nothing(void **state)
{
	(void)state;
	be->pcp_disable(mk_nid(0));
	be->pcp_disable(mk_nid(0));
	put(get(0, 0), 0);
	assert_int_equal(stats_now().pcp, 0);
	be->pcp_enable(mk_nid(0));
	put(get(0, 0), 0);
	assert_int_equal(stats_now().pcp, 0);
	be->pcp_enable(mk_nid(0));
	put(get(0, 0), 0);
	assert_int_equal(stats_now().pcp, 4);
	machine_is_as_booted();
}

static void highatomic_reserve_comes_and_goes(void **state)
{
	pfn_t pfns[256];
	unsigned int nr = 0;
	pfn_t high;

	(void)state;
	/* Down to below the low watermark with ordinary pages, then an atomic one of order 2. */
	while (nr < 256) {
		pfn_t pfn = be->alloc_frozen(0, mk_order(2), mk_nid(0));

		if (pfn_is_none(pfn))
			break;
		pfns[nr++] = pfn;
	}
	assert_true(nr > 8);
	high = be->alloc_frozen(MMFUZZ_GFP_HIGH, mk_order(2), mk_nid(0));
	assert_false(pfn_is_none(high));
	assert_int_equal(get_pageblock_migratetype(high.pfn), MIGRATE_HIGHATOMIC);
	be->check();
	put(high, 2);
	while (nr)
		put(pfns[--nr], 2);
	be->check();
	machine_is_as_booted();
}

static int boot_tight(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.min_free = 32;
	boot(&config);
	return 0;
}

static int boot_tight_blocks(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.pageblock_order = 3;
	config.min_free = 32;
	boot(&config);
	return 0;
}

static void highatomic_blocks_that_merged_leave_together(void **state)
{
	pfn_t pfns[] = { get(7, 0), get(6, 0), get(5, 0) };
	pfn_t a, b;

	(void)state;
	/* 32 frames are left, less than the low watermark wants. */
	a = be->alloc_frozen(MMFUZZ_GFP_HIGH, mk_order(3), mk_nid(0));
	b = be->alloc_frozen(MMFUZZ_GFP_HIGH, mk_order(3), mk_nid(0));
	assert_int_equal(a.pfn ^ b.pfn, 8);
	assert_int_equal(get_pageblock_migratetype(a.pfn), MIGRATE_HIGHATOMIC);
	assert_int_equal(get_pageblock_migratetype(b.pfn), MIGRATE_HIGHATOMIC);
	put(a, 3);
	put(b, 3);
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	assert_int_equal(free_order(page_word(pfn_to_page(min(a.pfn, b.pfn)))), 4);
	for (unsigned int i = 0; i < 3; i++)
		put(pfns[i], 7 - i);
	machine_is_as_booted();
}

static int boot_guarded(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.guard_order = 2;
	config.pcp_high = 1;
	config.pcp_batch = 1;
	boot(&config);
	return 0;
}

/*   order 2:  [page][guard][ guard ]     freeing the page merges the guards away */
static void guard_pages_stand_beside_a_split(void **state)
{
	pfn_t pfn = get(0, 0);

	(void)state;
	assert_int_equal(stats_now().guard, 3);
	assert_true(word_is_misc(page_word(pfn_to_page(pfn.pfn ^ 1)), MISC_GUARD));
	be->check();
	put(pfn, 0);
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	assert_int_equal(stats_now().guard, 0);
	machine_is_as_booted();
}

static int boot_odd(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	/* Two nodes, a DMA zone, holes that start and end anywhere, a border no large block fits */
	config.nr_zones = 3;
	config.zones[0] = (struct mmfuzz_zone_config){ 0, MMFUZZ_ZONE_DMA, { 0, 64 } };
	config.zones[1] = (struct mmfuzz_zone_config){ 0, MMFUZZ_ZONE_NORMAL, { 64, 192 } };
	config.zones[2] = (struct mmfuzz_zone_config){ 1, MMFUZZ_ZONE_MOVABLE, { 256, 128 } };
	config.nr_holes = 2;
	config.holes[0] = (struct mmfuzz_range){ 0, 1 };
	config.holes[1] = (struct mmfuzz_range){ 77, 40 };
	config.nr_cma = 1;
	config.cma[0] = (struct mmfuzz_range){ 128, 32 };
	boot(&config);
	return 0;
}

static void zones_keep_to_their_borders(void **state)
{
	unsigned int seen = 0;

	(void)state;
	assert_int_equal(stats_now().managed, 384 - 41);
	for (;;) {
		pfn_t pfn = be->alloc_frozen(MMFUZZ_GFP_DMA, mk_order(0), mk_nid(0));

		if (pfn_is_none(pfn))
			break;
		assert_in_range(pfn.pfn, 1, 63);
		seen++;
	}
	assert_int_equal(seen, 63);
	for (;;) {
		pfn_t pfn = be->alloc_frozen(0, mk_order(0), mk_nid(1));

		if (pfn_is_none(pfn))
			break;
		assert_in_range(pfn.pfn, 64, 255); /* unmovable pages stay out of Movable, and out of CMA */
		assert_false(pfn.pfn >= 128 && pfn.pfn < 160);
		seen++;
	}
	assert_int_equal(seen, 63 + 192 - 40 - 32);
	be->check();
	be->reset();
	machine_is_as_booted();
}

static void broken_rules_are_named(void **state)
{
	pfn_t pfn;

	(void)state;
	pfn = get(1, 0);
	put(pfn, 1);
	expect_bug("double free", put(pfn, 1));
	be->reset();
	pfn = get(1, 0);
	expect_bug("free with a wrong order", put(pfn, 0));
	be->reset();
	expect_bug("double free", put(mk_pfn(0), 0)); /* never allocated: still on its free list */
	be->reset();
	expect_bug("free of a tail or of memory that is not online", put(mk_pfn(1), 0));
	be->reset();
	expect_bug("frame outside memory", put(mk_pfn(512), 0));
	be->reset();
	expect_bug("frame outside memory", put(mk_pfn(~0ul), 0));
	be->reset();
	expect_bug("frame not online", put(mk_pfn(300), 0));
	be->reset();
	expect_bug("wrong order", put(mk_pfn(0), 11));
	be->reset();
	expect_bug("block not aligned to its order", put(mk_pfn(1), 1));
	be->reset();
	expect_bug("allocation of a wrong order", be->alloc_frozen(0, mk_order(11), mk_nid(0)));
	be->reset();
	expect_bug("allocation on a node that is not there", be->alloc_frozen(0, mk_order(0), mk_nid(1)));
	be->reset();
	pfn = get(1, 0);
	expect_bug("split of a block that the caller does not own", be->split(pfn, mk_order(0)));
	be->reset();
	expect_bug("device that is not there", be->balloon_inflate(1, 1));
	be->reset();
	machine_is_as_booted();
}

/* What a pageset says of itself is believed only as far as its lists bear it out. */
static void a_damaged_pageset_is_noticed(void **state)
{
	struct zone *zone = &mm->zones[0];
	pfn_t pfn;

	(void)state;
	put(get(0, 0), 0);
	zone->pcp[0].count++;
	expect_bug("pageset count wrong", be->drain(MMFUZZ_DRAIN_LOCAL, mk_cpu(0)));
	be->reset();
	/* Checks of each page are of builds that check locks. */
	if (!MM_DEBUG)
		return;
	pfn = get(0, 0);
	put(pfn, 0);
	pfn_to_page(pfn.pfn)->memdesc = misc_word(MISC_FROZEN, 0, 0);
	expect_bug("pageset holds another page", get(0, 0));
	be->reset();
	pfn = get(0, 0);
	put(pfn, 0);
	/* Where it was, by its links; another type. */
	pfn_to_page(pfn.pfn)->memdesc ^= MEMDESC_PCP ^ MEMDESC_DEFERRED;
	expect_bug("pageset holds another page", be->drain(MMFUZZ_DRAIN_LOCAL, mk_cpu(0)));
	be->reset();
	pfn = get(0, MMFUZZ_GFP_MOVABLE);
	put(pfn, 0);
	zone->pcp[0].count = 0;
	expect_bug("isolated block on a drained pageset", be->alloc_contig_frozen_range(pfn, 1));
	be->reset();
}

/* The checker must see what is wrong, or it proves nothing: damage one thing at a time. */
static void the_checker_sees_damage(void **state)
{
	struct zone *zone = &mm->zones[0];
	pfn_t pfn;

	(void)state;
	zone->vm_stat[NR_FREE_PAGES]++;
	expect_bug("NR_FREE_PAGES drifted", be->check());
	be->reset();
	zone->free_area[8].nr_free++;
	expect_bug("nr_free drifted", be->check());
	be->reset();
	pfn = get(0, 0);
	pfn_to_page(pfn.pfn)->memdesc = 0;
	expect_bug("lost frame", be->check());
	be->reset();
	pfn_to_page(5)->memdesc = misc_word(MISC_FROZEN, 0, 0);
	expect_bug("frame in two blocks", be->check());
	be->reset();
	pageblock_flags[0] = MIGRATE_UNMOVABLE;
	expect_bug("free block over pageblocks of two types", be->check());
	be->reset();
	put(get(0, 0), 0);
	zone->pcp[0].count++;
	expect_bug("pageset count wrong", be->check());
	be->reset();
	pfn = get(0, 0);
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	pfn_to_page(pfn.pfn)->memdesc = free_word(MEMDESC_BUDDY, 0, pfn.pfn, pfn.pfn);
	expect_bug("free buddies that are not merged", be->check());
	be->reset();
	pfn_to_page(get(0, 0).pfn)->memdesc = 0xf;
	expect_bug("invalid word", be->check());
	be->reset();
	zone->nr_isolate_pageblock++;
	expect_bug("nr_isolate_pageblock drifted", be->check());
	be->reset();
	atomic_long_add(-1, &zone->managed_pages);
	expect_bug("managed_pages drifted", be->check());
	be->reset();
	get(0, 0);
	be->quiesce();
	expect_bug("machine not idle", be->check_idle());
	be->reset();
	machine_is_as_booted();
}

static void impossible_machines_are_refused(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_cpus = 65;
	assert_int_equal(be->boot(&config), -EINVAL);
	config = small_machine();
	config.pageblock_order = 11;
	assert_int_equal(be->boot(&config), -EINVAL);
	config = small_machine();
	config.zones[0].range.nr = 250;
	assert_int_equal(be->boot(&config), -EINVAL);
	config = small_machine();
	config.zones[0].range.start = ~0ul - 63;
	assert_int_equal(be->boot(&config), -EINVAL);
	config = small_machine();
	config.nr_holes = 1;
	config.holes[0] = (struct mmfuzz_range){ 250, 10 };
	assert_int_equal(be->boot(&config), -EINVAL);
}

/* Four CPUs allocate and free at once; each frame is one CPU's at a time. */
static atomic_t owner[256];

static void churn(unsigned int cpu, void *arg)
{
	unsigned int seed = cpu * 7919 + 1;
	pfn_t mine[24];
	unsigned int orders[24];
	unsigned int nr = 0;

	(void)arg;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		if (nr < 24 && (seed >> 16) & 1) {
			unsigned int order = (seed >> 20) % 4;
			pfn_t pfn = be->alloc_frozen((seed >> 24) & 3, mk_order(order), mk_nid(0));

			if (pfn_is_none(pfn))
				continue;
			for (unsigned long j = 0; j < 1ul << order; j++)
				if (atomic_xchg(&owner[pfn.pfn + j], cpu + 1))
					mm_bug("granted twice", pfn.pfn, "CPU %u", cpu);
			mine[nr] = pfn;
			orders[nr++] = order;
		} else if (nr) {
			unsigned int n = (seed >> 20) % nr;

			for (unsigned long j = 0; j < 1ul << orders[n]; j++)
				atomic_set(&owner[mine[n].pfn + j], 0);
			if ((seed >> 28) & 1)
				be->free_frozen_nolock(mine[n], mk_order(orders[n]));
			else
				be->free_frozen(mine[n], mk_order(orders[n]));
			mine[n] = mine[--nr];
			orders[n] = orders[nr];
		}
		if (i % 500 == 0)
			be->drain(MMFUZZ_DRAIN_CPU, mk_cpu((cpu + 1) % 4));
		be->op_done();
	}
	while (nr--) {
		for (unsigned long j = 0; j < 1ul << orders[nr]; j++)
			atomic_set(&owner[mine[nr].pfn + j], 0);
		be->free_frozen(mine[nr], mk_order(orders[nr]));
	}
}

static void cpus_share_the_zone(void **state)
{
	(void)state;
	machine_run(4, churn, NULL);
	be->check();
	machine_is_as_booted();
}

int main(void)
{
#define SMALL(test) cmocka_unit_test_setup_teardown(test, boot_small, shutdown_machine)
	const struct CMUnitTest tests[] = {
		SMALL(boot_is_idle),
		SMALL(every_order_comes_aligned_and_goes_back),
		SMALL(all_memory_can_be_had_once),
		SMALL(a_hungry_cpu_drains_the_others),
		SMALL(a_nolock_free_waits_for_the_next_lock),
		SMALL(nolock_alloc_takes_what_it_can_get),
		SMALL(bulk_gives_distinct_frames),
		SMALL(a_split_block_is_freed_frame_by_frame),
		SMALL(zeroed_pages_read_zero),
		SMALL(fallback_claims_a_pageblock),
		SMALL(isolation_takes_a_large_free_block_apart),
		SMALL(a_pageset_does_not_leak_into_an_isolated_block),
		SMALL(disabled_pagesets_hold_nothing),
		SMALL(broken_rules_are_named),
		SMALL(a_damaged_pageset_is_noticed),
		SMALL(the_checker_sees_damage),
		SMALL(cpus_share_the_zone),
		cmocka_unit_test(impossible_machines_are_refused),
		cmocka_unit_test_setup_teardown(highatomic_reserve_comes_and_goes, boot_tight, shutdown_machine),
		cmocka_unit_test_setup_teardown(highatomic_blocks_that_merged_leave_together, boot_tight_blocks,
						shutdown_machine),
		cmocka_unit_test_setup_teardown(guard_pages_stand_beside_a_split, boot_guarded, shutdown_machine),
		cmocka_unit_test_setup_teardown(zones_keep_to_their_borders, boot_odd, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
