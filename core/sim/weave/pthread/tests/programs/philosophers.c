// SPDX-License-Identifier: GPL-2.0-only
/* Three philosophers, one of whom takes the right fork first. */
#include <pthread.h>

#define N 3

static pthread_mutex_t forks[N];

static void *dine(void *arg)
{
	long seat = (long)arg;

	long first = seat ? seat : 1, second = seat ? (seat + 1) % N : 0;

	if (first < second) {
		long swap = first;

		first = second;
		second = swap;
	}
	pthread_mutex_lock(&forks[first]);
	pthread_mutex_lock(&forks[second]);
	pthread_mutex_unlock(&forks[second]);
	pthread_mutex_unlock(&forks[first]);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	for (int i = 0; i < N; i++)
		pthread_mutex_init(&forks[i], NULL);
	for (long i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, dine, (void *)i);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < N; i++)
		pthread_mutex_destroy(&forks[i]);
	return 0;
}
