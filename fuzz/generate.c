// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generator: weights, slots that are likely filled, frames near those of the neighbours.
 *
 * In a trial on a real kernel a planted missing lock stayed invisible until the programs made two
 * operations meet on neighbouring list entries; that is what the gathering frame is for. Nothing
 * here runs an operation.
 */
#include <string.h>

#include <sim/fault.h>

#include "edit.h"
#include "generate.h"

const struct generator_profile generator_default = {
	.name = "default",
	.help = "everything",
	.weights = {
#define X(ENUM, name, gives, takes, weight, ...) [OP_##ENUM] = weight,
		PROGRAM_OPS(X)
#undef X
	},
	.fault_percent = 8,
	.move_percent = 6,
};

/* More slots than this in use, and the next operation rather frees one. */
#define SLOTS_ENOUGH 14
/* Allocations that may use what others must leave, where the profile does not say how many. */
#define GFP_HIGH_PERCENT 15u

/* Weights of @profile for what the machine has: what it lacks would be skipped. Return: their sum. */
static uint32_t take_weights(struct generator *generator, const struct generator_profile *profile)
{
	const struct mmfuzz_config *config = &machine_profiles[generator->header.profile].config;
	uint32_t sum = 0;

	for (unsigned int code = 0; code < NR_OPS; code++) {
		unsigned int weight = profile->weights[code];

		for (unsigned int i = 0; i < op_infos[code].nr_args; i++) {
			enum arg_kind kind = op_infos[code].args[i].kind;

			if ((kind == ARG_BALLOON && !config->nr_balloons) ||
			    (kind == ARG_VMEM && !config->nr_vmem) ||
			    (kind == ARG_CMA && !config->nr_cma))
				weight = 0;
		}
		generator->sums[code] = sum += weight;
	}
	return sum;
}

void generator_init(struct generator *generator, const struct generator_profile *profile,
		    const struct program_header *header, uint64_t seed)
{
	const struct mmfuzz_config *config = &machine_profiles[header->profile].config;

	memset(generator, 0, sizeof(*generator));
	generator->profile = profile;
	generator->header = *header;
	generator->rng = rng_seed(seed);
	/* Some of a scenario's operations, on a machine that is not the scenario's, may be none. */
	if (!take_weights(generator, profile))
		take_weights(generator, &generator_default);
	for (unsigned int kind = 0; kind < NR_ARG_KINDS; kind++)
		generator->max[kind] = arg_max(header, kind);
	generator->pageblock_order = config->pageblock_order;
	generator->section_order = config->section_order;
	generator->pfn = rng_below(&generator->rng, config->max_pfn);
	/* Programs begin on a machine that was just booted: it gives away the first frames of a zone first. */
	if (config->nr_zones && rng_percent(&generator->rng, 50))
		generator->pfn = config->zones[rng_below(&generator->rng, config->nr_zones)].range.start;
	generator->index = rng_below(&generator->rng, MMFUZZ_MAX_FOLIOS);
	generator->indexes = 1u << rng_below(&generator->rng, 4);
}

static enum op_code pick_code(struct generator *generator)
{
	uint32_t at = rng_below(&generator->rng, generator->sums[NR_OPS - 1]);
	unsigned int low = 0, high = NR_OPS - 1;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (at < generator->sums[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* A slot whose kind is in @mask, PROGRAM_SLOTS if there is none. */
static unsigned int pick_slot(struct generator *generator, uint32_t mask)
{
	unsigned int start = rng_below(&generator->rng, PROGRAM_SLOTS);

	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++) {
		unsigned int slot = (start + i) % PROGRAM_SLOTS;

		if (mask & 1u << generator->slots[slot])
			return slot;
	}
	return PROGRAM_SLOTS;
}

static unsigned int slots_used(const struct generator *generator)
{
	unsigned int used = 0;

	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		used += generator->slots[i] != SLOT_NONE;
	return used;
}

/* Small ones mostly: 0 half the time, 1 a quarter ... */
static unsigned int small(struct rng *rng, unsigned int max)
{
	unsigned int value = 0;

	while (value < max && rng_percent(rng, 50))
		value++;
	return value;
}

static unsigned int pick_gfp(struct rng *rng, unsigned int high_percent)
{
	unsigned int gfp = rng_percent(rng, 50) ? MMFUZZ_GFP_MOVABLE :
			   rng_percent(rng, 20) ? MMFUZZ_GFP_RECLAIMABLE :
						  0;

	if (rng_percent(rng, 5))
		return rng_below(rng, MMFUZZ_GFP_ALL + 1);
	if (rng_percent(rng, 8))
		gfp |= MMFUZZ_GFP_DMA;
	if (rng_percent(rng, 10))
		gfp |= MMFUZZ_GFP_THISNODE;
	if (rng_percent(rng, 20))
		gfp |= MMFUZZ_GFP_ZERO;
	if (rng_percent(rng, high_percent ? high_percent : GFP_HIGH_PERCENT))
		gfp |= MMFUZZ_GFP_HIGH;
	if (rng_percent(rng, 20))
		gfp |= MMFUZZ_GFP_COMPACT;
	return gfp;
}

/*
 * Mostly a few, since what shows with a few costs little, and two thirds of a program's time went into long ranges; else
 * lengths at which something begins or ends: a power of two, a pageblock, several, a section.
 */
static unsigned int pick_nr(struct generator *generator, unsigned int max)
{
	struct rng *rng = &generator->rng;
	unsigned int nr;

	switch (rng_below(rng, 16)) {
	case 0 ... 4:
		nr = 1 + rng_below(rng, 3);
		break;
	case 5 ... 9:
		nr = 2 + rng_below(rng, 6);
		break;
	case 10 ... 11:
		nr = 1u << rng_below(rng, 6);
		break;
	case 12:
		nr = 1 + rng_below(rng, 32);
		break;
	case 13 ... 14:
		nr = 1u << generator->pageblock_order;
		break;
	default:
		nr = rng_percent(rng, 50) ?
			     (1u << generator->pageblock_order) * (1 + rng_below(rng, 4)) :
			     1u << generator->section_order;
		break;
	}
	/* On machines with large blocks these lengths are most of the memory: seldom. */
	if (nr > 64 && !rng_percent(rng, 20))
		nr = 1 + rng_below(rng, 8);
	return nr > max ? 1 + rng_below(rng, max) : nr;
}

/* Near where the action is, often on a border. */
static unsigned int pick_pfn(struct generator *generator)
{
	struct rng *rng = &generator->rng;
	unsigned int last = generator->max[ARG_PFN];
	unsigned int reach = 1u << (generator->pageblock_order + 1);
	unsigned int pfn = generator->pfn + rng_below(rng, reach) - reach / 2;

	switch (rng_below(rng, 6)) {
	case 0:
		pfn = generator->pfn;
		break;
	case 1:
		pfn &= ~((1u << generator->pageblock_order) - 1);
		break;
	case 2:
		pfn &= ~((1u << generator->section_order) - 1);
		break;
	case 3:
		pfn &= ~((1u << rng_below(rng, MMFUZZ_MAX_ORDER)) - 1);
		break;
	}
	return pfn > last ? rng_below(rng, last + 1) : pfn;
}

static unsigned int near(struct generator *generator, unsigned int value, unsigned int max)
{
	value += rng_below(&generator->rng, 3) - 1;
	return value > max ? rng_below(&generator->rng, max + 1) : value;
}

static unsigned int large_orders(const struct generator *generator)
{
	unsigned int order = 0, max = generator->max[ARG_ORDER];

	while (order < max && 2u << order <= generator->max[ARG_PFN])
		order++;
	return order ? order : 1;
}

static unsigned int pick_value(struct generator *generator, enum arg_kind kind)
{
	struct rng *rng = &generator->rng;
	unsigned int max = generator->max[kind];

	switch (kind) {
	case ARG_ORDER:
		/* Any that is at most half of the memory. */
		if (rng_percent(rng, generator->profile->large_percent))
			return rng_below(rng, large_orders(generator));
		if (rng_percent(rng, 15))
			return generator->pageblock_order < max ? generator->pageblock_order : max;
		return small(rng, max);
	case ARG_GFP:
		return pick_gfp(rng, generator->profile->high_percent);
	case ARG_PFN:
		return pick_pfn(generator);
	case ARG_PAGEBLOCK:
		return near(generator, generator->pfn >> generator->pageblock_order, max);
	case ARG_BLOCK:
		return near(generator, generator->pfn >> generator->section_order, max);
	case ARG_BLOCKS:
	case ARG_NR_SB:
		return 1 + small(rng, max - 1);
	case ARG_NR:
	case ARG_NR_PAGES:
	case ARG_NR_BULK:
	case ARG_MAX:
		return pick_nr(generator, max);
	case ARG_INDEX:
		/* A few neighbours, else folios are added but not found again. */
		return rng_percent(rng, 85) ?
			       (generator->index + rng_below(rng, generator->indexes)) % MMFUZZ_MAX_FOLIOS :
			       rng_below(rng, max + 1);
	case ARG_ZONE:
		return rng_percent(rng, 10) ? rng_below(rng, max + 1) :
		       rng_percent(rng, 60) ? MMFUZZ_ZONE_MOVABLE :
					      MMFUZZ_ZONE_NORMAL;
	default:
		return arg_min(kind) + rng_below(rng, max - arg_min(kind) + 1);
	}
}

static void end_at_memory(const struct generator *generator, struct op *op)
{
	unsigned int left = ~0u;

	for (unsigned int i = 0; i < op_infos[op->code].nr_args; i++) {
		if (op_infos[op->code].args[i].kind == ARG_PFN)
			left = generator->max[ARG_PFN] + 1 - op->pfn;
		else if (op_infos[op->code].args[i].kind == ARG_PAGEBLOCK)
			left = generator->max[ARG_PAGEBLOCK] + 1 - op->pageblock;
	}
	if (op->nr > left)
		op->nr = left;
}

void generator_arg(struct generator *generator, struct op *op, enum arg_kind kind)
{
	op_set_arg(op, kind, pick_value(generator, kind));
	end_at_memory(generator, op);
}

void generator_seen(struct generator *generator, const struct op *op)
{
	const struct op_info *info = &op_infos[op->code];

	if (info->gives != SLOT_NONE)
		generator->slots[op->slot] = info->gives;
	switch (op->code) {
	case OP_SPLIT:
		if (generator->slots[op->slot] == SLOT_FROZEN)
			generator->slots[op->slot] = SLOT_SINGLES;
		break;
	case OP_FREE:
	case OP_FREE_NOLOCK:
	case OP_PUTBACK:
		generator->slots[op->slot] = SLOT_NONE;
		break;
	}
	for (unsigned int i = 0; i < info->nr_args; i++)
		if (info->args[i].kind == ARG_PFN)
			generator->pfn = op->pfn;
}

/* Which operation, and with which slot; a slot that does not fit would make it a waste of time. */
static void pick_code_and_slot(struct generator *generator, struct op *op)
{
	for (unsigned int tries = 0; tries < 8; tries++) {
		const struct op_info *info;

		op->code = pick_code(generator);
		info = &op_infos[op->code];
		op->slot = 0;
		if (!op_has_slot(op->code))
			return;
		if (info->gives != SLOT_NONE && slots_used(generator) >= SLOTS_ENOUGH &&
		    generator->profile->weights[OP_FREE]) {
			op->code = OP_FREE;
			info = &op_infos[OP_FREE];
		}
		op->slot = pick_slot(generator, info->takes ? info->takes : 1u << SLOT_NONE);
		if (op->slot < PROGRAM_SLOTS)
			return;
	}
	op->slot = rng_below(&generator->rng, PROGRAM_SLOTS);
}

void generator_op(struct generator *generator, unsigned int cpu, struct op *op)
{
	struct rng *rng = &generator->rng;
	const struct op_info *info;

	if (rng_percent(rng, generator->profile->move_percent)) {
		generator->pfn = rng_below(rng, generator->max[ARG_PFN] + 1);
		generator->index = rng_below(rng, MMFUZZ_MAX_FOLIOS);
	}
	memset(op, 0, sizeof(*op));
	op->cpu = cpu;
	pick_code_and_slot(generator, op);
	info = &op_infos[op->code];
	for (unsigned int i = 0; i < info->nr_args; i++)
		op_set_arg(op, info->args[i].kind, pick_value(generator, info->args[i].kind));
	end_at_memory(generator, op);
	if (rng_percent(rng, generator->profile->fault_percent)) {
		op->fault = FAULT_NONE + 1 + rng_below(rng, NR_FAULT_KINDS - 1);
		op->fault_nth = rng_percent(rng, 10) ? 0 : 1 + small(rng, 30);
	}
	generator_seen(generator, op);
}

void program_generate(struct program *program, const struct generator_profile *profile,
		      const struct program_header *header, unsigned int nr_ops, uint64_t seed)
{
	struct generator generator;
	unsigned int cpu = 0;

	generator_init(&generator, profile, header, seed);
	program->header = *header;
	program->nr_ops = nr_ops < PROGRAM_MAX_OPS ? nr_ops : PROGRAM_MAX_OPS;
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		if (rng_percent(&generator.rng, 30))
			cpu = rng_below(&generator.rng, header->nr_cpus);
		generator_op(&generator, cpu, &program->ops[i]);
	}
	program->nr_switches = 0;
}

/*
 * One switch, and in half of the cases another one close to it: within a CPU's operation some points
 * further, or in one of the CPU that it goes to. What preempts an operation ought not to run to
 * its end each time.
 */
static void generate_switch(struct program *program, struct rng *rng)
{
	unsigned int nr_cpus = program->header.nr_cpus;
	unsigned int op = rng_below(rng, program->nr_ops);
	unsigned int cpu = program->ops[op].cpu;
	unsigned int to = (cpu + 1 + rng_below(rng, nr_cpus - 1)) % nr_cpus;
	unsigned int nth = rng_below(rng, 2u << rng_below(rng, 6));

	program_add_switch(program, (struct weave_entry){ op, nth, WEAVE_SWITCH, to });
	if (rng_percent(rng, 50)) {
		nth += 1 + rng_below(rng, 8);
		program_add_switch(program, (struct weave_entry){ op, nth, WEAVE_SWITCH, to });
	}
	if (rng_percent(rng, 50)) {
		for (unsigned int i = op; i < program->nr_ops; i++) {
			if (program->ops[i].cpu != to)
				continue;
			nth = rng_below(rng, 2u << rng_below(rng, 6));
			program_add_switch(program,
					   (struct weave_entry){ i, nth, WEAVE_SWITCH, cpu });
			break;
		}
	}
}

void program_generate_schedule(struct program *program, unsigned int nr, uint64_t seed)
{
	struct rng rng = rng_seed(seed);

	program->nr_switches = 0;
	if (program->header.nr_cpus < 2 || !program->nr_ops)
		return;
	while (nr--)
		generate_switch(program, &rng);
	program_normalize(program);
}

struct program_header program_random_header(struct rng *rng)
{
	struct program_header header = {
		.nr_cpus = 1 + rng_below(rng, rng_percent(rng, 75) ? 4 : PROGRAM_FUZZ_CPUS),
		.profile = rng_below(rng, PROGRAM_NR_PROFILES),
	};

	if (rng_percent(rng, 20)) {
		header.pcp_high = rng_below(rng, 16);
		header.pcp_batch = rng_below(rng, 16);
	}
	if (rng_percent(rng, 4))
		header.flags |= PROGRAM_CHECK_EACH;
	if (rng_percent(rng, 10))
		header.flags |= PROGRAM_RCU_LATE;
	return header;
}
