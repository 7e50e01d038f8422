/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bit for each frame, for what the machine knows of frames and the guest does not. All relaxed: why that is enough is for
 * who has the bits to say. Only for files without instrumentation: these accesses are no part of a schedule.
 */
#ifndef MMFUZZ_LINUX_FRAME_BITS_H
#define MMFUZZ_LINUX_FRAME_BITS_H

#include <linux/bits.h>
#include <linux/minmax.h>
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

/* Of frames from @pfn to before @end those in the word of @pfn; the first frame that has another one goes to @next. */
static inline unsigned long frame_mask(unsigned long pfn, unsigned long end, unsigned long *next)
{
	*next = min(end, (pfn | (BITS_PER_LONG - 1)) + 1);
	return GENMASK((*next - 1) % BITS_PER_LONG, pfn % BITS_PER_LONG);
}

static inline void frame_set_bits(unsigned long *bits, unsigned long pfn, unsigned long end)
{
	for (unsigned long next; pfn < end; pfn = next) {
		unsigned long *word = &bits[pfn / BITS_PER_LONG], mask = frame_mask(pfn, end, &next);

		if (~__atomic_load_n(word, __ATOMIC_RELAXED) & mask)
			__atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
	}
}

static inline void frame_clear_bits(unsigned long *bits, unsigned long pfn, unsigned long end)
{
	for (unsigned long next; pfn < end; pfn = next) {
		unsigned long *word = &bits[pfn / BITS_PER_LONG], mask = frame_mask(pfn, end, &next);

		if (__atomic_load_n(word, __ATOMIC_RELAXED) & mask)
			__atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
	}
}

#endif /* MMFUZZ_LINUX_FRAME_BITS_H */
