// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture of a run. The core gives no finding to draw, so two CPUs here free one page: a rule that the
 * harness breaks, woven as a program would be. And: one program, one picture, whatever the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <machine/machine.h>
#include <mmfuzz/backend.h>
#include <weave/trace.h>

#include "diagram_weave.h"
#include "generate.h"
#include "replay.h"
#include "replay_weave.h"
#include "target.h"

static const struct mmfuzz_backend *const be = &mmfuzz_backend_memdesc;
static struct program program;
static struct replay_result result;
static char *text;
static size_t text_size;

/* ---- a page that two CPUs free ---- */

static pfn_t page;

static void free_page(unsigned int cpu, void *arg)
{
	(void)arg;
	weave_op(cpu);
	be->free_frozen(page, mk_order(0));
}

/* Its bytes say at which point of CPU 0 the other one comes in. */
static int free_twice(const uint8_t *data, size_t size)
{
	struct weave_entry entry = { .nth = size ? data[0] : 0, .kind = WEAVE_SWITCH, .value = 1 };
	struct weave_schedule schedule = { &entry, 1 };
	struct mmfuzz_config config;
	struct weave *weave;

	program_config(&program.header, &config);
	be->boot(&config);
	be->snapshot();
	page = be->alloc_frozen(0, mk_order(0), (nid_t){ 0 });
	weave = weave_new(&(struct weave_config){
		.schedule = &schedule, .races = WEAVE_RACES_ALL, .ops = true });
	machine_use(weave);
	machine_run(2, free_page, NULL);
	return 0;
}

static void assemble(const char *source)
{
	struct program_error error;

	if (!program_assemble(&program, source, strlen(source), &error))
		fail_msg("line %u: %s", error.line, error.message);
}

static void replay(replay_fn fn, const uint8_t *data, size_t size)
{
	struct replay_input input = { data, size };

	replay_result_free(&result);
	replay_many(fn, &input, 1, 60, true, &result);
}

static void draw(bool full)
{
	struct diagram diagram = {
		.program = &program,
		.title = result.verdict == REPLAY_FAILED ? result.title : NULL,
		.full = full,
	};
	FILE *out;

	free(text);
	out = open_memstream(&text, &text_size);
	diagram_print(&diagram, out);
	fclose(out);
}

/* The first point at which CPU 0 has looked at the page and not yet taken it. */
static void free_twice_amid(void)
{
	assemble("machine profile=tiny cpus=2\n"
		 "cpu0: free(s0)\n"
		 "cpu1: free(s0)\n");
	for (uint8_t nth = 0; nth < 40; nth++) {
		const char *used, *preempted;

		replay(free_twice, &nth, 1);
		draw(false);
		used = strstr(text, " memdesc of pfn 0x");
		preempted = strstr(text, "<preempted>");
		if (used && preempted && used < preempted)
			return;
	}
	fail_msg("CPU 0 is nowhere preempted amid its free");
}

static int prepare(void **state)
{
	(void)state;
	replay_weave_prepare();
	replay_weave_set_log(true, true);
	return 0;
}

static int clean_up(void **state)
{
	(void)state;
	replay_result_free(&result);
	free(text);
	return 0;
}

/* Where in the picture a line is that has @what; the picture must have it. */
static const char *line_with(const char *what)
{
	const char *at = strstr(text, what);

	if (!at)
		fail_msg("no '%s' in\n%s", what, text);
	return at;
}

static void columns_are_cpus_and_time_goes_down(void **state)
{
	(void)state;
	free_twice_amid();
	assert_int_equal(result.verdict, REPLAY_FAILED);
	assert_int_equal(strncmp(text, "CPU0 ", 5), 0);
	assert_true(line_with("\nfree(s0)\n") < line_with("<preempted>"));
	assert_true(line_with("<preempted>") < line_with("   free(s0)\n"));
	/* The word in dispute and the function that uses it, in both columns. */
	assert_true(line_with("\n  free_frozen_pages()\n") < line_with("   free_frozen_pages()\n"));
	assert_true(line_with(" memdesc of pfn 0x") < line_with("   free(s0)\n"));
	assert_true(line_with("\n=> ") > line_with("   free_frozen_pages()\n"));
	assert_null(strstr(text, "be_free_frozen"));
}

static void lines_are_no_longer_than_a_commit_message_bears(void **state)
{
	(void)state;
	free_twice_amid();
	draw(false);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
}

static void all_is_shown_on_request(void **state)
{
	size_t brief;

	(void)state;
	free_twice_amid();
	draw(false);
	brief = text_size;
	draw(true);
	assert_true(text_size > brief);
	line_with("[page_alloc.c:");
	line_with("reads state of section 0");
}

static void the_same_way_twice(void **state)
{
	struct woven_run *run;
	uint8_t other;
	char why[600];

	(void)state;
	free_twice_amid();
	run = replay_weave_keep();
	assert_non_null(run);
	replay(free_twice, (const uint8_t *)"\3", 1);
	other = (uint8_t)replay_weave_result()->entries[0].nth;
	assert_int_equal(other, 3);
	replay_weave_forget(run);
	run = replay_weave_keep();
	replay(free_twice, (const uint8_t *)"\3", 1);
	assert_true(replay_weave_compare(run, why, sizeof(why)));
	/* CPU 1 comes in a point later: the runs differ where it did. */
	replay(free_twice, (const uint8_t *)"\4", 1);
	assert_false(replay_weave_compare(run, why, sizeof(why)));
	assert_non_null(strstr(why, "CPU 0 at point 3 of operation 0 gives way to CPU 1"));
	replay_weave_forget(run);
}

static void points_are_counted(void **state)
{
	static unsigned int points[PROGRAM_MAX_OPS];

	(void)state;
	free_twice_amid();
	assert_true(replay_weave_points(points));
	assert_true(points[0] > 1 && points[1] > 1);
	assert_int_equal(points[2], 0);
}

/* ---- many programs, and another process ---- */

/* Each is a child process, for which a leak checker looks through all memory. */
#define NR_PROGRAMS 1000u

static uint64_t hash_text(uint64_t hash)
{
	for (size_t i = 0; i < text_size; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	return hash;
}

static uint64_t picture_of(unsigned int seed)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct program_header header = {
		.nr_cpus = 2 + seed % 3,
		.profile = seed %
			   4, /* the smaller ones, or most of the time would be spent on booting */
		.rest = PROGRAM_REST_RANDOM,
		.gap = 1 + seed % 30,
		.seed = seed,
	};
	program_generate(&program, &generator_default, &header, 4, seed);
	replay(fuzz_weave_memdesc, bytes, program_encode(&program, bytes));
	draw(true);
	return hash_text(0xcbf29ce484222325u);
}

static int print_pictures(void)
{
	prepare(NULL);
	for (unsigned int seed = 0; seed < NR_PROGRAMS; seed++)
		printf("%u %016llx\n", seed, (unsigned long long)picture_of(seed));
	return 0;
}

static const char *own_path;

static void one_program_has_one_picture(void **state)
{
	char command[4200], first[64], second[64];
	FILE *there;

	(void)state;
	snprintf(command, sizeof(command), "'%s' pictures", own_path);
	there = popen(command, "r");
	assert_non_null(there);
	for (unsigned int seed = 0; seed < NR_PROGRAMS; seed++) {
		snprintf(first, sizeof(first), "%u %016llx\n", seed,
			 (unsigned long long)picture_of(seed));
		assert_non_null(fgets(second, sizeof(second), there));
		if (strcmp(first, second))
			fail_msg("another process draws another picture: %s and %s", first, second);
	}
	assert_int_equal(pclose(there), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_cpus_and_time_goes_down),
		cmocka_unit_test(lines_are_no_longer_than_a_commit_message_bears),
		cmocka_unit_test(all_is_shown_on_request),
		cmocka_unit_test(the_same_way_twice),
		cmocka_unit_test(points_are_counted),
		cmocka_unit_test(one_program_has_one_picture),
	};

	own_path = argv[0];
	if (argc > 1 && !strcmp(argv[1], "pictures"))
		return print_pictures();
	return cmocka_run_group_tests(tests, prepare, clean_up);
}
