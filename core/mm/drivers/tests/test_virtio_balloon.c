// SPDX-License-Identifier: GPL-2.0-only
/*
 * The balloon against those who want its pages moved. The machine has two balloons and two zones, so that a page may
 * migrate from one to the other.
 */
#include "tests/frame_trace.h"

static int setup(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	config.nr_zones = 2;
	config.zones[0].range.nr = 128;
	config.zones[1] = (struct mmfuzz_zone_config){ .nid = 0, .type = MMFUZZ_ZONE_MOVABLE, .range = { 128, 128 } };
	config.nr_balloons = 2;
	boot(&config);
	frame_trace_start();
	return 0;
}

static unsigned long isolate_all(unsigned long max, pfn_t *pfns)
{
	return be->isolate_movable(mk_pfn(0), 256, max, pfns);
}

static void frames_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(be->balloon_inflate(0, 50), 50);
	assert_int_equal(be->balloon_inflate(1, 7), 7);
	assert_int_equal(be->balloon_pages(0), 50);
	assert_int_equal(stats_now().managed, 256 - 57);
	assert_int_equal(stats_now().ballooned, 57);
	be->check();
	assert_int_equal(be->balloon_deflate(0, 20), 20);
	be->check();
	/* As much as there is, and no more: ZONE_NORMAL keeps a 32nd of ZONE_MOVABLE for those who need it. */
	assert_int_equal(be->balloon_inflate(0, 1000), 256 - 37 - 4);
	assert_int_equal(be->balloon_inflate(1, 1), 0);
	assert_int_equal(be->balloon_deflate(0, 1000), 245);
	assert_int_equal(be->balloon_deflate(0, 1000), 0);
	assert_int_equal(be->balloon_deflate(1, 1000), 7);
	assert_as_booted();
}

static void no_room_in_the_set_gives_the_page_back(void **state)
{
	(void)state;
	fault_arm(FAULT_PFN_SET, 4);
	assert_int_equal(be->balloon_inflate(0, 10), 3);
	fault_arm(FAULT_DESC, 1);
	assert_int_equal(be->balloon_inflate(0, 10), 0);
	fault_arm(FAULT_PAGE, 1);
	assert_int_equal(be->balloon_inflate(0, 10), 0);
	fault_disarm();
	be->check();
	assert_int_equal(be->balloon_deflate(0, 10), 3);
	assert_as_booted();
}

/*
 *	set        A  B  C  D            deflate 4
 *	isolated      i  i        ---->  A and D are free, B and C stay until they are put back
 */
static void isolated_pages_are_left_by_deflate(void **state)
{
	pfn_t pfns[8];

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 4), 4);
	assert_int_equal(isolate_all(2, pfns), 2);
	be->check();
	assert_int_equal(isolate_all(8, pfns + 2), 2);
	assert_int_equal(isolate_all(8, pfns + 4), 0);
	be->putback_movable_pages(pfns + 2, 2);
	assert_int_equal(be->balloon_deflate(0, 4), 2);
	assert_int_equal(be->balloon_pages(0), 2);
	assert_int_equal(be->balloon_deflate(0, 4), 0);
	be->check();
	be->putback_movable_pages(pfns, 2);
	assert_int_equal(be->balloon_deflate(0, 4), 2);
	assert_as_booted();
	expect_bug("putback of a page that is not isolated", be->putback_movable_pages(pfns, 1));
	fresh();
}

static void a_device_with_isolated_pages_stays(void **state)
{
	pfn_t pfns[4];

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 40), 40);
	assert_int_equal(isolate_all(1, pfns), 1);
	assert_int_equal(be->balloon_release(0), -EBUSY);
	assert_int_equal(be->balloon_pages(0), 40);
	assert_int_equal(be->balloon_probe(0), -EEXIST);
	be->putback_movable_pages(pfns, 1);
	assert_int_equal(be->balloon_release(0), 0);
	assert_int_equal(be->balloon_pages(0), 0);
	be->check();
	assert_int_equal(be->balloon_release(0), -ENODEV);
	assert_int_equal(be->balloon_inflate(0, 1), 0);
	assert_int_equal(be->balloon_deflate(0, 1), 0);
	assert_int_equal(be->balloon_probe(0), 0);
	assert_int_equal(be->balloon_inflate(0, 1), 1);
	assert_int_equal(be->balloon_deflate(0, 1), 1);
	assert_as_booted();
	/* No such device: an answer as well, for drivers that are asked at the wrong time. */
	assert_int_equal(balloon_release(2), -ENODEV);
	assert_int_equal(balloon_probe(2), -ENODEV);
	assert_int_equal(balloon_inflate(2, 1) + balloon_deflate(2, 1) + balloon_pages(2), 0);
}

/* The migrator was faster than release by one step: Isolated is set, the driver has not been told yet. */
static void isolate_of_a_released_device_is_refused(void **state)
{
	struct page *page;
	unsigned long word;

	(void)state;
	assert_int_equal(be->balloon_release(0), 0);
	page = alloc_offline_pages(0, 0, 0, OFFLINE_OWNER_BALLOON, MISC_MOVABLE);
	word = page_word(page);
	assert_false(isolate_movable_ops_page(page_to_pfn(page)));
	assert_int_equal(page_word(page), word);
	fresh();
	/* A movable page of nobody. */
	page = alloc_offline_pages(0, 0, 0, OFFLINE_OWNER_NONE, MISC_MOVABLE);
	assert_false(isolate_movable_ops_page(page_to_pfn(page)));
	fresh();
	/* One that says it is the device's, which knows nothing of it. */
	page = alloc_offline_pages(0, 0, 0, OFFLINE_OWNER_BALLOON, MISC_MOVABLE);
	expect_bug("movable page in no balloon's set", isolate_movable_ops_page(page_to_pfn(page)));
	fresh();
}

/* ZONE_MOVABLE is inflated first; when nearly nothing is left of it, its pages can only move to ZONE_NORMAL. */
static void migration_moves_the_managed_count_between_zones(void **state)
{
	struct zone *normal = node_zone(0, MMFUZZ_ZONE_NORMAL), *movable = node_zone(0, MMFUZZ_ZONE_MOVABLE);
	unsigned long left;
	pfn_t pfns[10];

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 140), 140);
	left = zone_managed_pages(movable);
	assert_int_equal(left + zone_managed_pages(normal), 256 - 140);
	assert_int_equal(be->isolate_movable(mk_pfn(128), 128, 10, pfns), 10);
	assert_int_equal(be->start_isolate_page_range(mk_pfn(128), 128), 0);
	assert_int_equal(be->migrate_pages(pfns, 10, false), 0);
	be->undo_isolate_page_range(mk_pfn(128), 128);
	assert_int_equal(zone_managed_pages(movable), left + 10);
	assert_int_equal(zone_managed_pages(normal), 256 - 140 - left - 10);
	assert_int_equal(be->balloon_pages(0), 140);
	assert_int_equal(stats_now().migrate_success, 10);
	be->check();
	assert_int_equal(be->balloon_deflate(0, 140), 140);
	assert_int_equal(zone_managed_pages(movable), 128);
	assert_as_booted();
}

static void a_failed_migration_changes_nothing(void **state)
{
	pfn_t pfns[4];

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 3), 3);
	assert_int_equal(isolate_all(1, pfns), 1);
	/* No room for the target in the set: final. */
	fault_arm(FAULT_PFN_SET, 1);
	assert_int_equal(be->migrate_pages(pfns, 1, false), 1);
	be->check();
	/* Somebody has the lock, the migrator may not wait, each time it tries. */
	fault_arm(FAULT_TRYLOCK, 0);
	assert_int_equal(be->migrate_pages(pfns, 1, true), 1);
	fault_disarm();
	be->check();
	assert_int_equal(stats_now().migrate_fail, 2);
	assert_int_equal(be->balloon_pages(0), 3);
	assert_int_equal(be->migrate_pages(pfns, 1, true), 0);
	assert_int_equal(be->balloon_deflate(0, 3), 3);
	assert_as_booted();
}

/* A reset may come with the balloons full, and their sets too large for the buckets they were born with. */
static void a_reset_empties_the_balloons(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(be->balloon_inflate(0, 250), 250);
		fresh();
		assert_int_equal(be->balloon_pages(0), 0);
		be->check_idle();
	}
}

/*
 *	CPU 0, 1        CPU 2               CPU 3
 *	inflate         isolate, migrate    release, probe
 *	deflate         or put back         compact
 */
static void collide(unsigned int cpu, void *arg)
{
	const unsigned int rounds = *(unsigned int *)arg;
	pfn_t pfns[16];

	for (unsigned int i = 0; i < rounds; i++) {
		unsigned long nr;

		switch (cpu) {
		case 0:
		case 1:
			be->balloon_inflate(i % 2, 1 + i % 11);
			be->balloon_deflate((i + cpu) % 2, 1 + i % 13);
			break;
		case 2:
			nr = isolate_all(1 + i % 16, pfns);
			if (i % 3)
				nr = be->migrate_pages(pfns, nr, i % 2);
			be->putback_movable_pages(pfns, nr);
			break;
		default:
			if (i % 8 == 0 && !be->balloon_release(i / 8 % 2))
				assert_int_equal(be->balloon_probe(i / 8 % 2), 0);
			be->compact(mk_nid(0), mk_order(1 + i % 6));
			break;
		}
		be->op_done();
	}
}

static void isolate_meets_deflate(void **state)
{
	unsigned int rounds = 600;

	(void)state;
	machine_run(4, collide, &rounds);
	be->check();
	be->balloon_deflate(0, 256);
	be->balloon_deflate(1, 256);
	assert_as_booted();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_come_and_go, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(no_room_in_the_set_gives_the_page_back, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(isolated_pages_are_left_by_deflate, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_device_with_isolated_pages_stays, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(isolate_of_a_released_device_is_refused, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(migration_moves_the_managed_count_between_zones, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_failed_migration_changes_nothing, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(a_reset_empties_the_balloons, setup, shutdown_machine),
		cmocka_unit_test_setup_teardown(isolate_meets_deflate, setup, shutdown_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
