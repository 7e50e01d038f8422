/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making a failing input small while it still fails, whatever "fails" means to the caller.
 *
 * Deterministic: the same input and the same answers give the same result.
 */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include "program.h"

/**
 * struct shrink - how to shrink
 * @still_fails: whether a candidate shows the same failure
 * @still_fails_bytes: likewise, for shrink_bytes()
 * @points: sets how many points each operation of the program had when it ran, in an array of
 *	PROGRAM_MAX_OPS; false: not known. May be NULL: then switches are only dropped, and none moved to
 *	another operation
 * @reschedule: looks for other switches with which the program shows the same failure, and gives it
 *	those; false: found none, and the program is as it was. May be NULL: then an operation goes only
 *	if the switches that are left still do
 * @progress: told of each improvement: operations (or bytes) left and tries so far; may be NULL
 * @arg: handed to these
 * @max_tries: candidates to try at most
 * @tries: how many were, afterwards
 */
struct shrink {
	bool (*still_fails)(const struct program *program, void *arg);
	bool (*still_fails_bytes)(const uint8_t *data, size_t size, void *arg);
	bool (*points)(const struct program *program, unsigned int *points, void *arg);
	bool (*reschedule)(struct program *program, void *arg);
	void (*progress)(unsigned int left, unsigned int tries, void *arg);
	void *arg;
	unsigned int max_tries;
	unsigned int tries;
};

/**
 * shrink_program() - the smallest program that still fails, as far as simple steps go
 * @program: fails; replaced by what was found
 *
 * Operations go first, in chunks that get smaller (Zeller, Hildebrandt: Simplifying and Isolating
 * Failure-Inducing Input, 2002), and their switches with them; then CPUs, then switches, then where
 * these are, then the machine, faults and arguments. Steps are repeated until none helps; then a
 * switch is looked for, at any point, that stands in for two, and other switches altogether, with
 * which fewer operations do.
 */
void shrink_program(struct shrink *shrink, struct program *program);

/**
 * shrink_bytes() - the same for inputs without structure
 * @data: fails; changed in place
 *
 * Return: the new size.
 */
size_t shrink_bytes(struct shrink *shrink, uint8_t *data, size_t size);

#endif /* FUZZ_SHRINK_H */
