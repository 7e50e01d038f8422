// SPDX-License-Identifier: GPL-2.0-only
/* Somebody trusts that five seconds are enough. */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ready;

static void *announce(void *arg)
{
	(void)arg;
	/* A slow one: the lock is free in between. */
	for (int i = 0; i < 3; i++) {
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	ready = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	struct timespec until;
	pthread_t thread;

	pthread_create(&thread, NULL, announce, NULL);
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	if (!ready)
		pthread_cond_timedwait(&changed, &lock, &until);
	assert(ready);
	pthread_mutex_unlock(&lock);
	return pthread_join(thread, NULL);
}
