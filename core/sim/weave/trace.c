// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of a run; see trace.h. Must not decide anything, and must leave the log whole at each moment: the
 * process may end at the next instruction, and then its parent reads what is there.
 */
#include "internal.h"
#include "trace.h"

static struct weave_trace_log *trace_log;
/* The last access, while what it leaves behind is not known yet. */
static struct weave_event *unsettled;
static void (*trace_names)(struct weave_event *event);

void weave_trace_memory(struct weave_trace_log *log)
{
	trace_log = log;
	unsettled = NULL;
}

void weave_trace_restart(void)
{
	if (trace_log)
		trace_log->nr = 0;
	unsettled = NULL;
}

void weave_trace_names(void (*fn)(struct weave_event *event))
{
	trace_names = fn;
}

bool trace_wanted(void)
{
	return trace_log != NULL;
}

/* Byte by byte: memcpy() would be ASan's, which finds what the access itself is to be blamed for. */
static u64 peek(const struct weave_event *event)
{
	const volatile u8 *byte = (const volatile u8 *)event->addr;
	u64 value = 0;

	if (event->addr < 4096)
		return 0;
	for (unsigned int i = 0; i < min_t(unsigned int, event->size, sizeof(value)); i++)
		value |= (u64)byte[i] << (8 * i);
	return value;
}

/* The caller's code may be instrumented, and is no part of the run. */
static void name(struct weave_event *event)
{
	const struct weave_hot hot = weave_hot;

	if (!trace_names || !event->addr)
		return;
	weave_hot.private_lo = 0;
	weave_hot.private_size = ~0ul - 1;
	weave_hot.flags = 0;
	trace_names(event);
	weave_hot = hot;
}

/* Only fibres write, and one of them runs: nobody has been there since. */
static void settle(void)
{
	struct weave_event *event = unsettled;

	if (!event)
		return;
	unsettled = NULL;
	event->value = peek(event);
	name(event);
}

static bool is_store(const struct weave_event *event)
{
	return event->kind == WEAVE_STORE || event->kind == WEAVE_PLAIN_STORE;
}

/* A word that was an address is used again for something smaller: one of a union. */
static bool into_address(const struct weave_event *event)
{
	const struct weave_event whole = { .addr = event->addr & ~7ul, .size = 8 };
	u64 word;

	if (event->size >= 8)
		return false;
	word = peek(&whole);
	return !(word >> 48) && word >> 40 >= 0x55;
}

static bool on_stack(const struct weave_event *event)
{
	for (unsigned int i = 0; weave_now && i < weave_now->nr; i++) {
		const struct fibre *context = weave_now->fibres[i].context;

		if (event->addr - context->stack_lo < context->stack_bytes)
			return true;
	}
	return false;
}

/* Before a store is made. */
static struct weave_event *append(const struct weave_event *event)
{
	struct weave_event *to = NULL;

	if (trace_log->nr < trace_log->max) {
		to = &trace_log->events[trace_log->nr];
		*to = *event;
		if (is_store(event) && on_stack(event))
			to->flags |= WEAVE_TRACE_STACK;
		else if (is_store(event) && into_address(event))
			to->flags |= WEAVE_TRACE_PART;
	}
	/* Counted when it is there. */
	barrier();
	trace_log->nr++;
	return to;
}

void trace_event(const struct weave_event *event)
{
	struct weave_event *to;

	settle();
	to = append(event);
	if (to)
		name(to);
}

void trace_access(const struct weave_event *event)
{
	struct weave_event known = *event;

	settle();
	/* A first approximation of @value, should this be the end. */
	known.old = known.value = peek(event);
	unsettled = append(&known);
}

void trace_end(void)
{
	settle();
}

void trace_failed(void)
{
	if (unsettled)
		unsettled->flags |= WEAVE_TRACE_FAILED;
}

void weave_note(const char *text, uint64_t value)
{
	const struct weave_fibre *f;

	if (!weave_running() || !(weave_hot.flags & WEAVE_HOT_TRACE))
		return;
	f = &weave_now->fibres[weave_now->current];
	trace_event(&(struct weave_event){ .kind = WEAVE_EVENT_NOTE,
					   .fibre = (u8)weave_hot.cpu,
					   .op = f->op,
					   .nth = weave_hot.nth,
					   .value = value,
					   .text = text });
}
