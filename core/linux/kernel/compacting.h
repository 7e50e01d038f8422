/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who compacts. Compaction goes by frame numbers, and by where a zone began when it did: while the last of a block goes nobody may be
 * at it (docs/findings/compaction-meets-offlining.md).
 */
#ifndef MMFUZZ_LINUX_COMPACTING_H
#define MMFUZZ_LINUX_COMPACTING_H

#include <linux/atomic.h>
/* What compaction.h wants and does not include. */
#include <linux/mm.h>

#include <linux/compaction.h>

#ifdef FAULT_COMPACTION_MEETS_OFFLINING
#define MMFUZZ_COMPACTION_WAITS true
#else
#define MMFUZZ_COMPACTION_WAITS false
#endif

/* How many are at it. Not written but by the three. */
extern atomic_t mmfuzz_nr_compacting;
/* False: not now, as if there were nothing to be had. */
bool mmfuzz_compaction_begins(void);
void mmfuzz_compaction_ends(void);
/* Whether they may begin. */
void mmfuzz_let_compact(bool may);

/* As try_to_compact_pages(). */
#define mmfuzz_compact_pages(args...)                            \
	({                                                       \
		enum compact_result compacted = COMPACT_SKIPPED; \
                                                                 \
		if (mmfuzz_compaction_begins()) {                \
			compacted = try_to_compact_pages(args);  \
			mmfuzz_compaction_ends();                \
		}                                                \
		compacted;                                       \
	})

#endif /* MMFUZZ_LINUX_COMPACTING_H */
