// SPDX-License-Identifier: GPL-2.0-only
/*
 * Condition variables, barriers and semaphores of the pthread shim (shim.h). Who of several waiters
 * goes on is not decided here: each that may is runnable. A wake-up that nobody sees stays lost, and
 * what then waits for ever is a deadlock. No spurious wake-ups.
 */
#include <mmfuzz/weave_pthread.h>

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <string.h>

#include "shim.h"

/* --- condition variables --- */

/*
 * Signals that nobody has taken yet, oldest first. One may be taken by any thread that waited when it was
 * sent, and there are never more than such threads: no more than threads in all.
 */
static struct signal {
	const void *cond;
	uint64_t at;
} signals[WEAVE_MAX_FIBRES];
static unsigned int nr_signals;
static uint64_t cond_time;

static bool waits_for(const struct shim_thread *thread, const void *cond)
{
	return thread->cond == cond && !thread->woken;
}

static const struct signal *signal_for(const struct shim_thread *thread)
{
	for (unsigned int i = 0; i < nr_signals; i++)
		if (signals[i].cond == thread->cond && thread->since < signals[i].at)
			return &signals[i];
	return NULL;
}

static bool cond_woken(const void *object)
{
	const struct shim_thread *thread = object;

	return thread->woken || signal_for(thread);
}

/* The oldest that it may: the younger ones may be taken by more threads. */
static void take_signal(const struct shim_thread *self)
{
	const struct signal *signal = self->woken ? NULL : signal_for(self);

	if (!signal)
		return;
	nr_signals--;
	memmove((void *)signal, signal + 1,
		(size_t)(&signals[nr_signals] - signal) * sizeof(*signal));
}

static void cond_check(pthread_cond_t *c, const char *func, const void *pc)
{
	shim_used(c, sizeof(*c), pc);
	if (c->__data.__wrefs == SHIM_DESTROYED)
		sim_bug("use of a destroyed condition", func, SIM_NO_PFN,
			"destroyed and not initialised again");
}

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
	(void)attr;
	memset(c, 0, sizeof(*c));
	shim_made(c, sizeof(*c), SHIM_CALLER);
	return 0;
}

static unsigned int nr_waiting(const void *cond)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < WEAVE_MAX_FIBRES; i++)
		nr += waits_for(&shim_threads[i], cond);
	return nr;
}

static unsigned int nr_sent(const void *cond)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_signals; i++)
		nr += signals[i].cond == cond;
	return nr;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
	shim_point(WEAVE_RMW, c, SHIM_CALLER);
	cond_check(c, "pthread_cond_destroy", SHIM_CALLER);
	if (nr_waiting(c) > nr_sent(c))
		shim_misuse("destroy of a condition in use", "%u threads wait for it",
			    nr_waiting(c) - nr_sent(c));
	c->__data.__wrefs = SHIM_DESTROYED;
	shim_made(c, sizeof(*c), SHIM_CALLER);
	return 0;
}

/* Given up and waiting in one step: no wake-up falls in between. */
static struct shim_thread *begin_wait(pthread_cond_t *c, pthread_mutex_t *m, const char *func,
				      const void *pc)
{
	struct shim_thread *self = shim_self();

	shim_point(WEAVE_RMW, c, pc);
	cond_check(c, func, pc);
	if (m->__data.__owner != (int)weave_fibre() + 1)
		sim_bug("wait without the mutex", func, SIM_NO_PFN, "%s",
			m->__data.__owner ? "another thread holds it" : "nobody holds it");
	self->cond = c;
	self->since = ++cond_time;
	self->woken = false;
	self->depth = m->__data.__count;
	shim_release(m);
	m->__data.__owner = 0;
	shim_changed();
	return self;
}

static void end_wait(struct shim_thread *self, pthread_mutex_t *m)
{
	take_signal(self);
	shim_acquire(self->cond);
	self->cond = NULL;
	shim_changed();
	shim_lock(m, self->pc);
	m->__data.__count = self->depth;
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	struct shim_thread *self = begin_wait(c, m, "pthread_cond_wait", SHIM_CALLER);

	shim_wait(cond_woken, self, "condition");
	end_wait(self, m);
	return 0;
}

/* Time runs out when others had their chance to wake it, and did not. */
int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *abstime)
{
	struct shim_thread *self = begin_wait(c, m, "pthread_cond_timedwait", SHIM_CALLER);
	bool woken;

	shim_wait_a_while(c, SHIM_CALLER);
	woken = cond_woken(self);
	if (!woken)
		shim_deadline(abstime);
	end_wait(self, m);
	return woken ? 0 : ETIMEDOUT;
}

int pthread_cond_signal(pthread_cond_t *c)
{
	shim_point(WEAVE_RMW, c, SHIM_CALLER);
	cond_check(c, "pthread_cond_signal", SHIM_CALLER);
	if (nr_waiting(c) <= nr_sent(c))
		return 0;
	shim_release(c);
	signals[nr_signals++] = (struct signal){ c, ++cond_time };
	shim_changed();
	return 0;
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
	unsigned int kept = 0;

	shim_point(WEAVE_RMW, c, SHIM_CALLER);
	cond_check(c, "pthread_cond_broadcast", SHIM_CALLER);
	shim_release(c);
	for (unsigned int i = 0; i < WEAVE_MAX_FIBRES; i++)
		if (shim_threads[i].cond == c)
			shim_threads[i].woken = true;
	/* Signals sent before were for those who all go on now. */
	for (unsigned int i = 0; i < nr_signals; i++)
		if (signals[i].cond != c)
			signals[kept++] = signals[i];
	nr_signals = kept;
	shim_changed();
	return 0;
}

/* --- barriers --- */

struct barrier {
	uint32_t count;
	uint32_t arrived;
	uint32_t round;
	/* Still inside from a round that is over: it must not be destroyed. */
	uint32_t leaving;
};

_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "it fits");

struct barrier_wait {
	const struct barrier *barrier;
	uint32_t round;
};

static bool round_over(const void *object)
{
	const struct barrier_wait *wait = object;

	return wait->barrier->round != wait->round;
}

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr,
			 unsigned int count)
{
	(void)attr;
	if (!count)
		return EINVAL;
	*(struct barrier *)b = (struct barrier){ .count = count };
	shim_made(b, sizeof(struct barrier), SHIM_CALLER);
	return 0;
}

static struct barrier *barrier_of(pthread_barrier_t *b, const char *func, const void *pc)
{
	struct barrier *barrier = (struct barrier *)b;

	shim_point(WEAVE_RMW, b, pc);
	shim_used(b, sizeof(*barrier), pc);
	if (!barrier->count)
		sim_bug("use of a destroyed barrier", func, SIM_NO_PFN,
			"destroyed, or never initialised");
	return barrier;
}

static bool barrier_left(const void *object)
{
	return !((const struct barrier *)object)->leaving;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
	struct barrier *barrier = barrier_of(b, "pthread_barrier_destroy", SHIM_CALLER);

	if (barrier->arrived)
		shim_misuse("destroy of a barrier in use", "%u of %u threads wait at it",
			    barrier->arrived, barrier->count);
	shim_wait(barrier_left, barrier, "barrier, to be left");
	barrier->count = 0;
	shim_made(b, sizeof(*barrier), SHIM_CALLER);
	return 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
	struct barrier *barrier = barrier_of(b, "pthread_barrier_wait", SHIM_CALLER);
	struct barrier_wait wait = { barrier, barrier->round };

	shim_release(barrier);
	if (++barrier->arrived == barrier->count) {
		barrier->arrived = 0;
		barrier->leaving += barrier->count - 1;
		barrier->round++;
		shim_acquire(barrier);
		shim_changed();
		return PTHREAD_BARRIER_SERIAL_THREAD;
	}
	shim_changed();
	shim_wait(round_over, &wait, "barrier");
	barrier->leaving--;
	shim_acquire(barrier);
	shim_changed();
	return 0;
}

/* --- semaphores --- */

struct semaphore {
	uint32_t value;
	uint32_t destroyed;
};

_Static_assert(sizeof(struct semaphore) <= sizeof(sem_t), "it fits");

static struct semaphore *semaphore_of(sem_t *s, const char *func, const void *pc)
{
	struct semaphore *sem = (struct semaphore *)s;

	shim_point(WEAVE_RMW, s, pc);
	shim_used(s, sizeof(*sem), pc);
	if (sem->destroyed == SHIM_DESTROYED)
		sim_bug("use of a destroyed semaphore", func, SIM_NO_PFN,
			"destroyed and not initialised again");
	return sem;
}

static bool semaphore_positive(const void *object)
{
	return ((const struct semaphore *)object)->value;
}

static int semaphore_take(struct semaphore *sem)
{
	sem->value--;
	shim_acquire(sem);
	shim_changed();
	return 0;
}

int sem_init(sem_t *s, int shared, unsigned int value)
{
	(void)shared;
	if (value > SEM_VALUE_MAX) {
		errno = EINVAL;
		return -1;
	}
	*(struct semaphore *)s = (struct semaphore){ .value = value };
	shim_made(s, sizeof(struct semaphore), SHIM_CALLER);
	return 0;
}

int sem_destroy(sem_t *s)
{
	semaphore_of(s, "sem_destroy", SHIM_CALLER)->destroyed = SHIM_DESTROYED;
	shim_made(s, sizeof(struct semaphore), SHIM_CALLER);
	return 0;
}

int sem_wait(sem_t *s)
{
	struct semaphore *sem = semaphore_of(s, "sem_wait", SHIM_CALLER);

	shim_wait(semaphore_positive, sem, "semaphore");
	return semaphore_take(sem);
}

int sem_trywait(sem_t *s)
{
	struct semaphore *sem = semaphore_of(s, "sem_trywait", SHIM_CALLER);

	if (sem->value)
		return semaphore_take(sem);
	errno = EAGAIN;
	return -1;
}

int sem_timedwait(sem_t *s, const struct timespec *abstime)
{
	struct semaphore *sem = semaphore_of(s, "sem_timedwait", SHIM_CALLER);

	if (!sem->value)
		shim_wait_a_while(sem, SHIM_CALLER);
	if (sem->value)
		return semaphore_take(sem);
	shim_deadline(abstime);
	errno = ETIMEDOUT;
	return -1;
}

int sem_post(sem_t *s)
{
	struct semaphore *sem = semaphore_of(s, "sem_post", SHIM_CALLER);

	if (sem->value == SEM_VALUE_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	shim_release(sem);
	sem->value++;
	shim_changed();
	return 0;
}

int sem_getvalue(sem_t *s, int *value)
{
	*value = (int)semaphore_of(s, "sem_getvalue", SHIM_CALLER)->value;
	return 0;
}
