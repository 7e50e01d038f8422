/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of a run with config.trace: each event in the order in which it happened. Only records; what
 * is shown of it, and how, is the business of fuzz/trace.c.
 */
#ifndef WEAVE_TRACE_H
#define WEAVE_TRACE_H

#include <mmfuzz/weave.h>

/** enum weave_event_kind - beyond enum weave_kind, which events of points have */
enum weave_event_kind {
	WEAVE_EVENT_POINT_MAX = 31,
	WEAVE_EVENT_ENTER, /* a function, called from pc; its own address in value when known, else 0 */
	WEAVE_EVENT_EXIT,
	WEAVE_EVENT_SWITCH,    /* value: the fibre that goes on; forced in size */
	WEAVE_EVENT_INTERRUPT, /* value as in the schedule */
	WEAVE_EVENT_DRAIN,     /* a waiting store of this fibre reaches memory */
	WEAVE_EVENT_FREED,     /* value: length */
	WEAVE_EVENT_NOTE,      /* the harness says something: text */
	WEAVE_EVENT_RACE,      /* the finding: at addr */
};

/**
 * struct weave_event - one event
 * @kind: enum weave_kind of an access (plain ones as well, points or not), or enum weave_event_kind
 * @fibre: whose
 * @size, @addr, @pc, @op, @nth: as of a point
 * @value: read or written, the low 8 bytes; after the access
 * @flags: WEAVE_TRACE_*
 * @text: WEAVE_EVENT_NOTE: a literal or NULL
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
	uint64_t value;
	const char *text;
};

#define WEAVE_TRACE_STALE   1u /* an older value was read */
#define WEAVE_TRACE_DELAYED 2u /* the store waits */
#define WEAVE_TRACE_FAILED  4u /* a cmpxchg that did not store */

/**
 * weave_trace_memory() - where the log goes: memory of the caller's, which may be shared with a parent
 * @header: how many events were logged is kept here; more than @max are counted and lost
 */
struct weave_trace_log {
	uint64_t nr;
	uint64_t max;
	struct weave_event events[];
};
void weave_trace_memory(struct weave_trace_log *log);

/** trace_event() - log one; only with WEAVE_HOT_TRACE */
void trace_event(const struct weave_event *event);
/** weave_note() - the harness says what happens, in the running fibre's column; @text a literal */
void weave_note(const char *text, uint64_t value);

#endif /* WEAVE_TRACE_H */
