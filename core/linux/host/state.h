/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a machine of the backend linux consists of: the kernel's data, its per-CPU areas, its objects, the memmap, and what
 * was allocated while it booted. Saved and put back as memory; nothing here knows what is in it.
 *
 * To boot takes longer than most programs run, and a fuzzer asks for another machine with nearly every one of them. So
 * all machines lie at the same addresses, and one that was booted once is remembered as it was then: it comes again
 * by a copy, as cheap as a reset.
 */
#ifndef MMFUZZ_LINUX_STATE_H
#define MMFUZZ_LINUX_STATE_H

#include <stdbool.h>

#include <mmfuzz/backend.h>

/**
 * state_begin() - a machine begins
 *
 * Return: it was booted before, and is there as it was then. Otherwise the kernel's data is as the program began with it:
 * the caller has the kernel boot and calls state_booted().
 */
bool state_begin(const struct mmfuzz_config *config);
void state_booted(void);
/** state_ram(), state_memmap() - where frame 0 and its struct page are to be */
unsigned long state_ram(void);
unsigned long state_memmap(void);
/** state_save() - remember the machine as it is now; state_restore() - as it was then */
void state_save(void);
void state_restore(void);
/** state_end() - the machine is gone */
void state_end(void);

#endif /* MMFUZZ_LINUX_STATE_H */
