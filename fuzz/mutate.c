// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutator: small changes that keep a program a program.
 *
 * New operations and new arguments come from the generator, which is first shown the operations
 * before the place of the change, so that what it makes fits there. Nothing here runs an operation.
 */
#include <string.h>

#include <sim/fault.h>

#include "generate.h"
#include "mutate.h"

static struct program program, other;

static unsigned int ops_that_fit(size_t max_size)
{
	size_t ops = (max_size - PROGRAM_HEADER_BYTES) / PROGRAM_RECORD_BYTES;

	return ops < PROGRAM_MAX_OPS ? ops : PROGRAM_MAX_OPS;
}

/* Make room for @nr operations at @at; as many as fit below @max_ops. */
static unsigned int open_gap(unsigned int at, unsigned int nr, unsigned int max_ops)
{
	if (program.nr_ops >= max_ops)
		return 0;
	if (nr > max_ops - program.nr_ops)
		nr = max_ops - program.nr_ops;
	memmove(&program.ops[at + nr], &program.ops[at], (program.nr_ops - at) * sizeof(struct op));
	program.nr_ops += nr;
	return nr;
}

static void close_gap(unsigned int at, unsigned int nr)
{
	memmove(&program.ops[at], &program.ops[at + nr],
		(program.nr_ops - at - nr) * sizeof(struct op));
	program.nr_ops -= nr;
}

/* A generator that has seen the program up to @at. */
static void generator_at(struct generator *generator, unsigned int at, struct rng *rng)
{
	generator_init(generator, &generator_default, &program.header, rng_next(rng));
	for (unsigned int i = 0; i < at; i++)
		generator_seen(generator, &program.ops[i]);
}

static unsigned int some_cpu(unsigned int at, struct rng *rng)
{
	if (at && program.ops[at - 1].code != OP_RESERVED && rng_percent(rng, 60))
		return program.ops[at - 1].cpu;
	return rng_below(rng, program.header.nr_cpus);
}

static void insert_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int at = rng_below(rng, program.nr_ops + 1);
	unsigned int nr = rng_percent(rng, 70) ? 1 : 1 + rng_below(rng, 8);
	struct generator generator;

	generator_at(&generator, at, rng);
	nr = open_gap(at, nr, max_ops);
	for (unsigned int i = 0; i < nr; i++)
		generator_op(&generator, some_cpu(at + i, rng), &program.ops[at + i]);
}

static void append_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int at = program.nr_ops;
	unsigned int nr = open_gap(at, 1 + rng_below(rng, 16), max_ops);
	struct generator generator;

	generator_at(&generator, at, rng);
	for (unsigned int i = 0; i < nr; i++)
		generator_op(&generator, some_cpu(at + i, rng), &program.ops[at + i]);
}

static void delete_ops(struct rng *rng)
{
	unsigned int at = rng_below(rng, program.nr_ops);
	unsigned int nr = rng_percent(rng, 70) ? 1 : 1 + rng_below(rng, program.nr_ops - at);

	close_gap(at, nr);
}

static void duplicate_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int from = rng_below(rng, program.nr_ops);
	unsigned int left = program.nr_ops - from;
	unsigned int nr = 1 + rng_below(rng, left < 8 ? left : 8);
	unsigned int to = rng_below(rng, program.nr_ops + 1);
	struct op ops[8];

	memcpy(ops, &program.ops[from], nr * sizeof(ops[0]));
	nr = open_gap(to, nr, max_ops);
	memcpy(&program.ops[to], ops, nr * sizeof(ops[0]));
}

static void swap_ops(struct rng *rng)
{
	unsigned int a = rng_below(rng, program.nr_ops);
	unsigned int b = rng_percent(rng, 60) && a + 1 < program.nr_ops ?
				 a + 1 :
				 rng_below(rng, program.nr_ops);
	struct op op = program.ops[a];

	program.ops[a] = program.ops[b];
	program.ops[b] = op;
}

static void move_ops(struct rng *rng)
{
	unsigned int from = rng_below(rng, program.nr_ops);
	unsigned int left = program.nr_ops - from;
	unsigned int nr = 1 + rng_below(rng, left < 8 ? left : 8);
	struct op ops[8];
	unsigned int to;

	memcpy(ops, &program.ops[from], nr * sizeof(ops[0]));
	close_gap(from, nr);
	to = rng_below(rng, program.nr_ops + 1);
	open_gap(to, nr, PROGRAM_MAX_OPS);
	memcpy(&program.ops[to], ops, nr * sizeof(ops[0]));
}

/* One argument or the slot, respecting its kind. */
static void change_argument(struct rng *rng)
{
	unsigned int at = rng_below(rng, program.nr_ops);
	struct op *op = &program.ops[at];
	const struct op_info *info;
	struct generator generator;
	unsigned int choice;
	enum arg_kind kind;

	if (op->code == OP_RESERVED) {
		op->raw[1 + rng_below(rng, PROGRAM_RECORD_BYTES - 1)] = rng_next(rng);
		return;
	}
	info = &op_infos[op->code];
	choice = rng_below(rng, info->nr_args + op_has_slot(op->code));
	if (choice == info->nr_args || info->args[choice].kind == ARG_NONE) {
		op->slot = rng_below(rng, PROGRAM_SLOTS);
		return;
	}
	kind = info->args[choice].kind;
	if (rng_percent(rng, 40)) {
		/* A step up or down; program_normalize() brings it back into range. */
		op_set_arg(op, kind, op_get_arg(op, kind) + 1 - 2 * rng_below(rng, 2));
		return;
	}
	generator_at(&generator, at, rng);
	generator_arg(&generator, op, kind);
}

/* Another operation with the same CPU, slot and frames as far as it has them. */
static void change_code(struct rng *rng)
{
	unsigned int at = rng_below(rng, program.nr_ops);
	struct op *op = &program.ops[at];
	struct op old = *op;
	struct generator generator;

	if (op->code == OP_RESERVED)
		return;
	generator_at(&generator, at, rng);
	generator_op(&generator, old.cpu, op);
	if (rng_percent(rng, 50)) {
		op->slot = old.slot;
		for (unsigned int i = 0; i < op_infos[old.code].nr_args; i++) {
			enum arg_kind kind = op_infos[old.code].args[i].kind;

			op_set_arg(op, kind, op_get_arg(&old, kind));
		}
	}
}

static void change_cpu(struct rng *rng)
{
	unsigned int at = rng_below(rng, program.nr_ops);
	unsigned int nr = rng_percent(rng, 70) ? 1 : 1 + rng_below(rng, program.nr_ops - at);
	unsigned int cpu = rng_below(rng, program.header.nr_cpus);

	for (unsigned int i = at; i < at + nr; i++)
		if (program.ops[i].code != OP_RESERVED)
			program.ops[i].cpu = cpu;
}

static void change_fault(struct rng *rng)
{
	struct op *op = &program.ops[rng_below(rng, program.nr_ops)];

	if (op->code == OP_RESERVED)
		return;
	if (op->fault != FAULT_NONE && rng_percent(rng, 50)) {
		op->fault = FAULT_NONE;
	} else if (op->fault != FAULT_NONE && rng_percent(rng, 50)) {
		op->fault_nth = rng_below(rng, 32);
	} else {
		op->fault = FAULT_NONE + 1 + rng_below(rng, NR_FAULT_KINDS - 1);
		op->fault_nth = rng_percent(rng, 20) ? 0 : 1 + rng_below(rng, 6);
	}
}

static void change_header(struct rng *rng)
{
	struct program_header random = program_random_header(rng);

	switch (rng_below(rng, 5)) {
	case 0:
		program.header.nr_cpus = random.nr_cpus;
		break;
	case 1:
		program.header.pcp_high = random.pcp_high;
		program.header.pcp_batch = random.pcp_batch;
		break;
	case 2:
		program.header.flags ^= 1u << rng_below(rng, 2);
		break;
	default:
		program.header.profile = random.profile;
		break;
	}
}

/* Move everything that names a frame by the same distance: the same meetings somewhere else. */
static void shift_frames(struct rng *rng)
{
	const struct mmfuzz_config *config = &machine_profiles[program.header.profile].config;
	unsigned int blocks = 1 + rng_below(rng, 4);
	unsigned int pfns = blocks << config->pageblock_order;

	for (unsigned int i = 0; i < program.nr_ops; i++) {
		struct op *op = &program.ops[i];

		op->pfn += pfns;
		op->pageblock += blocks;
		op->block += pfns >> config->section_order;
	}
}

static void mutate_once(struct rng *rng, unsigned int max_ops)
{
	unsigned int choice = rng_below(rng, 100);

	if (!program.nr_ops || choice < 8)
		append_ops(rng, max_ops);
	else if (choice < 24)
		insert_ops(rng, max_ops);
	else if (choice < 34)
		delete_ops(rng);
	else if (choice < 41)
		duplicate_ops(rng, max_ops);
	else if (choice < 48)
		swap_ops(rng);
	else if (choice < 54)
		move_ops(rng);
	else if (choice < 74)
		change_argument(rng);
	else if (choice < 81)
		change_code(rng);
	else if (choice < 87)
		change_cpu(rng);
	else if (choice < 94)
		change_fault(rng);
	else if (choice < 97)
		change_header(rng);
	else
		shift_frames(rng);
	program_normalize(&program);
}

/* Bytes without regard to what they mean; they are a program still. */
static void mutate_bytes(uint8_t *data, size_t size, struct rng *rng)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };

	for (unsigned int n = 1 + rng_below(rng, 4); n && size; n--) {
		uint8_t *byte = &data[rng_below(rng, size)];

		switch (rng_below(rng, 4)) {
		case 0:
			*byte ^= 1u << rng_below(rng, 8);
			break;
		case 1:
			*byte += 1 + rng_below(rng, 16);
			break;
		case 2:
			*byte = values[rng_below(rng, sizeof(values))];
			break;
		default:
			*byte = rng_next(rng);
			break;
		}
	}
}

size_t program_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed)
{
	struct rng rng = rng_seed(seed);
	unsigned int max_ops;

	if (max_size < PROGRAM_HEADER_BYTES)
		return size;
	max_ops = ops_that_fit(max_size);
	if (rng_percent(&rng, 6))
		mutate_bytes(data, size < max_size ? size : max_size, &rng);
	program_decode(&program, data, size);
	if (!program.nr_ops && size < PROGRAM_HEADER_BYTES)
		program.header = program_random_header(&rng);
	if (program.nr_ops > max_ops)
		program.nr_ops = max_ops;
	/* Seeds that check after each operation are dear; without this most of a corpus would be. */
	if (rng_percent(&rng, 25))
		program.header.flags &= ~PROGRAM_CHECK_EACH;
	for (unsigned int n = rng_percent(&rng, 50) ? 1 : 1 + rng_below(&rng, 5); n && max_ops; n--)
		mutate_once(&rng, max_ops);
	return program_encode(&program, data);
}

size_t program_crossover(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			 uint8_t *out, size_t max_size, uint64_t seed)
{
	struct rng rng = rng_seed(seed);
	unsigned int at, from, nr;

	if (max_size < PROGRAM_HEADER_BYTES)
		return 0;
	program_decode(&program, data1, size1);
	program_decode(&other, data2, size2);
	if (program.nr_ops > ops_that_fit(max_size))
		program.nr_ops = ops_that_fit(max_size);

	from = rng_below(&rng, other.nr_ops);
	nr = other.nr_ops ? 1 + rng_below(&rng, other.nr_ops - from) : 0;
	at = rng_below(&rng, program.nr_ops + 1);
	if (rng_percent(&rng, 50)) {
		/*
		 * Half of the slots further: what the second holds does not collide with what the
		 * first holds.
		 */
		for (unsigned int i = from; i < from + nr; i++)
			other.ops[i].slot += PROGRAM_SLOTS / 2;
	}
	if (rng_percent(&rng, 30)) {
		/* The end of the one after the beginning of the other. */
		program.nr_ops = at;
		nr = open_gap(at, nr, ops_that_fit(max_size));
		memcpy(&program.ops[at], &other.ops[from], nr * sizeof(struct op));
	} else if (rng_percent(&rng, 50)) {
		/* The one within the other. */
		nr = open_gap(at, nr, ops_that_fit(max_size));
		memcpy(&program.ops[at], &other.ops[from], nr * sizeof(struct op));
	} else {
		/* Taking turns. */
		for (unsigned int i = 0; i < nr && at <= program.nr_ops;
		     i++, at += 1 + rng_below(&rng, 3))
			if (open_gap(at, 1, ops_that_fit(max_size)))
				program.ops[at] = other.ops[from + i];
	}
	program_normalize(&program);
	return program_encode(&program, out);
}
