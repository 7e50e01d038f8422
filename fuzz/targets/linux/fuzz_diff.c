// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_diff: a random program over the mm of a Linux tree and over the core of design memdesc, one thread playing all CPUs;
 * what they do differently must have a reason (fuzz/differences). With -print_final_stats=1 each reason is printed at the
 * end, and how often it was one. Only in builds of scripts/linux.sh.
 */
#include <stdlib.h>
#include <string.h>

#include <mmfuzz/backend_linux.h>

#include "executor_diff.h"
#include "program.h"
#include "target.h"

int fuzz_diff(const uint8_t *data, size_t size)
{
	/* Static for its size; written before it is read in each run. */
	static struct program program;
	const struct diff_backends backends = {
		.side = { &mmfuzz_backend_linux, &mmfuzz_backend_memdesc },
		.adapt = mmfuzz_backend_linux.adapt,
	};

	program_decode(&program, data, size);
	executor_run_diff(&backends, &program);
	return 0;
}

#ifdef MMFUZZ_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void print_rules(void)
{
	diff_print_rules(stderr);
	fprintf(stderr, "%10lu  programs left uncompared in part: too many differences\n", executor_diff_given_up());
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	for (int i = 1; i < *argc; i++)
		if (!strcmp((*argv)[i], "-print_final_stats=1"))
			atexit(print_rules);
	return 0;
}

#endif

FUZZ_PROGRAM_TARGET(fuzz_diff)
