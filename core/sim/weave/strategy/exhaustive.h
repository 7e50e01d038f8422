/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the exhaustive search share: the path that is explored now, one event of it for each
 * step that a fibre took, and which of them depend on each other. The path is all that is kept between
 * runs, but for what the bounded search remembers (exhaustive_bound.c).
 *
 * Addresses hold for one run only. Words are therefore numbered in the order of their first use on the
 * path, which is the same whenever its beginning is run again.
 */
#ifndef WEAVE_EXHAUSTIVE_H
#define WEAVE_EXHAUSTIVE_H

#include <string.h>

#include "../internal.h"

#define EX_NONE (~0u)

/* What an event depends on. */
#define EX_TOUCH 1u /* an address */
#define EX_WRITE 2u /* others' accesses to that address, reads as well */
#define EX_COUNT 4u /* whether anybody has written anything: it yields, or stops where it yields */
#define EX_ALL	 8u /* everything */

/* A word of EX_WORD bytes is told from others; within it, bytes. */
#define EX_WORD_SHIFT 4
#define EX_WORD	      (1u << EX_WORD_SHIFT)

/** struct ex_access - what a step does as far as others are concerned, in the run under way */
struct ex_access {
	uintptr_t addr;
	u8 size;
	u8 flags;
};

/**
 * struct ex_event - a step on the path, and the choice that led to it
 * @enabled: fibres that could have run
 * @sleep: of these, those with which nothing new begins here (sleep set, without @done)
 * @sleep_count, @sleep_all, @sleep_wrote: which of @sleep and @done were seen to have that flag when they ran
 * @backtrack: those that must be tried here
 * @done: those that have been
 * @first_run, @since: runs that had ended before this event was met, before the present choice was made
 * @op, @nth: position, to notice a program that is not a pure function
 * @number: of the event among its fibre's, from 1
 * @previous: the one before it, of the same fibre
 * @word, @bytes, @link: the words that it touches, which bytes of them, and who touched that word last
 * @link_count, @link_all: the last one before it with EX_COUNT, EX_ALL
 * @choices: of memory, before this event; its own come next on their stack
 * @flags: EX_TOUCH...
 * @nr_words: 0 to 2
 * @new_words: of these so many were first used here
 * @ready: whether the condition that belongs to the word held before it: 0 not known, 1 no, 2 yes
 * @preemptions: up to this event
 * @from: the fibre that ran before
 * @forced: that one could not go on
 * @position: where it stood (bounded search)
 * @shared: another fibre's event depends on it in some run (bounded search)
 * @hash: of the event and all that happened before it (bounded search)
 */
struct ex_event {
	u64 enabled;
	u64 sleep;
	u64 sleep_count;
	u64 sleep_all;
	u64 sleep_wrote;
	u64 backtrack;
	u64 done;
	u64 hash;
	u64 position;
	u64 first_run;
	u64 since;
	u32 op;
	u32 nth;
	u32 number;
	u32 previous;
	u32 word[2];
	u32 link[2];
	u16 bytes[2];
	u32 link_count;
	u32 link_all;
	u32 choices;
	u32 preemptions;
	u8 fibre;
	u8 from;
	u8 kind;
	u8 flags;
	u8 nr_words;
	u8 new_words;
	u8 ready;
	bool forced;
	bool shared;
};

/** struct ex_choice - one that memory asked for: @value of @nr */
struct ex_choice {
	u16 value;
	u16 nr;
};

/**
 * struct ex_word - a word in use on the path
 * @last: event that touched it last
 * @run: in which run @ready was noted
 * @ready, @ready_arg: the condition that somebody waits for here
 */
struct ex_word {
	u32 last;
	u64 run;
	bool (*ready)(const void *arg);
	const void *ready_arg;
};

/** struct ex_slot - of the hash table from addresses to words; valid if @run is the one under way */
struct ex_slot {
	uintptr_t key;
	u64 run;
	u32 word;
};

struct ex_bound;

/**
 * struct explorer - an exploration, and the run under way
 * @nr_fibres: of each run
 * @nr: events on the path
 * @depth: events begun in this run; up to @nr they repeat the path
 * @final: events before this one are complete: linked, with clocks
 * @nr_choices, @choice: on their stack, and which is next in this run
 * @clocks: @nr_fibres numbers an event: of each fibre the last event that happened before it
 * @places: of each fibre its events in their order, those up to @newest; @nr_fibres numbers, one of each, after the other
 * @newest: of each fibre the last event on the path
 * @born: the event that spawned it
 * @last_count, @last_all: see link_count, link_all
 * @now: the step under way, in terms of this run
 * @writes, @waiting, @barriers: weave->writes, memory_waiting(), memory_barriers() when it began
 * @deviated: a choice of memory in it was not the default
 * @lost: this run does nothing new from here on, and nothing is kept of it
 * @runs, @lost_runs: so far
 */
struct explorer {
	unsigned int nr_fibres;
	u32 nr;
	u32 depth;
	u32 final;
	u32 max_events;
	struct ex_event *events;
	u32 *clocks;
	u32 *places;
	struct ex_choice *choices;
	u32 nr_choices;
	u32 choice;
	u32 max_choices;
	u32 newest[WEAVE_MAX_FIBRES];
	u32 born[WEAVE_MAX_FIBRES];
	u32 last_count;
	u32 last_all;
	struct ex_word *words;
	u32 nr_words;
	u32 max_words;
	struct ex_slot *slots;
	u32 nr_slots;
	struct ex_access now;
	u64 writes;
	u64 waiting;
	u64 barriers;
	bool deviated;
	bool lost;
	bool complete;
	u64 run;
	u64 lost_runs;
	struct ex_bound *bound;
};

static inline u32 *ex_clock(const struct explorer *x, u32 event)
{
	return x->clocks + (size_t)event * x->nr_fibres;
}

/* Which event the @number-th of @fibre is. */
static inline u32 *ex_place(const struct explorer *x, unsigned int fibre, u32 number)
{
	return &x->places[(size_t)(number - 1) * x->nr_fibres + fibre];
}

/* ---- exhaustive_order.c: what depends on what ---- */

/** ex_access_of() - what fibre @f would do from where it stands */
struct ex_access ex_access_of(const struct weave *weave, const struct weave_fibre *f);
/** ex_conflict() - of two events on the path */
bool ex_conflict(const struct ex_event *a, const struct ex_event *b);
/** ex_overlap() - of two accesses in this run, flags aside */
bool ex_overlap(const struct ex_access *a, const struct ex_access *b);

/** ex_locate() - event @d of @f touches what x->now does; ex_again() - the same when it is repeated */
void ex_locate(struct explorer *x, u32 d, const struct weave_fibre *f);
void ex_again(struct explorer *x, u32 d);
/** ex_condition() - a fibre waits for @f->ready at x->word; remembered for ex_event.ready */
void ex_condition(struct explorer *x, const struct weave_fibre *f);

/** ex_link(), ex_unlink() - the last event of the path becomes known to those after it, or is forgotten */
void ex_link(struct explorer *x, u32 d);
void ex_unlink(struct explorer *x, u32 d);

/**
 * struct ex_walk - the events before @d with which it conflicts, newest first
 * @keep_on: do not stop at what has overwritten everything
 */
struct ex_walk {
	u32 d;
	u32 at[2];
	u16 left[2];
	u32 at_count;
	u32 at_all;
	u32 each;
	bool keep_on;
};

void ex_walk_begin(const struct explorer *x, struct ex_walk *walk, u32 d);
/** ex_walk_next() - the next of them, or EX_NONE */
u32 ex_walk_next(const struct explorer *x, struct ex_walk *walk);

/* ---- exhaustive_dpor.c ---- */

/** ex_order() - clock of the last event @d, and what must be tried because of the races that it ends */
void ex_order(struct explorer *x, u32 d);
/** ex_sleep() - sleep set of the new event @d, from what the one before it did */
void ex_sleep(struct explorer *x, const struct weave *weave, u32 d);

/* ---- exhaustive_bound.c ---- */

void ex_bound_new(struct explorer *x, unsigned int bound);
void ex_bound_free(struct explorer *x);
/** ex_bound_order() - event @d is complete: which ones are shared, hash */
void ex_bound_order(struct explorer *x, u32 d);
/** ex_bound_stand() - the new event @d: who stood where */
void ex_bound_stand(struct explorer *x, const struct weave *weave, u32 d);
/** ex_bound_known() - what follows the new event @d was explored already */
bool ex_bound_known(struct explorer *x, u32 d);
/** ex_bound_left() - which fibres are left to be tried in place of event @d; ex_bound_pass() - none is */
u64 ex_bound_left(const struct explorer *x, u32 d);
void ex_bound_pass(struct explorer *x, u32 d);
/** ex_bound_again() - all is explored, but some of it before enough was known: once more */
bool ex_bound_again(struct explorer *x);

#endif /* WEAVE_EXHAUSTIVE_H */
