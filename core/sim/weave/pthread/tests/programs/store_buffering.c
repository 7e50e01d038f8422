// SPDX-License-Identifier: GPL-2.0-only
/* Each says that it wants in and looks whether the other one does: both go in where stores may wait. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int wants[2], inside;

static void *enter(void *arg)
{
	long self = (long)arg;

	atomic_store_explicit(&wants[self], 1, memory_order_release);
	if (!atomic_load_explicit(&wants[!self], memory_order_acquire))
		atomic_fetch_add(&inside, 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, enter, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert(inside < 2);
	return 0;
}
