/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts are the machine's: off, none of its operations comes in between (the woven machine). In trees with
 * functions that may be called from everywhere one comes in all the same: to the kernel it is an NMI then
 * (kernel/nolock.c). Of others nothing may run there.
 */
#ifndef ASM_MMFUZZ_IRQFLAGS_H
#define ASM_MMFUZZ_IRQFLAGS_H

#ifndef __ASSEMBLY__
#include <asm/host.h>

#define ARCH_IRQ_DISABLED	1ul
#define ARCH_IRQ_ENABLED	0ul

extern unsigned long mmfuzz_irqs_off[];

static inline void mmfuzz_keep_irqs_off(void)
{
#ifndef HAVE_NOLOCK
	mmfuzz_irq_off();
#endif
}
static inline void mmfuzz_let_irqs_in(void)
{
#ifndef HAVE_NOLOCK
	mmfuzz_irq_on();
#endif
}

static inline unsigned long arch_local_save_flags(void)
{
	return mmfuzz_irqs_off[mmfuzz_cpu()];
}
static inline void arch_local_irq_disable(void)
{
	unsigned long *off = &mmfuzz_irqs_off[mmfuzz_cpu()];

	if (!*off) {
		*off = 1;
		mmfuzz_keep_irqs_off();
		mmfuzz_atomic_begins();
	}
}
static inline void arch_local_irq_enable(void)
{
	unsigned long *off = &mmfuzz_irqs_off[mmfuzz_cpu()];

	if (*off) {
		*off = 0;
		mmfuzz_atomic_ends();
		mmfuzz_let_irqs_in();
	}
}
static inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}
static inline void arch_local_irq_restore(unsigned long flags)
{
	if (flags)
		arch_local_irq_disable();
	else
		arch_local_irq_enable();
}
static inline int arch_irqs_disabled_flags(unsigned long flags)
{
	return flags != ARCH_IRQ_ENABLED;
}
static inline int arch_irqs_disabled(void)
{
	return arch_irqs_disabled_flags(arch_local_save_flags());
}
#endif

#endif /* ASM_MMFUZZ_IRQFLAGS_H */
