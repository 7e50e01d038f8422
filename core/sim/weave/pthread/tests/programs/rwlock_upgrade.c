// SPDX-License-Identifier: GPL-2.0-only
/* A reader that wants to write keeps its read lock: two of them wait for each other, and one for itself. */
#include <pthread.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static int value;

static void *upgrade(void *arg)
{
	(void)arg;
	pthread_rwlock_rdlock(&lock);
	if (value < 10) {
		pthread_rwlock_wrlock(&lock);
		value++;
		pthread_rwlock_unlock(&lock);
	}
	pthread_rwlock_unlock(&lock);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, upgrade, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
