// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unaccepted memory behind the door of the backend linux: when the kernel accepts it, that it counts as free before, and
 * what isolation, offlining and contiguous ranges do with it. In sequence. A machine of 256 frames, the largest block has
 * 16; pageblocks of 8 or of 16:
 *
 *   frame   0          56                  224    256
 *           | accepted | unaccepted        | CMA: accepted by the boot
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <mmfuzz/backend_linux.h>

#include <sim/ram.h>

#include "../gate.h"
#include "program.h"

#define NR_FRAMES 256ul
#define BLOCK	  16ul /* the largest free block, and what is accepted at once */
#define FIRST	  56ul /* in the midst of such a block */
#define CMA_START 224ul
#define CMA_NR	  32ul

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;

/* What the trace has said of each frame: 1 out, 0 in the allocator. */
static unsigned char out[NR_FRAMES];

static void change(pfn_t pfn, unsigned long nr, unsigned char from, unsigned char to)
{
	for (unsigned long i = 0; i < nr; i++) {
		assert_int_equal(out[pfn.pfn + i], from);
		out[pfn.pfn + i] = to;
	}
}

static void on_alloc(pfn_t pfn, order_t order)
{
	change(pfn, 1ul << order.order, 0, 1);
	assert_int_equal(gate_unaccepted(pfn.pfn, 1ul << order.order), 0);
}

/* That a block has been accepted is no free: it was free before. */
static void on_free(pfn_t pfn, order_t order)
{
	change(pfn, 1ul << order.order, 1, 0);
}

static void on_online(pfn_t pfn, unsigned long nr)
{
	change(pfn, nr, 2, 0);
}

static void on_offline(pfn_t pfn, unsigned long nr)
{
	change(pfn, nr, 0, 2);
}

static const struct mmfuzz_trace trace = {
	.alloc = on_alloc,
	.free = on_free,
	.online = on_online,
	.offline = on_offline,
};

static void boot(unsigned int block_order, unsigned long min_free)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = block_order,
		.section_order = 4,
		.max_pfn = NR_FRAMES,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, NR_FRAMES } } },
		.nr_cma = 1,
		.cma = { { CMA_START, CMA_NR } },
		.min_free = min_free,
		.ram_shift = 3,
	};

	be->adapt(&config);
	assert_int_equal(config.pageblock_order, block_order);
	assert_int_equal(config.unaccepted, 0);
	config.unaccepted = FIRST;
	assert_int_equal(be->boot(&config), 0);
	be->snapshot();
	memset(out, 0, sizeof(out));
	be->set_trace(&trace);
}

static int boot_machine(void **state)
{
	(void)state;
	boot(4, 32);
	return 0;
}

static int boot_small_blocks(void **state)
{
	(void)state;
	boot(3, 32);
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
	memset(out, 0, sizeof(out));
	return 0;
}

static unsigned long available(void)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	return stats.free + stats.free_isolated + stats.pcp;
}

static unsigned long nr_unaccepted(void)
{
	return gate_unaccepted(0, NR_FRAMES);
}

static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check_idle();
	for (unsigned long i = 0; i < NR_FRAMES; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(available(), NR_FRAMES);
}

/* The last block that waits for somebody to want it. */
static unsigned long last_unaccepted(void)
{
	unsigned long pfn = CMA_START - BLOCK;

	assert_int_equal(gate_unaccepted(pfn, BLOCK), BLOCK);
	return pfn;
}

/* All of it is there and free; what lies low, what is CMA's and what the boot has taken is accepted. */
static void it_counts_as_free(void **state)
{
	(void)state;
	assert_int_equal(available(), NR_FRAMES);
	assert_in_range(nr_unaccepted(), BLOCK, CMA_START - FIRST);
	assert_int_equal(gate_unaccepted(0, FIRST), 0);
	assert_int_equal(gate_unaccepted(CMA_START, CMA_NR), 0);
	machine_is_as_booted();
}

static unsigned long fill(pfn_t *pfns, unsigned int gfp, unsigned long max)
{
	unsigned long nr = 0;

	while (nr < max) {
		pfns[nr] = be->alloc_frozen(gfp, mk_order(0), node0);
		if (pfns[nr].pfn == PFN_NONE.pfn)
			break;
		nr++;
	}
	return nr;
}

/* A block at a time, each when what is accepted comes near the watermarks; in the end there is none, and all can be had. */
static void as_watermarks_ask(void **state)
{
	const unsigned long before = nr_unaccepted();
	unsigned long last = before, nr = 0, steps = 0;
	pfn_t pfns[NR_FRAMES + 1];

	(void)state;
	assert_int_equal(fill(pfns, 0, 1), 1);
	nr = 1;
	assert_in_range(nr_unaccepted(), before - BLOCK, before);
	while (fill(pfns + nr, 0, 1)) {
		const unsigned long now = nr_unaccepted();

		nr++;
		assert_in_range(last - now, 0, BLOCK);
		steps += last != now;
		/* More is not accepted than was wanted, but for the watermarks and a block. */
		assert_true(!now || NR_FRAMES - CMA_NR - now <= nr + 2 * 32 + 2 * BLOCK);
		assert_int_equal(available(), NR_FRAMES - nr);
		last = now;
		assert_true(nr <= NR_FRAMES);
	}
	assert_int_equal(last, 0);
	assert_in_range(steps, 2, NR_FRAMES / BLOCK);
	be->check();
	while (nr--)
		be->free_frozen(pfns[nr], mk_order(0));
	machine_is_as_booted();
}

static void a_bulk_is_of_accepted_memory(void **state)
{
	pfn_t pfns[NR_FRAMES];
	unsigned long nr = 0, got;

	(void)state;
	do {
		got = be->alloc_bulk(MMFUZZ_GFP_MOVABLE, node0, 16, pfns + nr);
		nr += got;
		be->check();
	} while (got && nr + 16 <= NR_FRAMES);
	assert_int_equal(nr_unaccepted(), 0);
	be->free_bulk(nr, pfns);
	machine_is_as_booted();
}

static void a_block_that_goes_offline_is_accepted(void **state)
{
	const unsigned long pfn = last_unaccepted(), before = nr_unaccepted();
	const block_t block = mk_block(pfn / BLOCK);

	(void)state;
	assert_int_equal(be->offline_pages(block), 0);
	assert_int_equal(nr_unaccepted(), before - BLOCK);
	assert_int_equal(available(), NR_FRAMES - BLOCK);
	be->check();
	assert_int_equal(be->remove_memory(block), 0);
	assert_int_equal(be->add_memory(block, node0), 0);
	assert_int_equal(be->online_pages(block, MMFUZZ_ZONE_NORMAL), 0);
	assert_int_equal(gate_unaccepted(pfn, BLOCK), 0);
	machine_is_as_booted();
}

static void a_range_through_it(void **state)
{
	const unsigned long pfn = last_unaccepted() - BLOCK, before = nr_unaccepted();

	(void)state;
	assert_int_equal(be->alloc_contig_range(mk_pfn(pfn + 3), BLOCK), 0);
	assert_int_equal(nr_unaccepted(), before - 2 * BLOCK);
	be->check();
	be->free_contig_range(mk_pfn(pfn + 3), BLOCK);
	be->check();
	assert_int_equal(be->alloc_contig_range(mk_pfn(pfn - BLOCK), BLOCK), 0);
	assert_int_equal(nr_unaccepted(), before - 3 * BLOCK);
	be->free_contig_range(mk_pfn(pfn - BLOCK), BLOCK);
	machine_is_as_booted();
}

static void isolated_it_is_accepted(void **state)
{
	const unsigned long pfn = last_unaccepted(), before = nr_unaccepted();
	struct mmfuzz_stats stats;

	(void)state;
	assert_int_equal(be->start_isolate_page_range(mk_pfn(pfn), BLOCK), 0);
	assert_int_equal(nr_unaccepted(), before - BLOCK);
	be->stats(&stats);
	assert_int_equal(stats.free_isolated, BLOCK);
	be->check();
	be->undo_isolate_page_range(mk_pfn(pfn), BLOCK);
	assert_int_equal(nr_unaccepted(), before - BLOCK);
	machine_is_as_booted();
}

/* Of two pageblocks in a block only the first says that it waits: who isolates the second alone does not see it. */
static void the_second_half_of_a_block(void **state)
{
	const unsigned long pfn = last_unaccepted(), half = BLOCK / 2, before = nr_unaccepted();
	pfn_t pfns[NR_FRAMES];
	unsigned long nr;
	int err;

	(void)state;
	/* Nor does who wants to have it (docs/findings/unaccepted-second-pageblock.md). */
	err = be->alloc_contig_range(mk_pfn(pfn + half), half);
	if (!err) {
		/* A tree where that is mended. */
		be->free_contig_range(mk_pfn(pfn + half), half);
		machine_is_as_booted();
		return;
	}
	assert_int_equal(err, -EBUSY);
	be->check();
	assert_int_equal(be->start_isolate_page_range(mk_pfn(pfn + half), half), 0);
	be->check();
	assert_int_equal(nr_unaccepted(), before);
	assert_int_equal(available(), NR_FRAMES);
	/* It is accepted when others have need of the block, and its isolated half is not given to them. */
	nr = fill(pfns, 0, NR_FRAMES);
	assert_int_equal(nr_unaccepted(), 0);
	for (unsigned long i = 0; i < nr; i++)
		assert_false(pfns[i].pfn >= pfn + half && pfns[i].pfn < pfn + BLOCK);
	be->check();
	assert_int_equal(available(), NR_FRAMES - nr);
	while (nr--)
		be->free_frozen(pfns[nr], mk_order(0));
	be->undo_isolate_page_range(mk_pfn(pfn + half), half);
	machine_is_as_booted();
}

static void a_reset_takes_it_back(void **state)
{
	const unsigned long before = nr_unaccepted();
	pfn_t pfns[NR_FRAMES];

	for (unsigned int round = 0; round < 3; round++) {
		fill(pfns, MMFUZZ_GFP_MOVABLE, NR_FRAMES);
		assert_int_equal(nr_unaccepted(), 0);
		reset(state);
		assert_int_equal(nr_unaccepted(), before);
		be->check_idle();
	}
	/* And so does a machine that was booted before. */
	be->shutdown();
	boot_machine(state);
	assert_int_equal(nr_unaccepted(), before);
	machine_is_as_booted();
}

#if SIM_ASAN
int __asan_address_is_poisoned(void const volatile *addr);

static void nobody_touches_it(void **state)
{
	const unsigned long pfn = last_unaccepted();

	for (unsigned int round = 0; round < 2; round++) {
		assert_true(__asan_address_is_poisoned(ram_ptr(pfn)));
		assert_int_equal(be->alloc_contig_range(mk_pfn(pfn), BLOCK), 0);
		assert_false(__asan_address_is_poisoned(ram_ptr(pfn)));
		reset(state);
	}
}
#endif

static void it_is_described(void **state)
{
	char text[256];

	(void)state;
	be->describe(mk_pfn(last_unaccepted()), text, sizeof(text));
	assert_non_null(strstr(text, "unaccepted"));
	be->describe(mk_pfn(0), text, sizeof(text));
	assert_null(strstr(text, "unaccepted"));
}

/* Where all watermarks are 0 a block is accepted for each allocation. */
static void without_watermarks(void **state)
{
	unsigned long before;
	pfn_t pfn;

	(void)state;
	boot(4, 0);
	before = nr_unaccepted();
	pfn = be->alloc_frozen(0, mk_order(0), node0);
	/* The first one is the block of which one half is accepted. */
	assert_int_equal(nr_unaccepted(), before - BLOCK / 2);
	be->free_frozen(pfn, mk_order(0));
	machine_is_as_booted();
	be->shutdown();
}

/* A program says it by a batch that is larger than what a pageset holds. */
static void each_profile_has_such_a_machine(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PROGRAM_NR_PROFILES; i++) {
		struct program_header header = {
			.nr_cpus = 2, .profile = i, .pcp_high = 1, .pcp_batch = 2
		};
		struct mmfuzz_config config;
		unsigned long left;
		pfn_t pfn;

		program_config(&header, &config);
		be->adapt(&config);
		assert_int_not_equal(config.unaccepted, 0);
		assert_int_equal(be->boot(&config), 0);
		be->snapshot();
		left = gate_unaccepted(0, config.max_pfn);
		assert_int_not_equal(left, 0);
		be->check_idle();
		pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(0), node0);
		assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
		assert_true(gate_unaccepted(0, config.max_pfn) <= left);
		be->put_page(pfn);
		be->quiesce();
		be->check_idle();
		be->shutdown();

		header.pcp_batch = 1;
		program_config(&header, &config);
		be->adapt(&config);
		assert_int_equal(config.unaccepted, 0);
	}
}

int main(void)
{
	const struct CMUnitTest machines[] = {
		cmocka_unit_test(without_watermarks),
		cmocka_unit_test(each_profile_has_such_a_machine),
		cmocka_unit_test_setup_teardown(the_second_half_of_a_block, boot_small_blocks,
						shutdown_machine),
	};
	const struct CMUnitTest operations[] = {
		cmocka_unit_test_setup(it_counts_as_free, reset),
		cmocka_unit_test_setup(as_watermarks_ask, reset),
		cmocka_unit_test_setup(a_bulk_is_of_accepted_memory, reset),
		cmocka_unit_test_setup(a_block_that_goes_offline_is_accepted, reset),
		cmocka_unit_test_setup(a_range_through_it, reset),
		cmocka_unit_test_setup(isolated_it_is_accepted, reset),
		cmocka_unit_test_setup(a_reset_takes_it_back, reset),
#if SIM_ASAN
		cmocka_unit_test_setup(nobody_touches_it, reset),
#endif
		cmocka_unit_test_setup(it_is_described, reset),
	};
	int failed = cmocka_run_group_tests(machines, NULL, NULL);

	return failed + cmocka_run_group_tests(operations, boot_machine, shutdown_machine);
}
