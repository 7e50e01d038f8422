// SPDX-License-Identifier: GPL-2.0-only
/* A queue of one place whose takers test with "if": another may have been there first. */
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static int items;

static void *take(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	if (!items)
		pthread_cond_wait(&filled, &lock);
	assert(items > 0);
	items--;
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void put(void)
{
	pthread_mutex_lock(&lock);
	items++;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
}

int main(void)
{
	pthread_t takers[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&takers[i], NULL, take, NULL);
	put();
	put();
	for (int i = 0; i < 2; i++)
		pthread_join(takers[i], NULL);
	return items;
}
