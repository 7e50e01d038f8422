/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one program did on two cores, operation by operation, and whether a difference has a reason.
 *
 * The reasons are lines of fuzz/differences. Nothing here runs anything (executor_diff.c does) or knows a core.
 */
#ifndef FUZZ_DIFF_H
#define FUZZ_DIFF_H

#include <stdio.h>

#include "program.h"

/** enum diff_side - the two cores, by the names that fuzz/differences has for them */
enum diff_side { DIFF_LINUX, DIFF_MEMDESC, DIFF_SIDES };

/** enum diff_kind - what kind of thing an operation returned */
enum diff_kind {
	DIFF_SKIPPED, /* it was not run */
	DIFF_DONE,    /* it ran, and returns nothing or never called the core */
	DIFF_ERRNO,
	DIFF_FRAME, /* a frame, or none */
	DIFF_COUNT,
};

/*
 * DIFF_FACTS - X(ENUM, name): what was so on one side when an operation was called; of allocations: when it failed.
 *
 * scarce: no zone that this may use has both such a block and more frames free than watermarks and reserves may keep
 * fragmented: no block (of contig_pages: no run) that large is free there, whatever pagesets keep
 * unmovable ... zones: what the operation looks at has unmovable pages; some with a count of references; movable ones; pinned
 *	ones; isolated ones; frames that are not there; isolated pageblocks; those, or it has a neighbour; parts of two zones
 * tails: some of the unmovable frames are not the first ones of their blocks, or are slabs without a count
 * edges: around it, in the same pageblocks, are unmovable pages or frames that are not there
 * in_movable, dma: it is in ZONE_MOVABLE; in ZONE_DMA, or is to be
 * absent, present, online: the state of the block that it names
 * largest: it wants the largest block that there can be
 * isolating, pinning, sealing: slots hold isolated pages; references to folios; isolated pageblocks
 * inside: it begins within a movable block
 * ballooning: balloons hold frames
 * deferred: compaction has failed before, or may have
 * hotplugged: blocks are not as they were at boot
 * gone: a folio of at least a pageblock is among the isolated pages, and in no file any more
 */
#define DIFF_FACTS(X)             \
	X(SCARCE, scarce)         \
	X(FRAGMENTED, fragmented) \
	X(UNMOVABLE, unmovable)   \
	X(COUNTED, counted)       \
	X(MOVABLE, movable)       \
	X(PINNED, pinned)         \
	X(ISOLATED, isolated)     \
	X(HOLE, hole)             \
	X(SEALED, sealed)         \
	X(NEAR_SEALED, near_sealed) \
	X(ZONES, zones)           \
	X(TAILS, tails)           \
	X(EDGES, edges)           \
	X(IN_MOVABLE, in_movable) \
	X(DMA, dma)               \
	X(LARGEST, largest)       \
	X(ABSENT, absent)         \
	X(PRESENT, present)       \
	X(ONLINE, online)         \
	X(ISOLATING, isolating)   \
	X(PINNING, pinning)       \
	X(SEALING, sealing)       \
	X(DEFERRED, deferred)     \
	X(INSIDE, inside)         \
	X(BALLOONING, ballooning) \
	X(HOTPLUGGED, hotplugged) \
	X(GONE, gone)

enum diff_fact {
#define X(ENUM, name) DIFF_##ENUM,
	DIFF_FACTS(X)
#undef X
	NR_DIFF_FACTS,
};

/**
 * struct diff_seen - what one side shows of an operation
 * @kind: enum diff_kind
 * @facts: mask of (1 << enum diff_fact)
 * @result: errno (0 or negative), 0 or 1 frames, or a count
 * @asked: of DIFF_COUNT: the most that it could be
 * @place: what the operation looked at, as a hash of where each of its frames was; 0 if it looks at none
 * @moving: frames of the largest movable block there
 * @usable, @order: of a failed allocation: frames free where it may take them, order of the largest free block of them; -1:
 *	none
 * @pcp: frames on pagesets then
 * @held: frames of isolated pages in slots, afterwards
 * @managed, @ballooned, @free: counters afterwards; @free counts all frames that are inside the allocator, or taken for the
 *	core's own objects
 */
struct diff_seen {
	uint8_t kind;
	uint32_t facts;
	long result;
	unsigned long asked;
	uint64_t place;
	unsigned long moving;
	unsigned long usable;
	int order;
	unsigned long pcp;
	unsigned long held;
	unsigned long managed;
	unsigned long ballooned;
	unsigned long free;
};

#define DIFF_RESULT_MAX 16u

/** enum diff_then - what becomes of an operation with an excused difference: see fuzz/differences */
enum diff_then { DIFF_DROP, DIFF_KEEP };

/** struct diff_rule - a line of fuzz/differences; @used counts since the process began */
struct diff_rule {
	const char *operation;
	const char *result[DIFF_SIDES];
	const char *condition;
	enum diff_then then;
	const char *reason;
	unsigned long used;
};

/**
 * diff_results() - what the sides returned, as fuzz/differences and titles name it
 * @words: DIFF_SIDES times DIFF_RESULT_MAX characters
 *
 * Return: whether they agree.
 */
bool diff_results(const struct diff_seen seen[DIFF_SIDES], char words[DIFF_SIDES][DIFF_RESULT_MAX]);

/**
 * diff_excuse() - the first rule that fits, or NULL; it is counted
 * @operation: name of the operation, or of a counter
 */
struct diff_rule *diff_excuse(const char *operation, const struct diff_seen seen[DIFF_SIDES],
			      char words[DIFF_SIDES][DIFF_RESULT_MAX]);

/** diff_describe() - facts and numbers of both sides, for the line of a finding; returns what snprintf() would */
int diff_describe(const struct diff_seen seen[DIFF_SIDES], char *buf, size_t len);

/** diff_print_rules() - each rule and how often it was used */
void diff_print_rules(FILE *out);

#endif /* FUZZ_DIFF_H */
