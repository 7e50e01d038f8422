/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running inputs in a child process, so that whatever they do can be told and survived.
 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sim/bug.h>

/** enum replay_verdict - how a run ended */
enum replay_verdict {
	REPLAY_PASSED,
	REPLAY_FAILED,
	REPLAY_IMPOSSIBLE
};

/**
 * struct replay_result - what came of a run
 * @verdict: REPLAY_IMPOSSIBLE: no child could be made, or the surroundings did not let it go on
 *	(@title says why)
 * @title: of the finding: "RULE in FUNC" of mm_bug(), else what the sanitizer's summary says, else
 *	the signal, or "timeout"
 * @at: REPLAY_FAILED of replay_many(): index of the input that failed
 * @note: what the replay_note_fn said when it failed, else -1
 * @output: what the child printed, NULL if nothing could be had; replay_result_free()
 */
struct replay_result {
	enum replay_verdict verdict;
	char title[256];
	size_t at;
	long note;
	char *output;
	size_t output_size;
};

typedef int (*replay_fn)(const uint8_t *data, size_t size);

/**
 * typedef replay_note_fn - asked in the child, when it fails, for a number that the parent wants
 *
 * Runs amid a broken machine: it may only look. -1 for nothing to say.
 */
typedef long (*replay_note_fn)(void);

/** replay_set_note() - who is asked; NULL for nobody */
void replay_set_note(replay_note_fn fn);

/**
 * replay_set_hooks() - who is called in the child when an input begins, and when it is over
 * @over: given what mm_bug() found, else NULL: the input passed, or a sanitizer ends the process
 *
 * After a finding @over, too, runs amid a broken machine.
 */
typedef void (*replay_begin_fn)(void);
typedef void (*replay_over_fn)(const struct sim_bug_report *report);
void replay_set_hooks(replay_begin_fn begin, replay_over_fn over);

/** struct replay_input - one of several inputs */
struct replay_input {
	const uint8_t *data;
	size_t size;
};

/**
 * replay_many() - run inputs one after the other in one child, up to the first that fails
 * @seconds: that each may take
 * @brief: only the title is wanted: leave at mm_bug() without a word or a stack
 *
 * Each input is run from a copy of exactly its size, so that a sanitizer sees reads past its end.
 * Leaks count as failures where a leak checker is linked and on.
 */
void replay_many(replay_fn fn, const struct replay_input *inputs, size_t nr, unsigned int seconds,
		 bool brief, struct replay_result *result);

/** replay_result_free() - give the output back */
void replay_result_free(struct replay_result *result);

/**
 * replay_summary_title() - the title that a sanitizer's output gives
 * @title: "AddressSanitizer: heap-use-after-free in buddy_merge"; without addresses, files and
 *	lines
 *
 * Return: false when there is no summary in it.
 */
bool replay_summary_title(const char *output, char *title, size_t len);

#endif /* FUZZ_REPLAY_H */
