// SPDX-License-Identifier: GPL-2.0-only
/* Crash files: what is written comes back; what is damaged is refused with a line that says how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash_file.h"
#include "rng.h"

static char folder[] = "/tmp/test_crash_file.XXXXXX";
static char path[64];
static uint8_t *data;
static size_t size;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/crash", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder); /* fails when a temporary file was left */
}

/* A file as crash_file_write() makes it, in data. */
static int write_one(void **state)
{
	struct crash_file crash = { .target = "fuzz_memdesc",
				    .design = "memdesc",
				    .title = "double free in f",
				    .strategy = "pct",
				    .seed = 0x123456789abcdef0,
				    .fingerprint = ~0ull };
	struct crash_file_error error;

	(void)state;
	crash.payload = (uint8_t *)"payload";
	crash.size = 7;
	if (!crash_file_write(&crash, path, &error))
		return -1;
	return file_read_all(path, 10000, &data, &size, &error) ? 0 : -1;
}

static int free_one(void **state)
{
	(void)state;
	free(data);
	return 0;
}

static void assert_refused(const char *message)
{
	struct crash_file crash;
	struct crash_file_error error;

	assert_false(crash_file_parse(&crash, "it", data, size, &error));
	assert_string_equal(error.message, message);
}

static void what_is_written_comes_back(void **state)
{
	struct crash_file crash;
	struct crash_file_error error;

	(void)state;
	assert_true(crash_file_is(data, size));
	assert_true(crash_file_parse(&crash, "it", data, size, &error));
	assert_string_equal(crash.target, "fuzz_memdesc");
	assert_string_equal(crash.design, "memdesc");
	assert_string_equal(crash.title, "double free in f");
	assert_string_equal(crash.strategy, "pct");
	assert_true(crash.seed == 0x123456789abcdef0);
	assert_true(crash.fingerprint == ~0ull);
	assert_string_equal(crash.commit, crash_file_commit());
	assert_int_equal(crash.size, 7);
	assert_memory_equal(crash.payload, "payload", 7);
	crash_file_free(&crash);
}

static void another_file_is_no_crash_file(void **state)
{
	(void)state;
	data[0] = 'N';
	assert_refused("it is no crash file: say with --target which target takes it");
	size = 3;
	assert_refused("it is no crash file: say with --target which target takes it");
}

static void another_version_is_refused(void **state)
{
	(void)state;
	data[7] = 9;
	assert_refused(
		"it has version 9, this program reads version 2: use the build that wrote it");
	data[7] = 1;
	assert_refused(
		"it has version 1, this program reads version 2: use the build that wrote it");
}

static void a_cut_file_is_refused(void **state)
{
	size_t whole = size;

	(void)state;
	size = 30;
	assert_refused("it is cut off: 30 bytes, at least 432 expected");
	size = whole - 2;
	assert_refused("it is cut off: 437 bytes, 439 expected");
}

static void a_longer_file_is_refused(void **state)
{
	(void)state;
	data = realloc(data, size + 1);
	data[size++] = 0;
	assert_refused("it is damaged: 1 bytes too many at its end");
}

static void a_huge_payload_is_refused(void **state)
{
	(void)state;
	data[427] = 0x70;
	assert_refused("it is damaged: a payload of 1879048199 bytes is more than 1048576");
}

static void each_flipped_bit_is_seen(void **state)
{
	struct crash_file crash;
	struct crash_file_error error;

	(void)state;
	for (size_t bit = 0; bit < 8 * size; bit++) {
		data[bit / 8] ^= 1 << bit % 8;
		if (crash_file_parse(&crash, "it", data, size, &error))
			fail_msg("bit %zu of byte %zu does not matter", bit % 8, bit / 8);
		assert_true(strlen(error.message) > 10 && !strchr(error.message, '\n'));
		data[bit / 8] ^= 1 << bit % 8;
	}
}

static void random_bytes_do_no_harm(void **state)
{
	struct rng rng = rng_seed(1);
	struct crash_file crash;
	struct crash_file_error error;

	(void)state;
	for (unsigned int round = 0; round < 2000; round++) {
		size_t len = rng_below(&rng, 600);
		uint8_t *bytes = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			bytes[i] = rng_next(&rng);
		if (len > 8)
			memcpy(bytes, data, 8);
		assert_false(crash_file_parse(&crash, "it", bytes, len, &error));
		free(bytes);
	}
}

static void names_too_long_or_strange_are_tamed(void **state)
{
	struct crash_file crash = { .title = "a line\nand another", .payload = NULL, .size = 0 };
	struct crash_file_error error;

	(void)state;
	memset(crash.target, 'x', sizeof(crash.target)); /* no end */
	assert_true(crash_file_write(&crash, path, &error));
	free(data);
	assert_true(file_read_all(path, 10000, &data, &size, &error));
	assert_true(crash_file_parse(&crash, "it", data, size, &error));
	assert_int_equal(strlen(crash.target), sizeof(crash.target) - 1);
	assert_string_equal(crash.title, "a line?and another");
	assert_int_equal(crash.size, 0);
	crash_file_free(&crash);
}

static void files_that_cannot_be_read_or_written_are_named(void **state)
{
	struct crash_file_error error;
	uint8_t *none;
	size_t len;

	(void)state;
	assert_false(file_read_all("/nonexistent", 10, &none, &len, &error));
	assert_string_equal(error.message, "cannot read /nonexistent: No such file or directory");
	assert_false(file_read_all(folder, 10, &none, &len, &error));
	assert_non_null(strstr(error.message, "it is a directory"));
	assert_false(file_read_all(path, 10, &none, &len, &error));
	assert_non_null(strstr(error.message, "is too large: more than 10 bytes"));
	assert_false(file_write_all("/nonexistent/file", "x", 1, &error));
	assert_string_equal(error.message,
			    "cannot write /nonexistent/file: No such file or directory");
}

/* A second finding under the first one's name, and the first one once more. */
static void what_is_kept_is_not_written_over(void **state)
{
	struct crash_file one = { .title = "one" }, other = { .title = "other" };
	char first[64], second[64], again[64];
	struct crash_file_error error;

	(void)state;
	snprintf(first, sizeof(first), "%s/found", folder);
	strcpy(second, first);
	strcpy(again, first);
	assert_true(crash_file_keep(&one, first, sizeof(first), &error));
	assert_true(crash_file_keep(&other, second, sizeof(second), &error));
	assert_string_equal(strrchr(first, '/'), "/found.crash");
	assert_string_equal(strrchr(second, '/'), "/found-2.crash");
	assert_true(crash_file_keep(&one, again, sizeof(again), &error));
	assert_string_equal(again, first);

	free(data);
	assert_true(file_read_all(first, 10000, &data, &size, &error));
	assert_true(crash_file_parse(&one, first, data, size, &error));
	assert_string_equal(one.title, "one");
	crash_file_free(&one);
	assert_int_equal(unlink(first), 0);
	assert_int_equal(unlink(second), 0);
}

static void what_cannot_be_kept_says_why(void **state)
{
	char nowhere[64] = "/nonexistent/found", long_name[64], stem[64];
	struct crash_file crash = { .title = "one" };
	struct crash_file_error error;

	(void)state;
	assert_false(crash_file_keep(&crash, nowhere, sizeof(nowhere), &error));
	assert_string_equal(error.message,
			    "cannot write /nonexistent/found: No such file or directory");
	snprintf(stem, sizeof(stem), "%s/found", folder);
	strcpy(long_name, stem);
	assert_false(crash_file_keep(&crash, long_name, strlen(stem) + 3, &error));
	assert_non_null(strstr(error.message, "File name too long"));
}

int main(void)
{
#define test(function) cmocka_unit_test_setup_teardown(function, write_one, free_one)
	const struct CMUnitTest tests[] = {
		test(what_is_written_comes_back),
		test(another_file_is_no_crash_file),
		test(another_version_is_refused),
		test(a_cut_file_is_refused),
		test(a_longer_file_is_refused),
		test(a_huge_payload_is_refused),
		test(each_flipped_bit_is_seen),
		test(random_bytes_do_no_harm),
		test(names_too_long_or_strange_are_tamed),
		test(files_that_cannot_be_read_or_written_are_named),
		test(what_is_kept_is_not_written_over),
		test(what_cannot_be_kept_says_why),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
