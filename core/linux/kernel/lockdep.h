/* SPDX-License-Identifier: GPL-2.0-only */
/* What lockdep is told of the machine, in builds that have it (linux.sh --lockdep); in others nothing. */
#ifndef MMFUZZ_LINUX_LOCKDEP_H
#define MMFUZZ_LINUX_LOCKDEP_H

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

#ifdef CONFIG_LOCKDEP
/* Each CPU's task holds nothing, and interrupts are on; the tasks must be known. */
void mmfuzz_setup_lockdep(void);
/* The task begins, and holds nothing. */
void mmfuzz_lockdep_task(struct task_struct *task, const char *name, unsigned int number);
/* Nobody runs. Something is wrong that nobody was told of: from then on lockdep would be blind. */
void mmfuzz_check_lockdep(void);
/* Of the kernel's data or bss. */
bool mmfuzz_is_data(unsigned long addr);
#else
static inline void mmfuzz_setup_lockdep(void)
{
}
static inline void mmfuzz_lockdep_task(struct task_struct *task, const char *name,
				       unsigned int number)
{
}
static inline void mmfuzz_check_lockdep(void)
{
}
#endif

/*
 * The CPU is in an interrupt, as the count of preemption says already; it leaves it. In an NMI lockdep looks at nothing, as on
 * any machine.
 */
static inline void mmfuzz_lockdep_irq_enter(void)
{
#ifdef CONFIG_LOCKDEP
	if (in_nmi())
		lockdep_off();
	lockdep_hardirq_enter();
#endif
}

static inline void mmfuzz_lockdep_irq_exit(void)
{
#ifdef CONFIG_LOCKDEP
	lockdep_hardirq_exit();
	if (in_nmi())
		lockdep_on();
#endif
}

/* Around what is an interrupt on a real machine, and a call here. */
static inline unsigned long mmfuzz_lockdep_irq_begin(void)
{
	unsigned long flags = 0;

#ifdef CONFIG_LOCKDEP
	local_irq_save(flags);
	mmfuzz_lockdep_irq_enter();
#endif
	return flags;
}

static inline void mmfuzz_lockdep_irq_end(unsigned long flags)
{
#ifdef CONFIG_LOCKDEP
	mmfuzz_lockdep_irq_exit();
	local_irq_restore(flags);
#endif
}

#endif /* MMFUZZ_LINUX_LOCKDEP_H */
