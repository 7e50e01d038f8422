/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fibres: stacks from a pool, and the switch from one to another. Knows nothing of who runs when, and
 * tells ASan of each switch.
 */
#ifndef WEAVE_FIBRE_H
#define WEAVE_FIBRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Of each stack, in whole pages; may be changed before the first fibre is made. Enough for a sanitizer's report, which
 * runs on the stack of whoever caused it.
 */
extern size_t fibre_stack_bytes;
/* At the top of each stack, for whoever owns the fibre; its own accesses there are private. */
#define FIBRE_PRIVATE_BYTES 1024ul

/**
 * struct fibre - a stack and what is needed to go on with it
 * @sp: stack pointer while it does not run
 * @stack_lo, @stack_bytes: of its stack, without guard pages; of the thread's own context as ASan says
 * @fake_stack: ASan's
 * @entry, @arg: what it runs
 * @clean: it has run to its end: no frame is left on its stack. Set by who ends it
 * @ucontext: in place of @sp where there is no assembly
 */
struct fibre {
	void *sp;
	uintptr_t stack_lo;
	size_t stack_bytes;
	void *fake_stack;
	void (*entry)(void *arg);
	void *arg;
	bool clean;
	void *ucontext;
};

/** fibre_pool() - the @index-th fibre of this thread; made when first asked for, never given back. Guard-paged. */
struct fibre *fibre_pool(unsigned int index);

/** fibre_thread() - the context of the thread itself, which owns no stack of the pool */
struct fibre *fibre_thread(void);

/**
 * fibre_prepare() - @fibre will call @entry when it is next switched to
 *
 * Whatever it was in the midst of is forgotten. @entry must not return: it switches away for good.
 */
void fibre_prepare(struct fibre *fibre, void (*entry)(void *arg), void *arg);

/** fibre_switch() - leave @from, which is running, and go on with @to; returns when somebody comes back to @from */
void fibre_switch(struct fibre *from, struct fibre *to);

/** fibre_leave() - the same, and nobody will come back to @from before it is prepared anew */
void __attribute__((noreturn)) fibre_leave(struct fibre *from, struct fibre *to);

/** fibre_private() - the FIBRE_PRIVATE_BYTES at the top of its stack, aligned to 128 */
void *fibre_private(const struct fibre *fibre);

#endif /* WEAVE_FIBRE_H */
