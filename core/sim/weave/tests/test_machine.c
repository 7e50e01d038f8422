// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs as fibres: who is who, locks, read sections and grace periods, interrupts, and what is found of their misuse. Bodies
 * are code under test: their marked accesses are points, named by CPU (the operation) and number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <machine/machine.h>
#include <sim/fault.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

#define NR 4

/* cmocka is not called on fibres. */
static const char *wrong;
#define EXPECT(cond)                               \
	do {                                       \
		if (!(cond))                       \
			wrong = #cond;             \
	} while (0)

static spinlock_t lock, inner;
static struct mutex mutex;
static int a, b;
/* What happened, in its order. */
static int step;
static int at[16];

/* One point, and behind it the note of what happens, which is no part of it. */
static void happens(unsigned int what)
{
	bool was;

	(void)READ_ONCE(b);
	was = weave_look_begin();
	at[what] = ++step;
	weave_look_end(was);
}

static void new_locks(void)
{
	mutex_init(&mutex, 1);
	spin_lock_init(&lock, 2);
	spin_lock_init(&inner, 3);
}

static int up(void **state)
{
	(void)state;
	machine_init(NR);
	new_locks();
	a = b = step = 0;
	memset(at, 0, sizeof(at));
	wrong = NULL;
	sim_bug_quiet(true);
	return 0;
}

static int down(void **state)
{
	(void)state;
	sim_bug_quiet(false);
	machine_exit();
	return 0;
}

#define SCHEDULE(...)                                                                    \
	(&(struct weave_schedule){ .entries = (struct weave_entry[]){ __VA_ARGS__ },     \
				   .nr = sizeof((struct weave_entry[]){ __VA_ARGS__ }) / \
					 sizeof(struct weave_entry) })
/* Before its @nth_-th point CPU @cpu is left for CPU @to, or interrupted. */
#define SWITCH(cpu, nth_, to) { .op = (cpu), .nth = (nth_), .kind = WEAVE_SWITCH, .value = (to) }
#define INTERRUPT(cpu, nth_)  { .op = (cpu), .nth = (nth_), .kind = WEAVE_INTERRUPT }

static struct weave_result result;

static const char *found_title(void)
{
	return result.found ? result.title : "nothing";
}

/* What was found of @fn on @nr CPUs: a title, or "nothing". */
static const char *found_with(const struct weave_config *config, unsigned int nr,
			      void (*fn)(unsigned int cpu, void *arg))
{
	struct weave_config c = *config;
	struct weave *w;

	c.catch = true;
	w = weave_new(&c);
	machine_use(w);
	assert_true(machine_run_weave(nr, fn, NULL, &result));
	machine_use(NULL);
	weave_free(w);
	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(result.found, machine_result()->found);
	assert_true(machine_is_sequential());
	machine_reset();
	if (result.found)
		new_locks();
	return found_title();
}

static const char *found(const struct weave_schedule *schedule, unsigned int nr,
			 void (*fn)(unsigned int cpu, void *arg))
{
	return found_with(&(struct weave_config){ .schedule = schedule }, nr, fn);
}

/* With the race detector: the rule alone. */
static const char *race_in(const struct weave_schedule *schedule, unsigned int nr,
			   void (*fn)(unsigned int cpu, void *arg))
{
	const struct weave_config config = { .schedule = schedule, .races = WEAVE_RACES_ALL };

	return strncmp(found_with(&config, nr, fn), "data race in ", 13) ? found_title() : "data race";
}

/* ---- who is who ---- */

static void say_who(unsigned int cpu, void *arg)
{
	(void)arg;
	EXPECT(smp_processor_id() == cpu);
	EXPECT(this_cpu()->id == cpu);
	EXPECT(this_cpu() != &sim_cpus[cpu]);
	EXPECT(this_cpu() == machine_cpu_of(cpu));
	EXPECT(!machine_is_sequential());
	EXPECT(machine_is_alone() == (cpu == NR - 1));
	EXPECT(this_cpu()->fault.nth == 10 + cpu);
	this_cpu()->fault.nth = 20 + cpu;
	happens(cpu);
	EXPECT(smp_processor_id() == cpu);
}

static void each_cpu_is_itself(void **state)
{
	unsigned int cpu;

	(void)state;
	machine_cpu_enter(0);
	for_each_possible_cpu(cpu) {
		machine_cpu_become(cpu);
		this_cpu()->fault.nth = 10 + cpu;
	}
	machine_cpu_become(2);
	machine_run(NR, say_who, NULL);
	assert_null(wrong);
	/* Nobody chooses: each runs to its end in turn. */
	for_each_possible_cpu(cpu)
		assert_int_equal(at[cpu], cpu + 1);
	assert_int_equal(smp_processor_id(), 2);
	assert_true(machine_is_sequential());
	/* What the machine keeps of a CPU outlives the run. */
	for_each_possible_cpu(cpu) {
		machine_cpu_become(cpu);
		assert_int_equal(this_cpu()->fault.nth, 20 + cpu);
	}
}

static void run_within(unsigned int cpu, void *arg)
{
	machine_run(1, say_who, arg);
	happens(cpu);
}

static void become_within(unsigned int cpu, void *arg)
{
	(void)arg;
	machine_cpu_become(cpu + 1);
}

static void a_run_cannot_be_left_or_nested(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 1, run_within), "run within a run in machine_run");
	assert_string_equal(found(NULL, 1, become_within),
			    "switch among running CPUs in machine_cpu_become");
}

/* ---- locks ---- */

/* Points: 1 takes the lock, 2 and 3 are in it, 4 gives it back. */
static void locked_increment(unsigned int cpu, void *arg)
{
	(void)arg;
	(void)cpu;
	spin_lock(&lock);
	EXPECT(READ_ONCE(b) == 0);
	a++;
	EXPECT(READ_ONCE(b) == 0);
	spin_unlock(&lock);
}

static void bare_increment(unsigned int cpu, void *arg)
{
	(void)arg;
	(void)cpu;
	EXPECT(READ_ONCE(b) == 0);
	a++;
	EXPECT(READ_ONCE(b) == 0);
}

static void locks_exclude(void **state)
{
	(void)state;
	/* Left in the middle: the others find the lock taken and wait. */
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 3, 1)), NR, locked_increment), "nothing");
	assert_int_equal(a, NR);
	assert_true(result.switches > NR);
	assert_false(spin_is_locked(&lock));
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 2, 1)), NR, bare_increment),
			    "data race");
}

static void try_and_hold(unsigned int cpu, void *arg)
{
	(void)arg;
	if (spin_trylock(&lock)) {
		EXPECT(READ_ONCE(b) == 0);
		spin_unlock(&lock);
		happens(cpu);
	}
}

static void trylock_fails_on_a_taken_lock(void **state)
{
	(void)state;
	assert_string_equal(found(SCHEDULE(SWITCH(0, 2, 1)), 2, try_and_hold), "nothing");
	assert_int_equal(at[0], 1);
	assert_int_equal(at[1], 0);
}

/* Two words without a rank, so that lockdep does not say it earlier. */
static u32 words[2];

static void take_two(unsigned int cpu, void *arg)
{
	(void)arg;
	sim_word_lock(&words[cpu], 0, "take_two");
	sim_word_lock(&words[!cpu], 0, cpu ? "take_two" : "also_take_two");
	sim_word_unlock(&words[!cpu]);
	sim_word_unlock(&words[cpu]);
}

static void two_locks_in_two_orders_are_a_deadlock(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 2, take_two), "nothing");
	assert_string_equal(found(SCHEDULE(SWITCH(0, 2, 1)), 2, take_two),
			    "deadlock in also_take_two / take_two");
	assert_non_null(strstr(result.text, "CPU 0 waits for lock in also_take_two"));
	assert_non_null(strstr(result.text, "CPU 1 waits for lock in take_two"));
	memset(words, 0, sizeof(words));
}

static void keep_word(unsigned int cpu, void *arg)
{
	(void)arg;
	sim_word_lock(&words[0], 0, "keep_word");
	happens(cpu);
}

static void who_has_ended_unlocks_nothing(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 2, keep_word), "deadlock in keep_word");
	assert_non_null(strstr(result.text, "CPU 1 waits for lock, held by CPU 0"));
	words[0] = 0;
}

static void wrong_order(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	spin_lock(&inner);
	spin_lock(&lock);
}

static void lock_twice(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	spin_lock(&lock);
	spin_lock(&lock);
}

static void keep(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	spin_lock(&lock);
}

static void sleep_locked(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	spin_lock(&lock);
	mutex_lock(&mutex);
}

static void sleep_reading(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	rcu_read_lock();
	might_sleep();
}

static void locks_misused(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 1, wrong_order), "lock order in wrong_order");
	assert_string_equal(found(NULL, 1, lock_twice), "lock recursion in lock_twice");
	assert_string_equal(found(NULL, 1, keep), "lock kept in sim_end_work");
	assert_string_equal(found(NULL, 1, sleep_locked), "sleep in atomic in sleep_locked");
	assert_string_equal(found(NULL, 1, sleep_reading), "sleep in atomic in sleep_reading");
}

/* Points of CPU 0: 1 looks, 2 says that it sleeps. Of CPU 1: 1 is the reason to wake, 2 looks for sleepers. */
static int reason, sleeping, woken;

static bool is_woken(const void *arg)
{
	(void)arg;
	return __builtin_expect(*(volatile int *)&woken, 0) != 0;
}

static void sleep_and_wake(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		WRITE_ONCE(reason, 1);
		if (READ_ONCE(sleeping))
			WRITE_ONCE(woken, 1);
	} else if (!READ_ONCE(reason)) {
		WRITE_ONCE(sleeping, 1);
		weave_wait(is_woken, NULL, "being woken");
	}
}

static void a_lost_wake_up_is_a_deadlock(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 2, sleep_and_wake), "nothing");
	assert_int_equal(woken, 1);
	reason = sleeping = woken = 0;
	assert_string_equal(found(SCHEDULE(SWITCH(0, 2, 1)), 2, sleep_and_wake),
			    "deadlock in being woken");
}

/* ---- read sections and grace periods ---- */

enum { LOCKED, LOCKED_LATE, UNLOCKED, UNLOCKED_LATE, BEGUN, ENDED };

/*
 * CPU 0                 CPU 1                  CPU 2
 * 1 rcu_read_lock()
 * 2 LOCKED
 *                       1 BEGUN
 *                       2 synchronize_rcu()
 *                                              1 rcu_read_lock()
 *                                              2 LOCKED_LATE
 * 3 UNLOCKED
 * 4 rcu_read_unlock()
 *                       3 ENDED
 *                                              3 UNLOCKED_LATE
 *                                              4 rcu_read_unlock()
 */
static void three_cpus(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 1) {
		happens(BEGUN);
		synchronize_rcu();
		happens(ENDED);
	} else {
		rcu_read_lock();
		rcu_read_lock();
		happens(cpu ? LOCKED_LATE : LOCKED);
		rcu_read_unlock();
		happens(cpu ? UNLOCKED_LATE : UNLOCKED);
		rcu_read_unlock();
	}
}

static void a_grace_period_waits_for_earlier_sections_only(void **state)
{
	(void)state;
	assert_string_equal(found(SCHEDULE(SWITCH(0, 3, 1), SWITCH(2, 3, 0)), 3, three_cpus),
			    "nothing");
	/* The end of CPU 0 lets CPU 1 go on, before CPU 2 in a circle. */
	for (unsigned int i = 0; i <= ENDED; i++)
		assert_true(at[i]);
	assert_true(at[LOCKED] < at[BEGUN]);
	assert_true(at[BEGUN] < at[LOCKED_LATE]);
	assert_true(at[LOCKED_LATE] < at[UNLOCKED]);
	assert_true(at[UNLOCKED] < at[ENDED]);
	assert_true(at[ENDED] < at[UNLOCKED_LATE]);
}

/* Points of the readers: 1 and 3 begin and end the section, 2 is in it. CPU 2's begins first and ends last. */
static void two_readers(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 1) {
		synchronize_rcu();
		happens(ENDED);
	} else {
		rcu_read_lock();
		happens(cpu ? UNLOCKED_LATE : UNLOCKED);
		rcu_read_unlock();
	}
}

static void a_grace_period_waits_for_all_of_them(void **state)
{
	(void)state;
	assert_string_equal(found(SCHEDULE(SWITCH(0, 0, 2), SWITCH(0, 2, 1), SWITCH(1, 2, 0), SWITCH(2, 2, 0)), 3,
				  two_readers),
			    "nothing");
	assert_true(at[UNLOCKED] < at[UNLOCKED_LATE] && at[UNLOCKED_LATE] < at[ENDED]);
}

/*
 * CPU 0                 CPU 1
 * preemption off
 * 1 LOCKED
 *                       1 BEGUN
 *                       2 synchronize_rcu()
 * 2 UNLOCKED
 * preemption on
 *                       3 ENDED
 */
static void preemption_off(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		happens(BEGUN);
		synchronize_rcu();
		happens(ENDED);
		return;
	}
	sim_rcu_read_lock_sched();
	sim_rcu_read_lock_sched();
	happens(LOCKED);
	sim_rcu_read_unlock_sched(__func__);
	happens(UNLOCKED);
	sim_rcu_read_unlock_sched(__func__);
}

/* Points: 1 begins the section, 2 is LOCKED, 3 ends it, with preemption off until 4, UNLOCKED. */
static void preemption_off_for_longer(unsigned int cpu, void *arg)
{
	if (cpu) {
		preemption_off(cpu, arg);
		return;
	}
	rcu_read_lock();
	sim_rcu_read_lock_sched();
	happens(LOCKED);
	rcu_read_unlock();
	happens(UNLOCKED);
	sim_rcu_read_unlock_sched(__func__);
}

/* Points: 1 begins the section, 2 is LOCKED, 3 UNLOCKED, with preemption on again, and 4 ends it. */
static void reading_for_longer(unsigned int cpu, void *arg)
{
	if (cpu) {
		preemption_off(cpu, arg);
		return;
	}
	sim_rcu_read_lock_sched();
	rcu_read_lock();
	happens(LOCKED);
	sim_rcu_read_unlock_sched(__func__);
	happens(UNLOCKED);
	rcu_read_unlock();
}

static void a_grace_period_waits_for_who_keeps_preemption_off(void **state)
{
	static const struct {
		void (*fn)(unsigned int cpu, void *arg);
		unsigned int point;
	} cases[] = {
		{ preemption_off, 2 },
		{ preemption_off_for_longer, 3 },
		{ preemption_off_for_longer, 4 },
		{ reading_for_longer, 3 },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(at, 0, sizeof(at));
		assert_string_equal(found(SCHEDULE(SWITCH(0, cases[i].point, 1)), 2, cases[i].fn), "nothing");
		assert_true(at[LOCKED] < at[BEGUN] && at[BEGUN] < at[UNLOCKED] && at[UNLOCKED] < at[ENDED]);
		/* The section is no point: CPU 0 has been left once, and once it ended. */
		assert_int_equal(result.switches, 3);
	}
}

static void nobody_to_wait_for(unsigned int cpu, void *arg)
{
	(void)arg;
	synchronize_rcu();
	happens(cpu);
}

static void a_grace_period_without_sections_ends_at_once(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 2, nobody_to_wait_for), "nothing");
	assert_int_equal(at[0], 1);
	assert_int_equal(at[1], 2);
	/* One is forced: at the end of CPU 0. */
	assert_int_equal(result.switches, 1);
}

static bool never(const void *arg)
{
	(void)arg;
	return false;
}

static void grace_without_end(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		synchronize_rcu();
		return;
	}
	rcu_read_lock();
	weave_wait(never, NULL, "the writer");
	rcu_read_unlock();
}

static void a_grace_period_that_cannot_end_is_a_deadlock(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 2, grace_without_end),
			    "deadlock in synchronize_rcu / the writer");
	assert_non_null(strstr(result.text, "CPU 1 waits for a grace period"));
}

static void wait_for_oneself(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	rcu_read_lock();
	synchronize_rcu();
}

static void keep_section(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	rcu_read_lock();
}

static void unlock_too_much(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	rcu_read_unlock();
}

static void wait_with_preemption_off(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	sim_rcu_read_lock_sched();
	synchronize_rcu();
}

static void keep_preemption_off(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	sim_rcu_read_lock_sched();
}

static void switch_it_on_too_much(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	sim_rcu_read_unlock_sched(__func__);
}

static void sections_misused(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 1, wait_with_preemption_off), "RCU deadlock in wait_with_preemption_off");
	assert_string_equal(found(NULL, 1, keep_preemption_off), "RCU section kept in sim_end_work");
	assert_string_equal(found(NULL, 1, switch_it_on_too_much),
			    "rcu_read_unlock_sched without lock in switch_it_on_too_much");
	assert_string_equal(found(NULL, 1, wait_for_oneself), "RCU deadlock in wait_for_oneself");
	assert_string_equal(found(NULL, 1, keep_section), "RCU section kept in sim_end_work");
	assert_string_equal(found(NULL, 1, unlock_too_much),
			    "rcu_read_unlock without lock in unlock_too_much");
}

/* ---- what a grace period orders ---- */

/* Reads within a section that the grace period waits for. */
static void sound_use(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		synchronize_rcu();
		a = 1;
		return;
	}
	rcu_read_lock();
	EXPECT(READ_ONCE(b) == 0);
	EXPECT(a == 0);
	rcu_read_unlock();
}

/* The same, with preemption off. */
static void sound_use_without_preemption(unsigned int cpu, void *arg)
{
	if (cpu) {
		sound_use(cpu, arg);
		return;
	}
	sim_rcu_read_lock_sched();
	EXPECT(READ_ONCE(b) == 0);
	EXPECT(a == 0);
	sim_rcu_read_unlock_sched(__func__);
}

/* Reads after its section. */
static void use_after_section(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		synchronize_rcu();
		a = 1;
		return;
	}
	rcu_read_lock();
	EXPECT(READ_ONCE(b) == 0);
	rcu_read_unlock();
	EXPECT(a == 0);
}

/*
 * CPU 0 reads in a section that began after the grace period did. That this waits for it, thanks to CPU 2, is luck.
 *
 * CPU 0                 CPU 1                  CPU 2
 *                                              1 rcu_read_lock()
 *                       1 synchronize_rcu()
 *                       2   waits
 * 1 rcu_read_lock()
 * 2 reads
 * 3 rcu_read_unlock()
 *                                              2 UNLOCKED_LATE
 *                                              3 rcu_read_unlock()
 *                       3 writes
 */
static void section_too_late(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 1) {
		synchronize_rcu();
		happens(ENDED);
		a = 1;
		return;
	}
	rcu_read_lock();
	happens(cpu ? UNLOCKED_LATE : LOCKED_LATE);
	if (!cpu)
		EXPECT(a == 0);
	rcu_read_unlock();
}

/* A section that begins after a grace period did knows what was before that. */
static void read_what_was_before(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 1) {
		a = 1;
		synchronize_rcu();
		EXPECT(READ_ONCE(b) == 0);
	} else {
		rcu_read_lock();
		EXPECT(cpu || a == 1);
		rcu_read_unlock();
	}
}

/* The same with a write that the section may miss. */
static void read_what_came_later(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu == 1) {
		synchronize_rcu();
		a = 1;
		EXPECT(READ_ONCE(b) == 0);
	} else {
		rcu_read_lock();
		EXPECT(cpu || a == 1);
		rcu_read_unlock();
	}
}

static void grace_periods_order_what_they_promise(void **state)
{
	(void)state;
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 2, 1)), 2, sound_use), "nothing");
	a = 0;
	/* The section is over when the grace period begins. */
	assert_string_equal(race_in(NULL, 2, sound_use), "nothing");
	a = 0;
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 1, 1)), 2, sound_use_without_preemption), "nothing");
	a = 0;
	assert_string_equal(race_in(NULL, 2, sound_use_without_preemption), "nothing");
	a = 0;
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 2, 1)), 2, use_after_section),
			    "data race");
	a = 0;
	assert_string_equal(
		race_in(SCHEDULE(SWITCH(0, 0, 2), SWITCH(1, 2, 0), SWITCH(2, 2, 1)), 3, section_too_late),
		"data race");
	assert_true(at[LOCKED_LATE] < at[UNLOCKED_LATE] && at[UNLOCKED_LATE] < at[ENDED]);
	a = 0;
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 0, 1), SWITCH(1, 2, 0)), 2, read_what_was_before),
			    "nothing");
	a = 0;
	assert_string_equal(race_in(SCHEDULE(SWITCH(0, 0, 1), SWITCH(1, 2, 0)), 2, read_what_came_later),
			    "data race");
}

/* ---- interrupts ---- */

static void (*handler)(void *arg);

static void interrupt(unsigned int cpu, unsigned int value)
{
	(void)cpu;
	(void)value;
	machine_interrupt(handler, NULL);
}

static const char *found_interrupted(const struct weave_schedule *schedule, void (*fn)(unsigned int, void *),
				     void (*by)(void *))
{
	handler = by;
	return found_with(&(struct weave_config){ .schedule = schedule, .interrupt = interrupt }, 1, fn);
}

static void look_around(void *arg)
{
	(void)arg;
	EXPECT(smp_processor_id() == 0);
	EXPECT(in_irq() && irqs_disabled());
	EXPECT(this_cpu()->fault.kind == FAULT_NONE);
	rcu_read_lock();
	spin_lock(&inner);
	spin_unlock(&inner);
	rcu_read_unlock();
	happens(2);
}

/* Points: 1 takes the lock, 2 is in it. */
static void be_interrupted(unsigned int cpu, void *arg)
{
	(void)arg;
	(void)cpu;
	spin_lock(&lock);
	fault_arm(FAULT_DESC, 3);
	happens(1);
	EXPECT(this_cpu()->nr_held == 1);
	EXPECT(!in_irq() && !irqs_disabled());
	EXPECT(this_cpu()->fault.nth == 3);
	spin_unlock(&lock);
	fault_disarm();
	happens(3);
}

/* Points: 1 and 2 are within. */
static void be_left_alone(unsigned int cpu, void *arg)
{
	unsigned long flags, more;

	(void)arg;
	(void)cpu;
	local_irq_save(flags);
	local_irq_save(more);
	happens(1);
	local_irq_restore(more);
	EXPECT(irqs_disabled());
	happens(3);
	local_irq_restore(flags);
	EXPECT(!irqs_disabled());
}

static void take_the_lock(void *arg)
{
	(void)arg;
	spin_lock(&lock);
}

static void keep_inner(void *arg)
{
	(void)arg;
	spin_lock(&inner);
}

static void go_to_sleep(void *arg)
{
	(void)arg;
	might_sleep();
}

static void a_handler_runs_amid_an_operation(void **state)
{
	(void)state;
	assert_string_equal(found_interrupted(SCHEDULE(INTERRUPT(0, 2)), be_interrupted, look_around),
			    "nothing");
	assert_int_equal(at[2], 1);
	assert_int_equal(at[1], 2);
	assert_int_equal(at[3], 3);
}

static void interrupts_that_are_off_do_not_come(void **state)
{
	(void)state;
	assert_string_equal(found_interrupted(SCHEDULE(INTERRUPT(0, 2)), be_left_alone, look_around),
			    "nothing");
	assert_int_equal(at[2], 0);
	assert_int_equal(at[3], 2);
}

static void handlers_misbehave(void **state)
{
	(void)state;
	assert_string_equal(found_interrupted(SCHEDULE(INTERRUPT(0, 2)), be_interrupted, take_the_lock),
			    "lock recursion in take_the_lock");
	assert_string_equal(found_interrupted(SCHEDULE(INTERRUPT(0, 2)), be_interrupted, keep_inner),
			    "lock kept in machine_interrupt");
	assert_string_equal(found_interrupted(SCHEDULE(INTERRUPT(0, 2)), be_interrupted, go_to_sleep),
			    "sleep in atomic in go_to_sleep");
}

static void keep_them_off(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	local_irq_disable();
}

static void sleep_without(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	local_irq_disable();
	might_sleep();
}

static void interrupts_misused(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, 1, keep_them_off), "interrupts kept off in sim_end_work");
	assert_string_equal(found(NULL, 1, sleep_without), "sleep in atomic in sleep_without");
}

/* ---- findings ---- */

/* Ten points, were it a part of the run. */
static int describe(unsigned long pfn, char *buf, size_t len)
{
	int seen = 0;

	for (int i = 0; i < 10; i++)
		seen += READ_ONCE(b);
	return snprintf(buf, len, "page %lu, seen %d", pfn, seen);
}

static void find_something(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu)
		WRITE_ONCE(b, 1);
	else
		mm_bug("something", 7, "on CPU %u", cpu);
}

static void nobody_runs_while_a_finding_is_described(void **state)
{
	(void)state;
	sim_set_describe(describe);
	assert_string_equal(found(SCHEDULE(SWITCH(0, 1, 1), SWITCH(0, 2, 1), SWITCH(0, 3, 1)), 2, find_something),
			    "something in find_something");
	sim_set_describe(NULL);
	assert_non_null(strstr(result.text, "page 7, seen 0"));
	assert_int_equal(b, 0);
}

static void a_caught_finding_leaves_a_usable_machine(void **state)
{
	(void)state;
	machine_cpu_enter(1);
	assert_string_equal(found(NULL, 2, keep), "lock kept in sim_end_work");
	assert_int_equal(smp_processor_id(), 0);
	assert_string_equal(found(NULL, 2, locked_increment), "nothing");
	assert_int_equal(a, 2);
	spin_lock(&lock);
	spin_unlock(&lock);
	machine_cpu_leave();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_cpu_is_itself),
		TEST(a_run_cannot_be_left_or_nested),
		TEST(locks_exclude),
		TEST(trylock_fails_on_a_taken_lock),
		TEST(two_locks_in_two_orders_are_a_deadlock),
		TEST(who_has_ended_unlocks_nothing),
		TEST(locks_misused),
		TEST(a_lost_wake_up_is_a_deadlock),
		TEST(a_grace_period_waits_for_earlier_sections_only),
		TEST(a_grace_period_waits_for_all_of_them),
		TEST(a_grace_period_waits_for_who_keeps_preemption_off),
		TEST(a_grace_period_without_sections_ends_at_once),
		TEST(a_grace_period_that_cannot_end_is_a_deadlock),
		TEST(sections_misused),
		TEST(grace_periods_order_what_they_promise),
		TEST(a_handler_runs_amid_an_operation),
		TEST(interrupts_that_are_off_do_not_come),
		TEST(handlers_misbehave),
		TEST(interrupts_misused),
		TEST(nobody_runs_while_a_finding_is_described),
		TEST(a_caught_finding_leaves_a_usable_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
