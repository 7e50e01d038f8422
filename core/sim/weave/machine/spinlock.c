// SPDX-License-Identifier: GPL-2.0-only
/*
 * Woven machine: waiting for a lock word. The one file of the machine that runs under its own scheduler: taking the word is
 * an access like any other.
 */
#include <sim/spinlock.h>

void sim_lock_wait(u32 *word, u32 rank, const char *func)
{
	do {
		machine_wait_unlocked(word, rank, func);
	} while (!sim_word_trylock(word));
}
