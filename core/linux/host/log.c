// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log (log.h). */
#include <stdio.h>
#include <string.h>

#include "../gate.h"
#include "log.h"

#define LINES 16u
#define BYTES 256u

static char lines[LINES][BYTES];
static unsigned int next;

/* A line begins with its level, behind an SOH, or with a "c" if it goes on. */
void gate_log(const char *line)
{
	char *to = lines[next++ % LINES];

	if (line[0] == 1 && line[1])
		line += 2;
	snprintf(to, BYTES, "%s", line);
	to[strcspn(to, "\n")] = 0;
}

void log_print(void)
{
	for (unsigned int i = next < LINES ? 0 : next - LINES; i < next; i++)
		fprintf(stderr, "linux: %s\n", lines[i % LINES]);
	next = 0;
}

void log_forget(void)
{
	next = 0;
}
