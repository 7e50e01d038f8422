// SPDX-License-Identifier: GPL-2.0-only
/* Thread-local variables: each thread has its own, fresh, with the initial value. */
#include <pthread.h>
#include <sched.h>

static _Thread_local int counter = 7;
static _Thread_local char text[100];

static void *use(void *arg)
{
	long self = (long)arg;

	counter += (int)self;
	text[99] = (char)self;
	sched_yield();
	return (void *)(long)(counter != 7 + self || text[99] != self || text[0]);
}

int main(void)
{
	pthread_t threads[3];
	long failed = 0;
	void *value;

	for (int round = 0; round < 2; round++) {
		for (long i = 0; i < 3; i++)
			pthread_create(&threads[i], NULL, use, (void *)i);
		for (int i = 0; i < 3; i++) {
			pthread_join(threads[i], &value);
			failed |= (long)value;
		}
	}
	/* And the end of main() needs no return. */
	if (failed || counter != 7)
		return 1;
}
