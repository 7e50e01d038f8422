/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a switch may matter: the points of a program at which its CPUs touch what another CPU of
 * theirs touches too, and one of them changes it. Only in weave builds.
 */
#ifndef FUZZ_HINTS_WEAVE_H
#define FUZZ_HINTS_WEAVE_H

#include <mmfuzz/backend.h>

#include "mutate.h"

/**
 * program_find_hints() - a program_hints_fn (mutate.h), by a run of the program under its schedule
 *
 * The run is not brought to its end, and a finding of the machine in it is dropped: whoever mutates
 * programs has run them before.
 */
unsigned int program_find_hints(const struct mmfuzz_backend *backend, const struct program *program,
				struct program_hint *hints);

/**
 * program_look() - a meeting_look_fn (meeting.h), by a run of the program
 *
 * Nobody has run this one before. A finding of the machine is dropped all the same, as the program with what follows is
 * run next; what ASan reports here ends the engine, and the input that it names is the one before.
 */
unsigned int program_look(const struct mmfuzz_backend *backend, const struct program *program, unsigned int from);

#endif /* FUZZ_HINTS_WEAVE_H */
