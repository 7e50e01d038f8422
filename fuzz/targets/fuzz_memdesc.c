// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_memdesc: a random program over the core of design memdesc, one thread playing all CPUs, with
 * the oracle's and the core's own checks. Whatever the bytes are, they are a program that keeps the
 * rules: a finding is the core's.
 */
#include <mmfuzz/backend.h>

#include "executor.h"
#include "program.h"
#include "target.h"

int fuzz_memdesc(const uint8_t *data, size_t size)
{
	/* Static for its size; written before it is read in each run. */
	static struct program program;

	program_decode(&program, data, size);
	executor_run_sequential(&mmfuzz_backend_memdesc, &program);
	return 0;
}

FUZZ_PROGRAM_TARGET(fuzz_memdesc)
