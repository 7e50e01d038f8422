// SPDX-License-Identifier: GPL-2.0-only
/* A thread ends the program, with the status that it was given, while others wait for ever. */
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *leave(void *arg)
{
	exit(atoi(arg));
}

int main(int argc, char **argv)
{
	pthread_t thread;

	pthread_mutex_lock(&lock);
	pthread_create(&thread, NULL, leave, argc > 1 ? argv[1] : "0");
	pthread_mutex_lock(&lock);
	return 77;
}
