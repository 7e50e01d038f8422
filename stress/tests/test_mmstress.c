// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmstress as a person runs it, from outside: exit codes, one line where something is wrong, the
 * summary. It is the program that lies beside the folder of this test.
 */
#include <cjson/cJSON.h>

#include "run_mmstress.h"

static int run(const char *arguments)
{
	return run_behind("", arguments);
}

static unsigned int lines(void)
{
	unsigned int nr = 0;

	for (const char *at = output; *at; at++)
		nr += *at == '\n';
	return nr;
}

static void test_bad_options(void **state)
{
	static const char *const bad[] = {
		"--bogus",
		"--cpus",
		"--cpus=0",
		"--cpus=65",
		"--cpus=4x",
		"--cpus=-1",
		"--time=0",
		"--time=soon",
		"--time=-1",
		"--time=nan",
		"--rounds=0",
		"--seed=",
		"--scenario=none",
		"--backend=none",
		"--save=/nonexistent",
		"--json=/nonexistent/file",
		"--json=/tmp",
		"--repeat=0",
		"argument",
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(run(bad[i]), 2);
		if (lines() != 1)
			fail_msg("%s: more than a line: %s", bad[i], output);
	}
}

static void test_list(void **state)
{
	(void)state;
	assert_int_equal(run("--list"), 0);
	assert_non_null(strstr(output, "isolate-vs-free"));
	assert_non_null(strstr(output, "everything"));
}

static void test_rounds_and_summary(void **state)
{
	char path[128];
	FILE *file;
	size_t len;
	cJSON *json;

	(void)state;
	assert_int_equal(run("--rounds=12 --cpus=2 --seed=3 --json=summary.json"), 0);
	assert_non_null(strstr(output, "nothing found"));

	snprintf(path, sizeof(path), "%s/summary.json", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	len = fread(output, 1, sizeof(output) - 1, file);
	output[len] = 0;
	fclose(file);
	json = cJSON_Parse(output);
	assert_non_null(json);
	assert_int_equal(cJSON_GetObjectItem(json, "rounds")->valuedouble, 12);
	assert_int_equal(cJSON_GetObjectItem(json, "cpus")->valuedouble, 2);
	assert_int_equal(cJSON_GetObjectItem(json, "seed")->valuedouble, 3);
	assert_true(cJSON_GetObjectItem(json, "operations")->valuedouble > 1000);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "finding")));
	/* In turn, and there are more than 12. */
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "scenarios")), 12);
	cJSON_Delete(json);
}

static void test_one_scenario_for_a_time(void **state)
{
	(void)state;
	assert_int_equal(run("--time=0.3 --scenario=drain-vs-free --cpus=3"), 0);
	assert_non_null(strstr(output, "drain-vs-free"));
	assert_null(strstr(output, "isolate-vs-free"));
}

static void test_interrupted(void **state)
{
	(void)state;
	/* Ctrl-C after a moment ends it cleanly, long before its time. */
	assert_int_equal(run_behind("timeout --preserve-status -s INT 0.5", "--time=1h --cpus=2"),
			 0);
	assert_non_null(strstr(output, "interrupted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_rounds_and_summary),
		cmocka_unit_test(test_one_scenario_for_a_time),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
