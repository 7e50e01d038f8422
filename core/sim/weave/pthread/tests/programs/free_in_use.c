// SPDX-License-Identifier: GPL-2.0-only
/* Each gives up its reference first and then uses the object; who gives up the last one frees it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct object {
	atomic_int refs;
	int value;
} *object;

static void *use(void *arg)
{
	int last;

	(void)arg;
	last = atomic_fetch_sub_explicit(&object->refs, 1, memory_order_relaxed) == 1;
	if (last)
		free(object);
	else
		object->value++;
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	object = malloc(sizeof(*object));
	atomic_init(&object->refs, 2);
	object->value = 0;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, use, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
