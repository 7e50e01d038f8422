/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free-running machine: RCU is liburcu's, behind these functions. Included by <sim/rcu.h> only.
 */
#ifndef MACHINE_RCU_H
#define MACHINE_RCU_H

void sim_rcu_read_lock(void);
void sim_rcu_read_unlock(const char *func);
/* Waits for a grace period; nothing is checked. */
void sim_rcu_synchronize(void);

/* A thread of machine_run() comes and goes. */
void sim_rcu_thread_enter(void);
void sim_rcu_thread_leave(void);

#endif /* MACHINE_RCU_H */
