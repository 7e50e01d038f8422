// SPDX-License-Identifier: GPL-2.0-only
/*
 * The child's side writes into memory that it shares with its parent, and does it when the input is over,
 * however that was: nothing is left of the child then. The parent's side reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <mmfuzz/backend.h>
#include <sim/bug.h>
#include <weave/symbol.h>

#include "executor_weave.h"
#include "replay.h"
#include "replay_weave.h"
#include "symbol.h"

/* A power of two, and more than any log needs that people read. */
#define NAMES (1u << 16)

/* The name of a word, or what a value says in it. */
struct name {
	uintptr_t addr;
	uint64_t value;
	bool of_value;
	bool used;
	char text[102];
};

/* Shared with the child. */
static struct {
	struct woven *woven;
	struct name *names;
	unsigned int nr_names;
	struct weave_trace_log *log;
} shared;

static void *share(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		sim_die("no %zu bytes of shared memory for the log of a run: free some", bytes);
	return memory;
}

static uint64_t events_kept(void)
{
	return shared.log->nr < shared.log->max ? shared.log->nr : shared.log->max;
}

/* ---- names, an open hash table ---- */

/* Where the name is, or would be; NULL: the table is full. */
static struct name *find_name(uintptr_t addr, uint64_t value, bool of_value)
{
	uint64_t hash = (addr * 0x9e3779b97f4a7c15u ^ value) * 0xd1342543de82ef95u + of_value;

	for (unsigned int i = 0; i < NAMES / 2; i++) {
		struct name *name = &shared.names[(hash / (1ull << 40) + i) % NAMES];

		if (!name->used || (name->addr == addr && name->value == value && name->of_value == of_value))
			return name;
	}
	return NULL;
}

static void describe(uintptr_t addr, uint64_t value, bool of_value)
{
	const struct mmfuzz_backend *backend = &mmfuzz_backend_memdesc;
	struct name *name = find_name(addr, value, of_value);
	int len;

	if (!name || name->used)
		return;
	/* The core may be broken in a way that ends this one: what is there by then is whole. */
	if (of_value)
		len = backend->describe_value((void *)addr, value, name->text, sizeof(name->text));
	else
		len = backend->describe_addr((void *)addr, name->text, sizeof(name->text));
	if (len <= 0)
		name->text[0] = '\0';
	name->addr = addr;
	name->value = value;
	name->of_value = of_value;
	name->used = true;
}

static void describe_log(void)
{
	uint64_t nr = events_kept();

	for (uint64_t i = 0; i < nr; i++) {
		const struct weave_event *event = &shared.log->events[i];

		if (!event->addr)
			continue;
		describe(event->addr, 0, false);
		if (event->kind > WEAVE_EVENT_POINT_MAX)
			continue;
		describe(event->addr, event->old, true);
		describe(event->addr, event->value, true);
	}
}

static const char *name_text(uintptr_t addr, uint64_t value, bool of_value)
{
	const struct name *name = shared.names ? find_name(addr, value, of_value) : NULL;

	return name && name->used && name->text[0] ? name->text : NULL;
}

const char *replay_weave_name(uintptr_t addr)
{
	return name_text(addr, 0, false);
}

const char *replay_weave_value(uintptr_t addr, uint64_t value)
{
	return name_text(addr, value, true);
}

/* ---- the child ---- */

static void begin(void)
{
	shared.woven->known = false;
	shared.woven->text[0] = '\0';
	shared.woven->pfn = SIM_NO_PFN;
	shared.woven->pc = shared.woven->other_pc = shared.woven->addr = 0;
	if (shared.log) {
		memset(shared.names, 0, NAMES * sizeof(*shared.names));
		shared.log->nr = 0;
		shared.log->max = WOVEN_MAX_EVENTS;
		weave_trace_memory(shared.log);
	}
}

static void over(const struct sim_bug_report *report)
{
	struct woven *woven = shared.woven;
	struct weave_result result = { 0 };

	weave_stop();
	weave_so_far(&result);
	woven->points = result.points;
	woven->switches = result.switches;
	woven->preemptions = result.preemptions;
	woven->fingerprint = result.fingerprint;
	woven->truncated = result.truncated || result.schedule.nr > WOVEN_MAX_ENTRIES;
	woven->nr_entries = woven->truncated ? 0 : result.schedule.nr;
	if (woven->nr_entries)
		memcpy(woven->entries, result.schedule.entries, woven->nr_entries * sizeof(woven->entries[0]));
	woven->pc = result.pc;
	woven->other_pc = result.other_pc;
	woven->addr = result.addr;
	if (report) {
		woven->pfn = report->pfn;
		snprintf(woven->text, sizeof(woven->text), "%s", report->text);
	}
	woven->known = result.points > 0;
	if (shared.log)
		describe_log();
}

/* ---- the parent ---- */

/* The hook of the race detector's reports. */
static bool symbolize(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	const struct symbol_frame *frame = symbol_function(pc - 1);
	const char *file;

	if (!frame)
		return false;
	file = strrchr(frame->file, '/');
	snprintf(func, func_size, "%s", frame->function);
	snprintf(place, place_size, "%s:%d", file ? file + 1 : frame->file, frame->line);
	return true;
}

void replay_weave_names(void)
{
	symbol_load();
	weave_set_symbolizer(symbolize);
}

void replay_weave_prepare(bool log)
{
	if (!shared.woven) {
		replay_weave_names();
		shared.woven = share(sizeof(*shared.woven));
		replay_set_hooks(begin, over);
	}
	if (log && !shared.log) {
		shared.names = share(NAMES * sizeof(*shared.names));
		shared.log = share(sizeof(*shared.log) + WOVEN_MAX_EVENTS * sizeof(shared.log->events[0]));
	}
}

const struct woven *replay_weave_result(void)
{
	/* Looked up here once, the next child finds these in the cache that it inherits. */
	if (shared.woven->pc) {
		symbol_function(shared.woven->pc - 1);
		symbol_function(shared.woven->other_pc - 1);
	}
	return shared.woven;
}

const struct weave_trace_log *replay_weave_log(void)
{
	return shared.log;
}

bool replay_weave_explicit(struct program *program)
{
	struct woven *woven = shared.woven;
	const struct weave_schedule schedule = { woven->entries, woven->nr_entries };

	return woven->known && !woven->truncated && executor_weave_explicit(program, &schedule);
}

/* ---- two runs ---- */

/**
 * struct woven_run - a run that another one is compared with
 * @nr, @logged: events kept and logged
 */
struct woven_run {
	uint64_t fingerprint;
	uint64_t points;
	uint64_t logged;
	uint64_t nr;
	struct weave_event events[];
};

struct woven_run *replay_weave_keep(void)
{
	uint64_t nr = shared.log ? events_kept() : 0;
	struct woven_run *run = shared.log ? malloc(sizeof(*run) + nr * sizeof(run->events[0])) : NULL;

	if (!run)
		return NULL;
	run->fingerprint = shared.woven->fingerprint;
	run->points = shared.woven->points;
	run->logged = shared.log->nr;
	run->nr = nr;
	memcpy(run->events, shared.log->events, nr * sizeof(run->events[0]));
	return run;
}

void replay_weave_forget(struct woven_run *run)
{
	free(run);
}

/* Values and addresses of the heap may differ from process to process, and mean nothing for the way a run takes. */
static bool same_event(const struct weave_event *a, const struct weave_event *b)
{
	return a->kind == b->kind && a->fibre == b->fibre && a->size == b->size && a->flags == b->flags && a->op == b->op &&
	       a->nth == b->nth && a->pc == b->pc &&
	       (a->kind != WEAVE_EVENT_SWITCH || (a->old == b->old && a->value == b->value));
}

static void event_text(const struct weave_event *event, char *buf, size_t len)
{
	const struct symbol_frame *frame = event->pc ? symbol_function(event->pc - 1) : NULL;

	if (event->kind == WEAVE_EVENT_SWITCH)
		snprintf(buf, len, "CPU %u at point %u of operation %u gives way to CPU %u of runnable 0x%llx", event->fibre,
			 event->nth, event->op, (unsigned int)event->value, (unsigned long long)event->old);
	else
		snprintf(buf, len, "CPU %u at point %u of operation %u, event %u in %s", event->fibre, event->nth,
			 event->op, event->kind, frame ? frame->function : "code without a name");
}

bool replay_weave_compare(const struct woven_run *run, char *why, size_t len)
{
	uint64_t nr = events_kept();
	char a[200], b[200];

	for (uint64_t i = 0; i < nr && i < run->nr; i++) {
		if (same_event(&run->events[i], &shared.log->events[i]))
			continue;
		event_text(&run->events[i], a, sizeof(a));
		event_text(&shared.log->events[i], b, sizeof(b));
		snprintf(why, len, "event %llu: %s; then %s", (unsigned long long)i, a, b);
		return false;
	}
	if (run->logged != shared.log->nr || run->points != shared.woven->points ||
	    run->fingerprint != shared.woven->fingerprint) {
		snprintf(why, len, "%llu events, %llu points, fingerprint %016llx; then %llu, %llu, %016llx",
			 (unsigned long long)run->logged, (unsigned long long)run->points,
			 (unsigned long long)run->fingerprint, (unsigned long long)shared.log->nr,
			 (unsigned long long)shared.woven->points, (unsigned long long)shared.woven->fingerprint);
		return false;
	}
	return true;
}
