/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's code may ask of the machine below it (core/sim), in types that both worlds have. The layouts are
 * asserted in core/linux/host/machine.c, which includes both.
 */
#ifndef ASM_MMFUZZ_HOST_H
#define ASM_MMFUZZ_HOST_H

#ifndef __ASSEMBLY__

/* As core/sim has them. */
#ifdef MMFUZZ_WEAVE
struct mmfuzz_hot {
	unsigned long private_lo;
	unsigned long private_size;
	unsigned int nth;
	unsigned int stop;
	unsigned int cpu;
};
extern struct mmfuzz_hot weave_hot;

/* By the assembler: asking which CPU this is must not be an access that the woven machine sees. */
static inline __attribute__((__always_inline__)) unsigned int mmfuzz_cpu(void)
{
#if defined(__x86_64__)
	unsigned int cpu;

	__asm__("movl %1, %0" : "=r"(cpu) : "m"(weave_hot.cpu));
	return cpu;
#else
	unsigned int cpu;

	__asm__("ldr %w0, %1" : "=r"(cpu) : "m"(weave_hot.cpu));
	return cpu;
#endif
}
#else
struct mmfuzz_here {
	void *self;
	unsigned int cpu;
	_Bool registered;
};
extern __thread struct mmfuzz_here sim_here __attribute__((tls_model("local-exec")));
/* CPUs are threads; changes only while there is one. */
extern _Bool sim_parallel;

static inline __attribute__((__always_inline__)) unsigned int mmfuzz_cpu(void)
{
	return sim_here.cpu;
}
#endif

/*
 * Waits until the word can be taken, and takes it: 1 + the number of the CPU. Not if that has it: an interrupt would
 * wait for ever.
 */
void mmfuzz_lock_wait(unsigned int *word);

/* A finding: does not return. */
__attribute__((__noreturn__, __cold__)) void mmfuzz_bug(const char *rule, const char *func, const char *format, ...);
/* The CPU waits for others. */
void mmfuzz_relax(void);
/* An injected fault of this CPU's operation: somebody does not want memory to come or to go. */
int mmfuzz_notifier_refuses(void);
/* Likewise: a page allocation fails, whoever asks. */
int mmfuzz_page_fails(void);
/* RCU of the machine. */
void mmfuzz_rcu_read_lock(void);
void mmfuzz_rcu_read_unlock(void);
void mmfuzz_synchronize_rcu(void);
/*
 * And its read sections that the kernel has without a word, by keeping preemption or interrupts off: lib/xarray.c queues
 * a node to be freed before it takes it out of the tree, with the lock held. In sequence there is nobody to wait.
 */
void mmfuzz_rcu_read_lock_sched(void);
void mmfuzz_rcu_read_unlock_sched(void);
static inline __attribute__((__always_inline__)) void mmfuzz_atomic_begins(void)
{
#ifndef MMFUZZ_WEAVE
	if (!sim_parallel)
		return;
#endif
	mmfuzz_rcu_read_lock_sched();
}
static inline __attribute__((__always_inline__)) void mmfuzz_atomic_ends(void)
{
#ifndef MMFUZZ_WEAVE
	if (!sim_parallel)
		return;
#endif
	mmfuzz_rcu_read_unlock_sched();
}
/* @head is two pointers, which RCU has until it calls @func. */
void mmfuzz_call_rcu(void *head, void (*func)(void *head));
/*
 * Nobody comes between two plain accesses: for known faults, on the woven machine, where programs say that points are there,
 * too. Nests.
 */
#ifdef MMFUZZ_WEAVE
void mmfuzz_undivided_begin(void);
void mmfuzz_undivided_end(void);
#else
static inline void mmfuzz_undivided_begin(void)
{
}

static inline void mmfuzz_undivided_end(void)
{
}
#endif
/* No interrupt comes in; nest. As in core/sim, nothing interrupts a thread. */
#ifdef MMFUZZ_WEAVE
void mmfuzz_irq_off(void);
void mmfuzz_irq_on(void);
#else
static inline __attribute__((__always_inline__)) void mmfuzz_irq_off(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline __attribute__((__always_inline__)) void mmfuzz_irq_on(void)
{
	__asm__ volatile("" : : : "memory");
}
#endif

#endif

#endif /* ASM_MMFUZZ_HOST_H */
