/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: what must be true of a machine, told by someone who knows nothing of the core's data
 * structures.
 *
 * It listens to the trace hooks of backend.h and so keeps the place of each page frame, and what of
 * memory is isolated; it writes a tag into each frame that a program was given and looks for it later, and it compares the
 * core's counters with its own. A violation ends in mm_bug(); the finding's title names the broken
 * rule and the operation that was running.
 *
 * Where CPUs run in parallel the oracle must not order them: it would hide the core's races from a
 * race detector. All its atomics are relaxed therefore. They need no more: the events of one frame
 * are ordered by the core, or else the core is wrong.
 *
 * One oracle exists at a time, as one machine does.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include <mmfuzz/backend.h>

/** enum oracle_place - where a frame is */
enum oracle_place {
	ORACLE_ABSENT, /* no memory of the allocator: a hole, not online, never onlined */
	ORACLE_FREE,   /* somewhere inside the allocator */
	ORACLE_OUT,    /* somebody has it */
	NR_ORACLE_PLACES,
};

/** oracle_trace - the hooks, for backend->set_trace() */
extern const struct mmfuzz_trace oracle_trace;

/**
 * oracle_boot() - start to watch a machine that has just booted and in which nothing is allocated
 * @backend: its core; kept until oracle_shutdown()
 * @config: what it was booted with; copied
 *
 * Takes the boot memory less its holes for free, and compares that with the core's counters. The
 * caller then installs oracle_trace.
 */
void oracle_boot(const struct mmfuzz_backend *backend, const struct mmfuzz_config *config);

/** oracle_reset() - back to the moment of oracle_boot(); the caller resets the machine itself */
void oracle_reset(void);

/** oracle_shutdown() - stop watching; harmless when there is nothing to stop */
void oracle_shutdown(void);

/**
 * oracle_set_op() - name the operation that the calling CPU runs, for the titles of findings
 * @name: a literal
 *
 * Returns what was named before, so that a caller can put it back.
 */
const char *oracle_set_op(const char *name);

/** oracle_place_of() - where a frame is; ORACLE_ABSENT beyond memory */
enum oracle_place oracle_place_of(pfn_t pfn);

/**
 * oracle_next_out() - the first frame at or after @pfn that is out, or the number of frames; a
 * guess in parallel runs
 */
unsigned long oracle_next_out(unsigned long pfn);

/** oracle_place_name() - "absent", "free" or "out" */
const char *oracle_place_name(enum oracle_place place);

#define ORACLE_MAX_SEALED 32u /* more are not watched */

/**
 * oracle_seal() - pageblocks [pfn, nr) are isolated, and everything was drained since
 *
 * From here to oracle_unseal() nothing in them may be granted: what is freed there must stay there.
 * In sequence only: a free that began before the isolation may put its block on a pageset after the
 * drain, as in Linux.
 */
void oracle_seal(pfn_t pfn, unsigned long nr);

/**
 * oracle_unseal() - the isolation that begins at @pfn is about to be undone; harmless if it was
 * not sealed
 */
void oracle_unseal(pfn_t pfn);

/** oracle_out() - frames that are out; exact when no other CPU is inside the core */
unsigned long oracle_out(void);

/** oracle_bug - a rule is broken, noticed in the operation that runs; does not return */
#define oracle_bug(rule, pfn, ...) sim_bug(rule, oracle_set_op(NULL), pfn, __VA_ARGS__)

/**
 * oracle_print_frames() - what the core says of each of @nr frames, equal neighbours in one line
 *
 * For a finding about all of them, before its line: to standard error, and nothing when findings are
 * quiet. Frames outside memory are left out.
 */
void oracle_print_frames(pfn_t pfn, unsigned long nr);

/**
 * oracle_granted() - the program was given nr frames: they must be out, inside memory and in states
 * that exist
 * @pfn: first of them
 * @nr: how many
 * @align: log2 of what @pfn must be a multiple of
 */
void oracle_granted(pfn_t pfn, unsigned long nr, order_t align);

/**
 * oracle_zone_ok() - whether an allocation with these flags may have been given this frame
 * @gfp: enum mmfuzz_gfp
 * @nid: the node asked for
 *
 * What hotplug has touched may be in any zone, unless oracle_zone_is() said in which.
 */
bool oracle_zone_ok(pfn_t pfn, unsigned int gfp, nid_t nid);

/**
 * oracle_not_cma() - what was granted cannot be moved, so it must not lie in a CMA area, where it
 * would stand in the way of cma_alloc()
 */
void oracle_not_cma(pfn_t pfn, unsigned long nr);

/**
 * oracle_zone_touched() - hotplug has a block in hand, or had: it may be in any zone
 *
 * Before somebody brings a block online, for another CPU may be given a frame of it before that returns. Whoever takes it offline
 * or away may say so later: nobody is given a frame meanwhile.
 *
 * Returns what was known before, for one of the two below, when the call has returned.
 */
uint32_t oracle_zone_touched(block_t block);

/**
 * oracle_zone_kept() - it did not come online: what was known holds
 * oracle_zone_is() - it did, in a zone of this type, of whatever node
 * @before: oracle_zone_touched()'s
 *
 * Believed if nobody else has had the block in hand meanwhile: then it is not known which came last.
 */
void oracle_zone_kept(block_t block, uint32_t before);
void oracle_zone_is(block_t block, uint32_t before, enum mmfuzz_zone_type type);

/**
 * oracle_tag() - write the program's tag into frames that it owns
 * oracle_check_tag() - find it there again: contents of an owned frame do not change
 * @seed: of the grant, from oracle_new_seed(); each frame's tag is made of it and the frame's
 * number
 */
void oracle_tag(pfn_t pfn, unsigned long nr, uint64_t seed);
void oracle_check_tag(pfn_t pfn, unsigned long nr, uint64_t seed);

/** oracle_check_zero() - frames that were asked for as zeroed read zero */
void oracle_check_zero(pfn_t pfn, unsigned long nr);

/**
 * oracle_check_counters() - the core's counters add up to its memory, and to what is out
 *
 * A balloon's frames are out and not managed, all others that are out are managed. No other CPU may
 * be inside the core. Cheap: no walk.
 */
void oracle_check_counters(void);

/**
 * oracle_check_end() - everything was given back: no frame is out, each is where it was at boot,
 * and so are the counters
 *
 * After backend->quiesce(). A lost page is named with its state; the line lists the first few.
 */
void oracle_check_end(void);

#endif /* FUZZ_ORACLE_H */
