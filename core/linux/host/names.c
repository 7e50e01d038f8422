// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks, and names of places in the kernel's code, as the woven machine has them (core/sim/weave/symbol.c), since they share the list of
 * races: of the functions that were inlined there the innermost one that is no helper, or else the outermost. By the runtime of
 * a sanitizer; without one nobody knows.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sim/cpu.h>
#include <sim/helper.h>

#if SIM_WEAVE
#include "fibre.h"
#endif

#include "../gate.h"

/* One text a frame, innermost first, and an empty one at the end. Knows by itself that @pc is a return address. */
void __attribute__((weak))
__sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size);

int gate_place(unsigned long pc, char *func, unsigned long func_len, char *place,
	       unsigned long place_len)
{
	/* "function|file|:line"; an empty one ends them, also if the text was cut off. */
	char text[4096] = "";
	char *frame = text, *file, *line;

	if (!__sanitizer_symbolize_pc)
		return 0;
	__sanitizer_symbolize_pc((void *)pc, "%f|%s|:%l", text, sizeof(text) - 1);
	for (;;) {
		char *next = frame + strlen(frame) + 1;

		file = strchr(frame, '|');
		if (!file || !sim_is_helper(file) || next >= text + sizeof(text) || !*next)
			break;
		frame = next;
	}
	line = file ? strchr(file + 1, '|') : NULL;
	if (!line || file == frame || !strncmp(frame, "<null>", 6))
		return 0;
	*file++ = *line++ = '\0';
	snprintf(func, func_len, "%s", frame);
	snprintf(place, place_len, "%s%s", file, line);
	return 1;
}

static unsigned long end_of_stack(void)
{
	static __thread unsigned long end;
	pthread_attr_t attr;
	size_t bytes;
	void *start;

#if SIM_WEAVE
	/* Of the fibre that runs; 0: none does. */
	if (weave_hot.private_lo)
		return weave_hot.private_lo + fibre_stack_bytes;
#endif
	if (!end && !pthread_getattr_np(pthread_self(), &attr)) {
		if (!pthread_attr_getstack(&attr, &start, &bytes))
			end = (unsigned long)start + bytes;
		pthread_attr_destroy(&attr);
	}
	return end;
}

/*
 * Each function of the kernel's leaves a link to the frame above, and so do the project's. Who is above these may have anything
 * there: nothing is looked at but the stack.
 */
unsigned int gate_stack(const unsigned long *frame, unsigned long *ips, unsigned int max)
{
	const unsigned long end = end_of_stack();
	unsigned int nr = 0;

	while (nr < max) {
		const unsigned long *above = (const unsigned long *)frame[0];

		ips[nr++] = frame[1];
		if (above <= frame || (unsigned long)above % sizeof(*above) ||
		    (unsigned long)above + 2 * sizeof(*above) > end)
			break;
		frame = above;
	}
	return nr;
}
