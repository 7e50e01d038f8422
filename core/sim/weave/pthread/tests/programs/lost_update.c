// SPDX-License-Identifier: GPL-2.0-only
/* Two increments by a load and a store: no data race, and one of them is lost. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int counter;

static void *increment(void *arg)
{
	(void)arg;
	atomic_store(&counter, atomic_load(&counter) + 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, increment, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert(counter == 2);
	return 0;
}
