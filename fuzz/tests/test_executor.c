// SPDX-License-Identifier: GPL-2.0-only
/*
 * The executor on the real core, and on the real core with one function that lies: each lie must be
 * found, and nothing else. Programs are written as text, as a person would.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sim/bug.h>
#include <sim/ram.h>

#include "executor.h"
#include "generate.h"
#include "oracle.h"

static const struct mmfuzz_backend *const honest = &mmfuzz_backend_memdesc;
static struct mmfuzz_backend liar;
static struct program program;

static jmp_buf caught;
static char title[200];

static void handler(const struct sim_bug_report *report)
{
	sim_bug_title(report, title, sizeof(title));
	longjmp(caught, 1);
}

/* The machine "three_zones" has DMA, NORMAL and MOVABLE, 32, 128 and 96 frames. */
static void assemble(const char *text)
{
	struct program_error error;

	if (!program_assemble(&program, text, strlen(text), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

/* What the run ends in; "" when it is quiet. */
static const char *run(const struct mmfuzz_backend *backend)
{
	title[0] = 0;
	sim_set_bug_handler(handler);
	if (!setjmp(caught))
		executor_run_sequential(backend, &program);
	return title;
}

static int setup(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	liar = *honest;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	executor_shutdown();
	sim_set_bug_handler(NULL);
	sim_bug_quiet(false);
	return 0;
}

#define MACHINE "machine cpus=2 profile=three_zones\n"

static void test_quiet(void **state)
{
	(void)state;
	assemble(MACHINE "cpu0: s0 = alloc(order=3, gfp=movable|zero, nid=0)\n"
			 "cpu1: split(s0)\n"
			 "cpu1: s1 = alloc_bulk(nr=5, gfp=0, nid=0)\n"
			 "cpu0: folio_add(index=3, type=file, order=1, gfp=movable, tag=7)\n"
			 "cpu1: folio_read(index=3)\n"
			 "cpu1: balloon_inflate(dev=0, nr=9)\n"
			 "cpu0: free(s0)\n");
	assert_string_equal(run(honest), "");
	/* The same again on a machine that is booted already. */
	assert_string_equal(run(honest), "");
	assert_int_equal(oracle_out(), 0);
}

static void test_operations_are_counted(void **state)
{
	unsigned long before = executor_ops();
	struct executor_event events[EXECUTOR_LOG];

	(void)state;
	assemble(MACHINE "cpu0: s0 = alloc(order=0, gfp=0, nid=0)\n"
			 "cpu1: free(s1)\n"
			 "cpu0: free(s0)\n");
	assert_string_equal(run(honest), "");
	assert_int_equal(executor_ops() - before, 2);
	assert_int_equal(executor_last_ops(0, events), 2);
	assert_int_equal(events[1].op, 2);
	assert_true(events[1].done && !events[1].skipped);
	assert_int_equal(executor_last_ops(1, events), 1);
	assert_true(events[0].skipped);
}

static void test_missing_functions_are_skipped(void **state)
{
	(void)state;
	liar.alloc_bulk = NULL;
	liar.compact = NULL;
	assemble(MACHINE "cpu0: s0 = alloc_bulk(nr=5, gfp=0, nid=0)\n"
			 "cpu0: compact(order=3, nid=0)\n");
	assert_string_equal(run(&liar), "");
}

/* --- lies --- */

static pfn_t first;

/* Hands out the same frame for ever. */
static pfn_t alloc_again(unsigned int gfp, order_t order, nid_t nid)
{
	if (pfn_is_none(first))
		first = honest->alloc_frozen(gfp, order, nid);
	return first;
}

static void test_same_frame_twice(void **state)
{
	(void)state;
	first = PFN_NONE;
	liar.alloc_frozen = alloc_again;
	assemble(MACHINE "cpu0: s0 = alloc(order=0, gfp=0, nid=0)\n"
			 "cpu1: s1 = alloc(order=0, gfp=0, nid=0)\n"
			 "cpu0: free(s0)\n");
	/* The second owner's tag is where the first one's was. */
	assert_string_equal(run(&liar), "contents lost in free");
}

static pfn_t alloc_movable(unsigned int gfp, order_t order, nid_t nid)
{
	return honest->alloc_frozen(gfp | MMFUZZ_GFP_MOVABLE, order, nid);
}

static void test_wrong_zone(void **state)
{
	(void)state;
	liar.alloc_frozen = alloc_movable;
	assemble(MACHINE "cpu0: s0 = alloc(order=0, gfp=0, nid=0)\n");
	assert_string_equal(run(&liar), "wrong zone in alloc");
}

static pfn_t alloc_dirty(unsigned int gfp, order_t order, nid_t nid)
{
	pfn_t pfn = honest->alloc_frozen(gfp, order, nid);

	*(uint64_t *)ram_ptr(pfn.pfn) = 1;
	return pfn;
}

static void test_not_zeroed(void **state)
{
	(void)state;
	liar.alloc_frozen = alloc_dirty;
	assemble(MACHINE "cpu0: s0 = alloc(order=2, gfp=zero, nid=0)\n");
	assert_string_equal(run(&liar), "not zeroed in alloc");
}

static void free_nothing(pfn_t pfn, order_t order)
{
	(void)pfn;
	(void)order;
}

static void test_lost_page(void **state)
{
	(void)state;
	liar.free_frozen = free_nothing;
	assemble(MACHINE "cpu0: s0 = alloc(order=1, gfp=0, nid=0)\n"
			 "cpu0: free(s0)\n");
	title[0] = 0;
	run(&liar);
	/* Whichever looks first: the core's checker or the oracle. */
	assert_string_not_equal(title, "");
	liar.check_idle = honest->op_done;
	assert_string_equal(run(&liar), "lost page in the end");
}

static void stats_drift(struct mmfuzz_stats *stats)
{
	static unsigned int calls;

	honest->stats(stats);
	stats->free += calls++ > 3;
}

static void test_drifted_counter(void **state)
{
	(void)state;
	liar.stats = stats_drift;
	assemble(MACHINE "cpu0: s0 = alloc(order=1, gfp=0, nid=0)\n"
			 "cpu0: free(s0)\n"
			 "cpu0: drain_all()\n"
			 "cpu0: drain_all()\n"
			 "cpu0: drain_all()\n");
	assert_string_equal(run(&liar), "drifted counter in drain_all");
}

static int read_stale(unsigned int index, uint64_t *tag)
{
	int ret = honest->folio_read(index, tag);

	*tag -= 1 << 8;
	return ret;
}

static void test_stale_contents(void **state)
{
	(void)state;
	liar.folio_read = read_stale;
	assemble(MACHINE "cpu0: folio_add(index=3, type=anon, order=0, gfp=movable, tag=1)\n"
			 "cpu0: folio_write(index=3, tag=2)\n"
			 "cpu1: folio_read(index=3)\n");
	assert_string_equal(run(&liar), "contents lost in folio_read");
}

static int remove_nothing(unsigned int index)
{
	(void)index;
	return -ENOENT;
}

static void test_folio_denied(void **state)
{
	(void)state;
	liar.folio_remove = remove_nothing;
	assemble(MACHINE "cpu0: folio_add(index=3, type=anon, order=0, gfp=movable, tag=1)\n"
			 "cpu0: folio_remove(index=3)\n");
	assert_string_equal(run(&liar), "return value in folio_remove");
}

static unsigned long inflate_boast(unsigned int dev, unsigned long nr)
{
	return honest->balloon_inflate(dev, nr) + 1;
}

static void test_balloon_boasts(void **state)
{
	(void)state;
	liar.balloon_inflate = inflate_boast;
	assemble(MACHINE "cpu0: balloon_inflate(dev=0, nr=4)\n");
	assert_string_equal(run(&liar), "return value in balloon_inflate");
}

static unsigned long inflate_modestly(unsigned int dev, unsigned long nr)
{
	unsigned long done = honest->balloon_inflate(dev, nr);

	return done ? done - 1 : 0;
}

static unsigned long unplug_boast(unsigned int dev, unsigned long nr)
{
	unsigned long done = honest->vmem_unplug(dev, nr);

	return done < nr ? done + 1 : done;
}

static const char *run_in_parallel(const struct mmfuzz_backend *backend)
{
	title[0] = 0;
	sim_set_bug_handler(handler);
	if (!setjmp(caught))
		executor_run_threads(backend, &program, 1);
	return title;
}

/* While CPUs run at once nobody can tell; when all have ended the sums must come out. */
static void test_devices_drift_in_parallel(void **state)
{
	(void)state;
	assemble(MACHINE "cpu0: balloon_inflate(dev=0, nr=4)\n"
			 "cpu1: balloon_inflate(dev=0, nr=4)\n");
	assert_string_equal(run_in_parallel(&liar), "");
	liar.balloon_inflate = inflate_modestly;
	assert_string_equal(run_in_parallel(&liar), "drifted counter in the end");

	assemble("machine profile=vmem cpus=2\n"
		 "cpu0: vmem_plug(dev=0, nr=2)\n"
		 "cpu1: vmem_unplug(dev=0, nr=1)\n"
		 "cpu1: vmem_unplug(dev=0, nr=16)\n");
	assert_string_equal(run_in_parallel(&liar), "");
	liar.vmem_unplug = unplug_boast;
	assert_string_equal(run_in_parallel(&liar), "drifted counter in the end");
}

static int offline_odd(block_t block)
{
	(void)block;
	return -ENOENT;
}

static void test_impossible_errno(void **state)
{
	(void)state;
	liar.offline_pages = offline_odd;
	assemble(MACHINE "cpu0: mem_offline(block=7)\n");
	assert_string_equal(run(&liar), "return value in mem_offline");
}

static unsigned long deflate_little(unsigned int dev, unsigned long nr)
{
	return nr > 1 ? honest->balloon_deflate(dev, nr / 2) : 0;
}

static void test_balloon_keeps(void **state)
{
	(void)state;
	liar.balloon_deflate = deflate_little;
	assemble(MACHINE "cpu0: balloon_inflate(dev=0, nr=4)\n");
	assert_string_equal(run(&liar), "cannot be given back in the end");
}

/* --- hotplug comes back --- */

static void test_blocks_come_back(void **state)
{
	(void)state;
	/* The last block leaves MOVABLE for NORMAL, the one before goes away. */
	assemble(MACHINE "cpu0: mem_offline(block=7)\n"
			 "cpu0: mem_online(block=7, zone=normal)\n"
			 "cpu0: s0 = alloc(order=0, gfp=0, nid=0)\n"
			 "cpu1: mem_offline(block=6)\n"
			 "cpu1: mem_remove(block=6)\n");
	assert_string_equal(run(honest), "");
	for (unsigned int block = 0; block < 8; block++)
		assert_int_equal(honest->block_state(mk_block(block)), 2);
}

/* --- random programs --- */

static void test_random_sequences(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct rng rng = rng_seed(seed);
		struct program_header header = program_random_header(&rng);

		program_generate(&program, &generator_default, &header, 64, seed);
		assert_string_equal(run(honest), "");
	}
}

static void test_random_threads(void **state)
{
	(void)state;
	/* A finding of another thread cannot be left by longjmp(). */
	sim_set_bug_handler(NULL);
	sim_bug_quiet(false);
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct program_header header = { .nr_cpus = 4,
						 .profile = seed % PROGRAM_NR_PROFILES };

		program_generate(&program, &generator_default, &header, 256, seed);
		executor_run_threads(honest, &program, 2);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(quiet),
		TEST(operations_are_counted),
		TEST(missing_functions_are_skipped),
		TEST(same_frame_twice),
		TEST(wrong_zone),
		TEST(not_zeroed),
		TEST(lost_page),
		TEST(drifted_counter),
		TEST(stale_contents),
		TEST(folio_denied),
		TEST(balloon_boasts),
		TEST(devices_drift_in_parallel),
		TEST(impossible_errno),
		TEST(balloon_keeps),
		TEST(blocks_come_back),
		TEST(random_sequences),
		TEST(random_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
