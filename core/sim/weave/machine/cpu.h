/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Woven machine: a CPU is a fibre. Included by <sim/cpu.h> only.
 *
 * Code under test asks which CPU it is wherever it likes: the answer must not be an access that the
 * runtime sees, hence the assembly.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include <mmfuzz/weave.h>

#include "../hot.h"

static __always_inline unsigned int smp_processor_id(void)
{
#if defined(__x86_64__)
	u32 cpu;

	__asm__("movl %1, %0" : "=r"(cpu) : "m"(weave_hot.cpu));
	return cpu;
#elif defined(__aarch64__)
	u32 cpu;

	__asm__("ldr %w0, %1" : "=r"(cpu) : "m"(weave_hot.cpu));
	return cpu;
#else
	return weave_fibre();
#endif
}

/* Of a running fibre it lies on its own stack, which nobody else looks at. */
static __always_inline struct sim_cpu *this_cpu(void)
{
	struct sim_cpu *self;

#if defined(__x86_64__)
	__asm__("movq %1, %0" : "=r"(self) : "m"(weave_hot.self));
#elif defined(__aarch64__)
	__asm__("ldr %0, %1" : "=r"(self) : "m"(weave_hot.self));
#else
	struct sim_cpu *sim_here_self(void);

	self = sim_here_self();
#endif
	return self;
}

static __always_inline void cpu_relax(void)
{
	weave_yield();
}

/* Whether one context plays all CPUs. */
static __always_inline bool machine_is_sequential(void)
{
	return !weave_running();
}

/* Whether no other CPU can run: in sequence, or when all others have ended. */
bool machine_is_alone(void);

/* Interrupts come in between the points of the scheduler, unless they are off. */
static __always_inline void sim_irq_off(void)
{
	weave_irq_off();
}

static __always_inline void sim_irq_on(void)
{
	weave_irq_on();
}

/* For core/sim/cpu.c. */
bool sim_here_registered(void);
void sim_set_here(unsigned int cpu, bool registered);

#endif /* MACHINE_CPU_H */
