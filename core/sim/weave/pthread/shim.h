/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the pthread shim share. Each of them includes <mmfuzz/weave_pthread.h> first, so
 * that pthread_create() and the like mean ours there, checked against the system's prototypes.
 *
 * The state of a lock lies in the program's own pthread_mutex_t and so on, in fields that the static
 * initialisers set: nothing has to be made before first use. One fibre runs at a time and may be
 * switched only where shim_point() or shim_wait() is called: what stands between two of them is atomic.
 */
#ifndef WEAVE_PTHREAD_SHIM_H
#define WEAVE_PTHREAD_SHIM_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "../internal.h"
#include "../race.h"

#define SHIM_KEYS      128
/* What a destroyed object holds where its kind stood. */
#define SHIM_DESTROYED 0x7fdead

/**
 * struct shim_outcome - how a run ended, in memory that the parent sees
 * @running: the child is inside weave_run()
 * @done: the strategy has nothing left to try, nothing was run
 * @exited: by exit(), with @at_once by _exit(), or the return of main(); @status is then the program's
 * @fibres: that have ever run a thread, in this and all runs before
 * @short_of_fibres: the run was left because it needed more than it was given
 * @result: but for its schedule, which is in @entries
 */
#define SHIM_MAX_ENTRIES 65536
struct shim_outcome {
	bool running;
	bool done;
	bool exited;
	bool at_once;
	bool short_of_fibres;
	int status;
	unsigned int fibres;
	struct weave_result result;
	unsigned int nr;
	struct weave_entry entries[SHIM_MAX_ENTRIES];
};

/**
 * struct shim_thread - one thread, on the fibre of the same index
 * @id: what pthread_self() returns: threads are numbered from 1 in the order of creation, the first is main
 * @used: neither joined nor, if detached, ended
 * @cond, @since, @woken: the condition variable it waits for, since when, and whether by broadcast it may go on
 * @pc: where it called the shim last
 * @depth: how often it held the mutex that it gave up to wait
 */
struct shim_thread {
	pthread_t id;
	bool used;
	bool ended;
	bool detached;
	bool joining;
	void *(*fn)(void *arg);
	void *arg;
	void *value;
	jmp_buf exit;
	char name[16];
	const void *cond;
	uint64_t since;
	bool woken;
	unsigned int depth;
	const void *pc;
	void *specific[SHIM_KEYS];
};

extern struct shim_thread shim_threads[WEAVE_MAX_FIBRES];

/** shim_self() - the running thread; main's when no fibre runs: at exit */
static inline struct shim_thread *shim_self(void)
{
	return &shim_threads[weave_fibre()];
}

#define SHIM_CALLER __builtin_return_address(0)

/** shim_point() - the caller is about to do something to @object that others see */
void shim_point(enum weave_kind kind, const void *object, const void *pc);
/** shim_wait() - not before @ready; returns at once when it is */
void shim_wait(bool (*ready)(const void *object), const void *object, const char *what);
/**
 * shim_wait_a_while() - others run, and then it may be that time has run out
 *
 * For how long is up to the strategy: when it does not switch here, until somebody has written or nobody else can go on.
 */
void shim_wait_a_while(const void *object, const void *pc);
/** shim_changed() - those who wait for @object, or yielded, may look again */
void shim_changed(void);
/** shim_acquire(), shim_release() - order by @key; no points */
void shim_acquire(const void *key);
void shim_release(const void *key);
/** shim_lock() - pthread_mutex_lock(), called from @pc */
int shim_lock(pthread_mutex_t *m, const void *pc);
/** shim_made() - @object was initialised: a plain write. shim_used(): it must have been */
void shim_made(const void *object, size_t size, const void *pc);
void shim_used(const void *object, size_t size, const void *pc);

/** shim_misuse() - what POSIX calls undefined */
#define shim_misuse(rule, ...) sim_bug(rule, __func__ + strlen("weave_"), SIM_NO_PFN, __VA_ARGS__)

/** shim_now() - the run's own clock, ns; shim_sleep() - let it move and others run */
uint64_t shim_now(void);
void shim_sleep(uint64_t ns);
/** shim_deadline() - the clock reached @abstime */
void shim_deadline(const struct timespec *abstime);

/** shim_uses_fibre() - a thread will run on it. It may be one too many: then this does not return */
void shim_uses_fibre(unsigned int fibre);
/** shim_forget_locals() - the next thread on @fibre begins with fresh thread-local variables */
void shim_forget_locals(unsigned int fibre);
/** shim_function() - its name as the program's source has it */
static inline const char *shim_function(const char *name)
{
	return strcmp(name, "weave_program_main") ? name : "main";
}

/** shim_body() - what fibres run */
void shim_body(unsigned int fibre, void *arg);
/** shim_finish() - the program is over, by exit() or main()'s return; other threads are left where they are */
void __noreturn shim_finish(int status, bool at_once);

#endif /* WEAVE_PTHREAD_SHIM_H */
