// SPDX-License-Identifier: GPL-2.0-only
/* A ring of two places with two semaphores and no lock: each place is handed over with all that is in it. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

static sem_t empty, full;
static int ring[2];

static void *produce(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		sem_wait(&empty);
		ring[i % 2] = i + 1;
		sem_post(&full);
	}
	return NULL;
}

int main(void)
{
	pthread_t producer;
	int sum = 0, left;

	sem_init(&empty, 0, 2);
	sem_init(&full, 0, 0);
	if (sem_trywait(&full) != -1 || errno != EAGAIN)
		return 1;
	pthread_create(&producer, NULL, produce, NULL);
	for (int i = 0; i < 3; i++) {
		sem_wait(&full);
		sum += ring[i % 2];
		sem_post(&empty);
	}
	pthread_join(producer, NULL);
	sem_getvalue(&empty, &left);
	return sum != 6 || left != 2;
}
