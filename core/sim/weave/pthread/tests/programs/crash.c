// SPDX-License-Identifier: GPL-2.0-only
/* A pointer that is taken back between the test and the use. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static int target;
static int *_Atomic pointer = &target;

static void *take_back(void *arg)
{
	(void)arg;
	atomic_store(&pointer, NULL);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, take_back, NULL);
	if (atomic_load(&pointer))
		*(volatile int *)atomic_load(&pointer);
	pthread_join(thread, NULL);
	return 0;
}
