// SPDX-License-Identifier: GPL-2.0-only
/* Grace periods and callbacks, in sequence and among threads. */
#include "../../tests/catch.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sim/atomic.h>
#include <sim/rcu.h>

struct object {
	struct rcu_head rcu;
	unsigned int value;
};

/* ---- in sequence ---- */

static unsigned int ran[256];
static unsigned int nr_ran;

static void note(struct rcu_head *head)
{
	struct object *object = container_of(head, struct object, rcu);

	ran[nr_ran++] = object->value;
	free(object);
}

static void defer(unsigned int value)
{
	struct object *object = malloc(sizeof(*object));

	assert_non_null(object);
	object->value = value;
	call_rcu(&object->rcu, note);
}

static int up(void **state)
{
	nr_ran = 0;
	return machine_up(state);
}

static int down(void **state)
{
	rcu_barrier();
	return machine_down(state);
}

static void sections_nest(void **state)
{
	(void)state;
	assert_false(rcu_read_lock_held());
	rcu_read_lock();
	rcu_read_lock();
	rcu_read_unlock();
	assert_true(rcu_read_lock_held());
	rcu_read_unlock();
	assert_false(rcu_read_lock_held());
	synchronize_rcu();
}

static void callbacks_run_in_order_and_only_when_asked(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < RCU_BATCH - 1; i++)
		defer(i);
	/* Neither a grace period nor a poll before its time runs one. */
	synchronize_rcu();
	rcu_poll();
	assert_int_equal(nr_ran, 0);
	assert_int_equal(rcu_pending(), RCU_BATCH - 1);

	machine_cpu_become(1);
	defer(RCU_BATCH - 1);
	rcu_poll();
	assert_int_equal(nr_ran, RCU_BATCH);
	assert_int_equal(rcu_pending(), 0);

	defer(RCU_BATCH);
	rcu_barrier();
	assert_int_equal(nr_ran, RCU_BATCH + 1);
	for (i = 0; i <= RCU_BATCH; i++)
		assert_int_equal(ran[i], i);
}

static void defer_more(struct rcu_head *head)
{
	note(head);
	if (nr_ran < 3)
		defer(nr_ran);
}

static void a_barrier_runs_what_callbacks_queue(void **state)
{
	struct object *object = malloc(sizeof(*object));

	(void)state;
	assert_non_null(object);
	object->value = 77;
	call_rcu(&object->rcu, defer_more);
	rcu_barrier();
	assert_int_equal(nr_ran, 2);
	assert_int_equal(rcu_pending(), 0);
}

static void never(struct rcu_head *head)
{
	(void)head;
	fail();
}

static void a_reset_forgets_callbacks(void **state)
{
	struct rcu_head head;

	(void)state;
	call_rcu(&head, never);
	rcu_read_lock();
	machine_reset();
	assert_false(rcu_read_lock_held());
	assert_int_equal(rcu_pending(), 0);
	rcu_barrier();
}

static void wait_for_oneself(void)
{
	rcu_read_lock();
	synchronize_rcu();
}

static void unlock_too_much(void)
{
	rcu_read_unlock();
}

static void queue_twice(void)
{
	static struct rcu_head head;

	call_rcu(&head, never);
	call_rcu(&head, never);
	rcu_barrier();
}

static void sleepy(struct rcu_head *head)
{
	(void)head;
	might_sleep();
}

static void sleep_in_callback(void)
{
	static struct rcu_head head;

	call_rcu(&head, sleepy);
	rcu_barrier();
}

static void misuse(void **state)
{
	(void)state;
	assert_bug("RCU deadlock in wait_for_oneself", wait_for_oneself);
	machine_reset();
	assert_bug("rcu_read_unlock without lock in unlock_too_much", unlock_too_much);
	machine_reset();
	assert_bug("RCU callback queued twice in take_waiting", queue_twice);
	machine_reset();
	if (MM_DEBUG)
		assert_bug("sleep in atomic in sleepy", sleep_in_callback);
	machine_reset();
}

/* ---- among threads ---- */

/*
 * Steps of a choreography; relaxed, so that they order nothing that TSan could see. Far from what
 * races: TSan remembers the last few accesses of eight bytes, and the waiting would push them out.
 */
static unsigned int step __aligned(64);

static void wait_step(unsigned int at_least)
{
	while (READ_ONCE(step) < at_least)
		sched_yield();
}

static struct object *shared;

/*
 * reader (CPU 0)               writer (CPU 1)
 * rcu_read_lock()
 * p = shared
 * step 1 ------------------->  shared = NULL
 *                              step 2, synchronize_rcu()
 * still in its section         ...
 * reads p->value
 * rcu_read_unlock()
 *                              free(p)
 */
struct reader {
	void (*lock)(void);
	void (*unlock)(void);
	unsigned int bad;
};

static void reader_and_writer(unsigned int cpu, void *arg)
{
	struct object *p;
	struct reader *reader = arg;
	int i;

	if (cpu == 0) {
		reader->lock();
		p = rcu_dereference(shared);
		WRITE_ONCE(step, 1);
		wait_step(2);
		/* Give a grace period that does not wait every chance to end. */
		for (i = 0; i < 200; i++)
			sched_yield();
		if (READ_ONCE(step) != 2 || p->value != 42)
			reader->bad = 1;
		reader->unlock();
	} else {
		wait_step(1);
		p = shared;
		rcu_assign_pointer(shared, NULL);
		WRITE_ONCE(step, 2);
		synchronize_rcu();
		WRITE_ONCE(step, 3);
		p->value = 0;
		free(p);
	}
}

static void lock(void)
{
	rcu_read_lock();
}

static void unlock(void)
{
	rcu_read_unlock();
}

static void unlock_sched(void)
{
	sim_rcu_read_unlock_sched(__func__);
}

/* Each kind of section ends within the other's. */
static void lock_both(void)
{
	rcu_read_lock();
	sim_rcu_read_lock_sched();
	rcu_read_unlock();
}

static void lock_both_reversed(void)
{
	sim_rcu_read_lock_sched();
	rcu_read_lock();
	unlock_sched();
}

static void a_reader_keeps_its_object(void **state)
{
	struct reader readers[] = {
		{ .lock = lock, .unlock = unlock },
		{ .lock = sim_rcu_read_lock_sched, .unlock = unlock_sched },
		{ .lock = lock_both, .unlock = unlock_sched },
		{ .lock = lock_both_reversed, .unlock = unlock },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		shared = malloc(sizeof(*shared));
		assert_non_null(shared);
		shared->value = 42;
		step = 0;
		machine_run(2, reader_and_writer, &readers[i]);
		assert_int_equal(readers[i].bad, 0);
	}
}

#define NR_SLOTS 4
static struct object *slots[NR_SLOTS];
static atomic_t freed, made;

static void free_object(struct rcu_head *head)
{
	struct object *object = container_of(head, struct object, rcu);

	object->value = 0;
	free(object);
	atomic_inc(&freed);
}

/* Even CPUs read what odd ones replace; under ASan and TSan a grace period too short is seen. */
static void churn(unsigned int cpu, void *arg)
{
	unsigned int *bad = arg;
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		struct object **slot = &slots[i % NR_SLOTS];
		struct object *p;

		if (cpu % 2 == 0) {
			rcu_read_lock();
			p = rcu_dereference(*slot);
			if (p && p->value != 42)
				WRITE_ONCE(*bad, 1);
			rcu_read_unlock();
		} else {
			struct object *old;

			p = malloc(sizeof(*p));
			p->value = 42;
			atomic_inc(&made);
			/* Release publishes the value, acquire gets the old one's. */
			old = xchg(slot, p);
			if (old && i % 64 == 0) {
				synchronize_rcu();
				free_object(&old->rcu);
			} else if (old) {
				call_rcu(&old->rcu, free_object);
			}
		}
		rcu_poll();
		if (i % 500 == 499)
			rcu_barrier();
	}
}

static void readers_against_callbacks(void **state)
{
	unsigned int bad = 0, i;

	(void)state;
	atomic_set(&freed, 0);
	atomic_set(&made, 0);
	memset(slots, 0, sizeof(slots));
	machine_run(4, churn, &bad);
	assert_int_equal(bad, 0);
	rcu_barrier();
	for (i = 0; i < NR_SLOTS; i++)
		free_object(&slots[i]->rcu);
	assert_int_equal(atomic_read(&freed), atomic_read(&made));
}

/* ---- TSan sees what RCU does not order ---- */

static unsigned int victim __aligned(64);

/* In all of these the reader stays until the writer is done: its end would order the two. */
#define WRITTEN 9

static void wait_and_write(void)
{
	synchronize_rcu();
	victim = 0;
	WRITE_ONCE(step, WRITTEN);
}

/* Reads within a section that the grace period waits for: sound. */
static void sound_use(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 0) {
		rcu_read_lock();
		WRITE_ONCE(step, 1);
		if (victim != 42)
			abort();
		rcu_read_unlock();
		wait_step(WRITTEN);
	} else if (cpu == 1) {
		wait_step(1);
		wait_and_write();
	}
}

/* The same with preemption off, which it was before the section that it is in as well. */
static void sound_use_without_preemption(unsigned int cpu, void *arg)
{
	if (cpu) {
		sound_use(cpu, arg);
		return;
	}
	sim_rcu_read_lock_sched();
	rcu_read_lock();
	rcu_read_unlock();
	WRITE_ONCE(step, 1);
	if (victim != 42)
		abort();
	sim_rcu_read_unlock_sched(__func__);
	wait_step(WRITTEN);
}

/* Reads after its section. */
static void use_after_section(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 0) {
		rcu_read_lock();
		rcu_read_unlock();
		if (victim != 42)
			abort();
		WRITE_ONCE(step, 1);
		wait_step(WRITTEN);
	} else if (cpu == 1) {
		wait_step(1);
		wait_and_write();
	}
}

/*
 * Reads in a section that began after the grace period did, so that the grace period need not wait
 * for it; that it does here, thanks to CPU 2, is luck that must not hide the race.
 *
 * CPU 0                 CPU 1                  CPU 2
 *                                              rcu_read_lock()
 *                       synchronize_rcu()
 * rcu_read_lock()         .
 * reads victim            .
 * rcu_read_unlock()       .
 *                         .                    rcu_read_unlock()
 *                       writes victim
 */
static void section_too_late(unsigned int cpu, void *arg)
{
	int i;

	(void)arg;
	if (cpu == 0) {
		wait_step(2);
		for (i = 0; i < 2000; i++)
			sched_yield();
		rcu_read_lock();
		if (victim != 42)
			abort();
		rcu_read_unlock();
		WRITE_ONCE(step, 3);
		wait_step(WRITTEN);
	} else if (cpu == 1) {
		wait_step(1);
		WRITE_ONCE(step, 2);
		wait_and_write();
	} else if (cpu == 2) {
		rcu_read_lock();
		WRITE_ONCE(step, 1);
		wait_step(3);
		rcu_read_unlock();
		wait_step(WRITTEN);
	}
}

/* Whether TSan reports @fn, run in a child of its own. */
static bool tsan_reports(void (*fn)(unsigned int cpu, void *arg))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		dup2(null, STDOUT_FILENO);
		step = 0;
		victim = 42;
		machine_init(3);
		machine_run(3, fn, NULL);
		machine_exit();
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	/* 66: TSan's own exit code. */
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 66);
	return WEXITSTATUS(status) == 66;
}

static void tsan_knows_grace_periods(void **state)
{
	bool reported = false;
	int i;

	(void)state;
	if (!SIM_TSAN)
		skip();
	for (i = 0; i < 3; i++) {
		assert_false(tsan_reports(sound_use));
		assert_false(tsan_reports(sound_use_without_preemption));
	}
	assert_true(tsan_reports(use_after_section));
	/* The yields make it all but certain that the grace period has begun. */
	for (i = 0; i < 5 && !reported; i++)
		reported = tsan_reports(section_too_late);
	assert_true(reported);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tsan_knows_grace_periods),
		cmocka_unit_test_setup_teardown(sections_nest, up, down),
		cmocka_unit_test_setup_teardown(callbacks_run_in_order_and_only_when_asked, up,
						down),
		cmocka_unit_test_setup_teardown(a_barrier_runs_what_callbacks_queue, up, down),
		cmocka_unit_test_setup_teardown(a_reset_forgets_callbacks, up, down),
		cmocka_unit_test_setup_teardown(misuse, up, down),
		cmocka_unit_test_setup_teardown(a_reader_keeps_its_object, up, down),
		cmocka_unit_test_setup_teardown(readers_against_callbacks, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
