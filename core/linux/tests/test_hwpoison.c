// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages of the backend linux: each kind of frame that they may be, and what meets them afterwards. In sequence; what
 * others do meanwhile is for the fuzzers. A machine of 256 frames, 16 pageblocks, of which the last two are a node that can go:
 *
 *   frame   0                    128       192      224        256
 *           | NORMAL             | CMA     | NORMAL | MOVABLE  |
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

#include "../gate.h"

#define NR_FRAMES 256ul
#define BLOCK	  16ul
#define CMA	  128ul
#define MOVABLE	  224ul

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;
static unsigned char out[NR_FRAMES]; /* by the trace */
static unsigned long nr_out, nr_kept;

static void on_alloc(pfn_t pfn, order_t order)
{
	for (unsigned long p = pfn.pfn; p < pfn.pfn + (1ul << order.order); p++) {
		assert_false(out[p]);
		out[p] = true;
		nr_out++;
	}
}

static void on_free(pfn_t pfn, order_t order)
{
	for (unsigned long p = pfn.pfn; p < pfn.pfn + (1ul << order.order); p++) {
		assert_true(out[p]);
		out[p] = false;
		nr_out--;
	}
}

static void on_kept(pfn_t pfn)
{
	on_alloc(pfn, mk_order(0));
	nr_kept++;
}

static void on_range(pfn_t pfn, unsigned long nr)
{
	for (unsigned long p = pfn.pfn; p < pfn.pfn + nr; p++)
		assert_false(out[p]);
}

static const struct mmfuzz_trace trace = {
	.alloc = on_alloc,
	.free = on_free,
	.online = on_range,
	.offline = on_range,
	.kept = on_kept,
};

static int boot_machine(void **state)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 4,
		.section_order = 4,
		.max_pfn = NR_FRAMES,
		.nr_zones = 2,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, MOVABLE } },
			   { .nid = 0, .type = MMFUZZ_ZONE_MOVABLE, .range = { MOVABLE, NR_FRAMES - MOVABLE } } },
		.nr_cma = 1,
		.cma = { { CMA, 64 } },
		.nr_balloons = 1,
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
	memset(out, 0, sizeof(out));
	nr_out = nr_kept = 0;
	be->set_trace(&trace);
	return 0;
}

static void poisoned_are(unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long pfn = 0; pfn < NR_FRAMES; pfn++)
		sum += gate_is_poisoned(pfn);
	assert_int_equal(sum, nr);
	assert_int_equal(gate_nr_poisoned(), nr);
	be->check();
}

static void machine_is_as_booted(void)
{
	struct mmfuzz_stats stats;

	be->quiesce();
	be->check();
	be->check_idle();
	be->stats(&stats);
	assert_int_equal(stats.free + stats.pcp, NR_FRAMES);
	assert_int_equal(nr_out, 0);
}

static void frees_add_up(unsigned long taken)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	assert_int_equal(stats.managed + stats.ballooned, NR_FRAMES);
	assert_int_equal(stats.free + stats.free_isolated + stats.pcp, NR_FRAMES - taken);
	assert_int_equal(nr_out, taken);
}

static void poison(unsigned long pfn, unsigned long nr)
{
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(pfn), nr), 0);
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		assert_true(gate_is_poisoned(p));
		assert_true(be->core_owns(mk_pfn(p)));
		assert_true(out[p]);
		assert_int_equal(gate_page_count(p), 1);
	}
}

static void unpoison(unsigned long pfn, unsigned long nr)
{
	be->free_offline_page_range(mk_pfn(pfn), nr);
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		assert_false(gate_is_poisoned(p));
		assert_false(out[p]);
	}
}

static unsigned long folio(unsigned int index, unsigned int order)
{
	pfn_t pfn;

	assert_int_equal(be->folio_add(index, MMFUZZ_FOLIO_FILE, mk_order(order), MMFUZZ_GFP_MOVABLE, 0x1234 + index), 0);
	gate_lru_drain();
	pfn = be->folio_get(index);
	assert_false(pfn_is_none(pfn));
	be->folio_put(pfn);
	return pfn.pfn;
}

static void folio_is_somewhere_else(unsigned int index, unsigned long pfn)
{
	uint64_t tag;
	pfn_t now = be->folio_get(index);

	assert_int_not_equal(now.pfn, pfn);
	be->folio_put(now);
	assert_int_equal(be->folio_read(index, &tag), 0);
	assert_int_equal(tag, 0x1234 + index);
}

static void a_free_frame_is_taken_off(void **state)
{
	(void)state;
	poison(37, 1);
	poisoned_are(1);
	frees_add_up(1);
	assert_int_equal(nr_kept, 1);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(37), 1), -EBUSY);
	poisoned_are(1);
	unpoison(37, 1);
	poisoned_are(0);
	frees_add_up(0);
	machine_is_as_booted();
}

static void a_pageblock_of_them(void **state)
{
	(void)state;
	poison(32, BLOCK);
	poisoned_are(BLOCK);
	frees_add_up(BLOCK);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(64), BLOCK + 1), -EINVAL);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(47), 2), -EBUSY);
	poisoned_are(BLOCK);
	for (unsigned long i = 0; i < BLOCK; i++)
		unpoison(32 + (i * 5) % BLOCK, 1);
	poisoned_are(0);
	machine_is_as_booted();
}

/* One that is on the pageset of a CPU comes off it. */
static void a_frame_on_a_pageset(void **state)
{
	pfn_t pfn = be->alloc_pages(0, mk_order(0), node0);
	struct mmfuzz_stats stats;

	(void)state;
	be->put_page(pfn);
	be->stats(&stats);
	assert_int_not_equal(stats.pcp, 0);
	poison(pfn.pfn, 1);
	poisoned_are(1);
	unpoison(pfn.pfn, 1);
	machine_is_as_booted();
}

static void whoever_has_a_frame_keeps_it(void **state)
{
	pfn_t pfn = be->alloc_pages(0, mk_order(1), node0);
	unsigned long before = pfn.pfn & ~1ul;

	(void)state;
	assert_int_equal(be->alloc_offline_page_range(pfn, 1), -EBUSY);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(before), 2), -EBUSY);
	poisoned_are(0);
	be->put_page(pfn);
	machine_is_as_booted();
}

static void what_is_given_away(void **state)
{
	pfn_t one = be->alloc_offline_page(0, node0), four = be->alloc_offline_pages(0, mk_order(2), node0);

	(void)state;
	assert_false(pfn_is_none(one));
	assert_false(pfn_is_none(four));
	assert_int_equal(four.pfn % 4, 0);
	poisoned_are(5);
	frees_add_up(5);
	assert_true(pfn_is_none(be->alloc_offline_pages(0, mk_order(5), node0)));
	be->free_offline_page(one, mk_order(0));
	be->free_offline_page(four, mk_order(2));
	poisoned_are(0);
	machine_is_as_booted();
}

static void a_folio_moves_first(void **state)
{
	unsigned long pfn = folio(3, 0);

	(void)state;
	poison(pfn, 1);
	poisoned_are(1);
	assert_int_equal(nr_kept, 0);
	folio_is_somewhere_else(3, pfn);
	assert_int_equal(be->folio_remove(3), 0);
	be->quiesce();
	frees_add_up(1);
	unpoison(pfn, 1);
	machine_is_as_booted();
}

static void a_large_folio_is_split(void **state)
{
	unsigned long pfn = folio(3, 2);

	(void)state;
	poison(pfn + 1, 2);
	poisoned_are(2);
	assert_int_equal(be->folio_remove(3), 0);
	unpoison(pfn + 1, 2);
	poisoned_are(0);
	machine_is_as_booted();
}

static void a_pinned_folio_stays(void **state)
{
	unsigned long pfn = folio(3, 0);
	pfn_t pin = be->folio_get(3);

	(void)state;
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(pfn), 1), -EBUSY);
	poisoned_are(0);
	be->folio_put(pin);
	poison(pfn, 1);
	assert_int_equal(be->folio_remove(3), 0);
	unpoison(pfn, 1);
	machine_is_as_booted();
}

static unsigned long a_frame_of(unsigned long start, unsigned long nr)
{
	for (unsigned long pfn = start; pfn < start + nr; pfn++) {
		if (out[pfn] && !gate_is_poisoned(pfn))
			return pfn;
	}
	fail_msg("no frame is out");
	return 0;
}

static void a_page_of_a_balloon(void **state)
{
	struct mmfuzz_stats stats;
	unsigned long pfn;

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 3), 3);
	pfn = a_frame_of(0, NR_FRAMES);
	poison(pfn, 1);
	poisoned_are(1);
	be->stats(&stats);
	assert_int_equal(stats.ballooned, 3);
	frees_add_up(4);
	/* It is nobody's any more, and in nobody's way. */
	assert_int_equal(be->offline_pages(mk_block(pfn / BLOCK)), 0);
	poisoned_are(1);
	assert_int_equal(be->remove_memory(mk_block(pfn / BLOCK)), 0);
	poisoned_are(0);
	assert_int_equal(be->balloon_deflate(0, 3), 3);
	be->quiesce();
	be->check();
}

static void a_page_of_a_balloon_comes_back(void **state)
{
	unsigned long pfn;

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 3), 3);
	pfn = a_frame_of(0, NR_FRAMES);
	poison(pfn, 1);
	unpoison(pfn, 1);
	poisoned_are(0);
	assert_int_equal(be->balloon_deflate(0, 3), 3);
	machine_is_as_booted();
}

/* A tag says that what the folio held is kept as an object, of which four are in a frame. */
static void a_page_of_zsmalloc(void **state)
{
	unsigned long pfn;

	(void)state;
	assert_int_equal(be->folio_add(3, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0), 0);
	assert_int_equal(be->folio_remove(3), 0);
	for (pfn = 0; !gate_is_zspage(pfn); pfn++)
		;
	poison(pfn, 1);
	assert_false(gate_is_zspage(pfn) && gate_page_count(pfn) > 1);
	poisoned_are(1);
	/* Compares what is there with what was kept. */
	assert_int_equal(be->folio_add(3, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0x18), 0);
	assert_int_equal(be->folio_remove(3), 0);
	unpoison(pfn, 1);
	machine_is_as_booted();
}

static void a_slab_stays(void **state)
{
	unsigned long slab;

	(void)state;
	assert_int_equal(be->folio_add(100, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0x18), 0);
	for (slab = 0; slab < NR_FRAMES && !gate_is_slab(slab); slab++)
		;
	assert_in_range(slab, 0, NR_FRAMES - 1);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(slab), 1), -EBUSY);
	poisoned_are(0);
	assert_int_equal(be->folio_remove(100), 0);
	machine_is_as_booted();
}

static void an_isolated_block(void **state)
{
	(void)state;
	assert_int_equal(be->start_isolate_page_range(mk_pfn(64), BLOCK), 0);
	be->drain(MMFUZZ_DRAIN_ALL, (cpu_t){ 0 });
	poison(70, 2);
	poisoned_are(2);
	frees_add_up(2);
	unpoison(70, 1);
	be->undo_isolate_page_range(mk_pfn(64), BLOCK);
	poisoned_are(1);
	unpoison(71, 1);
	machine_is_as_booted();
}

/* Who wants the range, or the block, finds somebody in it. */
static void in_the_way(void **state)
{
	(void)state;
	poison(70, 1);
	assert_int_equal(be->alloc_contig_range(mk_pfn(64), BLOCK), -EBUSY);
	assert_int_equal(be->has_unmovable_pages(mk_pfn(64)).pfn, 70);
	poisoned_are(1);
	unpoison(70, 1);
	assert_int_equal(be->alloc_contig_range(mk_pfn(64), BLOCK), 0);
	be->free_contig_range(mk_pfn(64), BLOCK);
	machine_is_as_booted();
}

static void in_cma(void **state)
{
	pfn_t pfn;

	(void)state;
	poison(CMA, 1);
	pfn = be->cma_alloc(0, 4);
	assert_false(pfn_is_none(pfn));
	assert_true(pfn.pfn > CMA);
	be->cma_release(0, pfn, 4);
	poisoned_are(1);
	unpoison(CMA, 1);
	machine_is_as_booted();
}

static void a_block_that_goes_offline(void **state)
{
	const block_t block = mk_block(MOVABLE / BLOCK);

	(void)state;
	poison(MOVABLE + 3, 2);
	assert_int_equal(be->offline_pages(block), 0);
	/* Nobody has them as memory any more, but they are counted, and do not come back. */
	assert_int_equal(nr_out, 0);
	poisoned_are(2);
	be->free_offline_page_range(mk_pfn(MOVABLE + 3), 1);
	poisoned_are(2);
	assert_int_equal(be->online_pages(block, MMFUZZ_ZONE_MOVABLE), -EBUSY);
	assert_int_equal(be->alloc_offline_page_range(mk_pfn(MOVABLE + 3), 1), -EINVAL);
	assert_int_equal(be->remove_memory(block), 0);
	poisoned_are(0);
	assert_int_equal(be->add_memory(block, node0), 0);
	assert_int_equal(be->online_pages(block, MMFUZZ_ZONE_MOVABLE), 0);
	poisoned_are(0);
	frees_add_up(0);
	/* Who had one of them gives it back. */
	be->free_offline_page_range(mk_pfn(MOVABLE + 4), 1);
	machine_is_as_booted();
}

static void all_is_given_back_at_the_end(void **state)
{
	unsigned long pfn = folio(3, 0);

	(void)state;
	poison(pfn, 1);
	poison(99, 1);
	assert_int_equal(be->folio_remove(3), 0);
	be->free_offline_page_range(mk_pfn(99), 1);
	be->free_offline_page_range(mk_pfn(pfn), 1);
	machine_is_as_booted();
	poisoned_are(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_free_frame_is_taken_off, reset),
		cmocka_unit_test_setup(a_pageblock_of_them, reset),
		cmocka_unit_test_setup(a_frame_on_a_pageset, reset),
		cmocka_unit_test_setup(whoever_has_a_frame_keeps_it, reset),
		cmocka_unit_test_setup(what_is_given_away, reset),
		cmocka_unit_test_setup(a_folio_moves_first, reset),
		cmocka_unit_test_setup(a_large_folio_is_split, reset),
		cmocka_unit_test_setup(a_pinned_folio_stays, reset),
		cmocka_unit_test_setup(a_page_of_a_balloon, reset),
		cmocka_unit_test_setup(a_page_of_a_balloon_comes_back, reset),
		cmocka_unit_test_setup(a_page_of_zsmalloc, reset),
		cmocka_unit_test_setup(a_slab_stays, reset),
		cmocka_unit_test_setup(an_isolated_block, reset),
		cmocka_unit_test_setup(in_the_way, reset),
		cmocka_unit_test_setup(in_cma, reset),
		cmocka_unit_test_setup(a_block_that_goes_offline, reset),
		cmocka_unit_test_setup(all_is_given_back_at_the_end, reset),
	};

	return cmocka_run_group_tests(tests, boot_machine, shutdown_machine);
}
