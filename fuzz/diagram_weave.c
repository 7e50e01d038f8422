// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the log of a run to its picture, in three passes over the log: which words are in dispute, which
 * events are shown (the accesses to these words, and the locks that were held), and printing, which
 * keeps the stacks and says which functions lead to what is shown.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include <uthash.h>

#include "diagram_weave.h"
#include "replay_weave.h"
#include "symbol.h"

#define WIDTH	     100
#define MAX_CALLS    128u
#define MAX_FRAMES   192u
#define MAX_HELD     16u
#define MAX_TEXT     512u
/* So many switches before the end are looked at for words in dispute. */
#define MAX_SWITCHES 100u
/* Of more events than this only the last are shown, unless all are asked for. */
#define MAX_SHOWN    80u
/* Operations without anything to show are listed if the program has no more than this. */
#define FEW_OPS	     8u

/**
 * struct word - an address that was accessed
 * @readers, @writers: masks of fibres
 * @ordinal: of a word without a name, 0 if it was not printed yet
 * @lock: taken and given back by spin_lock() and its like
 * @last: access that was printed last
 * @named: last access of all, whose names are the newest
 */
struct word {
	uintptr_t addr;
	uint64_t readers;
	uint64_t writers;
	unsigned int ordinal;
	bool lock;
	bool disputed;
	const struct weave_event *last;
	const struct weave_event *named;
	UT_hash_handle hh;
};

struct call {
	uintptr_t call_pc; /* return address into the caller */
	uintptr_t pc;	   /* in the function */
	uint64_t event;
};

/* struct frame - one of the functions, inlined or not, that an event is in; outermost first */
struct frame {
	const char *function;
	uint64_t id; /* of this call of it */
	bool helper;
};

struct stack {
	unsigned int nr;
	struct frame frames[MAX_FRAMES];
};

/* struct column - a fibre while the log is walked */
struct column {
	bool used;
	unsigned int at; /* where its text begins */
	uint32_t op;
	bool op_printed;
	unsigned int nr_calls;
	struct call calls[MAX_CALLS];
	unsigned int nr_held;
	uint64_t held[MAX_HELD]; /* events that took a lock */
	struct stack printed;
	struct stack outer; /* of the call that was made at event outer_of */
	uint64_t outer_of;
	char mark[120]; /* why it does not run, if it was not printed yet */
};

static struct {
	const struct diagram *diagram;
	FILE *out;
	const struct woven *woven;
	const struct weave_event *events;
	uint64_t nr;
	bool *shown;
	struct word *words;
	unsigned int nr_ordinals;
	struct column columns[PROGRAM_MAX_CPUS];
	int last_column;
	const struct weave_event *other; /* earlier access of a data race */
} d;

/* ---- events ---- */

static bool is_access(const struct weave_event *event)
{
	switch (event->kind) {
	case WEAVE_LOAD:
	case WEAVE_STORE:
	case WEAVE_RMW:
	case WEAVE_PLAIN_LOAD:
	case WEAVE_PLAIN_STORE:
		return true;
	default:
		return false;
	}
}

static bool is_plain(const struct weave_event *event)
{
	return event->kind == WEAVE_PLAIN_LOAD || event->kind == WEAVE_PLAIN_STORE;
}

static bool writes(const struct weave_event *event)
{
	return event->kind == WEAVE_STORE || event->kind == WEAVE_PLAIN_STORE ||
	       (event->kind == WEAVE_RMW && !(event->flags & WEAVE_TRACE_FAILED));
}

static bool covers(const struct weave_event *event, uintptr_t addr)
{
	size_t size = event->kind == WEAVE_EVENT_FREED ? event->value : event->size;

	return addr && addr - event->addr < size;
}

static bool operation(uint32_t op)
{
	return op < d.diagram->program->nr_ops;
}

/* ---- stacks ---- */

static void walk_begin(void)
{
	for (unsigned int i = 0; i < PROGRAM_MAX_CPUS; i++) {
		struct column *column = &d.columns[i];

		column->op = WEAVE_NO_OP;
		column->nr_calls = 0;
		column->outer_of = 0;
		column->nr_held = 0;
	}
}

/* Keeps the stack of the event's fibre; true: a new operation begins. */
static bool walk(uint64_t i)
{
	const struct weave_event *event = &d.events[i];
	struct column *column = &d.columns[event->fibre];

	if (event->kind == WEAVE_EVENT_ENTER) {
		if (column->nr_calls < MAX_CALLS)
			column->calls[column->nr_calls] =
				(struct call){ event->pc, (uintptr_t)event->value, i + 1 };
		column->nr_calls++;
	} else if (event->kind == WEAVE_EVENT_EXIT && column->nr_calls) {
		column->nr_calls--;
	}
	if (event->op == column->op)
		return false;
	column->op = event->op;
	return true;
}

static void push(struct stack *stack, const struct symbol_frame *frame, uint64_t id)
{
	if (stack->nr < MAX_FRAMES)
		stack->frames[stack->nr++] = (struct frame){ frame->function, id, frame->helper };
}

/* The frames of one compiled function, at @pc within it. */
static void push_function(struct stack *stack, uintptr_t pc, uint64_t id)
{
	const struct symbol *symbol = symbol_find(pc);

	for (unsigned int i = symbol ? symbol->nr : 0; i-- > 0;) {
		push(stack, &symbol->frames[i], id);
		/* An inlined call is told from others by its place. */
		id = (id ^ (uint64_t)symbol->frames[i].line) * 0x9e3779b97f4a7c15u;
	}
}

static void copy_stack(struct stack *to, const struct stack *from)
{
	to->nr = from->nr;
	memcpy(to->frames, from->frames, from->nr * sizeof(from->frames[0]));
}

/* All but the innermost function, which is where many events come from. */
static const struct stack *outer_stack(struct column *column, unsigned int nr)
{
	uint64_t innermost = nr ? column->calls[nr - 1].event : 0;

	if (column->outer_of == innermost && innermost)
		return &column->outer;
	column->outer_of = innermost;
	column->outer.nr = 0;
	for (unsigned int i = 0; i + 1 < nr; i++)
		push_function(&column->outer, column->calls[i + 1].call_pc - 1,
			      column->calls[i].event);
	return &column->outer;
}

static void stack_of(const struct weave_event *event, struct stack *stack)
{
	struct column *column = &d.columns[event->fibre];
	unsigned int nr = column->nr_calls < MAX_CALLS ? column->nr_calls : MAX_CALLS;

	copy_stack(stack, outer_stack(column, nr));
	if (nr)
		push_function(stack, event->pc ? event->pc - 1 : column->calls[nr - 1].pc,
			      column->calls[nr - 1].event);
}

/* Operations are shown by their text: what stands between them and the core says nothing more. */
static bool frame_is_shown(const struct frame *frame)
{
	return !frame->helper && strncmp(frame->function, "be_", 3);
}

static unsigned int shown_frames(const struct stack *stack)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < stack->nr; i++)
		nr += frame_is_shown(&stack->frames[i]);
	return nr;
}

/* ---- locks ---- */

/* "spin_lock" if it is that which the event is a part of; NULL: no such thing. */
static const char *lock_function(const struct stack *stack, char name[32])
{
	for (unsigned int i = 0; i < stack->nr; i++) {
		const struct frame *frame = &stack->frames[i];
		size_t len;

		if (!frame->helper ||
		    (strncmp(frame->function, "spin_", 5) && strncmp(frame->function, "mutex_", 6)))
			continue;
		len = strlen(frame->function);
		if (len > 3 && !strcmp(frame->function + len - 3, "_at"))
			len -= 3;
		snprintf(name, 32, "%.*s", (int)len, frame->function);
		return name;
	}
	return NULL;
}

/* Whether it is worth to look at its whole stack: what is a part of a lock is in a helper. */
static bool may_be_lock(const struct weave_event *event)
{
	const struct symbol *symbol = event->pc ? symbol_find(event->pc - 1) : NULL;

	return !is_plain(event) && symbol && symbol->frames[0].helper;
}

static bool takes_lock(const struct weave_event *event, const char *function)
{
	return event->kind == WEAVE_RMW && !(event->flags & WEAVE_TRACE_FAILED) &&
	       !strstr(function, "unlock");
}

static bool gives_lock(const struct weave_event *event, const char *function)
{
	return event->kind == WEAVE_STORE && strstr(function, "unlock");
}

/* ---- pass 1: words ---- */

static struct word *word_of(uintptr_t addr)
{
	struct word *word;

	HASH_FIND(hh, d.words, &addr, sizeof(addr), word);
	if (word)
		return word;
	word = calloc(1, sizeof(*word));
	if (!word)
		sim_die("no memory for the words of a run; free some");
	word->addr = addr;
	HASH_ADD(hh, d.words, addr, sizeof(addr), word);
	return word;
}

/* What people look at first; counters and list heads follow from it. */
static bool is_telling(const struct word *word)
{
	static const char *const beginnings[] = { "memdesc of",	 "type of",	   "state of",
						  "folio",	 "mappable",	   "contents of",
						  "freed folio", "freed mappable", "nr_isolated" };
	const char *name = word->named ? replay_weave_name(word->named, NAME_OF_WORD) : NULL;

	for (unsigned int i = 0; name && i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return true;
	return false;
}

static bool names_frame(const char *name, unsigned long pfn)
{
	char of[40];
	const char *at;

	snprintf(of, sizeof(of), "of pfn 0x%lx", pfn);
	at = name ? strstr(name, of) : NULL;
	return at && !isxdigit(at[strlen(of)]);
}

static void read_words(void)
{
	walk_begin();
	for (uint64_t i = 0; i < d.nr; i++) {
		const struct weave_event *event = &d.events[i];
		struct stack stack;
		struct word *word;
		char name[32];

		walk(i);
		if (!is_access(event))
			continue;
		word = word_of(event->addr);
		word->named = event;
		if (writes(event))
			word->writers |= 1ull << event->fibre;
		if (event->kind != WEAVE_STORE && event->kind != WEAVE_PLAIN_STORE)
			word->readers |= 1ull << event->fibre;
		if (event->kind == WEAVE_RMW && !word->lock && may_be_lock(event)) {
			stack_of(event, &stack);
			word->lock = lock_function(&stack, name) != NULL;
		}
	}
}

/* What the fibre that was switched away from at @out did before, in the same operation, to one word. */
static const struct weave_event *last_before(uint64_t out, uintptr_t addr)
{
	const struct weave_event *at = &d.events[out];

	for (uint64_t i = out; i-- > 0;) {
		const struct weave_event *event = &d.events[i];

		if (event->fibre != at->fibre)
			continue;
		if (event->op != at->op)
			return NULL;
		if (is_access(event) && event->addr == addr)
			return event;
	}
	return NULL;
}

static bool writes_after(uint64_t back, uintptr_t addr)
{
	for (uint64_t i = back; i < d.nr; i++) {
		const struct weave_event *event = &d.events[i];

		if (event->fibre != d.events[back].fibre)
			continue;
		if (event->op != d.events[back].op)
			return false;
		if (writes(event) && event->addr == addr)
			return true;
	}
	return false;
}

/*
 * What happened behind the back of a CPU that did not run: another one changed a word that this one had used in
 * the same operation, or saw a word that this one was changing in two steps.
 */
static void dispute_across(uint64_t out, bool telling)
{
	uint64_t back = out + 1;

	while (back < d.nr && d.events[back].fibre != d.events[out].fibre)
		back++;
	for (uint64_t i = out + 1; i < back; i++) {
		const struct weave_event *between = &d.events[i], *before;
		struct word *word;

		if (!is_access(between))
			continue;
		word = word_of(between->addr);
		if (word->lock || word->disputed || (telling && !is_telling(word)))
			continue;
		before = last_before(out, word->addr);
		if (!before)
			continue;
		word->disputed = writes(between) ? between->value != before->value :
						   writes(before) && back < d.nr &&
							   writes_after(back, word->addr);
	}
}

static bool any_disputed(void)
{
	for (struct word *word = d.words; word; word = word->hh.next)
		if (word->disputed)
			return true;
	return false;
}

/* The last ones: each asks about all that happened until the CPU ran again. */
static void dispute_switches(bool telling)
{
	unsigned int left = MAX_SWITCHES;

	for (uint64_t i = d.nr; i-- > 0 && left;) {
		if (d.events[i].kind != WEAVE_EVENT_SWITCH)
			continue;
		dispute_across(i, telling);
		left--;
	}
}

/* Words of the finding's frame; those that one CPU alone has used are how it does its work. */
static void dispute_frame(bool several)
{
	for (uint64_t i = 0; i < d.nr && d.woven->pfn != SIM_NO_PFN; i++) {
		const struct weave_event *event = &d.events[i];
		struct word *word;
		uint64_t users;

		if (!is_access(event) ||
		    !names_frame(replay_weave_name(event, NAME_OF_WORD), d.woven->pfn))
			continue;
		word = word_of(event->addr);
		users = word->readers | word->writers;
		if (is_telling(word) && !(several && !(users & (users - 1))))
			word->disputed = true;
	}
}

static void find_disputed(void)
{
	if (d.woven->addr) {
		for (struct word *word = d.words; word; word = word->hh.next)
			word->disputed = word->addr == d.woven->addr;
		return;
	}
	dispute_frame(true);
	dispute_switches(true);
	if (!any_disputed())
		dispute_frame(false);
	if (!any_disputed())
		dispute_switches(false);
}

static bool concerns_disputed(const struct weave_event *event)
{
	if (event->kind == WEAVE_EVENT_FREED)
		return covers(event, d.woven->addr);
	if (!is_access(event))
		return false;
	return covers(event, d.woven->addr) || word_of(event->addr)->disputed;
}

/* ---- pass 2: what is shown ---- */

/* The event takes or gives a lock: those held when something is shown are shown, too. */
static void follow_lock(uint64_t i, const struct stack *stack)
{
	const struct weave_event *event = &d.events[i];
	struct column *column = &d.columns[event->fibre];
	char name[32];
	const char *function = lock_function(stack, name);

	if (!function)
		return;
	if (takes_lock(event, function) && column->nr_held < MAX_HELD) {
		column->held[column->nr_held++] = i;
	} else if (gives_lock(event, function)) {
		for (unsigned int h = column->nr_held; h-- > 0;) {
			if (d.events[column->held[h]].addr != event->addr)
				continue;
			d.shown[i] = d.shown[column->held[h]];
			memmove(&column->held[h], &column->held[h + 1],
				(--column->nr_held - h) * sizeof(column->held[0]));
			break;
		}
	}
}

/* The earlier access of a data race; what came before it is not in dispute. */
static void find_other(void)
{
	const uint8_t last = d.nr ? d.events[d.nr - 1].fibre : 0;

	for (uint64_t i = d.nr; i-- > 0 && !d.other && d.woven->addr;) {
		const struct weave_event *event = &d.events[i];

		if (event->pc == d.woven->other_pc && event->fibre != last &&
		    covers(event, d.woven->addr))
			d.other = event;
	}
}

static void choose(void)
{
	find_other();
	walk_begin();
	for (uint64_t i = 0; i < d.nr; i++) {
		const struct weave_event *event = &d.events[i];
		struct column *column = &d.columns[event->fibre];
		struct stack stack;

		walk(i);
		if (concerns_disputed(event) && event >= d.other) {
			d.shown[i] = true;
			for (unsigned int h = 0; h < column->nr_held; h++)
				d.shown[column->held[h]] = true;
		} else if (is_access(event) && word_of(event->addr)->lock) {
			stack_of(event, &stack);
			follow_lock(i, &stack);
		}
	}
}

/*
 * Operations in whose midst others ran, and these others. What came before them is how things came to be, which their
 * text says. @met: set for each of these.
 */
static bool find_meetings(bool met[PROGRAM_MAX_OPS])
{
	bool any = false;

	for (uint64_t i = 0; i < d.nr; i++) {
		const struct weave_event *out = &d.events[i];
		uint64_t back = i + 1;

		/* At point 0 an operation has not begun, and at the end of a CPU there is none. */
		if (out->kind != WEAVE_EVENT_SWITCH || !out->nth || !operation(out->op) ||
		    (i && out[-1].kind == WEAVE_END))
			continue;
		while (back < d.nr && d.events[back].fibre != out->fibre)
			back++;
		if (back < d.nr && d.events[back].op != out->op)
			continue;
		any = met[out->op] = true;
		for (uint64_t j = i + 1; j < back; j++)
			if (operation(d.events[j].op))
				met[d.events[j].op] = true;
	}
	return any;
}

static void keep_meetings(void)
{
	bool met[PROGRAM_MAX_OPS] = { false };
	uint32_t last = d.nr ? d.events[d.nr - 1].op : WEAVE_NO_OP;

	if (!find_meetings(met))
		return;
	if (d.other && operation(d.other->op))
		met[d.other->op] = true;
	if (operation(last))
		met[last] = true;
	for (uint64_t i = 0; i < d.nr; i++)
		if (operation(d.events[i].op) && !met[d.events[i].op])
			d.shown[i] = false;
}

/* The end is what matters; but both accesses of a data race do. */
static void keep_the_last(void)
{
	unsigned int nr = 0;

	for (uint64_t i = d.nr; i-- > 0;)
		if (d.shown[i] && ++nr > MAX_SHOWN && &d.events[i] != d.other)
			d.shown[i] = false;
}

static void choose_columns(void)
{
	unsigned int nr = 0, at = 0, step;

	for (uint64_t i = 0; i < d.nr; i++) {
		const struct weave_event *event = &d.events[i];

		if (d.shown[i] ||
		    (event->kind == WEAVE_BEGIN && d.diagram->program->nr_ops <= FEW_OPS))
			d.columns[event->fibre].used = true;
	}
	for (unsigned int i = 0; i < PROGRAM_MAX_CPUS; i++)
		nr += d.columns[i].used;
	step = nr <= 2 ? 40 : nr <= 4 ? 32 : 24;
	for (unsigned int i = 0; i < PROGRAM_MAX_CPUS; i++) {
		if (!d.columns[i].used)
			continue;
		d.columns[i].at = at;
		at += step;
	}
}

/* ---- pass 3: printing ---- */

/* Where to break a text of more than @room; a space before it if there is one. */
static size_t break_at(const char *text, size_t room)
{
	size_t len = strlen(text), at = room;

	if (len <= room)
		return len;
	while (at > room / 2 && text[at] != ' ')
		at--;
	return text[at] == ' ' ? at : room;
}

static void print_line(const struct column *column, unsigned int indent, const char *text)
{
	unsigned int at = column->at + indent;
	unsigned int right = column->at + 56 > WIDTH ? column->at + 56 : WIDTH;

	while (*text) {
		size_t len = break_at(text, right > at + 20 ? right - at : 20);

		fprintf(d.out, "%*s%.*s\n", at, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
		at = column->at + indent + 4;
	}
}

static void __attribute__((format(printf, 3, 4))) print(unsigned int fibre, unsigned int indent,
							const char *format, ...)
{
	struct column *column = &d.columns[fibre];
	char text[MAX_TEXT];
	va_list args;

	if (d.last_column >= 0 && d.last_column != (int)fibre) {
		struct column *last = &d.columns[d.last_column];

		if (last->mark[0])
			print_line(last, 2 + 2 * shown_frames(&last->printed), last->mark);
	}
	column->mark[0] = '\0';
	d.last_column = (int)fibre;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(column, indent, text);
}

static void print_heads(void)
{
	for (unsigned int row = 0; row < 2; row++) {
		unsigned int at = 0;

		for (unsigned int i = 0; i < PROGRAM_MAX_CPUS; i++) {
			if (!d.columns[i].used)
				continue;
			at += fprintf(d.out, "%*s", (int)(d.columns[i].at - at), "");
			at += row ? fprintf(d.out, i < 10 ? "----" : "-----") :
				    fprintf(d.out, "CPU%u", i);
		}
		fputc('\n', d.out);
	}
}

static void name_word(const struct weave_event *event, char *buf, size_t len)
{
	const char *name = replay_weave_name(event, NAME_OF_WORD);
	uintptr_t addr = event->addr;
	struct word *word;
	size_t offset;

	if (name) {
		snprintf(buf, len, "%s", name);
		return;
	}
	name = symbol_object(addr, &offset);
	if (name && !offset) {
		snprintf(buf, len, "%s", name);
	} else if (name) {
		snprintf(buf, len, "%s+%zu", name, offset);
	} else {
		word = word_of(addr);
		if (!word->ordinal)
			word->ordinal = ++d.nr_ordinals;
		snprintf(buf, len, "word %u", word->ordinal);
	}
}

static void name_value(const struct weave_event *event, enum replay_weave_name which, char *buf,
		       size_t len)
{
	const char *text = replay_weave_name(event, which);
	uint64_t value = which == NAME_OF_OLD ? event->old : event->value;
	size_t offset;

	if (which == NAME_OF_OLD && event->flags & WEAVE_TRACE_PART)
		text = "part of a pointer";
	if (text) {
		snprintf(buf, len, "%s", text);
		return;
	}
	if (event->size == 4 && value > 0xfffff000u && value <= 0xffffffffu)
		snprintf(buf, len, "%d", (int)(uint32_t)value);
	else if (value < 4096)
		snprintf(buf, len, "%u", (unsigned int)value);
	else if (value <= 0xffffffffu)
		snprintf(buf, len, "0x%x", (unsigned int)value);
	else if ((text = symbol_object(value, &offset)))
		snprintf(buf, len, "&%s", text);
	else
		/* Most likely an address, of which no two runs have the same. */
		snprintf(buf, len, "a pointer");
}

/* What happens, without where: "reads memdesc of pfn 0x10: frozen, order 0". */
static void access_text(const struct weave_event *event, char *buf, size_t len)
{
	char name[128], old[128], value[128];
	const char *plain = is_plain(event) ? " (plain)" : "";

	name_word(event, name, sizeof(name));
	name_value(event, NAME_OF_OLD, old, sizeof(old));
	name_value(event, NAME_OF_VALUE, value, sizeof(value));
	if (event->kind == WEAVE_RMW && event->flags & WEAVE_TRACE_FAILED)
		snprintf(buf, len, "cmpxchg fails: %s is %s", name, value);
	else if (event->kind == WEAVE_LOAD || event->kind == WEAVE_PLAIN_LOAD)
		snprintf(buf, len, "reads %s%s: %s%s", name, plain, value,
			 event->flags & WEAVE_TRACE_STALE ? " (stale)" : "");
	else if (event - d.events == (ptrdiff_t)d.nr - 2 && event[1].kind == WEAVE_EVENT_RACE)
		/* It was not made any more. */
		snprintf(buf, len, "%s %s%s", event->kind == WEAVE_RMW ? "changes" : "writes", name,
			 plain);
	else if (event->flags & WEAVE_TRACE_DELAYED)
		snprintf(buf, len, "writes %s: %s (not visible yet)", name, value);
	else if (event->kind == WEAVE_RMW)
		snprintf(buf, len, "changes %s: %s -> %s", name, old, value);
	else if (event->flags & WEAVE_TRACE_STACK)
		snprintf(buf, len, "writes %s%s: %s", name, plain, value);
	else if (!strcmp(old, value))
		/* The same, or what differs has no words: links of a list. */
		snprintf(buf, len, "writes %s%s: %s%s", name, plain, value,
			 event->old == event->value ? "" : " (other links)");
	else
		snprintf(buf, len, "writes %s%s: %s -> %s", name, plain, old, value);
}

static const char *place_of(uintptr_t pc, char *buf, size_t len)
{
	const struct symbol_frame *frame = pc ? symbol_function(pc - 1) : NULL;
	const char *file = frame ? strrchr(frame->file, '/') : NULL;

	buf[0] = '\0';
	if (frame)
		snprintf(buf, len, " [%s:%d]", file ? file + 1 : frame->file, frame->line);
	return buf;
}

static void event_text(const struct weave_event *event, const struct stack *stack, char *buf,
		       size_t len)
{
	char name[128], function[32];

	if (is_access(event) && may_be_lock(event) && lock_function(stack, function) &&
	    (takes_lock(event, function) || gives_lock(event, function))) {
		name_word(event, name, sizeof(name));
		snprintf(buf, len, "%s(%s)", function, name);
		return;
	}
	switch (event->kind) {
	case WEAVE_FENCE:
		snprintf(buf, len, "memory barrier");
		break;
	case WEAVE_RCU_LOCK:
		snprintf(buf, len, "rcu_read_lock()");
		break;
	case WEAVE_RCU_UNLOCK:
		snprintf(buf, len, "rcu_read_unlock()");
		break;
	case WEAVE_RCU_SYNC:
		snprintf(buf, len, "a grace period begins");
		break;
	case WEAVE_EVENT_DRAIN:
		name_word(event, name, sizeof(name));
		snprintf(buf, len, "now visible: %s", name);
		break;
	case WEAVE_EVENT_FREED:
		name_word(event, name, sizeof(name));
		snprintf(buf, len, "frees %s, %u bytes", name, (unsigned int)event->value);
		break;
	case WEAVE_EVENT_NOTE:
		snprintf(buf, len, "%s %llu", event->text ? event->text : "",
			 (unsigned long long)event->value);
		break;
	default:
		access_text(event, buf, len);
	}
}

static void print_operation(unsigned int fibre, uint32_t op)
{
	struct column *column = &d.columns[fibre];
	char text[PROGRAM_LINE_MAX];
	const char *body;

	if (column->op_printed || !operation(op))
		return;
	column->op_printed = true;
	column->printed.nr = 0;
	op_print(&d.diagram->program->ops[op], text, sizeof(text));
	/* The column says which CPU it is. */
	body = strstr(text, ": ");
	print(fibre, 0, "%s", body ? body + 2 : text);
}

/* The functions on the way to the event that were not printed yet; returns the depth of the last one. */
static unsigned int print_way(unsigned int fibre, const struct stack *stack)
{
	struct column *column = &d.columns[fibre];
	const struct stack *before = &column->printed;
	unsigned int common = 0, depth = 0;

	while (common < stack->nr && common < before->nr &&
	       stack->frames[common].id == before->frames[common].id &&
	       stack->frames[common].function == before->frames[common].function)
		common++;
	for (unsigned int i = 0; i < stack->nr; i++) {
		if (!frame_is_shown(&stack->frames[i]))
			continue;
		depth++;
		if (i >= common)
			print(fibre, 2 * depth, "%s()", stack->frames[i].function);
	}
	return depth;
}

/* Read once more by the same operation, with nobody else having been there in between. */
static bool repeats(const struct weave_event *event)
{
	const struct weave_event *last;

	if (event->kind != WEAVE_LOAD && event->kind != WEAVE_PLAIN_LOAD)
		return false;
	last = word_of(event->addr)->last;
	return last && last->fibre == event->fibre && last->op == event->op &&
	       last->value == event->value;
}

/* One of the two accesses of a data race. */
static bool is_raced(uint64_t i)
{
	const struct weave_event *event = &d.events[i];

	return event == d.other || (d.woven->pc && event->pc == d.woven->pc && i + 2 >= d.nr);
}

static void print_event(uint64_t i)
{
	const struct weave_event *event = &d.events[i];
	struct column *column = &d.columns[event->fibre];
	char text[MAX_TEXT], place[128] = "";
	struct stack stack;
	unsigned int depth;

	if (!d.diagram->full && !is_raced(i) && repeats(event))
		return;
	stack_of(event, &stack);
	print_operation(event->fibre, event->op);
	depth = print_way(event->fibre, &stack);
	event_text(event, &stack, text, sizeof(text));
	if (d.diagram->full)
		place_of(event->pc, place, sizeof(place));
	print(event->fibre, 2 + 2 * depth, "%s%s%s", text, place, is_raced(i) ? "  <--" : "");
	copy_stack(&column->printed, &stack);
	word_of(event->addr)->last = event;
}

static void mark(struct column *column, uint64_t i)
{
	const struct weave_event *event = &d.events[i], *before = i ? event - 1 : event;
	char name[100];

	column->mark[0] = '\0';
	/* Between two operations there is nothing to preempt. */
	if (!event->nth)
		return;
	if (!event->size) {
		snprintf(column->mark, sizeof(column->mark), "<preempted>");
	} else if (before->kind == WEAVE_WAIT && before->fibre == event->fibre) {
		name_word(before, name, sizeof(name));
		snprintf(column->mark, sizeof(column->mark), "<waits for %s>", name);
	} else if (before->kind == WEAVE_YIELD && before->fibre == event->fibre) {
		snprintf(column->mark, sizeof(column->mark), "<cpu_relax()>");
	}
}

static bool is_listed(const struct weave_event *event)
{
	switch (event->kind) {
	case WEAVE_BEGIN:
	case WEAVE_END:
	case WEAVE_WAIT:
	case WEAVE_YIELD:
	case WEAVE_EVENT_ENTER:
	case WEAVE_EVENT_EXIT:
	case WEAVE_EVENT_SWITCH:
	case WEAVE_EVENT_INTERRUPT:
	case WEAVE_EVENT_RACE:
		return false;
	default:
		return true;
	}
}

static void print_events(void)
{
	bool few = d.diagram->program->nr_ops <= FEW_OPS;

	walk_begin();
	d.last_column = -1;
	for (uint64_t i = 0; i < d.nr; i++) {
		const struct weave_event *event = &d.events[i];
		struct column *column = &d.columns[event->fibre];

		if (walk(i))
			column->op_printed = false;
		if (event->kind == WEAVE_BEGIN && (few || d.diagram->full))
			print_operation(event->fibre, event->op);
		else if (event->kind == WEAVE_EVENT_SWITCH)
			mark(column, i);
		else if (event->kind == WEAVE_EVENT_INTERRUPT && column->used)
			print(event->fibre, 2, "<interrupt>");
		else if (d.diagram->full ? is_listed(event) : d.shown[i])
			print_event(i);
	}
}

/* Words of a line that are addresses, or hold one, differ from run to run. */
static void leave_out_addresses(char *text)
{
	for (; (text = strstr(text, "0x")); text += 2) {
		size_t digits = strspn(text + 2, "0123456789abcdef");

		if (digits > 8) {
			memcpy(text + 2, "...", 3);
			memmove(text + 5, text + 2 + digits, strlen(text + 2 + digits) + 1);
		}
	}
}

static void print_finding(void)
{
	static const char prefix[] = "mmfuzz: BUG: ";
	const struct column whole = { 0 };
	char text[sizeof(d.woven->text) + 3];

	if (!d.diagram->title)
		return;
	if (strncmp(d.woven->text, prefix, strlen(prefix)))
		snprintf(text, sizeof(text), "=> %s", d.diagram->title);
	else
		snprintf(text, sizeof(text), "=> %s", d.woven->text + strlen(prefix));
	leave_out_addresses(text);
	fputc('\n', d.out);
	print_line(&whole, 0, text);
}

static void forget(void)
{
	struct word *word, *next;

	HASH_ITER(hh, d.words, word, next) {
		HASH_DEL(d.words, word);
		free(word);
	}
	free(d.shown);
	memset(&d, 0, sizeof(d));
}

void diagram_print(const struct diagram *diagram, FILE *out)
{
	const struct weave_trace_log *log = replay_weave_log();

	d.diagram = diagram;
	d.out = out;
	d.woven = replay_weave_result();
	d.events = log->events;
	d.nr = log->nr < log->max ? log->nr : log->max;
	d.shown = calloc(d.nr + 1, sizeof(*d.shown));
	if (!d.shown)
		sim_die("no memory to show a log of %llu events; free some",
			(unsigned long long)d.nr);
	read_words();
	find_disputed();
	choose();
	keep_meetings();
	keep_the_last();
	if (diagram->full)
		for (uint64_t i = 0; i < d.nr; i++)
			d.shown[i] = is_listed(&d.events[i]);
	choose_columns();
	print_heads();
	print_events();
	if (log->nr > log->max)
		fprintf(out, "%llu events more were not kept\n",
			(unsigned long long)(log->nr - log->max));
	print_finding();
	forget();
}
