// SPDX-License-Identifier: GPL-2.0-only
/* Addresses of this very test get the names that the source gives them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sim/cpu.h>

#include "symbol.h"

static struct {
	char before[16];
	int counter;
} board;

static uintptr_t here;
static int here_line;

/* Where it is called from, as a racy access would tell. */
static void noinline note_caller(void)
{
	here = (uintptr_t)__builtin_return_address(0) - 1;
}

static __always_inline void inner_part(void)
{
	here_line = __LINE__ + 1;
	note_caller();
	board.counter++;
}

static __always_inline void middle_part(void)
{
	inner_part();
	board.counter++;
}

static void noinline whole_function(void)
{
	middle_part();
	board.counter++;
}

static void inlined_functions_are_told_apart(void **state)
{
	const struct symbol *symbol;

	(void)state;
	whole_function();
	symbol = symbol_find(here);
	assert_non_null(symbol);
	assert_int_equal(symbol->nr, 3);
	assert_string_equal(symbol->frames[0].function, "inner_part");
	assert_string_equal(symbol->frames[1].function, "middle_part");
	assert_string_equal(symbol->frames[2].function, "whole_function");
	assert_int_equal(symbol->frames[0].line, here_line);
	assert_non_null(strstr(symbol->frames[0].file, "test_symbol.c"));
	assert_true(symbol->frames[1].line > symbol->frames[0].line);
	assert_true(symbol->frames[2].line > symbol->frames[1].line);
	assert_false(symbol->frames[0].helper);
	assert_string_equal(symbol_function(here)->function, "inner_part");
}

static void answers_are_remembered(void **state)
{
	(void)state;
	whole_function();
	assert_ptr_equal(symbol_find(here), symbol_find(here));
}

/* What core/sim declares says what is done and not where; unless nothing else encloses it. */
static void helpers_are_stepped_over(void **state)
{
	(void)state;
	assert_true(symbol_find((uintptr_t)machine_init)->frames[0].helper);
	assert_string_equal(symbol_function((uintptr_t)machine_init)->function, "machine_init");
}

static void variables_have_names(void **state)
{
	size_t offset;

	(void)state;
	assert_string_equal(symbol_object((uintptr_t)&board.counter, &offset), "board");
	assert_int_equal(offset, 16);
}

static void what_is_not_ours_has_no_name(void **state)
{
	size_t offset;
	int on_stack;

	(void)state;
	assert_null(symbol_find((uintptr_t)&on_stack));
	assert_null(symbol_find(0));
	assert_null(symbol_object((uintptr_t)&on_stack, &offset));
	assert_null(symbol_function((uintptr_t)printf));
}

static void a_parent_can_ask_for_its_child(void **state)
{
	uintptr_t told = 0;
	int pipes[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		whole_function();
		_exit(write(pipes[1], &here, sizeof(here)) != sizeof(here));
	}
	assert_int_equal(read(pipes[0], &told, sizeof(told)), sizeof(told));
	waitpid(pid, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
	assert_string_equal(symbol_function(told)->function, "inner_part");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_functions_are_told_apart),
		cmocka_unit_test(answers_are_remembered),
		cmocka_unit_test(helpers_are_stepped_over),
		cmocka_unit_test(variables_have_names),
		cmocka_unit_test(what_is_not_ours_has_no_name),
		cmocka_unit_test(a_parent_can_ask_for_its_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
