// SPDX-License-Identifier: GPL-2.0-only
/* Two phases: in the second each reads what the others wrote in the first. One of them is told that it is the one. */
#include <pthread.h>
#include <stdatomic.h>

#define N 3

static pthread_barrier_t barrier;
static int parts[N];
static atomic_int serial, sum;

static void *work(void *arg)
{
	long self = (long)arg;

	parts[self] = (int)self + 1;
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
		atomic_fetch_add(&serial, 1);
	atomic_fetch_add(&sum, parts[(self + 1) % N]);
	pthread_barrier_wait(&barrier);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	pthread_barrier_init(&barrier, NULL, N);
	for (long i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	return serial != 1 || sum != 6;
}
