/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generating operations: few frames, few blocks, many meetings.
 *
 * A generator remembers which slots are likely to hold what, and a frame around which it works for
 * a while, so that neighbouring operations concern neighbouring frames. It does not know whether an
 * operation succeeded. What it makes depends on its seed and its profile alone.
 */
#ifndef FUZZ_GENERATE_H
#define FUZZ_GENERATE_H

#include "program.h"
#include "rng.h"

/**
 * struct generator_profile - which operations to make; a stress scenario is one
 * @name: one word
 * @help: what it is there for, or which operations collide
 * @weights: of the operations, by enum op_code; 0 = never. Operations that empty slots (free ...)
 *	should weigh about as much together as those that fill them
 * @large_percent: of the orders that are any, in place of a small one: memory runs out
 * @high_percent: of the allocations that may use reserves (GFP_HIGH); 0: a few
 * @fault_percent: of the operations that have a fault armed
 * @move_percent: how often the frame around which operations gather moves elsewhere
 */
struct generator_profile {
	const char *name;
	const char *help;
	uint16_t weights[NR_OPS];
	uint8_t large_percent;
	uint8_t high_percent;
	uint8_t fault_percent;
	uint8_t move_percent;
};

/** generator_default - everything, by the weights of ops.h */
extern const struct generator_profile generator_default;

/**
 * struct generator - makes one operation after the other
 *
 * A free-running CPU has one of its own; then its slots are its own too.
 */
struct generator {
	const struct generator_profile *profile;
	struct program_header header;
	struct rng rng;
	uint32_t sums[NR_OPS]; /* of the weights up to and including each operation */
	uint16_t max[NR_ARG_KINDS];
	uint8_t slots[PROGRAM_SLOTS]; /* enum slot_kind, as far as can be known */
	uint8_t pageblock_order;
	uint8_t section_order;
	uint16_t pfn;  /* where the action is */
	uint8_t index; /* likewise, among folios: it and its neighbours, */
	uint8_t indexes; /* so many */
};

/**
 * generator_init() - begin
 * @profile: kept, not copied; where the machine can do nothing of it, the weights of generator_default are taken
 * @header: in range (program_normalize()); decides the machine
 */
void generator_init(struct generator *generator, const struct generator_profile *profile,
		    const struct program_header *header, uint64_t seed);

/** generator_op() - the next operation, for CPU @cpu; it is in range */
void generator_op(struct generator *generator, unsigned int cpu, struct op *op);

/**
 * generator_seen() - an operation that somebody else chose comes next: remember its slot and its
 * frames
 */
void generator_seen(struct generator *generator, const struct op *op);

/** generator_arg() - another value for one argument of an operation; @op is in range afterwards */
void generator_arg(struct generator *generator, struct op *op, enum arg_kind kind);

/**
 * program_generate() - a whole program
 * @header: its machine, in range
 * @nr_ops: at most PROGRAM_MAX_OPS
 *
 * Stays on a CPU for a few operations before it goes to another. Has no schedule.
 */
void program_generate(struct program *program, const struct generator_profile *profile,
		      const struct program_header *header, unsigned int nr_ops, uint64_t seed);

/**
 * program_generate_schedule() - give a program some switches in place of those it has
 * @nr: how many; each may bring one or two more that end what it began
 *
 * Positions are mostly small, as most operations have few points; nothing when there is one CPU.
 */
void program_generate_schedule(struct program *program, unsigned int nr, uint64_t seed);

/** program_random_header() - some machine, as fuzzing likes them: mostly 1 to 4 CPUs */
struct program_header program_random_header(struct rng *rng);

#endif /* FUZZ_GENERATE_H */
