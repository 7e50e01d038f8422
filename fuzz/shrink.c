// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shrinker. It proposes, the caller's predicate disposes; nothing here runs a program.
 */
#include <stdlib.h>
#include <string.h>

#include <sim/fault.h>

#include "edit.h"
#include "shrink.h"

/* Static for its size: what is proposed. */
static struct program candidate;

/* Keeps the candidate if it is another program and still fails. */
static bool try(struct shrink *shrink, struct program *program)
{
	program_normalize(&candidate);
	if (shrink->tries >= shrink->max_tries || program_equal(program, &candidate))
		return false;
	shrink->tries++;
	if (!shrink->still_fails(&candidate, shrink->arg))
		return false;
	program_copy(program, &candidate);
	if (shrink->progress)
		shrink->progress(program->nr_ops, shrink->tries, shrink->arg);
	return true;
}

static void propose(const struct program *program)
{
	program_copy(&candidate, program);
}

/* From the end, as late operations depend on early ones more than the other way round. */
static bool drop_chunks(struct shrink *shrink, struct program *program, unsigned int chunk)
{
	unsigned int end = program->nr_ops;
	bool better = false;

	while (end && shrink->tries < shrink->max_tries) {
		unsigned int nr = chunk < end ? chunk : end;

		propose(program);
		program_delete_ops(&candidate, end - nr, nr);
		better |= try(shrink, program);
		end -= nr;
	}
	return better;
}

static bool drop_ops(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int chunk = program->nr_ops; chunk; chunk /= 2)
		while (drop_chunks(shrink, program, chunk))
			better = true;
	return better;
}

/*
 * What fills a slot and what empties it again may be needed only together: no chunk has both and
 * nothing else. Tries all pairs that use one slot.
 */
static bool drop_pairs(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int i = 0; i < program->nr_ops; i++) {
		for (unsigned int j = i + 1; j < program->nr_ops; j++) {
			const struct op *a = &program->ops[i], *b = &program->ops[j];

			if (!op_has_slot(a->code) || !op_has_slot(b->code) || a->slot != b->slot)
				continue;
			propose(program);
			program_delete_ops(&candidate, j, 1);
			program_delete_ops(&candidate, i, 1);
			if (try(shrink, program)) {
				better = true;
				j = i;
			}
		}
	}
	return better;
}

/* All of CPU @from runs on CPU @to. */
static bool merge_cpus(struct shrink *shrink, struct program *program, unsigned int from,
		       unsigned int to)
{
	propose(program);
	for (unsigned int i = 0; i < candidate.nr_ops; i++) {
		struct op *op = &candidate.ops[i];

		if (op->cpu == from)
			op->cpu = to;
		if (op->target == from)
			op->target = to;
	}
	for (unsigned int i = 0; i < candidate.nr_switches; i++)
		if (candidate.switches[i].kind == WEAVE_SWITCH &&
		    candidate.switches[i].value == from)
			candidate.switches[i].value = to;
	return try(shrink, program);
}

/* Without the CPUs that nothing runs on; those above move down. */
static bool renumber_cpus(struct shrink *shrink, struct program *program)
{
	uint8_t number[PROGRAM_MAX_CPUS] = { 0 };
	bool used[PROGRAM_MAX_CPUS] = { false };
	unsigned int nr = 0;

	for (unsigned int i = 0; i < program->nr_ops; i++) {
		used[program->ops[i].cpu] = true;
		if (program->ops[i].code == OP_DRAIN_CPU)
			used[program->ops[i].target] = true;
	}
	for (unsigned int cpu = 0; cpu < PROGRAM_MAX_CPUS; cpu++)
		if (used[cpu])
			number[cpu] = nr++;
	propose(program);
	candidate.header.nr_cpus = nr ? nr : 1;
	for (unsigned int i = 0; i < candidate.nr_ops; i++) {
		candidate.ops[i].cpu = number[candidate.ops[i].cpu];
		candidate.ops[i].target = number[candidate.ops[i].target];
	}
	for (unsigned int i = 0; i < candidate.nr_switches; i++)
		if (candidate.switches[i].kind == WEAVE_SWITCH)
			candidate.switches[i].value = number[candidate.switches[i].value];
	return try(shrink, program);
}

static bool drop_cpus(struct shrink *shrink, struct program *program)
{
	bool better = renumber_cpus(shrink, program);

	for (unsigned int cpu = program->header.nr_cpus; cpu-- > 1;) {
		for (unsigned int to = 0; to < cpu; to++) {
			if (merge_cpus(shrink, program, cpu, to)) {
				better = true;
				break;
			}
		}
	}
	better |= renumber_cpus(shrink, program);
	/* Last: CPUs that only the count of CPUs speaks of. */
	while (program->header.nr_cpus > 1) {
		propose(program);
		candidate.header.nr_cpus--;
		if (!try(shrink, program))
			break;
		better = true;
	}
	return better;
}

/* Without what makes the woven machine choose more than the schedule says. */
static bool simplify_woven(struct shrink *shrink, struct program *program)
{
	bool better = false;

	propose(program);
	candidate.header.rest = PROGRAM_REST_SERIAL;
	better |= try(shrink, program);
	for (unsigned int memory = 0; memory < program->header.memory; memory++) {
		propose(program);
		candidate.header.memory = memory;
		better |= try(shrink, program);
	}
	propose(program);
	candidate.header.plain_points = false;
	better |= try(shrink, program);
	propose(program);
	candidate.header.kcsan = false;
	better |= try(shrink, program);
	return better;
}

static bool drop_switches(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int chunk = program->nr_switches; chunk; chunk /= 2) {
		for (unsigned int end = program->nr_switches; end;) {
			unsigned int nr = chunk < end ? chunk : end;

			propose(program);
			program_delete_switches(&candidate, end - nr, nr);
			better |= try(shrink, program);
			end -= nr;
		}
	}
	return better;
}

/* The same switch earlier in its operation, or with a smaller value. */
static bool simplify_switch(struct shrink *shrink, struct program *program, unsigned int at)
{
	const struct weave_entry entry = program->switches[at];

	/* The first point, half the way to it, a quarter of the way ..., the point before. */
	for (unsigned int back = entry.nth; back; back /= 2) {
		propose(program);
		candidate.switches[at].nth = entry.nth - back;
		if (try(shrink, program))
			return true;
	}
	if (entry.kind == WEAVE_SWITCH || !entry.value)
		return false;
	propose(program);
	candidate.switches[at].value--;
	return try(shrink, program);
}

static bool simplify_switches(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int at = 0; at < program->nr_switches; at++)
		while (simplify_switch(shrink, program, at))
			better = true;
	return better;
}

/* More than this would be too many pairs: such a schedule is not understood yet. */
#define FEW_SWITCHES 6u

/* The candidate is @program without two of its switches, and with one at @nth of @op. */
static bool try_in_place(struct shrink *shrink, struct program *program, unsigned int a,
			 unsigned int b, unsigned int op, unsigned int nth)
{
	for (unsigned int cpu = 0; cpu < program->header.nr_cpus; cpu++) {
		if (cpu == program->ops[op].cpu)
			continue;
		propose(program);
		program_delete_switches(&candidate, b, 1);
		if (a != b)
			program_delete_switches(&candidate, a, 1);
		if (program_add_switch(&candidate, (struct weave_entry){ .op = op,
									 .nth = nth,
									 .kind = WEAVE_SWITCH,
									 .value = cpu }) &&
		    try(shrink, program))
			return true;
	}
	return false;
}

static bool replace_two(struct shrink *shrink, struct program *program, const unsigned int *points,
			unsigned int a, unsigned int b)
{
	unsigned int most = 0;

	for (unsigned int op = 0; op < program->nr_ops; op++)
		most = points[op] > most ? points[op] : most;
	/* Between operations first: that is what people understand best. */
	for (unsigned int nth = 0; nth < most; nth++)
		for (unsigned int op = 0; op < program->nr_ops; op++)
			if (nth < points[op] && try_in_place(shrink, program, a, b, op, nth))
				return true;
	return false;
}

/* One switch for two. */
static bool replace_switches(struct shrink *shrink, struct program *program)
{
	static unsigned int points[PROGRAM_MAX_OPS];

	if (!shrink->points || program->nr_switches < 2 || program->nr_switches > FEW_SWITCHES ||
	    !shrink->points(program, points, shrink->arg))
		return false;
	for (unsigned int b = program->nr_switches; b-- > 1;)
		for (unsigned int a = 0; a < b; a++)
			if (replace_two(shrink, program, points, a, b))
				return true;
	return false;
}

/* The same switch between two operations, in place of amid one. */
static bool move_switches(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int at = 0; shrink->points && at < program->nr_switches; at++)
		for (unsigned int op = 0; op < program->nr_ops && program->switches[at].nth; op++)
			better |= try_in_place(shrink, program, at, at, op, 0);
	return better;
}

static bool simplify_header(struct shrink *shrink, struct program *program)
{
	bool better = false;

	propose(program);
	candidate.header.flags = 0;
	better |= try(shrink, program);
	propose(program);
	candidate.header.pcp_high = candidate.header.pcp_batch = 0;
	better |= try(shrink, program);
	better |= simplify_woven(shrink, program);
	for (unsigned int profile = 0; profile < program->header.profile; profile++) {
		propose(program);
		candidate.header.profile = profile;
		if (try(shrink, program))
			return true;
	}
	return better;
}

/* The smallest value, else half, else one less. */
static bool simplify_arg(struct shrink *shrink, struct program *program, unsigned int at,
			 enum arg_kind kind)
{
	unsigned int value = op_get_arg(&program->ops[at], kind);
	unsigned int min = arg_min(kind);
	unsigned int steps[] = { min, min + (value - min) / 2, value - 1 };

	if (value <= min)
		return false;
	if (kind == ARG_GFP) {
		/* Bits, not a size. */
		for (unsigned int bit = 1; bit <= MMFUZZ_GFP_ALL; bit <<= 1) {
			propose(program);
			op_set_arg(&candidate.ops[at], kind, value & ~bit);
			if (try(shrink, program))
				return true;
		}
		return false;
	}
	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		propose(program);
		op_set_arg(&candidate.ops[at], kind, steps[i]);
		if (try(shrink, program))
			return true;
	}
	return false;
}

static bool simplify_ops(struct shrink *shrink, struct program *program)
{
	bool better = false;

	for (unsigned int at = 0; at < program->nr_ops && shrink->tries < shrink->max_tries; at++) {
		const struct op *op = &program->ops[at];

		if (op->fault != FAULT_NONE) {
			propose(program);
			candidate.ops[at].fault = FAULT_NONE;
			better |= try(shrink, program);
		}
		for (unsigned int i = 0; i < op_infos[op->code].nr_args; i++)
			while (simplify_arg(shrink, program, at, op_infos[op->code].args[i].kind))
				better = true;
	}
	return better;
}

/*
 * Slots in the order of their first use; reads better, and undoes nothing: all users of a slot move
 * together.
 */
static bool renumber_slots(struct shrink *shrink, struct program *program)
{
	uint8_t number[PROGRAM_SLOTS];
	unsigned int nr = 0;

	memset(number, 0xff, sizeof(number));
	propose(program);
	for (unsigned int i = 0; i < candidate.nr_ops; i++) {
		struct op *op = &candidate.ops[i];

		if (!op_has_slot(op->code))
			continue;
		if (number[op->slot] == 0xff)
			number[op->slot] = nr++;
		op->slot = number[op->slot];
	}
	return try(shrink, program);
}

/* What there is: each operation, CPU and switch that is gone makes all further steps fewer and cheaper. */
static bool drop_parts(struct shrink *shrink, struct program *program)
{
	bool better = drop_ops(shrink, program);

	if (!better)
		better |= drop_pairs(shrink, program);
	better |= drop_cpus(shrink, program);
	better |= drop_switches(shrink, program);
	better |= simplify_header(shrink, program);
	return better;
}

static bool simplify_parts(struct shrink *shrink, struct program *program)
{
	bool better = simplify_switches(shrink, program);

	better |= simplify_ops(shrink, program);
	better |= renumber_slots(shrink, program);
	better |= move_switches(shrink, program);
	return better || replace_switches(shrink, program);
}

/* The candidate, if it fails with switches of its own. */
static bool try_anew(struct shrink *shrink, struct program *program)
{
	return shrink->tries < shrink->max_tries && shrink->reschedule(&candidate, shrink->arg) &&
	       try(shrink, program);
}

/*
 * A random walk leaves dozens of switches of which each two or three lead to the failure in a way of their own, and
 * hold operations in place that it could do without. A search for few switches is cheap beside dropping many.
 */
static bool reschedule(struct shrink *shrink, struct program *program)
{
	propose(program);
	if (!shrink->reschedule || !shrink->reschedule(&candidate, shrink->arg) ||
	    candidate.nr_switches >= program->nr_switches)
		return false;
	return try(shrink, program);
}

static bool drop_ops_anew(struct shrink *shrink, struct program *program)
{
	bool better = false;

	if (!shrink->reschedule || !program->nr_switches)
		return false;
	for (unsigned int at = program->nr_ops; at--;) {
		propose(program);
		program_delete_ops(&candidate, at, 1);
		better |= try_anew(shrink, program);
	}
	return better;
}

void shrink_program(struct shrink *shrink, struct program *program)
{
	shrink->tries = 0;
	/* First, while all operations are there that a simpler way might need. */
	if (program->nr_switches > 1)
		reschedule(shrink, program);
	while (shrink->tries < shrink->max_tries)
		if (!drop_parts(shrink, program) && !simplify_parts(shrink, program) &&
		    !drop_ops_anew(shrink, program) && !reschedule(shrink, program))
			break;
}

size_t shrink_bytes(struct shrink *shrink, uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	bool better;

	shrink->tries = 0;
	if (!copy)
		return size;
	do {
		better = false;
		for (size_t chunk = size; chunk; chunk /= 2) {
			for (size_t end = size; end && shrink->tries < shrink->max_tries;) {
				size_t nr = chunk < end ? chunk : end;

				memcpy(copy, data, end - nr);
				memcpy(copy + end - nr, data + end, size - end);
				shrink->tries++;
				if (shrink->still_fails_bytes(copy, size - nr, shrink->arg)) {
					size -= nr;
					memcpy(data, copy, size);
					better = true;
					if (shrink->progress)
						shrink->progress(size, shrink->tries, shrink->arg);
				}
				end -= nr;
			}
		}
	} while (better && shrink->tries < shrink->max_tries);
	free(copy);
	return size;
}
