/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Woven machine: its own RCU, whose grace periods end at the earliest moment that the rules allow.
 * Included by <sim/rcu.h> only.
 */
#ifndef MACHINE_RCU_H
#define MACHINE_RCU_H

#include <stdbool.h>

void sim_rcu_read_lock(void);
void sim_rcu_read_unlock(const char *func);
/* No points, as nobody can see where they begin and end but by a grace period. In sequence, nothing: call them or not. */
void sim_rcu_read_lock_sched(void);
void sim_rcu_read_unlock_sched(const char *func);
/* Waits for a grace period; nothing is checked. */
void sim_rcu_synchronize(void);

/* Nobody is in a read section: a grace period would end at once. */
bool machine_rcu_is_idle(void);

/* A run begins: nobody is in a section, no grace period has begun. */
void machine_rcu_begin(void);

#endif /* MACHINE_RCU_H */
