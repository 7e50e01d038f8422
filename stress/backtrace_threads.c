// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where CPUs are that do not come to an end, in words. Must not wait for them: they will not come.
 */
#include <stdio.h>
#include <string.h>

#include <sim/compiler.h>

#include <machine/backtrace.h>

#include "backtrace_threads.h"
#include "symbol.h"

/* What runs the operations of a program one by one. */
#define RUNNER "run_op"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_backtrace(unsigned int cpu)
{
	void *pcs[64];
	unsigned int nr = machine_backtrace(cpu, pcs, ARRAY_SIZE(pcs)), printed = 0;

	fprintf(stderr, "  cpu%u is in:\n", cpu);
	for (unsigned int i = 0; i < nr; i++) {
		const struct symbol *symbol = symbol_find((uintptr_t)pcs[i] - 1);

		for (unsigned int k = 0; symbol && k < symbol->nr; k++) {
			const struct symbol_frame *frame = &symbol->frames[k];

			if (!strcmp(frame->function, RUNNER))
				return;
			if (frame->helper)
				continue;
			fprintf(stderr, "    %s() [%s:%d]\n", frame->function, base_name(frame->file), frame->line);
			printed++;
		}
	}
	if (!printed)
		fprintf(stderr, "    (%s)\n", nr ? "nothing that has debug information" : "it does not answer");
}

void print_backtraces(unsigned int nr)
{
	fprintf(stderr, "Where each CPU is, the innermost first:\n");
	for (unsigned int cpu = 0; cpu < nr; cpu++)
		print_backtrace(cpu);
}
