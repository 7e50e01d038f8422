// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: runs inputs of fuzz targets again, tells what failed, makes them small, shows them as
 * text, and shows how the CPUs of a woven program met.
 *
 * Here: options, and what one file of one mode needs. Only options, files and what is printed are this folder's
 * business: running is replay.c's, shrinking shrink.c's, the picture of a run diagram_weave.c's. These sources are
 * built twice: mmreplay hands inputs for the woven machine to mmreplay_weave.
 */
#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executor.h"
#include "executor_diff.h"
#include "mmreplay.h"
#include "program.h"

struct options options = { .seconds = 10, .tries = 20000 };

void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
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

void *must_alloc(void *memory)
{
	if (!memory)
		die("out of memory");
	return memory;
}

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

void run_input(const struct input *input, bool brief, struct replay_result *result)
{
	struct replay_input one = { input->crash.payload, input->crash.size };

	replay_many(input->target->fn, &one, 1, options.seconds, brief, result);
	if (result->verdict == REPLAY_IMPOSSIBLE)
		die("cannot run %s: %s", input->path, result->title);
}

void say_other_commit(const struct input *input)
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

int replay_one(const char *path)
{
	struct replay_result result;
	struct input input;
	int status = EXIT_PASSED;

	load_input(&input, path, true);
	say_other_commit(&input);
	if (!strcmp(input.target->name, "fuzz_diff"))
		replay_set_hooks(NULL, show_differences);
	run_input(&input, false, &result);
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
	run_input(&input, true, &result);
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
	run_input(&input, true, &result);
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
	static struct program program;
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
	run_input(&input, true, &result);
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
	run_input(&input, true, &result);
	if (result.verdict == REPLAY_FAILED) {
		printf("%s\n", result.title);
		status = EXIT_FAILED;
	}
	replay_result_free(&result);
	free_input(&input);
	return status;
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
