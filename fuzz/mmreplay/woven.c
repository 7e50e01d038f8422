// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: what is of the woven machine only: the ways that runs took, and programs whose schedule is told in full. In
 * the mmreplay of the other machine nothing was woven, and the same functions say so.
 */
#include "mmreplay.h"

#if SIM_WEAVE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagram_weave.h"
#include "executor_weave.h"
#include "replay_weave.h"

/* Too large for a stack. */
static struct program program;

void prepare_woven(void)
{
	replay_weave_prepare();
	replay_weave_set_log(options.mode == MODE_TRACE || options.mode == MODE_VERIFY,
			     options.mode == MODE_TRACE);
}

bool was_woven(void)
{
	return replay_weave_result()->known;
}

void print_interleaving(const struct input *input, const struct replay_result *result)
{
	struct diagram diagram = {
		.program = &program,
		.title = result->verdict == REPLAY_FAILED ? result->title : NULL,
		.full = options.full,
	};

	program_decode(&program, input->crash.payload, input->crash.size);
	diagram_print(&diagram, stdout);
}

bool takes_the_same_way(const struct input *input, struct replay_result *result)
{
	struct woven_run *first = replay_weave_keep();
	const struct woven *woven = replay_weave_result();
	uint64_t fingerprint = woven->fingerprint;
	bool known = woven->known, same;
	char why[600];

	if (!first)
		die("out of memory");
	replay_result_free(result);
	run_input(input, true, result);
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

void make_explicit(struct input *input, const char *title)
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

bool count_points(const struct program *candidate, unsigned int *points, void *arg)
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

bool reschedule(struct program *candidate, void *arg)
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

void note_way(struct crash_file *crash)
{
	crash->fingerprint = was_woven() ? replay_weave_result()->fingerprint : 0;
}

void note_strategy(struct crash_file *crash)
{
	program_decode(&program, crash->payload, crash->size);
	if (!was_woven() || !executor_weave_strategy(&program.header))
		return;
	strcpy(crash->strategy, executor_weave_strategy(&program.header));
	crash->seed = program.header.seed;
}

#else

void prepare_woven(void)
{
}

bool was_woven(void)
{
	return false;
}

void print_interleaving(const struct input *input, const struct replay_result *result)
{
	(void)input, (void)result;
}

bool takes_the_same_way(const struct input *input, struct replay_result *result)
{
	replay_result_free(result);
	run_input(input, true, result);
	return true;
}

void make_explicit(struct input *input, const char *title)
{
	(void)input, (void)title;
}

bool reschedule(struct program *candidate, void *arg)
{
	(void)candidate;
	(void)arg;
	return false;
}

bool count_points(const struct program *candidate, unsigned int *points, void *arg)
{
	(void)candidate, (void)points, (void)arg;
	return false;
}

void note_way(struct crash_file *crash)
{
	crash->fingerprint = 0;
}

void note_strategy(struct crash_file *crash)
{
	(void)crash;
}

#endif
