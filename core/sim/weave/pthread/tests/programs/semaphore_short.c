// SPDX-License-Identifier: GPL-2.0-only
/* A semaphore of two where one was meant: both are inside at once. */
#include <pthread.h>
#include <semaphore.h>

static sem_t sem;
static int inside;

static void *enter(void *arg)
{
	(void)arg;
	sem_wait(&sem);
	inside++;
	sem_post(&sem);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	sem_init(&sem, 0, 2);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, enter, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
