/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Litmus tests as data: a few threads of a few steps, which the woven machine runs and the axioms of a memory model
 * judge. Each says in its own way which outcomes there are; test_litmus.c compares.
 */
#ifndef LITMUS_H
#define LITMUS_H

#include <mmfuzz/weave.h>
#include <sim/compiler.h>

#define LITMUS_THREADS	 4
#define LITMUS_STEPS	 6
#define LITMUS_LOCATIONS 5
#define LITMUS_OUTCOMES	 4096

enum litmus_op { LITMUS_NONE, LITMUS_READ, LITMUS_WRITE, LITMUS_XCHG, LITMUS_FENCE };

/* FULL: of an exchange, or smp_mb(). ACQUIRE, RELEASE as fences: smp_rmb(), smp_wmb(). */
enum litmus_order { LITMUS_ONCE, LITMUS_ACQUIRE, LITMUS_RELEASE, LITMUS_FULL };

enum litmus_location { x, y, z, w, v };

/**
 * struct litmus_step - one step of a thread
 * @value: written; not 0, and no other write of the location has it
 * @dep: of a write: its value depends on all earlier reads of the thread; of a read: its address does on the last
 *	one, which is of the location's pointer, see struct litmus
 */
struct litmus_step {
	u8 op;
	u8 order;
	u8 location;
	u8 value;
	bool dep;
};

/**
 * enum litmus_verdict - of the outcome in question
 * @LITMUS_NOT_SHOWN: allowed by the model, and never seen here: see docs/memory-model.md
 */
enum litmus_verdict { LITMUS_FORBIDDEN, LITMUS_ALLOWED, LITMUS_NOT_SHOWN };

/**
 * struct litmus - a test
 * @steps: of each thread, up to LITMUS_NONE
 * @pointer: the values of this location are pointers to @target, told apart by their low bits; unless they are equal
 * @reads: the outcome in question: what each thread reads, exchanges included, in its order
 * @final: the last value of each location in that outcome; 0: any
 * @verdict: by enum weave_memory
 */
struct litmus {
	const char *name;
	struct litmus_step steps[LITMUS_THREADS][LITMUS_STEPS];
	enum litmus_location pointer;
	enum litmus_location target;
	u8 reads[LITMUS_THREADS][LITMUS_STEPS];
	u8 final[LITMUS_LOCATIONS];
	enum litmus_verdict verdict[3];
};

extern const struct litmus litmus_table[];
extern const unsigned int litmus_nr;

unsigned int litmus_threads(const struct litmus *test);
unsigned int litmus_steps(const struct litmus_step *steps);
bool litmus_is_pointer(const struct litmus *test, unsigned int location);

/** litmus_by_chance() - a test of 2 to @max_threads threads of 1 to @max_steps steps; the same for the same seed */
struct litmus litmus_by_chance(unsigned int max_threads, unsigned int max_steps, u64 seed);

/**
 * struct litmus_outcome - what a run came to: a value of each read and of each location, 4 bits each
 */
struct litmus_outcome {
	u64 reads[2];
	u32 final;
};

/** litmus_note_read(), litmus_note_final() - into an outcome: the @step-th step of @thread has read @value; the last value of @location */
void litmus_note_read(struct litmus_outcome *outcome, unsigned int thread, unsigned int step, unsigned int value);
void litmus_note_final(struct litmus_outcome *outcome, unsigned int location, unsigned int value);
unsigned int litmus_read_value(const struct litmus_outcome *outcome, unsigned int thread, unsigned int step);
/** litmus_matches() - it is the outcome in question */
bool litmus_matches(const struct litmus *test, const struct litmus_outcome *outcome);

/** struct litmus_set - outcomes, none twice, sorted */
struct litmus_set {
	unsigned int nr;
	struct litmus_outcome outcomes[LITMUS_OUTCOMES];
};
void litmus_add(struct litmus_set *set, const struct litmus_outcome *outcome);
bool litmus_has(const struct litmus_set *set, const struct litmus_outcome *outcome);
bool litmus_seen(const struct litmus *test, const struct litmus_set *set);
/** litmus_print() - a program and an outcome, for a failure */
void litmus_print(const struct litmus *test, const struct litmus_outcome *outcome);

/**
 * litmus_axioms() - all outcomes that @memory allows
 * @no_lb: only of executions in which no read depends on a later write: (program order and reads-from) has no cycle
 */
void litmus_axioms(const struct litmus *test, enum weave_memory memory, bool no_lb, struct litmus_set *set);

/** litmus_allows() - @memory allows the outcome */
bool litmus_allows(const struct litmus *test, enum weave_memory memory, const struct litmus_outcome *outcome);

/**
 * litmus_strategy - all schedules and all choices of memory, one after the other
 *
 * Switches at marked accesses, at full barriers of weak memory and before waiting stores are forced out, and nowhere else: so it
 * is complete for litmus tests. Without any reduction.
 */
extern const struct weave_strategy litmus_strategy;
/** litmus_random - the same decisions, each by chance; without end */
extern const struct weave_strategy litmus_random;

#endif /* LITMUS_H */
