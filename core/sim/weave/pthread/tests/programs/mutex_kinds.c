// SPDX-License-Identifier: GPL-2.0-only
/* Recursive and error-checking mutexes, initialised in both ways, and what trylock and timedlock say. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <time.h>

static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking;
static int value;

#define CHECK(cond)                      \
	do {                             \
		if (!(cond))             \
			return __LINE__; \
	} while (0)

static long errors_are_told(void)
{
	struct timespec now;

	CHECK(pthread_mutex_unlock(&checking) == EPERM);
	CHECK(!pthread_mutex_lock(&checking));
	CHECK(pthread_mutex_lock(&checking) == EDEADLK);
	CHECK(pthread_mutex_trylock(&checking) == EBUSY);
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK(pthread_mutex_timedlock(&checking, &now) == EDEADLK);
	CHECK(!pthread_mutex_unlock(&checking));
	return 0;
}

static void *use(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&recursive);
	pthread_mutex_lock(&recursive);
	if (!pthread_mutex_trylock(&recursive))
		pthread_mutex_unlock(&recursive);
	value++;
	pthread_mutex_unlock(&recursive);
	value++;
	pthread_mutex_unlock(&recursive);
	return (void *)errors_are_told();
}

int main(void)
{
	pthread_mutexattr_t attr;
	pthread_t threads[2];
	void *failed;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&checking, &attr);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, use, NULL);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], &failed);
		CHECK(!failed);
	}
	CHECK(pthread_mutex_unlock(&recursive) == EPERM);
	return value != 4;
}
