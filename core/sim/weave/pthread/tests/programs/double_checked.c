// SPDX-License-Identifier: GPL-2.0-only
/* Double-checked initialisation with an atomic pointer, released when all is written. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *_Atomic instance;

static int *get(void)
{
	if (!atomic_load_explicit(&instance, memory_order_acquire)) {
		pthread_mutex_lock(&lock);
		if (!atomic_load_explicit(&instance, memory_order_acquire)) {
			int *fresh = malloc(sizeof(*fresh));

			*fresh = 42;
			atomic_store_explicit(&instance, fresh, memory_order_release);
		}
		pthread_mutex_unlock(&lock);
	}
	return atomic_load_explicit(&instance, memory_order_acquire);
}

static void *use(void *arg)
{
	(void)arg;
	if (*get() != 42)
		abort();
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, use, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	free(instance);
	return 0;
}
