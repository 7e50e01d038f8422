// SPDX-License-Identifier: GPL-2.0-only
/*
 * The comparison of two cores on the real core twice: as it is nothing differs; with one function that lies on one side the
 * lie is found, or left out where fuzz/differences has a reason for it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sim/bug.h>

#include "executor_diff.h"
#include "generate.h"

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

static void assemble(const char *text)
{
	struct program_error error;

	if (!program_assemble(&program, text, strlen(text), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

/* What comparing the honest core with the liar ends in; "" when it is quiet. */
static const char *run(void)
{
	const struct diff_backends backends = { .side = { honest, &liar } };

	title[0] = 0;
	sim_set_bug_handler(handler);
	if (!setjmp(caught))
		executor_run_diff(&backends, &program);
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

/* Two runs of one core never differ, so not one rule is needed. */
static void test_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		const struct program_header header = {
			.nr_cpus = 1 + seed % 4,
			.profile = seed % PROGRAM_NR_PROFILES,
		};

		program_generate(&program, &generator_default, &header, 64, seed);
		assert_string_equal(run(), "");
	}
}

static pfn_t refuse_order_2(unsigned int gfp, order_t order, nid_t nid)
{
	return order.order == 2 ? PFN_NONE : honest->alloc_frozen(gfp, order, nid);
}

static void test_refused(void **state)
{
	(void)state;
	liar.alloc_frozen = refuse_order_2;
	assemble(MACHINE "cpu0: s0 = alloc(order=1, gfp=0, nid=0)\ncpu1: s1 = alloc(order=2, gfp=0, nid=0)\n");
	assert_string_equal(run(), "differs: linux all, memdesc none in alloc");
}

/* With next to nothing left to allocate from, the same refusal has a reason: the operation is left out, and what follows is compared. */
static void test_excused(void **state)
{
	char text[4096] = "", *line;
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	liar.alloc_frozen = refuse_order_2;
	assemble("machine cpus=1 profile=tiny\n"
		 "cpu0: s0 = contig_range(pfn=0, nr=60)\n"
		 "cpu0: s1 = alloc(order=2, gfp=0, nid=0)\n"
		 "cpu0: s1 = alloc(order=1, gfp=0, nid=0)\n");
	assert_string_equal(run(), "");
	executor_diff_print(out);
	fclose(out);
	line = strstr(text, "order=2");
	assert_non_null(line);
	assert_non_null(strstr(line, "all | none"));
	assert_non_null(strstr(line, "left out: "));
	line = strstr(text, "order=1");
	assert_non_null(line);
	assert_null(strstr(line, "skipped"));
}

static unsigned long one_less(unsigned int dev, unsigned long nr)
{
	return honest->balloon_inflate(dev, nr > 1 ? nr - 1 : nr);
}

static void test_fewer(void **state)
{
	(void)state;
	liar.balloon_inflate = one_less;
	assemble(MACHINE "cpu0: balloon_inflate(dev=0, nr=9)\n");
	assert_string_equal(run(), "differs: linux all, memdesc some in balloon_inflate");
}

static int always_busy(pfn_t start, unsigned long nr)
{
	(void)start, (void)nr;
	return -EBUSY;
}

static void test_errno(void **state)
{
	(void)state;
	liar.alloc_contig_frozen_range = always_busy;
	assemble(MACHINE "cpu0: s0 = contig_range(pfn=64, nr=16)\n");
	assert_string_equal(run(), "differs: linux 0, memdesc EBUSY in contig_range");
}

/* What one side lacks is asked of neither. */
static void test_lacking(void **state)
{
	(void)state;
	liar.alloc_contig_frozen_range = NULL;
	assemble(MACHINE "cpu0: s0 = contig_range(pfn=64, nr=16)\n");
	assert_string_equal(run(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_excused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fewer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errno, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lacking, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
