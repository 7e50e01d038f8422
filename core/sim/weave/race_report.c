// SPDX-License-Identifier: GPL-2.0-only
/*
 * A data race in words: what the two accesses are, both stacks, and the title, which must not depend on which of the
 * two came first.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "race.h"
#include "symbol.h"
#include "trace.h"

#define MAX_FRAMES 64
#define NAME_SIZE  120

struct race_log race_logs[WEAVE_MAX_FIBRES];

static struct race_report report;

#define MAX_ASKED 1024u

/* Pairs of accesses, and whether the one who knows had known of the race. */
static struct {
	unsigned int nr;
	struct asked_pair {
		uintptr_t pc;
		uintptr_t other_pc;
		bool known;
	} pairs[MAX_ASKED];
} asked;

void race_report_begin(void)
{
	report.addr = 0;
}

const struct race_report *race_last(void)
{
	return (weave_hot.flags & WEAVE_HOT_RACES) && report.addr ? &report : NULL;
}

unsigned int race_stack_at(unsigned int fibre, u32 at, uintptr_t *pcs, unsigned int max)
{
	const struct race_log *log = &race_logs[fibre];
	u32 oldest = log->nr > RACE_LOG ? log->nr - RACE_LOG : 0;
	unsigned int ended = 0, nr = 0;

	/* Back in time: a function that has ended was entered before. */
	while (at-- > oldest && nr < max) {
		uintptr_t call = log->calls[at % RACE_LOG];

		if (!call)
			ended++;
		else if (ended)
			ended--;
		else
			pcs[nr++] = call;
	}
	return nr;
}

unsigned int race_stack(uintptr_t *pcs, unsigned int max)
{
	return race_stack_at(weave_hot.cpu, race_logs[weave_hot.cpu].nr, pcs, max);
}

/* "plain write of 4 bytes by CPU 1 in operation 7" */
static int describe(const struct shadow_access *access, char *text, size_t size)
{
	u64 head = access->head;
	unsigned int log = head >> SHADOW_SIZE_SHIFT & 7;
	char what[64], who[32], where[32] = "";

	if (!(head & SHADOW_LIVE))
		snprintf(what, sizeof(what), "free");
	else if (log == SHADOW_BLOCK)
		snprintf(what, sizeof(what), "plain %s of a block", head & SHADOW_WRITE ? "write" : "read");
	else
		snprintf(what, sizeof(what), "%s %s of %u byte%s",
			 head & (SHADOW_PLAIN | SHADOW_ASSUMED) ? "plain" : "marked",
			 head & SHADOW_RMW   ? "read-write" :
			 head & SHADOW_WRITE ? "write" :
					       "read",
			 1u << log, log ? "s" : "");
	sched_who(who, sizeof(who), shadow_fibre(head), access->op);
	if (access->op != WEAVE_NO_OP && !weave_now->config.threads)
		snprintf(where, sizeof(where), " in operation %u", access->op);
	return snprintf(text, size, "%s by %s%s", what, who, where);
}

static void print(const char *line, int len, size_t size)
{
	/* What does not fit is cut off; that stderr is gone is no reason to lose the finding. */
	if (write(STDERR_FILENO, line, min_t(size_t, (size_t)len, size - 1)) < 0)
		return;
}

static void print_frame(unsigned int nr, uintptr_t pc)
{
	char func[NAME_SIZE], place[256], line[NAME_SIZE + 320];

	symbol_name(pc, func, sizeof(func), place, sizeof(place));
	print(line,
	      snprintf(line, sizeof(line), "    #%u 0x%zx in %s %s\n", nr, (size_t)pc, func, place),
	      sizeof(line));
}

static void print_access(const struct shadow_access *access, const char *intro)
{
	unsigned int fibre = shadow_fibre(access->head), nr;
	uintptr_t pcs[MAX_FRAMES];
	char text[160], line[200];

	describe(access, text, sizeof(text));
	print(line, snprintf(line, sizeof(line), "  %s%s:\n", intro, text), sizeof(line));
	print_frame(0, access->pc);
	nr = race_stack_at(fibre, access->log, pcs, ARRAY_SIZE(pcs));
	for (unsigned int i = 0; i < nr; i++)
		print_frame(i + 1, pcs[i]);
	if (race_logs[fibre].nr > RACE_LOG)
		print(line, snprintf(line, sizeof(line), "    (outer functions may be missing)\n"), sizeof(line));
}

static const char *rule_of(u64 a, u64 b)
{
	if (!((a | b) & SHADOW_LIVE))
		return "double free";
	return a & b & SHADOW_LIVE ? "data race" : "use after free";
}

/* The two innermost functions, in an order that is theirs. */
static const char *pair_of(uintptr_t pc, uintptr_t other_pc, const char *names[2])
{
	static char pair[2 * NAME_SIZE + 4], a[NAME_SIZE], b[NAME_SIZE];
	char place[256];
	bool ordered;

	symbol_name(pc, a, sizeof(a), place, sizeof(place));
	symbol_name(other_pc, b, sizeof(b), place, sizeof(place));
	ordered = strcmp(a, b) < 0;
	names[0] = ordered ? a : b;
	names[1] = ordered ? b : a;
	snprintf(pair, sizeof(pair), "%s / %s", names[0], names[1]);
	return pair;
}

static weave_known_race_fn known_race;

static bool linux_rules;

void weave_linux_rules(bool on, weave_known_race_fn known)
{
	linux_rules = on;
	known_race = known;
	asked.nr = 0;
}

bool race_by_linux_rules(void)
{
	return linux_rules;
}

/* Names are dear: each pair of accesses is asked for once. */
static bool is_known(uintptr_t pc, uintptr_t other_pc)
{
	const char *names[2];
	struct asked_pair *pair;

	for (unsigned int i = 0; i < asked.nr; i++) {
		if (asked.pairs[i].pc == pc && asked.pairs[i].other_pc == other_pc)
			return asked.pairs[i].known;
	}
	pair = &asked.pairs[asked.nr < MAX_ASKED ? asked.nr++ : MAX_ASKED - 1];
	pair_of(pc, other_pc, names);
	*pair = (struct asked_pair){ pc, other_pc, known_race(names[0], names[1]) };
	return pair->known;
}

void race_found(uintptr_t addr, const struct shadow_access *old, const struct shadow_access *new)
{
	char text[160], other[160];
	const char *names[2];

	if (known_race && old->head & new->head & SHADOW_LIVE && is_known(new->pc, old->pc))
		return;
	report.addr = addr + __ffs(old->head & new->head & SHADOW_BYTES);
	report.pc = new->pc;
	report.other_pc = old->pc;
	if (weave_hot.flags & WEAVE_HOT_TRACE)
		trace_event(&(struct weave_event){ .kind = WEAVE_EVENT_RACE,
						   .fibre = (u8)weave_hot.cpu,
						   .op = new->op,
						   .nth = weave_hot.nth,
						   .addr = report.addr,
						   .pc = report.pc });
	describe(new, text, sizeof(text));
	describe(old, other, sizeof(other));
	if (!sim_bug_is_quiet()) {
		print_access(new, "");
		print_access(old, "not ordered behind the earlier ");
	}
	sim_bug(rule_of(old->head, new->head), pair_of(report.pc, report.other_pc, names), SIM_NO_PFN,
		"%s is not ordered behind %s", text, other);
}
