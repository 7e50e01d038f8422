// SPDX-License-Identifier: GPL-2.0-only
/* A barrier for three that two come to. */
#include <pthread.h>

static pthread_barrier_t barrier;

static void *arrive(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&barrier);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 3);
	pthread_create(&thread, NULL, arrive, NULL);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return 0;
}
