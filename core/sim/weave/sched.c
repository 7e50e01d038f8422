// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler of the woven machine: who runs, where it may be switched away from, what was chosen. It
 * follows the given schedule, then asks the strategy, and notes each deviation from the default.
 *
 * Must not know what an access means (race.c, memory.c) nor why a strategy chooses what it does. All
 * that decides here is a pure function of configuration and program: no addresses, no time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "memory.h"
#include "race.h"
#include "trace.h"

/* More deviations than this are counted and lost. */
#define MAX_RECORD	   (1u << 16)
/* So often may all fibres yield in turn, with nobody writing anything, before it is a livelock. */
#define MAX_IDLE	   1000u
/* Who has gone through so many points since anybody wrote waits for somebody, whether it says so by cpu_relax() or not. */
#define MAX_SPIN	   2048u
/* So has who writes meanwhile, after so many since it was switched to: a reference taken and dropped in each try. */
#define MAX_TURN	   32768u
#define DEFAULT_MAX_POINTS 1000000u

struct weave_hot weave_hot __aligned(64) = { .private_size = ~0ul, .self = &sim_cpus[0] };
struct weave *weave_now;
u64 weave_rcu_word;

/* Of the run under way. */
static struct {
	void (*fn)(unsigned int fibre, void *arg);
	void *arg;
	/* Entries of config.schedule that have not been met or passed by. */
	unsigned int list_left;
	/* weave_hot.nth up to which points have been counted. */
	u32 counted;
	unsigned int idle;
	/* weave.writes when it was last counted. */
	u64 idle_writes;
	unsigned int nr_ended;
	u64 points;
	u64 switches;
	u64 preemptions;
	u64 fingerprint;
	bool abandoned;
	struct weave_result *result;
	struct weave_entry *record;
	unsigned int nr_record;
	bool truncated;
	bool redundant;
} run;

static struct weave_fibre *current_fibre(void)
{
	return &weave_now->fibres[weave_now->current];
}

bool weave_running(void)
{
	return weave_hot.private_size != ~0ul;
}

unsigned int weave_fibre(void)
{
	return weave_hot.cpu;
}

static u64 mixed(u64 fingerprint, u64 value)
{
	fingerprint = (fingerprint ^ value) * 0x9e3779b97f4a7c15u;
	return fingerprint ^ fingerprint >> 29;
}

static void mix(u64 value)
{
	run.fingerprint = mixed(run.fingerprint, value);
}

static void record(u32 op, u32 nth, enum weave_choice kind, unsigned int value)
{
	if (run.nr_record == MAX_RECORD) {
		run.truncated = true;
		return;
	}
	run.record[run.nr_record++] =
		(struct weave_entry){ .op = op, .nth = nth, .kind = (u8)kind, .value = (u8)value };
}

/* ---- the schedule that is followed ---- */

static int compare_entries(const void *a, const void *b)
{
	const struct weave_entry *x = a, *y = b;

	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	if (x->nth != y->nth)
		return x->nth < y->nth ? -1 : 1;
	return (int)x->kind - (int)y->kind;
}

static const struct weave_entry *list_at(unsigned int cursor)
{
	const struct weave_schedule *list = weave_now->config.schedule;

	return list && cursor < list->nr ? &list->entries[cursor] : NULL;
}

/* The entry that comes next in the operation that @f is in; NULL: none. */
static const struct weave_entry *list_next(const struct weave_fibre *f)
{
	const struct weave_entry *entry = list_at(f->cursor);

	return entry && entry->op == f->op ? entry : NULL;
}

/* Positions before @nth of this operation will not come again. */
static void list_pass(struct weave_fibre *f, u32 nth)
{
	const struct weave_entry *entry;

	while ((entry = list_next(f)) && entry->nth < nth) {
		f->cursor++;
		run.list_left--;
	}
}

/* Entries from here to the end of @f's operation are to come after all: another one, now over, had passed them. */
static void list_return(const struct weave_fibre *f)
{
	const struct weave_entry *entry;

	for (unsigned int i = f->cursor; (entry = list_at(i)) && entry->op == f->op; i++)
		run.list_left++;
}

/* The entry of @kind at the point that @f is at; it is used up. */
static const struct weave_entry *list_take(struct weave_fibre *f, enum weave_choice kind)
{
	const struct weave_entry *entry;

	list_pass(f, f->nth);
	entry = list_next(f);
	if (!entry || entry->nth != f->nth)
		return NULL;
	/* Other kinds at the same point come in the order of their numbers, but asking may skip some. */
	while (entry && entry->op == f->op && entry->nth == f->nth && entry->kind < (u8)kind) {
		f->cursor++;
		run.list_left--;
		entry = list_next(f);
	}
	if (!entry || entry->nth != f->nth || entry->kind != (u8)kind)
		return NULL;
	f->cursor++;
	run.list_left--;
	return entry;
}

/*
 * The drain at the point that @f is at. It comes before a switch there, though its number is the higher one: if it is not
 * the next entry it stays, and is passed by with the point.
 */
static const struct weave_entry *list_take_drain(struct weave_fibre *f)
{
	const struct weave_entry *entry;

	list_pass(f, f->nth);
	for (unsigned int i = f->cursor; (entry = list_at(i)) && entry->op == f->op && entry->nth == f->nth; i++) {
		if (entry->kind != WEAVE_DRAIN)
			continue;
		if (i == f->cursor) {
			f->cursor++;
			run.list_left--;
		}
		return entry;
	}
	return NULL;
}

static void list_seek(struct weave_fibre *f)
{
	const struct weave_schedule *list = weave_now->config.schedule;
	unsigned int lo = 0, hi = list ? list->nr : 0;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (list->entries[mid].op < f->op)
			lo = mid + 1;
		else
			hi = mid;
	}
	f->cursor = lo;
}

/* ---- points ---- */

/* Points since the last look belong to the run, and to what the strategy waits for. */
static void count_points(struct weave *w)
{
	u32 passed = weave_hot.nth - run.counted;

	run.counted = weave_hot.nth;
	w->points += passed;
	if (w->ask_in != WEAVE_NEVER)
		w->ask_in -= min(w->ask_in, passed);
}

static bool strategy_asked(const struct weave *w)
{
	return w->config.strategy && !run.list_left;
}

/* When the running fibre must come here next. */
static void set_stop(struct weave *w)
{
	const struct weave_fibre *f = current_fibre();
	const struct weave_entry *entry = list_next(f);
	u64 stop =
		weave_hot.nth + (w->config.max_points - min(w->points, w->config.max_points)) + 1;

	run.counted = weave_hot.nth;
	if (weave_hot.flags & (WEAVE_HOT_TRACE | WEAVE_HOT_WEAK)) {
		weave_hot.stop = 0;
		return;
	}
	if (entry)
		stop = min_t(u64, stop, entry->nth);
	if (strategy_asked(w) && w->ask_in != WEAVE_NEVER)
		stop = min(stop, (u64)weave_hot.nth + w->ask_in);
	stop = min(stop, min((u64)w->spin_from + MAX_SPIN, (u64)w->turn_from + MAX_TURN));
	weave_hot.stop = (u32)min_t(u64, stop, ~0u);
}

static bool may_run(const struct weave *w, const struct weave_fibre *f)
{
	if (f->ended)
		return false;
	if (f->ready)
		return f->ready(f->ready_arg);
	return !f->yielded || w->writes != f->writes_seen;
}

static u64 runnable_mask(const struct weave *w)
{
	u64 mask = 0;

	for (unsigned int i = 0; i < w->nr; i++)
		if (may_run(w, &w->fibres[i]))
			mask |= 1ull << i;
	return mask;
}

static void own_stack(const struct weave *w, const struct weave_fibre *f)
{
	weave_hot.private_lo = f->context->stack_lo;
	weave_hot.private_size = w->shared_stacks ? 0 : f->context->stack_bytes;
}

/* On the stack of the thread or of any fibre: what each access looks at is @f's from here on. */
static void load_hot(struct weave *w, unsigned int index)
{
	struct weave_fibre *f = &w->fibres[index];

	w->current = index;
	own_stack(w, f);
	weave_hot.nth = w->spin_from = w->turn_from = f->nth;
	weave_hot.cpu = index;
	weave_hot.self = fibre_private(f->context);
	if (unlikely(f->marked))
		weave_hot.flags |= WEAVE_HOT_MARKED;
	else
		weave_hot.flags &= ~WEAVE_HOT_MARKED;
	if (unlikely(w->config.plain_points)) {
		if (f->undivided)
			weave_hot.flags &= ~WEAVE_HOT_PLAIN;
		else
			weave_hot.flags |= WEAVE_HOT_PLAIN;
	}
	f->ready = NULL;
	f->yielded = false;
}

static void unload_hot(void)
{
	weave_hot.private_lo = 0;
	weave_hot.private_size = ~0ul;
	weave_hot.cpu = 0;
	weave_hot.flags &= ~WEAVE_HOT_MARKED;
	weave_hot.self = &sim_cpus[0];
}

/* The running fibre stops here, and @next goes on. Returns when it is the other way round. */
static void switch_to(struct weave *w, unsigned int next, bool forced)
{
	struct weave_fibre *from = current_fibre();
	u8 kind = from->point.kind;

	mix((u64)from->op << 32 | from->nth);
	mix(w->runnable);
	mix((u64)w->current << 16 | next << 8 | kind << 1 | forced);
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_event(&(struct weave_event){ .kind = WEAVE_EVENT_SWITCH,
						   .fibre = (u8)w->current,
						   .size = forced,
						   .op = from->op,
						   .nth = from->nth,
						   .old = w->runnable,
						   .value = next });
	w->switches++;
	if (!forced)
		w->preemptions++;
	if (w->config.switched)
		w->config.switched(w->current, next);
	load_hot(w, next);
	set_stop(w);
	if (from->ended)
		fibre_leave(from->context, w->fibres[next].context);
	fibre_switch(from->context, w->fibres[next].context);
}

static void interrupt(struct weave *w, struct weave_fibre *f, unsigned int value)
{
	const struct weave_fibre before = *f;

	record(f->op, f->nth, WEAVE_INTERRUPT, value);
	mix((u64)f->op << 32 | f->nth);
	mix(0x1000 | value);
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_event(&(struct weave_event){ .kind = WEAVE_EVENT_INTERRUPT,
						   .fibre = (u8)w->current,
						   .op = f->op,
						   .nth = f->nth,
						   .value = value });
	f->irq_off++;
	w->config.interrupt(w->current, value);
	f->irq_off--;
	count_points(w);
	/* An operation of the handler's own had its own points; else they count as the interrupted one's. */
	if (f->op != before.op) {
		list_pass(f, ~0u);
		f->op = before.op;
		f->nth = before.nth;
		f->cursor = before.cursor;
		list_return(f);
		weave_hot.nth = w->spin_from = w->turn_from = f->nth;
	}
	f->point = before.point;
	set_stop(w);
}

/* At a point that the strategy was asked at, after the switch if there was one: as a schedule has it. */
static void offer_interrupt(struct weave *w, struct weave_fibre *f)
{
	const struct weave_config *config = &w->config;

	if (!config->interrupt_waits || !config->strategy->interrupts || f->irq_off || f->op == WEAVE_NO_OP)
		return;
	if (config->strategy->interrupts(w) && config->interrupt_waits(w->current))
		interrupt(w, f, 0);
}

static void __noreturn __cold livelock(const struct weave *w)
{
	char who[32];

	sched_who(who, sizeof(who), w->current, w->fibres[w->current].op);
	sim_bug("livelock", w->fibres[w->current].ready ? w->fibres[w->current].what : "weave", SIM_NO_PFN,
		"%llu points and no end, in operation %u of %s", (unsigned long long)w->points,
		w->fibres[w->current].op, who);
}

static unsigned int checked_pick(struct weave *w, const struct weave_point *point)
{
	unsigned int next = w->config.strategy->pick(w, point);

	MM_BUG_ON(next >= w->nr || !(w->runnable & 1ull << next), "strategy picked nobody",
		  SIM_NO_PFN, "%s picked CPU %u, runnable 0x%llx", w->config.strategy->name, next,
		  (unsigned long long)w->runnable);
	return next;
}

/* A limit of 0 has been counted round. */
void sched_plain(void)
{
	const struct weave *w = weave_now;
	char who[32];

	if (!w->config.max_plain)
		return;
	sched_who(who, sizeof(who), w->current, w->fibres[w->current].op);
	sim_bug("livelock", "weave", SIM_NO_PFN, "%u plain accesses and no end, in operation %u of %s",
		w->config.max_plain, w->fibres[w->current].op, who);
}

/* Before others may run, so that they may see it. */
static void offer_drain(const struct weave *w)
{
	if (unlikely(weave_hot.flags & WEAVE_HOT_WEAK) && memory_waiting() & 1ull << w->current)
		memory_drain_some();
}

/* An operation ends: what waits reaches memory, one by one, and others may run before each. */
static void drain_at_end(void)
{
	if (!(weave_hot.flags & WEAVE_HOT_WEAK))
		return;
	while (memory_waiting() & 1ull << weave_hot.cpu) {
		weave_at(WEAVE_END, NULL, 0, false, NULL);
		memory_drain_next();
	}
}

static void forced_switch(struct weave *w);

/* At its point, the running fibre @f lets others go first: it has nothing to do until one of them has written. */
static void yield(struct weave *w, struct weave_fibre *f)
{
	w->spin_from = w->turn_from = weave_hot.nth;
	f->yielded = true;
	f->writes_seen = w->writes;
	if (weave_hot.flags & WEAVE_HOT_WEAK && memory_catch_up())
		f->writes_seen--;
	forced_switch(w);
}

void sched_point(enum weave_kind kind, const void *addr, unsigned int size, bool write,
		 const void *pc)
{
	struct weave *w = weave_now;
	struct weave_fibre *f = current_fibre();
	const struct weave_entry *entry;
	unsigned int next = w->current;
	bool asked = false;

	count_points(w);
	if (unlikely(w->points > w->config.max_points))
		livelock(w);
	f->nth = weave_hot.nth;
	f->point = (struct weave_point){ .kind = (u8)kind,
					 .size = (u8)size,
					 .write = write,
					 .op = f->op,
					 .nth = f->nth,
					 .addr = (uintptr_t)addr,
					 .pc = (uintptr_t)pc };
	offer_drain(w);
	/* Nothing that differs between a schedule and the strategy that made it may count here. */
	if (unlikely(weave_hot.nth - w->spin_from >= MAX_SPIN || weave_hot.nth - w->turn_from >= MAX_TURN)) {
		yield(w, f);
		return;
	}
	if (run.list_left) {
		entry = list_take(f, WEAVE_SWITCH);
		if (entry && entry->value < w->nr) {
			w->runnable = runnable_mask(w);
			if (w->runnable & 1ull << entry->value)
				next = entry->value;
		}
	} else if (strategy_asked(w) && !w->ask_in && f->op != WEAVE_NO_OP) {
		/* Who has no operation, but works for others while it is idle, has no position that a schedule could name. */
		w->runnable = runnable_mask(w);
		w->forced = false;
		next = checked_pick(w, &f->point);
		asked = true;
	}
	if (next != w->current) {
		record(f->op, f->nth, WEAVE_SWITCH, next);
		switch_to(w, next, false);
	} else {
		set_stop(w);
	}
	/* After the switch: the same position, seen from the fibre that stands there. */
	if (run.list_left && w->config.interrupt && !f->irq_off) {
		entry = list_take(f, WEAVE_INTERRUPT);
		if (entry)
			interrupt(w, f, entry->value);
	} else if (asked) {
		offer_interrupt(w, f);
	}
}

unsigned int sched_choose(enum weave_choice kind, unsigned int nr)
{
	struct weave *w = weave_now;
	struct weave_fibre *f = current_fibre();
	const struct weave_entry *entry;
	unsigned int value = 0;

	f->nth = weave_hot.nth;
	if (run.list_left) {
		entry = kind == WEAVE_DRAIN ? list_take_drain(f) : list_take(f, kind);
		if (entry && entry->value < nr)
			value = entry->value;
	} else if (strategy_asked(w) && w->config.strategy->choose) {
		value = w->config.strategy->choose(w, &f->point, kind, nr);
	}
	if (value) {
		record(f->op, f->nth, kind, value);
		mix((u64)f->op << 32 | f->nth);
		mix((u64)kind << 8 | value);
	}
	return value;
}

/* ---- forced choices ---- */

int sched_who(char *text, size_t size, unsigned int fibre, u32 op)
{
	bool thread = weave_now && weave_now->config.threads;

	return snprintf(text, size, "%s %u", thread ? "thread" : "CPU", thread ? op : fibre);
}

/* "f1 / f2": two of those who wait, by name, so that it is the same whoever came first. */
static void add_func(const char *funcs[2], const char *func)
{
	for (unsigned int i = 0; i < 2; i++) {
		int order = funcs[i] ? strcmp(func, funcs[i]) : -1;

		if (!order)
			return;
		if (order < 0)
			swap(func, funcs[i]);
		if (!func)
			return;
	}
}

static void __noreturn __cold deadlock(const struct weave *w)
{
	static char title[128];
	const char *funcs[2] = { NULL, NULL };
	char name[32];
	char who[700];
	size_t used = 0;

	for (unsigned int i = 0; i < w->nr && used < sizeof(who); i++) {
		const struct weave_fibre *f = &w->fibres[i];

		if (f->ended)
			continue;
		add_func(funcs, f->func);
		sched_who(name, sizeof(name), i, f->op);
		used += snprintf(who + used, sizeof(who) - used, "%s%s waits for %s",
				 used ? ", " : "", name, f->what);
		if (f->func != f->what && used < sizeof(who))
			used += snprintf(who + used, sizeof(who) - used, " in %s", f->func);
	}
	snprintf(title, sizeof(title), "%s%s%s", funcs[0], funcs[1] ? " / " : "", funcs[1] ?: "");
	sim_bug("deadlock", title, SIM_NO_PFN, "%s", who);
}

/* Those that can go on when the running fibre cannot; 0: all have ended. */
/*
 * Nobody has written anything, so those who yield may go round again: their loops may be bounded. In turn: to a strategy
 * that draws priorities, somebody whose loop is without bound is as good as the one for whom all wait.
 */
static u64 go_round(struct weave *w)
{
	unsigned int fewest = ~0u;
	u64 mask = 0;

	for (unsigned int i = 0; i < w->nr; i++) {
		struct weave_fibre *f = &w->fibres[i];

		if (!f->yielded || f->ended)
			continue;
		if (!run.idle)
			f->rounds = 0;
		if (f->rounds < fewest)
			mask = 0;
		if (f->rounds <= fewest)
			mask |= 1ull << i;
		fewest = min(fewest, f->rounds);
	}
	return mask;
}

static u64 find_runnable(struct weave *w)
{
	u64 mask = runnable_mask(w);

	if (mask) {
		run.idle = 0;
		return mask;
	}
	if (run.nr_ended == w->nr)
		return 0;
	/* Nothing more will happen before what waits in buffers reaches memory. */
	if (weave_hot.flags & WEAVE_HOT_WEAK && memory_waiting()) {
		for (unsigned int i = 0; i < w->nr; i++)
			memory_drain(i);
		mask = runnable_mask(w);
		if (mask)
			return mask;
	}
	/* Who tries again and counts how often is alone, but gets on. */
	if (w->writes != run.idle_writes)
		run.idle = 0;
	run.idle_writes = w->writes;
	mask = go_round(w);
	if (!mask)
		deadlock(w);
	if (++run.idle > MAX_IDLE)
		livelock(w);
	return mask;
}

/* The running fibre cannot go on, or has ended: somebody else does. Its point is set. */
static void forced_switch(struct weave *w)
{
	struct weave_fibre *f = current_fibre();
	const struct weave_entry *entry = NULL;
	unsigned int next, standard;

	w->runnable = find_runnable(w);
	if (!w->runnable) {
		unload_hot();
		fibre_leave(f->context, fibre_thread());
	}
	standard = weave_next_runnable(w);
	next = standard;
	if (run.list_left) {
		entry = list_take(f, WEAVE_SWITCH);
		if (entry && entry->value < w->nr && w->runnable & 1ull << entry->value)
			next = entry->value;
		if (f->ended)
			list_pass(f, ~0u);
	} else if (strategy_asked(w) && f->op != WEAVE_NO_OP) {
		/* The end of a fibre that has had no operation has no name by which it could be replayed. */
		w->forced = true;
		next = checked_pick(w, &f->point);
	}
	if (run.idle)
		w->fibres[next].rounds++;
	if (next != standard)
		record(f->op, f->nth, WEAVE_SWITCH, next);
	if (next == w->current) {
		f->yielded = false;
		f->ready = NULL;
		set_stop(w);
		return;
	}
	switch_to(w, next, true);
}

static void stand_at(struct weave *w, enum weave_kind kind, const void *addr, unsigned int size)
{
	struct weave_fibre *f = current_fibre();

	++weave_hot.nth;
	count_points(w);
	if (unlikely(w->points > w->config.max_points))
		livelock(w);
	f->nth = weave_hot.nth;
	f->point = (struct weave_point){ .kind = (u8)kind,
					 .size = (u8)size,
					 .op = f->op,
					 .nth = f->nth,
					 .addr = (uintptr_t)addr };
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_event(&(struct weave_event){ .kind = (u8)kind,
						   .fibre = (u8)w->current,
						   .op = f->op,
						   .nth = f->nth,
						   .addr = (uintptr_t)addr });
	offer_drain(w);
}

void weave_wait(bool (*ready)(const void *arg), const void *arg, const char *what)
{
	sched_wait(ready, arg, NULL, what, what);
}

void weave_wait_on(bool (*ready)(const void *arg), const void *arg, const void *word,
		   const char *what)
{
	sched_wait(ready, arg, word, what, what);
}

void sched_wait(bool (*ready)(const void *arg), const void *arg, const void *word, const char *what,
		const char *func)
{
	struct weave *w = weave_now;
	struct weave_fibre *f;

	MM_BUG_ON(!weave_running(), "wait outside of a run", SIM_NO_PFN, "for %s", what);
	f = current_fibre();
	f->ready = ready;
	f->ready_arg = arg;
	f->what = what;
	f->func = func;
	if (!ready(arg)) {
		stand_at(w, WEAVE_WAIT, word ?: arg, word ? sizeof(u32) : 0);
		forced_switch(w);
		return;
	}
	/* Somebody may come first, and then it must wait. */
	weave_at(WEAVE_WAIT, word ?: arg, word ? sizeof(u32) : 0, false, NULL);
	f->ready = NULL;
}

void weave_yield(void)
{
	struct weave *w = weave_now;
	struct weave_fibre *f;

	if (!weave_running())
		return;
	f = current_fibre();
	stand_at(w, WEAVE_YIELD, NULL, 0);
	yield(w, f);
}

void weave_op(unsigned int op)
{
	struct weave *w = weave_now;
	struct weave_fibre *f;

	if (!weave_running())
		return;
	f = current_fibre();
	/* An interrupt is no end of what it interrupts: those stores wait on, and their operation's points go on counting. */
	if (!f->irq_off)
		drain_at_end();
	count_points(w);
	list_pass(f, ~0u);
	f->op = op;
	f->nth = 0;
	list_seek(f);
	weave_hot.nth = w->spin_from = w->turn_from = 0;
	weave_hot.plain = w->config.max_plain;
	run.counted = ~0u;
	sched_point(WEAVE_BEGIN, NULL, 0, false, NULL);
	/* Where it goes on: who was switched away from before it began has not begun it. */
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_event(&(struct weave_event){ .kind = WEAVE_BEGIN, .fibre = (u8)w->current, .op = op });
}

void weave_finish(void)
{
	struct weave_fibre *f = current_fibre();

	count_points(weave_now);
	unload_hot();
	fibre_leave(f->context, fibre_thread());
}

/* As if no fibre ran: all addresses are private. */
bool weave_look_begin(void)
{
	bool was = weave_running();

	weave_hot.private_lo = 0;
	weave_hot.private_size = ~0ul;
	return was;
}

void weave_look_end(bool was)
{
	if (was)
		own_stack(weave_now, current_fibre());
}

void weave_marked_begin(void)
{
	if (weave_running() && !current_fibre()->marked++)
		weave_hot.flags |= WEAVE_HOT_MARKED;
}

void weave_marked_end(void)
{
	if (weave_running() && !--current_fibre()->marked)
		weave_hot.flags &= ~WEAVE_HOT_MARKED;
}

void weave_undivided_begin(void)
{
	if (weave_running() && !current_fibre()->undivided++)
		weave_hot.flags &= ~WEAVE_HOT_PLAIN;
}

void weave_undivided_end(void)
{
	if (weave_running() && !--current_fibre()->undivided && weave_now->config.plain_points)
		weave_hot.flags |= WEAVE_HOT_PLAIN;
}

void weave_irq_off(void)
{
	if (weave_running())
		current_fibre()->irq_off++;
}

void weave_irq_on(void)
{
	if (weave_running())
		current_fibre()->irq_off--;
}

/* ---- a run ---- */

static void fibre_main(void *arg)
{
	struct weave_fibre *f = arg;
	struct weave *w = weave_now;

	if (!w->config.ops)
		weave_op(w->current);
	run.fn(w->current, run.arg);
	w = weave_now;
	drain_at_end();
	stand_at(w, WEAVE_END, NULL, 0);
	f->ended = true;
	f->context->clean = true;
	run.nr_ended++;
	forced_switch(w);
	abort();
}

void sched_abandon(void)
{
	struct fibre *context = current_fibre()->context;

	count_points(weave_now);
	run.abandoned = true;
	unload_hot();
	fibre_leave(context, fibre_thread());
}

static void on_bug(const struct sim_bug_report *report)
{
	struct weave_result *result = run.result;

	if (!weave_running())
		return;
	if (result) {
		result->found = true;
		sim_bug_title(report, result->title, sizeof(result->title));
		snprintf(result->text, sizeof(result->text), "%s", report->text);
		weave_so_far(result);
	}
	sched_abandon();
}

void weave_stop(void)
{
	if (!weave_running())
		return;
	count_points(weave_now);
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_end();
	/* Still running, so that who asks is told so; but each address is the running fibre's own. */
	weave_hot.private_lo = 0;
	weave_hot.private_size = ~0ul - 1;
	weave_hot.flags &= ~(WEAVE_HOT_TRACE | WEAVE_HOT_PLAIN);
	weave_hot.stop = ~0u;
}

static u32 hot_flags(const struct weave_config *config)
{
	u32 flags = 0;

	if (config->races != WEAVE_RACES_OFF)
		flags |= WEAVE_HOT_RACES;
	if (config->races == WEAVE_RACES_KCSAN || (config->races == WEAVE_RACES_ALL && race_by_linux_rules()))
		flags |= WEAVE_HOT_KCSAN;
	if (config->plain_points)
		flags |= WEAVE_HOT_PLAIN;
	if (config->memory != WEAVE_SC)
		flags |= WEAVE_HOT_WEAK;
	if (trace_wanted())
		flags |= WEAVE_HOT_TRACE;
	return flags;
}

static void begin_fibre(struct weave *w, unsigned int index)
{
	struct weave_fibre *f = &w->fibres[index];

	*f = (struct weave_fibre){ .context = fibre_pool(index),
				   .op = w->config.ops ? WEAVE_NO_OP : index };
	f->point = (struct weave_point){ .kind = WEAVE_BEGIN, .op = f->op };
	f->cursor = w->config.schedule ? w->config.schedule->nr : 0;
	fibre_prepare(f->context, fibre_main, f);
	memset(fibre_private(f->context), 0, sizeof(struct sim_cpu));
	((struct sim_cpu *)fibre_private(f->context))->id = index;
}

/* Fibres that have not begun are like those that have ended, until somebody spawns them. */
static void begin_fibres(struct weave *w, unsigned int nr)
{
	unsigned int begun = w->config.begun ? min(w->config.begun, nr) : nr;

	w->nr = nr;
	run.nr_ended = nr - begun;
	for (unsigned int i = 0; i < begun; i++)
		begin_fibre(w, i);
	for (unsigned int i = begun; i < nr; i++)
		w->fibres[i] = (struct weave_fibre){ .ended = true, .op = WEAVE_NO_OP };
}

void weave_spawn(unsigned int fibre)
{
	struct weave *w = weave_now;

	MM_BUG_ON(!weave_running() || fibre >= w->nr || !w->fibres[fibre].ended,
		  "impossible spawn", SIM_NO_PFN, "of fibre %u", fibre);
	begin_fibre(w, fibre);
	run.nr_ended--;
	sched_wrote();
	/* The strategy may have waited for it. */
	count_points(w);
	w->ask_in = min(w->ask_in, 1u);
	set_stop(w);
}

/* Of the run under way, or the last one. */
static void count_run(const struct weave *w)
{
	run.points = w->points;
	run.switches = w->switches;
	run.preemptions = w->preemptions;
	run.redundant = w->redundant;
}

void weave_so_far(struct weave_result *result)
{
	const struct race_report *race = weave_now ? race_last() : NULL;

	if (weave_now) {
		count_points(weave_now);
		count_run(weave_now);
	}
	qsort(run.record, run.nr_record, sizeof(*run.record), compare_entries);
	if (race) {
		result->pc = race->pc;
		result->other_pc = race->other_pc;
		result->addr = race->addr;
	}
	result->points = run.points;
	result->switches = run.switches;
	result->preemptions = run.preemptions;
	result->fingerprint = mixed(run.fingerprint, run.points);
	result->schedule.entries = run.record;
	result->schedule.nr = run.nr_record;
	result->truncated = run.truncated;
	result->redundant = run.redundant;
}

bool weave_run(struct weave *w, unsigned int nr, void (*fn)(unsigned int fibre, void *arg),
	       void *arg, struct weave_result *result)
{
	sim_bug_handler_fn old = NULL;

	MM_BUG_ON(weave_now, "run within a run", SIM_NO_PFN, "CPU %u starts %u", weave_hot.cpu, nr);
	MM_BUG_ON(!nr || nr > WEAVE_MAX_FIBRES, "impossible run", SIM_NO_PFN,
		  "%u fibres, at most %u", nr, WEAVE_MAX_FIBRES);
	if (result)
		memset(result, 0, sizeof(*result));
	weave_now = w;
	w->points = w->switches = w->preemptions = w->writes = 0;
	w->redundant = false;
	w->current = 0;
	w->ask_in = 1;
	w->rng.state = w->config.seed * 0xd1342543de82ef95u + w->index;
	begin_fibres(w, nr);
	if (w->config.strategy && !w->config.strategy->begin(w)) {
		weave_now = NULL;
		return false;
	}
	if (!run.record)
		run.record = malloc(MAX_RECORD * sizeof(*run.record));
	if (!run.record)
		sim_die("no memory for a schedule of %u entries; free some", MAX_RECORD);
	run.fn = fn;
	run.arg = arg;
	run.list_left = w->config.schedule ? w->config.schedule->nr : 0;
	run.idle = run.nr_record = 0;
	run.idle_writes = 0;
	run.fingerprint = 0;
	run.truncated = run.abandoned = false;
	run.result = result;
	run.counted = 0;
	if (w->config.catch)
		old = sim_set_bug_handler(on_bug);
	weave_hot.flags = hot_flags(&w->config);
	/* Waiters of Linux's lie on their stacks, and learn there that they were woken. */
	w->shared_stacks = w->config.shared_stacks || race_by_linux_rules();
	weave_hot.plain = w->config.max_plain;
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_begin(nr);
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_begin(w);

	load_hot(w, 0);
	set_stop(w);
	fibre_switch(fibre_thread(), w->fibres[0].context);

	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_end();
	if (w->config.memory != WEAVE_SC)
		memory_end();
	weave_hot.flags = 0;
	if (w->config.strategy && w->config.strategy->end)
		w->config.strategy->end(w, run.abandoned);
	if (w->config.catch)
		sim_set_bug_handler(old);
	w->run_points = w->points;
	w->index++;
	count_run(w);
	weave_now = NULL;
	if (result)
		weave_so_far(result);
	return true;
}

/* ---- sequences of runs ---- */

static void check_schedule(const struct weave_schedule *schedule)
{
	for (unsigned int i = 1; schedule && i < schedule->nr; i++)
		MM_BUG_ON(compare_entries(&schedule->entries[i - 1], &schedule->entries[i]) > 0,
			  "schedule not sorted", SIM_NO_PFN, "entry %u", i);
}

static void *allocate(void *ptr, size_t bytes)
{
	if (bytes)
		return realloc(ptr, bytes);
	free(ptr);
	return NULL;
}

void *(*weave_allocator)(void *ptr, size_t bytes) = allocate;

static void *new_zeroed(size_t bytes)
{
	void *ptr = weave_allocator(NULL, bytes);

	if (!ptr)
		sim_die("no memory for a woven run; free some");
	return memset(ptr, 0, bytes);
}

struct weave *weave_new(const struct weave_config *config)
{
	struct weave *w = new_zeroed(sizeof(*w));

	if (config->strategy && config->strategy->state_size)
		w->state = new_zeroed(config->strategy->state_size);
	w->config.strategy = config->strategy;
	weave_set_config(w, config);
	return w;
}

static void release_state(struct weave *w)
{
	if (w->config.strategy && w->config.strategy->release)
		w->config.strategy->release(w);
}

void weave_free(struct weave *w)
{
	release_state(w);
	weave_allocator(w->state, 0);
	weave_allocator(w, 0);
}

void weave_set_schedule(struct weave *w, const struct weave_schedule *schedule)
{
	check_schedule(schedule);
	w->config.schedule = schedule;
}

void weave_set_seed(struct weave *w, uint64_t seed)
{
	w->config.seed = seed;
	w->index = 0;
	w->run_points = 0;
	release_state(w);
	if (w->state)
		memset(w->state, 0, w->config.strategy->state_size);
}

void weave_set_config(struct weave *w, const struct weave_config *config)
{
	MM_BUG_ON(config->strategy != w->config.strategy, "another strategy", SIM_NO_PFN,
		  "its state would be that of the one before");
	check_schedule(config->schedule);
	w->config = *config;
	if (!w->config.max_points)
		w->config.max_points = DEFAULT_MAX_POINTS;
	weave_set_seed(w, config->seed);
}

double weave_estimate(const struct weave *w)
{
	const struct weave_strategy *strategy = w->config.strategy;

	return strategy && strategy->estimate ? strategy->estimate(w) : 0;
}
