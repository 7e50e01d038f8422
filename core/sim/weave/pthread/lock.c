// SPDX-License-Identifier: GPL-2.0-only
/* Mutexes, reader-writer locks and spin locks of the pthread shim (shim.h). */
#include <mmfuzz/weave_pthread.h>

#include <errno.h>
#include <string.h>

#include "shim.h"

/* --- mutexes: __owner is the thread's index plus 1, __kind what the initialiser set --- */

static bool mutex_free(const void *object)
{
	return !((const pthread_mutex_t *)object)->__data.__owner;
}

static int mutex_owner(void)
{
	return (int)weave_fibre() + 1;
}

static int mutex_kind(const pthread_mutex_t *m)
{
	return m->__data.__kind & 3;
}

static void mutex_check(pthread_mutex_t *m, const char *func, const void *pc)
{
	shim_used(m, sizeof(*m), pc);
	if (m->__data.__kind == SHIM_DESTROYED)
		sim_bug("use of a destroyed mutex", func, SIM_NO_PFN,
			"destroyed and not initialised again");
}

static void mutex_take(pthread_mutex_t *m)
{
	m->__data.__owner = mutex_owner();
	m->__data.__count = 1;
	shim_acquire(m);
	shim_changed();
}

/* The owner asks again. 0: it is nobody's case but the caller's to wait, -1: not the owner. */
static int mutex_again(pthread_mutex_t *m, bool try)
{
	if (m->__data.__owner != mutex_owner())
		return -1;
	switch (mutex_kind(m)) {
	case PTHREAD_MUTEX_RECURSIVE_NP:
		m->__data.__count++;
		return 0;
	case PTHREAD_MUTEX_ERRORCHECK_NP:
		return try ? EBUSY : EDEADLK;
	default:
		return -1;
	}
}

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
	int kind = PTHREAD_MUTEX_TIMED_NP;

	if (attr)
		pthread_mutexattr_gettype(attr, &kind);
	memset(m, 0, sizeof(*m));
	m->__data.__kind = kind;
	shim_made(m, sizeof(*m), SHIM_CALLER);
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
	shim_point(WEAVE_RMW, m, SHIM_CALLER);
	mutex_check(m, "pthread_mutex_destroy", SHIM_CALLER);
	if (m->__data.__owner)
		shim_misuse("destroy of a locked mutex", "thread %d holds it", m->__data.__owner);
	m->__data.__kind = SHIM_DESTROYED;
	shim_made(m, sizeof(*m), SHIM_CALLER);
	return 0;
}

int shim_lock(pthread_mutex_t *m, const void *pc)
{
	int error;

	shim_point(WEAVE_RMW, m, pc);
	mutex_check(m, "pthread_mutex_lock", pc);
	error = mutex_again(m, false);
	if (error >= 0)
		return error;
	shim_wait(mutex_free, m, "mutex");
	mutex_check(m, "pthread_mutex_lock", pc);
	mutex_take(m);
	return 0;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	return shim_lock(m, SHIM_CALLER);
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
	int error;

	shim_point(WEAVE_RMW, m, SHIM_CALLER);
	mutex_check(m, "pthread_mutex_trylock", SHIM_CALLER);
	error = mutex_again(m, true);
	if (error >= 0)
		return error;
	if (!mutex_free(m))
		return EBUSY;
	mutex_take(m);
	return 0;
}

/* Whether time runs out is a matter of who runs first: others have gone on, and it is still not free. */
int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *abstime)
{
	int error = pthread_mutex_trylock(m);

	if (error != EBUSY)
		return error;
	if (mutex_kind(m) == PTHREAD_MUTEX_ERRORCHECK_NP && m->__data.__owner == mutex_owner())
		return EDEADLK;
	shim_wait_a_while(m, SHIM_CALLER);
	error = pthread_mutex_trylock(m);
	if (error != EBUSY)
		return error;
	shim_deadline(abstime);
	return ETIMEDOUT;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	shim_point(WEAVE_RMW, m, SHIM_CALLER);
	mutex_check(m, "pthread_mutex_unlock", SHIM_CALLER);
	if (m->__data.__owner != mutex_owner()) {
		if (mutex_kind(m) == PTHREAD_MUTEX_ERRORCHECK_NP ||
		    mutex_kind(m) == PTHREAD_MUTEX_RECURSIVE_NP)
			return EPERM;
		shim_misuse("unlock of a mutex of another", "%s",
			    m->__data.__owner ? "another thread holds it" : "nobody holds it");
	}
	if (--m->__data.__count)
		return 0;
	shim_release(m);
	m->__data.__owner = 0;
	shim_changed();
	return 0;
}

/* --- reader-writer locks: readers are counted by fibre, so that each unlock has an owner --- */

struct rwlock {
	uint32_t writer;
	uint32_t destroyed;
	uint64_t readers;
	/* How often the readers hold it together, as one may do so more than once. */
	uint32_t held;
};

_Static_assert(sizeof(struct rwlock) <= offsetof(pthread_rwlock_t, __data.__flags),
	       "it fits before the flags");

static struct rwlock *rwlock_of(pthread_rwlock_t *l, const char *func, const void *pc)
{
	struct rwlock *rw = (struct rwlock *)l;

	shim_used(l, sizeof(*rw), pc);
	if (rw->destroyed == SHIM_DESTROYED)
		sim_bug("use of a destroyed rwlock", func, SIM_NO_PFN,
			"destroyed and not initialised again");
	return rw;
}

static bool rwlock_readable(const void *object)
{
	return !((const struct rwlock *)object)->writer;
}

static bool rwlock_writable(const void *object)
{
	const struct rwlock *rw = object;

	return !rw->writer && !rw->held;
}

/* Writers learn from readers by one key, and everybody from writers by another. */
static const void *readers_key(const struct rwlock *rw)
{
	return &rw->readers;
}

static int read_locked(struct rwlock *rw)
{
	rw->readers |= 1ull << weave_fibre();
	rw->held++;
	shim_acquire(rw);
	shim_changed();
	return 0;
}

static int write_locked(struct rwlock *rw)
{
	rw->writer = weave_fibre() + 1;
	shim_acquire(rw);
	shim_acquire(readers_key(rw));
	shim_changed();
	return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
	(void)attr;
	memset(l, 0, sizeof(*l));
	shim_made(l, sizeof(struct rwlock), SHIM_CALLER);
	return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_destroy", SHIM_CALLER);
	if (!rwlock_writable(rw))
		shim_misuse("destroy of a locked rwlock", "%s",
			    rw->writer ? "a writer holds it" : "readers hold it");
	rw->destroyed = SHIM_DESTROYED;
	shim_made(l, sizeof(*rw), SHIM_CALLER);
	return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_rdlock", SHIM_CALLER);
	if (rw->writer == weave_fibre() + 1)
		return EDEADLK;
	shim_wait(rwlock_readable, rw, "rwlock, to read");
	return read_locked(rw);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_tryrdlock", SHIM_CALLER);
	return rwlock_readable(rw) ? read_locked(rw) : EBUSY;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_wrlock", SHIM_CALLER);
	if (rw->writer == weave_fibre() + 1)
		return EDEADLK;
	shim_wait(rwlock_writable, rw, "rwlock, to write");
	return write_locked(rw);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_trywrlock", SHIM_CALLER);
	return rwlock_writable(rw) ? write_locked(rw) : EBUSY;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	uint64_t me = 1ull << weave_fibre();
	struct rwlock *rw;

	shim_point(WEAVE_RMW, l, SHIM_CALLER);
	rw = rwlock_of(l, "pthread_rwlock_unlock", SHIM_CALLER);
	if (rw->writer == weave_fibre() + 1) {
		shim_release(rw);
		rw->writer = 0;
	} else if (rw->readers & me) {
		shim_release(readers_key(rw));
		/* A thread that reads twice stays a reader until all readers are gone: it is only for the check. */
		if (!--rw->held)
			rw->readers = 0;
	} else {
		shim_misuse("unlock of a rwlock of another",
			    "this thread neither reads nor writes");
	}
	shim_changed();
	return 0;
}

/* --- spin locks: the fibre plus 1 --- */

static bool spin_free(const void *object)
{
	return !*(const pthread_spinlock_t *)object;
}

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
	(void)shared;
	*l = 0;
	shim_made((const void *)l, sizeof(*l), SHIM_CALLER);
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *l)
{
	if (!spin_free((const void *)l))
		shim_misuse("destroy of a locked spinlock", "thread %d holds it", *l);
	shim_made((const void *)l, sizeof(*l), SHIM_CALLER);
	return 0;
}

static int spin_take(pthread_spinlock_t *l)
{
	*l = (int)weave_fibre() + 1;
	shim_acquire((const void *)l);
	shim_changed();
	return 0;
}

int pthread_spin_lock(pthread_spinlock_t *l)
{
	shim_point(WEAVE_RMW, (const void *)l, SHIM_CALLER);
	shim_used((const void *)l, sizeof(*l), SHIM_CALLER);
	shim_wait(spin_free, (const void *)l, "spinlock");
	return spin_take(l);
}

int pthread_spin_trylock(pthread_spinlock_t *l)
{
	shim_point(WEAVE_RMW, (const void *)l, SHIM_CALLER);
	shim_used((const void *)l, sizeof(*l), SHIM_CALLER);
	return spin_free((const void *)l) ? spin_take(l) : EBUSY;
}

int pthread_spin_unlock(pthread_spinlock_t *l)
{
	shim_point(WEAVE_RMW, (const void *)l, SHIM_CALLER);
	shim_used((const void *)l, sizeof(*l), SHIM_CALLER);
	if (*l != (int)weave_fibre() + 1)
		shim_misuse("unlock of a spinlock of another", "%s",
			    *l ? "another thread holds it" : "nobody holds it");
	shim_release((const void *)l);
	*l = 0;
	shim_changed();
	return 0;
}
