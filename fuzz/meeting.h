/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs in which CPUs meet: a few operations of kinds that have to do with each other, at the same place, on what was
 * put there before. Made for searching interleavings, where each access that concerns nobody else is a loss.
 */
#ifndef FUZZ_MEETING_H
#define FUZZ_MEETING_H

#include "generate.h"

/**
 * meeting_look_fn - where something is after a program that CPU 0 has run alone
 *
 * Return: the first frame in use from frame @from on, in a circle; @from itself if there is none.
 */
typedef unsigned int (*meeting_look_fn)(const struct program *program, unsigned int from);

/**
 * meeting_generate() - a program with a meeting
 * @program: filled in
 * @profile: which operations there are
 * @header: in range, with two CPUs or more
 * @look: called at most once, when what comes before the meeting is there
 * @rng: draws from it; with what @look says, it decides every byte of the program
 *
 * CPU 0 begins alone. Then, by an entry of the program's schedule, all CPUs begin with a few operations each.
 */
void meeting_generate(struct program *program, const struct generator_profile *profile,
		      const struct program_header *header, meeting_look_fn look, struct rng *rng);

#endif /* FUZZ_MEETING_H */
