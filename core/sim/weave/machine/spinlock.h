/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Woven machine: waiting for a lock. Included by <sim/spinlock.h> only.
 */
#ifndef MACHINE_SPINLOCK_H
#define MACHINE_SPINLOCK_H

/* @rank and @func are for the finding "deadlock". */
void __cold sim_lock_wait(u32 *word, u32 rank, const char *func);

/* Until the word may be free; takes nothing. A finding when nobody is there who could free it. */
void machine_wait_unlocked(const u32 *word, u32 rank, const char *func);

#endif /* MACHINE_SPINLOCK_H */
