// SPDX-License-Identifier: GPL-2.0-only
/*
 * zsmalloc of the backend linux: what a removed folio held is in frames of the machine, comes back as it was, and moves with them.
 * In sequence; what happens to it meanwhile is for the fuzzers. A machine of 256 frames, 16 pageblocks:
 *
 *   frame   0                    128       192        256
 *           | NORMAL             | CMA     | NORMAL   |
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

#define NR_FRAMES 256ul
#define BLOCK	  16ul

/* The last bits of a tag: the size of an object, from the one of which four are in a frame to the one that is one. */
#define NR_SIZES     8u
#define SIZE_QUARTER 0u
#define SIZE_OF_FOUR 5u /* five in four frames */
#define SIZE_WHOLE   7u
#define NOT_KEPT     0x18u
#define AND_COMPACT  0x60u

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;

static int boot_machine(void **state)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 4,
		.section_order = 4,
		.max_pfn = NR_FRAMES,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, NR_FRAMES } } },
		.nr_cma = 1,
		.cma = { { 128, 64 } },
		.ram_shift = 3,
	};

	(void)state;
	be->adapt(&config);
	assert_int_equal(be->boot(&config), 0);
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
	return 0;
}

static void machine_is_as_booted(void)
{
	struct mmfuzz_stats stats;

	be->quiesce();
	be->check();
	be->check_idle();
	be->stats(&stats);
	assert_int_equal(stats.free + stats.pcp, NR_FRAMES);
}

static unsigned long zspages_in(unsigned long start, unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long pfn = start; pfn < start + nr; pfn++)
		sum += gate_is_zspage(pfn);
	return sum;
}

static unsigned long zspages(void)
{
	return zspages_in(0, NR_FRAMES);
}

static unsigned long a_zspage(void)
{
	for (unsigned long pfn = 0; pfn < NR_FRAMES; pfn++) {
		if (gate_is_zspage(pfn))
			return pfn;
	}
	fail_msg("no frame is one of a zspage");
	return 0;
}

/* A comparison with what was written is with each of these, as far as anything is kept of @index. */
static void add(unsigned int index, unsigned int tag)
{
	assert_int_equal(be->folio_add(index, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, (index + 1ull) << 48 | tag), 0);
}

static void look(unsigned int index)
{
	uint64_t tag;

	assert_int_equal(be->folio_read(index, &tag), -ENOENT);
}

static void keep(unsigned int index, unsigned int tag)
{
	add(index, tag);
	assert_int_equal(be->folio_remove(index), 0);
}

static void what_was_removed_comes_back(void **state)
{
	(void)state;
	for (unsigned int size = 0; size < NR_SIZES; size++) {
		keep(3, size);
		assert_in_range(zspages(), 1, 4);
		assert_true(be->core_owns(mk_pfn(a_zspage())));
		look(3);
		be->check();
		add(3, NOT_KEPT);
		assert_int_equal(zspages(), 0);
		assert_int_equal(be->folio_remove(3), 0);
		assert_int_equal(zspages(), 0);
	}
	keep(3, SIZE_OF_FOUR);
	assert_int_equal(zspages(), 4);
	machine_is_as_booted();
	assert_int_equal(zspages(), 0);
}

/* Of whatever size: they span frames, and share them. */
static void each_is_by_itself(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		keep(i, i % NR_SIZES);
	be->check();
	for (unsigned int i = 0; i < 16; i += 3)
		add(i, NOT_KEPT);
	for (unsigned int i = 0; i < 16; i++) {
		if (i % 3)
			look(i);
	}
	be->check();
	for (unsigned int i = 0; i < 16; i += 3)
		assert_int_equal(be->folio_remove(i), 0);
	machine_is_as_booted();
}

/* What is written is kept too, in place of what was there. */
static void what_is_written_is_kept(void **state)
{
	uint64_t tag;

	(void)state;
	add(2, 0);
	assert_int_equal(zspages(), 0);
	for (unsigned int size = 0; size < NR_SIZES; size++) {
		assert_int_equal(be->folio_write(2, 3ull << 48 | size), 0);
		assert_in_range(zspages(), 1, 4);
		assert_int_equal(be->folio_read(2, &tag), 0);
		be->check();
	}
	assert_int_equal(be->folio_remove(2), 0);
	look(2);
	machine_is_as_booted();
}

static void one_goes_for_another(void **state)
{
	(void)state;
	keep(1, SIZE_WHOLE);
	keep(17, SIZE_WHOLE);
	assert_int_equal(zspages(), 1);
	look(1);
	look(17);
	machine_is_as_booted();
}

static void they_leave_a_range(void **state)
{
	unsigned long block, nr;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		keep(i, i);
	nr = zspages();
	block = a_zspage() & ~(BLOCK - 1);
	assert_int_equal(be->alloc_contig_range(mk_pfn(block), BLOCK), 0);
	assert_int_equal(zspages_in(block, BLOCK), 0);
	assert_int_equal(zspages(), nr);
	be->check();
	for (unsigned int i = 0; i < 8; i++)
		look(i);
	be->free_contig_range(mk_pfn(block), BLOCK);
	machine_is_as_booted();
}

static void they_leave_a_block(void **state)
{
	unsigned long block, nr;

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		keep(i, i);
	nr = zspages();
	block = a_zspage() / BLOCK;
	assert_int_equal(be->offline_pages(mk_block(block)), 0);
	/* All of them: it is not that they were let go. */
	assert_int_equal(zspages(), nr);
	for (unsigned int i = 0; i < 8; i++)
		look(i);
	assert_int_equal(be->online_pages(mk_block(block), MMFUZZ_ZONE_NORMAL), 0);
	machine_is_as_booted();
}

/* Where nothing else is free they are let go, so that the block goes. */
static void or_go_for_good(void **state)
{
	pfn_t pfns[NR_FRAMES];
	unsigned long nr = 0, block;

	(void)state;
	keep(0, SIZE_WHOLE);
	block = a_zspage() / BLOCK;
	for (;; nr++) {
		pfns[nr] = be->alloc_frozen(MMFUZZ_GFP_MOVABLE | MMFUZZ_GFP_HIGH, mk_order(0), node0);
		if (pfn_is_none(pfns[nr]))
			break;
	}
	for (unsigned long i = 0; i < nr; i++) {
		if (pfns[i].pfn / BLOCK == block)
			be->free_frozen(pfns[i], mk_order(0));
	}
	assert_int_equal(be->offline_pages(mk_block(block)), 0);
	assert_int_equal(zspages(), 0);
	assert_int_equal(be->online_pages(mk_block(block), MMFUZZ_ZONE_NORMAL), 0);
	for (unsigned long i = 0; i < nr; i++) {
		if (pfns[i].pfn / BLOCK != block)
			be->free_frozen(pfns[i], mk_order(0));
	}
	machine_is_as_booted();
}

static void they_move_by_hand(void **state)
{
	unsigned long nr, moved;
	pfn_t pfns[8];

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		keep(i, i);
	nr = zspages();
	moved = be->isolate_movable(mk_pfn(0), NR_FRAMES, 8, pfns);
	assert_int_equal(moved, 8);
	assert_int_equal(be->migrate_pages(pfns, moved, false), 0);
	assert_int_equal(zspages(), nr);
	for (unsigned long i = 0; i < moved; i++)
		assert_false(gate_is_zspage(pfns[i].pfn));
	be->check();
	for (unsigned int i = 0; i < 8; i++)
		add(i, NOT_KEPT);
	assert_int_equal(zspages(), 0);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(be->folio_remove(i), 0);
	machine_is_as_booted();
}

/* Its zspage goes while somebody has isolated a frame of it: what is left is a page with one reference. */
static void one_goes_while_isolated(void **state)
{
	pfn_t pfns[8];

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		unsigned long nr;

		keep(5, SIZE_OF_FOUR);
		nr = be->isolate_movable(mk_pfn(0), NR_FRAMES, 2, pfns);
		assert_int_equal(nr, 2);
		add(5, NOT_KEPT);
		be->check();
		for (unsigned long i = 0; i < nr; i++)
			assert_int_equal(be->page_count(pfns[i]), 1);
		if (round)
			assert_int_equal(be->migrate_pages(pfns, nr, false), 0);
		else
			be->putback_movable_pages(pfns, nr);
		assert_int_equal(be->folio_remove(5), 0);
		machine_is_as_booted();
	}
}

/* Of two zspages with an object or two each zs_compact() makes one. */
static void compaction_frees_a_zspage(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		keep(i, SIZE_QUARTER);
	assert_int_equal(zspages(), 2);
	for (unsigned int i = 0; i < 8; i++) {
		if (i % 4 != 3)
			add(i, NOT_KEPT);
	}
	assert_int_equal(zspages(), 2);
	keep(8, SIZE_QUARTER | AND_COMPACT);
	assert_int_equal(zspages(), 1);
	look(3);
	look(7);
	look(8);
	be->check();
	for (unsigned int i = 0; i < 8; i++) {
		if (i % 4 != 3)
			assert_int_equal(be->folio_remove(i), 0);
	}
	machine_is_as_booted();
}

#if SIM_ASAN
int __asan_address_is_poisoned(void const volatile *addr);

static bool is_poisoned(unsigned long pfn, unsigned long offset)
{
	return __asan_address_is_poisoned((char *)ram_ptr(pfn) + offset);
}

/* Not only what stands for its contents, and only as long as nobody has the frame. */
static void what_goes_is_poisoned(void **state)
{
	unsigned long pfn;

	(void)state;
	keep(0, SIZE_WHOLE);
	pfn = a_zspage();
	assert_false(is_poisoned(pfn, 0));
	assert_false(is_poisoned(pfn, 2040));
	assert_true(is_poisoned(pfn, 2048));
	be->quiesce();
	assert_false(gate_is_zspage(pfn));
	assert_true(is_poisoned(pfn, 0));
	assert_true(is_poisoned(pfn, 2040));
	be->reset();
	assert_false(is_poisoned(pfn, 0));
	assert_false(is_poisoned(pfn, 2040));
	assert_false(is_poisoned(pfn, 2048));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_removed_comes_back, reset),
		cmocka_unit_test_setup(each_is_by_itself, reset),
		cmocka_unit_test_setup(what_is_written_is_kept, reset),
		cmocka_unit_test_setup(one_goes_for_another, reset),
		cmocka_unit_test_setup(they_leave_a_range, reset),
		cmocka_unit_test_setup(they_leave_a_block, reset),
		cmocka_unit_test_setup(or_go_for_good, reset),
		cmocka_unit_test_setup(they_move_by_hand, reset),
		cmocka_unit_test_setup(one_goes_while_isolated, reset),
		cmocka_unit_test_setup(compaction_frees_a_zspage, reset),
#if SIM_ASAN
		cmocka_unit_test_setup(what_goes_is_poisoned, reset),
#endif
	};

	return cmocka_run_group_tests(tests, boot_machine, shutdown_machine);
}
