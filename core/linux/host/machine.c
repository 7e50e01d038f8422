// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's world asks of the machine (arch/include/asm/host.h), by core/sim. Included by nobody of the kernel's
 * world, so both sides of each layout are known here.
 */
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/rcu.h>
#include <sim/spinlock.h>

#include "../gate.h"
#include "machine.h"

void mmfuzz_bug(const char *rule, const char *func, const char *format, ...);
void mmfuzz_unanswered(const char *name);
int mmfuzz_notifier_refuses(void);
int mmfuzz_page_fails(void);
int mmfuzz_page_fails(void)
{
	return should_fail(FAULT_PAGE);
}

void mmfuzz_lock_wait(unsigned int *word);
void mmfuzz_rcu_read_lock(void);
void mmfuzz_rcu_read_unlock(void);
void mmfuzz_rcu_read_lock_sched(void);
void mmfuzz_rcu_read_unlock_sched(void);
void mmfuzz_synchronize_rcu(void);
void mmfuzz_call_rcu(void *head, void (*func)(void *head));
#if SIM_WEAVE
void mmfuzz_irq_off(void);
void mmfuzz_irq_on(void);
void mmfuzz_undivided_begin(void);
void mmfuzz_undivided_end(void);
#endif
void mmfuzz_races_off(void);
void mmfuzz_races_on(void);

/* As much as a system call costs. */
#define TURNS_TO_YIELD 32

#if SIM_WEAVE
_Static_assert(offsetof(struct weave_hot, cpu) == 24, "struct mmfuzz_hot in asm/host.h");
#else
_Static_assert(offsetof(struct sim_here, cpu) == 8 && sizeof(sim_here.cpu) == 4, "struct mmfuzz_here in asm/host.h");
#endif

void mmfuzz_bug(const char *rule, const char *func, const char *format, ...)
{
	static char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sim_bug(rule, func, SIM_NO_PFN, "%s", text);
}

void mmfuzz_unanswered(const char *name)
{
	sim_bug("not in the backend", name, SIM_NO_PFN, "the tree calls what core/linux/kernel does not answer");
}

void mmfuzz_relax(void)
{
	cpu_relax();
#if !SIM_WEAVE
	/* The host may have fewer CPUs: who waits for longer leaves its own to whom it waits for. */
	static _Thread_local unsigned int turns;

	if (!machine_is_sequential() && !(++turns % TURNS_TO_YIELD))
		sched_yield();
	/* Not by a jump: the C library has no frame, and who waits is found by this one's (machine_backtrace()). */
	barrier();
#endif
}

int mmfuzz_notifier_refuses(void)
{
	return should_fail(FAULT_NOTIFIER);
}

void mmfuzz_lock_wait(unsigned int *word)
{
	/*
	 * Relaxed: the CPU's own number there nobody else writes, or takes away. Without MM_DEBUG who has waited for a lock leaves no
	 * number in it (sim_word_trylock()).
	 */
	if (MM_DEBUG && __atomic_load_n(word, __ATOMIC_RELAXED) == smp_processor_id() + 1)
		mmfuzz_bug("lock recursion", "spin_lock", "CPU %u waits for a lock that it has", smp_processor_id());
	sim_lock_wait(word, 0, "spin_lock");
}

void mmfuzz_rcu_read_lock(void)
{
	rcu_read_lock();
}

void mmfuzz_rcu_read_unlock(void)
{
	rcu_read_unlock();
}

void mmfuzz_rcu_read_lock_sched(void)
{
	sim_rcu_read_lock_sched();
}

void mmfuzz_rcu_read_unlock_sched(void)
{
	sim_rcu_read_unlock_sched(__func__);
}

void mmfuzz_synchronize_rcu(void)
{
	synchronize_rcu();
}

/* struct rcu_head and the kernel's struct callback_head are a pointer to the next and the function. */
void mmfuzz_call_rcu(void *head, void (*func)(void *head))
{
	call_rcu(head, (void (*)(struct rcu_head *))func);
}

#if SIM_WEAVE
void mmfuzz_irq_off(void)
{
	sim_irq_off();
}

void mmfuzz_irq_on(void)
{
	sim_irq_on();
}

void mmfuzz_undivided_begin(void)
{
	weave_undivided_begin();
}

void mmfuzz_undivided_end(void)
{
	weave_undivided_end();
}
#endif

int gate_in_sequence(void)
{
	return machine_is_sequential();
}

void gate_play(unsigned int cpu, void (*fn)(void))
{
	unsigned int self = smp_processor_id();

	if (cpu != self)
		machine_cpu_become(cpu);
	fn();
	if (cpu != self)
		machine_cpu_become(self);
}

#if SIM_WEAVE
void mmfuzz_races_off(void)
{
	weave_marked_begin();
}

void mmfuzz_races_on(void)
{
	weave_marked_end();
}
#endif
