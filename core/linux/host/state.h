/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a machine of the backend linux consists of: the kernel's data, its per-CPU areas, its objects, the memmap, and what
 * was allocated while it booted. Saved and put back as memory; nothing here knows what is in it.
 */
#ifndef MMFUZZ_LINUX_STATE_H
#define MMFUZZ_LINUX_STATE_H

/** state_begin() - a machine of @nr_pfns frames is about to be booted: the kernel's data is as the program began with it */
void state_begin(unsigned long nr_pfns);
/** state_ram(), state_memmap() - where frame 0 and its struct page are to be */
unsigned long state_ram(void);
unsigned long state_memmap(void);
/** state_save() - remember the machine as it is now; state_restore() - as it was then */
void state_save(void);
void state_restore(void);
/** state_end() - the machine is gone, its memory with it */
void state_end(void);

#endif /* MMFUZZ_LINUX_STATE_H */
