// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entries behind the instrumentation: each access is made as the compiler meant it, counts as the point
 * that it is, and is tested against ASan's shadow. Who sees races and weak memory is tested elsewhere.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mmfuzz/weave.h>
#include <sim/bug.h>
#include <sim/compiler.h>

typedef unsigned __int128 u128;

/* 16-byte atomics are emitted only where the target has them: called by name, with the types that gcc knows them by. */
u128 __tsan_atomic128_load(const volatile void *a, int mo);
void __tsan_atomic128_store(volatile void *a, u128 v, int mo);
u128 __tsan_atomic128_fetch_add(volatile void *a, u128 v, int mo);
bool __tsan_atomic128_compare_exchange_strong(volatile void *a, void *c, u128 v, int mo, int fail);

static struct weave_result result;
static void *run_arg;

static void run_one(void (*fn)(unsigned int fibre, void *arg), bool plain_points)
{
	struct weave *w = weave_new(&(struct weave_config){ .plain_points = plain_points });

	assert_true(weave_run(w, 1, fn, run_arg, &result));
	weave_free(w);
}

/* Beside its body a run has two points: the beginning and the end. */
static uint64_t body_points(void)
{
	return result.points - 2;
}

/* ---- marked accesses of all widths: the shared word and a twin that nobody instruments ---- */

static u8 w8;
static u16 w16;
static u32 w32;
static u64 w64;
static u128 w128 __aligned(16);
static bool failed;

#define EXPECT(cond)                   \
	do {                           \
		if (!(cond))           \
			failed = true; \
	} while (0)

/* Values of all bits, so that a wrong width or operator shows. 14 points. */
#define EXERCISE(T, word)                                                                     \
	do {                                                                                  \
		const T a = (T)0x89abcdef01234567, b = (T)0x1122334455667788;                 \
		T seen;                                                                       \
                                                                                              \
		__atomic_store_n(&word, a, __ATOMIC_RELEASE);                                 \
		EXPECT(__atomic_load_n(&word, __ATOMIC_ACQUIRE) == a);                        \
		EXPECT(__atomic_exchange_n(&word, b, __ATOMIC_SEQ_CST) == a);                 \
		EXPECT(__atomic_fetch_add(&word, a, __ATOMIC_RELAXED) == b);                  \
		EXPECT(__atomic_fetch_sub(&word, a, __ATOMIC_RELAXED) == (T)(a + b));         \
		EXPECT(__atomic_fetch_and(&word, a, __ATOMIC_RELAXED) == b);                  \
		EXPECT(__atomic_fetch_or(&word, b, __ATOMIC_RELAXED) == (T)(a & b));          \
		EXPECT(__atomic_fetch_xor(&word, a, __ATOMIC_RELAXED) == b);                  \
		EXPECT(__atomic_fetch_nand(&word, a, __ATOMIC_RELAXED) == (T)(a ^ b));        \
		EXPECT(__atomic_load_n(&word, __ATOMIC_RELAXED) == (T) ~((a ^ b) & a));       \
		seen = a;                                                                     \
		EXPECT(!__atomic_compare_exchange_n(&word, &seen, b, false, __ATOMIC_SEQ_CST, \
						    __ATOMIC_RELAXED));                       \
		EXPECT(seen == (T) ~((a ^ b) & a));                                           \
		EXPECT(__atomic_compare_exchange_n(&word, &seen, b, true, __ATOMIC_ACQ_REL,   \
						   __ATOMIC_ACQUIRE));                        \
		EXPECT(__atomic_add_fetch(&word, 1, __ATOMIC_RELAXED) == (T)(b + 1));         \
		__atomic_store_n(&word, 0, __ATOMIC_RELAXED);                                 \
	} while (0)

static void all_widths(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	EXERCISE(u8, w8);
	EXERCISE(u16, w16);
	EXERCISE(u32, w32);
	EXERCISE(u64, w64);
}

static void marked_accesses_do_what_they_say(void **state)
{
	(void)state;
	failed = false;
	run_one(all_widths, false);
	assert_false(failed);
	assert_int_equal(body_points(), 4 * 14);
	/* And the same where no run is under way. */
	all_widths(0, NULL);
	assert_false(failed);
}

static void sixteen_bytes(unsigned int fibre, void *arg)
{
	const u128 big = (u128)0x0123456789abcdef << 64 | 0xfedcba9876543210;
	u128 seen = 0;

	(void)fibre;
	(void)arg;
	__tsan_atomic128_store(&w128, big, __ATOMIC_RELEASE);
	EXPECT(__tsan_atomic128_load(&w128, __ATOMIC_ACQUIRE) == big);
	EXPECT(__tsan_atomic128_fetch_add(&w128, big, __ATOMIC_RELAXED) == big);
	EXPECT(!__tsan_atomic128_compare_exchange_strong(&w128, &seen, 1, __ATOMIC_SEQ_CST,
							 __ATOMIC_RELAXED));
	EXPECT(seen == big + big);
	EXPECT(__tsan_atomic128_compare_exchange_strong(&w128, &seen, 1, __ATOMIC_SEQ_CST,
							__ATOMIC_RELAXED));
	EXPECT(w128 == 1);
}

static void marked_accesses_of_sixteen_bytes(void **state)
{
	(void)state;
	failed = false;
	run_one(sixteen_bytes, false);
	assert_false(failed);
}

/* ---- what is a point ---- */

/* Visible elsewhere, so that no store to it can be left out. */
extern int shared[4];
int shared[4];

static void plain_and_marked(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	shared[0] = 1;
	/* Nothing may be merged across a marked access. */
	EXPECT(READ_ONCE(w32) == 0);
	shared[0] = 2;
	smp_mb();
	shared[0] = 3;
}

static void plain_accesses_are_points_on_request(void **state)
{
	(void)state;
	run_one(plain_and_marked, false);
	assert_int_equal(body_points(), 2);
	run_one(plain_and_marked, true);
	assert_true(body_points() > 2);
}

static void undivided_and_not(unsigned int fibre, void *arg)
{
	weave_undivided_begin();
	weave_undivided_begin();
	plain_and_marked(fibre, arg);
	weave_undivided_end();
	plain_and_marked(fibre, arg);
	weave_undivided_end();
	if (arg)
		plain_and_marked(fibre, NULL);
}

static unsigned int undivided_at;

/* Left at a marked access in between, and gone on with: it is undivided still; the other one never was. */
static void both_undivided(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre) {
		WRITE_ONCE(undivided_at, 1);
		shared[1] = 1;
		return;
	}
	undivided_and_not(0, NULL);
}

static uint64_t points_of_both(bool plain_points)
{
	struct weave_entry away = { .op = 0, .nth = 1, .kind = WEAVE_SWITCH, .value = 1 };
	const struct weave_schedule schedule = { .entries = &away, .nr = 1 };
	struct weave *w = weave_new(&(struct weave_config){ .plain_points = plain_points, .schedule = &schedule });

	assert_true(weave_run(w, 2, both_undivided, NULL, &result));
	weave_free(w);
	assert_int_equal(result.schedule.nr, 1);
	return result.points;
}

static void undivided_plain_accesses_are_none(void **state)
{
	uint64_t divided;

	(void)state;
	run_one(undivided_and_not, true);
	assert_int_equal(body_points(), 4);
	run_one(plain_and_marked, true);
	divided = body_points();
	run_arg = &shared;
	run_one(undivided_and_not, true);
	run_arg = NULL;
	assert_int_equal(body_points(), 4 + divided);
	/* That of the other fibre is one. */
	assert_int_equal(points_of_both(true), points_of_both(false) + 1);
}

static void own_stack(unsigned int fibre, void *arg)
{
	int local = 0;
	int *volatile escaped = &local;

	(void)fibre;
	(void)arg;
	for (int i = 0; i < 10; i++)
		__atomic_fetch_add(escaped, 1, __ATOMIC_SEQ_CST);
	EXPECT(local == 10);
}

static void own_stack_is_nobodys_business(void **state)
{
	(void)state;
	failed = false;
	run_one(own_stack, true);
	assert_false(failed);
	assert_int_equal(body_points(), 0);
}

struct block {
	char bytes[100];
};
static struct block from, to;

static void copies(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	memset(&from, 7, sizeof(from));
	to = from;
	memmove(to.bytes + 1, to.bytes, 50);
}

static void copies_are_made(void **state)
{
	(void)state;
	run_one(copies, false);
	assert_int_equal(to.bytes[99], 7);
}

/* Each of these touches @to, whatever the compiler makes of it. */
static void assign(void)
{
	to = from;
}

static void clear(void)
{
	to = (struct block){ 0 };
}

static void copy_little(void)
{
	memcpy(to.bytes, from.bytes, 40);
}

static void copy_by_builtin(void)
{
	__builtin_memcpy(to.bytes, from.bytes, 24);
}

static size_t length = 50;

static void copy_some(void)
{
	memcpy(to.bytes, from.bytes, length);
}

static void move_some(void)
{
	memmove(to.bytes + 1, to.bytes, length);
}

static void fill(void)
{
	memset(to.bytes, 1, length);
}

static void fill_little(void)
{
	memset(to.bytes, 1, 24);
}

static void compare(void)
{
	EXPECT(memcmp(to.bytes, from.bytes, length) < 2);
}

static void (*const touches[])(void) = {
	assign,	   clear, copy_little, copy_by_builtin, copy_some,
	move_some, fill,  fill_little, compare,
};

static void touch_or_write(unsigned int fibre, void *arg)
{
	void (*const *touch)(void) = arg;

	if (fibre)
		(*touch)();
	else
		to.bytes[10] = 1;
}

static void copies_are_seen(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	for (size_t i = 0; i < ARRAY_SIZE(touches); i++) {
		struct weave *w = weave_new(
			&(struct weave_config){ .races = WEAVE_RACES_ALL, .catch = true });

		assert_true(weave_run(w, 2, touch_or_write, (void *)&touches[i], &result));
		weave_free(w);
		if (!result.found)
			fail_msg("touch %zu was not seen", i);
	}
	sim_bug_quiet(false);
}

/* ---- ASan ---- */

#if SIM_ASAN
void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

static u64 cell[4] __aligned(32);

static void load_8(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	__atomic_load_n(&cell[1], __ATOMIC_RELAXED);
}

static void store_plain(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	*(volatile u8 *)((char *)&cell[1] + 5) = 1;
}

static void load_across(unsigned int fibre, void *arg)
{
	struct packed {
		u64 value;
	} __packed *p = (void *)((char *)&cell[0] + 4);

	(void)fibre;
	(void)arg;
	EXPECT(p->value == 0);
}

/* Bytes 4 to 19: the poisoned granule is neither the first nor the last. */
void __tsan_unaligned_read16(void *addr);

static void load_around(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	__tsan_unaligned_read16((char *)&cell[0] + 4);
}

/* How many bytes of cell[1] may be touched; whether a child that runs @fn then ends by a report. */
static bool reported(void (*fn)(unsigned int fibre, void *arg), size_t good)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		__asan_poison_memory_region(&cell[1], 8);
		__asan_unpoison_memory_region(&cell[1], good);
		run_one(fn, false);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void poison_is_reported(void **state)
{
	(void)state;
	assert_false(reported(load_8, 8));
	assert_true(reported(load_8, 0));
	assert_true(reported(load_8, 7));
	/* Byte 5 of a granule of which the first 5 or 6 are good. */
	assert_true(reported(store_plain, 5));
	assert_false(reported(store_plain, 6));
	/* Bytes 4 to 11: the first four of the second granule. */
	assert_true(reported(load_across, 3));
	assert_false(reported(load_across, 4));
	assert_true(reported(load_around, 0));
	assert_true(reported(load_around, 7));
	assert_false(reported(load_around, 8));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marked_accesses_do_what_they_say),
		cmocka_unit_test(marked_accesses_of_sixteen_bytes),
		cmocka_unit_test(plain_accesses_are_points_on_request),
		cmocka_unit_test(undivided_plain_accesses_are_none),
		cmocka_unit_test(own_stack_is_nobodys_business),
		cmocka_unit_test(copies_are_made),
		cmocka_unit_test(copies_are_seen),
#if SIM_ASAN
		cmocka_unit_test(poison_is_reported),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
