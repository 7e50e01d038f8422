// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who compacts (compacting.h). Compiled without instrumentation: that somebody begins is no point of a schedule, and orders nothing
 * of the kernel's. Must not wait.
 */
#include "compacting.h"

atomic_t mmfuzz_nr_compacting;
static bool block_goes;

/* In this order, and in mmfuzz_let_compact()'s caller the other one: one of the two sees the other. */
bool mmfuzz_compaction_begins(void)
{
	__atomic_fetch_add(&mmfuzz_nr_compacting.counter, 1, __ATOMIC_SEQ_CST);
	if (likely(!MMFUZZ_COMPACTION_WAITS || !__atomic_load_n(&block_goes, __ATOMIC_SEQ_CST)))
		return true;
	__atomic_fetch_sub(&mmfuzz_nr_compacting.counter, 1, __ATOMIC_SEQ_CST);
	return false;
}

void mmfuzz_let_compact(bool may)
{
	__atomic_store_n(&block_goes, !may, __ATOMIC_SEQ_CST);
}
