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

/**
 * program_mutate() - change a program in a few places
 * @data: the program, changed in place; has room for @max_size bytes
 * @max_size: at least PROGRAM_HEADER_BYTES, or nothing happens
 *
 * Return: new size, at most @max_size.
 */
size_t program_mutate(uint8_t *data, size_t size, size_t max_size, uint64_t seed);

/**
 * program_crossover() - a program from two
 * @out: room for @max_size bytes; not inside the inputs
 *
 * Takes the machine of the first and operations of both.
 *
 * Return: size of the result, at most @max_size.
 */
size_t program_crossover(const uint8_t *data1, size_t size1, const uint8_t *data2, size_t size2,
			 uint8_t *out, size_t max_size, uint64_t seed);

#endif /* FUZZ_MUTATE_H */
