// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: runs inputs of fuzz targets again, tells what failed, makes them small, shows them as
 * text, and shows how the CPUs of a woven program met.
 *
 * Only options, files and what is printed; running is replay.c's business, shrinking shrink.c's, the
 * picture of a run diagram_weave.c's. This source is built twice: mmreplay hands inputs for the woven
 * machine to mmreplay_weave.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends.h"
#include "crash_file.h"
#include "executor.h"
#include "executor_diff.h"
#include "program.h"
#include "replay.h"
#include "shrink.h"
#include "target.h"

#if SIM_WEAVE
#include "diagram_weave.h"
#include "executor_weave.h"
#include "replay_weave.h"
#endif

enum {
	EXIT_PASSED = 0,
	EXIT_FAILED = 1,
	EXIT_UNUSABLE = 2
};

/* struct target - a fuzz target by name; without a function if it needs the woven machine and this is not it */
struct target {
	const char *name;
	replay_fn fn;
	bool is_program;
	const char *design;
};

enum {
	BYTES,
	PROGRAM
};

static const struct target targets[] = {
#define X(target, input, design) { #target, target, input == PROGRAM, design },
	FUZZ_TARGETS(X)
#undef X
#if SIM_WEAVE
#define X(target, input, design) { #target, target, input == PROGRAM, design },
#else
#define X(target, input, design) { #target, NULL, input == PROGRAM, design },
#endif
		FUZZ_WEAVE_TARGETS(X)
#undef X
#ifdef MMFUZZ_HAVE_LINUX
#define X(target, input, design) { #target, target, input == PROGRAM, design },
	FUZZ_LINUX_TARGETS(X)
#if !SIM_WEAVE
#undef X
#define X(target, input, design) { #target, NULL, input == PROGRAM, design },
#endif
		FUZZ_WEAVE_LINUX_TARGETS(X)
#undef X
#endif
};

#define NR_TARGETS (sizeof(targets) / sizeof(targets[0]))

enum mode {
	MODE_REPLAY,
	MODE_VERIFY,
	MODE_TRACE,
	MODE_SHRINK,
	MODE_TEXT,
	MODE_ASSEMBLE,
	MODE_WRAP,
	MODE_TITLE,
	MODE_LIST
};

static struct {
	enum mode mode;
	bool full;
	const struct target *target;
	const char *output;
	unsigned int seconds;
	unsigned int tries;
	char **paths;
	size_t nr_paths;
	char **argv;
} options = { .seconds = 10, .tries = 20000 };

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("mmreplay: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(EXIT_UNUSABLE);
}

static void *must_alloc(void *memory)
{
	if (!memory)
		die("out of memory");
	return memory;
}

/* struct input - a file to replay */
struct input {
	char *path;
	struct crash_file crash;
	const struct target *target;
	bool wrapped; /* it was a crash file */
};

static const struct target *find_target(const char *name)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	return NULL;
}

/* The input is for the woven machine: its mmreplay stands beside this one, and takes the same arguments. */
static void __attribute__((noreturn)) hand_over(const struct target *target)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - sizeof("_weave"));

	if (len > 0) {
		strcpy(path + len, "_weave");
		fflush(NULL);
		execv(path, options.argv);
	}
	die("target %s needs the woven machine: mmreplay_weave was not built beside mmreplay",
	    target->name);
}

static void take_target(struct input *input, const struct target *target, bool needs_target)
{
	input->target = target;
#if SIM_WEAVE
	if (*target->design)
		replay_weave_backend(backend_find(target->design));
#endif
	if (needs_target && !target->fn)
		hand_over(target);
}

/* Whatever is wrong with the file ends the program. */
static void load_input(struct input *input, const char *path, bool needs_target)
{
	struct crash_file_error error;
	uint8_t *data;
	size_t size;

	memset(input, 0, sizeof(*input));
	if (!file_read_all(path, CRASH_FILE_MAX_PAYLOAD + 4096, &data, &size, &error))
		die("%s", error.message);
	input->path = must_alloc(strdup(path));
	if (crash_file_is(data, size) || (needs_target && !options.target)) {
		if (!crash_file_parse(&input->crash, path, data, size, &error))
			die("%s", error.message);
		free(data);
		input->wrapped = true;
		input->target = find_target(input->crash.target);
		if (!input->target)
			die("%s is for target '%s', which this build lacks: see --list-targets",
			    path, input->crash.target);
		if (options.target && options.target != input->target)
			die("%s is for target %s, not %s", path, input->target->name,
			    options.target->name);
		take_target(input, input->target, needs_target);
		return;
	}
	input->crash.payload = data;
	input->crash.size = size;
	if (options.target) {
		take_target(input, options.target, needs_target);
		strcpy(input->crash.target, input->target->name);
		strcpy(input->crash.design, input->target->design);
	}
}

static void free_input(struct input *input)
{
	crash_file_free(&input->crash);
	free(input->path);
}

static struct program program;
static char text[PROGRAM_TEXT_MAX];

/* The operation that was running when the child failed: the last one that any CPU has begun. */
static long running_op(void)
{
	for (unsigned int cpu = 0; cpu < PROGRAM_MAX_CPUS; cpu++) {
		struct executor_event events[EXECUTOR_LOG];
		unsigned int nr = executor_last_ops(cpu, events);

		if (nr && !events[nr - 1].done)
			return events[nr - 1].op;
	}
	return -1;
}

/* @mark: the operation that fails, -1 for none; what is printed assembles all the same. */
static void print_program(const struct crash_file *crash, long mark)
{
	const char *line = text;

	program_decode(&program, crash->payload, crash->size);
	program_print(&program, text, sizeof(text));
	/* After the machine's line one an operation, and indented ones of its schedule. */
	for (long op = -2; *line;) {
		size_t len = strcspn(line, "\n");
		bool fails = line[0] != ' ' && ++op == mark && mark >= 0;

		printf("%.*s%s\n", (int)len, line, fails ? " # fails here" : "");
		line += len + (line[len] == '\n');
	}
}

static void print_bytes(const struct crash_file *crash)
{
	for (size_t at = 0; at < crash->size && at < 256; at += 16) {
		printf("%04zx ", at);
		for (size_t i = at; i < at + 16; i++)
			if (i < crash->size)
				printf(" %02x", crash->payload[i]);
			else
				printf("   ");
		printf("  ");
		for (size_t i = at; i < at + 16 && i < crash->size; i++)
			putchar(crash->payload[i] >= ' ' && crash->payload[i] <= '~' ?
					crash->payload[i] :
					'.');
		putchar('\n');
	}
	if (crash->size > 256)
		printf("... %zu bytes in all\n", crash->size);
}

static void print_input(const struct input *input, long mark)
{
	if (input->target->is_program)
		print_program(&input->crash, mark);
	else
		print_bytes(&input->crash);
}

static void run(const struct input *input, bool brief, struct replay_result *result)
{
	struct replay_input one = { input->crash.payload, input->crash.size };

	replay_many(input->target->fn, &one, 1, options.seconds, brief, result);
	if (result->verdict == REPLAY_IMPOSSIBLE)
		die("cannot run %s: %s", input->path, result->title);
}

static void say_other_commit(const struct input *input)
{
	if (input->wrapped && strcmp(input->crash.commit, crash_file_commit()))
		fprintf(stderr, "mmreplay: %s was saved by a build of commit %s, this is %s\n",
			input->path, input->crash.commit, crash_file_commit());
}

/* Of fuzz_diff the whole program is of interest, and what both cores did. */
static void show_differences(const struct sim_bug_report *report)
{
	(void)report;
	executor_diff_print(stderr);
}

static int replay_one(const char *path)
{
	struct replay_result result;
	struct input input;
	int status = EXIT_PASSED;

	load_input(&input, path, true);
	say_other_commit(&input);
	if (!strcmp(input.target->name, "fuzz_diff"))
		replay_set_hooks(NULL, show_differences);
	run(&input, false, &result);
	if (result.output)
		fwrite(result.output, 1, result.output_size, stderr);
	if (result.verdict == REPLAY_FAILED) {
		printf("%s: %s fails: %s\n", path, input.target->name, result.title);
		if (input.crash.title[0] && strcmp(input.crash.title, result.title))
			printf("it was saved with another title: %s\n", input.crash.title);
		printf("\n");
		print_input(&input, result.note);
		status = EXIT_FAILED;
	} else {
		printf("%s: %s does not fail\n", path, input.target->name);
		if (input.crash.title[0])
			printf("it was saved with the title: %s\n", input.crash.title);
	}
	replay_result_free(&result);
	free_input(&input);
	return status;
}

/* struct shrinking - what its callbacks need to know */
struct shrinking {
	const struct input *input;
	const char *title;
	const char *unit;
};

/* What a run was like */

#if SIM_WEAVE

static void prepare_woven(void)
{
	replay_weave_prepare();
	replay_weave_set_log(options.mode == MODE_TRACE || options.mode == MODE_VERIFY,
			     options.mode == MODE_TRACE);
}

static bool was_woven(void)
{
	return replay_weave_result()->known;
}

static void print_interleaving(const struct input *input, const struct replay_result *result)
{
	struct diagram diagram = {
		.program = &program,
		.title = result->verdict == REPLAY_FAILED ? result->title : NULL,
		.full = options.full,
	};

	program_decode(&program, input->crash.payload, input->crash.size);
	diagram_print(&diagram, stdout);
}

/* Whether the input takes the same way once more; what it was like goes to stdout. */
static bool takes_the_same_way(const struct input *input, struct replay_result *result)
{
	struct woven_run *first = replay_weave_keep();
	const struct woven *woven = replay_weave_result();
	uint64_t fingerprint = woven->fingerprint;
	bool known = woven->known, same;
	char why[600];

	if (!first)
		die("out of memory");
	replay_result_free(result);
	run(input, true, result);
	same = !known || replay_weave_compare(first, why, sizeof(why));
	replay_weave_forget(first);
	if (!same) {
		printf("%s: two runs differ: %s\n", input->path, why);
		return false;
	}
	if (!known)
		return true;
	printf("%s: %llu points, %llu switches, fingerprint %016llx, twice the same\n", input->path,
	       (unsigned long long)woven->points, (unsigned long long)woven->switches,
	       (unsigned long long)fingerprint);
	if (input->crash.fingerprint && input->crash.fingerprint != fingerprint) {
		printf("it was saved with another fingerprint: %016llx\n",
		       (unsigned long long)input->crash.fingerprint);
		return false;
	}
	return true;
}

/* What the strategy or the random walk chose becomes part of the program, so that it can be made less. */
static void make_explicit(struct input *input, const char *title)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct replay_result result;
	size_t size;

	program_decode(&program, input->crash.payload, input->crash.size);
	if (!was_woven() || !replay_weave_explicit(&program))
		return;
	size = program_encode(&program, bytes);
	replay_many(input->target->fn, &(struct replay_input){ bytes, size }, 1, options.seconds,
		    true, &result);
	if (result.verdict == REPLAY_FAILED && !strcmp(result.title, title)) {
		free(input->crash.payload);
		input->crash.size = size;
		input->crash.payload = must_alloc(malloc(size));
		memcpy(input->crash.payload, bytes, size);
	}
	replay_result_free(&result);
}

/* How many points each operation has is known from a run of it. */
static bool count_points(const struct program *candidate, unsigned int *points, void *arg)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	const struct shrinking *shrinking = arg;
	struct replay_input one = { bytes, program_encode(candidate, bytes) };
	struct replay_result result;

	replay_weave_set_log(true, false);
	replay_many(shrinking->input->target->fn, &one, 1, options.seconds, true, &result);
	replay_weave_set_log(false, false);
	replay_result_free(&result);
	return replay_weave_points(points);
}

static bool reschedule(struct program *candidate, void *arg)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	const struct shrinking *shrinking = arg;
	struct replay_input one = { bytes, program_encode(candidate, bytes) };
	struct replay_result result;
	bool same;

	replay_weave_search_for(shrinking->title);
	replay_many(replay_weave_search, &one, 1, options.seconds, true, &result);
	same = result.verdict == REPLAY_FAILED && !strcmp(result.title, shrinking->title);
	replay_result_free(&result);
	return same && was_woven() && replay_weave_explicit(candidate);
}

static void note_way(struct crash_file *crash)
{
	crash->fingerprint = was_woven() ? replay_weave_result()->fingerprint : 0;
}

/* An input that says itself what happens was found by a strategy only if it says so. */
static void note_strategy(struct crash_file *crash)
{
	program_decode(&program, crash->payload, crash->size);
	if (!was_woven() || !executor_weave_strategy(&program.header))
		return;
	strcpy(crash->strategy, executor_weave_strategy(&program.header));
	crash->seed = program.header.seed;
}

#else

static void prepare_woven(void)
{
}

static bool was_woven(void)
{
	return false;
}

static void print_interleaving(const struct input *input, const struct replay_result *result)
{
	(void)input, (void)result;
}

static bool takes_the_same_way(const struct input *input, struct replay_result *result)
{
	replay_result_free(result);
	run(input, true, result);
	return true;
}

static void make_explicit(struct input *input, const char *title)
{
	(void)input, (void)title;
}

static bool reschedule(struct program *candidate, void *arg)
{
	(void)candidate;
	(void)arg;
	return false;
}

static bool count_points(const struct program *candidate, unsigned int *points, void *arg)
{
	(void)candidate, (void)points, (void)arg;
	return false;
}

static void note_way(struct crash_file *crash)
{
	crash->fingerprint = 0;
}

static void note_strategy(struct crash_file *crash)
{
	(void)crash;
}

#endif

static void print_verdict(const struct input *input, const struct replay_result *result)
{
	if (result->verdict == REPLAY_FAILED)
		printf("%s: %s fails: %s\n", input->path, input->target->name, result->title);
	else
		printf("%s: %s does not fail\n", input->path, input->target->name);
}

static int trace_one(const char *path)
{
	struct replay_result result;
	struct input input;
	int status;

	load_input(&input, path, true);
	say_other_commit(&input);
	run(&input, true, &result);
	if (!was_woven())
		die("%s: inputs for %s are not woven, there is no interleaving to show", path,
		    input.target->name);
	print_verdict(&input, &result);
	printf("\n");
	print_interleaving(&input, &result);
	status = result.verdict == REPLAY_FAILED ? EXIT_FAILED : EXIT_PASSED;
	replay_result_free(&result);
	free_input(&input);
	return status;
}

static int verify_one(const char *path)
{
	char title[sizeof(((struct replay_result *)NULL)->title)];
	struct replay_result result;
	struct input input;
	bool same;

	load_input(&input, path, true);
	say_other_commit(&input);
	run(&input, true, &result);
	print_verdict(&input, &result);
	strcpy(title, result.title);
	same = takes_the_same_way(&input, &result);
	if (strcmp(title, result.title)) {
		printf("the second run: %s\n", result.title[0] ? result.title : "does not fail");
		same = false;
	}
	if (input.wrapped && strcmp(input.crash.title, title)) {
		printf("it was saved %s%s\n",
		       input.crash.title[0] ? "with the title: " : "without a title",
		       input.crash.title);
		same = false;
	}
	replay_result_free(&result);
	free_input(&input);
	return same ? EXIT_PASSED : EXIT_FAILED;
}

/* Several files */

struct list {
	char **paths;
	size_t nr;
};

static void list_add(struct list *list, const char *path)
{
	list->paths = must_alloc(realloc(list->paths, (list->nr + 1) * sizeof(*list->paths)));
	list->paths[list->nr++] = must_alloc(strdup(path));
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Files below a directory, in the order of their names, so that runs can be compared. */
static void list_tree(struct list *list, const char *path)
{
	struct dirent **entries;
	struct stat stat_buf;
	int nr;

	if (stat(path, &stat_buf))
		die("cannot read %s: %s", path, strerror(errno));
	if (!S_ISDIR(stat_buf.st_mode)) {
		list_add(list, path);
		return;
	}
	nr = scandir(path, &entries, visible, alphasort);
	if (nr < 0)
		die("cannot read %s: %s", path, strerror(errno));
	for (int i = 0; i < nr; i++) {
		char *below;

		if (asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0)
			die("out of memory");
		list_tree(list, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

/* Runs of files for the same target go into one child; after one that failed comes a new child. */
static int replay_list(const struct list *list)
{
	struct input *inputs = must_alloc(calloc(list->nr + 1, sizeof(*inputs)));
	struct replay_input *raw = must_alloc(calloc(list->nr + 1, sizeof(*raw)));
	size_t at = 0, failed = 0;

	for (size_t i = 0; i < list->nr; i++) {
		load_input(&inputs[i], list->paths[i], true);
		raw[i] = (struct replay_input){ inputs[i].crash.payload, inputs[i].crash.size };
	}
	while (at < list->nr) {
		struct replay_result result;
		size_t end = at + 1;

		while (end < list->nr && inputs[end].target == inputs[at].target)
			end++;
		replay_many(inputs[at].target->fn, &raw[at], end - at, options.seconds, true,
			    &result);
		if (result.verdict == REPLAY_IMPOSSIBLE)
			die("cannot run %s: %s", inputs[at].path, result.title);
		if (result.verdict == REPLAY_FAILED) {
			failed++;
			printf("%s: %s fails: %s\n", inputs[at + result.at].path,
			       inputs[at].target->name, result.title);
			at += result.at + 1;
		} else {
			at = end;
		}
		replay_result_free(&result);
	}
	printf("%zu inputs, %zu failed\n", list->nr, failed);
	for (size_t i = 0; i < list->nr; i++)
		free_input(&inputs[i]);
	free(inputs);
	free(raw);
	return failed ? EXIT_FAILED : EXIT_PASSED;
}

static int replay_all(void)
{
	struct list list = { NULL, 0 };
	struct stat stat_buf;
	int status;

	if (options.nr_paths == 1 &&
	    (stat(options.paths[0], &stat_buf) || !S_ISDIR(stat_buf.st_mode)))
		return replay_one(options.paths[0]);
	for (size_t i = 0; i < options.nr_paths; i++)
		list_tree(&list, options.paths[i]);
	status = replay_list(&list);
	for (size_t i = 0; i < list.nr; i++)
		free(list.paths[i]);
	free(list.paths);
	return status;
}

/* Shrinking */

static bool same_title(const uint8_t *data, size_t size, void *arg)
{
	const struct shrinking *shrinking = arg;
	struct replay_input one = { data, size };
	struct replay_result result;
	bool same;

	replay_many(shrinking->input->target->fn, &one, 1, options.seconds, true, &result);
	same = result.verdict == REPLAY_FAILED && !strcmp(result.title, shrinking->title);
	replay_result_free(&result);
	return same;
}

static bool program_same_title(const struct program *candidate, void *arg)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];

	return same_title(bytes, program_encode(candidate, bytes), arg);
}

static void shrink_progress(unsigned int left, unsigned int tries, void *arg)
{
	const struct shrinking *shrinking = arg;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%u %s left, %u tries ", left, shrinking->unit, tries);
}

static int shrink_one(const char *path)
{
	struct shrink shrink = {
		.still_fails = program_same_title,
		.still_fails_bytes = same_title,
		.points = count_points,
		.reschedule = reschedule,
		.progress = shrink_progress,
		.max_tries = options.tries,
	};
	struct crash_file_error error;
	struct shrinking shrinking;
	struct replay_result result;
	struct input input;
	char *output = NULL;

	load_input(&input, path, true);
	say_other_commit(&input);
	run(&input, true, &result);
	if (result.verdict == REPLAY_PASSED) {
		printf("%s: %s does not fail, nothing to shrink\n", path, input.target->name);
		replay_result_free(&result);
		free_input(&input);
		return EXIT_PASSED;
	}
	shrinking = (struct shrinking){ &input, result.title,
					input.target->is_program ? "operations" : "bytes" };
	shrink.arg = &shrinking;
	if (input.target->is_program) {
		static uint8_t bytes[PROGRAM_MAX_BYTES];

		make_explicit(&input, result.title);
		program_decode(&program, input.crash.payload, input.crash.size);
		shrink_program(&shrink, &program);
		free(input.crash.payload);
		input.crash.size = program_encode(&program, bytes);
		input.crash.payload = must_alloc(malloc(input.crash.size));
		memcpy(input.crash.payload, bytes, input.crash.size);
	} else {
		input.crash.size = shrink_bytes(&shrink, input.crash.payload, input.crash.size);
	}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);

	/* Each try ran on this build, so this build is what the file names. */
	snprintf(input.crash.commit, sizeof(input.crash.commit), "%s", crash_file_commit());
	snprintf(input.crash.title, sizeof(input.crash.title), "%s", result.title);
	replay_result_free(&result);
	run(&input, true, &result);
	note_way(&input.crash);
	if (options.output)
		output = must_alloc(strdup(options.output));
	else if (asprintf(&output, "%s.min", path) < 0)
		die("out of memory");
	if (!crash_file_write(&input.crash, output, &error))
		die("%s", error.message);
	printf("%s: %s fails: %s (%u tries)\n\n", output, input.target->name, result.title,
	       shrink.tries);
	print_input(&input, result.note);
	free(output);
	replay_result_free(&result);
	free_input(&input);
	return EXIT_FAILED;
}

/* The rest */

static int show_text(const char *path)
{
	struct input input;

	load_input(&input, path, false);
	if (input.target && !input.target->is_program)
		die("%s is for target %s, whose inputs are no programs", path, input.target->name);
	print_program(&input.crash, -1);
	free_input(&input);
	return EXIT_PASSED;
}

static int assemble(const char *path)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct crash_file_error error;
	struct program_error mistake;
	uint8_t *data;
	size_t size;

	if (!options.output)
		die("--assemble needs -o OUT");
	if (!file_read_all(path, CRASH_FILE_MAX_PAYLOAD, &data, &size, &error))
		die("%s", error.message);
	if (!program_assemble(&program, (const char *)data, size, &mistake))
		die("%s: line %u, column %u: %s", path, mistake.line, mistake.column,
		    mistake.message);
	free(data);
	if (!file_write_all(options.output, bytes, program_encode(&program, bytes), &error))
		die("%s", error.message);
	return EXIT_PASSED;
}

static int wrap(const char *path)
{
	struct crash_file_error error;
	struct replay_result result;
	struct input input;

	if (!options.output || !options.target)
		die("--wrap needs --target T and -o OUT");
	load_input(&input, path, true);
	if (input.wrapped)
		die("%s is a crash file already", path);
	run(&input, true, &result);
	strcpy(input.crash.title, result.title);
	note_way(&input.crash);
	note_strategy(&input.crash);
	if (result.verdict == REPLAY_PASSED)
		fprintf(stderr, "mmreplay: %s does not fail here; saved without a title\n", path);
	if (!crash_file_write(&input.crash, options.output, &error))
		die("%s", error.message);
	replay_result_free(&result);
	free_input(&input);
	return EXIT_PASSED;
}

static int show_title(const char *path)
{
	struct replay_result result;
	struct input input;
	int status = EXIT_PASSED;

	load_input(&input, path, true);
	run(&input, true, &result);
	if (result.verdict == REPLAY_FAILED) {
		printf("%s\n", result.title);
		status = EXIT_FAILED;
	}
	replay_result_free(&result);
	free_input(&input);
	return status;
}

static int list_targets(void)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		printf("%-20s %s\n", targets[i].name, targets[i].is_program ? "program" : "bytes");
	return EXIT_PASSED;
}

static void set_mode(enum mode mode)
{
	if (options.mode != MODE_REPLAY && options.mode != mode)
		die("only one of --verify, --trace, --shrink, --text, --assemble, --wrap, --title, "
		    "--list-targets");
	options.mode = mode;
}

static unsigned int parse_number(const char *what, const char *arg, unsigned int max)
{
	char *end;
	unsigned long value = strtoul(arg, &end, 10);

	if (!*arg || *end || *arg == '-' || !value || value > max)
		die("%s must be 1 to %u, not '%s'", what, max, arg);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		/*
		 * Getopt's line about an unknown option is enough; argp would add one of its own.
		 */
		state->err_stream = NULL;
		break;
	case 't':
		options.target = find_target(arg);
		if (!options.target)
			die("no target '%s': see --list-targets", arg);
		break;
	case 'o':
		options.output = arg;
		break;
	case 'T':
		options.seconds = parse_number("--timeout", arg, 3600);
		break;
	case 'n':
		options.tries = parse_number("--tries", arg, 1000000);
		break;
	case 'v':
		set_mode(MODE_VERIFY);
		break;
	case 'r':
		set_mode(MODE_TRACE);
		options.full = arg != NULL;
		if (arg && strcmp(arg, "full"))
			die("--trace takes nothing or 'full', not '%s'", arg);
		break;
	case 's':
		set_mode(MODE_SHRINK);
		break;
	case 'x':
		set_mode(MODE_TEXT);
		break;
	case 'a':
		set_mode(MODE_ASSEMBLE);
		break;
	case 'w':
		set_mode(MODE_WRAP);
		break;
	case 'i':
		set_mode(MODE_TITLE);
		break;
	case 'l':
		set_mode(MODE_LIST);
		break;
	case ARGP_KEY_ARGS:
		options.paths = state->argv + state->next;
		options.nr_paths = state->argc - state->next;
		break;
	case ARGP_KEY_END:
		if (options.mode == MODE_LIST && options.nr_paths)
			die("--list-targets takes no file");
		if (options.mode != MODE_LIST && !options.nr_paths)
			die("a file is missing");
		if (options.mode != MODE_REPLAY && options.nr_paths > 1)
			die("only replay takes more than one file");
		if (options.output && options.mode != MODE_SHRINK &&
		    options.mode != MODE_ASSEMBLE && options.mode != MODE_WRAP)
			die("nothing would be written to %s", options.output);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option argp_options[] = {
	{ "target", 't', "T", 0,
	  "Target of inputs that are no crash files (of libFuzzer, AFL++, OSS-Fuzz)", 0 },
	{ "verify", 'v', NULL, 0,
	  "Run it twice: does the finding come again, and does it take the same way, point by "
	  "point?",
	  0 },
	{ "trace", 'r', "full", OPTION_ARG_OPTIONAL,
	  "Show how the CPUs of a woven input met: what concerns the finding, or (full) everything",
	  0 },
	{ "shrink", 's', NULL, 0,
	  "Make the input small, keeping the title: operations, CPUs and switches go; written to "
	  "FILE.min or OUT",
	  0 },
	{ "text", 'x', NULL, 0, "Print the program of FILE (crash file or bytes) as text", 0 },
	{ "assemble", 'a', NULL, 0, "FILE is text: write the program's bytes to OUT", 0 },
	{ "wrap", 'w', NULL, 0, "Run an input that is no crash file and save it as one", 0 },
	{ "title", 'i', NULL, 0, "Print only the title of what fails", 0 },
	{ "list-targets", 'l', NULL, 0, "Print the targets of this build and what they take", 0 },
	{ "output", 'o', "OUT", 0, "File to write", 0 },
	{ "timeout", 'T', "S", 0, "Seconds after which an input hangs (default 10)", 0 },
	{ "tries", 'n', "N", 0, "Candidates to try at most when shrinking (default 20000)", 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "FILE...",
	.doc = "Runs inputs of fuzz targets again and tells what fails. FILE is a crash file, with "
	       "--target any input; a "
	       "directory stands for all files below it.\v"
	       "Inputs for the woven machine are run by mmreplay_weave, which stands beside "
	       "mmreplay.\n\n"
	       "Exit 0: nothing fails. 1: something fails; with --verify: it does not come the "
	       "same again. "
	       "2: could not run.",
};

int main(int argc, char **argv)
{
	options.argv = argv;
	if (argp_parse(&argp, argc, argv, 0, NULL, NULL))
		return EXIT_UNUSABLE;
	replay_set_note(running_op);
	prepare_woven();
	switch (options.mode) {
	case MODE_REPLAY:
		return replay_all();
	case MODE_VERIFY:
		return verify_one(options.paths[0]);
	case MODE_TRACE:
		return trace_one(options.paths[0]);
	case MODE_SHRINK:
		return shrink_one(options.paths[0]);
	case MODE_TEXT:
		return show_text(options.paths[0]);
	case MODE_ASSEMBLE:
		return assemble(options.paths[0]);
	case MODE_WRAP:
		return wrap(options.paths[0]);
	case MODE_TITLE:
		return show_title(options.paths[0]);
	case MODE_LIST:
		return list_targets();
	}
	return EXIT_UNUSABLE;
}
