/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutation of programs for fuzzing engines: bytes in, bytes out, structure kept in between.
 *
 * Results depend on the arguments alone. Not for several threads at once: programs are too large
 * for a stack.
 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "meeting.h"
#include "program.h"

/**
 * program_mutate() - change a program in a few places
 * @data: the program, changed in place; has room for @max_size bytes
 * @max_size: at least PROGRAM_HEADER_BYTES, or nothing happens
 *
 * Return: new size, at most @max_size.
 */
size_t program_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed);

/** struct program_hint - a point of a program that is worth a switch */
struct program_hint {
	uint32_t op;
	uint32_t nth;
};

#define PROGRAM_MAX_HINTS 1024u

/**
 * program_hints_fn - finds points that are worth a switch; a pure function of the program
 * @hints: room for PROGRAM_MAX_HINTS
 *
 * Return: how many there are.
 */
typedef unsigned int (*program_hints_fn)(const struct program *program, struct program_hint *hints);

/**
 * struct program_runner - what the mutator can learn of a program by running it
 * @find_hints: where a switch is worth its while
 * @look: see meeting_generate()
 */
struct program_runner {
	program_hints_fn find_hints;
	meeting_look_fn look;
};

/**
 * program_mutate_woven() - the same for the woven machine: changes the schedule as well
 * @runner: or NULL: nothing is run; switches are put near others, and anywhere, and no CPUs meet
 */
size_t program_mutate_woven(uint8_t *data, size_t size, size_t max_size, uint64_t seed,
			    const struct program_runner *runner);

/**
 * program_crossover() - a program from two
 * @out: room for @max_size bytes; not inside the inputs
 *
 * Takes the machine of the first and operations of both, with their switches.
 *
 * Return: size of the result, at most @max_size.
 */
size_t program_crossover(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			 uint8_t *out, size_t max_size, uint64_t seed);

/**
 * program_crossover_woven() - the same for the woven machine
 *
 * For engines that ask for as many crossovers as for mutations: most of the time it is a mutation of the first.
 */
size_t program_crossover_woven(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			       uint8_t *out, size_t max_size, uint64_t seed, const struct program_runner *runner);

#endif /* FUZZ_MUTATE_H */
