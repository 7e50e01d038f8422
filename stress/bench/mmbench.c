// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmbench: measures, and shows figures beside what they are compared with. scripts/bench.sh calls
 * it with the figures that need another build, see there. Nothing passes or fails.
 */
#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bench.h"
#include "crash_file.h"

/**
 * struct figure - a figure and how to read it
 * @than: key of what it is compared with, or NULL
 * @wanted: what the ratio of the two, or without @than the figure, should be; 0 when nothing is
 * asked
 * @at_least: @wanted is a lower bound, else an upper one
 */
static const struct figure {
	const char *key;
	const char *unit;
	const char *than;
	double wanted;
	bool at_least;
} figures[] = {
	{ "order0_pair_ns", "ns", "mimalloc_pair_ns", 1.5, false },
	{ "order0_pair_ns_2cpu", "ns", "order0_pair_ns", 1.3, false },
	{ "order9_pair_ns", "ns", "order0_pair_ns", 0, false },
	{ "linux_order0_pair_ns", "ns", "mimalloc_pair_ns", 4, false },
	{ "fuzz_memdesc_asan_exec_s", "/s", "empty_asan_exec_s", 1.0 / 40, true },
	{ "weave_ns_per_point", "ns", "switch_ns", 2.5, false },
	{ "weave_ns_per_point_asan", "ns", "switch_ns", 4, false },
	{ "weave_exec_s_asan", "/s", "empty_asan_exec_s", 1.0 / 90, true },
	{ "weave_schedules_s", "/s", NULL, 0, false },
	{ "reset_us", "us", "memcpy_reset_us", 2, false },
	{ "boot_1tib_s", "s", "memset_1tib_s", 3, false },
	{ "memmap_1tib_bytes", "bytes", NULL, 0, false },
	{ "resident_1tib_bytes", "bytes", NULL, 2.2 * 1073741824.0, false },
	{ "memmap_percent", "%", NULL, 0.2, false },
	{ "stress_tsan_ops_s", "/s", NULL, 0, false },
	{ "callgrind_order0_pair", "instructions", NULL, 0, false },
	{ "callgrind_program", "instructions", NULL, 0, false },
	{ "switch_ns", "ns", NULL, 0, false },
	{ "mimalloc_pair_ns", "ns", NULL, 0, false },
	{ "glibc_pair_ns", "ns", NULL, 0, false },
	{ "atomic_add_ns", "ns", NULL, 0, false },
	{ "empty_asan_exec_s", "/s", NULL, 0, false },
	{ "memcpy_reset_us", "us", NULL, 0, false },
	{ "memset_1tib_s", "s", NULL, 0, false },
};

#define NR_FIGURES (sizeof(figures) / sizeof(*figures))

static double values[NR_FIGURES];
static bool known[NR_FIGURES];

static struct {
	const char *json;
	unsigned long pairs, programs;
} options;

static void __attribute__((noreturn, format(printf, 1, 2))) complain(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "mmbench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static int find(const char *key, size_t len)
{
	for (unsigned int i = 0; i < NR_FIGURES; i++)
		if (strlen(figures[i].key) == len && !memcmp(figures[i].key, key, len))
			return i;
	return -1;
}

static void report(const char *key, double value)
{
	int i = find(key, strlen(key));

	if (i < 0)
		complain("no figure is called '%s'", key);
	values[i] = value;
	known[i] = true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		/* argp would add a second line to getopt's complaint about an unknown option. */
		state->err_stream = fopen("/dev/null", "w");
		return 0;
	case 'j':
		options.json = arg;
		return 0;
	case 'p':
	case 'P':
		*(key == 'p' ? &options.pairs : &options.programs) = strtoul(arg, &end, 10);
		if (end == arg || *end)
			complain("'%s' is no number", arg);
		return 0;
	case ARGP_KEY_ARG:
		end = strchr(arg, '=');
		if (!end || find(arg, end - arg) < 0)
			complain("'%s' is not KEY=VALUE with the key of a figure", arg);
		*end++ = 0;
		report(arg, strtod(end, NULL));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
	{ "json", 'j', "FILE", 0, "write the figures to FILE", 0 },
	{ "pairs", 'p', "N", 0, "only do N pairs of order 0, for callgrind", 0 },
	{ "programs", 'P', "N", 0, "only run N programs of 64 operations, for callgrind", 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "[KEY=VALUE...]",
	.doc = "Measure the mm core and show the figures beside what they are compared with. "
	       "Figures that were measured "
	       "elsewhere are handed in as KEY=VALUE. Use scripts/bench.sh.",
};

static void print_table(void)
{
	printf("%-26s %16s %-12s  %-20s %14s %8s  %s\n", "figure", "value", "unit", "compared with",
	       "value", "ratio", "wanted");
	for (unsigned int i = 0; i < NR_FIGURES; i++) {
		const struct figure *f = &figures[i];
		int than = f->than ? find(f->than, strlen(f->than)) : -1;
		double ratio = values[i];

		if (!known[i]) {
			printf("%-26s %16s\n", f->key, "not measured");
			continue;
		}
		printf("%-26s %16.*f %-12s", f->key, values[i] < 1000 ? 3 : 0, values[i], f->unit);
		if (than >= 0 && known[than] && values[than] > 0) {
			ratio = values[i] / values[than];
			printf("  %-20s %14.*f %8.3f", f->than, values[than] < 1000 ? 3 : 0,
			       values[than], ratio);
		} else if (f->wanted) {
			printf("  %-20s %14s %8s", "", "", "");
		}
		if (f->wanted && (than < 0 || known[than]))
			printf("  %s %.4g: %s", f->at_least ? ">=" : "<=", f->wanted,
			       (f->at_least ? ratio >= f->wanted : ratio <= f->wanted) ? "yes" :
											 "no");
		putchar('\n');
	}
}

static void write_json(void)
{
	cJSON *json = cJSON_CreateObject();
	struct crash_file_error error;
	char *text;

	cJSON_AddStringToObject(json, "commit", crash_file_commit());
	for (unsigned int i = 0; i < NR_FIGURES; i++)
		if (known[i])
			cJSON_AddNumberToObject(json, figures[i].key, values[i]);
	text = cJSON_Print(json);
	if (!text)
		complain("no memory for the figures");
	if (!file_write_all(options.json, text, strlen(text), &error))
		complain("%s", error.message);
	free(text);
	cJSON_Delete(json);
}

int main(int argc, char **argv)
{
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (options.pairs || options.programs) {
		if (options.pairs)
			bench_callgrind_pairs(options.pairs);
		if (options.programs)
			bench_callgrind_programs(options.programs);
		return 0;
	}
	bench_all(report);
	print_table();
	if (options.json)
		write_json();
	return 0;
}
