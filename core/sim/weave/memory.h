/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weak memory: a buffer of waiting stores a fibre, and older values for loads, as TSO and the Linux
 * memory model allow for marked accesses; docs/memory-model.md says what is modelled and what is not. Only called
 * when WEAVE_HOT_WEAK is set, on a running fibre but for memory_begin() and memory_end(), after the point.
 * It asks sched_choose() for each alternative; the default of all is what WEAVE_SC does.
 */
#ifndef WEAVE_MEMORY_H
#define WEAVE_MEMORY_H

#include "internal.h"

typedef unsigned __int128 weave_value;

/** memory_begin() - a run begins under config.memory; memory_end() - all that waits reaches memory */
void memory_begin(struct weave *weave);
void memory_end(void);

/** memory_load(), _store(), memory_fence() - the access itself, with the race detector's clocks, and its event */
weave_value memory_load(const void *addr, unsigned int size, int order, const void *pc);
void memory_store(void *addr, unsigned int size, weave_value value, int order, const void *pc);
/**
 * memory_rmw() - reads the newest value, stores @update of it
 * @update: given the old value sets the new one and returns whether to store
 *
 * Return: the old value. When @update says no it is a load of order @fail.
 */
weave_value memory_rmw(void *addr, unsigned int size,
		       bool (*update)(weave_value old, weave_value *new, void *arg), void *arg,
		       int order, int fail, const void *pc);
void memory_fence(int order);

/** memory_sync() - as a full barrier, by all fibres at once: the end of a grace period */
void memory_sync(void);

/**
 * memory_plain() - a plain access is about to be made: own waiting stores there reach memory first
 * @marked: it counts as a marked one, but the access itself is not ours to delay
 */
void memory_plain(const void *addr, size_t len, bool write, bool marked);

/** memory_peek() - the newest value with the running fibre's own waiting stores; changes nothing */
u64 memory_peek(const void *addr, unsigned int size);

/** memory_acquire(), memory_release() - order by a key that nobody accesses; all waiting stores go before a release */
void memory_acquire(const void *key);
void memory_release(const void *key);

/** memory_drain() - all waiting stores of a fibre reach memory, in the order in which they were made */
void memory_drain(unsigned int fibre);
/** memory_drain_some() - before a point: the schedule or the strategy may let a waiting store of the running fibre go */
void memory_drain_some(void);
/** memory_drain_next() - the running fibre's oldest waiting store reaches memory. Return: there was one */
bool memory_drain_next(void);
/** memory_waiting() - mask of fibres with waiting stores */
u64 memory_waiting(void);
/** memory_barriers() - full barriers so far that told of more than the own accesses: WEAVE_LKMM */
u64 memory_barriers(void);

/**
 * memory_catch_up() - the running fibre waits for others: time passes, all that is in memory is seen by it
 *
 * Return: it has read an older value since it last did, so that it may find news without anybody writing.
 */
bool memory_catch_up(void);

#endif /* WEAVE_MEMORY_H */
