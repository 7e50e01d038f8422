/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a child that ran a program woven leaves behind for its parent: the schedule that happened, the log,
 * and the names of words, which only the machine that it ran on knows. Only in weave builds.
 *
 *	replay_weave_prepare();
 *	replay_weave_set_log(true, true);
 *	replay_many(fuzz_weave_memdesc, &input, 1, ...);
 *	woven = replay_weave_result();
 */
#ifndef FUZZ_REPLAY_WEAVE_H
#define FUZZ_REPLAY_WEAVE_H

#include <stdbool.h>
#include <stdint.h>

#include <mmfuzz/weave.h>
#include <weave/trace.h>

#include "program.h"

/** WOVEN_MAX_ENTRIES - of the schedule that happened; a longer one is cut off */
#define WOVEN_MAX_ENTRIES (1u << 16)
/** WOVEN_MAX_EVENTS - of the log; later ones are counted and lost */
#define WOVEN_MAX_EVENTS  (2u << 20)

/**
 * struct woven - what came of the last run in the child
 * @known: a program was run woven
 * @truncated: there were more than WOVEN_MAX_ENTRIES
 * @points, @switches, @preemptions, @fingerprint: see struct weave_result
 * @pc, @other_pc, @addr: the accesses of a data race and their word, else 0
 * @pfn: frame of the finding, or SIM_NO_PFN
 * @text: the line that describes it; empty when a sanitizer found it, or nothing was found
 * @entries: what happened in place of the default, sorted
 */
struct woven {
	bool known;
	bool truncated;
	uint64_t points;
	uint64_t switches;
	uint64_t preemptions;
	uint64_t fingerprint;
	uintptr_t pc;
	uintptr_t other_pc;
	uintptr_t addr;
	unsigned long pfn;
	char text[1024];
	unsigned int nr_entries;
	struct weave_entry entries[WOVEN_MAX_ENTRIES];
};

/** replay_weave_backend() - what the children's programs run on; memdesc if nobody says otherwise */
void replay_weave_backend(const struct mmfuzz_backend *new_backend);

/** replay_weave_names() - titles of data races are named by the debug information, which is read now */
void replay_weave_names(void);

/**
 * replay_weave_prepare() - from now on children say what came of their runs
 *
 * Also has titles of data races named by the debug information, which is read now and not in each child.
 */
void replay_weave_prepare(void);

/** replay_weave_set_log() - whether children log their runs from now on, and whether @named words */
void replay_weave_set_log(bool on, bool named);

/** replay_weave_result() - of the last child; valid until the next one runs */
const struct woven *replay_weave_result(void);

/** replay_weave_log() - of the last child; NULL when it did not log. Valid likewise */
const struct weave_trace_log *replay_weave_log(void);

/** enum replay_weave_name - which one of an event's names: of its word, and what was in that before and afterwards */
enum replay_weave_name {
	NAME_OF_WORD,
	NAME_OF_OLD,
	NAME_OF_VALUE
};

/** replay_weave_name() - as the child's core had it at that moment; NULL: none, or no more than its number */
const char *replay_weave_name(const struct weave_event *event, enum replay_weave_name which);

/**
 * replay_weave_explicit() - write the schedule of the last child into the program that it ran
 *
 * Then nothing of it hangs on the random walk that goes on where a schedule ends. Return: false when the schedule does
 * not fit; @program is as it was.
 */
bool replay_weave_explicit(struct program *program);

/**
 * replay_weave_search() - a child's function: the program under some thousand schedules of few switches
 *
 * For replay_many() in place of the target; takes what fuzz_weave_memdesc takes. Ends with the first schedule that
 * gives the finding that is looked for; replay_weave_explicit() knows it then. The program's own switches count for
 * nothing. What a sanitizer finds, or the last check, ends it as well, whatever it is.
 */
int replay_weave_search(const uint8_t *data, size_t size);

/** replay_weave_search_for() - the title that children look for from now on */
void replay_weave_search_for(const char *title);

/** replay_weave_points() - how many points each operation has had; false without a log */
bool replay_weave_points(unsigned int points[PROGRAM_MAX_OPS]);

/** replay_weave_keep() - remember what came of the last child for replay_weave_compare(); NULL without a log */
struct woven_run *replay_weave_keep(void);
void replay_weave_forget(struct woven_run *run);

/**
 * replay_weave_compare() - whether the last child took the same way as @run
 * @why: set to the first difference otherwise
 *
 * Asks who could run at each switch, who did, and for each access where it was made, in which operation, and at which
 * point of it.
 */
bool replay_weave_compare(const struct woven_run *run, char *why, size_t len);

#endif /* FUZZ_REPLAY_WEAVE_H */
