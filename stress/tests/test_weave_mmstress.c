// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmstress on the woven machine: from outside, as a person runs it, and what a worker leaves behind when it finds
 * something.
 */
#include <cjson/cJSON.h>

#include <sim/bug.h>

#include "crash_file.h"
#include "executor_weave.h"
#include "finding_weave.h"
#include "litmus_weave.h"
#include "run_mmstress.h"

/* The same behind @prefix, on the woven machine. */
static int run_woven_behind(const char *prefix, const char *arguments)
{
	char woven[1024];

	snprintf(woven, sizeof(woven), "--machine=weave %s", arguments);
	return run_behind(prefix, woven);
}

static int run(const char *arguments)
{
	return run_woven_behind("", arguments);
}

static void bad_options_are_one_line(void **state)
{
	static const char *const bad[] = {
		"--machine=qemu", "--strategy=luck", "--schedules=0", "--memory=pso",
		"--bound=0",	  "--jobs=0",	     "--jobs=1000",   "--scenario=none",
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(run(bad[i]), 2);
		if (!strchr(output, '\n') || strchr(output, '\n')[1])
			fail_msg("%s: not a line: %s", bad[i], output);
	}
}

/* How many schedules the sum line has; the table in front of it stays in output[]. */
static unsigned long schedules(void)
{
	unsigned long programs, nr;
	const char *sum = strstr(output, "\nsum ");

	assert_non_null(sum);
	assert_int_equal(sscanf(sum, " sum %lu %lu", &programs, &nr), 2);
	*(char *)(sum + 1) = '\0';
	return nr;
}

static void jobs_share_the_schedules(void **state)
{
	(void)state;
	assert_int_equal(
		run("--scenario=isolate-vs-free --strategy=random --schedules=101 --jobs=3"), 0);
	assert_non_null(strstr(output, "nothing found"));
	assert_int_equal(schedules(), 101);
}

static void every_strategy_has_its_turn(void **state)
{
	static const char *const names[] = { "random",	"pct",	       "pos",
					     "bounded", "round-robin", "exhaustive" };

	(void)state;
	assert_int_equal(run("--scenario=migrate-vs-walk --schedules=20 --cpus=2"), 0);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_non_null(strstr(output, names[i]));
}

static void same_seed_same_run(void **state)
{
	static char first[sizeof(output)];
	const char *again =
		"--strategy=random --schedules=30 --jobs=1 --seed=5 --memory=lkmm --plain-points";

	(void)state;
	assert_int_equal(run(again), 0);
	schedules();
	strcpy(first, output);
	assert_int_equal(run(again), 0);
	schedules();
	assert_string_equal(first, output);
}

static void ctrl_c_ends_it_with_a_summary(void **state)
{
	(void)state;
	assert_int_equal(run_woven_behind("timeout --preserve-status -s INT 2", "--time=100"), 0);
	assert_non_null(strstr(output, "interrupted"));
	assert_non_null(strstr(output, "nothing found"));
}

static void summary_as_json(void **state)
{
	char path[128], text[4096] = "";
	cJSON *json;
	FILE *file;

	(void)state;
	assert_int_equal(
		run("--scenario=drain-vs-free --strategy=pos --schedules=10 --json=summary"), 0);
	snprintf(path, sizeof(path), "%s/summary", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	json = cJSON_Parse(text);
	assert_int_equal(cJSON_GetObjectItem(json, "schedules")->valueint, 10);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "found")));
	cJSON_Delete(json);
}

static void litmus_programs_are_listed(void **state)
{
	(void)state;
	assert_int_equal(run("--exhaustive --bound=1 --schedules=300"), 0);
	assert_int_equal(run("--exhaustive --unbounded --schedules=300"), 0);
	for (const struct litmus *litmus = litmus_programs; litmus->name; litmus++)
		assert_non_null(strstr(output, litmus->name));
	assert_non_null(strstr(output, "schedules, all"));
}

/* --- a finding --- */

static struct program program;

static void find_something(void)
{
	const struct stress_options options = { .backend = &mmfuzz_backend_memdesc,
						.save = folder };
	struct finding_context context = {
		.options = &options, .program = &program, .strategy = "random", .seed = 3
	};
	struct weave_schedule schedule;
	struct weave_config config;
	struct weave *weave;

	strcpy(context.name, "test");
	finding_catch(&context);
	executor_weave_config(&program, &schedule, &config);
	config.strategy = weave_strategy_find("random");
	config.gap = 2;
	weave = weave_new(&config);
	executor_run_weave(options.backend, &program, weave, NULL);
	mm_bug("planted", SIM_NO_PFN, "at the end of the run");
}

static void finding_leaves_its_schedule(void **state)
{
	struct crash_file_error error;
	struct crash_file crash;
	struct program saved;
	uint8_t *bytes;
	char path[128];
	size_t size;
	int status;

	(void)state;
	scenario_program_short(&scenarios[0], 2, 1, 1, &program);
	fflush(NULL);
	if (!fork()) {
		find_something();
		_exit(77);
	}
	wait(&status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);

	snprintf(path, sizeof(path), "%s/stress-weave-test.crash", folder);
	assert_true(file_read_all(path, CRASH_FILE_MAX_PAYLOAD, &bytes, &size, &error));
	assert_true(crash_file_parse(&crash, path, bytes, size, &error));
	assert_string_equal(crash.target, "fuzz_weave_memdesc");
	assert_string_equal(crash.title, "planted in find_something");
	assert_string_equal(crash.strategy, "random");
	assert_true(crash.fingerprint != 0);
	program_decode(&saved, crash.payload, crash.size);
	assert_int_equal(saved.nr_ops, program.nr_ops);
	assert_true(saved.nr_switches > 0);
	assert_int_equal(saved.header.rest, PROGRAM_REST_SERIAL);
	crash_file_free(&crash);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_options_are_one_line),
		cmocka_unit_test(jobs_share_the_schedules),
		cmocka_unit_test(every_strategy_has_its_turn),
		cmocka_unit_test(same_seed_same_run),
		cmocka_unit_test(ctrl_c_ends_it_with_a_summary),
		cmocka_unit_test(summary_as_json),
		cmocka_unit_test(litmus_programs_are_listed),
		cmocka_unit_test(finding_leaves_its_schedule),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
