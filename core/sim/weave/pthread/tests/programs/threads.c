// SPDX-License-Identifier: GPL-2.0-only
/*
 * What threads own: values they return, by both ways of ending, errno, thread-specific data with its destructor. More
 * threads than there are at once, and one detached.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int destroyed, made, detached_ran;

static void destroy(void *value)
{
	free(value);
	atomic_fetch_add(&destroyed, 1);
}

static void make_key(void)
{
	atomic_fetch_add(&made, 1);
	pthread_key_create(&key, destroy);
}

static void *own(void *arg)
{
	long self = (long)arg;

	pthread_once(&once, make_key);
	pthread_setspecific(key, malloc(1));
	errno = (int)self;
	sched_yield();
	usleep(10);
	if (errno != self || !pthread_getspecific(key))
		return NULL;
	if (self & 1)
		pthread_exit(arg);
	return arg;
}

static void *detached(void *arg)
{
	atomic_store((atomic_int *)arg, 1);
	return NULL;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t threads[3];
	void *value;

	for (int round = 0; round < 6; round++) {
		for (long i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, own, (void *)(i + 1));
		for (long i = 0; i < 3; i++) {
			pthread_join(threads[i], &value);
			if ((long)value != i + 1)
				return 1;
		}
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_create(&threads[0], &attr, detached, &detached_ran);
	while (!atomic_load(&detached_ran))
		sched_yield();
	return destroyed != 18 || made != 1 || pthread_self() == 0;
}
