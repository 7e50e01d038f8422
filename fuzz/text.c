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
	const struct op_info *info;
	const char *between = "";

	if (op->code == OP_RESERVED) {
		put(out, "reserved ");
		for (unsigned int i = 0; i < PROGRAM_RECORD_BYTES; i++)
			put(out, "%02x", op->raw[i]);
		return;
	}

	info = &op_infos[op->code];
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

size_t program_print(const struct program *program, char *buf, size_t len)
{
	const struct program_header *header = &program->header;
	struct out out = { buf, len, 0 };

	put(&out, "machine profile=%s cpus=%u pcp_high=%u pcp_batch=%u flags=",
	    machine_profiles[header->profile].name, header->nr_cpus, header->pcp_high,
	    header->pcp_batch);
	put_mask(&out, header->flags, flags_text.names, flags_text.nr_names);
	if (header->schedule)
		put(&out, " schedule=%#x", header->schedule);
	put(&out, "\n");
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		put_op(&out, &program->ops[i]);
		put(&out, "\n");
	}
	return out.used < len ? out.used : len ? len - 1 : 0;
}
