/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preemption: no more than the generic count, as a CPU is not taken away from its code. But who keeps it off is a reader
 * of RCU (host.h), from the first that is counted to the last.
 */
#ifndef ASM_MMFUZZ_PREEMPT_H
#define ASM_MMFUZZ_PREEMPT_H

#ifndef __ASSEMBLY__
#define __preempt_count_add	      mmfuzz_generic_count_add
#define __preempt_count_sub	      mmfuzz_generic_count_sub
#define __preempt_count_dec_and_test mmfuzz_generic_count_dec_and_test
#include <asm-generic/preempt.h>
#undef __preempt_count_add
#undef __preempt_count_sub
#undef __preempt_count_dec_and_test

#include <asm/host.h>

static __always_inline void __preempt_count_add(int val)
{
	const int count = *preempt_count_ptr();

	*preempt_count_ptr() = count + val;
	if (!count)
		mmfuzz_atomic_begins();
}

static __always_inline bool mmfuzz_count_goes_down(int val)
{
	const int count = *preempt_count_ptr() - val;

	if (!count)
		mmfuzz_atomic_ends();
	*preempt_count_ptr() = count;
	return !count;
}

static __always_inline void __preempt_count_sub(int val)
{
	mmfuzz_count_goes_down(val);
}

static __always_inline bool __preempt_count_dec_and_test(void)
{
	return mmfuzz_count_goes_down(1) && tif_need_resched();
}
#endif

#endif /* ASM_MMFUZZ_PREEMPT_H */
