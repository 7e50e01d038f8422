// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that comes and goes. The machine: frames 0 to 255 are there, blocks 0 to 3 of 64 frames; blocks 4 to 7 are
 * not.
 */
#include "frame_trace.h"

#define BLOCK_FRAMES 64ul

/* What the notifier of these tests was told, and which action it refuses (-1: none). */
static enum memory_action told[32];
static unsigned int nr_told;
static int refuse;

static int notifier(enum memory_action action, unsigned long start, unsigned long nr)
{
	(void)start;
	assert_int_equal(nr, BLOCK_FRAMES);
	assert_true(nr_told < ARRAY_SIZE(told));
	told[nr_told++] = action;
	return refuse == (int)action ? -EINVAL : 0;
}

static void assert_told(unsigned int nr, const enum memory_action *expected)
{
	assert_int_equal(nr_told, nr);
	assert_memory_equal(told, expected, nr * sizeof(*told));
	nr_told = 0;
}
#define assert_told_of(...)                                                                                            \
	assert_told(sizeof((enum memory_action[]){ __VA_ARGS__ }) / sizeof(enum memory_action),                        \
		    (enum memory_action[]){ __VA_ARGS__ })

static void boot_with(const struct mmfuzz_config *config)
{
	boot(config);
	frame_trace_start();
	assert_int_equal(register_memory_notifier(notifier), 0);
	nr_told = 0;
	refuse = -1;
}

static int setup(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	boot_with(&config);
	return 0;
}

static int state_of(unsigned long block)
{
	return be->block_state(mk_block(block));
}

static int add(unsigned long block)
{
	return be->add_memory(mk_block(block), mk_nid(0));
}

static int online(unsigned long block)
{
	return be->online_pages(mk_block(block), MMFUZZ_ZONE_NORMAL);
}

static int offline(unsigned long block)
{
	return be->offline_pages(mk_block(block));
}

static int remove_block(unsigned long block)
{
	return be->remove_memory(mk_block(block));
}

/* Frames of @block that are not somebody's, from a machine in which everything else is. */
static unsigned long take_all(pfn_t *pfns, unsigned long max)
{
	unsigned long nr = 0;

	while (nr < max) {
		pfns[nr] = be->alloc_frozen(MMFUZZ_GFP_HIGH, mk_order(0), mk_nid(0));
		if (pfn_is_none(pfns[nr]))
			break;
		nr++;
	}
	return nr;
}

static void a_block_comes_is_used_and_goes(void **state)
{
	pfn_t pfns[512];
	unsigned long nr;

	(void)state;
	assert_int_equal(state_of(5), 0);
	assert_int_equal(add(5), 0);
	assert_int_equal(state_of(5), 1);
	be->check();
	assert_int_equal(online(5), 0);
	assert_int_equal(state_of(5), 2);
	assert_told_of(MEM_GOING_ONLINE, MEM_ONLINE);
	assert_int_equal(stats_now().managed, 320);
	assert_int_equal(frames_in(FRAME_FREE, 320, 64), 64);
	be->check();

	nr = take_all(pfns, 512);
	assert_int_equal(nr, 320);
	/* What is unmovable is seen before anybody is asked. */
	assert_int_equal(offline(5), -EBUSY);
	assert_int_equal(nr_told, 0);
	be->check();
	be->free_bulk(nr, pfns);

	assert_int_equal(offline(5), 0);
	assert_told_of(MEM_GOING_OFFLINE, MEM_OFFLINE);
	assert_int_equal(frames_in(FRAME_ABSENT, 320, 64), 64);
	be->check();
	assert_int_equal(remove_block(5), 0);
	assert_int_equal(state_of(5), 0);
	assert_as_booted();
}

static void a_boot_block_goes_and_comes_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(offline(1), 0);
		assert_int_equal(remove_block(1), 0);
		be->check();
		assert_int_equal(add(1), 0);
		assert_int_equal(online(1), 0);
		assert_as_booted();
	}
}

static void wrong_orders_of_calls_are_refused(void **state)
{
	(void)state;
	assert_int_equal(add(0), -EEXIST);
	assert_int_equal(online(0), -EBUSY);
	assert_int_equal(remove_block(0), -EBUSY);
	assert_int_equal(online(4), -EINVAL);
	assert_int_equal(offline(4), -EINVAL);
	assert_int_equal(remove_block(4), -EINVAL);
	assert_int_equal(add_memory(4, 1), -EINVAL);
	assert_int_equal(add(4), 0);
	assert_int_equal(add(4), -EEXIST);
	assert_int_equal(offline(4), -EINVAL);
	/* The node has no such zone. */
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_DMA), -EINVAL);
	assert_int_equal(nr_told, 0);
	assert_int_equal(remove_block(4), 0);
	assert_as_booted();
	expect_bug("block outside memory", add_memory(8, 0));
	be->reset();
	expect_bug("block outside memory", offline_and_remove_memory(~0ul));
	be->reset();
}

/* Each of those asked may say no: the notifier here, or the fault injector in its place and after it. */
static void a_veto_cancels(void **state)
{
	(void)state;
	assert_int_equal(add(4), 0);
	refuse = MEM_GOING_ONLINE;
	assert_int_equal(online(4), -ECANCELED);
	assert_told_of(MEM_GOING_ONLINE);
	fault_arm(FAULT_NOTIFIER, 1);
	assert_int_equal(online(4), -ECANCELED);
	assert_int_equal(nr_told, 0);
	refuse = -1;
	fault_arm(FAULT_NOTIFIER, 2);
	assert_int_equal(online(4), -ECANCELED);
	assert_told_of(MEM_GOING_ONLINE, MEM_CANCEL_ONLINE);
	assert_int_equal(state_of(4), 1);
	be->check();

	assert_int_equal(online(4), 0);
	nr_told = 0;
	fault_arm(FAULT_NOTIFIER, 2);
	assert_int_equal(offline(4), -ECANCELED);
	assert_told_of(MEM_GOING_OFFLINE, MEM_CANCEL_OFFLINE);
	refuse = MEM_GOING_OFFLINE;
	assert_int_equal(offline(4), -ECANCELED);
	assert_told_of(MEM_GOING_OFFLINE);
	assert_int_equal(state_of(4), 2);
	be->check();
	refuse = -1;
	assert_int_equal(offline_and_remove_memory(4), 0);
	assert_as_booted();
}

/*
 * Block 4 is full of what can move: folios, and a balloon's pages.
 *
 *	|balloon|folio|balloon|...  --offline--> all of it is elsewhere, nothing is lost
 */
static void movable_pages_go_elsewhere(void **state)
{
	uint64_t tag;

	(void)state;
	assert_int_equal(add(4), 0);
	assert_int_equal(online(4), 0);
	/* With boot memory taken all goes to block 4. */
	assert_int_equal(be->alloc_contig_frozen_range(mk_pfn(0), 256), 0);
	for (unsigned int i = 0; i < 30; i++) {
		assert_int_equal(be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 1000 + i), 0);
		assert_int_equal(be->balloon_inflate(0, 1), 1);
	}
	be->check();
	/* Nowhere to go: all of it stays where it is. */
	nr_told = 0;
	assert_int_equal(offline(4), -EBUSY);
	assert_told_of(MEM_GOING_OFFLINE, MEM_CANCEL_OFFLINE);
	be->check();
	be->free_contig_frozen_range(mk_pfn(0), 256);

	assert_int_equal(offline(4), 0);
	be->check();
	assert_int_equal(frames_in(FRAME_ABSENT, 256, 64), 64);
	assert_int_equal(be->balloon_pages(0), 30);
	assert_int_equal(stats_now().migrate_success, 60);
	for (unsigned int i = 0; i < 30; i++) {
		assert_int_equal(be->folio_read(i, &tag), 0);
		assert_int_equal(tag, 1000 + i);
		assert_int_equal(be->folio_remove(i), 0);
	}
	assert_int_equal(be->balloon_deflate(0, 30), 30);
	assert_int_equal(remove_block(4), 0);
	assert_as_booted();
}

/*
 * A program keeps four Skippable frames of block 4.
 *
 *	online      |  free  |Off Skip|  free  |
 *	offline     |   0    |Off Skip Never|  0   |   still the program's; the block cannot be removed
 *	online      |  free  |Off Skip Never| free |   not managed
 */
static void skippable_frames_stay_with_their_owner(void **state)
{
	const unsigned long kept = misc_word(MISC_OFFLINE, 0, MISC_SKIPPABLE | MISC_NEVER_ONLINED);
	pfn_t pfn = mk_pfn(256 + 20);

	(void)state;
	assert_int_equal(add(4), 0);
	assert_int_equal(online(4), 0);
	assert_int_equal(be->alloc_offline_page_range(pfn, 4), 0);
	assert_int_equal(offline(4), -EBUSY);
	be->set_offline_skippable(pfn, mk_order(2), true);
	assert_int_equal(stats_now().managed, 320);
	assert_int_equal(offline(4), 0);
	assert_int_equal(stats_now().managed, 256);
	assert_int_equal(page_word(pfn_to_page(pfn.pfn + 3)), kept);
	assert_int_equal(frames_in(FRAME_ABSENT, 256, 64), 64);
	be->check();
	assert_int_equal(remove_block(4), -EBUSY);

	/* Let go while the block is offline: nothing happens but that the word says so. */
	be->free_offline_page(pfn, mk_order(0));
	assert_int_equal(page_word(pfn_to_page(pfn.pfn)), 0);
	assert_int_equal(frame_place(pfn.pfn), FRAME_ABSENT);

	/* Onlining steps over the others; they come to life when their owner frees them. */
	assert_int_equal(online(4), 0);
	assert_int_equal(stats_now().managed, 256 + 61);
	assert_int_equal(page_word(pfn_to_page(pfn.pfn + 3)), kept);
	be->check();
	be->free_offline_page(mk_pfn(pfn.pfn + 1), mk_order(0));
	assert_int_equal(frame_place(pfn.pfn + 1), FRAME_FREE);
	be->free_offline_page_range(mk_pfn(pfn.pfn + 2), 2);
	assert_int_equal(stats_now().managed, 320);
	be->check();
	assert_int_equal(offline(4), 0);
	assert_int_equal(remove_block(4), 0);
	assert_as_booted();
}

/* NeverOnlined without Skippable: the owner took the promise back while the block was offline. */
static void unskippable_again_keeps_the_block(void **state)
{
	pfn_t pfn = mk_pfn(64);

	(void)state;
	assert_int_equal(be->alloc_offline_page_range(pfn, 1), 0);
	be->set_offline_skippable(pfn, mk_order(0), true);
	assert_int_equal(offline(1), 0);
	be->set_offline_skippable(pfn, mk_order(0), false);
	assert_int_equal(online(1), 0);
	assert_int_equal(offline(1), -EBUSY);
	be->free_offline_page(pfn, mk_order(0));
	assert_as_booted();
}

/*
 * Somebody else has isolated block 1, with 64 free frames. While block 0 is emptied its frames merge with those across
 * the border; what leaves the zone must be block 0 and no more.
 *
 *	|    block 0    |    block 1    |
 *	|F|     free (i)|     free (i)  |   F migrates away -> one free block of order 7
 */
static void free_blocks_across_the_border_are_cut(void **state)
{
	pfn_t filler[256];
	unsigned long nr = 0;

	(void)state;
	/* Pageblocks are movable at boot: the folio is the first to take from one, at frame 0 or wherever that is. */
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 1), 0);
	pfn_t folio = be->folio_get(0);
	unsigned long block = folio.pfn / BLOCK_FRAMES;

	be->folio_put(folio);
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	assert_int_equal(be->start_isolate_page_range(mk_pfn((block ^ 1) * BLOCK_FRAMES), BLOCK_FRAMES), 0);
	assert_int_equal(offline(block), 0);
	assert_int_equal(frames_in(FRAME_ABSENT, block * BLOCK_FRAMES, BLOCK_FRAMES), BLOCK_FRAMES);
	be->check();
	assert_int_equal(stats_now().free_isolated, BLOCK_FRAMES);
	be->undo_isolate_page_range(mk_pfn((block ^ 1) * BLOCK_FRAMES), BLOCK_FRAMES);
	nr = take_all(filler, 256);
	assert_int_equal(nr, 256 - BLOCK_FRAMES - 1);
	be->free_bulk(nr, filler);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(online(block), 0);
	assert_as_booted();
}

static void holes_and_cma_do_not_leave(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_holes = 1;
	config.holes[0] = (struct mmfuzz_range){ .start = 70, .nr = 3 };
	config.nr_cma = 1;
	config.cma[0] = (struct mmfuzz_range){ .start = 160, .nr = 32 };
	boot_with(&config);
	assert_int_equal(offline(0), 0);
	assert_int_equal(offline(1), -EINVAL);
	assert_int_equal(offline(2), -EBUSY);
	assert_int_equal(offline(3), 0);
	assert_int_equal(online(0), 0);
	assert_int_equal(online(3), 0);
	assert_as_booted();
}

/* A second node, and onlining into another zone than the block was in before. */
static void a_block_may_change_zones(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_zones = 2;
	config.zones[0].range.nr = 192;
	config.zones[1] = (struct mmfuzz_zone_config){ .nid = 1, .type = MMFUZZ_ZONE_NORMAL, .range = { 192, 64 } };
	boot_with(&config);
	assert_int_equal(be->add_memory(mk_block(4), mk_nid(1)), 0);
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_NORMAL), 0);
	assert_ptr_equal(pfn_zone(256), node_zone(1, MMFUZZ_ZONE_NORMAL));
	assert_int_equal(offline(4), 0);
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_MOVABLE), 0);
	assert_ptr_equal(pfn_zone(256), node_zone(1, MMFUZZ_ZONE_MOVABLE));
	be->check();
	assert_int_equal(offline_and_remove_memory(4), 0);
	assert_as_booted();
}

#if SIM_ASAN
int __asan_address_is_poisoned(const void *addr);
#else
static int __asan_address_is_poisoned(const void *addr)
{
	return pfn_valid(page_to_pfn(addr)) ? 0 : 1;
}
#endif

static void the_memmap_of_what_is_absent_is_poisoned(void **state)
{
	(void)state;
	assert_true(__asan_address_is_poisoned(pfn_to_page(256)));
	assert_int_equal(add(4), 0);
	assert_false(__asan_address_is_poisoned(pfn_to_page(256)));
	assert_int_equal(remove_block(4), 0);
	assert_true(__asan_address_is_poisoned(pfn_to_page(256)));
	assert_int_equal(offline(3), 0);
	assert_int_equal(remove_block(3), 0);
	assert_true(__asan_address_is_poisoned(pfn_to_page(255)));
	be->reset();
	assert_false(__asan_address_is_poisoned(pfn_to_page(255)));
	assert_true(__asan_address_is_poisoned(pfn_to_page(256)));
}

static void drivers_have_regions_of_their_own(void **state)
{
	unsigned int nr = 0;

	(void)state;
	assert_int_equal(request_memory_region(4, 2), 0);
	assert_int_equal(add(4), -EEXIST);
	assert_int_equal(add_memory_driver_managed(4, 0), 0);
	assert_int_equal(remove_block(4), -EBUSY);
	assert_int_equal(online(4), 0);
	assert_int_equal(offline(4), 0);
	assert_int_equal(offline_and_remove_memory(4), 0);
	assert_int_equal(add(6), 0);
	assert_int_equal(remove_block(6), 0);
	assert_as_booted();

	/* Tables are as large as the drivers that there are need. */
	assert_int_equal(request_memory_region(6, 1), 0);
	assert_int_equal(request_memory_region(7, 1), -ENOSPC);
	while (!register_memory_notifier(notifier))
		nr++;
	assert_int_equal(nr, 7);
}

/* CPU 0 takes block 2 and 4 out and in; the others allocate, inflate and walk meanwhile. */
static void collide(unsigned int cpu, void *arg)
{
	const unsigned int rounds = *(unsigned int *)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		pfn_t pfn;
		uint64_t tag;

		switch (cpu) {
		case 0:
			offline(2);
			remove_block(2);
			add(4);
			online(4);
			be->compact(mk_nid(0), mk_order(6));
			add(2);
			online(2);
			offline(4);
			remove_block(4);
			break;
		case 1:
			be->balloon_inflate(0, 1 + i % 40);
			be->balloon_deflate(0, 1 + i % 37);
			break;
		case 2:
			pfn = be->alloc_offline_pages(i & MMFUZZ_GFP_MOVABLE, mk_order(i % 3), mk_nid(0));
			if (pfn_is_none(pfn))
				break;
			be->set_offline_skippable(pfn, mk_order(i % 3), i & 4);
			be->walk_pfns(mk_pfn(0), 512);
			be->free_offline_page(pfn, mk_order(i % 3));
			break;
		default:
			be->folio_add(i % 50, MMFUZZ_FOLIO_FILE, mk_order(i % 2), MMFUZZ_GFP_MOVABLE, i);
			be->folio_read(i % 50, &tag);
			be->folio_remove((i + 20) % 50);
			be->walk_pfns(mk_pfn(100), 300);
			break;
		}
		be->op_done();
	}
}

static void blocks_come_and_go_under_load(void **state)
{
	unsigned int rounds = 400;

	(void)state;
	/* The notifier of these tests is not made for several CPUs. */
	memory_hotplug_init();
	machine_run(4, collide, &rounds);
	for (unsigned int i = 0; i < 50; i++)
		be->folio_remove(i);
	be->balloon_deflate(0, 512);
	if (state_of(4))
		assert_int_equal(offline_and_remove_memory(4), 0);
	add(2);
	online(2);
	assert_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_block_comes_is_used_and_goes, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_boot_block_goes_and_comes_back, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(wrong_orders_of_calls_are_refused, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_veto_cancels, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(movable_pages_go_elsewhere, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(skippable_frames_stay_with_their_owner, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(unskippable_again_keeps_the_block, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(free_blocks_across_the_border_are_cut, setup, shutdown_machine),
		cmocka_unit_test_teardown(holes_and_cma_do_not_leave, shutdown_machine),
		cmocka_unit_test_teardown(a_block_may_change_zones, shutdown_machine),
		cmocka_unit_test_setup_teardown(the_memmap_of_what_is_absent_is_poisoned, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(drivers_have_regions_of_their_own, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(blocks_come_and_go_under_load, setup, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
