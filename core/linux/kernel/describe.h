/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files that say in words what the kernel's memory holds. They run between any two accesses of a run, or while
 * others run, and under any lock: compiled without instrumentation, they only read, take no lock, trust no list to end, and
 * call nothing of the kernel's that is not inlined.
 */
#ifndef MMFUZZ_LINUX_DESCRIBE_H
#define MMFUZZ_LINUX_DESCRIBE_H

#include <linux/memblock.h>
#include <linux/mmzone.h>

struct page;

/* Whose struct page an address is in, and how many bytes behind its start; NULL if it is none. */
struct page *mmfuzz_page_of(unsigned long addr, unsigned long *offset);
/* "locked|lru"; returns how much was written, as the next one. */
int mmfuzz_print_flags(unsigned long flags, char *buf, unsigned long len);
/* The bits of one pageblock, "Movable, isolated". */
int mmfuzz_print_pageblock(unsigned long bits, char *buf, unsigned long len);

/*
 * pfn_to_online_page() without a call: it stands in a file that is watched. Sections of the machine's are as large as the
 * smallest part of one that can be there.
 */
static inline bool mmfuzz_is_online(unsigned long pfn)
{
	BUILD_BUG_ON(PAGES_PER_SUBSECTION != PAGES_PER_SECTION);
	return pfn < max_pfn && online_section(__pfn_to_section(pfn));
}

#endif /* MMFUZZ_LINUX_DESCRIBE_H */
