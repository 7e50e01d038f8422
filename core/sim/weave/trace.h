/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of a run: each event in the order in which it happened. Only records; what
 * is shown of it, and how, is the business of fuzz/diagram.c.
 */
#ifndef WEAVE_TRACE_H
#define WEAVE_TRACE_H

#include <mmfuzz/weave.h>

/** enum weave_event_kind - beyond enum weave_kind, which events of points have */
enum weave_event_kind {
	WEAVE_EVENT_POINT_MAX = 31,
	WEAVE_EVENT_ENTER, /* a function, called from pc; its own address in value when known, else 0 */
	WEAVE_EVENT_EXIT,
	WEAVE_EVENT_SWITCH, /* value: the fibre that goes on; old: mask of those that could; size: forced */
	WEAVE_EVENT_INTERRUPT, /* value as in the schedule */
	WEAVE_EVENT_DRAIN,     /* a waiting store of this fibre reaches memory */
	WEAVE_EVENT_FREED,     /* value: length */
	WEAVE_EVENT_NOTE,      /* the harness says something: text */
	WEAVE_EVENT_RACE,      /* a data race, at addr: the access before it is one of the two */
};

/**
 * struct weave_event - one event
 * @kind: enum weave_kind of an access (plain ones as well, points or not), or enum weave_event_kind
 * @fibre: whose
 * @size, @addr, @pc, @op, @nth: as of a point
 * @old, @value: what was at @addr before and after the access, the low 8 bytes
 * @flags: WEAVE_TRACE_*
 * @text: WEAVE_EVENT_NOTE: a literal or NULL
 * @names: for weave_trace_names() to fill in: what @addr, @old and @value are called; 0: nothing
 */
struct weave_event {
	uint8_t kind;
	uint8_t fibre;
	uint8_t size;
	uint8_t flags;
	uint32_t op;
	uint32_t nth;
	uintptr_t addr;
	uintptr_t pc;
	uint64_t old;
	uint64_t value;
	const char *text;
	uint32_t names[3];
};

#define WEAVE_TRACE_STALE   1u /* an older value was read */
#define WEAVE_TRACE_DELAYED 2u /* the store waits */
#define WEAVE_TRACE_FAILED  4u /* a cmpxchg that did not store */
#define WEAVE_TRACE_PART    8u /* a store into an address, as it seems: @old is a part of it, and another one in each run */
#define WEAVE_TRACE_STACK   16u /* a store to the stack of a fibre: @old may be anything */

/**
 * struct weave_trace_log - where the log goes: memory of the caller's, which may be shared with a parent
 * @nr: events logged so far
 * @max: room for so many; later ones are counted and lost
 */
struct weave_trace_log {
	uint64_t nr;
	uint64_t max;
	struct weave_event events[];
};

/**
 * weave_trace_memory() - runs from now on are logged there; NULL: no more
 *
 * A new run begins where the one before ended: the caller sets @nr to 0 if that is not wanted. Logging changes nothing
 * of a run but its speed.
 */
void weave_trace_memory(struct weave_trace_log *log);
/** weave_trace_restart() - between runs: the log, if there is one, is that of the runs from now on */
void weave_trace_restart(void);

/**
 * weave_trace_names() - who names what an event is about, while it still is so
 * @fn: called once for each event that has an address, when its @value is known; it may look at everything, of which
 *	nothing is a point, judged or logged. NULL: nobody
 */
void weave_trace_names(void (*fn)(struct weave_event *event));

/** weave_note() - the harness says what happens, in the running fibre's column; @text a literal */
void weave_note(const char *text, uint64_t value);

/* ---- for core/sim/weave; only with WEAVE_HOT_TRACE ---- */

/** trace_wanted() - there is memory for the log of a run that begins */
bool trace_wanted(void);
/** trace_event() - log one as it is */
void trace_event(const struct weave_event *event);
/**
 * trace_access() - log one that is about to be made by its instruction, at once or after the last check of it
 *
 * Fills in @old now, and @value when the next event comes.
 */
void trace_access(const struct weave_event *event);
/** trace_end() - nothing more will come: the last access was made, or never will be */
void trace_end(void);
/** trace_failed() - the last access was a cmpxchg, and did not store */
void trace_failed(void);

#endif /* WEAVE_TRACE_H */
