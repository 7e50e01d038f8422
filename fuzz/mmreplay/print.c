// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: inputs as a person reads them: programs as text, anything else as bytes.
 */
#include "mmreplay.h"

#include <stdio.h>
#include <string.h>

#include "program.h"

/* Too large for a stack. */
static struct program program;
static char text[PROGRAM_TEXT_MAX];

void print_program(const struct crash_file *crash, long mark)
{
	const char *line = text;

	program_decode(&program, crash->payload, crash->size);
	program_print(&program, text, sizeof(text));
	/* After the machine's line one an operation, and indented ones of its schedule. */
	for (long op = -2; *line;) {
		size_t len = strcspn(line, "\n");
		bool fails = line[0] != ' ' && ++op == mark && mark >= 0;

		printf("%.*s%s\n", (int)len, line, fails ? " # fails here" : "");
		line += len + (line[len] == '\n');
	}
}

static void print_bytes(const struct crash_file *crash)
{
	for (size_t at = 0; at < crash->size && at < 256; at += 16) {
		printf("%04zx ", at);
		for (size_t i = at; i < at + 16; i++)
			if (i < crash->size)
				printf(" %02x", crash->payload[i]);
			else
				printf("   ");
		printf("  ");
		for (size_t i = at; i < at + 16 && i < crash->size; i++)
			putchar(crash->payload[i] >= ' ' && crash->payload[i] <= '~' ?
					crash->payload[i] :
					'.');
		putchar('\n');
	}
	if (crash->size > 256)
		printf("... %zu bytes in all\n", crash->size);
}

void print_input(const struct input *input, long mark)
{
	if (input->target->is_program)
		print_program(&input->crash, mark);
	else
		print_bytes(&input->crash);
}
