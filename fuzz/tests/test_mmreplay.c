// SPDX-License-Identifier: GPL-2.0-only
/* mmreplay as a person uses it: what it prints, what it writes, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash_file.h"

static char folder[] = "/tmp/test_mmreplay.XXXXXX";
static char binary[4096];
static char output[65536];

/* Tests lie in bin/tests, programs in bin. */
static int find_binary(void **state)
{
	ssize_t len = readlink("/proc/self/exe", binary, sizeof(binary) - 32);
	char *slash;

	(void)state;
	if (len < 0 || !mkdtemp(folder))
		return -1;
	binary[len] = '\0';
	slash = strrchr(binary, '/');
	strcpy(slash, "/../mmreplay");
	return chdir(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	/* Its files are known; what else lies there was left by mistake. */
	unlink("p.txt");
	unlink("p.bin");
	unlink("p.mmf");
	unlink("damaged");
	unlink("dir/a");
	unlink("dir/b");
	rmdir("dir");
	return chdir("/") || rmdir(folder);
}

/* Runs mmreplay; both of its outputs are in output[] afterwards. */
static int run(const char *arguments)
{
	char command[5000];
	size_t used;
	FILE *pipe;
	int status;

	snprintf(command, sizeof(command), "'%s' %s 2>&1", binary, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	used = fread(output, 1, sizeof(output) - 1, pipe);
	output[used] = '\0';
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_file(const char *path, const char *content)
{
	struct crash_file_error error;

	assert_true(file_write_all(path, content, strlen(content), &error));
}

static void assert_one_line(const char *message)
{
	assert_non_null(strstr(output, message));
	assert_true(strchr(output, '\n') == output + strlen(output) - 1);
}

static void text_becomes_bytes_and_text_again(void **state)
{
	static const char text[] = "machine profile=cma cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
				   "cpu1: s0 = cma_alloc(area=1, nr=3)\n"
				   "cpu0: free(s0)\n";

	(void)state;
	write_file("p.txt", text);
	assert_int_equal(run("--assemble p.txt -o p.bin"), 0);
	assert_string_equal(output, "");
	assert_int_equal(run("--text p.bin"), 0);
	assert_string_equal(output, text);
}

static void an_input_without_fault_passes(void **state)
{
	(void)state;
	assert_int_equal(run("--target fuzz_memdesc p.bin"), 0);
	assert_string_equal(output, "p.bin: fuzz_memdesc does not fail\n");
	assert_int_equal(run("--title --target fuzz_memdesc p.bin"), 0);
	assert_string_equal(output, "");
	assert_int_equal(run("--shrink --target fuzz_memdesc p.bin"), 0);
	assert_string_equal(output, "p.bin: fuzz_memdesc does not fail, nothing to shrink\n");
}

static void a_wrapped_input_knows_its_target(void **state)
{
	(void)state;
	assert_int_equal(run("--wrap --target fuzz_memdesc p.bin -o p.mmf"), 0);
	assert_one_line("does not fail here");
	assert_int_equal(run("p.mmf"), 0);
	assert_string_equal(output, "p.mmf: fuzz_memdesc does not fail\n");
	assert_int_equal(run("--text p.mmf"), 0);
	assert_non_null(strstr(output, "cma_alloc(area=1, nr=3)"));
	assert_int_equal(run("--target fuzz_text p.mmf"), 2);
	assert_one_line("p.mmf is for target fuzz_memdesc, not fuzz_text");
	assert_int_equal(run("--wrap --target fuzz_memdesc p.mmf -o p.mmf"), 2);
	assert_one_line("is a crash file already");
}

static void folders_stand_for_their_files(void **state)
{
	(void)state;
	assert_int_equal(mkdir("dir", 0755), 0);
	write_file("dir/a", "machine cpus=2");
	write_file("dir/b", "nonsense");
	assert_int_equal(run("--target fuzz_text dir p.txt"), 0);
	assert_string_equal(output, "3 inputs, 0 failed\n");
	assert_int_equal(run("dir"), 2);
	assert_one_line("dir/a is no crash file: say with --target which target takes it");
}

static void a_damaged_file_is_refused(void **state)
{
	struct crash_file_error error;
	uint8_t *data;
	size_t size;

	(void)state;
	assert_true(file_read_all("p.mmf", 100000, &data, &size, &error));
	data[size - 1] ^= 1;
	assert_true(file_write_all("damaged", data, size, &error));
	assert_int_equal(run("damaged"), 2);
	assert_string_equal(output, "mmreplay: damaged is damaged: its checksum is wrong\n");
	assert_true(file_write_all("damaged", data, 100, &error));
	assert_int_equal(run("--shrink damaged"), 2);
	assert_one_line("damaged is cut off: 100 bytes");
	free(data);
}

static void mistakes_on_the_command_line_are_one_line(void **state)
{
	static const struct {
		const char *arguments;
		const char *message;
	} rows[] = {
		{ "", "a file is missing" },
		{ "--what", "unrecognized option" },
		{ "nowhere", "cannot read nowhere: No such file or directory" },
		{ "nowhere p.mmf", "cannot read nowhere: No such file or directory" },
		{ "--target fuzz_nothing p.bin", "no target 'fuzz_nothing': see --list-targets" },
		{ "p.bin", "p.bin is no crash file: say with --target which target takes it" },
		{ "--text --shrink p.mmf", "only one of" },
		{ "--trace=some p.mmf", "--trace takes nothing or 'full', not 'some'" },
		{ "--trace --verify p.mmf", "only one of" },
		{ "--trace --target fuzz_text p.txt", "inputs for fuzz_text are not woven" },
		{ "--text p.mmf p.mmf", "only replay takes more than one file" },
		{ "--assemble p.txt", "--assemble needs -o OUT" },
		{ "--wrap p.bin -o x", "--wrap needs --target T and -o OUT" },
		{ "--assemble p.txt -o nowhere/x", "cannot write nowhere/x: No such file" },
		{ "--assemble dir/b -o x",
		  "dir/b: line 1, column 1: unknown operation 'nonsense'" },
		{ "--timeout 0 p.mmf", "--timeout must be 1 to 3600, not '0'" },
		{ "--tries x p.mmf", "--tries must be 1 to 1000000, not 'x'" },
		{ "p.mmf -o x", "nothing would be written to x" },
		{ "--text --target fuzz_text p.txt", "whose inputs are no programs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(run(rows[i].arguments), 2);
		assert_one_line(rows[i].message);
	}
}

/* Woven inputs are another program's, if it was built. */
static bool weave_is_built(void)
{
	char path[sizeof(binary) + 8];

	snprintf(path, sizeof(path), "%s_weave", binary);
	return !access(path, X_OK);
}

static void a_woven_input_is_handed_over(void **state)
{
	static const char woven[] = "machine profile=tiny cpus=2 pcp_high=0 pcp_batch=0 flags=0\n"
				    "cpu0: s0 = alloc_ref(order=0, gfp=0, nid=0)\n"
				    "    @3 switch cpu1\n"
				    "cpu1: walk(pfn=0, nr=4)\n";
	char first[sizeof(output)];

	(void)state;
	write_file("p.txt", woven);
	assert_int_equal(run("--assemble p.txt -o p.bin"), 0);
	if (!weave_is_built()) {
		assert_int_equal(run("--target fuzz_weave_memdesc p.bin"), 2);
		assert_one_line(
			"needs the woven machine: mmreplay_weave was not built beside mmreplay");
		return;
	}
	assert_int_equal(run("--target fuzz_weave_memdesc p.bin"), 0);
	assert_string_equal(output, "p.bin: fuzz_weave_memdesc does not fail\n");
	assert_int_equal(run("--wrap --target fuzz_weave_memdesc p.bin -o p.mmf"), 0);
	assert_int_equal(run("--verify p.mmf"), 0);
	assert_non_null(strstr(output, ", twice the same\n"));
	assert_int_equal(run("--text p.mmf"), 0);
	assert_string_equal(output, woven);
	assert_int_equal(run("--trace=full p.mmf"), 0);
	assert_non_null(strstr(output, "CPU0 "));
	assert_non_null(strstr(output, "<preempted>"));
	assert_non_null(strstr(output, "walk(pfn=0, nr=4)\n"));
	strcpy(first, output);
	assert_int_equal(run("--trace=full p.mmf"), 0);
	assert_string_equal(output, first);
	assert_int_equal(run("--trace p.mmf"), 0);
	assert_true(strlen(output) < strlen(first));
}

/* A fingerprint that is not the run's: something has changed since it was saved. */
static void another_way_than_the_saved_one_is_told(void **state)
{
	struct crash_file_error error;
	struct crash_file crash;
	uint8_t *data;
	size_t size;

	(void)state;
	if (!weave_is_built())
		return;
	assert_true(file_read_all("p.mmf", 100000, &data, &size, &error));
	assert_true(crash_file_parse(&crash, "p.mmf", data, size, &error));
	free(data);
	assert_true(crash.fingerprint != 0);
	crash.fingerprint ^= 1;
	strcpy(crash.commit, "another");
	assert_true(crash_file_write(&crash, "p.mmf", &error));
	crash_file_free(&crash);
	assert_int_equal(run("--verify p.mmf"), 1);
	assert_non_null(strstr(output, "p.mmf was saved by a build of commit another, this is"));
	assert_non_null(strstr(output, "it was saved with another fingerprint"));
}

static void all_targets_are_listed(void **state)
{
	(void)state;
	assert_int_equal(run("--list-targets"), 0);
	assert_non_null(strstr(output, "fuzz_memdesc         program\n"));
	assert_non_null(strstr(output, "fuzz_memdesc_word    bytes\n"));
	assert_non_null(strstr(output, "fuzz_text            bytes\n"));
	assert_non_null(strstr(output, "fuzz_weave_memdesc   program\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_bytes_and_text_again),
		cmocka_unit_test(an_input_without_fault_passes),
		cmocka_unit_test(a_wrapped_input_knows_its_target),
		cmocka_unit_test(folders_stand_for_their_files),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(mistakes_on_the_command_line_are_one_line),
		cmocka_unit_test(a_woven_input_is_handed_over),
		cmocka_unit_test(another_way_than_the_saved_one_is_told),
		cmocka_unit_test(all_targets_are_listed),
	};

	return cmocka_run_group_tests(tests, find_binary, remove_folder);
}
