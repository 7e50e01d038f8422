// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of a pthread program as fibres (shim.h): create, join, detach, exit, once, thread-specific
 * data. A fibre whose thread is over and joined is used again for the next one.
 */
#include <mmfuzz/weave_pthread.h>

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "shim.h"

struct shim_thread shim_threads[WEAVE_MAX_FIBRES];

/* Threads so far, main included. A thread's number is also that of the operation that it is for weave. */
static pthread_t nr_created = 1;

static struct {
	bool used;
	void (*destructor)(void *value);
} keys[SHIM_KEYS];

int weave_program_main(int argc, char **argv, char **envp);

static struct shim_thread *find(pthread_t id)
{
	for (unsigned int i = 0; i < WEAVE_MAX_FIBRES; i++)
		if (shim_threads[i].used && shim_threads[i].id == id)
			return &shim_threads[i];
	return NULL;
}

/* As it is when the caller goes on. */
static struct shim_thread *find_at(pthread_t id, const void *pc)
{
	shim_point(WEAVE_RMW, find(id), pc);
	return find(id);
}

/* --- a thread's life --- */

static bool run_destructors(struct shim_thread *self)
{
	bool any = false;

	for (unsigned int i = 0; i < SHIM_KEYS; i++) {
		void *value = self->specific[i];

		if (!value || !keys[i].used || !keys[i].destructor)
			continue;
		self->specific[i] = NULL;
		any = true;
		keys[i].destructor(value);
	}
	return any;
}

static void end_thread(struct shim_thread *self)
{
	for (int i = 0; i < PTHREAD_DESTRUCTOR_ITERATIONS && run_destructors(self); i++)
		;
	shim_point(WEAVE_RMW, self, NULL);
	shim_release(self);
	self->ended = true;
	if (self->detached)
		self->used = false;
	shim_changed();
}

/* The thread before on this fibre may have left by pthread_exit(): for the race detector it is still in there. */
static void forget_stack(void)
{
	uintptr_t pcs[64];
	unsigned int nr;

	if (!(weave_hot.flags & WEAVE_HOT_RACES))
		return;
	while ((nr = race_stack(pcs, ARRAY_SIZE(pcs))))
		while (nr--)
			race_exit();
}

static void run_thread(struct shim_thread *self)
{
	weave_op((unsigned int)self->id);
	forget_stack();
	shim_acquire(self);
	if (!setjmp(self->exit))
		self->value = self->fn(self->arg);
	end_thread(self);
}

static int count(char *const *args)
{
	int nr = 0;

	while (args[nr])
		nr++;
	return nr;
}

/* main() may also end as a thread does; the program is then over when all others are. */
static void run_main(struct shim_thread *self, void *arg)
{
	char **const *args = arg;

	self->used = true;
	self->id = 1;
	weave_op(1);
	if (!setjmp(self->exit))
		shim_finish(weave_program_main(count(args[0]), args[0], args[1]), false);
	end_thread(self);
}

void shim_body(unsigned int fibre, void *arg)
{
	struct shim_thread *self = &shim_threads[fibre];

	if (fibre)
		run_thread(self);
	else
		run_main(self, arg);
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	unsigned int fibre = 1;
	int state = PTHREAD_CREATE_JOINABLE;
	struct shim_thread *thread;

	if (!weave_running())
		sim_die("pthread_create before main() or after its end: not modelled");
	if (attr)
		pthread_attr_getdetachstate(attr, &state);
	shim_point(WEAVE_RMW, shim_threads, SHIM_CALLER);
	while (fibre < weave_now->nr &&
	       (shim_threads[fibre].used || !weave_now->fibres[fibre].ended))
		fibre++;
	shim_uses_fibre(fibre);
	thread = &shim_threads[fibre];
	memset(thread, 0, sizeof(*thread));
	shim_forget_locals(fibre);
	thread->used = true;
	thread->id = ++nr_created;
	thread->detached = state == PTHREAD_CREATE_DETACHED;
	thread->fn = fn;
	thread->arg = arg;
	*id = thread->id;
	shim_release(thread);
	weave_spawn(fibre);
	return 0;
}

static bool has_ended(const void *thread)
{
	return ((const struct shim_thread *)thread)->ended;
}

static int join(struct shim_thread *thread, void **value)
{
	shim_acquire(thread);
	if (value)
		*value = thread->value;
	thread->used = false;
	shim_changed();
	return 0;
}

int pthread_join(pthread_t id, void **value)
{
	struct shim_thread *thread = find_at(id, SHIM_CALLER);

	if (!thread)
		shim_misuse("join of no thread",
			    "thread %lu was joined or detached before, or never was", id);
	if (thread == shim_self())
		return EDEADLK;
	if (thread->detached || thread->joining)
		shim_misuse("join of no thread", "thread %lu is %s", id,
			    thread->detached ? "detached" : "joined by another already");
	thread->joining = true;
	shim_wait(has_ended, thread, "pthread_join");
	return join(thread, value);
}

int pthread_tryjoin_np(pthread_t id, void **value)
{
	struct shim_thread *thread = find_at(id, SHIM_CALLER);

	if (!thread || thread->detached || thread->joining)
		shim_misuse("join of no thread",
			    "thread %lu was joined or detached before, or never was", id);
	return thread->ended ? join(thread, value) : EBUSY;
}

int pthread_detach(pthread_t id)
{
	struct shim_thread *thread = find_at(id, SHIM_CALLER);

	if (!thread || thread->detached)
		shim_misuse("detach of no thread",
			    "thread %lu was joined or detached before, or never was", id);
	thread->detached = true;
	if (thread->ended)
		thread->used = false;
	return 0;
}

pthread_t pthread_self(void)
{
	return shim_self()->id;
}

void pthread_exit(void *value)
{
	struct shim_thread *self = shim_self();

	if (!weave_running())
		shim_misuse("thread exit at exit", "called when the program was over already");
	self->value = value;
	longjmp(self->exit, 1);
}

/* --- once --- */

enum {
	ONCE_NEVER,
	ONCE_RUNNING,
	ONCE_DONE
};

static bool once_done(const void *once)
{
	return *(const pthread_once_t *)once == ONCE_DONE;
}

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
	shim_point(*once == ONCE_DONE ? WEAVE_LOAD : WEAVE_RMW, once, SHIM_CALLER);
	if (*once == ONCE_NEVER) {
		*once = ONCE_RUNNING;
		fn();
		shim_point(WEAVE_STORE, once, SHIM_CALLER);
		shim_release(once);
		*once = ONCE_DONE;
		shim_changed();
		return 0;
	}
	shim_wait(once_done, once, "pthread_once");
	shim_acquire(once);
	return 0;
}

/* --- thread-specific data --- */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	shim_point(WEAVE_RMW, keys, SHIM_CALLER);
	for (unsigned int i = 0; i < SHIM_KEYS; i++) {
		if (keys[i].used)
			continue;
		keys[i].used = true;
		keys[i].destructor = destructor;
		for (unsigned int j = 0; j < WEAVE_MAX_FIBRES; j++)
			shim_threads[j].specific[i] = NULL;
		*key = i;
		return 0;
	}
	return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
	shim_point(WEAVE_RMW, keys, SHIM_CALLER);
	if (key >= SHIM_KEYS || !keys[key].used)
		return EINVAL;
	keys[key].used = false;
	return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
	return key < SHIM_KEYS && keys[key].used ? shim_self()->specific[key] : NULL;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
	if (key >= SHIM_KEYS || !keys[key].used)
		return EINVAL;
	shim_self()->specific[key] = (void *)value;
	return 0;
}

/* --- what changes nothing here, and what is not modelled --- */

int pthread_setname_np(pthread_t id, const char *name)
{
	struct shim_thread *thread = find(id);

	if (!thread || strlen(name) >= sizeof(thread->name))
		return ERANGE;
	strcpy(thread->name, name);
	return 0;
}

int pthread_getname_np(pthread_t id, char *buf, size_t len)
{
	struct shim_thread *thread = find(id);

	if (!thread || strlen(thread->name) >= len)
		return ERANGE;
	strcpy(buf, thread->name);
	return 0;
}

int pthread_setaffinity_np(pthread_t id, size_t size, const cpu_set_t *set)
{
	(void)id;
	(void)size;
	(void)set;
	return 0;
}

int pthread_setcancelstate(int state, int *old)
{
	(void)state;
	if (old)
		*old = PTHREAD_CANCEL_ENABLE;
	return 0;
}

int pthread_setcanceltype(int type, int *old)
{
	(void)type;
	if (old)
		*old = PTHREAD_CANCEL_DEFERRED;
	return 0;
}

void pthread_testcancel(void)
{
}

int pthread_cancel(pthread_t id)
{
	sim_die("pthread_cancel(%lu): cancellation is not modelled", id);
}

int pthread_kill(pthread_t id, int signal)
{
	sim_die("pthread_kill(%lu, %d): signals to threads are not modelled", id, signal);
}
