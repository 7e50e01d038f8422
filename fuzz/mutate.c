// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mutator: small changes that keep a program a program.
 *
 * New operations and new arguments come from the generator, which is first shown the operations
 * before the place of the change, so that what it makes fits there. Nothing here runs an operation.
 */
#include <string.h>

#include <sim/fault.h>

#include "edit.h"
#include "generate.h"
#include "mutate.h"
#include "scenarios.h"

/*
 * Of woven programs, in percent; figures in docs/weave.md. A new program with its many schedules takes the time of
 * several others.
 */
#define PERCENT_ANEW	   40u /* a new short program in place of a mutant */
#define PERCENT_MEETING	   40u /* ... in which CPUs meet, if it can be said where something is */
#define PERCENT_SWARM	   15u /* ... of the rest: with some of a scenario's operations, not all */
#define PERCENT_AGE	   35u /* of the others: the program is the past of a new one */
#define PERCENT_UNFOLD	   50u /* ... or of what it goes on with itself, on several CPUs at once */
#define PERCENT_TWIN	   50u /* ... each operation on two of them */
#define PERCENT_LOOK	   75u /* ... which begins where something is by then */
#define PERCENT_COLLIDE	   80u /* new operations come from a scenario */
#define PERCENT_SCHEDULE   50u /* it is rather the schedule that changes than the operations */
#define PERCENT_FRESH_SEED 50u /* a strategy runs it with a new seed */
#define PERCENT_CROSS	   30u /* when the engine asks for a program from two; else it is a mutant of the first */
#define RUNS_ANEW	   2u  /* as in struct program_header */
#define MAX_CPUS_ANEW	   4u
#define MAX_OPS_AFTER	   5u /* a past: of each CPU */
#define RUNS_MUTANT	   1u

/* Static for their size: what is changed, a second one, and the first as it was. */
static struct program program, other, before;

static unsigned int ops_that_fit(size_t max_size)
{
	size_t ops = (max_size - PROGRAM_HEADER_BYTES) / PROGRAM_RECORD_BYTES;

	return ops < PROGRAM_MAX_OPS ? ops : PROGRAM_MAX_OPS;
}

/* New operations are those of a scenario: such as collide with each other. */
static bool collisions;

static bool has_arg(const struct op *op, enum arg_kind kind)
{
	for (unsigned int i = 0; i < op_infos[op->code].nr_args; i++)
		if (op_infos[op->code].args[i].kind == kind)
			return true;
	return false;
}

/* Folios are known by their index, of which there are many: new operations want one that the old ones have. */
static void find_index(struct generator *generator, unsigned int at, struct rng *rng)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < at; i++)
		if (has_arg(&program.ops[i], ARG_INDEX) && !rng_below(rng, ++nr))
			generator->index = program.ops[i].index;
}

/* A generator of what @profile says that has seen the program up to @at. */
static void generator_of(struct generator *generator, const struct generator_profile *profile, unsigned int at,
			 struct rng *rng)
{
	generator_init(generator, profile, &program.header, rng_next(rng));
	for (unsigned int i = 0; i < at; i++)
		generator_seen(generator, &program.ops[i]);
	find_index(generator, at, rng);
}

static void generator_at(struct generator *generator, unsigned int at, struct rng *rng)
{
	const struct generator_profile *profile = &generator_default;

	if (collisions)
		profile = &scenarios[rng_below(rng, nr_scenarios)].generator;
	generator_of(generator, profile, at, rng);
}

static unsigned int some_cpu(unsigned int at, struct rng *rng)
{
	if (at && rng_percent(rng, 60))
		return program.ops[at - 1].cpu;
	return rng_below(rng, program.header.nr_cpus);
}

static void insert_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int at = rng_below(rng, program.nr_ops + 1);
	unsigned int nr = rng_percent(rng, 70) ? 1 : 1 + rng_below(rng, 8);
	struct generator generator;

	generator_at(&generator, at, rng);
	nr = program_open_gap(&program, at, nr, max_ops);
	for (unsigned int i = 0; i < nr; i++)
		generator_op(&generator, some_cpu(at + i, rng), &program.ops[at + i]);
}

static void append_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int at = program.nr_ops;
	unsigned int nr = program_open_gap(&program, at, 1 + rng_below(rng, 16), max_ops);
	struct generator generator;

	generator_at(&generator, at, rng);
	for (unsigned int i = 0; i < nr; i++)
		generator_op(&generator, some_cpu(at + i, rng), &program.ops[at + i]);
}

static void delete_ops(struct rng *rng)
{
	unsigned int at = rng_below(rng, program.nr_ops);
	unsigned int nr = rng_percent(rng, 70) ? 1 : 1 + rng_below(rng, program.nr_ops - at);

	program_delete_ops(&program, at, nr);
}

static void duplicate_ops(struct rng *rng, unsigned int max_ops)
{
	unsigned int from = rng_below(rng, program.nr_ops);
	unsigned int left = program.nr_ops - from;
	unsigned int nr = 1 + rng_below(rng, left < 8 ? left : 8);
	unsigned int to = rng_below(rng, program.nr_ops + 1);

	program_copy(&before, &program);
	program_insert_ops(&program, to, &before, from, nr, max_ops);
}

static void swap_ops(struct rng *rng)
{
	unsigned int a = rng_below(rng, program.nr_ops);
	unsigned int b = rng_percent(rng, 60) && a + 1 < program.nr_ops ?
				 a + 1 :
				 rng_below(rng, program.nr_ops);

	program_swap_ops(&program, a, b);
}

static void move_ops(struct rng *rng)
{
	unsigned int from = rng_below(rng, program.nr_ops);
	unsigned int left = program.nr_ops - from;
	unsigned int nr = 1 + rng_below(rng, left < 8 ? left : 8);
	unsigned int to;

	program_copy(&before, &program);
	program_delete_ops(&program, from, nr);
	to = rng_below(rng, program.nr_ops + 1);
	program_insert_ops(&program, to, &before, from, nr, PROGRAM_MAX_OPS);
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
		program.ops[i].cpu = cpu;
}

static void change_fault(struct rng *rng)
{
	struct op *op = &program.ops[rng_below(rng, program.nr_ops)];

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

static void mutate_ops(struct rng *rng, unsigned int max_ops)
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

/*
 * Where in its operation a switch may be: any order of magnitude is as likely as another. Most
 * operations have less than a hundred points.
 */
static unsigned int some_nth(struct rng *rng)
{
	return rng_below(rng, 2u << rng_below(rng, rng_percent(rng, 95) ? 7 : 10));
}

static unsigned int step(struct rng *rng, unsigned int value)
{
	unsigned int by = 1 + rng_below(rng, rng_percent(rng, 50) ? 1 : 8);

	return rng_percent(rng, 50) || value < by ? value + by : value - by;
}

static unsigned int another_cpu(struct rng *rng, unsigned int cpu)
{
	unsigned int nr = program.header.nr_cpus;

	return nr < 2 ? 0 : (cpu + 1 + rng_below(rng, nr - 1)) % nr;
}

/* What a switch at this point could be; memory choices only where the memory is weak. */
static void choose_value(struct rng *rng, struct weave_entry *entry)
{
	unsigned int choice = rng_below(rng, 100);

	entry->value = 1;
	if (program.header.memory != WEAVE_SC && choice < 40) {
		entry->kind = choice < 16 ? WEAVE_DELAY : choice < 32 ? WEAVE_STALE : WEAVE_DRAIN;
		if (program.header.memory == WEAVE_TSO && entry->kind == WEAVE_STALE)
			entry->kind = WEAVE_DELAY;
		while (entry->kind != WEAVE_DELAY && entry->value < 4 && rng_percent(rng, 30))
			entry->value++;
	} else if (choice >= 95) {
		entry->kind = WEAVE_INTERRUPT;
		entry->value = 0;
	} else {
		entry->kind = WEAVE_SWITCH;
		entry->value = another_cpu(rng, program.ops[entry->op].cpu);
	}
}

/* Points that the program's own run has named as worth a switch, see program_mutate_woven(). */
static struct program_hint hints[PROGRAM_MAX_HINTS];
static unsigned int nr_hints;

/* An operation and a point: a hint, or near another switch, or anywhere. */
static struct weave_entry some_point(struct rng *rng)
{
	struct weave_entry entry = { .op = rng_below(rng, program.nr_ops) };

	if (nr_hints && rng_percent(rng, 80)) {
		const struct program_hint *hint = &hints[rng_below(rng, nr_hints)];

		/* The operation may be gone by now: this is not the first change. */
		if (hint->op < program.nr_ops)
			return (struct weave_entry){ .op = hint->op, .nth = hint->nth };
	}
	if (program.nr_switches && rng_percent(rng, 40)) {
		const struct weave_entry *near =
			&program.switches[rng_below(rng, program.nr_switches)];

		if (rng_percent(rng, 50))
			entry.op = near->op;
		entry.nth = step(rng, near->nth);
		return entry;
	}
	entry.nth = some_nth(rng);
	return entry;
}

static void add_switch(struct rng *rng)
{
	struct weave_entry entry = some_point(rng);

	choose_value(rng, &entry);
	program_add_switch(&program, entry);
}

/*
 *	CPU a:	op ..... switch to b			..... goes on
 *	CPU b:			op ..... switch to a
 *
 * Two switches that belong together: what the first makes room for, the second ends.
 */
static void add_excursion(struct rng *rng)
{
	struct weave_entry there = some_point(rng), back = some_point(rng);
	unsigned int from = program.ops[there.op].cpu, to = program.ops[back.op].cpu;

	if (from == to)
		return;
	there.kind = back.kind = WEAVE_SWITCH;
	there.value = to;
	back.value = from;
	program_add_switch(&program, there);
	program_add_switch(&program, back);
}

static void move_switch(struct rng *rng)
{
	struct weave_entry *entry = &program.switches[rng_below(rng, program.nr_switches)];

	switch (rng_below(rng, 6)) {
	case 0 ... 2:
		entry->nth = step(rng, entry->nth);
		break;
	case 3:
		entry->op = step(rng, entry->op) % program.nr_ops;
		break;
	default: {
		struct weave_entry point = some_point(rng);

		entry->op = point.op;
		entry->nth = point.nth;
		break;
	}
	}
}

/* Weak memory is dearer, and of little use to most programs. */
static enum weave_memory some_memory(struct rng *rng)
{
	unsigned int choice = rng_below(rng, 100);

	return choice < 78 ? WEAVE_SC : choice < 84 ? WEAVE_TSO : WEAVE_LKMM;
}

static enum program_rest some_rest(struct rng *rng)
{
	unsigned int choice = rng_below(rng, 100);

	return choice < 45 ? PROGRAM_REST_POS :
	       choice < 85 ? PROGRAM_REST_RANDOM :
			     PROGRAM_REST_PCT;
}

static void draw_schedules(struct rng *rng, unsigned int runs)
{
	struct program_header *header = &program.header;

	header->rest = some_rest(rng);
	header->runs = runs;
	header->gap = 0;
	header->seed = rng_next(rng);
}

/* Of a new program that was kept not all schedules again: so many other mutants are run in that time. */
static void draw_mutant_schedules(struct rng *rng)
{
	if (rng_percent(rng, PERCENT_FRESH_SEED))
		draw_schedules(rng, RUNS_MUTANT);
	else if (program.header.runs > RUNS_MUTANT)
		program.header.runs = 0;
}

static void change_woven(struct rng *rng)
{
	struct program_header *header = &program.header;

	switch (rng_below(rng, 8)) {
	case 0:
		header->memory = some_memory(rng);
		break;
	case 1:
		header->plain_points = !header->plain_points;
		break;
	case 2:
		header->rest = PROGRAM_REST_SERIAL;
		break;
	case 3:
		header->rest = PROGRAM_REST_RANDOM;
		header->gap = rng_below(rng, 2u << rng_below(rng, 7));
		break;
	default:
		draw_schedules(rng, header->runs);
		break;
	}
}

/* A short program in which CPUs meet, in place of what there was: many schedules of many such find most races. */
static void begin_anew(struct rng *rng, unsigned int max_ops, const struct program_runner *runner)
{
	const struct scenario *scenario = &scenarios[rng_below(rng, nr_scenarios)];
	bool meeting = runner && rng_percent(rng, PERCENT_MEETING);
	bool swarm = rng_percent(rng, PERCENT_SWARM);
	uint64_t seed = rng_next(rng), round = rng_below(rng, 1u << 16);

	if (meeting)
		scenario_program_meeting(scenario, MAX_CPUS_ANEW, seed, round, runner->look, &program);
	else if (swarm)
		scenario_program_swarm(scenario, MAX_CPUS_ANEW, seed, round, &program);
	else
		scenario_program_short(scenario, MAX_CPUS_ANEW, seed, round, &program);
	if (program.nr_ops > max_ops)
		program_delete_ops(&program, max_ops, program.nr_ops - max_ops);
	program.header.memory = some_memory(rng);
	draw_schedules(rng, RUNS_ANEW);
}

/* A scenario's operations, or about half of them: what is left comes more often (scenario_program_swarm()). */
static struct generator_profile some_profile(struct rng *rng)
{
	struct generator_profile profile = scenarios[rng_below(rng, nr_scenarios)].generator;
	struct generator_profile some = profile;
	unsigned int left = 0;

	if (!rng_percent(rng, PERCENT_SWARM))
		return profile;
	for (unsigned int code = 0; code < NR_OPS; code++) {
		if (rng_percent(rng, 50))
			some.weights[code] = 0;
		left += some.weights[code] > 0;
	}
	return left > 1 ? some : profile;
}

/* Up to @nr operations of @from's, from @at on, dealt to the CPUs; some are done by two of them. */
static void unfold(const struct program *from, unsigned int at, unsigned int nr, struct rng *rng)
{
	unsigned int nr_cpus = program.header.nr_cpus;

	for (unsigned int cpu = 0; nr && at < from->nr_ops; at++, cpu++) {
		struct op *op = &program.ops[program.nr_ops++];

		*op = from->ops[at];
		op->cpu = (uint8_t)(cpu % nr_cpus);
		/* The last operation of a program has nothing else to meet. */
		if (!--nr || (!rng_percent(rng, PERCENT_TWIN) && (cpu || at + 1 < from->nr_ops)))
			continue;
		program.ops[program.nr_ops] = *op;
		op = &program.ops[program.nr_ops++];
		op->cpu = (uint8_t)((op->cpu + 1 + rng_below(rng, nr_cpus - 1)) % nr_cpus);
		/* What it gives has a slot of its own. */
		if (op_infos[op->code].gives != SLOT_NONE)
			op->slot = (uint8_t)((op->slot + PROGRAM_SLOTS / 2) % PROGRAM_SLOTS);
		nr--;
	}
}

/* Operations of any scenario, where something is by then. */
static void begin_there(unsigned int nr, struct rng *rng, const struct program_runner *runner)
{
	struct generator_profile profile = some_profile(rng);
	unsigned int nr_cpus = program.header.nr_cpus;
	struct generator generator;

	generator_of(&generator, &profile, program.nr_ops, rng);
	if (runner && rng_percent(rng, PERCENT_LOOK)) {
		program_normalize(&program);
		generator.pfn = runner->look(&program, rng_below(rng, generator.max[ARG_PFN] + 1u));
	}
	for (unsigned int i = 0; i < nr; i++) {
		unsigned int cpu = i < nr_cpus ? i : rng_below(rng, nr_cpus);

		generator_op(&generator, cpu, &program.ops[program.nr_ops++]);
	}
}

/*
 * The program becomes the past of a short one: CPU 0 does all of it alone, and then all CPUs begin. A machine that has
 * a past is another one than one just booted: pagesets are full, memory is about to run out, pageblocks are reserved. What the
 * CPUs then do is new, or it is what comes next in the program, which the corpus has for what it reaches: at once in
 * place of one after the other.
 */
static bool age(struct rng *rng, unsigned int max_ops, const struct program_runner *runner)
{
	unsigned int nr_cpus = rng_percent(rng, 50) ? 2 : 2 + rng_below(rng, MAX_CPUS_ANEW - 1);
	unsigned int after = nr_cpus * (1 + rng_below(rng, MAX_OPS_AFTER));
	bool unfolds = program.nr_ops > 1 && rng_percent(rng, PERCENT_UNFOLD);
	unsigned int past;

	if (after > max_ops)
		return false;
	program_copy(&before, &program);
	if (unfolds)
		program.nr_ops = rng_below(rng, program.nr_ops);
	else if (rng_percent(rng, 25))
		program.nr_ops = rng_below(rng, program.nr_ops + 1);
	if (program.nr_ops > max_ops - after)
		program.nr_ops = max_ops - after;
	past = program.nr_ops;
	program.nr_switches = 0;
	program.header.nr_cpus = nr_cpus;
	for (unsigned int i = 0; i < past; i++)
		program.ops[i].cpu = 0;
	if (unfolds)
		unfold(&before, past, after, rng);
	else
		begin_there(after, rng, runner);
	program.switches[program.nr_switches++] =
		(struct weave_entry){ .op = past, .kind = WEAVE_SWITCH, .value = rng_below(rng, nr_cpus) };
	program_normalize(&program);
	/* Checks after each operation of a long past would be most of the time. */
	program.header.flags &= ~PROGRAM_CHECK_EACH;
	draw_schedules(rng, RUNS_MUTANT);
	return true;
}

static void mutate_schedule(struct rng *rng)
{
	unsigned int choice = rng_below(rng, 100);

	if (choice < 10)
		change_woven(rng);
	else if (!program.nr_switches && choice < 50)
		add_excursion(rng);
	else if (!program.nr_switches || choice < 40)
		add_switch(rng);
	else if (choice < 55)
		add_excursion(rng);
	else if (choice < 75)
		move_switch(rng);
	else if (choice < 85)
		choose_value(rng, &program.switches[rng_below(rng, program.nr_switches)]);
	else
		program_delete_switches(&program, rng_below(rng, program.nr_switches), 1);
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

/* What @max_records do not hold goes: operations from the end, and then switches. */
static void fit(unsigned int max_records)
{
	if (program.nr_ops > max_records)
		program_delete_ops(&program, max_records, program.nr_ops - max_records);
	if (program_records(&program) > max_records)
		program.nr_switches = max_records - program.nr_ops;
}

static unsigned int records_that_fit(size_t max_size)
{
	return (max_size - PROGRAM_HEADER_BYTES) / PROGRAM_RECORD_BYTES;
}

static size_t mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed, bool woven,
		     const struct program_runner *runner)
{
	struct rng rng = rng_seed(seed);
	unsigned int schedule_percent = !woven ? 0 : rng_percent(&rng, PERCENT_SCHEDULE) ? 100 : 15;
	unsigned int max_ops;

	if (max_size < PROGRAM_HEADER_BYTES)
		return size;
	max_ops = ops_that_fit(max_size);
	collisions = woven && rng_percent(&rng, PERCENT_COLLIDE);
	if (woven && rng_percent(&rng, PERCENT_ANEW)) {
		begin_anew(&rng, max_ops, runner);
		fit(records_that_fit(max_size));
		return program_encode(&program, data);
	}
	if (rng_percent(&rng, 6))
		mutate_bytes(data, size < max_size ? size : max_size, &rng);
	program_decode(&program, data, size);
	if (!program.nr_ops && size < PROGRAM_HEADER_BYTES)
		program.header = program_random_header(&rng);
	fit(records_that_fit(max_size));
	if (woven && rng_percent(&rng, PERCENT_AGE) && age(&rng, max_ops, runner)) {
		fit(records_that_fit(max_size));
		return program_encode(&program, data);
	}
	nr_hints = 0;
	if (runner && program.nr_ops && schedule_percent == 100 && program.header.nr_cpus > 1)
		nr_hints = runner->find_hints(&program, hints);
	/* Seeds that check after each operation are dear; without this most of a corpus would be. */
	if (rng_percent(&rng, 25))
		program.header.flags &= ~PROGRAM_CHECK_EACH;
	for (unsigned int n = rng_percent(&rng, 50) ? 1 : 1 + rng_below(&rng, 5); n && max_ops;
	     n--) {
		if (program.nr_ops && rng_percent(&rng, schedule_percent))
			mutate_schedule(&rng);
		else
			mutate_ops(&rng, max_ops);
	}
	if (woven)
		draw_mutant_schedules(&rng);
	fit(records_that_fit(max_size));
	return program_encode(&program, data);
}

size_t program_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed)
{
	return mutate(data, size, max_size, seed, false, NULL);
}

size_t program_mutate_woven(uint8_t *data, size_t size, size_t max_size, uint64_t seed,
			    const struct program_runner *runner)
{
	return mutate(data, size, max_size, seed, true, runner);
}

/* Half of the slots further: what the second holds does not collide with what the first holds. */
static void move_slots(struct program *from)
{
	for (unsigned int i = 0; i < from->nr_ops; i++)
		from->ops[i].slot += PROGRAM_SLOTS / 2;
}

static size_t crossover(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			uint8_t *out, size_t max_size, uint64_t seed, bool woven)
{
	struct rng rng = rng_seed(seed);
	unsigned int at, from, nr, max_ops;

	if (max_size < PROGRAM_HEADER_BYTES)
		return 0;
	max_ops = ops_that_fit(max_size);
	program_decode(&program, data1, size1);
	program_decode(&other, data2, size2);
	fit(records_that_fit(max_size));

	from = rng_below(&rng, other.nr_ops);
	nr = other.nr_ops ? 1 + rng_below(&rng, other.nr_ops - from) : 0;
	at = rng_below(&rng, program.nr_ops + 1);
	if (rng_percent(&rng, 50))
		move_slots(&other);
	if (rng_percent(&rng, 30)) {
		/* The end of the one after the beginning of the other. */
		program_delete_ops(&program, at, program.nr_ops - at);
		program_insert_ops(&program, at, &other, from, nr, max_ops);
	} else if (rng_percent(&rng, 50)) {
		/* The one within the other. */
		program_insert_ops(&program, at, &other, from, nr, max_ops);
	} else {
		/* Taking turns. */
		for (unsigned int i = 0; i < nr && at <= program.nr_ops;
		     i++, at += 1 + rng_below(&rng, 3))
			program_insert_ops(&program, at, &other, from + i, 1, max_ops);
	}
	program_normalize(&program);
	if (woven)
		draw_mutant_schedules(&rng);
	fit(records_that_fit(max_size));
	return program_encode(&program, out);
}

size_t program_crossover(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			 uint8_t *out, size_t max_size, uint64_t seed)
{
	return crossover(data1, size1, data2, size2, out, max_size, seed, false);
}

size_t program_crossover_woven(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			       uint8_t *out, size_t max_size, uint64_t seed, const struct program_runner *runner)
{
	struct rng rng = rng_seed(seed);

	if (rng_percent(&rng, PERCENT_CROSS))
		return crossover(data1, size1, data2, size2, out, max_size, rng_next(&rng), true);
	if (size1 > max_size)
		size1 = max_size;
	memcpy(out, data1, size1);
	return program_mutate_woven(out, size1, max_size, rng_next(&rng), runner);
}
