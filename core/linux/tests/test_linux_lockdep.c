// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's lockdep, in builds that have it (linux.sh --lockdep): an order of locks that could end in a deadlock is a
 * finding although nobody waits, one after the other, on one CPU; what a reset takes back it has never seen. In other builds
 * the same is no finding.
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <mmfuzz/backend_linux.h>

#include <sim/bug.h>

#include "../gate.h"

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;

static jmp_buf after;
static char title[256];

static void remember_title(const struct sim_bug_report *report)
{
	sim_bug_title(report, title, sizeof(title));
	longjmp(after, 1);
}

/* The title of what @doing ends in; "" if it comes to its end. */
static const char *finding(void (*doing)(void))
{
	title[0] = 0;
	sim_set_bug_handler(remember_title);
	sim_bug_quiet(true);
	if (!setjmp(after))
		doing();
	sim_bug_quiet(false);
	sim_set_bug_handler(NULL);
	return title;
}

static void assert_finding(void (*doing)(void), const char *expected)
{
	assert_string_equal(finding(doing), gate_lock_classes() ? expected : "");
}

static unsigned long nr_frames = 256;

static int boot(void **state)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 3,
		.section_order = 4,
		.max_pfn = nr_frames,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, nr_frames } } },
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

/* ---- what is done ---- */

/* Any operation: a snapshot of a machine that was not changed is not compared with it. */
static void touch(void)
{
	be->drain(MMFUZZ_DRAIN_ALL, (cpu_t){ 0 });
}

static void both_orders(void)
{
	touch();
	gate_nest_locks(false);
	gate_nest_locks(true);
}

static void one_order(void)
{
	touch();
	gate_nest_locks(false);
	gate_nest_locks(false);
}

static void other_order(void)
{
	touch();
	gate_nest_locks(true);
}

static void interrupt_takes_it(void)
{
	touch();
	gate_lock_in(false);
	gate_lock_in(true);
}

static void only_interrupts_take_it(void)
{
	touch();
	gate_lock_in(true);
	gate_lock_in(true);
}

static void one_after_the_other(void)
{
	touch();
	gate_keep_mutex(true);
	gate_keep_mutex(false);
	be->op_done();
}

static void keep_mutex(void)
{
	touch();
	gate_keep_mutex(true);
	be->op_done();
}

static void take_twice(void)
{
	touch();
	gate_keep_mutex(true);
	gate_keep_mutex(true);
}

static void operations(void)
{
	pfn_t pfns[8];

	for (unsigned int i = 0; i < 8; i++)
		pfns[i] = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(i % 4), (nid_t){ 0 });
	be->start_isolate_page_range(mk_pfn(64), 16);
	be->undo_isolate_page_range(mk_pfn(64), 16);
	be->compact((nid_t){ 0 }, mk_order(3));
	for (unsigned int i = 0; i < 8; i++)
		be->put_page(pfns[i]);
	be->balloon_probe(0);
	be->balloon_inflate(0, 4);
	be->balloon_deflate(0, 4);
	be->balloon_release(0);
	be->op_done();
	be->quiesce();
	be->check();
}

/* ---- tests ---- */

static void test_orders(void **state)
{
	(void)state;
	assert_string_equal(finding(one_order), "");
	assert_finding(both_orders,
		       "lockdep: possible circular locking dependency in gate_nest_locks");
}

/* Orders are of one program: another one may have the opposite, and a third one both. */
static void test_orders_are_forgotten(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_string_equal(finding(one_order), "");
		be->reset();
		assert_string_equal(finding(other_order), "");
		be->reset();
	}
	assert_string_equal(finding(one_order), "");
	assert_finding(other_order,
		       "lockdep: possible circular locking dependency in gate_nest_locks");
	be->reset();
	assert_finding(both_orders,
		       "lockdep: possible circular locking dependency in gate_nest_locks");
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_string_equal(finding(only_interrupts_take_it), "");
	be->reset();
	assert_finding(interrupt_takes_it, "lockdep: inconsistent lock state in gate_lock_in");
}

static void test_kept(void **state)
{
	(void)state;
	assert_string_equal(finding(one_after_the_other), "");
	be->reset();
	assert_finding(keep_mutex,
		       "lockdep: lock held when returning to user space in gate_revive");
}

/* Before it is waited for; without lockdep nobody would come back. */
static void test_taken_twice(void **state)
{
	(void)state;
	if (gate_lock_classes())
		assert_finding(take_twice,
			       "lockdep: possible recursive locking in gate_keep_mutex");
}

static void test_linux_is_sound(void **state)
{
	const unsigned long before = gate_lock_classes();

	(void)state;
	assert_string_equal(finding(operations), "");
	if (before)
		assert_true(before > 20 && gate_lock_classes() >= before);
}

/* For who runs many programs, and does not care which of them it was. The last test, as that is for good. */
static void test_orders_may_be_kept(void **state)
{
	(void)state;
	mmfuzz_linux_keep_locks();
	assert_string_equal(finding(one_order), "");
	be->reset();
	assert_string_equal(finding(one_order), "");
	/* Of another machine too. */
	be->shutdown();
	nr_frames *= 2;
	boot(state);
	assert_finding(other_order,
		       "lockdep: possible circular locking dependency in gate_nest_locks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_orders, reset),
		cmocka_unit_test_setup(test_orders_are_forgotten, reset),
		cmocka_unit_test_setup(test_interrupts, reset),
		cmocka_unit_test_setup(test_kept, reset),
		cmocka_unit_test_setup(test_taken_twice, reset),
		cmocka_unit_test_setup(test_linux_is_sound, reset),
		cmocka_unit_test_setup(test_orders_may_be_kept, reset),
	};

	return cmocka_run_group_tests(tests, boot, shutdown_machine);
}
