// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the pthread shim (shim.h) replaces of the C library beside threads: time, which would make runs
 * differ; memory, of which the race detector must know; the ends of the program. And the calls by which
 * the other files reach weave.
 */
#include <mmfuzz/weave_pthread.h>

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "../memory.h"
#include "shim.h"

/* The real ones. */
void *real_malloc(size_t bytes) __asm__("malloc");
void *real_calloc(size_t nr, size_t bytes) __asm__("calloc");
void *real_realloc(void *ptr, size_t bytes) __asm__("realloc");
void real_free(void *ptr) __asm__("free");

/* --- weave --- */

void shim_point(enum weave_kind kind, const void *object, const void *pc)
{
	if (!weave_running())
		return;
	shim_self()->pc = pc;
	weave_at(kind, object, sizeof(int), kind != WEAVE_LOAD, pc);
}

void shim_wait(bool (*ready)(const void *object), const void *object, const char *what)
{
	if (ready(object))
		return;
	if (!weave_running())
		sim_bug("deadlock", "exit", SIM_NO_PFN, "the program is over and still waits: %s",
			what);
	weave_wait(ready, object, what);
}

void shim_wait_a_while(const void *object, const void *pc)
{
	uint64_t switches = weave_now ? weave_now->switches : 0;

	shim_point(WEAVE_RMW, object, pc);
	if (weave_running() && weave_now->switches == switches)
		weave_yield();
}

void shim_changed(void)
{
	if (weave_running())
		sched_wrote();
}

void shim_acquire(const void *key)
{
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_acquire(key);
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_acquire(key);
}

void shim_release(const void *key)
{
	if (weave_hot.flags & WEAVE_HOT_WEAK)
		memory_release(key);
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_release(key);
}

void shim_made(const void *object, size_t size, const void *pc)
{
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_range(object, size, true, pc);
}

void shim_used(const void *object, size_t size, const void *pc)
{
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_check_atomic(object, (unsigned int)(size > 8 ? 8 : size), true, pc);
}

/* --- time --- */

#define NS 1000000000ull
/* A moment in 2023; what matters is that it is the same in each run. */
static uint64_t clock_ns = 1700000000ull * NS;

uint64_t shim_now(void)
{
	/* Somebody who waits for a moment must see it come. */
	return clock_ns += 1000;
}

void shim_sleep(uint64_t ns)
{
	clock_ns += ns;
	if (weave_running())
		weave_yield();
}

static uint64_t ns_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS + (uint64_t)t->tv_nsec;
}

void shim_deadline(const struct timespec *abstime)
{
	if (clock_ns < ns_of(abstime))
		clock_ns = ns_of(abstime);
}

int sched_yield(void)
{
	shim_sleep(0);
	return 0;
}

unsigned int sleep(unsigned int seconds)
{
	shim_sleep(seconds * NS);
	return 0;
}

int usleep(useconds_t us)
{
	shim_sleep(us * 1000ull);
	return 0;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	shim_sleep(ns_of(time));
	return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	(void)clock;
	(void)left;
	if (!(flags & TIMER_ABSTIME)) {
		shim_sleep(ns_of(time));
	} else {
		shim_deadline(time);
		shim_sleep(0);
	}
	return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
	uint64_t now = shim_now();

	(void)clock;
	*time = (struct timespec){ .tv_sec = (time_t)(now / NS), .tv_nsec = (long)(now % NS) };
	return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone)
{
	uint64_t now = shim_now();

	(void)zone;
	*time = (struct timeval){ .tv_sec = (time_t)(now / NS),
				  .tv_usec = (long)(now % NS / 1000) };
	return 0;
}

time_t time(time_t *result)
{
	time_t now = (time_t)(shim_now() / NS);

	if (result)
		*result = now;
	return now;
}

/* --- memory --- */

/* As much as free() takes away: more than was asked for. */
static void *fresh(void *ptr)
{
	if (ptr && weave_hot.flags & WEAVE_HOT_WEAK)
		memory_plain(ptr, malloc_usable_size(ptr), true, false);
	if (ptr && weave_hot.flags & WEAVE_HOT_RACES)
		race_fresh(ptr, malloc_usable_size(ptr));
	return ptr;
}

void *malloc(size_t bytes)
{
	return fresh(real_malloc(bytes));
}

void *calloc(size_t nr, size_t bytes)
{
	return fresh(real_calloc(nr, bytes));
}

static void gone(void *ptr, size_t bytes, const void *pc)
{
	if (ptr && weave_hot.flags & WEAVE_HOT_WEAK)
		memory_plain(ptr, bytes, true, false);
	if (ptr && weave_hot.flags & WEAVE_HOT_RACES)
		race_freed(ptr, bytes, pc);
}

void *realloc(void *old, size_t bytes)
{
	size_t had = malloc_usable_size(old);
	void *new = real_realloc(old, bytes);

	if (new == old)
		return new;
	if (new || !bytes)
		gone(old, had, SHIM_CALLER);
	return fresh(new);
}

void free(void *ptr)
{
	gone(ptr, malloc_usable_size(ptr), SHIM_CALLER);
	real_free(ptr);
}

/* --- the end --- */

void exit(int status)
{
	shim_finish(status, false);
}

void _exit(int status)
{
	shim_finish(status, true);
}

void _Exit(int status)
{
	shim_finish(status, true);
}

void abort(void)
{
	sim_bug("abort", "abort", SIM_NO_PFN, "the program called it");
}

void __assert_fail(const char *expression, const char *file, unsigned int line, const char *func)
{
	static char name[128];
	size_t len = strcspn(func, "(");

	/* clang gives the whole prototype: "void *take(void *)". */
	while (len && func[len - 1] == ' ')
		len--;
	snprintf(name, sizeof(name), "%.*s", (int)len, func);
	func = name + strlen(name);
	while (func > name && func[-1] != ' ' && func[-1] != '*')
		func--;
	sim_bug("assertion failed", shim_function(func), SIM_NO_PFN, "%s, %s:%u", expression, file,
		line);
}
