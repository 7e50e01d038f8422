// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fibres (fibre.h). Six registers and a jump on x86-64, twenty on aarch64, ucontext elsewhere or with
 * WEAVE_UCONTEXT. Must not decide anything.
 *
 * A switch is an ordinary call for the compiler: what the ABI lets a callee clobber needs no saving.
 * Floating-point control words are not switched; nobody changes them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#if !defined(WEAVE_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define WEAVE_UCONTEXT 1
#endif
#ifdef WEAVE_UCONTEXT
#include <ucontext.h>
#endif

#if SIM_ASAN
void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom_old,
				     size_t *size_old);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
#endif

size_t fibre_stack_bytes = 256ul << 10;

static struct fibre pool[WEAVE_MAX_FIBRES];
static struct fibre thread_context;
/* Whose stack was left last: the one that arrives tells ASan. */
static struct fibre *left;

struct fibre *fibre_thread(void)
{
	return &thread_context;
}

struct fibre *fibre_pool(unsigned int index)
{
	struct fibre *fibre = &pool[index];
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map;

	if (fibre->stack_bytes)
		return fibre;
	/* A guard page below: an overflow is a fault at once. Above: whoever runs off the private part. */
	map = mmap(NULL, fibre_stack_bytes + 2 * page, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED || mprotect(map + page, fibre_stack_bytes, PROT_READ | PROT_WRITE))
		sim_die("cannot map a stack of %lu bytes for fibre %u: %s; free some memory, or "
			"lift the limit on address space (ulimit -v)",
			fibre_stack_bytes, index, strerror(errno));
	fibre->stack_lo = (uintptr_t)map + page;
	fibre->stack_bytes = fibre_stack_bytes;
	return fibre;
}

void *fibre_private(const struct fibre *fibre)
{
	return (void *)(fibre->stack_lo + fibre->stack_bytes - FIBRE_PRIVATE_BYTES);
}

/* Frames that nobody returned from have left their redzones. */
static void sweep(struct fibre *fibre __attribute__((unused)))
{
#if SIM_ASAN
	if (fibre->entry && !fibre->clean)
		__asan_unpoison_memory_region((void *)fibre->stack_lo, fibre->stack_bytes);
#endif
	fibre->clean = false;
}

/* On the new stack: tell ASan which one that is. */
static inline void arrived(struct fibre *self)
{
#if SIM_ASAN
	const void *lo;
	size_t bytes;

	__sanitizer_finish_switch_fiber(self->fake_stack, &lo, &bytes);
	/* The thread's own stack is known only from here. */
	if (unlikely(left == &thread_context) && !thread_context.stack_bytes) {
		thread_context.stack_lo = (uintptr_t)lo;
		thread_context.stack_bytes = bytes;
	}
#else
	(void)self;
#endif
}

static void __attribute__((noreturn, used)) fibre_begin(struct fibre *self)
{
	self->fake_stack = NULL;
	arrived(self);
	self->entry(self->arg);
	/* Who is switched to for good does not return. */
	abort();
}

#ifdef WEAVE_UCONTEXT

static ucontext_t *context_of(struct fibre *fibre)
{
	if (!fibre->ucontext) {
		fibre->ucontext = calloc(1, sizeof(ucontext_t));
		if (!fibre->ucontext)
			sim_die("no memory for a fibre; free some");
	}
	return fibre->ucontext;
}

static void begin_halves(unsigned int high, unsigned int low)
{
	fibre_begin((struct fibre *)((uintptr_t)high << 16 << 16 | low));
}

void fibre_prepare(struct fibre *fibre, void (*entry)(void *arg), void *arg)
{
	ucontext_t *context = context_of(fibre);

	sweep(fibre);
	fibre->entry = entry;
	fibre->arg = arg;
	getcontext(context);
	context->uc_stack.ss_sp = (void *)fibre->stack_lo;
	context->uc_stack.ss_size = fibre->stack_bytes - FIBRE_PRIVATE_BYTES;
	context->uc_link = NULL;
	/* makecontext() hands on ints only. */
	makecontext(context, (void (*)(void))begin_halves, 2,
		    (unsigned int)((uintptr_t)fibre >> 16 >> 16), (unsigned int)(uintptr_t)fibre);
}

static void jump(struct fibre *from, struct fibre *to)
{
	swapcontext(context_of(from), context_of(to));
}

#else

void weave_fibre_jump(void **save_sp, void *sp);
void weave_fibre_entry(void);

#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".balign 16\n"
	".globl weave_fibre_jump\n"
	".hidden weave_fibre_jump\n"
	".type weave_fibre_jump, @function\n"
	"weave_fibre_jump:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size weave_fibre_jump, . - weave_fibre_jump\n"
	/* First arrival: the fibre was left in rbx. No return address: unwinders stop here. */
	".globl weave_fibre_entry\n"
	".hidden weave_fibre_entry\n"
	".type weave_fibre_entry, @function\n"
	"weave_fibre_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined rip\n"
	"	movq %rbx, %rdi\n"
	"	xorl %ebp, %ebp\n"
	"	call fibre_begin\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size weave_fibre_entry, . - weave_fibre_entry\n"
	".popsection\n");

static void *first_frame(struct fibre *fibre, uintptr_t top)
{
	uintptr_t *sp = (uintptr_t *)(top & ~15ul);

	/* At a call the stack is aligned to 16 bytes: two words, one of them as the end of all frames. */
	*--sp = 0;
	*--sp = 0;
	*--sp = (uintptr_t)weave_fibre_entry;
	*--sp = 0;		    /* rbp */
	*--sp = (uintptr_t)fibre;   /* rbx */
	for (int i = 0; i < 4; i++) /* r12 to r15 */
		*--sp = 0;
	return sp;
}
#else
__asm__(".pushsection .text\n"
	".balign 16\n"
	".globl weave_fibre_jump\n"
	".hidden weave_fibre_jump\n"
	".type weave_fibre_jump, @function\n"
	"weave_fibre_jump:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size weave_fibre_jump, . - weave_fibre_jump\n"
	/* First arrival: the fibre was left in x19. */
	".globl weave_fibre_entry\n"
	".hidden weave_fibre_entry\n"
	".type weave_fibre_entry, @function\n"
	"weave_fibre_entry:\n"
	"	.cfi_startproc\n"
	"	.cfi_undefined x30\n"
	"	mov x0, x19\n"
	"	mov x29, xzr\n"
	"	bl fibre_begin\n"
	"	brk #0\n"
	"	.cfi_endproc\n"
	".size weave_fibre_entry, . - weave_fibre_entry\n"
	".popsection\n");

static void *first_frame(struct fibre *fibre, uintptr_t top)
{
	uintptr_t *sp = (uintptr_t *)((top & ~15ul) - 160);

	memset(sp, 0, 160);
	sp[0] = (uintptr_t)fibre;	       /* x19 */
	sp[11] = (uintptr_t)weave_fibre_entry; /* x30 */
	return sp;
}
#endif

void fibre_prepare(struct fibre *fibre, void (*entry)(void *arg), void *arg)
{
	sweep(fibre);
	fibre->entry = entry;
	fibre->arg = arg;
	fibre->sp = first_frame(fibre, (uintptr_t)fibre_private(fibre));
}

static inline void jump(struct fibre *from, struct fibre *to)
{
	weave_fibre_jump(&from->sp, to->sp);
}

#endif /* WEAVE_UCONTEXT */

void fibre_switch(struct fibre *from, struct fibre *to)
{
	left = from;
#if SIM_ASAN
	/* Before the switch, with the stack that comes; on arrival the other half. */
	__sanitizer_start_switch_fiber(&from->fake_stack, (void *)to->stack_lo, to->stack_bytes);
#endif
	jump(from, to);
	arrived(from);
}

void fibre_leave(struct fibre *from, struct fibre *to)
{
	left = from;
#if SIM_ASAN
	/* NULL: the fake stack of @from can go. */
	__sanitizer_start_switch_fiber(NULL, (void *)to->stack_lo, to->stack_bytes);
#endif
	jump(from, to);
	abort();
}
