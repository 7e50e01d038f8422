// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hints for the mutator (hints_weave.h): a logged run, a table of the words in it, and then the points at
 * those that are shared, in the order of the run. A word's address only tells it from others: it
 * must not show in what comes out.
 */
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>
#include <trace.h>

#include "executor_weave.h"
#include "hints_weave.h"
#include "oracle.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

#define MAX_EVENTS 32768u
#define MAX_WORDS  8192u /* a power of two, more than are in use */

/** struct word - eight bytes that somebody accesses */
struct word {
	uintptr_t addr;
	uint64_t fibres;
	bool written;
};

static struct word words[MAX_WORDS];
static unsigned int nr_words;

/* Its entry; NULL when it has none and there is no room for more. */
static struct word *find_word(uintptr_t addr)
{
	unsigned int at = (addr >> 3) * 0x9e3779b97f4a7c15ull >> 32;

	for (;; at++) {
		struct word *word = &words[at % MAX_WORDS];

		if (word->addr == addr >> 3)
			return word;
		if (word->addr)
			continue;
		if (nr_words == MAX_WORDS / 2)
			return NULL;
		nr_words++;
		word->addr = addr >> 3;
		return word;
	}
}

static bool writes(const struct weave_event *event)
{
	return event->kind == WEAVE_STORE || event->kind == WEAVE_RMW ||
	       event->kind == WEAVE_PLAIN_STORE;
}

static bool at_point(const struct weave_event *event, bool plain_points)
{
	switch (event->kind) {
	case WEAVE_LOAD:
	case WEAVE_STORE:
	case WEAVE_RMW:
		return true;
	case WEAVE_PLAIN_LOAD:
	case WEAVE_PLAIN_STORE:
		return plain_points;
	default:
		return false;
	}
}

static bool is_shared(const struct weave_event *event)
{
	const struct word *word = find_word(event->addr);

	return word && word->written && word->fibres & (word->fibres - 1);
}

static void note_words(const struct weave_trace_log *log, unsigned int nr, bool plain_points)
{
	memset(words, 0, sizeof(words));
	nr_words = 0;
	for (unsigned int i = 0; i < nr; i++) {
		const struct weave_event *event = &log->events[i];
		struct word *word = at_point(event, plain_points) ? find_word(event->addr) : NULL;

		if (!word)
			continue;
		word->fibres |= 1ull << event->fibre;
		word->written |= writes(event);
	}
}

static struct weave_trace_log *get_log(void)
{
	static struct weave_trace_log *log;

	if (!log)
		log = malloc(sizeof(*log) + MAX_EVENTS * sizeof(log->events[0]));
	if (!log)
		sim_die("no memory for a log of %u events; free some", MAX_EVENTS);
	log->nr = 0;
	log->max = MAX_EVENTS;
	return log;
}

static void run_logged(const struct mmfuzz_backend *backend, const struct program *program,
		       struct weave_trace_log *log)
{
	struct weave *weave = executor_weave(program, true);

	weave_trace_memory(log);
	executor_begin(backend, program, true);
	executor_weave_cpus(program, weave, NULL);
	weave_trace_memory(NULL);
}

unsigned int program_find_hints(const struct mmfuzz_backend *backend, const struct program *program,
				struct program_hint *hints)
{
	const bool plain_points = program->header.plain_points;
	struct weave_trace_log *log = get_log();
	unsigned int nr_events, nr = 0;

	run_logged(backend, program, log);
	nr_events = log->nr < log->max ? log->nr : log->max;
	note_words(log, nr_events, plain_points);
	for (unsigned int i = 0; i < nr_events && nr < PROGRAM_MAX_HINTS; i++) {
		const struct weave_event *event = &log->events[i];

		if (at_point(event, plain_points) && event->op < program->nr_ops &&
		    is_shared(event))
			hints[nr++] = (struct program_hint){ event->op, event->nth };
	}
	return nr;
}

unsigned int program_look(const struct mmfuzz_backend *backend, const struct program *program, unsigned int from)
{
	unsigned long max_pfn = machine_profiles[program->header.profile].config.max_pfn;
	unsigned long frame;

	executor_begin(backend, program, true);
	executor_weave_cpus(program, executor_weave(program, true), NULL);
	frame = oracle_next_out(from);
	if (frame >= max_pfn)
		frame = oracle_next_out(0);
	return frame < max_pfn ? (unsigned int)frame : from;
}

#ifdef __clang__
#pragma clang attribute pop
#endif
