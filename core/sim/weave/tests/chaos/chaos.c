// SPDX-License-Identifier: GPL-2.0-only
/*
 * The races of the chaos suite. Compiled as code under test. Each one: what its fibres share, what
 * they do (with @fixed: what they should do), and which outcome is impossible if all is well. Above
 * it the schedule that goes wrong.
 */
#include <stdbool.h>
#include <string.h>

#include <sim/atomic.h>
#include <sim/rcu.h>

#include "chaos.h"

/* ---- waiting: a lock without an order, which lockdep does not know ---- */

/* Called on any stack, at any time: not instrumented, and reads what is there. */
#ifdef __clang__
#define PREDICATE static __attribute__((no_sanitize("thread"))) bool
#else
#define PREDICATE static __attribute__((no_sanitize_thread)) bool
#endif

PREDICATE is_zero(const void *word)
{
	return !*(const volatile u32 *)word;
}

PREDICATE is_set(const void *word)
{
	return *(const volatile u32 *)word;
}

static bool try_lock(u32 *word)
{
	return cmpxchg_acquire(word, 0u, 1u) == 0;
}

static void lock(u32 *word)
{
	while (!try_lock(word))
		weave_wait(is_zero, word, "lock");
}

static void unlock(u32 *word)
{
	smp_store_release(word, 0u);
}

/* ---- lost update: r0 = n; r1 = n; n = r0 + 1; n = r1 + 1 ---- */

static u32 counter;

static void counter_reset(void)
{
	counter = 0;
}

static void lost_update(unsigned int fibre __maybe_unused, bool fixed)
{
	if (fixed)
		__atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
	else
		WRITE_ONCE(counter, READ_ONCE(counter) + 1);
}

static bool counter_is_two(void)
{
	return counter == 2;
}

/* ---- ABA: pop reads head A and next B; others pop A and B and push A back; head becomes B, which is taken ---- */

/* Nodes 1 to 3, 0 is none. The upper half of the fixed head counts changes. */
static u64 stack_head;
static u32 stack_next[4];
/* Who took what, in order; a node pushed back is taken out again. */
static u32 stack_taken[2][4];
static u32 stack_own[2];
static unsigned int stack_noise;

static void stack_reset(void)
{
	stack_head = 1;
	stack_next[1] = 2;
	stack_next[2] = 3;
	stack_next[3] = 0;
	memset(stack_taken, 0, sizeof(stack_taken));
}

/* Steps that concern nobody else. */
static void noise(unsigned int fibre)
{
	for (unsigned int i = 0; i < stack_noise; i++)
		__atomic_fetch_add(&stack_own[fibre], 1, __ATOMIC_RELAXED);
}

static u64 changed(u64 old, u32 node, bool fixed)
{
	return fixed ? ((old >> 32) + 1) << 32 | node : node;
}

static u32 stack_pop(unsigned int fibre, bool fixed)
{
	u64 old = smp_load_acquire(&stack_head);
	u32 next;

	do {
		noise(fibre);
		if (!(u32)old)
			return 0;
		next = READ_ONCE(stack_next[(u32)old]);
		noise(fibre);
	} while (!try_cmpxchg_acquire(&stack_head, &old, changed(old, next, fixed)));
	return (u32)old;
}

static void stack_push(unsigned int fibre, u32 node, bool fixed)
{
	u64 old = READ_ONCE(stack_head);

	do {
		noise(fibre);
		WRITE_ONCE(stack_next[node], (u32)old);
		noise(fibre);
	} while (!try_cmpxchg_release(&stack_head, &old, changed(old, node, fixed)));
}

static void aba(unsigned int fibre, bool fixed)
{
	u32 *taken = stack_taken[fibre];

	if (fibre == 0) {
		taken[0] = stack_pop(fibre, fixed);
		return;
	}
	taken[0] = stack_pop(fibre, fixed);
	taken[1] = stack_pop(fibre, fixed);
	if (taken[0])
		stack_push(fibre, taken[0], fixed);
	/* Whoever takes it now ends the danger: both fibres must be switched away from in time. */
	taken[0] = stack_pop(fibre, fixed);
}

static void aba_quiet(unsigned int fibre, bool fixed)
{
	stack_noise = 0;
	aba(fibre, fixed);
}

static void aba_noise(unsigned int fibre, bool fixed)
{
	stack_noise = 10;
	aba(fibre, fixed);
}

/* Each node is in one place. */
static bool stack_is_whole(void)
{
	unsigned int seen[4] = { 0 };
	u32 node = (u32)stack_head;

	for (unsigned int i = 0; node && i < 4; i++, node = stack_next[node])
		seen[node]++;
	for (unsigned int i = 0; i < 4; i++) {
		seen[stack_taken[0][i]]++;
		seen[stack_taken[1][i]]++;
	}
	return seen[1] == 1 && seen[2] == 1 && seen[3] == 1;
}

/* ---- double-checked publish: the flag is seen before what it announces is there ---- */

static u32 once_lock, once_done, once_value, once_seen[2];

static void once_reset(void)
{
	once_lock = once_done = once_value = 0;
}

static void double_checked(unsigned int fibre, bool fixed)
{
	if (!smp_load_acquire(&once_done)) {
		lock(&once_lock);
		if (!READ_ONCE(once_done)) {
			if (!fixed)
				smp_store_release(&once_done, 1u);
			WRITE_ONCE(once_value, 42);
			smp_store_release(&once_done, 1u);
		}
		unlock(&once_lock);
	}
	once_seen[fibre] = READ_ONCE(once_value);
}

static bool once_was_seen(void)
{
	return once_seen[0] == 42 && once_seen[1] == 42;
}

/* ---- missed wake-up: nothing is there, [it comes, nobody sleeps: no wake-up], sleep ---- */

static u32 item, asleep, woken;

static void sleep_reset(void)
{
	item = asleep = woken = 0;
}

static void sleeper(bool fixed)
{
	if (fixed)
		xchg(&asleep, 1u);
	if (!READ_ONCE(item)) {
		if (!fixed)
			xchg(&asleep, 1u);
		weave_wait(is_set, &woken, "wake-up");
	}
}

static void missed_wakeup(unsigned int fibre, bool fixed)
{
	if (fibre == 0) {
		sleeper(fixed);
		return;
	}
	xchg(&item, 1u);
	if (READ_ONCE(asleep))
		WRITE_ONCE(woken, 1);
}

/* ---- lock order: A, B against B, A ---- */

static u32 lock_a, lock_b;

static void locks_reset(void)
{
	lock_a = lock_b = 0;
}

static void lock_order(unsigned int fibre, bool fixed)
{
	u32 *first = fibre && !fixed ? &lock_b : &lock_a;
	u32 *second = fibre && !fixed ? &lock_a : &lock_b;

	lock(first);
	lock(second);
	unlock(second);
	unlock(first);
}

/* ---- trylock that holds on: A and try B for ever, against B then A ---- */

static void trylock_order(unsigned int fibre, bool fixed)
{
	if (fibre) {
		lock(&lock_b);
		lock(&lock_a);
	} else {
		lock(&lock_a);
		while (!try_lock(&lock_b)) {
			if (fixed)
				unlock(&lock_a);
			weave_yield();
			if (fixed)
				lock(&lock_a);
		}
	}
	unlock(&lock_a);
	unlock(&lock_b);
}

/* ---- RCU use after the grace period: found in a read section, used behind it ---- */

static u32 object_alive, object_seen;
static u32 *object;

static void object_reset(void)
{
	object_alive = object_seen = 1;
	object = &object_alive;
}

static void rcu_use_after(unsigned int fibre, bool fixed)
{
	u32 *found;

	if (fibre) {
		rcu_assign_pointer(object, NULL);
		synchronize_rcu();
		WRITE_ONCE(object_alive, 0);
		return;
	}
	rcu_read_lock();
	found = rcu_dereference(object);
	if (fixed && found)
		object_seen = READ_ONCE(*found);
	rcu_read_unlock();
	if (!fixed && found)
		object_seen = READ_ONCE(*found);
}

static bool object_was_alive(void)
{
	return object_seen == 1;
}

/* ---- a grace period that cannot end: the lock's holder waits for a reader who waits for the lock ---- */

static void endless_grace(unsigned int fibre, bool fixed)
{
	if (!fibre) {
		lock(&lock_a);
		synchronize_rcu();
		unlock(&lock_a);
		return;
	}
	if (fixed)
		lock(&lock_a);
	rcu_read_lock();
	if (!fixed)
		lock(&lock_a);
	unlock(&lock_a);
	rcu_read_unlock();
}

/* ---- message passing: the flag overtakes what it announces ---- */

static u32 message, message_flag, message_seen;

static void message_reset(void)
{
	message = message_flag = 0;
	message_seen = 1;
}

static void message_passing(unsigned int fibre, bool fixed)
{
	if (!fibre) {
		WRITE_ONCE(message, 1);
		if (fixed)
			smp_store_release(&message_flag, 1u);
		else
			WRITE_ONCE(message_flag, 1);
	} else if (smp_load_acquire(&message_flag)) {
		message_seen = READ_ONCE(message);
	}
}

static bool message_was_seen(void)
{
	return message_seen == 1;
}

/* ---- store buffering: Dekker's flags, each still in its CPU's buffer when the other looks ---- */

static u32 dekker[2], dekker_in;

static void dekker_reset(void)
{
	dekker[0] = dekker[1] = dekker_in = 0;
}

static void store_buffering(unsigned int fibre, bool fixed)
{
	WRITE_ONCE(dekker[fibre], 1);
	/* Pairs with the other fibre's. */
	if (fixed)
		smp_mb();
	if (!READ_ONCE(dekker[!fibre]))
		__atomic_fetch_add(&dekker_in, 1, __ATOMIC_RELAXED);
}

static bool dekker_excluded(void)
{
	return dekker_in < 2;
}

/* ---- torn read: half of the old value, half of the new ---- */

static u32 seq, half[2], halves_seen[2];

static void halves_reset(void)
{
	seq = half[0] = half[1] = 0;
}

static void torn_read(unsigned int fibre, bool fixed)
{
	u32 before;

	if (!fibre) {
		WRITE_ONCE(seq, 1);
		smp_wmb(); /* pairs with the first smp_rmb() below */
		WRITE_ONCE(half[0], 1);
		WRITE_ONCE(half[1], 1);
		smp_store_release(&seq, 2u);
		return;
	}
	for (;;) {
		before = smp_load_acquire(&seq);
		halves_seen[0] = READ_ONCE(half[0]);
		halves_seen[1] = READ_ONCE(half[1]);
		smp_rmb(); /* pairs with smp_wmb() above */
		if (!fixed || (!(before & 1) && READ_ONCE(seq) == before))
			return;
		weave_yield();
	}
}

static bool halves_match(void)
{
	return halves_seen[0] == halves_seen[1];
}

/* ---- get without re-check: the last reference is put between finding the object and taking one ---- */

static u32 slot_full, slot_refs, slot_freed, slot_used_freed;

static void slot_reset(void)
{
	slot_full = slot_refs = 1;
	slot_freed = slot_used_freed = 0;
}

static void slot_put(void)
{
	if (__atomic_sub_fetch(&slot_refs, 1, __ATOMIC_ACQ_REL) == 0)
		WRITE_ONCE(slot_freed, 1);
}

static bool slot_get(bool fixed)
{
	u32 refs = READ_ONCE(slot_refs);

	if (!fixed) {
		__atomic_fetch_add(&slot_refs, 1, __ATOMIC_ACQUIRE);
		return true;
	}
	do {
		if (!refs)
			return false;
	} while (!try_cmpxchg_acquire(&slot_refs, &refs, refs + 1));
	return true;
}

static void blind_get(unsigned int fibre, bool fixed)
{
	if (!fibre) {
		WRITE_ONCE(slot_full, 0);
		slot_put();
		return;
	}
	if (!READ_ONCE(slot_full) || !slot_get(fixed))
		return;
	slot_used_freed = READ_ONCE(slot_freed);
	slot_put();
}

static bool slot_was_alive(void)
{
	return !slot_used_freed;
}

/* ---- check, then act: both see the page on the list, both take it off ---- */

static unsigned long on_list;
static u32 isolated;

static void isolate_reset(void)
{
	on_list = 1;
	isolated = 0;
}

static void check_then_act(unsigned int fibre __maybe_unused, bool fixed)
{
	if (fixed) {
		if (!test_and_clear_bit(0, &on_list))
			return;
	} else {
		if (!test_bit(0, &on_list))
			return;
		clear_bit(0, &on_list);
	}
	__atomic_fetch_add(&isolated, 1, __ATOMIC_RELAXED);
}

static bool isolated_once(void)
{
	return isolated == 1;
}

/* ---- two that are polite: each sees that the other wants it too and steps back, for ever ---- */

static u32 want[2], polite_done;

static void polite_reset(void)
{
	want[0] = want[1] = polite_done = 0;
}

static void polite(unsigned int fibre, bool fixed)
{
	for (unsigned int tries = 0; tries < 2; tries++) {
		xchg(&want[fibre], 1u);
		/* One of them insists: the other will step back. */
		while (fixed && !fibre && READ_ONCE(want[1]))
			weave_wait(is_zero, &want[1], "the polite one");
		if ((fixed && !fibre) || !READ_ONCE(want[!fibre])) {
			WRITE_ONCE(polite_done, 1);
			WRITE_ONCE(want[fibre], 0);
			return;
		}
		WRITE_ONCE(want[fibre], 0);
	}
	/* Twice in vain: leave it to the other. */
}

static bool one_got_on(void)
{
	return polite_done;
}

/* ---- double free: two put their references, then both see that none is left ---- */

static u32 refs, freed;

static void refs_reset(void)
{
	refs = 2;
	freed = 0;
}

static void double_free(unsigned int fibre __maybe_unused, bool fixed)
{
	u32 left = __atomic_sub_fetch(&refs, 1, __ATOMIC_ACQ_REL);

	if (!(fixed ? left : READ_ONCE(refs)))
		__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
}

/* ---- lost free: each puts its reference and sees the other's still there ---- */

static void lost_free(unsigned int fibre __maybe_unused, bool fixed)
{
	if (fixed) {
		double_free(fibre, true);
		return;
	}
	if (READ_ONCE(refs) == 1)
		__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&refs, 1, __ATOMIC_ACQ_REL);
}

static bool freed_once(void)
{
	return freed == 1;
}

/* ---- plain flag: set before the lock is taken; whoever holds the lock later is safe by luck ---- */

static u32 flag_lock;
/* Global: else the compiler, which may think that nobody else runs, keeps them in registers. */
u32 chaos_flag, chaos_flag_seen;

static void flag_reset(void)
{
	flag_lock = chaos_flag = 0;
}

static void plain_flag(unsigned int fibre, bool fixed)
{
	if (fibre) {
		lock(&flag_lock);
		chaos_flag_seen = chaos_flag;
		unlock(&flag_lock);
		return;
	}
	if (!fixed)
		chaos_flag = 1;
	lock(&flag_lock);
	if (fixed)
		chaos_flag = 1;
	unlock(&flag_lock);
}

static bool flag_was_flag(void)
{
	return chaos_flag_seen <= 1;
}

/* ---- barrier: [the last one comes and opens it], whoever came first waits for it to open again ---- */

static u32 arrived, generation;
/* Predicates see one word. */
static struct passed {
	u32 entered;
} passed[2];

static void barrier_reset(void)
{
	arrived = generation = 0;
}

PREDICATE is_over(const void *arg)
{
	const volatile u32 *now = &generation;

	return *now != ((const volatile struct passed *)arg)->entered;
}

static void barrier_generation(unsigned int fibre, bool fixed)
{
	struct passed *me = &passed[fibre];

	if (fixed)
		me->entered = READ_ONCE(generation);
	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == 2) {
		smp_store_release(&generation, 1u);
		return;
	}
	if (!fixed)
		me->entered = READ_ONCE(generation);
	weave_wait(is_over, me, "barrier");
}

/* ---- semaphore: one more than there is room for ---- */

static s32 permits, inside, most_inside;

static void semaphore_reset(void)
{
	permits = 1;
	inside = most_inside = 0;
}

PREDICATE has_permits(const void *arg)
{
	return *(const volatile s32 *)arg > 0;
}

static void semaphore(unsigned int fibre __maybe_unused, bool fixed)
{
	s32 left = READ_ONCE(permits);
	s32 now;

	for (;;) {
		if (fixed ? left > 0 : left >= 0) {
			if (try_cmpxchg_acquire(&permits, &left, left - 1))
				break;
			continue;
		}
		weave_wait(has_permits, &permits, "semaphore");
		left = READ_ONCE(permits);
	}
	now = __atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
	if (now > 1)
		WRITE_ONCE(most_inside, now);
	__atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&permits, 1, __ATOMIC_RELEASE);
}

static bool one_inside(void)
{
	return most_inside < 2;
}

/* ---- the suite ---- */

#define SC    WEAVE_SC, WEAVE_RACES_OFF
#define TSO   WEAVE_TSO, WEAVE_RACES_OFF
#define LKMM  WEAVE_LKMM, WEAVE_RACES_OFF
#define WRONG "wrong result"

const struct chaos chaos_suite[] = {
	{ "lost-update", WRONG, 2, SC, counter_reset, lost_update, counter_is_two },
	{ "aba", WRONG, 2, SC, stack_reset, aba_quiet, stack_is_whole },
	{ "aba-noise", WRONG, 2, SC, stack_reset, aba_noise, stack_is_whole },
	{ "double-checked", WRONG, 2, SC, once_reset, double_checked, once_was_seen },
	{ "missed-wakeup", "deadlock in wake-up", 2, SC, sleep_reset, missed_wakeup, NULL },
	{ "lock-order", "deadlock in lock", 2, SC, locks_reset, lock_order, NULL },
	{ "trylock-order", "livelock", 2, SC, locks_reset, trylock_order, NULL },
	{ "rcu-use-after", WRONG, 2, SC, object_reset, rcu_use_after, object_was_alive },
	{ "endless-grace", "deadlock", 2, SC, locks_reset, endless_grace, NULL },
	{ "message-passing", WRONG, 2, LKMM, message_reset, message_passing, message_was_seen },
	{ "store-buffering", WRONG, 2, TSO, dekker_reset, store_buffering, dekker_excluded },
	{ "torn-read", WRONG, 2, SC, halves_reset, torn_read, halves_match },
	{ "blind-get", WRONG, 2, SC, slot_reset, blind_get, slot_was_alive },
	{ "check-then-act", WRONG, 2, SC, isolate_reset, check_then_act, isolated_once },
	{ "polite", WRONG, 2, SC, polite_reset, polite, one_got_on },
	{ "double-free", WRONG, 2, SC, refs_reset, double_free, freed_once },
	{ "lost-free", WRONG, 2, SC, refs_reset, lost_free, freed_once },
	{ "plain-flag", "data race", 2, WEAVE_SC, WEAVE_RACES_ALL, flag_reset, plain_flag, flag_was_flag },
	{ "barrier", "deadlock in barrier", 2, SC, barrier_reset, barrier_generation, NULL },
	{ "semaphore", WRONG, 2, SC, semaphore_reset, semaphore, one_inside },
};
const unsigned int chaos_nr = ARRAY_SIZE(chaos_suite);

void chaos_body(unsigned int fibre, void *arg)
{
	const struct chaos_arg *what = arg;

	what->chaos->body(fibre, what->fixed);
}
