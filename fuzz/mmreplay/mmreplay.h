/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of mmreplay share: its options, its inputs, and what each file does with them. Nobody else includes it.
 */
#ifndef MMFUZZ_MMREPLAY_H
#define MMFUZZ_MMREPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "crash_file.h"
#include "replay.h"

struct program;

enum {
	EXIT_PASSED = 0,
	EXIT_FAILED = 1,
	EXIT_UNUSABLE = 2
};

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

/**
 * struct target - a fuzz target by name
 * @fn: what runs an input; NULL if it needs the woven machine and this is not it
 * @is_program: its inputs are programs; else any bytes
 * @design: backend that its programs run on; empty if none
 */
struct target {
	const char *name;
	replay_fn fn;
	bool is_program;
	const char *design;
};

/**
 * struct options - the command line
 * @full: of a trace, all of it
 * @target: --target; NULL if the files say theirs
 * @output: file to write; NULL if none was named
 * @seconds: after which an input hangs
 * @tries: candidates of the shrinker, at most
 * @argv: as main() got it, for the other machine's mmreplay
 */
extern struct options {
	enum mode mode;
	bool full;
	const struct target *target;
	const char *output;
	unsigned int seconds;
	unsigned int tries;
	char **paths;
	size_t nr_paths;
	char **argv;
} options;

/**
 * struct input - a file to replay
 * @crash: what was read; of a file that is no crash file only payload, target and design
 * @wrapped: it was a crash file
 */
struct input {
	char *path;
	struct crash_file crash;
	const struct target *target;
	bool wrapped;
};

/**
 * struct shrinking - what the shrinker's callbacks get as their argument
 * @title: to keep
 * @unit: of what becomes less, in words
 */
struct shrinking {
	const struct input *input;
	const char *title;
	const char *unit;
};

/* mmreplay.c */

/* One line on stderr; ends the program. */
void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...);

/* Return: @memory; does not return if that is NULL. */
void *must_alloc(void *memory);

/* Runs an input in a child; @brief: without its report. The caller frees @result. */
void run_input(const struct input *input, bool brief, struct replay_result *result);

/* Modes: each returns the exit status. */
int replay_one(const char *path);

void say_other_commit(const struct input *input);

/* input.c */

/* Return: NULL if this build has none of that name. */
const struct target *find_target(const char *name);

int list_targets(void);

/*
 * Whatever is wrong with the file ends the program. @needs_target: it will be run, if need be by the mmreplay of the woven
 * machine in place of this one. The caller frees @input.
 */
void load_input(struct input *input, const char *path, bool needs_target);

void free_input(struct input *input);

/* print.c */

/* @mark: the operation that fails, -1 for none; what is printed assembles all the same. */
void print_program(const struct crash_file *crash, long mark);

void print_input(const struct input *input, long mark);

/* batch.c: all files of the command line, and those below directories. */
int replay_all(void);

/* shrink_input.c */
int shrink_one(const char *path);

/* woven.c: in the mmreplay of the other machine nothing was woven. */

/* Before anything runs. */
void prepare_woven(void);

/* Whether the last run was, and told what it was like. */
bool was_woven(void);

/* The picture of the last run, to stdout. */
void print_interleaving(const struct input *input, const struct replay_result *result);

/* Whether the input takes the same way once more; what it was like goes to stdout. @result becomes the second run's. */
bool takes_the_same_way(const struct input *input, struct replay_result *result);

/* What the strategy or the random walk chose becomes part of the program, so that it can be made less. */
void make_explicit(struct input *input, const char *title);

/* Of struct shrink, @arg: a struct shrinking. How many points each operation has is known from a run of it. */
bool count_points(const struct program *candidate, unsigned int *points, void *arg);
bool reschedule(struct program *candidate, void *arg);

/* The way of the last run, for a crash file. */
void note_way(struct crash_file *crash);

/* An input that says itself what happens was found by a strategy only if it says so. */
void note_strategy(struct crash_file *crash);

#endif
