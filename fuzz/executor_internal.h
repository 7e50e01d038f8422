/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the executor's files share: the state of a run and the slots. For executor*.c only.
 */
#ifndef FUZZ_EXECUTOR_INTERNAL_H
#define FUZZ_EXECUTOR_INTERNAL_H

#include <errno.h>

#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/fault.h>

#include "executor.h"
#include "oracle.h"

/**
 * struct slot - what earlier operations returned
 * @busy: taken by a CPU, which alone may touch the rest; see busy_take()
 * @kind: enum slot_kind
 * @typed: FROZEN: set_type() was called
 * @skippable: OFFLINE
 * @dev: CMA: the area. PCP_DISABLED: the node
 * @nr: frames, of BULK and ISOLATED the entries of @pfns
 * @refs: REF: references that the slot has
 * @seed: of the tags in the frames
 */
struct slot {
	unsigned int busy;
	uint8_t kind;
	uint8_t order;
	uint8_t dev;
	bool typed;
	bool skippable;
	unsigned int nr;
	unsigned int refs;
	unsigned long pfn;
	uint64_t seed;
	pfn_t pfns[PROGRAM_SLOT_PFNS];
};

/**
 * struct file_entry - what the one file holds at an index, as the oracle sees it
 * @busy: a CPU changes it; in parallel runs others leave it alone
 * @used: in this run somebody had it in hand: it has a bit in file_used
 * @tag: what reads must find; in parallel runs only its index counts, since a reader may see an
 * older or a newer one
 */
struct file_entry {
	unsigned int busy;
	bool used;
	bool present;
	uint64_t tag;
};

/**
 * struct executor_cpu - what one CPU of a run alone writes
 * @next: index of the operation that it looks at next
 * @in_interrupt: an operation runs in the midst of another one of this CPU
 */
struct executor_cpu {
	unsigned int next;
	bool in_interrupt;
	unsigned long ops;
	uint64_t serial;
	unsigned int log_head;
	struct executor_event log[EXECUTOR_LOG];
} __attribute__((aligned(64)));

/**
 * struct executor - the state of a run
 * @threads: CPUs run at the same time: what depends on the order of operations is not checked
 * @at_work: CPUs with operations left, in parallel
 * @isolated: ISOLATED slots; of sequential runs: an owner that cannot free a page may blame them
 * @touched: a byte a block: hotplug changed it, it must be brought back
 * @nr_touched: not 0 when there is one
 * @balloon_gone: it is now; in parallel runs: it once was
 * @balloon_pages, @vmem_plugged: what was given less what was taken back, by what the core returned
 */
struct executor {
	const struct mmfuzz_backend *backend;
	unsigned int at_work;
	const struct program *program;
	struct mmfuzz_config config;
	bool threads;
	unsigned long isolated;
	struct slot slots[PROGRAM_SLOTS];
	struct file_entry file[MMFUZZ_MAX_FOLIOS];
	uint64_t file_used[MMFUZZ_MAX_FOLIOS / 64];
	bool balloon_gone[MMFUZZ_MAX_BALLOONS];
	unsigned long balloon_pages[MMFUZZ_MAX_BALLOONS];
	unsigned long vmem_plugged[MMFUZZ_MAX_VMEM];
	uint8_t *touched;
	unsigned long nr_blocks;
	unsigned int nr_touched;
	struct executor_cpu cpus[NR_CPUS];
};

extern struct executor ex;

typedef void (*op_fn)(const struct op *op, struct slot *slot);

/*
 * A function of ops.h each: op_alloc() and so on, in executor_alloc.c, executor_movable.c and
 * executor_memory.c.
 */
#define X(ENUM, name, ...) void op_##name(const struct op *op, struct slot *slot);
PROGRAM_OPS(X)
#undef X

/** new_seed() - a number that no other grant of this run has */
static inline uint64_t new_seed(void)
{
	struct executor_cpu *cpu = &ex.cpus[smp_processor_id()];

	return (++cpu->serial << 6 | smp_processor_id()) << 24;
}

/**
 * busy_take() - take a word that one CPU at a time has in hand; false: another one has it
 * busy_put() - let go of it
 *
 * What was done under the word is seen by who takes it next. That is the only order between CPUs
 * that the executor makes. On the woven machine nobody switches within the executor but here, and the
 * executor is not instrumented: there the machine is told of the order, and these are points.
 */
static inline bool busy_take(unsigned int *busy)
{
#if SIM_WEAVE
	if (*busy)
		return false;
	*busy = 1;
	weave_acquire(busy);
	return true;
#else
	return !__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE);
#endif
}

static inline void busy_put(unsigned int *busy)
{
#if SIM_WEAVE
	weave_release(busy);
	*busy = 0;
#else
	__atomic_store_n(busy, 0, __ATOMIC_RELEASE);
#endif
}

/** op_begins() - tell the machine which operation its points are in from here on */
static inline void op_begins(unsigned int index)
{
#if SIM_WEAVE
	weave_op(index);
#else
	(void)index;
#endif
}

/** executor_run_op() - one operation of the calling CPU, noted in its log; whether it was run */
bool executor_run_op(unsigned int index);

/** slot_free() - give back whatever the slot holds; it is empty then */
void slot_free(struct slot *slot);

/**
 * file_remove_all(), balloon_empty_all(), vmem_unplug_all(), blocks_restore() - parts of
 * executor_end()
 */
void file_remove_all(void);
void balloon_empty_all(void);
void vmem_unplug_all(void);
void blocks_restore(void);

/**
 * returned() - the operation's return value must be 0 or one of @nr errnos, given as positive
 * numbers
 */
void returned(int ret, unsigned int nr, const int *errnos);
#define RETURNED(ret, ...) \
	returned(ret, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), (const int[]){ __VA_ARGS__ })

/** returned_count() - a count that must not be larger than what was asked for */
void returned_count(unsigned long count, unsigned long max);

#endif /* FUZZ_EXECUTOR_INTERNAL_H */
