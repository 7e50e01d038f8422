// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: each CPU is asked where it is, and answers in a signal, by its frame pointers: all code here has them, but a
 * tree's in a build for speed, of which nothing can be told. Must not change what CPUs do that are never asked: they have a lock to
 * take before they begin, and after all have ended.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include <sim/cpu.h>

#include "machine/backtrace.h"

#define ASK	  SIGUSR2
#define MAX_DEPTH 64
/* Milliseconds. */
#define PATIENCE 2000
/* A CPU that is in the runtime of TSan, as it often is, has no frame pointer there. */
#define TRIES 32

static struct {
	pthread_t thread;
	bool runs;
	uintptr_t stack, stack_end;
	void *pcs[MAX_DEPTH];
	unsigned int nr; /* 0 until it has answered */
} cpus[NR_CPUS];

/* Who is asked is there as long as it is held. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where it was interrupted, and its frame pointer. */
static void interrupted_at(const ucontext_t *context, uintptr_t *pc, uintptr_t *frame)
{
#if defined(__x86_64__)
	*pc = context->uc_mcontext.gregs[REG_RIP];
	*frame = context->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
	*pc = context->uc_mcontext.pc;
	*frame = context->uc_mcontext.regs[29];
#else
	(void)context;
	*pc = *frame = 0;
#endif
}

/* At a frame pointer is the caller's, and then the address to return to: believed for as long as they lead outwards, on its stack. */
static unsigned int walk(uintptr_t frame, uintptr_t inner, uintptr_t end, void **pcs, unsigned int size)
{
	unsigned int nr = 0;

	for (; nr < size && frame > inner && frame % sizeof(frame) == 0 && frame <= end - 2 * sizeof(frame); nr++) {
		const uintptr_t *at = (const uintptr_t *)frame;

		pcs[nr] = (void *)at[1];
		inner = frame;
		frame = at[0];
	}
	return nr;
}

static void answer(int signal, siginfo_t *info, void *context)
{
	const unsigned int cpu = smp_processor_id();
	const int error = errno;
	uintptr_t pc, frame;
	unsigned int nr;

	(void)signal;
	(void)info;
	interrupted_at(context, &pc, &frame);
	cpus[cpu].pcs[0] = (void *)pc;
	nr = 1 + walk(frame, cpus[cpu].stack, cpus[cpu].stack_end, cpus[cpu].pcs + 1, MAX_DEPTH - 1);
	/* Release: with what it says. Pairs with who asks. */
	__atomic_store_n(&cpus[cpu].nr, nr, __ATOMIC_RELEASE);
	errno = error;
}

static void prepare(void)
{
	struct sigaction action = { .sa_sigaction = answer, .sa_flags = SA_RESTART | SA_SIGINFO };

	sigaction(ASK, &action, NULL);
}

void sim_backtrace_enter(unsigned int cpu)
{
	pthread_attr_t attr;
	size_t size;
	void *stack;

	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &stack, &size)) {
		pthread_mutex_lock(&lock);
		cpus[cpu].thread = pthread_self();
		cpus[cpu].stack = (uintptr_t)stack;
		cpus[cpu].stack_end = (uintptr_t)stack + size;
		cpus[cpu].runs = true;
		pthread_mutex_unlock(&lock);
	}
	pthread_attr_destroy(&attr);
}

void sim_backtrace_leave(unsigned int cpu)
{
	pthread_mutex_lock(&lock);
	cpus[cpu].runs = false;
	pthread_mutex_unlock(&lock);
}

static unsigned int wait_for_answer(unsigned int cpu)
{
	const struct timespec tick = { .tv_nsec = 1000000 };
	unsigned int nr = 0;

	/* Acquire: pairs with the release of who answers. */
	for (unsigned int i = 0; i < PATIENCE && !(nr = __atomic_load_n(&cpus[cpu].nr, __ATOMIC_ACQUIRE)); i++)
		nanosleep(&tick, NULL);
	return nr;
}

static unsigned int ask(unsigned int cpu)
{
	/* Relaxed: who answers comes behind the signal. */
	__atomic_store_n(&cpus[cpu].nr, 0, __ATOMIC_RELAXED);
	return pthread_kill(cpus[cpu].thread, ASK) ? 0 : wait_for_answer(cpu);
}

unsigned int machine_backtrace(unsigned int cpu, void **pcs, unsigned int size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned int nr = 0;

	pthread_once(&once, prepare);
	pthread_mutex_lock(&lock);
	if (cpu < NR_CPUS && cpus[cpu].runs) {
		/* One alone is where it was interrupted. */
		for (unsigned int i = 0; i < TRIES && (!i || nr == 1); i++)
			nr = ask(cpu);
		nr = nr < size ? nr : size;
		memcpy(pcs, cpus[cpu].pcs, nr * sizeof(*pcs));
	}
	pthread_mutex_unlock(&lock);
	return nr;
}
