// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's lockdep, with tables for a machine that has few kinds of locks: what is in them is put back after each program.
 * Before its text stand the headers that it includes: they must know the kernel as it is. Only in builds with lockdep;
 * must not be instrumented, as what it remembers is no part of a run.
 */
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/task.h>
#include <linux/sched/mm.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/kallsyms.h>
#include <linux/interrupt.h>
#include <linux/stacktrace.h>
#include <linux/debug_locks.h>
#include <linux/irqflags.h>
#include <linux/utsname.h>
#include <linux/hash.h>
#include <linux/ftrace.h>
#include <linux/kasan.h>
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/random.h>
#include <linux/jhash.h>
#include <linux/nmi.h>
#include <linux/rcupdate.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/context_tracking.h>
#include <linux/console.h>

#include <asm/lock_reports.h>
#include <asm/sections.h>

#include "lockdep.h"

#undef MAX_LOCKDEP_KEYS_BITS
#define MAX_LOCKDEP_KEYS_BITS 8

/* The C library's are a part of the run on the woven machine, and so are the tree's that are compiled for it. */
static int quiet_memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (; len && *x == *y; len--)
		x++, y++;
	return len ? *x - *y : 0;
}

static void quiet_memset(void *to, int byte, size_t len)
{
	for (unsigned char *at = to; len--; at++)
		*at = byte;
}

static int quiet_strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a - *b;
}

#define memcmp(a, b, len)     quiet_memcmp(a, b, len)
#define memset(to, byte, len) quiet_memset(to, byte, len)
#define strcmp(a, b)	      quiet_strcmp(a, b)

/* What is static: the borders of the kernel's sections are the linker's (kernel.lds). */
#define is_kernel_core_data(addr) mmfuzz_is_data(addr)

#include "kernel/locking/lockdep.c"

unsigned long gate_lock_classes(void)
{
	return nr_lock_classes;
}
