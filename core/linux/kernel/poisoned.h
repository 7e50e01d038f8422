/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poisoned frames: those that the kernel does not use any more. The machine knows which of them the kernel counts, and which the
 * door has asked it for, so that each is somebody's:
 *
 *   in use: migrated, then out of reach -------.
 *   free: off its list (mmfuzz_kept()) ---------+--> poisoned --> unpoison_memory(): free again
 *                                                        |
 *                              its block goes offline ---'--> counted until the block is removed; until then it cannot come back
 */
#ifndef MMFUZZ_LINUX_POISONED_H
#define MMFUZZ_LINUX_POISONED_H

#include <linux/types.h>

struct page;

/* Somebody of the door's is about to have the frame poisoned. False: another one has, or is. */
bool mmfuzz_poison_begin(unsigned long pfn);
/* It is poisoned no more, or was not at all. */
void mmfuzz_poison_end(unsigned long pfn);
/* It could not be unpoisoned when that was asked for; the next such frame, from @pfn on, or GATE_NONE. */
void mmfuzz_poison_stays(unsigned long pfn);
unsigned long mmfuzz_next_poison_that_stays(unsigned long pfn);

/* Frames of the range that the kernel counts as poisoned. */
unsigned long mmfuzz_nr_poisoned(unsigned long pfn, unsigned long nr);
/* The range has gone offline with what is poisoned in it. */
void mmfuzz_poison_goes_offline(unsigned long pfn, unsigned long nr);
/* The range is no memory any more; returns what mmfuzz_nr_poisoned() did. */
unsigned long mmfuzz_poison_forget(unsigned long pfn, unsigned long nr);

/* Nobody runs: a frame that says that it is poisoned, whether it lies within a free block; all of them; there is none. */
void mmfuzz_check_poisoned(struct page *page, bool free);
void mmfuzz_check_poison_counted(void);
void mmfuzz_check_none_poisoned(void);

#endif /* MMFUZZ_LINUX_POISONED_H */
