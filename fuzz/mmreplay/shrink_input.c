// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: makes a failing input small and saves it; which parts go is decided by shrink.c.
 */
#include "mmreplay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shrink.h"

/* Too large for a stack. */
static struct program program;

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

int shrink_one(const char *path)
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
	run_input(&input, true, &result);
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
	run_input(&input, true, &result);
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
