/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of virtio-mem devices: of each frame of their regions, what the host has plugged, and what the guest has made of it.
 * Rules that neither side could tell by itself:
 *
 *   request: plug          comes online               a subblock is taken out             request: unplug
 *   |-- plugged, absent --|-- entered: the allocator's --|-- entered, held by the driver --|-- nobody touches it --
 *
 * A block that goes offline has its held frames leave with it. A machine without such devices has no such frame.
 */
#ifndef MMFUZZ_LINUX_UNPLUGGED_H
#define MMFUZZ_LINUX_UNPLUGGED_H

#include <linux/compiler.h>
#include <linux/types.h>

struct gate_config;

/* Tables, before memory goes to the allocator. */
void mmfuzz_reserve_unplugged(const struct gate_config *config);
/* The node of the device whose region the frame is in; NUMA_NO_NODE. */
int mmfuzz_region_nid(unsigned long pfn);
/* The host plugs frames of a region, or unplugs them; @dev is for titles. */
void mmfuzz_plug(unsigned int dev, unsigned long pfn, unsigned long nr);
void mmfuzz_unplug(unsigned int dev, unsigned long pfn, unsigned long nr);
/* How many of them are. */
unsigned long mmfuzz_plugged(unsigned long pfn, unsigned long nr);
/* Whether a frame is plugged; NULL: there are no devices. Not written but by unplugged.c. */
extern unsigned long *mmfuzz_plugged_frames;
void mmfuzz_look_for_unplugged(unsigned long pfn, unsigned long nr, const char *who);
/* Somebody is about to have these frames, or to give them to the allocator. @who is for the title. */
static inline void mmfuzz_must_be_plugged(unsigned long pfn, unsigned long nr, const char *who)
{
	if (unlikely(mmfuzz_plugged_frames))
		mmfuzz_look_for_unplugged(pfn, nr, who);
}
/*
 * They enter the allocator, for the first time if @onlining. True: the oracle has been told. With the fault of
 * docs/findings/virtio-mem-mixed-subblocks.md a range may be of both kinds, whatever its user says.
 */
bool mmfuzz_enters_region(unsigned long pfn, unsigned long nr, bool onlining);
static inline bool mmfuzz_freed_in_region(unsigned long pfn, unsigned long nr, bool onlining)
{
	return unlikely(mmfuzz_plugged_frames) && mmfuzz_enters_region(pfn, nr, onlining);
}
/* The driver has taken frames out of it; is about to free them. */
void mmfuzz_hold(unsigned long pfn, unsigned long nr);
void mmfuzz_release(unsigned long pfn, unsigned long nr);
/* The block goes offline: nothing of it is on a free list, nobody knows of it yet. Does nothing outside of regions. */
void mmfuzz_left_region(unsigned long pfn, unsigned long nr);
/* Frames that drivers hold. */
unsigned long mmfuzz_held(void);
/* Nobody runs: all that is plugged and online is in the allocator, and nothing else. */
void mmfuzz_check_unplugged(void);

#endif /* MMFUZZ_LINUX_UNPLUGGED_H */
