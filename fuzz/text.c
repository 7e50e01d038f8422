// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs to text. Never writes past the room it is given, whatever the program says.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sim/fault.h>

#include "text.h"

static const char *const gfp_names[] = { "movable", "reclaimable", "dma",    "thisnode",
					 "zero",    "high",	   "compact" };
static const char *const zone_names[] = { "dma", "normal", "movable" };
static const char *const folio_names[] = { "file", "anon" };
static const char *const flag_names[] = { "check", "rcu_late" };

#define NAMES(array) (array), sizeof(array) / sizeof((array)[0])

const struct arg_text arg_texts[NR_ARG_KINDS] = {
	[ARG_ORDER] = { "order", FORM_NUMBER, NULL, 0 },
	[ARG_GFP] = { "gfp", FORM_MASK, NAMES(gfp_names) },
	[ARG_NID] = { "nid", FORM_NUMBER, NULL, 0 },
	[ARG_PFN] = { "pfn", FORM_NUMBER, NULL, 0 },
	[ARG_PAGEBLOCK] = { "pageblock", FORM_NUMBER, NULL, 0 },
	[ARG_BLOCKS] = { "nr", FORM_NUMBER, NULL, 0 },
	[ARG_NR] = { "nr", FORM_NUMBER, NULL, 0 },
	[ARG_NR_PAGES] = { "nr", FORM_NUMBER, NULL, 0 },
	[ARG_NR_BULK] = { "nr", FORM_NUMBER, NULL, 0 },
	[ARG_NR_SB] = { "nr", FORM_NUMBER, NULL, 0 },
	[ARG_MAX] = { "max", FORM_NUMBER, NULL, 0 },
	[ARG_CPU] = { "target", FORM_NUMBER, NULL, 0 },
	[ARG_BALLOON] = { "dev", FORM_NUMBER, NULL, 0 },
	[ARG_VMEM] = { "dev", FORM_NUMBER, NULL, 0 },
	[ARG_CMA] = { "area", FORM_NUMBER, NULL, 0 },
	[ARG_INDEX] = { "index", FORM_NUMBER, NULL, 0 },
	[ARG_BLOCK] = { "block", FORM_NUMBER, NULL, 0 },
	[ARG_ZONE] = { "zone", FORM_NAME, NAMES(zone_names) },
	[ARG_FOLIO_TYPE] = { "type", FORM_NAME, NAMES(folio_names) },
	[ARG_TAG] = { "tag", FORM_NUMBER, NULL, 0 },
	[ARG_ASYNC] = { "async", FORM_NUMBER, NULL, 0 },
	[ARG_SKIPPABLE] = { "skippable", FORM_NUMBER, NULL, 0 },
};

const struct arg_text flags_text = { "flags", FORM_MASK, NAMES(flag_names) };

static const char *const memory_names[] = { "sc", "tso", "lkmm" };
static const char *const races_names[] = { "all", "kcsan" };
static const char *const points_names[] = { "marked", "plain" };
static const char *const rest_names[] = { "serial", "random", "pos", "pct" };
static const char *const runs_names[] = { "1", "4", "16", "64" };

#define ONE_OF(array) (array), 0, sizeof(array) / sizeof((array)[0]) - 1

const struct machine_text machine_texts[NR_MACHINE_WORDS] = {
	[WORD_CPUS] = { "cpus", NULL, 1, PROGRAM_MAX_CPUS, true },
	[WORD_PCP_HIGH] = { "pcp_high", NULL, 0, 15, true },
	[WORD_PCP_BATCH] = { "pcp_batch", NULL, 0, 15, true },
	[WORD_MEMORY] = { "memory", ONE_OF(memory_names), false },
	[WORD_RACES] = { "races", ONE_OF(races_names), false },
	[WORD_POINTS] = { "points", ONE_OF(points_names), false },
	[WORD_SCHEDULE] = { "schedule", ONE_OF(rest_names), false },
	[WORD_RUNS] = { "runs", ONE_OF(runs_names), false },
	[WORD_GAP] = { "gap", NULL, 0, UINT8_MAX, false },
	[WORD_SEED] = { "seed", NULL, 0, UINT16_MAX, false },
};

const struct choice_text choice_texts[PROGRAM_NR_CHOICES] = {
	[WEAVE_SWITCH] = { "switch", "cpu" }, [WEAVE_INTERRUPT] = { "interrupt", NULL },
	[WEAVE_STALE] = { "stale", "" },      [WEAVE_DELAY] = { "delay", NULL },
	[WEAVE_DRAIN] = { "drain", "" },
};

unsigned int machine_word_get(const struct program_header *header, enum machine_word word)
{
	switch (word) {
	case WORD_CPUS:
		return header->nr_cpus;
	case WORD_PCP_HIGH:
		return header->pcp_high;
	case WORD_PCP_BATCH:
		return header->pcp_batch;
	case WORD_MEMORY:
		return header->memory;
	case WORD_RACES:
		return header->kcsan;
	case WORD_POINTS:
		return header->plain_points;
	case WORD_SCHEDULE:
		return header->rest;
	case WORD_RUNS:
		return header->runs;
	case WORD_GAP:
		return header->gap;
	case WORD_SEED:
		return header->seed;
	case NR_MACHINE_WORDS:
		break;
	}
	return 0;
}

void machine_word_set(struct program_header *header, enum machine_word word, unsigned int value)
{
	switch (word) {
	case WORD_CPUS:
		header->nr_cpus = value;
		break;
	case WORD_PCP_HIGH:
		header->pcp_high = value;
		break;
	case WORD_PCP_BATCH:
		header->pcp_batch = value;
		break;
	case WORD_MEMORY:
		header->memory = value;
		break;
	case WORD_RACES:
		header->kcsan = value;
		break;
	case WORD_POINTS:
		header->plain_points = value;
		break;
	case WORD_SCHEDULE:
		header->rest = value;
		break;
	case WORD_RUNS:
		header->runs = value;
		break;
	case WORD_GAP:
		header->gap = value;
		break;
	case WORD_SEED:
		header->seed = value;
		break;
	case NR_MACHINE_WORDS:
		break;
	}
}

struct out {
	char *buf;
	size_t len;
	size_t used; /* as snprintf counts: also what did not fit */
};

static void __printf(2, 3) put(struct out *out, const char *format, ...)
{
	size_t left = out->used < out->len ? out->len - out->used : 0;
	va_list args;

	va_start(args, format);
	out->used += vsnprintf(left ? out->buf + out->used : NULL, left, format, args);
	va_end(args);
}

static void put_mask(struct out *out, unsigned int value, const char *const *names,
		     unsigned int nr_names)
{
	const char *between = "";

	for (unsigned int i = 0; i < nr_names; i++) {
		if (!(value & 1u << i))
			continue;
		put(out, "%s%s", between, names[i]);
		between = "|";
		value &= ~(1u << i);
	}
	if (value || !*between)
		put(out, value ? "%s%#x" : "%s%u", between, value);
}

static void put_op(struct out *out, const struct op *op)
{
	const struct op_info *info = &op_infos[op->code];
	const char *between = "";

	put(out, "cpu%u: ", op->cpu);
	if (info->gives != SLOT_NONE)
		put(out, "s%u = ", op->slot);
	put(out, "%s(", info->name);
	if (info->takes) {
		put(out, "s%u", op->slot);
		between = ", ";
	}
	for (unsigned int i = 0; i < info->nr_args; i++) {
		enum arg_kind kind = info->args[i].kind;
		const struct arg_text *text = &arg_texts[kind];
		unsigned int value = op_get_arg(op, kind);

		if (kind == ARG_NONE)
			continue;
		put(out, "%s%s=", between, text->name);
		between = ", ";
		if (text->form == FORM_NAME)
			put(out, "%s", text->names[value]);
		else if (text->form == FORM_MASK)
			put_mask(out, value, text->names, text->nr_names);
		else
			put(out, "%u", value);
	}
	put(out, ")");
	if (op->fault != FAULT_NONE) {
		put(out, " fault=%s:", fault_name(op->fault));
		put(out, op->fault_nth ? "%u" : "each", op->fault_nth);
	}
}

int op_print(const struct op *op, char *buf, size_t len)
{
	struct out out = { buf, len, 0 };

	put_op(&out, op);
	return out.used;
}

static void put_switch(struct out *out, const struct weave_entry *entry)
{
	const struct choice_text *text = &choice_texts[entry->kind];

	put(out, "@%u %s", entry->nth, text->name);
	if (text->prefix)
		put(out, " %s%u", text->prefix, entry->value);
}

int switch_print(const struct weave_entry *entry, char *buf, size_t len)
{
	struct out out = { buf, len, 0 };

	put_switch(&out, entry);
	return out.used;
}

static void put_machine_word(struct out *out, const struct program_header *header,
			     enum machine_word word)
{
	const struct machine_text *text = &machine_texts[word];
	unsigned int value = machine_word_get(header, word);

	if (!value && !text->always)
		return;
	if (text->names)
		put(out, " %s=%s", text->key, text->names[value]);
	else
		put(out, " %s=%u", text->key, value);
}

size_t program_print(const struct program *program, char *buf, size_t len)
{
	const struct program_header *header = &program->header;
	struct out out = { buf, len, 0 };
	unsigned int next = 0;

	put(&out, "machine profile=%s", machine_profiles[header->profile].name);
	for (enum machine_word word = 0; word < WORD_MEMORY; word++)
		put_machine_word(&out, header, word);
	put(&out, " flags=");
	put_mask(&out, header->flags, flags_text.names, flags_text.nr_names);
	for (enum machine_word word = WORD_MEMORY; word < NR_MACHINE_WORDS; word++)
		put_machine_word(&out, header, word);
	put(&out, "\n");
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		put_op(&out, &program->ops[i]);
		put(&out, "\n");
		for (; next < program->nr_switches && program->switches[next].op == i; next++) {
			put(&out, "    ");
			put_switch(&out, &program->switches[next]);
			put(&out, "\n");
		}
	}
	return out.used < len ? out.used : len ? len - 1 : 0;
}
