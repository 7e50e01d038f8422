// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_linux: a random program over the mm of a Linux tree, one thread playing all CPUs, with the oracle's checks and the
 * kernel's own. Only in builds of scripts/linux.sh.
 */
#include <mmfuzz/backend_linux.h>

#include "executor.h"
#include "program.h"
#include "target.h"

int fuzz_linux(const uint8_t *data, size_t size)
{
	/* Static for its size; written before it is read in each run. */
	static struct program program;

	program_decode(&program, data, size);
	executor_run_sequential(&mmfuzz_backend_linux, &program);
	return 0;
}

FUZZ_PROGRAM_TARGET(fuzz_linux)
