// SPDX-License-Identifier: GPL-2.0-only
/* Simulated RAM: what it costs, what is poisoned, and copying over poison. */
#include "catch.h"

#include <sim/ram.h>

#if SIM_ASAN
int __asan_address_is_poisoned(void const volatile *addr);
#endif

/* Poisoned bytes are only there to be seen under ASan. */
static bool poisoned(unsigned long pfn)
{
#if SIM_ASAN
	return __asan_address_is_poisoned(ram_ptr(pfn));
#else
	(void)pfn;
	return false;
#endif
}

static void a_terabyte_costs_what_is_touched(void **state)
{
	const unsigned long nr_pages = 1ul << 28; /* of 4 KiB */
	u64 *tag;

	(void)state;
	ram_init(nr_pages, RAM_CELL_SHIFT_MIN);
	tag = ram_ptr(nr_pages - 1);
	assert_int_equal(*tag, 0);
	*tag = 0x1234;
	assert_int_equal(*(u64 *)ram_ptr(nr_pages - 1), 0x1234);
	assert_int_equal(*(u64 *)ram_ptr(0), 0);
	ram_exit();
}

/*
 *   pfn    0 1 2 3 4 5 6 7 8
 *   all    P P P P P P P P P
 *   4      P P P P . P P P P
 *   4..7   P P P P . . . . P
 *   5      P P P P . P . . P
 */
static void poison_is_by_the_frame(void **state)
{
	unsigned int shift;
	unsigned long pfn;

	(void)state;
	for (shift = RAM_CELL_SHIFT_MIN; shift <= 12; shift += 3) {
		ram_init(1000, shift);
		for (pfn = 0; pfn < 1000; pfn++)
			assert_false(poisoned(pfn));
		ram_poison_all();
		for (pfn = 0; pfn < 1000; pfn++)
			assert_int_equal(poisoned(pfn), SIM_ASAN);
		ram_unpoison(4, 1);
		assert_false(poisoned(4));
		assert_int_equal(poisoned(3), SIM_ASAN);
		assert_int_equal(poisoned(5), SIM_ASAN);
		ram_unpoison(4, 4);
		for (pfn = 4; pfn < 8; pfn++)
			assert_false(poisoned(pfn));
		assert_int_equal(poisoned(8), SIM_ASAN);
		*(u64 *)ram_ptr(5) = 7;
		ram_poison(5, 1);
		assert_int_equal(poisoned(5), SIM_ASAN);
		ram_unpoison(5, 1);
		assert_int_equal(*(u64 *)ram_ptr(5), 7);
		ram_exit();
	}
}

static void poison_does_not_outlive_its_memory(void **state)
{
	int round;

	(void)state;
	for (round = 0; round < 4; round++) {
		ram_init(100000, RAM_CELL_SHIFT_MIN);
		assert_false(poisoned(77));
		*(u64 *)ram_ptr(77) = 1;
		ram_poison_all();
		ram_exit();
	}
}

static void copies_over_poison(void **state)
{
	const size_t len = 3 * 4096 + 5;
	unsigned char *from = sim_reserve(len + 16);
	unsigned char *to = sim_reserve(len + 16);
	size_t i, skew;

	(void)state;
	for (i = 0; i < len + 16; i++)
		from[i] = (unsigned char)(i * 31);
	for (skew = 0; skew < 8; skew += 3) {
		memset(to, 0, len + 16);
		sim_poison(to + 64, 128);
		sim_poison(from + 512, 64);
		sim_copy(to + skew, from, len);
		sim_unpoison(to + 64, 128);
		sim_unpoison(from + 512, 64);
		assert_memory_equal(to + skew, from, len);
		assert_int_equal(to[len + skew], 0);
	}
	sim_copy(to, from, 0);
	sim_release(from, len + 16);
	sim_release(to, len + 16);
}

static void no_pages(void)
{
	ram_init(0, 3);
}

static void no_room(void)
{
	ram_init(1ul << 62, 12);
}

static void small_cell(void)
{
	ram_init(1, 2);
}

static void two_rams(void)
{
	ram_init(1, 3);
	ram_init(1, 3);
}

static void impossible(void **state)
{
	(void)state;
	assert_bug("impossible RAM in ram_begin", no_pages);
	assert_bug("impossible RAM in ram_begin", no_room);
	assert_bug("impossible RAM in ram_begin", small_cell);
	assert_bug("second RAM in ram_begin", two_rams);
	ram_exit();
	ram_exit();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terabyte_costs_what_is_touched),
		cmocka_unit_test(poison_is_by_the_frame),
		cmocka_unit_test(poison_does_not_outlive_its_memory),
		cmocka_unit_test(copies_over_poison),
		cmocka_unit_test(impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
