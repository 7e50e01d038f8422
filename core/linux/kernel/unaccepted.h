/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unaccepted memory: what the firmware of a confidential guest has not made the guest's yet. The machine knows of each
 * frame which it is, and what the guest has done about it. Rules that the guest could not tell by itself:
 *
 *   the machine begins            accept_memory()          first free          the first allocation
 *   |-- nobody has it, nobody touches it --|-- on its way --|-- as any other frame ------------------->
 */
#ifndef MMFUZZ_LINUX_UNACCEPTED_H
#define MMFUZZ_LINUX_UNACCEPTED_H

#include <linux/compiler.h>
#include <linux/types.h>

struct gate_config;
struct page;
struct zone;

/* The firmware's table, before memory goes to the allocator. Machines without such memory have none. */
void mmfuzz_reserve_unaccepted(const struct gate_config *config);
/* Whether a frame is not accepted; NULL: all of the machine's memory is. Not written but by unaccepted.c. */
extern unsigned long *mmfuzz_unaccepted_frames;
void mmfuzz_look_for_unaccepted(unsigned long pfn, unsigned long nr, const char *who);
/* Somebody is about to have these frames, or to touch their contents. @who is for the title. */
static inline void mmfuzz_must_be_accepted(unsigned long pfn, unsigned long nr, const char *who)
{
	if (unlikely(mmfuzz_unaccepted_frames))
		mmfuzz_look_for_unaccepted(pfn, nr, who);
}
/* These frames are isolated, to go offline: nobody will accept any of them now. */
void mmfuzz_check_offlining(unsigned long pfn, unsigned long nr);
/* The block enters the free lists: whether that is because it has just been accepted. */
bool mmfuzz_leaves_its_way(unsigned long pfn, unsigned int order);
static inline bool mmfuzz_comes_accepted(unsigned long pfn, unsigned int order)
{
	return unlikely(mmfuzz_unaccepted_frames) && mmfuzz_leaves_its_way(pfn, order);
}
/* Nobody runs: frames of blocks that wait to be accepted, all of them on the zone's list; and that nothing is between. */
unsigned long mmfuzz_check_unaccepted(struct zone *zone);
void mmfuzz_check_none_on_its_way(void);

#endif /* MMFUZZ_LINUX_UNACCEPTED_H */
