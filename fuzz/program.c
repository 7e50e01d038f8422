// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes to program and back.
 *
 * Decoding accepts everything and leaves nothing out of range; the ranges are those of the header's
 * machine. Nothing here runs an operation or knows text.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include <sim/fault.h>

#include "program.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
/*
 * The sanitizers' checks took two thirds of decoding, which is part of each fuzzed run. What it
 * reads and writes is in bounds by construction: a whole record, an element of ops[].
 */
#define DECODE __attribute__((no_sanitize("address", "undefined"))) static inline
#else
#define DECODE static inline
#endif

static_assert(sizeof(struct op) == 24,
	      "struct op has no padding: operations are compared with memcmp()");

const struct op_info op_infos[NR_OPS] = {
#define T_GIVES(kind) SLOT_##kind
#define X(ENUM, op_name, op_gives, op_takes, op_weight, op_help, ...)                        \
	[OP_##ENUM] = {                                                                      \
		.name = #op_name,                                                            \
		.help = op_help,                                                             \
		.gives = T_GIVES(op_gives),                                                  \
		.takes = op_takes,                                                           \
		.weight = op_weight,                                                         \
		.nr_args = sizeof((struct op_arg[]){ __VA_ARGS__ }) / sizeof(struct op_arg), \
		.args = { __VA_ARGS__ },                                                     \
	},
	PROGRAM_OPS(X)
#undef X
#undef T_GIVES
};

unsigned int arg_min(enum arg_kind kind)
{
	switch (kind) {
	case ARG_BLOCKS:
	case ARG_NR:
	case ARG_NR_PAGES:
	case ARG_NR_BULK:
	case ARG_NR_SB:
	case ARG_MAX:
		return 1;
	default:
		return 0;
	}
}

static unsigned int last_of(unsigned int nr)
{
	return nr ? nr - 1 : 0;
}

static unsigned int config_max(const struct mmfuzz_config *config, unsigned int nr_cpus,
			       enum arg_kind kind)
{
	switch (kind) {
	case ARG_NONE:
	case NR_ARG_KINDS:
		return 0;
	case ARG_ORDER:
		return MMFUZZ_MAX_ORDER;
	case ARG_GFP:
		return MMFUZZ_GFP_ALL;
	case ARG_NID:
		return profile_nodes(config) - 1;
	case ARG_PFN:
		return config->max_pfn - 1;
	case ARG_PAGEBLOCK:
		return (config->max_pfn >> config->pageblock_order) - 1;
	case ARG_BLOCK:
		return (config->max_pfn >> config->section_order) - 1;
	case ARG_NR:
		return 4096;
	case ARG_NR_PAGES:
		return 256;
	case ARG_BLOCKS:
	case ARG_NR_SB:
		return 16;
	case ARG_NR_BULK:
	case ARG_MAX:
		return PROGRAM_SLOT_PFNS;
	case ARG_CPU:
		return nr_cpus - 1;
	case ARG_BALLOON:
		return last_of(config->nr_balloons);
	case ARG_VMEM:
		return last_of(config->nr_vmem);
	case ARG_CMA:
		return last_of(config->nr_cma);
	case ARG_ZONE:
		return MMFUZZ_NR_ZONE_TYPES - 1;
	case ARG_INDEX:
		return MMFUZZ_MAX_FOLIOS - 1;
	case ARG_TAG:
		return 255;
	case ARG_FOLIO_TYPE:
	case ARG_ASYNC:
	case ARG_SKIPPABLE:
		return 1;
	}
	return 0;
}

unsigned int arg_max(const struct program_header *header, enum arg_kind kind)
{
	return config_max(&machine_profiles[header->profile].config, header->nr_cpus, kind);
}

/* All of arg_max(), found once for all records of a program: decoding is part of each fuzzed run. */
struct ranges {
	uint16_t max[NR_ARG_KINDS];
	uint8_t nr_cpus;
};

static struct ranges ranges_of(const struct program_header *header)
{
	struct ranges ranges = { .nr_cpus = header->nr_cpus };

	for (unsigned int kind = 0; kind < NR_ARG_KINDS; kind++)
		ranges.max[kind] = arg_max(header, kind);
	return ranges;
}

/* Where in struct op a kind of argument lives. */
static const struct {
	uint8_t offset;
	bool wide; /* uint16_t, not uint8_t */
} fields[NR_ARG_KINDS] = {
#define NARROW(kind, field) [kind] = { offsetof(struct op, field), false }
#define WIDE(kind, field)   [kind] = { offsetof(struct op, field), true }
	NARROW(ARG_ORDER, order),
	NARROW(ARG_GFP, gfp),
	NARROW(ARG_NID, nid),
	WIDE(ARG_PFN, pfn),
	WIDE(ARG_PAGEBLOCK, pageblock),
	WIDE(ARG_BLOCK, block),
	WIDE(ARG_BLOCKS, nr),
	WIDE(ARG_NR, nr),
	WIDE(ARG_NR_PAGES, nr),
	WIDE(ARG_NR_BULK, nr),
	WIDE(ARG_NR_SB, nr),
	NARROW(ARG_MAX, max),
	NARROW(ARG_CPU, target),
	NARROW(ARG_BALLOON, dev),
	NARROW(ARG_VMEM, dev),
	NARROW(ARG_CMA, dev),
	NARROW(ARG_INDEX, index),
	NARROW(ARG_ZONE, zone),
	NARROW(ARG_FOLIO_TYPE, type),
	NARROW(ARG_TAG, tag),
	NARROW(ARG_ASYNC, flag),
	NARROW(ARG_SKIPPABLE, flag),
#undef NARROW
#undef WIDE
};

unsigned int op_get_arg(const struct op *op, enum arg_kind kind)
{
	const uint8_t *field = (const uint8_t *)op + fields[kind].offset;

	if (kind == ARG_NONE)
		return 0;
	return fields[kind].wide ? *(const uint16_t *)field : *field;
}

DECODE void set_arg(struct op *op, enum arg_kind kind, unsigned int value)
{
	uint8_t *field = (uint8_t *)op + fields[kind].offset;

	if (kind == ARG_NONE)
		return;
	if (fields[kind].wide)
		*(uint16_t *)field = value;
	else
		*field = value;
}

void op_set_arg(struct op *op, enum arg_kind kind, unsigned int value)
{
	set_arg(op, kind, value);
}

/* Two bytes of the record, or one. */
DECODE bool arg_is_wide(struct op_arg arg)
{
	return arg.place == AT_BC ||
	       (arg.place == AT_D &&
		(arg.kind == ARG_PFN || arg.kind == ARG_PAGEBLOCK || arg.kind == ARG_BLOCK));
}

DECODE unsigned int arg_byte(struct op_arg arg)
{
	static const uint8_t bytes[] = {
		[AT_SLOT] = 3, [AT_B] = 4, [AT_C] = 5, [AT_BC] = 4, [AT_D] = 6, [AT_D1] = 7
	};

	return bytes[arg.place];
}

/* A range of frames or pageblocks must end where memory does. */
DECODE void op_clamp_range(struct op *op, const struct ranges *ranges)
{
	const struct op_info *info = &op_infos[op->code];
	unsigned int left = ~0u;

	for (unsigned int i = 0; i < info->nr_args; i++) {
		if (info->args[i].kind == ARG_PFN)
			left = ranges->max[ARG_PFN] + 1 - op->pfn;
		else if (info->args[i].kind == ARG_PAGEBLOCK)
			left = ranges->max[ARG_PAGEBLOCK] + 1 - op->pageblock;
	}
	if (op->nr > left)
		op->nr = left;
}

DECODE void op_decode(struct op *op, const uint8_t *record, const struct ranges *ranges)
{
	const struct op_info *info;

	memset(op, 0, sizeof(*op));
	op->code = record[0] % NR_OPS;
	op->cpu = record[1] % ranges->nr_cpus;
	op->fault = (record[2] & 7) % NR_FAULT_KINDS;
	if (op->fault != FAULT_NONE)
		op->fault_nth = record[2] >> 3;
	if (op_has_slot(op->code))
		op->slot = record[3] % PROGRAM_SLOTS;

	info = &op_infos[op->code];
	for (unsigned int i = 0; i < info->nr_args; i++) {
		struct op_arg arg = info->args[i];
		unsigned int byte = arg_byte(arg);
		unsigned int min = arg_min(arg.kind);
		unsigned int raw = record[byte];

		if (arg_is_wide(arg))
			raw |= (unsigned int)record[byte + 1] << 8;
		set_arg(op, arg.kind, min + raw % (ranges->max[arg.kind] - min + 1));
	}
	op_clamp_range(op, ranges);
}

static void op_encode(const struct op *op, uint8_t *record)
{
	const struct op_info *info;

	memset(record, 0, PROGRAM_RECORD_BYTES);
	record[0] = op->code;
	record[1] = op->cpu;
	record[2] = op->fault | op->fault_nth << 3;
	record[3] = op->slot;

	info = &op_infos[op->code];
	for (unsigned int i = 0; i < info->nr_args; i++) {
		struct op_arg arg = info->args[i];
		unsigned int byte = arg_byte(arg);
		unsigned int raw = op_get_arg(op, arg.kind) - arg_min(arg.kind);

		record[byte] = raw;
		if (arg_is_wide(arg))
			record[byte + 1] = raw >> 8;
	}
}

DECODE void values_of(unsigned int nr_cpus, enum weave_choice kind, unsigned int *min,
		      unsigned int *max)
{
	*min = kind == WEAVE_SWITCH || kind == WEAVE_INTERRUPT ? 0 : 1;
	*max = kind == WEAVE_SWITCH			  ? nr_cpus - 1 :
	       kind == WEAVE_STALE || kind == WEAVE_DRAIN ? PROGRAM_MAX_WAITING :
							    *min;
}

void switch_values(const struct program_header *header, enum weave_choice kind, unsigned int *min,
		   unsigned int *max)
{
	values_of(header->nr_cpus, kind, min, max);
}

DECODE bool switch_before(const struct weave_entry *a, const struct weave_entry *b)
{
	if (a->op != b->op)
		return a->op < b->op;
	if (a->nth != b->nth)
		return a->nth < b->nth;
	return a->kind < b->kind;
}

/*
 * The last switch goes to its place among those before it, behind its equals. Mostly it is there
 * already.
 */
DECODE void sort_last_switch(struct program *program)
{
	struct weave_entry *first = program->switches;
	struct weave_entry *at = &program->switches[program->nr_switches - 1];
	struct weave_entry entry = *at;

	for (; at > first && switch_before(&entry, at - 1); at--)
		*at = at[-1];
	*at = entry;
}

DECODE void switch_decode(struct program *program, const uint8_t *record)
{
	unsigned int nth = record[4] | record[5] << 8 | record[6] << 16 | (uint32_t)record[7] << 24;
	enum weave_choice kind = (record[0] - PROGRAM_SWITCH) % PROGRAM_NR_CHOICES;
	unsigned int min, max;

	if (!program->nr_ops || program->nr_switches == PROGRAM_MAX_SWITCHES)
		return;
	values_of(program->header.nr_cpus, kind, &min, &max);
	program->switches[program->nr_switches++] = (struct weave_entry){
		.op = program->nr_ops - 1,
		.nth = nth & PROGRAM_MAX_NTH,
		.kind = kind,
		.value = min + record[1] % (max - min + 1),
	};
	sort_last_switch(program);
}

static void switch_encode(const struct program_header *header, const struct weave_entry *entry,
			  uint8_t *record)
{
	unsigned int min, max;

	switch_values(header, entry->kind, &min, &max);
	memset(record, 0, PROGRAM_RECORD_BYTES);
	record[0] = PROGRAM_SWITCH + entry->kind;
	record[1] = entry->value - min;
	record[4] = entry->nth;
	record[5] = entry->nth >> 8;
	record[6] = entry->nth >> 16;
}

#define WOVEN_MEMORY 3u
#define WOVEN_KCSAN  4u
#define WOVEN_PLAIN  8u
#define WOVEN_REST   4u /* position: two bits of enum program_rest, two of the runs */
#define WOVEN_RUNS   6u

/* What the rest of the schedule has no use for is 0. */
DECODE void rest_normalize(struct program_header *header)
{
	if (header->rest != PROGRAM_REST_RANDOM)
		header->gap = 0;
	if (header->rest == PROGRAM_REST_SERIAL)
		header->runs = header->seed = 0;
}

DECODE void header_decode(struct program_header *header, const uint8_t *first)
{
	unsigned int many = first[3] & PROGRAM_MANY_CPUS;

	memset(header, 0, sizeof(*header));
	header->flags = first[3] & ~PROGRAM_MANY_CPUS;
	header->nr_cpus = first[0] % (many ? PROGRAM_MAX_CPUS : PROGRAM_FUZZ_CPUS) + 1;
	header->profile = first[1] % PROGRAM_NR_PROFILES;
	header->pcp_high = first[2] & 15;
	header->pcp_batch = first[2] >> 4;
	header->memory = (first[4] & WOVEN_MEMORY) % (WEAVE_LKMM + 1);
	header->kcsan = first[4] & WOVEN_KCSAN;
	header->plain_points = first[4] & WOVEN_PLAIN;
	header->rest = (first[4] >> WOVEN_REST) % NR_PROGRAM_RESTS;
	header->runs = first[4] >> WOVEN_RUNS;
	header->gap = first[5];
	header->seed = first[6] | first[7] << 8;
	rest_normalize(header);
}

static void header_encode(const struct program_header *header, uint8_t *data)
{
	data[0] = header->nr_cpus - 1;
	data[1] = header->profile;
	data[2] = header->pcp_high | header->pcp_batch << 4;
	data[3] = header->flags | (header->nr_cpus > PROGRAM_FUZZ_CPUS ? PROGRAM_MANY_CPUS : 0);
	data[4] = header->memory | (header->kcsan ? WOVEN_KCSAN : 0) |
		  (header->plain_points ? WOVEN_PLAIN : 0) |
		  header->rest << WOVEN_REST | header->runs << WOVEN_RUNS;
	data[5] = header->gap;
	data[6] = header->seed;
	data[7] = header->seed >> 8;
}

/* Returns false when there is no room for what the record says. */
DECODE bool record_decode(struct program *program, const uint8_t *record,
			  const struct ranges *ranges)
{
	if (record[0] >= PROGRAM_SWITCH) {
		switch_decode(program, record);
		return true;
	}
	if (program->nr_ops == PROGRAM_MAX_OPS)
		return false;
	op_decode(&program->ops[program->nr_ops++], record, ranges);
	return true;
}

void program_decode(struct program *program, const uint8_t *data, size_t size)
{
	uint8_t first[PROGRAM_HEADER_BYTES] = { 0 };
	uint8_t last[PROGRAM_RECORD_BYTES] = { 0 };
	size_t at = PROGRAM_HEADER_BYTES;
	struct ranges ranges;

	if (size)
		memcpy(first, data, size < sizeof(first) ? size : sizeof(first));
	header_decode(&program->header, first);
	ranges = ranges_of(&program->header);
	program->nr_ops = 0;
	program->nr_switches = 0;

	for (; at < size && size - at >= PROGRAM_RECORD_BYTES; at += PROGRAM_RECORD_BYTES)
		if (!record_decode(program, data + at, &ranges))
			return;
	if (at < size) {
		memcpy(last, data + at, size - at);
		record_decode(program, last, &ranges);
	}
}

size_t program_encode(const struct program *program, uint8_t *data)
{
	uint8_t *record = data + PROGRAM_HEADER_BYTES;
	unsigned int next = 0;

	header_encode(&program->header, data);
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		op_encode(&program->ops[i], record);
		record += PROGRAM_RECORD_BYTES;
		for (; next < program->nr_switches && program->switches[next].op == i; next++) {
			switch_encode(&program->header, &program->switches[next], record);
			record += PROGRAM_RECORD_BYTES;
		}
	}
	return record - data;
}

static unsigned int reduce(unsigned int value, unsigned int min, unsigned int max)
{
	return value < min ? min : min + (value - min) % (max - min + 1);
}

static void header_normalize(struct program_header *header)
{
	header->nr_cpus = reduce(header->nr_cpus, 1, PROGRAM_MAX_CPUS);
	header->profile %= PROGRAM_NR_PROFILES;
	header->pcp_high &= 15;
	header->pcp_batch &= 15;
	header->flags &= ~PROGRAM_MANY_CPUS;
	header->memory %= WEAVE_LKMM + 1;
	header->rest %= NR_PROGRAM_RESTS;
	header->runs %= PROGRAM_NR_RUNS;
	rest_normalize(header);
}

static void op_normalize(struct op *op, const struct ranges *ranges)
{
	const struct op old = *op;
	const struct op_info *info = &op_infos[old.code];

	/* Fields that the operation lacks become 0: it may have been another one before. */
	memset(op, 0, sizeof(*op));
	op->code = old.code;
	op->cpu = old.cpu % ranges->nr_cpus;
	op->fault = old.fault % NR_FAULT_KINDS;
	op->fault_nth = op->fault == FAULT_NONE ? 0 : old.fault_nth & 31;
	op->slot = op_has_slot(op->code) ? old.slot % PROGRAM_SLOTS : 0;
	for (unsigned int a = 0; a < info->nr_args; a++) {
		enum arg_kind kind = info->args[a].kind;

		op_set_arg(op, kind,
			   reduce(op_get_arg(&old, kind), arg_min(kind), ranges->max[kind]));
	}
	op_clamp_range(op, ranges);
}

static void switches_normalize(struct program *program)
{
	unsigned int nr = program->nr_switches;

	program->nr_switches = 0;
	for (unsigned int i = 0; i < nr; i++) {
		struct weave_entry entry = program->switches[i];
		unsigned int min, max;

		if (entry.op >= program->nr_ops)
			continue;
		entry.nth &= PROGRAM_MAX_NTH;
		entry.kind %= PROGRAM_NR_CHOICES;
		switch_values(&program->header, entry.kind, &min, &max);
		entry.value = reduce(entry.value, min, max);
		program->switches[program->nr_switches++] = entry;
		sort_last_switch(program);
	}
}

void program_normalize(struct program *program)
{
	struct ranges ranges;

	header_normalize(&program->header);
	ranges = ranges_of(&program->header);
	for (unsigned int i = 0; i < program->nr_ops; i++)
		op_normalize(&program->ops[i], &ranges);
	switches_normalize(program);
}

void program_copy(struct program *to, const struct program *from)
{
	to->header = from->header;
	to->nr_ops = from->nr_ops;
	to->nr_switches = from->nr_switches;
	memcpy(to->ops, from->ops, from->nr_ops * sizeof(from->ops[0]));
	memcpy(to->switches, from->switches, from->nr_switches * sizeof(from->switches[0]));
}

static bool header_equal(const struct program_header *a, const struct program_header *b)
{
	return a->nr_cpus == b->nr_cpus && a->profile == b->profile && a->pcp_high == b->pcp_high &&
	       a->pcp_batch == b->pcp_batch && a->flags == b->flags && a->memory == b->memory &&
	       a->kcsan == b->kcsan && a->plain_points == b->plain_points && a->rest == b->rest &&
	       a->runs == b->runs && a->gap == b->gap && a->seed == b->seed;
}

bool program_equal(const struct program *a, const struct program *b)
{
	if (!header_equal(&a->header, &b->header) || a->nr_ops != b->nr_ops ||
	    a->nr_switches != b->nr_switches ||
	    memcmp(a->ops, b->ops, a->nr_ops * sizeof(a->ops[0])))
		return false;
	for (unsigned int i = 0; i < a->nr_switches; i++) {
		const struct weave_entry *x = &a->switches[i], *y = &b->switches[i];

		if (x->op != y->op || x->nth != y->nth || x->kind != y->kind ||
		    x->value != y->value)
			return false;
	}
	return true;
}

#ifdef __clang__
#pragma clang attribute pop
#endif
