// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: waiting for a lock word. Real CPUs are few and simulated ones are many, so
 * that the holder may well be waiting for the processor that the waiter burns.
 */
#include <sched.h>

#include <sim/spinlock.h>

/* Pauses between two looks at the word, doubled up to this; from then on the processor is let go. */
#define MAX_DELAY 64

void sim_lock_wait(u32 *word, u32 rank, const char *func)
{
	unsigned int delay = 1;

	for (;;) {
		unsigned int i;
		u32 holder;

		/*
		 * Nobody else is there to unlock it. The order of the two looks matters: who is
		 * seen to be gone has unlocked before, see machine_is_alone().
		 */
		if (unlikely(machine_is_alone())) {
			holder = READ_ONCE(*word);
			if (holder && MM_DEBUG)
				sim_bug("deadlock", func, SIM_NO_PFN,
					"CPU %u waits for %s, held by CPU %u", smp_processor_id(),
					sim_lock_name(rank), holder - 1);
			else if (holder)
				sim_bug("deadlock", func, SIM_NO_PFN, "CPU %u waits for %s",
					smp_processor_id(), sim_lock_name(rank));
		}
		for (i = 0; i < delay; i++)
			cpu_relax();
		/* Look first: an exchange would take the line from the holder each time. */
		if (!READ_ONCE(*word) && sim_word_trylock(word))
			return;
		if (delay < MAX_DELAY)
			delay *= 2;
		else
			sched_yield();
	}
}
