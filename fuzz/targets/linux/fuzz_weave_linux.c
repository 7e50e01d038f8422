// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_weave_linux: a random program over the mm of a Linux tree, its CPUs woven as its schedule says, with the oracle's
 * checks and the kernel's own, the race detector, and ASan's shadow behind each access. Only in builds of
 * scripts/linux.sh.
 */
#include <mmfuzz/backend_linux.h>

#include "executor_weave.h"
#include "hints_weave.h"
#include "program.h"
#include "target.h"

int fuzz_weave_linux(const uint8_t *data, size_t size)
{
	/* Static for its size; written before it is read in each run. */
	static struct program program;

	program_decode(&program, data, size);
	executor_run_weave_all(&mmfuzz_backend_linux, &program);
	return 0;
}

static unsigned int __attribute__((unused)) find_hints(const struct program *program, struct program_hint *hints)
{
	return program_find_hints(&mmfuzz_backend_linux, program, hints);
}

static unsigned int __attribute__((unused)) look(const struct program *program, unsigned int from)
{
	return program_look(&mmfuzz_backend_linux, program, from);
}

static const struct program_runner __attribute__((unused)) runner = { find_hints, look };

FUZZ_WOVEN_TARGET(fuzz_weave_linux, runner)
