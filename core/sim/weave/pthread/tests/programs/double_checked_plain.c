// SPDX-License-Identifier: GPL-2.0-only
/* Double-checked initialisation with a plain pointer: the first check is a data race. */
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int *instance;

static int *get(void)
{
	if (!instance) {
		pthread_mutex_lock(&lock);
		if (!instance) {
			int *fresh = malloc(sizeof(*fresh));

			*fresh = 42;
			instance = fresh;
		}
		pthread_mutex_unlock(&lock);
	}
	return instance;
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
