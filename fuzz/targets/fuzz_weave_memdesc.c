// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_weave_memdesc: a random program over the core of design memdesc, its CPUs woven as its schedule
 * says, with the oracle's and the core's own checks, the race detector, and ASan's shadow behind each
 * access of the core. Whatever the bytes are, they are a program that keeps the rules: a finding is
 * the core's. Only in weave builds.
 */
#include <mmfuzz/backend.h>

#include "executor_weave.h"
#include "hints_weave.h"
#include "program.h"
#include "target.h"

int fuzz_weave_memdesc(const uint8_t *data, size_t size)
{
	/* Static for its size; written before it is read in each run. */
	static struct program program;

	program_decode(&program, data, size);
	executor_run_weave_all(&mmfuzz_backend_memdesc, &program);
	return 0;
}

static unsigned int __attribute__((unused)) find_hints(const struct program *program,
						       struct program_hint *hints)
{
	return program_find_hints(&mmfuzz_backend_memdesc, program, hints);
}

static unsigned int __attribute__((unused)) look(const struct program *program, unsigned int from)
{
	return program_look(&mmfuzz_backend_memdesc, program, from);
}

static const struct program_runner __attribute__((unused)) runner = { find_hints, look };

FUZZ_WOVEN_TARGET(fuzz_weave_memdesc, runner)
