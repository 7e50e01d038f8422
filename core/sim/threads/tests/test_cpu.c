// SPDX-License-Identifier: GPL-2.0-only
/* CPUs as threads: who is who, in sequence and in parallel, and locks among them. */
#include "../../tests/catch.h"

#include <pthread.h>
#include <sched.h>

#include <sim/atomic.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

#include <machine/backtrace.h>

#define NR	8
#define ROUNDS	2000

static spinlock_t lock, inner;
static struct mutex mutex;
/* Each guarded by the lock of its name; plain, so that TSan watches. */
static unsigned long by_lock, by_mutex, by_trylock;
static atomic_t seen[NR_CPUS];
static atomic_t by_atomic;

static int up8(void **state)
{
	(void)state;
	mutex_init(&mutex, 1);
	spin_lock_init(&lock, 2);
	spin_lock_init(&inner, 3);
	by_lock = by_mutex = by_trylock = 0;
	atomic_set(&by_atomic, 0);
	machine_init(NR);
	return 0;
}

static void one_thread_plays_all(void **state)
{
	unsigned int cpu;

	(void)state;
	machine_cpu_enter(2);
	assert_true(machine_is_sequential());
	assert_int_equal(smp_processor_id(), 2);
	for_each_possible_cpu(cpu) {
		machine_cpu_become(cpu);
		assert_int_equal(smp_processor_id(), cpu);
		assert_int_equal(this_cpu()->id, cpu);
		this_cpu()->fault.nth = cpu;
	}
	machine_cpu_become(5);
	assert_int_equal(this_cpu()->fault.nth, 5);
	machine_cpu_leave();
}

static void record(unsigned int cpu, void *arg)
{
	assert_ptr_equal(arg, seen);
	assert_int_equal(smp_processor_id(), cpu);
	assert_int_equal(this_cpu()->id, cpu);
	atomic_inc(&seen[cpu]);
}

static void all_cpus_run_and_the_caller_comes_back(void **state)
{
	unsigned int cpu;

	(void)state;
	memset(seen, 0, sizeof(seen));
	machine_cpu_enter(3);
	machine_run(NR, record, seen);
	machine_run(2, record, seen);
	assert_int_equal(smp_processor_id(), 3);
	assert_true(machine_is_sequential());
	machine_cpu_leave();
	machine_run(1, record, seen);
	for_each_possible_cpu(cpu)
		assert_int_equal(atomic_read(&seen[cpu]), cpu == 0 ? 3 : cpu == 1 ? 2 : 1);
}

static void most_cpus(void **state)
{
	unsigned int cpu;

	(void)state;
	memset(seen, 0, sizeof(seen));
	machine_init(NR_CPUS);
	machine_run(NR_CPUS, record, seen);
	for_each_possible_cpu(cpu)
		assert_int_equal(atomic_read(&seen[cpu]), 1);
}

static void collide(unsigned int cpu, void *arg)
{
	unsigned int i;

	(void)cpu;
	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		by_mutex++;
		spin_lock(&lock);
		by_lock++;
		spin_unlock(&lock);
		mutex_unlock(&mutex);

		spin_lock(&lock);
		by_lock++;
		if (spin_trylock(&inner)) {
			by_trylock++;
			atomic_inc(&by_atomic);
			spin_unlock(&inner);
		}
		spin_unlock(&lock);
		if (spin_trylock(&inner)) {
			by_trylock++;
			atomic_inc(&by_atomic);
			spin_unlock(&inner);
		}
		lockdep_assert_none_held();
	}
}

static void locks_exclude(void **state)
{
	(void)state;
	machine_run(NR, collide, NULL);
	assert_int_equal(by_mutex, NR * ROUNDS);
	assert_int_equal(by_lock, 2 * NR * ROUNDS);
	assert_int_equal(by_trylock, atomic_read(&by_atomic));
	assert_false(spin_is_locked(&lock) || spin_is_locked(&inner) || mutex_is_locked(&mutex));
}

/* CPU 0 has the lock and will never run again while CPU 1 waits for it. */
static void wait_for_another_cpu(void)
{
	bool got = spin_trylock(&lock);

	assert_true(got);
	/* machine_cpu_become() refuses in debug builds; what is noted of locks is cleared. */
	machine_reset();
	machine_cpu_become(1);
	spin_lock(&lock);
}

static void mutex_of_another_cpu(void)
{
	bool got = mutex_trylock(&mutex);

	assert_true(got);
	machine_reset();
	machine_cpu_become(1);
	mutex_lock(&mutex);
}

static void deadlock_in_sequence_is_found(void **state)
{
	(void)state;
	machine_cpu_enter(0);
	assert_bug("deadlock in wait_for_another_cpu", wait_for_another_cpu);
	if (MM_DEBUG)
		assert_non_null(strstr(catch_report.text, "CPU 1 waits for lock, held by CPU 0"));
	assert_bug("deadlock in mutex_of_another_cpu", mutex_of_another_cpu);
}

static void never_end(void)
{
	machine_op_begins();
	for (;;) {
		rcu_read_lock();
		rcu_read_unlock();
	}
}

static void end_late(void)
{
	for (unsigned int op = 0; op < 4; op++) {
		/* A machine that is reset begins anew as well. */
		if (op & 1)
			machine_op_begins();
		else
			machine_reset();
		for (unsigned int i = 0; i < 4000000; i++) {
			rcu_read_lock();
			rcu_read_unlock();
		}
	}
}

static void loop_in_sequence_without_end_is_found(void **state)
{
	(void)state;
	machine_cpu_enter(0);
	assert_no_bug(end_late);
	if (MM_DEBUG)
		assert_bug("livelock in sequence", never_end);
}

static void enter_twice(void)
{
	machine_cpu_enter(1);
}

static void become_unknown(void)
{
	machine_cpu_become(NR);
}

static void second_machine(void)
{
	machine_init(1);
}

static void run_too_many(void)
{
	machine_run(NR + 1, record, seen);
}

static void no_cpus(void)
{
	machine_exit();
	machine_init(0);
}

static void too_many_cpus(void)
{
	machine_init(NR_CPUS + 1);
}

static void leave_unentered(void)
{
	machine_cpu_leave();
}

static void misuse(void **state)
{
	(void)state;
	machine_cpu_enter(0);
	assert_bug("thread is a CPU already in machine_cpu_enter", enter_twice);
	assert_bug("no such CPU in machine_cpu_become", become_unknown);
	assert_bug("second machine in machine_init", second_machine);
	assert_bug("no such CPU in machine_run", run_too_many);
	machine_cpu_leave();
	assert_bug("thread is no CPU in machine_cpu_leave", leave_unentered);
	assert_bug("impossible machine in machine_init", no_cpus);
	assert_bug("impossible machine in machine_init", too_many_cpus);
}

static void become_one(void)
{
	machine_cpu_become(1);
}

static void run_within(void)
{
	machine_run(1, record, seen);
}

static void leave_within(void)
{
	machine_cpu_leave();
}

static void reset_within(void)
{
	machine_reset();
}

static void misuse_by_one(unsigned int cpu, void *arg)
{
	atomic_t *ready = arg;

	if (cpu == 0) {
		assert_bug("switch among running CPUs in machine_cpu_become", become_one);
		assert_bug("run within a run in machine_run", run_within);
		assert_bug("leave among running CPUs in machine_cpu_leave", leave_within);
		assert_bug("reset of a running machine in machine_reset", reset_within);
		atomic_inc(ready);
	}
	while (!atomic_read(ready))
		cpu_relax();
}

static void misuse_in_parallel(void **state)
{
	atomic_t ready = ATOMIC_INIT(0);

	(void)state;
	machine_run(2, misuse_by_one, &ready);
}

/* Where each CPU waits, for who looks at them from outside. */
static void *waits_at[2];
static bool seen_at[2], gone_on;

static noinline void wait_until_seen(unsigned int cpu)
{
	WRITE_ONCE(waits_at[cpu], __builtin_return_address(0));
	/* Acquire: pairs with the release of who looks, and is what TSan delivers a signal at. */
	while (!__atomic_load_n(&gone_on, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void wait_here(unsigned int cpu, void *arg)
{
	(void)arg;
	wait_until_seen(cpu);
	/* Not by a jump. */
	barrier();
}

static void *look_at_them(void *arg)
{
	(void)arg;
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		void *pcs[32];
		unsigned int nr;

		while (!__atomic_load_n(&waits_at[cpu], __ATOMIC_RELAXED))
			sched_yield();
		nr = machine_backtrace(cpu, pcs, ARRAY_SIZE(pcs));
		for (unsigned int i = 0; i < nr; i++)
			seen_at[cpu] |= pcs[i] == waits_at[cpu];
	}
	__atomic_store_n(&gone_on, true, __ATOMIC_RELEASE);
	return NULL;
}

static void a_cpu_says_where_it_is(void **state)
{
	pthread_t looks;
	void *pc;

	(void)state;
	assert_int_equal(machine_backtrace(0, &pc, 1), 0);
	assert_int_equal(pthread_create(&looks, NULL, look_at_them, NULL), 0);
	machine_run(2, wait_here, NULL);
	assert_int_equal(pthread_join(looks, NULL), 0);
	assert_true(seen_at[0]);
	assert_true(seen_at[1]);
	assert_int_equal(machine_backtrace(0, &pc, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_thread_plays_all, up8, machine_down),
		cmocka_unit_test_setup_teardown(all_cpus_run_and_the_caller_comes_back, up8,
						machine_down),
		cmocka_unit_test_teardown(most_cpus, machine_down),
		cmocka_unit_test_setup_teardown(locks_exclude, up8, machine_down),
		cmocka_unit_test_setup_teardown(a_cpu_says_where_it_is, up8, machine_down),
		cmocka_unit_test_setup_teardown(deadlock_in_sequence_is_found, up8, machine_down),
		cmocka_unit_test_setup_teardown(loop_in_sequence_without_end_is_found, up8, machine_down),
		cmocka_unit_test_setup_teardown(misuse, up8, machine_down),
		cmocka_unit_test_setup_teardown(misuse_in_parallel, up8, machine_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
