// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle against a fake core that does on purpose what a wrong one would do. Each test is one
 *violation.
 *
 *	frames   0 ........ 31 32 .. 47 48 ........ 63
 *	         NORMAL        absent   MOVABLE, with a hole at 60 and 61
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/ram.h>

#include "oracle.h"

static struct mmfuzz_stats fake_stats;
static bool fake_state_ok;

static void fake_get_stats(struct mmfuzz_stats *stats)
{
	*stats = fake_stats;
}

static int fake_describe(pfn_t pfn, char *buf, size_t len)
{
	if (pfn.pfn >= 48)
		return snprintf(buf, len, "fake movable frame");
	return snprintf(buf, len, "fake frame %lu", pfn.pfn);
}

static bool fake_pfn_state_ok(pfn_t pfn)
{
	(void)pfn;
	return fake_state_ok;
}

static const struct mmfuzz_backend fake = {
	.name = "fake",
	.stats = fake_get_stats,
	.describe = fake_describe,
	.pfn_state_ok = fake_pfn_state_ok,
};

static const struct mmfuzz_config config = {
	.nr_cpus = 2,
	.pageblock_order = 2,
	.section_order = 4,
	.max_pfn = 64,
	.nr_zones = 2,
	.zones = { { 0, MMFUZZ_ZONE_NORMAL, { 0, 32 } }, { 1, MMFUZZ_ZONE_MOVABLE, { 48, 16 } } },
	.nr_holes = 1,
	.holes = { { 60, 2 } },
	.ram_shift = 3,
};

static jmp_buf caught;
static char title[200], text[1024];

static void handler(const struct sim_bug_report *report)
{
	sim_bug_title(report, title, sizeof(title));
	memcpy(text, report->text, sizeof(text));
	longjmp(caught, 1);
}

/* The statement must end in the finding of this title. */
#define EXPECT_BUG(expected, statement)                               \
	do {                                                          \
		title[0] = 0;                                         \
		sim_set_bug_handler(handler);                         \
		if (!setjmp(caught)) {                                \
			statement;                                    \
			fail_msg("no finding, not \"%s\"", expected); \
		}                                                     \
		assert_string_equal(title, expected);                 \
	} while (0)

static int setup(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	sim_set_bug_handler(handler);
	machine_init(config.nr_cpus);
	machine_cpu_enter(0);
	ram_init(config.max_pfn, config.ram_shift);
	fake_stats = (struct mmfuzz_stats){ .managed = 46, .free = 46 };
	fake_state_ok = true;
	oracle_boot(&fake, &config);
	oracle_set_op("op");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	oracle_shutdown();
	ram_exit();
	machine_exit();
	sim_set_bug_handler(NULL);
	sim_bug_quiet(false);
	return 0;
}

static void alloc(unsigned long pfn, unsigned int order)
{
	oracle_trace.alloc(mk_pfn(pfn), mk_order(order));
	fake_stats.free -= 1ul << order;
}

static void release(unsigned long pfn, unsigned int order)
{
	oracle_trace.free(mk_pfn(pfn), mk_order(order));
	fake_stats.free += 1ul << order;
}

static void test_quiet_when_right(void **state)
{
	(void)state;
	alloc(8, 3);
	alloc(1, 0);
	assert_int_equal(oracle_place_of(mk_pfn(8)), ORACLE_OUT);
	assert_int_equal(oracle_place_of(mk_pfn(0)), ORACLE_FREE);
	assert_int_equal(oracle_place_of(mk_pfn(40)), ORACLE_ABSENT);
	assert_int_equal(oracle_place_of(mk_pfn(60)), ORACLE_ABSENT);
	assert_int_equal(oracle_place_of(mk_pfn(64)), ORACLE_ABSENT);
	oracle_granted(mk_pfn(8), 8, mk_order(3));
	oracle_tag(mk_pfn(8), 8, 7);
	oracle_check_counters();
	machine_cpu_become(1);
	oracle_check_tag(mk_pfn(8), 8, 7);
	release(8, 3);
	release(1, 0);
	assert_int_equal(oracle_out(), 0);
	oracle_check_end();
}

static void test_double_grant(void **state)
{
	(void)state;
	/* A second grant meets the first one in the middle of a word of eight places. */
	alloc(12, 2);
	EXPECT_BUG("double grant in op", alloc(8, 3));
	assert_non_null(strstr(text, "pfn 0xc"));
}

static void test_stale_free(void **state)
{
	(void)state;
	alloc(8, 0);
	release(8, 0);
	EXPECT_BUG("stale free in op", release(8, 0));
}

static void test_absent_memory(void **state)
{
	(void)state;
	EXPECT_BUG("grant of absent memory in op", alloc(32, 0));
	EXPECT_BUG("grant of absent memory in op", alloc(60, 1));
	EXPECT_BUG("free of absent memory in op", release(33, 0));
}

static void test_impossible_block(void **state)
{
	(void)state;
	EXPECT_BUG("frame outside memory in op", alloc(64, 0));
	EXPECT_BUG("order too large in op", alloc(0, 11));
	EXPECT_BUG("misaligned block in op", alloc(2, 2));
	EXPECT_BUG("frame outside memory in op", oracle_trace.online(mk_pfn(60), 5));
}

/*
 *	pfn   16 .. 31 isolated, drained:  a grant outside is fine, one that reaches in is not,
 *until it is undone
 */
static void test_isolated_pageblocks(void **state)
{
	(void)state;
	oracle_seal(mk_pfn(16), 16);
	oracle_seal(mk_pfn(16), 16);
	alloc(8, 3);
	EXPECT_BUG("grant from an isolated pageblock in op", alloc(16, 0));
	EXPECT_BUG("grant from an isolated pageblock in op", alloc(0, 5));
	oracle_unseal(mk_pfn(16));
	alloc(16, 0);
	oracle_seal(mk_pfn(16), 16);
	release(16, 0);
	EXPECT_BUG("grant from an isolated pageblock in op", alloc(16, 0));
}

static void test_hotplug(void **state)
{
	(void)state;
	oracle_trace.online(mk_pfn(32), 16);
	alloc(33, 0);
	EXPECT_BUG("offline of memory that is not free in op",
		   oracle_trace.offline(mk_pfn(32), 16));
	EXPECT_BUG("online of memory that is there in op", oracle_trace.online(mk_pfn(40), 1));
}

static void test_memory_not_as_booted(void **state)
{
	(void)state;
	oracle_trace.offline(mk_pfn(3), 1);
	EXPECT_BUG("memory not as booted in the end", oracle_check_end());
	assert_non_null(strstr(text, "0x3 is absent, was free: fake frame 3"));
}

static void test_lost_page(void **state)
{
	(void)state;
	alloc(20, 1);
	EXPECT_BUG("lost page in the end", oracle_check_end());
	assert_non_null(strstr(text, "2 frames did not come back"));
	assert_non_null(strstr(text, "0x15 is out, was free: fake frame 21"));
}

static void test_lost_contents(void **state)
{
	(void)state;
	alloc(4, 2);
	oracle_tag(mk_pfn(4), 4, 99);
	*(uint64_t *)ram_ptr(6) ^= 1ull << 40;
	EXPECT_BUG("contents lost in op", oracle_check_tag(mk_pfn(4), 4, 99));
	assert_non_null(strstr(text, "pfn 0x6"));
	/* Two grants of one frame differ in their tags. */
	oracle_tag(mk_pfn(4), 4, 100);
	EXPECT_BUG("contents lost in op", oracle_check_tag(mk_pfn(4), 4, 99));
}

static void test_not_zeroed(void **state)
{
	(void)state;
	alloc(4, 0);
	oracle_check_zero(mk_pfn(4), 1);
	*(uint64_t *)ram_ptr(4) = 1;
	EXPECT_BUG("not zeroed in op", oracle_check_zero(mk_pfn(4), 1));
}

static void test_grant_without_event(void **state)
{
	(void)state;
	alloc(16, 2);
	EXPECT_BUG("grant without an event in op", oracle_granted(mk_pfn(16), 8, mk_order(3)));
	EXPECT_BUG("misaligned block in op", oracle_granted(mk_pfn(18), 1, mk_order(2)));
	fake_state_ok = false;
	EXPECT_BUG("state that does not exist in op", oracle_granted(mk_pfn(16), 4, mk_order(2)));
}

static void test_drifted_counters(void **state)
{
	(void)state;
	alloc(16, 2);
	fake_stats.pcp++;
	EXPECT_BUG("drifted counter in op", oracle_check_counters());
	fake_stats.pcp--;
	fake_stats.managed--;
	EXPECT_BUG("drifted counter in op", oracle_check_counters());
	fake_stats.managed++;
	/* A balloon's frames are out and not managed. */
	fake_stats.managed -= 4;
	fake_stats.ballooned += 4;
	oracle_check_counters();
}

static void test_counters_at_the_end(void **state)
{
	unsigned long *const counters[] = { &fake_stats.free_isolated, &fake_stats.pcp,
					    &fake_stats.deferred };

	(void)state;
	for (volatile unsigned int i = 0; i < 3; i++) {
		/* The sum is right, but a frame is not where it was. */
		fake_stats.free--;
		++*counters[i];
		EXPECT_BUG("drifted counter in the end", oracle_check_end());
		--*counters[i];
		fake_stats.free++;
	}
	fake_stats.descriptors = 1;
	EXPECT_BUG("drifted counter in the end", oracle_check_end());
}

static void test_wrong_boot(void **state)
{
	(void)state;
	fake_stats.managed = 47;
	EXPECT_BUG("drifted counter in boot", oracle_boot(&fake, &config));
}

static void test_zones(void **state)
{
	const nid_t n0 = mk_nid(0), n1 = mk_nid(1);

	(void)state;
	assert_true(oracle_zone_ok(mk_pfn(0), 0, n0));
	assert_true(oracle_zone_ok(mk_pfn(0), 0, n1));
	assert_false(oracle_zone_ok(mk_pfn(0), MMFUZZ_GFP_THISNODE, n1));
	assert_false(oracle_zone_ok(mk_pfn(0), MMFUZZ_GFP_DMA, n0));
	assert_false(oracle_zone_ok(mk_pfn(50), 0, n1));
	assert_true(oracle_zone_ok(mk_pfn(50), MMFUZZ_GFP_MOVABLE, n1));
	oracle_zone_touched(mk_block(3));
	assert_true(oracle_zone_ok(mk_pfn(50), 0, n1));
	oracle_reset();
	assert_false(oracle_zone_ok(mk_pfn(50), 0, n1));
}

/* Frame 50 is boot memory of a movable zone; its block goes, and comes online again. */
static void test_zones_of_blocks_that_come(void **state)
{
	const block_t block = mk_block(3);
	const nid_t n0 = mk_nid(0), n1 = mk_nid(1);
	uint32_t first, second;

	(void)state;
	first = oracle_zone_touched(block);
	assert_true(oracle_zone_ok(mk_pfn(50), 0, n1));
	oracle_zone_is(block, first, MMFUZZ_ZONE_NORMAL);
	assert_true(oracle_zone_ok(mk_pfn(50), 0, n1));
	assert_false(oracle_zone_ok(mk_pfn(50), MMFUZZ_GFP_DMA, n1));
	/* Which node's is not said. */
	assert_true(oracle_zone_ok(mk_pfn(50), MMFUZZ_GFP_THISNODE, n0));
	first = oracle_zone_touched(block);
	oracle_zone_is(block, first, MMFUZZ_ZONE_MOVABLE);
	assert_false(oracle_zone_ok(mk_pfn(50), 0, n1));
	/* In vain. */
	first = oracle_zone_touched(block);
	oracle_zone_kept(block, first);
	assert_false(oracle_zone_ok(mk_pfn(50), 0, n1));
	/* Two at once: nobody knows whose call came last. */
	first = oracle_zone_touched(block);
	second = oracle_zone_touched(block);
	oracle_zone_is(block, first, MMFUZZ_ZONE_MOVABLE);
	assert_true(oracle_zone_ok(mk_pfn(50), 0, n1));
	oracle_zone_kept(block, second);
	assert_true(oracle_zone_ok(mk_pfn(50), 0, n1));
}

/* Pageblocks are of 4 frames; zones 0 and 1. */
static void test_drained_pagesets(void **state)
{
	const struct mmfuzz_trace *t = &oracle_trace;

	(void)state;
	t->isolated(mk_pfn(8), 8, 0);
	/* It may have come before the isolation. */
	t->pageset(mk_pfn(8), mk_order(0));
	t->drained(1);
	t->pageset(mk_pfn(8), mk_order(0));
	/* Another CPU may not know of the isolation. */
	machine_cpu_become(1);
	t->drained(0);
	t->pageset(mk_pfn(8), mk_order(0));
	machine_cpu_become(0);
	t->drained(0);
	t->pageset(mk_pfn(16), mk_order(0));
	EXPECT_BUG("isolated page on a pageset that was drained in op", t->pageset(mk_pfn(12), mk_order(0)));
	t->unisolate(mk_pfn(8), 4);
	t->pageset(mk_pfn(8), mk_order(2));
	/* The second of the two pageblocks that the block covers. */
	EXPECT_BUG("isolated page on a pageset that was drained in op", t->pageset(mk_pfn(8), mk_order(3)));
	/* Isolated anew, it was not drained since. */
	t->unisolate(mk_pfn(12), 4);
	t->isolated(mk_pfn(12), 4, 0);
	t->pageset(mk_pfn(12), mk_order(0));
	t->drained(0);
	EXPECT_BUG("isolated page on a pageset that was drained in op", t->pageset(mk_pfn(15), mk_order(0)));
	oracle_reset();
	t->pageset(mk_pfn(12), mk_order(0));
}

static void test_unmovable_in_cma(void **state)
{
	struct mmfuzz_config with_cma = config;

	(void)state;
	with_cma.nr_cma = 1;
	with_cma.cma[0] = (struct mmfuzz_range){ 8, 8 };
	oracle_boot(&fake, &with_cma);
	oracle_set_op("op");
	oracle_not_cma(mk_pfn(0), 8);
	oracle_not_cma(mk_pfn(16), 16);
	EXPECT_BUG("unmovable page in CMA in op", oracle_not_cma(mk_pfn(4), 5));
	EXPECT_BUG("unmovable page in CMA in op", oracle_not_cma(mk_pfn(15), 1));
}

static void test_reset_forgets(void **state)
{
	(void)state;
	alloc(8, 2);
	oracle_reset();
	fake_stats.free = 46;
	assert_int_equal(oracle_out(), 0);
	oracle_check_end();
}

/* What is printed of [pfn, nr). */
static const char *printed_frames(unsigned long pfn, unsigned long nr)
{
	static char printed[8192];
	FILE *file = tmpfile();
	int old = dup(STDERR_FILENO);
	size_t len;

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	oracle_print_frames(mk_pfn(pfn), nr);
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(file);
	len = fread(printed, 1, sizeof(printed) - 1, file);
	printed[len] = 0;
	fclose(file);
	return printed;
}

static void test_equal_frames_are_one_line(void **state)
{
	(void)state;
	sim_bug_quiet(false);
	assert_string_equal(printed_frames(46, 100), "mmfuzz: pfn 0x2e: fake frame 46\n"
						     "mmfuzz: pfn 0x2f: fake frame 47\n"
						     "mmfuzz: pfn 0x30 to 0x3f: fake movable frame\n");
	assert_string_equal(printed_frames(47, 1), "mmfuzz: pfn 0x2f: fake frame 47\n");
	assert_string_equal(printed_frames(64, 1), "");
	sim_bug_quiet(true);
	assert_string_equal(printed_frames(46, 100), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(quiet_when_right), TEST(double_grant),
		TEST(stale_free),	TEST(absent_memory),
		TEST(impossible_block), TEST(isolated_pageblocks),
		TEST(hotplug),		TEST(memory_not_as_booted),
		TEST(lost_page),	TEST(lost_contents),
		TEST(not_zeroed),	TEST(grant_without_event),
		TEST(drifted_counters), TEST(counters_at_the_end),
		TEST(wrong_boot),	TEST(zones),
		TEST(drained_pagesets), TEST(unmovable_in_cma),
		TEST(reset_forgets),	TEST(zones_of_blocks_that_come),
		TEST(equal_frames_are_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
