// SPDX-License-Identifier: GPL-2.0-only
/* Worker processes (workers_weave.h). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sim/bug.h>

#include "options.h"
#include "workers_weave.h"

static bool *stop;
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

bool workers_stopped(void)
{
	return __atomic_load_n(stop, __ATOMIC_RELAXED) || interrupted;
}

bool workers_interrupted(void)
{
	return interrupted;
}

void *workers_share(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		sim_die("no %zu bytes of shared memory: free some", bytes);
	return memory;
}

static pid_t start(unsigned int worker, void (*work)(unsigned int worker))
{
	pid_t pid = fork();

	if (pid < 0)
		sim_die("cannot start a process: %s", strerror(errno));
	if (pid)
		return pid;
	work(worker);
	fflush(NULL);
	_exit(0);
}

/* The worst of the two, by exit status. */
static int worse(int status, int ended)
{
	int now = 0;

	if (WIFSIGNALED(ended)) {
		fprintf(stderr, "mmstress: a worker died of signal %d\n", WTERMSIG(ended));
		now = 1;
	} else if (WEXITSTATUS(ended)) {
		/* A sanitizer's own status is a finding too. */
		now = WEXITSTATUS(ended) == 2 ? 2 : 1;
	}
	if (now)
		__atomic_store_n(stop, true, __ATOMIC_RELAXED);
	return now > status ? now : status;
}

int workers_run(unsigned int nr, void (*work)(unsigned int worker), void (*progress)(void))
{
	const struct timespec tick = { .tv_nsec = 100000000 };
	struct sigaction action = { .sa_handler = on_interrupt };
	unsigned int left = nr;
	int status = 0, ended;

	stop = workers_share(sizeof(*stop));
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	fflush(NULL);
	for (unsigned int i = 0; i < nr; i++)
		start(i, work);
	while (left) {
		pid_t pid = waitpid(-1, &ended, WNOHANG);

		if (pid > 0) {
			left--;
			status = worse(status, ended);
			continue;
		}
		/* A signal for the parent alone is meant for all. */
		if (interrupted)
			__atomic_store_n(stop, true, __ATOMIC_RELAXED);
		progress();
		nanosleep(&tick, NULL);
	}
	return status;
}
