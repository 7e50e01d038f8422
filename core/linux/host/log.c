// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel's world prints: its log (log.h), and names. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "log.h"

#ifdef MMFUZZ_LOCKDEP
#define LINES 128u /* a report of lockdep's */
#else
#define LINES 16u
#endif
#define BYTES 256u

static char lines[LINES][BYTES];
static unsigned int next;

/* More of a thread's stack than any operation takes. */
#define DEEP (512ul << 10)

/* A report of the kernel's that meets what it reports goes on for ever: the finding is better than the end of the stack. */
static void look_at_stack(const char *text)
{
#if !SIM_WEAVE
	static __thread const char *highest;
	const char *here = __builtin_frame_address(0);

	if (here > highest)
		highest = here;
	if ((unsigned long)(highest - here) < DEEP)
		return;
	sim_bug("endless recursion", "printk", SIM_NO_PFN, "%s", text);
#else
	(void)text;
#endif
}

/*
 * A line begins with its level, behind an SOH, or with a "c" if it goes on. Several CPUs may have something to say: each has a
 * place of its own, and what it writes there is no access of the run.
 */
void gate_log(const char *line)
{
	const unsigned int last = __atomic_load_n(&next, __ATOMIC_RELAXED) - 1;
	const bool goes_on = line[0] == 1 && line[1] == 'c' && last + 1;
	char text[BYTES] = "";
	unsigned int used = 0;

	if (line[0] == 1 && line[1])
		line += 2;
	line += strspn(line, "\n");
	if (goes_on) {
		sim_copy(text, lines[last % LINES], BYTES);
		used = strlen(text);
	}
	snprintf(text + used, BYTES - used, "%.*s", (int)strcspn(line, "\n"), line);
	sim_copy(lines[(goes_on ? last : __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) % LINES],
		 text, BYTES);
	look_at_stack(text);
}

int gate_print(char *buf, unsigned long len, const char *form, ...)
{
	va_list args;
	int used;

	va_start(args, form);
	used = vsnprintf(buf, len, form, args);
	va_end(args);
	return used < (int)len ? used : (int)len - 1;
}

void log_print(void)
{
	/* Relaxed: other CPUs may go on, and what they say now is not for this finding. */
	const unsigned int end = __atomic_exchange_n(&next, 0, __ATOMIC_RELAXED);

	for (unsigned int i = end < LINES ? 0 : end - LINES; i < end; i++)
		dprintf(STDERR_FILENO, "linux: %s\n", lines[i % LINES]);
}

void log_forget(void)
{
	next = 0;
}
