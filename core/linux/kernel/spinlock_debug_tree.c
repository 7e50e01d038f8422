// SPDX-License-Identifier: GPL-2.0-only
/* The tree's spinlocks with an owner, over the machine's. Only in builds with lockdep. */
#include <linux/spinlock.h>
#include <linux/nmi.h>
#include <linux/interrupt.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/pid.h>

#include <asm/lock_reports.h>

#include "kernel/locking/spinlock_debug.c"
