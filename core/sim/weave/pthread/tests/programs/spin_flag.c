// SPDX-License-Identifier: GPL-2.0-only
/* A flag on main()'s stack that a thread sets and main() spins for; then what came with it is read. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct message {
	atomic_int set;
	int value;
};

static void *send(void *arg)
{
	struct message *message = arg;

	message->value = 5;
	atomic_store_explicit(&message->set, 1, memory_order_release);
	return NULL;
}

int main(void)
{
	struct message message = { .value = 0 };
	pthread_t thread;
	int value;

	pthread_create(&thread, NULL, send, &message);
	while (!atomic_load_explicit(&message.set, memory_order_acquire))
		sched_yield();
	value = message.value;
	pthread_join(thread, NULL);
	return value != 5;
}
