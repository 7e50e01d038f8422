// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mem against hotplug by others. The region is blocks 4 to 7, of 64 frames and two subblocks each:
 *
 *	|  4a  4b  |  5a  5b  |  6a  6b  |  7a  7b  |
 */
#include "tests/frame_trace.h"

#define NEVER (MISC_NEVER_ONLINED | MISC_SKIPPABLE)

static int setup(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_vmem = 1;
	config.vmem[0] = (struct mmfuzz_vmem_config){ .nid = 0, .region = { 256, 256 }, .sb_order = 5 };
	boot(&config);
	frame_trace_start();
	return 0;
}

static unsigned long sb_start(unsigned int block, char sb)
{
	return block * 64ul + (sb - 'a') * 32ul;
}

static unsigned long unplugged_word(unsigned long flags)
{
	return misc_word(MISC_OFFLINE, 0, flags) | ((unsigned long)OFFLINE_OWNER_VMEM << MISC_OWNER_SHIFT);
}

static void assert_words(unsigned int block, char sb, unsigned long word)
{
	for (unsigned long pfn = sb_start(block, sb), end = pfn + 32; pfn < end; pfn++)
		assert_int_equal(page_word(pfn_to_page(pfn)), word);
}

static enum frame_place place_of(unsigned int block, char sb)
{
	enum frame_place place = frame_place(sb_start(block, sb));

	assert_int_equal(frames_in(place, sb_start(block, sb), 32), 32);
	return place;
}

static int state_of(unsigned long block)
{
	return be->block_state(mk_block(block));
}

static void subblocks_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(0, 3), 3);
	assert_int_equal(be->vmem_plugged(0), 3);
	assert_int_equal(state_of(5), 2);
	assert_int_equal(state_of(6), 0);
	assert_ptr_equal(pfn_zone(256), node_zone(0, MMFUZZ_ZONE_MOVABLE));
	assert_words(5, 'b', unplugged_word(NEVER));
	assert_int_equal(place_of(5, 'b'), FRAME_ABSENT);
	assert_int_equal(stats_now().managed, 256 + 96);
	be->check();

	/* A part that was never online comes to life; then blocks of their own. */
	assert_int_equal(be->vmem_plug(0, 2), 2);
	assert_int_equal(place_of(5, 'b'), FRAME_FREE);
	assert_int_equal(place_of(6, 'a'), FRAME_FREE);
	assert_int_equal(be->vmem_plug(0, 100), 3);
	assert_int_equal(be->vmem_plug(0, 100), 0);
	assert_int_equal(stats_now().managed, 512);
	be->check();

	/* From the end; what is half of a block stays with it, out of the system. */
	assert_int_equal(be->vmem_unplug(0, 3), 3);
	assert_int_equal(state_of(7), 0);
	assert_int_equal(state_of(6), 2);
	assert_words(6, 'b', unplugged_word(MISC_SKIPPABLE));
	assert_int_equal(place_of(6, 'b'), FRAME_OUT);
	be->check();
	assert_int_equal(be->vmem_plug(0, 1), 1);
	assert_int_equal(place_of(6, 'b'), FRAME_FREE);
	assert_int_equal(be->vmem_unplug(0, 100), 6);
	assert_int_equal(be->vmem_plugged(0), 0);
	assert_as_booted();
	assert_int_equal(virtio_mem_plug(1, 1) + virtio_mem_unplug(1, 1) + virtio_mem_plugged(1), 0);
}

static void the_region_is_the_devices_own(void **state)
{
	(void)state;
	assert_int_equal(be->add_memory(mk_block(4), mk_nid(0)), -EEXIST);
	assert_int_equal(be->vmem_plug(0, 1), 1);
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->remove_memory(mk_block(4)), -EBUSY);
	assert_int_equal(be->vmem_unplug(0, 1), 1);
	assert_as_booted();
}

/*
 *	4a plugged, 4b was plugged once:    |  free  |Off Skip      |
 *	somebody takes the block offline:   |   0    |      0       |   the map remembers
 *	and online again, elsewhere:        |  free  |Off Skip Never|
 */
static void others_may_take_its_blocks_off_and_online(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(0, 2), 2);
	assert_int_equal(be->vmem_unplug(0, 1), 1);
	assert_words(4, 'b', unplugged_word(MISC_SKIPPABLE));
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_words(4, 'b', 0);
	assert_int_equal(place_of(4, 'b'), FRAME_ABSENT);
	be->check();
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_NORMAL), 0);
	assert_words(4, 'b', unplugged_word(NEVER));
	assert_int_equal(stats_now().managed, 256 + 32);
	be->check();

	/* Plugged and unplugged while it is offline, too: only the map changes. */
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->vmem_plug(0, 1), 1);
	assert_int_equal(be->vmem_unplug(0, 1), 1);
	assert_int_equal(be->vmem_plug(0, 1), 1);
	be->check();
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_MOVABLE), 0);
	assert_int_equal(stats_now().managed, 256 + 64);
	assert_int_equal(be->vmem_unplug(0, 2), 2);
	assert_as_booted();
}

static void a_veto_leaves_the_block_offline_but_plugged(void **state)
{
	(void)state;
	/* The device itself is asked first, then the one that is not there. */
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fault_arm(FAULT_NOTIFIER, nth);
		assert_int_equal(be->vmem_plug(0, 1), 1);
		assert_int_equal(state_of(4), 1);
		be->check();
		assert_int_equal(be->vmem_unplug(0, 1), 1);
		assert_int_equal(state_of(4), 0);
	}
	assert_as_booted();
}

/* The last subblock of a block goes only with the block. */
static void a_block_that_cannot_go_keeps_a_subblock(void **state)
{
	pfn_t pfn = mk_pfn(sb_start(4, 'a') + 3);

	(void)state;
	assert_int_equal(be->vmem_plug(0, 2), 2);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fault_arm(FAULT_NOTIFIER, nth);
		assert_int_equal(be->vmem_unplug(0, 2), 1);
		assert_int_equal(be->vmem_plugged(0), 1);
		be->check();
		assert_int_equal(be->vmem_plug(0, 1), 1);
	}

	/* A program's Skippable frame outlives the block's time online: the part that it is in cannot be unplugged. */
	assert_int_equal(be->alloc_offline_page_range(pfn, 1), 0);
	be->set_offline_skippable(pfn, mk_order(0), true);
	assert_int_equal(be->vmem_unplug(0, 2), 1);
	assert_int_equal(be->offline_pages(mk_block(4)), 0);
	assert_int_equal(be->vmem_unplug(0, 2), 0);
	be->check();
	assert_int_equal(be->online_pages(mk_block(4), MMFUZZ_ZONE_MOVABLE), 0);
	be->check();
	assert_int_equal(be->vmem_unplug(0, 2), 0);
	be->free_offline_page(pfn, mk_order(0));
	assert_int_equal(be->vmem_unplug(0, 2), 1);
	assert_as_booted();
}

/* Owned frames keep their subblock, and the next one is tried; a balloon's move out of the way. */
static void what_is_in_use_is_not_unplugged(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(0, 4), 4);
	assert_int_equal(be->alloc_contig_frozen_range(mk_pfn(sb_start(5, 'b') + 7), 1), 0);
	assert_int_equal(be->balloon_inflate(0, 90), 90);
	assert_int_equal(be->vmem_unplug(0, 100), 3);
	assert_int_equal(state_of(4), 0);
	assert_int_equal(be->balloon_pages(0), 90);
	be->check();
	be->free_contig_frozen_range(mk_pfn(sb_start(5, 'b') + 7), 1);
	assert_int_equal(be->vmem_unplug(0, 100), 1);
	assert_int_equal(be->balloon_deflate(0, 90), 90);
	assert_as_booted();
}

/* A subblock as large as a block, on a node that has no other memory. */
static void whole_blocks_and_another_node(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_vmem = 2;
	config.vmem[0] = (struct mmfuzz_vmem_config){ .nid = 1, .region = { 256, 128 }, .sb_order = 6 };
	config.vmem[1] = (struct mmfuzz_vmem_config){ .nid = 0, .region = { 384, 128 }, .sb_order = 5 };
	boot(&config);
	frame_trace_start();
	assert_int_equal(be->vmem_plug(0, 5), 2);
	assert_int_equal(be->vmem_plug(1, 1), 1);
	assert_int_equal(pfn_zone(256)->nid, 1);
	assert_int_equal(pfn_zone(384)->nid, 0);
	be->check();
	assert_int_equal(be->vmem_unplug(0, 5), 2);
	assert_int_equal(be->vmem_unplug(1, 5), 1);
	assert_as_booted();
}

static void collide(unsigned int cpu, void *arg)
{
	const unsigned int rounds = *(unsigned int *)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		pfn_t pfn;

		switch (cpu) {
		case 0:
			be->vmem_plug(0, 1 + i % 5);
			be->vmem_unplug(0, 1 + i % 6);
			break;
		case 1:
			be->offline_pages(mk_block(4 + i % 4));
			be->online_pages(mk_block(4 + (i + i / 4) % 4), i % 2 ? MMFUZZ_ZONE_NORMAL : MMFUZZ_ZONE_MOVABLE);
			break;
		case 2:
			be->balloon_inflate(0, 1 + i % 60);
			be->balloon_deflate(0, 1 + i % 57);
			break;
		default:
			pfn = be->alloc_offline_pages(MMFUZZ_GFP_MOVABLE, mk_order(i % 4), mk_nid(0));
			be->walk_pfns(mk_pfn(200), 312);
			if (pfn_is_none(pfn))
				break;
			be->set_offline_skippable(pfn, mk_order(i % 4), i & 16);
			be->compact(mk_nid(0), mk_order(5));
			be->free_offline_page(pfn, mk_order(i % 4));
			break;
		}
		be->op_done();
	}
}

static void plug_meets_hotplug(void **state)
{
	unsigned int rounds = 300;

	(void)state;
	machine_run(4, collide, &rounds);
	be->check();
	be->balloon_deflate(0, 512);
	while (be->vmem_plugged(0))
		assert_int_not_equal(be->vmem_unplug(0, 100), 0);
	assert_as_booted();
}

/* One block of many subblocks: each of the two is always in the middle of what the other is about to change. */
static void collide_in_one_block(unsigned int cpu, void *arg)
{
	const unsigned int rounds = *(unsigned int *)arg;

	for (unsigned int i = 0; i < rounds; i++) {
		if (cpu == 0) {
			be->vmem_plug(0, 1 + i % 9);
			be->vmem_unplug(0, 1 + (i + 3) % 8);
		} else {
			be->offline_pages(mk_block(4));
			be->online_pages(mk_block(4), MMFUZZ_ZONE_MOVABLE);
		}
		be->op_done();
	}
}

static void plug_meets_hotplug_in_one_block(void **state)
{
	struct mmfuzz_config config = small_machine();
	unsigned int rounds = 150;

	(void)state;
	config.pageblock_order = 2;
	config.nr_vmem = 1;
	config.vmem[0] = (struct mmfuzz_vmem_config){ .nid = 0, .region = { 256, 64 }, .sb_order = 2 };
	boot(&config);
	frame_trace_start();
	for (unsigned int i = 0; i < 20; i++) {
		/* Never empty, so that there is always a block to fight for. */
		assert_int_equal(be->vmem_plug(0, 8), 8);
		machine_run(2, collide_in_one_block, &rounds);
		be->check();
		while (be->vmem_plugged(0))
			assert_int_not_equal(be->vmem_unplug(0, 100), 0);
		assert_as_booted();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(subblocks_come_and_go, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(the_region_is_the_devices_own, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(others_may_take_its_blocks_off_and_online, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_veto_leaves_the_block_offline_but_plugged, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_block_that_cannot_go_keeps_a_subblock, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(what_is_in_use_is_not_unplugged, setup, shutdown_machine),
		cmocka_unit_test_teardown(whole_blocks_and_another_node, shutdown_machine),
		cmocka_unit_test_setup_teardown(plug_meets_hotplug, setup, shutdown_machine),
		cmocka_unit_test_teardown(plug_meets_hotplug_in_one_block, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
