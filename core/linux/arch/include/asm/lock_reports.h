/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lockdep and the debugging of spinlocks print comes to kernel/lockdep.c: the first line of a report is the rule that was
 * broken, and where the kernel would end it with a stack it is a finding. Stands before the text of the tree's file, behind its
 * headers.
 */
#ifndef ASM_MMFUZZ_LOCK_REPORTS_H
#define ASM_MMFUZZ_LOCK_REPORTS_H

#include <linux/printk.h>

void mmfuzz_lock_report(void);
int mmfuzz_lock_printk(const char *format, ...);

#define dump_stack() mmfuzz_lock_report()
#define _printk	     mmfuzz_lock_printk

#endif /* ASM_MMFUZZ_LOCK_REPORTS_H */
