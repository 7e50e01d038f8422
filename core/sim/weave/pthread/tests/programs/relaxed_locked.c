// SPDX-License-Identifier: GPL-2.0-only
/* Relaxed atomics under a mutex: it alone makes them wait for each other, however weak memory is. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int counter;

static void *increment(void *arg)
{
	int before;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&lock);
		before = atomic_load_explicit(&counter, memory_order_relaxed);
		atomic_store_explicit(&counter, before + 1, memory_order_relaxed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, increment, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert(atomic_load_explicit(&counter, memory_order_relaxed) == 4);
	return 0;
}
