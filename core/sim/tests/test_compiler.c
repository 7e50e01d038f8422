// SPDX-License-Identifier: GPL-2.0-only
/* The small macros and the atomics: values only. What orders what is for the threads' tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sim/atomic.h>
#include <sim/compiler.h>

struct outer {
	int before;
	long member;
};

static void plain_values(void **state)
{
	struct outer outer;
	unsigned int order = 7;
	long array[5];
	int a = 1, b = 2;

	(void)state;
	assert_ptr_equal(container_of(&outer.member, struct outer, member), &outer);
	assert_int_equal(ARRAY_SIZE(array), 5);
	assert_int_equal(min(order, 3), 3);
	assert_int_equal(max(order, 3), 7);
	assert_int_equal(min(-1, 1), -1);
	assert_int_equal(min(max(a, b), 5), 2);
	assert_int_equal(min_t(unsigned int, -1, 5), 5);
	assert_int_equal(clamp_t(int, 12, 0, 10), 10);
	assert_int_equal(ALIGN(513ul, 512), 1024);
	assert_int_equal(ALIGN(512ul, 512), 512);
	assert_int_equal(ALIGN_DOWN(1023ul, 512), 512);
	assert_true(IS_ALIGNED(1024ul, 512) && !IS_ALIGNED(1025ul, 512));
	assert_int_equal(GENMASK(11, 4), 0xff0);
	assert_true(GENMASK(63, 0) == ~0ul);
	assert_true(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(65));
	assert_int_equal(ilog2(1023), 9);
	assert_int_equal(__ffs(24), 3);
	swap(a, b);
	assert_int_equal(a, 2);
}

static void exchanges(void **state)
{
	unsigned long word = 5, old;
	const unsigned long fixed = 9;

	(void)state;
	assert_int_equal(READ_ONCE(fixed), 9);
	WRITE_ONCE(word, 6);
	assert_int_equal(xchg(&word, 7), 6);
	assert_int_equal(cmpxchg(&word, 6, 8), 7);
	assert_int_equal(word, 7);
	assert_int_equal(cmpxchg_release(&word, 7, 8), 7);
	old = 7;
	assert_false(try_cmpxchg(&word, &old, 9));
	assert_int_equal(old, 8);
	assert_true(try_cmpxchg_acquire(&word, &old, 9));
	assert_int_equal(smp_load_acquire(&word), 9);
	smp_mb();
	smp_store_release(&word, 1);
	assert_int_equal(word, 1);
}

static void counters(void **state)
{
	atomic_t v = ATOMIC_INIT(1);
	atomic_long_t l = ATOMIC_LONG_INIT(0);

	(void)state;
	assert_true(atomic_inc_not_zero(&v));
	assert_int_equal(atomic_read(&v), 2);
	assert_int_equal(atomic_sub_return(1, &v), 1);
	assert_true(atomic_dec_and_test(&v));
	assert_false(atomic_inc_not_zero(&v));
	assert_false(atomic_add_unless(&v, 5, 0));
	assert_int_equal(atomic_fetch_add(4, &v), 0);
	assert_int_equal(atomic_fetch_or_release(3, &v), 4);
	assert_int_equal(atomic_cmpxchg(&v, 7, 9), 7);
	assert_int_equal(atomic_xchg(&v, 0), 9);
	atomic_long_add(1l << 40, &l);
	assert_int_equal(atomic_long_dec_return(&l), (1l << 40) - 1);
}

static void bits(void **state)
{
	unsigned long map[BITS_TO_LONGS(130)] = { 0 };

	(void)state;
	assert_int_equal(ARRAY_SIZE(map), 3);
	assert_false(test_and_set_bit(129, map));
	assert_true(test_and_set_bit(129, map));
	assert_true(test_bit(129, map) && !test_bit(128, map));
	assert_true(test_and_clear_bit(129, map));
	assert_int_equal(map[2], 0);
	assert_false(test_and_set_bit_lock(64, map));
	assert_true(test_and_set_bit_lock(64, map));
	clear_bit_unlock(64, map);
	set_bit(0, map);
	clear_bit(0, map);
	assert_int_equal(map[0] | map[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_values),
		cmocka_unit_test(exchanges),
		cmocka_unit_test(counters),
		cmocka_unit_test(bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
