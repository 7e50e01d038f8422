/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bit for each frame, for what the machine knows of frames and the guest does not. All relaxed: why that is enough is for
 * who has the bits to say. Only for files without instrumentation: these accesses are no part of a schedule.
 */
#ifndef MMFUZZ_LINUX_FRAME_BITS_H
#define MMFUZZ_LINUX_FRAME_BITS_H

#include <linux/bits.h>
#include <linux/types.h>

static inline bool frame_bit(const unsigned long *bits, unsigned long pfn)
{
	return __atomic_load_n(&bits[pfn / BITS_PER_LONG], __ATOMIC_RELAXED) & BIT_MASK(pfn);
}

static inline void frame_set_bit(unsigned long *bits, unsigned long pfn)
{
	__atomic_fetch_or(&bits[pfn / BITS_PER_LONG], BIT_MASK(pfn), __ATOMIC_RELAXED);
}

static inline void frame_clear_bit(unsigned long *bits, unsigned long pfn)
{
	__atomic_fetch_and(&bits[pfn / BITS_PER_LONG], ~BIT_MASK(pfn), __ATOMIC_RELAXED);
}

#endif /* MMFUZZ_LINUX_FRAME_BITS_H */
