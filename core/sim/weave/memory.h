/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Weak memory: a buffer of waiting stores a fibre, and older values for loads, as TSO and the Linux
 * memory model allow for marked accesses. Only called when WEAVE_HOT_WEAK is set, by runtime.c, after the point.
 * It asks sched_choose() for each alternative; the default of all is what WEAVE_SC does.
 */
#ifndef WEAVE_MEMORY_H
#define WEAVE_MEMORY_H

#include "internal.h"

typedef unsigned __int128 weave_value;

/** memory_begin() - a run begins under config.memory; memory_end() - all that waits reaches memory */
void memory_begin(struct weave *weave);
void memory_end(void);

/** memory_load(), _store(), _cmpxchg(), memory_fence() - the access itself, with the race detector's clocks */
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

/** memory_plain() - a plain access is about to be made: own waiting stores there reach memory first */
void memory_plain(const void *addr, size_t len, bool write);

/** memory_drain() - all waiting stores of a fibre reach memory, in an order that its barriers allow */
void memory_drain(unsigned int fibre);
/** memory_drain_some() - at a point: the schedule or the strategy may let a waiting store go */
void memory_drain_some(void);
/** memory_waiting() - mask of fibres with waiting stores */
u64 memory_waiting(void);

#endif /* WEAVE_MEMORY_H */
