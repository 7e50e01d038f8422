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

static_assert(sizeof(struct op) == 32,
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
	if (record[0] >= PROGRAM_RESERVED) {
		op->code = OP_RESERVED;
		memcpy(op->raw, record, PROGRAM_RECORD_BYTES);
		return;
	}

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

	if (op->code == OP_RESERVED) {
		memcpy(record, op->raw, PROGRAM_RECORD_BYTES);
		return;
	}

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

void program_decode(struct program *program, const uint8_t *data, size_t size)
{
	struct program_header *header = &program->header;
	uint8_t first[PROGRAM_HEADER_BYTES] = { 0 };
	struct ranges ranges;

	if (size)
		memcpy(first, data, size < sizeof(first) ? size : sizeof(first));
	memset(header, 0, sizeof(*header));
	header->flags = first[3] & ~PROGRAM_MANY_CPUS;
	header->nr_cpus =
		first[0] % (first[3] & PROGRAM_MANY_CPUS ? PROGRAM_MAX_CPUS : PROGRAM_FUZZ_CPUS) +
		1;
	header->profile = first[1] % PROGRAM_NR_PROFILES;
	header->pcp_high = first[2] & 15;
	header->pcp_batch = first[2] >> 4;
	header->schedule = first[4] | first[5] << 8 | first[6] << 16 | (uint32_t)first[7] << 24;

	ranges = ranges_of(header);
	program->nr_ops = 0;
	for (size_t at = PROGRAM_HEADER_BYTES; at < size && program->nr_ops < PROGRAM_MAX_OPS;
	     at += PROGRAM_RECORD_BYTES) {
		uint8_t record[PROGRAM_RECORD_BYTES] = { 0 };
		struct op *op = &program->ops[program->nr_ops++];

		if (size - at >= sizeof(record)) {
			op_decode(op, data + at, &ranges);
		} else {
			memcpy(record, data + at, size - at);
			op_decode(op, record, &ranges);
		}
	}
}

size_t program_encode(const struct program *program, uint8_t *data)
{
	const struct program_header *header = &program->header;
	uint8_t *record = data + PROGRAM_HEADER_BYTES;

	data[0] = header->nr_cpus - 1;
	data[1] = header->profile;
	data[2] = header->pcp_high | header->pcp_batch << 4;
	data[3] = header->flags | (header->nr_cpus > PROGRAM_FUZZ_CPUS ? PROGRAM_MANY_CPUS : 0);
	data[4] = header->schedule;
	data[5] = header->schedule >> 8;
	data[6] = header->schedule >> 16;
	data[7] = header->schedule >> 24;

	for (unsigned int i = 0; i < program->nr_ops; i++, record += PROGRAM_RECORD_BYTES)
		op_encode(&program->ops[i], record);
	return record - data;
}

static unsigned int reduce(unsigned int value, unsigned int min, unsigned int max)
{
	return value < min ? min : min + (value - min) % (max - min + 1);
}

void program_normalize(struct program *program)
{
	struct program_header *header = &program->header;
	struct ranges ranges;

	header->nr_cpus = reduce(header->nr_cpus, 1, PROGRAM_MAX_CPUS);
	header->profile %= PROGRAM_NR_PROFILES;
	header->pcp_high &= 15;
	header->pcp_batch &= 15;
	header->flags &= ~PROGRAM_MANY_CPUS;
	ranges = ranges_of(header);

	for (unsigned int i = 0; i < program->nr_ops; i++) {
		struct op old = program->ops[i];
		struct op *op = &program->ops[i];
		const struct op_info *info;

		if (old.code >= OP_RESERVED)
			continue;
		info = &op_infos[old.code];
		/* Fields that the operation lacks become 0: it may have been another one before. */
		memset(op, 0, sizeof(*op));
		op->code = old.code;
		op->cpu = old.cpu % header->nr_cpus;
		op->fault = old.fault % NR_FAULT_KINDS;
		op->fault_nth = op->fault == FAULT_NONE ? 0 : old.fault_nth & 31;
		op->slot = op_has_slot(op->code) ? old.slot % PROGRAM_SLOTS : 0;
		for (unsigned int a = 0; a < info->nr_args; a++) {
			enum arg_kind kind = info->args[a].kind;

			op_set_arg(op, kind,
				   reduce(op_get_arg(&old, kind), arg_min(kind), ranges.max[kind]));
		}
		op_clamp_range(op, &ranges);
	}
}

bool program_equal(const struct program *a, const struct program *b)
{
	return a->header.nr_cpus == b->header.nr_cpus && a->header.profile == b->header.profile &&
	       a->header.pcp_high == b->header.pcp_high &&
	       a->header.pcp_batch == b->header.pcp_batch && a->header.flags == b->header.flags &&
	       a->header.schedule == b->header.schedule && a->nr_ops == b->nr_ops &&
	       !memcmp(a->ops, b->ops, a->nr_ops * sizeof(a->ops[0]));
}

#ifdef __clang__
#pragma clang attribute pop
#endif
