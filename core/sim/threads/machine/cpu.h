/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free-running machine: a CPU is a POSIX thread. Included by <sim/cpu.h> only.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include <sched.h>

/*
 * Thread-local storage at a fixed offset costs one instruction, but cannot be linked into a shared
 * object; code built for one (-fPIC, not -fPIE) fetches the offset first.
 */
#if defined(__PIC__) && !defined(__PIE__)
#define SIM_TLS __attribute__((tls_model("initial-exec")))
#else
#define SIM_TLS __attribute__((tls_model("local-exec")))
#endif

/* Which CPU this thread is. A thread that never registered looks like CPU 0, for booting. */
struct sim_here {
	struct sim_cpu *self;
	unsigned int cpu;
	bool registered;
};

extern __thread struct sim_here sim_here SIM_TLS;
/* Within machine_run(). Changes only while no thread is registered, hence read without order. */
extern bool sim_parallel;

static __always_inline unsigned int smp_processor_id(void)
{
	return sim_here.cpu;
}

static __always_inline struct sim_cpu *this_cpu(void)
{
	return sim_here.self;
}

/* In sequence nobody will end the wait: see machine_op_begins(). */
void sim_step(void);

static __always_inline void cpu_relax(void)
{
#if MM_DEBUG
	sim_step();
#endif
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" : : : "memory");
#else
	barrier();
#endif
}

/* Whether one thread plays all CPUs. */
static __always_inline bool machine_is_sequential(void)
{
	return !READ_ONCE(sim_parallel);
}

/*
 * Whether no other CPU can run: in sequence, or when all others have ended. Acquire: pairs with the
 * release of the thread that ended last, so that what it unlocked is seen when its end is seen.
 */
static __always_inline bool machine_is_alone(void)
{
	return machine_is_sequential() || smp_load_acquire(&sim_nr_at_work) == 1;
}

/* Nothing interrupts a thread's work as an operation. */
static __always_inline void sim_irq_off(void)
{
	barrier();
}

static __always_inline void sim_irq_on(void)
{
	barrier();
}

/* For core/sim/cpu.c. */
static __always_inline bool sim_here_registered(void)
{
	return sim_here.registered;
}

void sim_set_here(unsigned int cpu, bool registered);

#endif /* MACHINE_CPU_H */
