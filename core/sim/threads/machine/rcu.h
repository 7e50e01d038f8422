/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free-running machine: RCU is liburcu's, behind these functions. Included by <sim/rcu.h> only.
 */
#ifndef MACHINE_RCU_H
#define MACHINE_RCU_H

#include <stdbool.h>

void sim_rcu_read_lock(void);
void sim_rcu_read_unlock(const char *func);
/* In sequence, nothing: call them or not. */
void sim_rcu_read_lock_sched(void);
void sim_rcu_read_unlock_sched(const char *func);
/* Waits for a grace period; nothing is checked. */
void sim_rcu_synchronize(void);

/* Nobody is in a read section: cannot be told without asking all threads, which is a grace period. */
static inline bool machine_rcu_is_idle(void)
{
	return false;
}

/* A thread of machine_run() comes and goes. */
void sim_rcu_thread_enter(void);
void sim_rcu_thread_leave(void);

#endif /* MACHINE_RCU_H */
