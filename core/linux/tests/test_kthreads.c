// SPDX-License-Identifier: GPL-2.0-only
/*
 * kswapd, kcompactd, and what an allocation does itself when there is little, or no block of its size: on the backend linux, in
 * sequence. What they meet is for the fuzzers. A machine with watermarks of 256 frames, 16 pageblocks, in one zone; and the same
 * without watermarks.
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
#define MIN_FREE  16ul

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;

static pfn_t frames[NR_FRAMES];
static unsigned int nr_frames;

static void boot_with(unsigned long min_free)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 4,
		.section_order = 4,
		.max_pfn = NR_FRAMES,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, NR_FRAMES } } },
		.min_free = min_free,
		.ram_shift = 3,
	};

	be->adapt(&config);
	assert_int_equal(be->boot(&config), 0);
	be->snapshot();
	nr_frames = 0;
}

static int boot_machine(void **state)
{
	(void)state;
	boot_with(MIN_FREE);
	return 0;
}

static int boot_without(void **state)
{
	(void)state;
	boot_with(0);
	return 0;
}

static int shutdown_machine(void **state)
{
	(void)state;
	be->shutdown();
	return 0;
}

static struct gate_kthreads threads(void)
{
	struct gate_kthreads now;

	gate_kthreads(&now);
	return now;
}

static unsigned long free_frames(void)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	return stats.free;
}

static bool take(unsigned int gfp, unsigned int order)
{
	pfn_t pfn = be->alloc_frozen(gfp, mk_order(order), node0);

	if (!pfn_is_none(pfn))
		frames[nr_frames++] = pfn;
	be->op_done();
	return !pfn_is_none(pfn);
}

static void give_back(unsigned int order)
{
	be->free_frozen(frames[--nr_frames], mk_order(order));
	be->op_done();
}

/* Nothing is left to do, and nothing is missing. */
static void machine_is_as_booted(void)
{
	struct mmfuzz_stats stats;

	be->quiesce();
	assert_int_equal(threads().awake, 0);
	be->check();
	be->check_idle();
	be->stats(&stats);
	assert_int_equal(stats.free + stats.pcp, NR_FRAMES);
}

/* Down to the low watermark nobody is woken, and not again above the high one. */
static void kswapd_is_woken_when_memory_is_low(void **state)
{
	unsigned long low, turns;

	(void)state;
	while (!threads().kswapd)
		assert_true(take(0, 0));
	low = free_frames();
	assert_in_range(low, MIN_FREE, 2 * MIN_FREE);
	/* There is nothing that it could free: it does not sleep. */
	assert_int_equal(threads().awake, 1);
	while (free_frames() < 3 * MIN_FREE)
		give_back(0);
	gate_kthreads_rest();
	assert_int_equal(threads().awake, 0);
	turns = threads().kswapd;
	for (unsigned int i = 0; i < 8; i++)
		assert_true(take(0, 0));
	assert_int_equal(threads().kswapd, turns);
	while (nr_frames)
		give_back(0);
	assert_int_equal(threads().kswapd, turns);
	machine_is_as_booted();
}

/* After so many times without success it leaves the node alone. */
static void kswapd_gives_up(void **state)
{
	unsigned long turns;

	(void)state;
	while (take(0, 0))
		;
	assert_in_range(free_frames(), 1, MIN_FREE);
	gate_kthreads_rest();
	turns = threads().kswapd;
	assert_in_range(turns, 1, 20);
	assert_false(take(0, 0));
	assert_int_equal(threads().kswapd, turns);
	while (nr_frames)
		give_back(0);
	machine_is_as_booted();
}

static void without_watermarks_there_is_nobody(void **state)
{
	(void)state;
	while (take(0, 0))
		;
	assert_int_equal(threads().kswapd, 0);
	assert_int_equal(threads().awake, 0);
	while (nr_frames)
		give_back(0);
	machine_is_as_booted();
}

/* A folio in every other frame, but for the last @spare ones of the machine. */
static unsigned int scatter(unsigned int spare)
{
	unsigned int nr = 0;

	while (be->folio_add(nr, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0x18) == 0) {
		be->op_done();
		if (++nr == NR_FRAMES - spare)
			break;
	}
	gate_lru_drain();
	for (unsigned int i = 0; i < nr; i++) {
		pfn_t pfn = be->folio_get(i);

		be->folio_put(pfn);
		if (pfn.pfn % 2)
			assert_int_equal(be->folio_remove(i), 0);
		be->op_done();
	}
	be->rcu_barrier();
	be->drain(MMFUZZ_DRAIN_ALL, mk_cpu(0));
	return nr;
}

static void gather(unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		int err = be->folio_remove(i);

		assert_true(!err || err == -ENOENT);
	}
}

/* One that is not there without it. */
static void direct_compaction_makes_a_block(void **state)
{
	unsigned int nr = scatter(0);
	struct mmfuzz_stats before, after;

	(void)state;
	be->stats(&before);
	assert_false(take(MMFUZZ_GFP_MOVABLE, 3));
	assert_true(take(MMFUZZ_GFP_MOVABLE | MMFUZZ_GFP_COMPACT, 3));
	be->stats(&after);
	assert_true(after.migrate_success > before.migrate_success);
	give_back(3);
	gather(nr);
	machine_is_as_booted();
}

/* It is woken for a block that nobody waits for. */
static void kcompactd_makes_a_block(void **state)
{
	unsigned int nr = scatter(2 * MIN_FREE);
	struct mmfuzz_stats before, after;

	(void)state;
	while (take(MMFUZZ_GFP_MOVABLE, 3))
		;
	/* kswapd first: what that tries in vain, until it leaves the node alone, is kcompactd's then. */
	be->stats(&before);
	assert_int_equal(threads().kcompactd, 0);
	for (unsigned int i = 0; i < 20 && !threads().kcompactd; i++)
		assert_false(take(MMFUZZ_GFP_MOVABLE, 3));
	assert_int_equal(threads().kcompactd, 1);
	assert_int_equal(threads().awake, 0);
	be->stats(&after);
	assert_true(after.migrate_success > before.migrate_success);
	assert_true(take(MMFUZZ_GFP_MOVABLE, 3));
	while (nr_frames)
		give_back(3);
	gather(nr);
	machine_is_as_booted();
}

/* Pages that a program keeps isolated do not come back while it waits. */
static void nobody_waits_without_end(void **state)
{
	static pfn_t isolated[NR_FRAMES];
	unsigned int nr = scatter(0);
	unsigned long nr_isolated;

	(void)state;
	nr_isolated = be->isolate_movable(mk_pfn(0), NR_FRAMES, NR_FRAMES / 4, isolated);
	be->op_done();
	assert_true(nr_isolated > NR_FRAMES / 8);
	take(MMFUZZ_GFP_MOVABLE | MMFUZZ_GFP_COMPACT, 3);
	take(MMFUZZ_GFP_COMPACT, 4);
	while (take(MMFUZZ_GFP_COMPACT, 0))
		;
	gate_kthreads_rest();
	assert_int_equal(threads().awake, 0);
	be->putback_movable_pages(isolated, nr_isolated);
	be->quiesce();
	be->reset();
	nr_frames = 0;
	(void)nr;
	machine_is_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kswapd_is_woken_when_memory_is_low, boot_machine,
						shutdown_machine),
		cmocka_unit_test_setup_teardown(kswapd_gives_up, boot_machine, shutdown_machine),
		cmocka_unit_test_setup_teardown(without_watermarks_there_is_nobody, boot_without,
						shutdown_machine),
		cmocka_unit_test_setup_teardown(direct_compaction_makes_a_block, boot_without,
						shutdown_machine),
		cmocka_unit_test_setup_teardown(kcompactd_makes_a_block, boot_machine,
						shutdown_machine),
		cmocka_unit_test_setup_teardown(nobody_waits_without_end, boot_machine,
						shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
