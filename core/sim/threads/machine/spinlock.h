/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free-running machine: waiting for a lock. Included by <sim/spinlock.h> only.
 */
#ifndef MACHINE_SPINLOCK_H
#define MACHINE_SPINLOCK_H

/* Out of line: whoever waits has time. @rank and @func are for the finding "deadlock". */
void __cold sim_lock_wait(u32 *word, u32 rank, const char *func);

#endif /* MACHINE_SPINLOCK_H */
