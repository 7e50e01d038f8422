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
extern unsigned int sim_nr_threads;

static __always_inline unsigned int smp_processor_id(void)
{
	return sim_here.cpu;
}

static __always_inline struct sim_cpu *this_cpu(void)
{
	return sim_here.self;
}

static __always_inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" : : : "memory");
#else
	barrier();
#endif
}

/*
 * Whether no other CPU can run. Acquire: pairs with the release of the thread that left last, so
 * that what it did (unlocked, ended a read section) is seen when it is seen to be gone.
 */
static __always_inline bool machine_is_sequential(void)
{
	return __atomic_load_n(&sim_nr_threads, __ATOMIC_ACQUIRE) == sim_here.registered;
}

#endif /* MACHINE_CPU_H */
