// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler: defaults, schedules that are followed, waits, yields, interrupts, and what it says when
 * nobody can go on. Bodies are code under test: their marked accesses are points.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <mmfuzz/weave.h>
#include <sim/bug.h>
#include <sim/compiler.h>

static char order[256];
static int counter;

static void say(const char *what)
{
	strncat(order, what, sizeof(order) - strlen(order) - 1);
}

static int setup(void **state)
{
	(void)state;
	order[0] = '\0';
	counter = 0;
	sim_bug_quiet(true);
	return 0;
}

/* One run of @nr fibres under @config, findings caught. */
static struct weave_result run(const struct weave_config *config, unsigned int nr,
			       void (*fn)(unsigned int fibre, void *arg))
{
	static struct weave_result result;
	struct weave_config c = *config;
	struct weave *w;

	c.catch = true;
	w = weave_new(&c);
	assert_true(weave_run(w, nr, fn, NULL, &result));
	weave_free(w);
	return result;
}

#define SCHEDULE(...)                                                                    \
	(&(struct weave_schedule){ .entries = (struct weave_entry[]){ __VA_ARGS__ },     \
				   .nr = sizeof((struct weave_entry[]){ __VA_ARGS__ }) / \
					 sizeof(struct weave_entry) })
#define SWITCH(op_, nth_, to) { .op = (op_), .nth = (nth_), .kind = WEAVE_SWITCH, .value = (to) }

/* ---- the default ---- */

static void three_steps(unsigned int fibre, void *arg)
{
	static const char *const names[] = { "a", "b", "c" };

	(void)arg;
	for (int i = 0; i < 3; i++) {
		READ_ONCE(counter);
		say(names[fibre]);
	}
}

static void each_runs_to_its_end(void **state)
{
	struct weave_result result = run(&(struct weave_config){ 0 }, 3, three_steps);

	(void)state;
	assert_string_equal(order, "aaabbbccc");
	assert_int_equal(result.preemptions, 0);
	assert_int_equal(result.switches, 2);
	assert_int_equal(result.schedule.nr, 0);
	/* Of each fibre: the beginning, three loads, the end. */
	assert_int_equal(result.points, 3 * 5);
}

/* ---- schedules ---- */

/* Point 0 is the beginning, 1 to 3 are the loads: the switch comes before the load that it names. */
static void a_schedule_is_followed(void **state)
{
	struct weave_config config = { .schedule = SCHEDULE(SWITCH(0, 2, 1), SWITCH(1, 2, 0)) };
	struct weave_result result = run(&config, 2, three_steps);

	(void)state;
	assert_string_equal(order, "abaabb");
	assert_int_equal(result.preemptions, 2);
	/* What happened is what was asked for. */
	assert_int_equal(result.schedule.nr, 2);
	assert_int_equal(result.schedule.entries[0].nth, 2);
}

/* An entry may name a point that never comes, or a fibre that has ended or never was. */
static void entries_that_do_not_fit_are_passed_by(void **state)
{
	struct weave_config config = { .schedule = SCHEDULE(SWITCH(0, 1, 7), SWITCH(0, 99, 1),
							    SWITCH(1, 2, 0), SWITCH(5, 0, 1)) };

	(void)state;
	run(&config, 2, three_steps);
	assert_string_equal(order, "aaabbb");
}

/* When a fibre has ended the next one goes on, in a circle; the point after its last one says otherwise. */
static void a_forced_choice_can_be_scheduled(void **state)
{
	struct weave_config config = { .schedule = SCHEDULE(SWITCH(0, 4, 2)) };

	(void)state;
	run(&config, 3, three_steps);
	assert_string_equal(order, "aaacccbbb");
}

static void two_operations(unsigned int fibre, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2; i++) {
		weave_op(10 * (fibre + 1) + i);
		READ_ONCE(counter);
		say(fibre ? "b" : "a");
	}
}

/* Operations have numbers of their own choice; point 0 is their beginning. */
static void a_switch_is_named_by_its_operation(void **state)
{
	struct weave_config config = { .ops = true,
				       .schedule = SCHEDULE(SWITCH(11, 0, 1), SWITCH(21, 1, 0)) };

	(void)state;
	run(&config, 2, two_operations);
	assert_string_equal(order, "abab");
}

/* ---- waits and yields ---- */

static bool is_set(const void *arg)
{
	return *(const int *)arg != 0;
}

static void wait_or_set(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0) {
		weave_wait(is_set, &counter, "the flag");
		say("w");
	} else {
		say("s");
		WRITE_ONCE(counter, 1);
	}
}

static void who_waits_goes_on_when_it_may(void **state)
{
	(void)state;
	run(&(struct weave_config){ 0 }, 2, wait_or_set);
	assert_string_equal(order, "sw");
}

static void wait_for_ever(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre)
		weave_wait(is_set, &counter, "the flag");
}

static void a_wait_without_end_is_a_deadlock(void **state)
{
	struct weave_result result = run(&(struct weave_config){ 0 }, 3, wait_for_ever);

	(void)state;
	assert_true(result.found);
	assert_string_equal(result.title, "deadlock in the flag");
	assert_non_null(strstr(result.text, "CPU 1 waits for the flag, CPU 2 waits for the flag"));
}

static void poll_or_set(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0) {
		while (!READ_ONCE(counter)) {
			say(".");
			weave_yield();
		}
	} else {
		WRITE_ONCE(counter, 1);
	}
}

/* Who yields is not run again before there is something new to see. */
static void polling_costs_one_round(void **state)
{
	(void)state;
	run(&(struct weave_config){ 0 }, 2, poll_or_set);
	assert_string_equal(order, ".");
}

static void poll_for_ever(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	while (!READ_ONCE(counter))
		weave_yield();
}

static void polling_for_ever_is_a_livelock(void **state)
{
	struct weave_result result = run(&(struct weave_config){ 0 }, 2, poll_for_ever);

	(void)state;
	assert_true(result.found);
	assert_memory_equal(result.title, "livelock", 8);
}

static void spin_for_ever(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	while (!READ_ONCE(counter))
		;
}

static void spinning_for_ever_is_a_livelock(void **state)
{
	struct weave_result result =
		run(&(struct weave_config){ .max_points = 5000 }, 2, spin_for_ever);

	(void)state;
	assert_true(result.found);
	assert_memory_equal(result.title, "livelock", 8);
}

static void read_for_ever(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	for (;;) {
		if (counter)
			return;
		barrier();
	}
}

static void reading_for_ever_is_a_livelock(void **state)
{
	struct weave_result result = run(&(struct weave_config){ .max_plain = 5000 }, 2, read_for_ever);

	(void)state;
	assert_true(result.found);
	assert_string_equal(result.title, "livelock in weave");
}

/* A loop of yields that ends by itself is none. */
static void give_up(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	for (int i = 0; i < 100 && !READ_ONCE(counter); i++)
		weave_yield();
}

static void polling_that_gives_up_is_fine(void **state)
{
	struct weave_result result = run(&(struct weave_config){ 0 }, 2, give_up);

	(void)state;
	assert_false(result.found);
}

static u32 tries;

static void try_often(unsigned int fibre, void *arg)
{
	(void)arg;
	for (int i = 0; fibre == 0 && i < 3000; i++) {
		WRITE_ONCE(tries, tries + 1);
		weave_yield();
	}
}

/* Nor is one that writes something each time, however often: it may be a counter that it waits for. */
static void a_yield_that_gets_on_is_no_livelock(void **state)
{
	struct weave_result result = run(&(struct weave_config){ 0 }, 2, try_often);

	(void)state;
	assert_false(result.found);
}

static void spin_or_set(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0) {
		while (!READ_ONCE(counter))
			;
		say("seen");
	} else {
		WRITE_ONCE(counter, 1);
	}
}

/*
 * Nobody preempts CPU 0, which does not yield: after some thousand reads of what does not change it lets the other go
 * first. That place is the same when the schedule is followed.
 */
static void spinning_lets_others_go_first(void **state)
{
	struct weave_result result = run(&(struct weave_config){ .max_points = 50000 }, 2, spin_or_set);

	(void)state;
	assert_false(result.found);
	assert_string_equal(order, "seen");
	assert_true(result.switches <= 2);
}

static void try_or_set(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0) {
		do
			WRITE_ONCE(tries, tries + 1);
		while (!READ_ONCE(counter));
		say("seen");
	} else {
		WRITE_ONCE(counter, 1);
	}
}

/* Nor if it writes in each try, what is nobody's business: offlining takes and drops references of a frame that is being allocated. */
static void trying_lets_others_go_first(void **state)
{
	struct weave_result result = run(&(struct weave_config){ .max_points = 100000 }, 2, try_or_set);

	(void)state;
	assert_false(result.found);
	assert_string_equal(order, "seen");
	assert_true(result.switches <= 2);
}

static void wait_some_turns(unsigned int fibre, void *arg)
{
	(void)arg;
	if (fibre == 0) {
		for (int i = 0; i < 20; i++)
			weave_yield();
		WRITE_ONCE(counter, 1);
	} else {
		while (!READ_ONCE(counter))
			weave_yield();
	}
}

/* Three wait for the one whose patience has an end; whatever priorities a strategy has drawn, it has its turns. */
static void who_waits_has_its_turn(void **state)
{
	const struct weave_strategy *pos = weave_strategy_find("pos");

	(void)state;
	for (u64 seed = 0; seed < 50; seed++) {
		struct weave_result result;

		counter = 0;
		result = run(&(struct weave_config){ .strategy = pos, .seed = seed, .max_points = 2000 }, 4, wait_some_turns);
		assert_false(result.found);
	}
}

/* ---- interrupts ---- */

static void on_interrupt(unsigned int fibre, unsigned int value)
{
	char what[8];

	snprintf(what, sizeof(what), "i%u%u", fibre, value);
	READ_ONCE(counter);
	say(what);
}

static void steps_with_interrupts_off(unsigned int fibre, void *arg)
{
	(void)fibre;
	(void)arg;
	READ_ONCE(counter);
	say("a");
	weave_irq_off();
	READ_ONCE(counter);
	say("b");
	weave_irq_on();
	READ_ONCE(counter);
	say("c");
}

#define INTERRUPT(nth_, value_) { .nth = (nth_), .kind = WEAVE_INTERRUPT, .value = (value_) }

/* Point 2 is the first handler's load: one without an operation of its own counts in the interrupted one. */
static void an_interrupt_runs_at_its_point(void **state)
{
	struct weave_config config = { .interrupt = on_interrupt,
				       .schedule = SCHEDULE(INTERRUPT(1, 5), INTERRUPT(4, 6)) };

	(void)state;
	run(&config, 1, steps_with_interrupts_off);
	assert_string_equal(order, "i05abi06c");
}

static void no_interrupt_while_they_are_off(void **state)
{
	struct weave_config config = { .interrupt = on_interrupt,
				       .schedule = SCHEDULE(INTERRUPT(2, 5)) };

	(void)state;
	run(&config, 1, steps_with_interrupts_off);
	assert_string_equal(order, "abc");
}

/* ---- findings ---- */

static void finds_something(unsigned int fibre, void *arg)
{
	(void)arg;
	READ_ONCE(counter);
	if (fibre == 1)
		mm_bug("planted", SIM_NO_PFN, "by fibre %u", fibre);
	say("x");
}

/* The stack that was left in the middle serves the next run as if nothing had been. */
static void a_caught_finding_leaves_no_trace(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct weave_result result = run(&(struct weave_config){ 0 }, 3, finds_something);

		assert_true(result.found);
		assert_string_equal(result.title, "planted in finds_something");
		assert_false(weave_running());
	}
	order[0] = '\0';
	assert_false(run(&(struct weave_config){ 0 }, 3, three_steps).found);
	assert_string_equal(order, "aaabbbccc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_runs_to_its_end, setup),
		cmocka_unit_test_setup(a_schedule_is_followed, setup),
		cmocka_unit_test_setup(entries_that_do_not_fit_are_passed_by, setup),
		cmocka_unit_test_setup(a_forced_choice_can_be_scheduled, setup),
		cmocka_unit_test_setup(a_switch_is_named_by_its_operation, setup),
		cmocka_unit_test_setup(who_waits_goes_on_when_it_may, setup),
		cmocka_unit_test_setup(a_wait_without_end_is_a_deadlock, setup),
		cmocka_unit_test_setup(polling_costs_one_round, setup),
		cmocka_unit_test_setup(polling_for_ever_is_a_livelock, setup),
		cmocka_unit_test_setup(spinning_for_ever_is_a_livelock, setup),
		cmocka_unit_test_setup(reading_for_ever_is_a_livelock, setup),
		cmocka_unit_test_setup(polling_that_gives_up_is_fine, setup),
		cmocka_unit_test_setup(a_yield_that_gets_on_is_no_livelock, setup),
		cmocka_unit_test_setup(spinning_lets_others_go_first, setup),
		cmocka_unit_test_setup(trying_lets_others_go_first, setup),
		cmocka_unit_test_setup(who_waits_has_its_turn, setup),
		cmocka_unit_test_setup(an_interrupt_runs_at_its_point, setup),
		cmocka_unit_test_setup(no_interrupt_while_they_are_off, setup),
		cmocka_unit_test_setup(a_caught_finding_leaves_no_trace, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
