/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios: which operations collide on which machines. Each is a generator profile and nothing
 * more; stress runs and the mutator of woven programs draw on them.
 */
#ifndef FUZZ_SCENARIOS_H
#define FUZZ_SCENARIOS_H

#include "generate.h"
#include "meeting.h"

#define SCENARIO_MAX_MACHINES 7

/**
 * struct scenario - one kind of collision
 * @generator: name, help and weights of the operations
 * @machines: names of machine profiles that rounds take in turn; NULL ends the list
 * @lockless: what collides has no lock in common, so that the order of its accesses is all that there is
 */
struct scenario {
	struct generator_profile generator;
	bool lockless;
	const char *machines[SCENARIO_MAX_MACHINES + 1];
};

/** scenarios, nr_scenarios - all of them; the last one is everything at once */
extern const struct scenario scenarios[];
extern const unsigned int nr_scenarios;

/** scenario_find() - the scenario of that name, or NULL */
const struct scenario *scenario_find(const char *name);

/**
 * scenario_program() - the program of a round
 * @program: filled in
 * @seed: of the whole run; with scenario, round and number of CPUs it decides every byte of the
 * program
 */
void scenario_program(const struct scenario *scenario, unsigned int nr_cpus, uint64_t seed,
		      uint64_t round, struct program *program);

/**
 * scenario_program_short() - the same for interleavings: a few CPUs with a few operations each
 *
 * As many CPUs as @max_cpus at most. Small programs, for the number of interleavings grows fast.
 */
void scenario_program_short(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed,
			    uint64_t round, struct program *program);

/**
 * scenario_program_swarm() - the same with about half of the scenario's operations, others each time
 *
 * What is left comes more often, and so do two of one kind: swarm testing (Groce, Zhang, Eide, Chen,
 * Regehr, ISSTA 2012).
 */
void scenario_program_swarm(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed,
			    uint64_t round, struct program *program);

/**
 * scenario_program_meeting() - the same, and CPUs meet at one place on what is there (meeting.h)
 * @max_cpus: 2 or more
 * @look: see meeting_generate()
 */
void scenario_program_meeting(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed, uint64_t round,
			      meeting_look_fn look, struct program *program);

#endif /* FUZZ_SCENARIOS_H */
