// SPDX-License-Identifier: GPL-2.0-only
/*
 * Weak memory finds what it is for: algorithms of some ten lines that lack a barrier fail under the model that allows it,
 * by chance within so many schedules, and not under a stronger one. With the barrier they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/weave.h>
#include <sim/compiler.h>

#define SCHEDULES 20000u

/* Apart, so that a load of one is not taken for one through a pointer to another. */
static struct {
	u64 value;
} __aligned(1024) shared[4];

#define flag(i)	 (shared[i].value)
#define turn	 (shared[2].value)
#define data(i)	 (shared[2 + (i)].value)
#define sequence (shared[0].value)
#define pointer	 (shared[0].value)
#define object	 (shared[1].value)

static unsigned int inside;
static bool wrong;

struct scenario {
	void (*body)(unsigned int fibre, void *arg);
	unsigned int fibres;
	bool barriers;
};

/* How many schedules until it goes wrong; 0: not within SCHEDULES. */
static unsigned int find(const struct scenario *scenario, enum weave_memory memory)
{
	struct weave *w = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("random"), .seed = 1, .gap = 3, .memory = memory,
		.shared_stacks = true });
	struct scenario copy = *scenario;
	unsigned int nr = 0;

	wrong = false;
	while (!wrong && nr++ < SCHEDULES) {
		memset(shared, 0, sizeof(shared));
		inside = 0;
		assert_true(weave_run(w, copy.fibres, copy.body, &copy, NULL));
	}
	weave_free(w);
	return wrong ? nr : 0;
}

/* One after the other, unless the lock does not work: what is seen between two points is not to be believed. */
static void critical_section(void)
{
	if (__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED))
		wrong = true;
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
}

/* An assertion sees its own stores, whether they wait or not, and lets them wait. */
static unsigned int waited;

static void peek(unsigned int me, void *arg)
{
	(void)arg;
	if (me) {
		if (!READ_ONCE(flag(0)))
			waited += PEEK(flag(1)) != 0;
		return;
	}
	WRITE_ONCE(flag(0), 0x1234);
	WRITE_ONCE(*(u8 *)&flag(0), 0x56);
	if (PEEK(flag(0)) != 0x1256 || PEEK(*(u8 *)&flag(0)) != 0x56)
		wrong = true;
	WRITE_ONCE(flag(1), 1);
}

static void a_peek_sees_own_stores(void **state)
{
	(void)state;
	waited = 0;
	assert_int_equal(find(&(struct scenario){ .body = peek, .fibres = 2 }, WEAVE_SC), 0);
	assert_int_equal(waited, 0);
	assert_int_equal(find(&(struct scenario){ .body = peek, .fibres = 2 }, WEAVE_LKMM), 0);
	assert_true(waited > 0);
}

static void dekker(unsigned int me, void *arg)
{
	const struct scenario *scenario = arg;

	WRITE_ONCE(flag(me), 1);
	if (scenario->barriers)
		smp_mb();
	if (!READ_ONCE(flag(!me)))
		critical_section();
	smp_store_release(&flag(me), 0);
}

/* Under LKMM the textbook's one barrier is not enough: the other must not see who yields before who wants. */
static void peterson(unsigned int me, void *arg)
{
	const struct scenario *scenario = arg;

	WRITE_ONCE(flag(me), 1);
	if (scenario->barriers)
		smp_mb();
	WRITE_ONCE(turn, !me);
	if (scenario->barriers)
		smp_mb();
	while (smp_load_acquire(&flag(!me)) && smp_load_acquire(&turn) == !me)
		weave_yield();
	critical_section();
	smp_store_release(&flag(me), 0);
}

/* A pointer is published before what it points at. */
static void publish(unsigned int me, void *arg)
{
	const struct scenario *scenario = arg;

	if (!me) {
		WRITE_ONCE(object, 1);
		if (scenario->barriers)
			smp_wmb();
		WRITE_ONCE(pointer, (u64)&object);
	} else {
		const u64 *found = (const u64 *)READ_ONCE(pointer);

		if (found && !READ_ONCE(*found))
			wrong = true;
	}
}

static void seqlock(unsigned int me, void *arg)
{
	const struct scenario *scenario = arg;
	u64 before, a, b;

	if (!me) {
		for (u64 i = 1; i <= 2; i++) {
			WRITE_ONCE(sequence, 2 * i - 1);
			if (scenario->barriers)
				smp_wmb();
			WRITE_ONCE(data(0), i);
			WRITE_ONCE(data(1), i);
			if (scenario->barriers)
				smp_wmb();
			WRITE_ONCE(sequence, 2 * i);
		}
		return;
	}
	before = READ_ONCE(sequence);
	if (scenario->barriers)
		smp_rmb();
	a = READ_ONCE(data(0));
	b = READ_ONCE(data(1));
	if (scenario->barriers)
		smp_rmb();
	if (!(before & 1) && READ_ONCE(sequence) == before && a != b)
		wrong = true;
}

static void is_found_from(void (*body)(unsigned int, void *), enum weave_memory weakest)
{
	for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++) {
		const unsigned int nr = find(&(struct scenario){ body, 2, false }, memory);

		if (memory < weakest)
			assert_int_equal(nr, 0);
		else
			assert_int_not_equal(nr, 0);
		assert_int_equal(find(&(struct scenario){ body, 2, true }, memory), 0);
	}
}

static void dekker_needs_full_barriers_from_tso_on(void **state)
{
	(void)state;
	is_found_from(dekker, WEAVE_TSO);
}

static void peterson_needs_full_barriers_from_tso_on(void **state)
{
	(void)state;
	is_found_from(peterson, WEAVE_TSO);
}

static void publishing_needs_a_write_barrier_under_lkmm(void **state)
{
	(void)state;
	is_found_from(publish, WEAVE_LKMM);
}

static void seqlocks_need_barriers_under_lkmm(void **state)
{
	(void)state;
	is_found_from(seqlock, WEAVE_LKMM);
}

/* The waiter has read an old value and yields: nobody writes any more, and yet it must look again. */
static void wait_for_flag(unsigned int me, void *arg)
{
	(void)arg;
	if (!me)
		WRITE_ONCE(flag(0), 1);
	else
		while (!READ_ONCE(flag(0)))
			weave_yield();
}

static void who_waits_sees_all_in_the_end(void **state)
{
	const struct scenario scenario = { wait_for_flag, 4, false };

	(void)state;
	/* Not a deadlock, which would end the process. */
	assert_int_equal(find(&scenario, WEAVE_TSO), 0);
	assert_int_equal(find(&scenario, WEAVE_LKMM), 0);
}

/* Bytes of one word by different sizes: own stores are seen, and a release tells of what came before it. */
static void mixed_sizes(unsigned int me, void *arg)
{
	u8 *bytes = (u8 *)&data(0);

	(void)arg;
	if (!me) {
		WRITE_ONCE(data(1), 1);
		WRITE_ONCE(data(0), 0x0101010101010101u);
		WRITE_ONCE(bytes[3], 2);
		if (READ_ONCE(data(0)) != 0x0101010102010101u)
			wrong = true;
		smp_store_release(&bytes[0], 3);
	} else if (smp_load_acquire((u32 *)bytes) == 0x02010103u && !READ_ONCE(data(1))) {
		wrong = true;
	}
}

static void mixed_sizes_are_never_torn(void **state)
{
	const struct scenario scenario = { mixed_sizes, 2, false };

	(void)state;
	for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++)
		assert_int_equal(find(&scenario, memory), 0);
}

/* More words than have a history: what was known of them all is kept. */
static u64 many[3000];

static void many_words(unsigned int me, void *arg)
{
	(void)arg;
	if (!me) {
		WRITE_ONCE(data(0), 1);
		smp_store_release(&flag(0), 1);
		for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
			WRITE_ONCE(many[i], 1);
	} else if (smp_load_acquire(&flag(0)) && !READ_ONCE(data(0))) {
		wrong = true;
	}
}

static void forgotten_words_keep_their_order(void **state)
{
	struct weave *w = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("random"), .seed = 1, .gap = 400, .memory = WEAVE_LKMM });

	(void)state;
	wrong = false;
	for (unsigned int i = 0; i < 300; i++) {
		memset(shared, 0, sizeof(shared));
		memset(many, 0, sizeof(many));
		weave_run(w, 2, many_words, NULL, NULL);
	}
	weave_free(w);
	assert_false(wrong);
}

/*
 *	 a frame that comes       the next one, in its place
 *	+------------------+     +----------------------------+
 *	| WRITE_ONCE() = 1 | --> | 7, written without a word  |
 *	+------------------+     +----------------------------+
 *	                          ... and here no 1 may come up
 */
static noinline void frame_with_marked_stores(void)
{
	u64 local[16];

	/* Somebody may know of them. */
	WRITE_ONCE(pointer, (u64)local);
	for (unsigned int i = 0; i < ARRAY_SIZE(local); i++)
		WRITE_ONCE(local[i], 1);
}

static noinline __attribute__((no_sanitize("thread"))) void frame_with_unseen_stores(void)
{
	volatile u64 local[16];

	for (unsigned int i = 0; i < ARRAY_SIZE(local); i++)
		local[i] = 7;
	for (unsigned int i = 0; i < 8; i++)
		weave_yield();
	for (unsigned int i = 0; i < ARRAY_SIZE(local); i++)
		if (local[i] != 7)
			wrong = true;
}

static void frames(unsigned int me, void *arg)
{
	(void)me;
	(void)arg;
	frame_with_marked_stores();
	frame_with_unseen_stores();
}

static void a_frame_that_is_gone_is_not_written_to(void **state)
{
	const struct scenario scenario = { frames, 2, false };

	(void)state;
	for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++)
		assert_int_equal(find(&scenario, memory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dekker_needs_full_barriers_from_tso_on),
		cmocka_unit_test(peterson_needs_full_barriers_from_tso_on),
		cmocka_unit_test(publishing_needs_a_write_barrier_under_lkmm),
		cmocka_unit_test(seqlocks_need_barriers_under_lkmm),
		cmocka_unit_test(who_waits_sees_all_in_the_end),
		cmocka_unit_test(mixed_sizes_are_never_torn),
		cmocka_unit_test(forgotten_words_keep_their_order),
		cmocka_unit_test(a_peek_sees_own_stores),
		cmocka_unit_test(a_frame_that_is_gone_is_not_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
