// SPDX-License-Identifier: GPL-2.0-only
/* Two transfers in opposite directions, the account with the lower address is locked first. */
#include <pthread.h>

static struct account {
	pthread_mutex_t lock;
	int balance;
} accounts[2] = { { PTHREAD_MUTEX_INITIALIZER, 100 }, { PTHREAD_MUTEX_INITIALIZER, 100 } };

static void transfer(struct account *from, struct account *to, int amount)
{
	pthread_mutex_lock(from < to ? &from->lock : &to->lock);
	pthread_mutex_lock(from < to ? &to->lock : &from->lock);
	from->balance -= amount;
	to->balance += amount;
	pthread_mutex_unlock(&to->lock);
	pthread_mutex_unlock(&from->lock);
}

static void *there(void *arg)
{
	(void)arg;
	transfer(&accounts[0], &accounts[1], 10);
	return NULL;
}

static void *back(void *arg)
{
	(void)arg;
	transfer(&accounts[1], &accounts[0], 20);
	return NULL;
}

int main(void)
{
	pthread_t a, b;

	pthread_create(&a, NULL, there, NULL);
	pthread_create(&b, NULL, back, NULL);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	return accounts[0].balance != 110;
}
