// SPDX-License-Identifier: GPL-2.0-only
/* Locks for tests: taken in orders that lockdep must report, or must not. Nobody else may take them. */
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "../gate.h"
#include "lockdep.h"

static DEFINE_SPINLOCK(one);
static DEFINE_SPINLOCK(other);
static DEFINE_MUTEX(sleeping);

void gate_nest_locks(int backwards)
{
	spin_lock(backwards ? &other : &one);
	spin_lock(backwards ? &one : &other);
	spin_unlock(backwards ? &one : &other);
	spin_unlock(backwards ? &other : &one);
}

void gate_lock_in(int interrupt)
{
	unsigned long flags = interrupt ? mmfuzz_lockdep_irq_begin() : 0;

	spin_lock(&one);
	spin_unlock(&one);
	if (interrupt)
		mmfuzz_lockdep_irq_end(flags);
}

void gate_keep_mutex(int keep)
{
	if (keep)
		mutex_lock(&sleeping);
	else
		mutex_unlock(&sleeping);
	/* The call was none of this function's last words: reports name it. */
	barrier();
}

#ifndef CONFIG_LOCKDEP
unsigned long gate_lock_classes(void)
{
	return 0;
}
#endif
