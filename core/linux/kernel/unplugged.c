// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is plugged (unplugged.h). Stands between guest and host and belongs to neither: compiled without instrumentation, so
 * that it is no part of a schedule and orders nothing of the kernel's. Looks at pages, and must not change any.
 */
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "mm/internal.h"

#include "../gate.h"
#include "frame_bits.h"
#include "poisoned.h"
#include "unplugged.h"
#include "world.h"

/*
 * frame_bits.h is relaxed: bits of a frame are changed by who has it alone, and whoever has it next got it by a lock, or by the
 * host's answer.
 */
unsigned long *mmfuzz_plugged_frames;
static unsigned long *entered;
static unsigned long *held;
static unsigned long nr_held;
static struct gate_vmem_config regions[GATE_MAX_VMEM];
static unsigned int nr_regions;

static const struct gate_vmem_config *region_of(unsigned long pfn)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		if (pfn - regions[i].region.start < regions[i].region.nr)
			return &regions[i];
	}
	return NULL;
}

void mmfuzz_reserve_unplugged(const struct gate_config *config)
{
	const unsigned long bytes = BITS_TO_LONGS(config->max_pfn) * sizeof(long);

	if (!config->nr_vmem)
		return;
	for (nr_regions = 0; nr_regions < config->nr_vmem; nr_regions++)
		regions[nr_regions] = config->vmem[nr_regions];
	entered = memblock_alloc(bytes, SMP_CACHE_BYTES);
	held = memblock_alloc(bytes, SMP_CACHE_BYTES);
	mmfuzz_plugged_frames = memblock_alloc(bytes, SMP_CACHE_BYTES);
}

int mmfuzz_region_nid(unsigned long pfn)
{
	const struct gate_vmem_config *region = region_of(pfn);

	return region ? (int)region->nid : NUMA_NO_NODE;
}

/* ---- the host's side ---- */

void mmfuzz_plug(unsigned int dev, unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (frame_bit(mmfuzz_plugged_frames, p))
			mmfuzz_bug("plugged twice", "virtio_mem", "device %u asks for 0x%lx, which it has", dev, p);
		frame_set_bit(mmfuzz_plugged_frames, p);
		gate_host_gave(p);
	}
}

void mmfuzz_unplug(unsigned int dev, unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (!frame_bit(mmfuzz_plugged_frames, p))
			mmfuzz_bug("unplugged twice", "virtio_mem", "device %u gives up 0x%lx, which it does not have", dev, p);
		if (frame_bit(entered, p) && !frame_bit(held, p))
			mmfuzz_bug("unplugged in use", "virtio_mem",
				   "device %u gives up 0x%lx, which it has not taken out of the allocator", dev, p);
		frame_clear_bit(mmfuzz_plugged_frames, p);
		gate_host_dropped(p);
	}
}

unsigned long mmfuzz_plugged(unsigned long pfn, unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long p = pfn; p < pfn + nr; p++)
		sum += frame_bit(mmfuzz_plugged_frames, p);
	return sum;
}

/* ---- the guest's ---- */

void mmfuzz_look_for_unplugged(unsigned long pfn, unsigned long nr, const char *who)
{
	if (!region_of(pfn))
		return;
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (!frame_bit(mmfuzz_plugged_frames, p))
			mmfuzz_bug("unplugged memory", who, "0x%lx of %lu frames from 0x%lx on is not plugged", p, nr, pfn);
	}
}

#ifdef FAULT_SUBBLOCKS_MIXED
#define MAY_BE_MIXED true
#else
#define MAY_BE_MIXED false
#endif

/* Frame by frame, as they may have come by different ways. */
static void freed_mixed(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (frame_bit(held, p))
			mmfuzz_release(p, 1);
		if (frame_bit(entered, p)) {
			gate_freed(p, 0);
		} else {
			frame_set_bit(entered, p);
			gate_onlined(p, 1);
		}
	}
}

bool mmfuzz_enters_region(unsigned long pfn, unsigned long nr, bool onlining)
{
	unsigned long nr_entered = 0, nr_there = 0;

	if (!region_of(pfn))
		return false;
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		nr_entered += frame_bit(entered, p);
		nr_there += frame_bit(held, p);
	}
	if (!nr_there && nr_entered == (onlining ? 0 : nr)) {
		for (unsigned long p = pfn; p < pfn + nr; p++)
			frame_set_bit(entered, p);
		return false;
	}
	if (!MAY_BE_MIXED)
		mmfuzz_bug("bad free", "virtio_mem",
			   "%lu frames at 0x%lx %s, %lu of them have been in the allocator, the driver holds %lu", nr, pfn,
			   onlining ? "come online" : "are freed", nr_entered, nr_there);
	freed_mixed(pfn, nr);
	return true;
}

void mmfuzz_hold(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++)
		frame_set_bit(held, p);
	__atomic_fetch_add(&nr_held, nr, __ATOMIC_RELAXED);
}

void mmfuzz_release(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (!frame_bit(held, p)) {
			if (!MAY_BE_MIXED)
				mmfuzz_bug("bad free", "virtio_mem", "0x%lx was not taken out of the allocator", p);
			continue;
		}
		frame_clear_bit(held, p);
		__atomic_fetch_sub(&nr_held, 1, __ATOMIC_RELAXED);
	}
}

void mmfuzz_left_region(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; mmfuzz_plugged_frames && region_of(pfn) && p < pfn + nr; p++) {
		if (!frame_bit(entered, p))
			continue;
		if (frame_bit(held, p)) {
			mmfuzz_release(p, 1);
			gate_freed(p, 0);
		}
		mmfuzz_poison_goes_offline(p, 1);
		frame_clear_bit(entered, p);
		gate_offlined(p, 1);
	}
}

unsigned long mmfuzz_held(void)
{
	return __atomic_load_n(&nr_held, __ATOMIC_RELAXED);
}

/* ---- when nobody runs ---- */

#define WRONG(rule, ...) mmfuzz_bug(rule, "check", __VA_ARGS__)

static void check_frame(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	if (!online_section(__pfn_to_section(pfn))) {
		if (frame_bit(entered, pfn) || frame_bit(held, pfn))
			WRONG("memory of a device", "0x%lx is not online, and in use", pfn);
		return;
	}
	if (frame_bit(mmfuzz_plugged_frames, pfn)) {
		if (!frame_bit(entered, pfn) || frame_bit(held, pfn))
			WRONG("plugged memory lies idle", "0x%lx is plugged and online, and %s", pfn,
			      frame_bit(held, pfn) ? "the driver holds it" : "has never been in the allocator");
		return;
	}
	if (frame_bit(entered, pfn) && !frame_bit(held, pfn))
		WRONG("unplugged memory", "0x%lx is not plugged, and in the allocator's hands", pfn);
	if (!PageOffline(page) || PageBuddy(page) || page_ref_count(page) != 1)
		WRONG("unplugged memory", "0x%lx is not plugged, and %s, with %d references", pfn,
		      PageBuddy(page)	? "free" :
		      PageOffline(page) ? "logically offline" :
					  "does not say that it is logically offline",
		      page_ref_count(page));
}

void mmfuzz_check_unplugged(void)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		const struct gate_range *range = &regions[i].region;

		for (unsigned long pfn = range->start; pfn < range->start + range->nr; pfn++)
			check_frame(pfn);
	}
}

/* ---- for the host/ folder ---- */

unsigned long gate_unplugged(unsigned long pfn, unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long p = pfn; mmfuzz_plugged_frames && p < pfn + nr; p++)
		sum += region_of(p) && !frame_bit(mmfuzz_plugged_frames, p);
	return sum;
}

void gate_hide_unplugged(void)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		const struct gate_range *range = &regions[i].region;

		for (unsigned long pfn = range->start; pfn < range->start + range->nr; pfn++) {
			if (!frame_bit(mmfuzz_plugged_frames, pfn))
				gate_host_took(pfn);
		}
	}
}
