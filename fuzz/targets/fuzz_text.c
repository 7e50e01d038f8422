// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_text: the assembler and the printer against each other.
 *
 * Once the bytes are taken for text, once for a program. Whatever assembles must survive printing
 * and assembling, and so must whatever decodes; printed text must keep to its bounds; encoding must
 * lose nothing.
 */
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "program.h"
#include "target.h"

/* Static for their size; written before they are read in each run. */
static struct program program, again;
static char text[PROGRAM_TEXT_MAX];

static void check_lines(size_t len)
{
	const char *line = text;

	MM_BUG_ON(len != strlen(text), "wrong length", SIM_NO_PFN, "%zu returned, %zu printed", len,
		  strlen(text));
	while (*line) {
		const char *end = strchr(line, '\n');

		MM_BUG_ON(!end, "no newline", SIM_NO_PFN, "the last line is '%s'", line);
		MM_BUG_ON(end + 1 - line > PROGRAM_LINE_MAX, "line too long", SIM_NO_PFN, "%.*s",
			  (int)(end - line), line);
		line = end + 1;
	}
}

/* program -> text -> again, program -> bytes -> again */
static void check_round_trips(void)
{
	static uint8_t bytes[PROGRAM_MAX_BYTES];
	struct program_error error;
	size_t len = program_print(&program, text, sizeof(text));
	size_t size;

	check_lines(len);
	MM_BUG_ON(!program_assemble(&again, text, len, &error), "own text refused", SIM_NO_PFN,
		  "line %u, column %u: %s", error.line, error.column, error.message);
	MM_BUG_ON(!program_equal(&program, &again), "print and assemble differ", SIM_NO_PFN,
		  "%u and %u operations", program.nr_ops, again.nr_ops);

	size = program_encode(&program, bytes);
	MM_BUG_ON(size != PROGRAM_HEADER_BYTES + program_records(&program) * PROGRAM_RECORD_BYTES,
		  "wrong size", SIM_NO_PFN, "%zu bytes for %u operations and %u switches", size,
		  program.nr_ops, program.nr_switches);
	program_decode(&again, bytes, size);
	MM_BUG_ON(!program_equal(&program, &again), "encode and decode differ", SIM_NO_PFN,
		  "%u and %u operations", program.nr_ops, again.nr_ops);
}

int fuzz_text(const uint8_t *data, size_t size)
{
	struct program_error error = { 0 };
	/* A copy of its own without a terminating zero: reading past the end is seen. */
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (program_assemble(&program, copy, size, &error))
		check_round_trips();
	else
		MM_BUG_ON(!error.line || !error.column || !error.message[0],
			  "error without a place", SIM_NO_PFN, "line %u, column %u: '%s'",
			  error.line, error.column, error.message);
	free(copy);

	program_decode(&program, data, size);
	check_round_trips();
	return 0;
}

FUZZ_TARGET(fuzz_text)
