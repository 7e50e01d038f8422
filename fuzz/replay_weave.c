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

/* Powers of two: bytes of all names, and room to find one again. */
#define NAME_BYTES (8u << 20)
#define NAME_SLOTS (1u << 17)

/* Names one behind the other, each with its zero; position 0 stands for no name. */
struct names {
	uint32_t used;
	char text[NAME_BYTES];
};

/* Shared with the child, but for the last. */
static struct {
	struct woven *woven;
	struct names *names;
	struct weave_trace_log *memory;
	struct weave_trace_log *log; /* the same, while it is wanted */
	uint32_t *slots;	     /* the child's: where a name is, by its hash */
} shared;

static void *share(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		sim_die("no %zu bytes of shared memory for the log of a run: free some", bytes);
	return memory;
}

static uint64_t events_kept(void)
{
	const struct weave_trace_log *log = shared.memory;

	return log->nr < log->max ? log->nr : log->max;
}

/* ---- names ---- */

/* Position of the text; it is there once. 0: no room is left. */
static uint32_t intern(const char *text)
{
	size_t len = strlen(text) + 1;
	uint32_t hash = 2166136261u;

	for (const char *at = text; *at; at++)
		hash = (hash ^ (unsigned char)*at) * 16777619u;
	for (unsigned int i = 0; i < NAME_SLOTS; i++) {
		uint32_t *slot = &shared.slots[(hash + i) % NAME_SLOTS];

		if (*slot && strcmp(&shared.names->text[*slot], text))
			continue;
		if (*slot)
			return *slot;
		if (shared.names->used + len > NAME_BYTES)
			return 0;
		*slot = shared.names->used;
		memcpy(&shared.names->text[*slot], text, len);
		shared.names->used += len;
		return *slot;
	}
	return 0;
}

static const struct mmfuzz_backend *backend = &mmfuzz_backend_memdesc;

void replay_weave_backend(const struct mmfuzz_backend *new_backend)
{
	backend = new_backend;
}

/* In the child, in the midst of a run: descriptors are another frame's before long. */
static void name_event(struct weave_event *event)
{
	const void *addr = (const void *)event->addr;
	char text[128];

	if (backend->describe_addr(addr, text, sizeof(text)) > 0)
		event->names[NAME_OF_WORD] = intern(text);
	if (event->kind > WEAVE_EVENT_POINT_MAX)
		return;
	if (backend->describe_value(addr, event->old, text, sizeof(text)) > 0)
		event->names[NAME_OF_OLD] = intern(text);
	if (backend->describe_value(addr, event->value, text, sizeof(text)) > 0)
		event->names[NAME_OF_VALUE] = intern(text);
}

const char *replay_weave_name(const struct weave_event *event, enum replay_weave_name which)
{
	return event->names[which] ? &shared.names->text[event->names[which]] : NULL;
}

/* ---- the child ---- */

static void begin(void)
{
	shared.woven->known = false;
	shared.woven->text[0] = '\0';
	shared.woven->pfn = SIM_NO_PFN;
	shared.woven->pc = shared.woven->other_pc = shared.woven->addr = 0;
	if (shared.log) {
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
		memcpy(woven->entries, result.schedule.entries,
		       woven->nr_entries * sizeof(woven->entries[0]));
	woven->pc = result.pc;
	woven->other_pc = result.other_pc;
	woven->addr = result.addr;
	if (report) {
		woven->pfn = report->pfn;
		snprintf(woven->text, sizeof(woven->text), "%s", report->text);
	}
	woven->known = result.points > 0;
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

void replay_weave_prepare(void)
{
	replay_weave_names();
	shared.woven = share(sizeof(*shared.woven));
	replay_set_hooks(begin, over);
}

void replay_weave_set_log(bool on, bool named)
{
	if (on && !shared.memory) {
		shared.names = share(sizeof(*shared.names));
		shared.names->used = 1;
		shared.slots = share(NAME_SLOTS * sizeof(*shared.slots));
		shared.memory = share(sizeof(*shared.memory) +
				      WOVEN_MAX_EVENTS * sizeof(shared.memory->events[0]));
	}
	shared.log = on ? shared.memory : NULL;
	weave_trace_names(on && named ? name_event : NULL);
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

/*
 * Few switches first, then, for failures that need several CPUs to take turns, walks that switch seldom. A strategy
 * knows by itself when it has no more schedules with so few.
 */
#define SEARCH_SCHEDULES 2000u

static const struct search {
	const char *strategy;
	unsigned int bound;
	unsigned int gap;
} searches[] = {
	{ "bounded", 1, 0 },  { "bounded", 2, 0 }, { "bounded", 3, 0 }, { "bounded", 5, 0 },
	{ "random", 0, 100 }, { "random", 0, 50 }, { "random", 0, 25 }, { "pct", 0, 0 },
};

static char wanted[sizeof(((struct weave_result *)0)->title)];

void replay_weave_search_for(const char *title)
{
	snprintf(wanted, sizeof(wanted), "%s", title);
}

/* The same again, not caught: the child's end, as if it had run nothing else. */
static void end_with(const struct program *program, const struct weave_schedule *schedule)
{
	struct weave_schedule none;
	struct weave_config config;

	executor_weave_config(program, &none, &config);
	config.schedule = schedule;
	sim_bug_quiet(false);
	executor_run_weave(backend, program, weave_new(&config), NULL);
}

/* One more schedule; false when the strategy has none left. */
static bool search_on(const struct program *program, struct weave *weave)
{
	static struct weave_entry entries[PROGRAM_MAX_SWITCHES];
	struct weave_schedule schedule = { entries, 0 };
	struct weave_result result;

	if (!executor_run_weave(backend, program, weave, &result))
		return false;
	if (!result.found || strcmp(result.title, wanted) || result.truncated ||
	    result.schedule.nr > PROGRAM_MAX_SWITCHES)
		return true;
	schedule.nr = result.schedule.nr;
	memcpy(entries, result.schedule.entries, schedule.nr * sizeof(entries[0]));
	end_with(program, &schedule);
	return false;
}

int replay_weave_search(const uint8_t *data, size_t size)
{
	static struct program program;
	struct weave_schedule none;
	struct weave_config config;

	program_decode(&program, data, size);
	program.nr_switches = 0;
	executor_weave_config(&program, &none, &config);
	config.catch = true;
	sim_bug_quiet(true);
	for (unsigned int i = 0; i < ARRAY_SIZE(searches); i++) {
		struct weave *weave;

		config.strategy = weave_strategy_find(searches[i].strategy);
		config.bound = searches[i].bound;
		config.gap = searches[i].gap;
		weave = weave_new(&config);
		for (unsigned int n = 0; n < SEARCH_SCHEDULES && search_on(&program, weave); n++)
			;
		weave_free(weave);
	}
	return 0;
}

bool replay_weave_points(unsigned int points[PROGRAM_MAX_OPS])
{
	if (!shared.memory || !shared.woven->known)
		return false;
	memset(points, 0, PROGRAM_MAX_OPS * sizeof(points[0]));
	for (uint64_t i = 0; i < events_kept(); i++) {
		const struct weave_event *event = &shared.memory->events[i];

		if (event->op < PROGRAM_MAX_OPS && event->nth >= points[event->op])
			points[event->op] = event->nth + 1;
	}
	return true;
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
	struct woven_run *run =
		shared.log ? malloc(sizeof(*run) + nr * sizeof(run->events[0])) : NULL;

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
	return a->kind == b->kind && a->fibre == b->fibre && a->size == b->size &&
	       a->flags == b->flags && a->op == b->op && a->nth == b->nth && a->pc == b->pc &&
	       (a->kind != WEAVE_EVENT_SWITCH || (a->old == b->old && a->value == b->value));
}

static void event_text(const struct weave_event *event, char *buf, size_t len)
{
	const struct symbol_frame *frame = event->pc ? symbol_function(event->pc - 1) : NULL;

	if (event->kind == WEAVE_EVENT_SWITCH)
		snprintf(
			buf, len,
			"CPU %u at point %u of operation %u gives way to CPU %u of runnable 0x%llx",
			event->fibre, event->nth, event->op, (unsigned int)event->value,
			(unsigned long long)event->old);
	else
		snprintf(buf, len, "CPU %u at point %u of operation %u, event %u in %s",
			 event->fibre, event->nth, event->op, event->kind,
			 frame ? frame->function : "code without a name");
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
		snprintf(why, len,
			 "%llu events, %llu points, fingerprint %016llx; then %llu, %llu, %016llx",
			 (unsigned long long)run->logged, (unsigned long long)run->points,
			 (unsigned long long)run->fingerprint, (unsigned long long)shared.log->nr,
			 (unsigned long long)shared.woven->points,
			 (unsigned long long)shared.woven->fingerprint);
		return false;
	}
	return true;
}
