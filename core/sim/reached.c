// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mark that a planted bug was met (sim_reached() in sim/bug.h). Takes no lock and keeps no count: whether it was said before is
 * all that it knows.
 */
#include <string.h>
#include <unistd.h>

#include <sim/bug.h>

void sim_reached(bool cond)
{
	static const char line[] = SIM_REACHED_LINE "\n";
	static bool said;

	/* Relaxed: an order here would hide the race that is looked for. */
	if (!cond || __atomic_load_n(&said, __ATOMIC_RELAXED) || __atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		return;
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return; /* nobody listens */
}
