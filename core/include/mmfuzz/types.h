/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types that cross the door into an mm core (backend.h).
 *
 * Each number with a meaning of its own is a one-field struct, so that a page frame number cannot pass for an order.
 * Nothing here may depend on a core: no struct page, no zone.
 */
#ifndef MMFUZZ_TYPES_H
#define MMFUZZ_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct pfn_t - a page frame number; PFN_NONE stands for "no frame" */
typedef struct {
	unsigned long pfn;
} pfn_t;

/** struct order_t - log2 of a number of page frames */
typedef struct {
	unsigned int order;
} order_t;

/** struct cpu_t - number of a simulated CPU, from 0 */
typedef struct {
	unsigned int cpu;
} cpu_t;

/** struct nid_t - number of a NUMA node, from 0 */
typedef struct {
	unsigned int nid;
} nid_t;

/** struct block_t - number of a memory block (= a section), frames [block << section_order, +1 << section_order) */
typedef struct {
	unsigned long block;
} block_t;

#define PFN_NONE ((pfn_t){ ~0ul })

static inline pfn_t mk_pfn(unsigned long pfn)
{
	return (pfn_t){ pfn };
}

static inline order_t mk_order(unsigned int order)
{
	return (order_t){ order };
}

static inline cpu_t mk_cpu(unsigned int cpu)
{
	return (cpu_t){ cpu };
}

static inline nid_t mk_nid(unsigned int nid)
{
	return (nid_t){ nid };
}

static inline block_t mk_block(unsigned long block)
{
	return (block_t){ block };
}

static inline bool pfn_is_none(pfn_t pfn)
{
	return pfn.pfn == ~0ul;
}

/**
 * enum mmfuzz_gfp - what an allocation asks for; the names after the prefix are Linux's
 * @MMFUZZ_GFP_MOVABLE: the owner can move it: MIGRATE_MOVABLE blocks, ZONE_MOVABLE allowed, CMA allowed
 * @MMFUZZ_GFP_RECLAIMABLE: MIGRATE_RECLAIMABLE blocks
 * @MMFUZZ_GFP_DMA: only ZONE_DMA
 * @MMFUZZ_GFP_THISNODE: no other node
 * @MMFUZZ_GFP_ZERO: contents read 0
 * @MMFUZZ_GFP_HIGH: may dip into the watermarks and the HIGHATOMIC reserve
 * @MMFUZZ_GFP_COMPACT: may compact before it fails (Linux: direct compaction, part of __GFP_DIRECT_RECLAIM)
 */
enum mmfuzz_gfp {
	MMFUZZ_GFP_MOVABLE = 1u << 0,
	MMFUZZ_GFP_RECLAIMABLE = 1u << 1,
	MMFUZZ_GFP_DMA = 1u << 2,
	MMFUZZ_GFP_THISNODE = 1u << 3,
	MMFUZZ_GFP_ZERO = 1u << 4,
	MMFUZZ_GFP_HIGH = 1u << 5,
	MMFUZZ_GFP_COMPACT = 1u << 6,
	MMFUZZ_GFP_ALL = (1u << 7) - 1,
};

#define MMFUZZ_MAX_ORDER 10u

#endif /* MMFUZZ_TYPES_H */
