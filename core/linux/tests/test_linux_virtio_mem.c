// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mem of the backend linux: what is plugged is memory, what is not is nobody's, whatever else happens to its block. In
 * sequence; what happens to it meanwhile is for the fuzzers. A machine of 512 frames, memory blocks of 32, pageblocks of 8:
 *
 *   frame   0         128       192                    320           384                448
 *           | NORMAL  | MOVABLE | region of device 0   | -           | of device 1      | -
 *                               4 blocks of 4 subblocks               2 blocks, which are its subblocks
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include <mmfuzz/backend_linux.h>
#include <sim/fault.h>

#include "../gate.h"

#define NR_FRAMES   512ul
#define BOOT_FRAMES 192ul
#define BLOCK	    32ul
#define SB	    8ul
#define SMALL	    0u /* devices: subblocks, big blocks */
#define BIG	    1u
#define START	    192ul
#define BIG_START   384ul
#define ALL	    16ul /* of the first one's subblocks */

enum { ABSENT, PRESENT, ONLINE };

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;
static const block_t first_block = { START / BLOCK };
static unsigned long nr_onlined, nr_offlined;

static void heard_alloc(pfn_t pfn, order_t order)
{
	(void)pfn, (void)order;
}

static void heard_online(pfn_t pfn, unsigned long nr)
{
	(void)pfn;
	nr_onlined += nr;
}

static void heard_offline(pfn_t pfn, unsigned long nr)
{
	(void)pfn;
	nr_offlined += nr;
}

static const struct mmfuzz_trace trace = {
	.alloc = heard_alloc,
	.free = heard_alloc,
	.online = heard_online,
	.offline = heard_offline,
};

static int boot_machine(void **state)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 3,
		.section_order = 5,
		.max_pfn = NR_FRAMES,
		.nr_zones = 2,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, 128 } },
			   { .nid = 0, .type = MMFUZZ_ZONE_MOVABLE, .range = { 128, 64 } } },
		.nr_vmem = 2,
		.vmem = { { 0, { START, 128 }, 3 }, { 0, { BIG_START, 64 }, 5 } },
		.ram_shift = 3,
	};

	(void)state;
	be->adapt(&config);
	assert_int_equal(config.nr_vmem, 2);
	assert_int_equal(be->boot(&config), 0);
	be->set_trace(&trace);
	be->snapshot();
	return 0;
}

static int shutdown_machine(void **state)
{
	(void)state;
	be->shutdown();
	return 0;
}

static int reset(void **state)
{
	(void)state;
	be->reset();
	nr_onlined = nr_offlined = 0;
	return 0;
}

static unsigned long managed(void)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	return stats.managed;
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check();
	be->check_idle();
	assert_int_equal(managed(), BOOT_FRAMES);
	assert_int_equal(nr_onlined, nr_offlined);
}

static int state_of(unsigned int nr)
{
	return be->block_state((block_t){ first_block.block + nr });
}

static void unplug_all(unsigned int dev)
{
	const unsigned long plugged = be->vmem_plugged(dev);

	assert_int_equal(be->vmem_unplug(dev, plugged), plugged);
	assert_int_equal(be->vmem_plugged(dev), 0);
}

/* All frames that are free, a list of them; those of a region at the end of it, as it is the upper end of its zone. */
static unsigned long take_all(pfn_t *pfns)
{
	unsigned long nr = 0;

	for (;;) {
		pfn_t pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(0), node0);

		if (pfn_is_none(pfn))
			return nr;
		pfns[nr++] = pfn;
	}
}

static void what_is_plugged_is_memory(void **state)
{
	(void)state;
	assert_int_equal(state_of(0), ABSENT);
	assert_int_equal(gate_unplugged(0, NR_FRAMES), 192);

	assert_int_equal(be->vmem_plug(SMALL, 3), 3);
	be->check();
	assert_int_equal(be->vmem_plugged(SMALL), 3);
	assert_int_equal(state_of(0), ONLINE);
	assert_int_equal(state_of(1), ABSENT);
	assert_int_equal(managed(), BOOT_FRAMES + 3 * SB);
	assert_int_equal(nr_onlined, 3 * SB);
	assert_int_equal(gate_unplugged(START, BLOCK), SB);

	/* What was not there when the block came online enters now. */
	assert_int_equal(be->vmem_plug(SMALL, 2), 2);
	be->check();
	assert_int_equal(nr_onlined, 5 * SB);
	assert_int_equal(state_of(1), ONLINE);

	/* There is no more. */
	assert_int_equal(be->vmem_plug(SMALL, 100), ALL - 5);
	assert_int_equal(be->vmem_plug(SMALL, 1), 0);
	assert_int_equal(managed(), BOOT_FRAMES + ALL * SB);
	be->check();
	unplug_all(SMALL);
	assert_int_equal(state_of(0), ABSENT);
	machine_is_as_booted();
}

/* What is taken out of a block stays with the driver, and counts as handed out. */
static void a_subblock_goes_and_comes(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 4), 4);
	assert_int_equal(be->vmem_unplug(SMALL, 1), 1);
	be->check();
	assert_int_equal(state_of(0), ONLINE);
	assert_int_equal(managed(), BOOT_FRAMES + 4 * SB);
	assert_int_equal(nr_offlined, 0);
	assert_int_equal(gate_unplugged(START + 3 * SB, SB), SB);
	assert_int_equal(be->vmem_plug(SMALL, 1), 1);
	be->check();
	assert_int_equal(nr_onlined, 4 * SB);
	assert_int_equal(gate_unplugged(START, BLOCK), 0);
	unplug_all(SMALL);
	machine_is_as_booted();
}

static void what_is_in_use_stays(void **state)
{
	static pfn_t pfns[NR_FRAMES];
	pfn_t mine = PFN_NONE;
	unsigned long nr;

	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 8), 8);
	nr = take_all(pfns);
	for (unsigned long i = 0; i < nr; i++) {
		if (pfn_is_none(mine) && pfns[i].pfn >= START && pfns[i].pfn < START + BLOCK)
			mine = pfns[i];
		else
			be->put_page(pfns[i]);
	}
	assert_false(pfn_is_none(mine));
	assert_int_equal(be->vmem_unplug(SMALL, 8), 7);
	be->check();
	assert_int_equal(be->vmem_plugged(SMALL), 1);
	assert_int_equal(gate_unplugged(START, 2 * BLOCK), 2 * BLOCK - SB);
	assert_int_equal(gate_unplugged(mine.pfn, 1), 0);
	assert_int_equal(state_of(0), ONLINE);
	assert_int_equal(state_of(1), ABSENT);
	be->put_page(mine);
	unplug_all(SMALL);
	machine_is_as_booted();
}

/* Users may do that, and what is not plugged is neither in the way nor memory afterwards. */
static void a_user_takes_a_block_offline(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 3), 3);
	assert_int_equal(be->vmem_unplug(SMALL, 1), 1);
	assert_int_equal(be->offline_pages(first_block), 0);
	assert_int_equal(state_of(0), PRESENT);
	assert_int_equal(managed(), BOOT_FRAMES);
	assert_int_equal(nr_offlined, 3 * SB);
	be->check();

	/* Both change only what will come online. */
	assert_int_equal(be->vmem_plug(SMALL, 1), 1);
	assert_int_equal(managed(), BOOT_FRAMES);
	assert_int_equal(be->vmem_unplug(SMALL, 2), 2);
	be->check();

	assert_int_equal(be->online_pages(first_block, MMFUZZ_ZONE_NORMAL), 0);
	assert_int_equal(managed(), BOOT_FRAMES + SB);
	be->check();
	assert_int_equal(be->vmem_plug(SMALL, 3), 3);
	assert_int_equal(managed(), BOOT_FRAMES + 4 * SB);
	be->check();
	unplug_all(SMALL);
	machine_is_as_booted();
}

static void an_offline_block_goes(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 4), 4);
	assert_int_equal(be->offline_pages(first_block), 0);
	unplug_all(SMALL);
	assert_int_equal(state_of(0), ABSENT);
	machine_is_as_booted();
}

/* As memory of a balloon would, folios go elsewhere, and their contents with them. */
static void a_block_goes_with_all_that_is_in_it(void **state)
{
	unsigned long inside = 0;
	uint64_t tag;

	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, ALL), ALL);
	for (unsigned int i = 0; i < 200; i++) {
		pfn_t pfn;

		assert_int_equal(be->folio_add(i, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE,
					       (i + 1ull) << 16 | 0x18),
				 0);
		pfn = be->folio_get(i);
		inside += pfn.pfn >= START;
		be->folio_put(pfn);
	}
	for (unsigned int i = 0; i < 200; i += 2)
		assert_int_equal(be->folio_remove(i), 0);
	assert_in_range(inside, 1, 200);
	unplug_all(SMALL);
	be->check();
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(state_of(i), ABSENT);
	for (unsigned int i = 1; i < 200; i += 2) {
		pfn_t pfn = be->folio_get(i);

		assert_true(pfn.pfn < START);
		be->folio_put(pfn);
		assert_int_equal(be->folio_read(i, &tag), 0);
		assert_int_equal(tag, (i + 1ull) << 16 | 0x18);
		assert_int_equal(be->folio_remove(i), 0);
	}
	machine_is_as_booted();
}

static void big_blocks_come_and_go_as_a_whole(void **state)
{
	const block_t block = { BIG_START / BLOCK };
	static pfn_t pfns[NR_FRAMES];
	pfn_t mine = PFN_NONE;
	unsigned long nr;

	(void)state;
	assert_int_equal(be->vmem_plug(BIG, 5), 2);
	be->check();
	assert_int_equal(be->block_state(block), ONLINE);
	assert_int_equal(managed(), BOOT_FRAMES + 2 * BLOCK);
	nr = take_all(pfns);
	for (unsigned long i = 0; i < nr; i++) {
		if (pfn_is_none(mine) && pfns[i].pfn >= BIG_START && pfns[i].pfn < BIG_START + BLOCK)
			mine = pfns[i];
		else
			be->put_page(pfns[i]);
	}
	assert_false(pfn_is_none(mine));
	/* What was taken out of the block before that page was met is memory again. */
	assert_int_equal(be->vmem_unplug(BIG, 2), 1);
	be->check();
	assert_int_equal(be->block_state(block), ONLINE);
	assert_int_equal(gate_unplugged(BIG_START, 2 * BLOCK), BLOCK);
	be->put_page(mine);
	assert_int_equal(be->offline_pages(block), 0);
	assert_int_equal(be->online_pages(block, MMFUZZ_ZONE_MOVABLE), 0);
	be->check();
	unplug_all(BIG);
	assert_int_equal(be->block_state(block), ABSENT);
	machine_is_as_booted();
}

static void nobody_else_adds_or_removes(void **state)
{
	(void)state;
	assert_int_equal(be->add_memory(first_block, node0), -EINVAL);
	assert_int_equal(be->vmem_plug(SMALL, 1), 1);
	assert_int_equal(be->offline_pages(first_block), 0);
	assert_int_equal(be->remove_memory(first_block), -EINVAL);
	assert_int_equal(state_of(0), PRESENT);
	unplug_all(SMALL);
	machine_is_as_booted();
}

/* The driver wants memory to forget a block by, and there is none: it comes back to that. */
static void what_is_left_over_goes_later(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 4), 4);
	fault_arm(FAULT_NOTIFIER, 0);
	unplug_all(SMALL);
	be->check();
	assert_int_equal(state_of(0), ONLINE);
	fault_disarm();
	/* Its timer is what has it try again. */
	for (unsigned int i = 0; i < 20; i++)
		be->op_done();
	assert_int_equal(state_of(0), ABSENT);
	machine_is_as_booted();
}

/*
 *   asked:    the first one | the driver | the last one
 *   refuses:  1st           |            | 2nd
 */
static void who_refuses_has_it_called_off(void **state)
{
	(void)state;
	assert_int_equal(be->vmem_plug(SMALL, 4), 4);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fault_arm(FAULT_NOTIFIER, nth);
		assert_int_equal(be->offline_pages(first_block), -EBUSY);
		assert_true(fault_disarm());
		assert_int_equal(state_of(0), ONLINE);
		be->check();
	}
	assert_int_equal(be->offline_pages(first_block), 0);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		fault_arm(FAULT_NOTIFIER, nth);
		assert_int_equal(be->online_pages(first_block, MMFUZZ_ZONE_NORMAL), -EBUSY);
		assert_true(fault_disarm());
		assert_int_equal(state_of(0), PRESENT);
		be->check();
	}
	assert_int_equal(be->online_pages(first_block, MMFUZZ_ZONE_NORMAL), 0);
	unplug_all(SMALL);
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_plugged_is_memory, reset),
		cmocka_unit_test_setup(a_subblock_goes_and_comes, reset),
		cmocka_unit_test_setup(what_is_in_use_stays, reset),
		cmocka_unit_test_setup(a_user_takes_a_block_offline, reset),
		cmocka_unit_test_setup(an_offline_block_goes, reset),
		cmocka_unit_test_setup(a_block_goes_with_all_that_is_in_it, reset),
		cmocka_unit_test_setup(big_blocks_come_and_go_as_a_whole, reset),
		cmocka_unit_test_setup(nobody_else_adds_or_removes, reset),
		cmocka_unit_test_setup(what_is_left_over_goes_later, reset),
		cmocka_unit_test_setup(who_refuses_has_it_called_off, reset),
	};

	return cmocka_run_group_tests_name("virtio_mem", tests, boot_machine, shutdown_machine);
}
