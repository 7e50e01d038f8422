/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Free page reporting: which frames the guest has offered to the host, and which of these nobody has had since. Rules
 * that neither side could tell by itself:
 *
 *   mmfuzz_offer()          mmfuzz_acknowledge()        the next allocation
 *   |-- the host's: nobody is granted it, nobody has it --|-- "reported", on a free list or a pageset --|
 */
#ifndef MMFUZZ_LINUX_REPORTED_H
#define MMFUZZ_LINUX_REPORTED_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Before there are devices. */
void mmfuzz_setup_reporting(void);
/* The guest kicks: frames are the host's until it says that it is done, and are nobody's meanwhile. */
void mmfuzz_offer(unsigned long pfn, unsigned long nr);
/* The host is done with them, and says so next. */
void mmfuzz_acknowledge(unsigned long pfn, unsigned long nr);
/* Whether the host was ever offered any. Not written but by reported.c. */
extern bool mmfuzz_reports;
void mmfuzz_no_more_known(unsigned long pfn, unsigned int order);
/* Somebody gets them; they leave the machine. */
static inline void mmfuzz_granted(unsigned long pfn, unsigned int order)
{
	if (unlikely(mmfuzz_reports))
		mmfuzz_no_more_known(pfn, order);
}
void mmfuzz_left(unsigned long pfn, unsigned long nr);
/* Nobody runs: a free block that says it is reported is known to the host. All was given back: none was lost. */
void mmfuzz_check_reported(struct page *page, unsigned int order);
void mmfuzz_check_none_lost(void);

#endif /* MMFUZZ_LINUX_REPORTED_H */
