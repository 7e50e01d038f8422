// SPDX-License-Identifier: GPL-2.0-only
/* Fibres: who runs when they switch, and what becomes of their stacks. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fibre.h"

static char order[64];

static void say(char c)
{
	size_t len = strlen(order);

	order[len] = c;
	order[len + 1] = '\0';
}

static void ping(void *arg)
{
	struct fibre *self = arg;

	say('a');
	fibre_switch(self, fibre_pool(1));
	say('c');
	self->clean = true;
	fibre_leave(self, fibre_thread());
}

static void pong(void *arg)
{
	say('b');
	fibre_switch(arg, fibre_pool(0));
	say('!'); /* nobody comes back here */
}

/*
 *	thread	fibre 0	fibre 1
 *	------	-------	-------
 *	1
 *		a
 *			b
 *		c
 *	2
 */
static void each_goes_on_where_it_was(void **state)
{
	(void)state;
	/* Twice: the second time over a stack that fibre 1 has left in the middle. */
	for (int round = 0; round < 2; round++) {
		order[0] = '\0';
		fibre_prepare(fibre_pool(0), ping, fibre_pool(0));
		fibre_prepare(fibre_pool(1), pong, fibre_pool(1));
		say('1');
		fibre_switch(fibre_thread(), fibre_pool(0));
		say('2');
		assert_string_equal(order, "1abc2");
	}
}

static uintptr_t seen_sp;

static void look_at_stack(void *arg)
{
	struct fibre *self = arg;
	volatile char here[16] __attribute__((aligned(16)));

	memset((void *)here, 1, sizeof(here));
	seen_sp = (uintptr_t)here;
	self->clean = true;
	fibre_leave(self, fibre_thread());
}

static void stack_is_its_own_and_aligned(void **state)
{
	struct fibre *fibre = fibre_pool(2);

	(void)state;
	fibre_prepare(fibre, look_at_stack, fibre);
	fibre_switch(fibre_thread(), fibre);
	assert_true(seen_sp - fibre->stack_lo < fibre->stack_bytes);
	assert_int_equal(seen_sp % 16, 0);
	/* What its owner keeps lies above all frames. */
	assert_true((uintptr_t)fibre_private(fibre) > seen_sp);
	assert_int_equal((uintptr_t)fibre_private(fibre) % 128, 0);
}

static void fall_off_the_stack(void *arg)
{
	struct fibre *self = arg;

	*(volatile char *)(self->stack_lo - 1) = 0;
	_exit(0);
}

static void guard_page_stops_an_overflow(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		fibre_prepare(fibre_pool(3), fall_off_the_stack, fibre_pool(3));
		fibre_switch(fibre_thread(), fibre_pool(3));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static int depth_reached;

static int __attribute__((noinline)) recurse(int depth)
{
	volatile char frame[64];

	frame[0] = (char)depth;
	if (depth < 500)
		recurse(depth + 1);
	depth_reached++;
	return frame[0];
}

static void go_deep_and_leave(void *arg)
{
	recurse(0);
	fibre_leave(arg, fibre_thread());
}

static void a_million_uses_of_one_stack(void **state)
{
	(void)state;
	for (int i = 0; i < 1000000 / 500; i++) {
		fibre_prepare(fibre_pool(4), go_deep_and_leave, fibre_pool(4));
		fibre_switch(fibre_thread(), fibre_pool(4));
	}
	assert_int_equal(depth_reached, 2000 * 501);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_goes_on_where_it_was),
		cmocka_unit_test(stack_is_its_own_and_aligned),
		cmocka_unit_test(guard_page_stops_an_overflow),
		cmocka_unit_test(a_million_uses_of_one_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
