// SPDX-License-Identifier: GPL-2.0-only
/* Waits with a time-out: it may run out or not, and it is not taken for a signal. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ready;

static void *announce(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	ready = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

int main(void)
{
	struct timespec until, now;
	pthread_t thread;
	int error = 0;

	pthread_create(&thread, NULL, announce, NULL);
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	while (!ready && !error)
		error = pthread_cond_timedwait(&changed, &lock, &until);
	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	if (error)
		return error != ETIMEDOUT || now.tv_sec < until.tv_sec;
	return !ready;
}
