// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: the targets of this build, and inputs for them: read, looked through, handed to the other machine's mmreplay.
 */
#include "mmreplay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends.h"
#include "executor.h"
#include "target.h"

#if SIM_WEAVE
#include "replay_weave.h"
#endif

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

const struct target *find_target(const char *name)
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

void load_input(struct input *input, const char *path, bool needs_target)
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

void free_input(struct input *input)
{
	crash_file_free(&input->crash);
	free(input->path);
}

int list_targets(void)
{
	for (size_t i = 0; i < NR_TARGETS; i++)
		printf("%-20s %s\n", targets[i].name, targets[i].is_program ? "program" : "bytes");
	return EXIT_PASSED;
}
