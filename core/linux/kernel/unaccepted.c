// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's side of unaccepted memory (unaccepted.h), as the kernel has it from drivers/firmware/efi: a table with a
 * bit for each frame. Stands between guest and firmware and belongs to neither: compiled without instrumentation, so that it is no
 * part of a schedule and orders nothing of the kernel's. Looks at pages, and must not change any.
 */
#include <linux/bitmap.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "mm/internal.h"

#include "../gate.h"
#include "frame_bits.h"
#include "unaccepted.h"
#include "world.h"

/*
 * frame_bits.h is relaxed: whoever accepts a block has it alone until it is on a free list, and there a lock is between it and
 * the next one who has it.
 */
unsigned long *mmfuzz_unaccepted_frames;
static unsigned long *on_their_way; /* accepted, and not on a free list yet */
static unsigned long nr_frames; /* that these have bits for */

/* The first such frame of the range; GATE_NONE. What the kernel boots from is behind all frames, and accepted. */
static unsigned long first_unaccepted(unsigned long pfn, unsigned long end)
{
	for (end = min(end, nr_frames); pfn < end; pfn++) {
		if (frame_bit(mmfuzz_unaccepted_frames, pfn))
			return pfn;
	}
	return GATE_NONE;
}

void mmfuzz_reserve_unaccepted(const struct gate_config *config)
{
	unsigned long bytes = BITS_TO_LONGS(config->max_pfn) * sizeof(long);

	if (!config->unaccepted)
		return;
	on_their_way = memblock_alloc(bytes, SMP_CACHE_BYTES);
	mmfuzz_unaccepted_frames = memblock_alloc(bytes, SMP_CACHE_BYTES);
	nr_frames = config->max_pfn;
	/* Memory that comes later is accepted, as whoever plugs it has to see to that. */
	for (unsigned int i = 0; i < config->nr_zones; i++) {
		const struct gate_range *range = &config->zones[i].range;

		for (unsigned long p = max(range->start, config->unaccepted);
		     p < range->start + range->nr; p++)
			frame_set_bit(mmfuzz_unaccepted_frames, p);
	}
}

/* ---- drivers/firmware/efi/unaccepted_memory.c ---- */

bool range_contains_unaccepted_memory(phys_addr_t start, unsigned long size)
{
	return first_unaccepted(PHYS_PFN(start), DIV_ROUND_UP(start + size, PAGE_SIZE)) !=
	       GATE_NONE;
}

void accept_memory(phys_addr_t start, unsigned long size)
{
	const unsigned long first = PHYS_PFN(start),
			    end = min(DIV_ROUND_UP(start + size, PAGE_SIZE), nr_frames);

	/* While it boots the kernel accepts whatever it takes, and need not know what that was. */
	if (mmfuzz_unaccepted_frames && system_state == SYSTEM_RUNNING &&
	    first_unaccepted(first, end) == GATE_NONE)
		mmfuzz_bug("accepted twice", "accept_memory",
			   "[0x%lx, 0x%lx) is accepted, all of it", first, end);
	for (unsigned long p = first; p < end; p++) {
		frame_clear_bit(mmfuzz_unaccepted_frames, p);
		frame_set_bit(on_their_way, p);
	}
}

/* ---- what the guest does with it ---- */

void mmfuzz_look_for_unaccepted(unsigned long pfn, unsigned long nr, const char *who)
{
	const unsigned long bad = first_unaccepted(pfn, pfn + nr);

	if (bad != GATE_NONE)
		mmfuzz_bug("unaccepted memory", who,
			   "0x%lx of %lu frames from 0x%lx on has not been accepted", bad, nr, pfn);
}

void mmfuzz_check_offlining(unsigned long pfn, unsigned long nr)
{
	for (unsigned long p = pfn; mmfuzz_unaccepted_frames && p < pfn + nr; p++) {
		if (PageUnaccepted(pfn_to_page(p)))
			mmfuzz_bug("unaccepted memory", "offline_pages",
				   "0x%lx waits to be accepted, and who takes it offline waits for "
				   "it to be free",
				   p);
	}
}

bool mmfuzz_leaves_its_way(unsigned long pfn, unsigned int order)
{
	mmfuzz_must_be_accepted(pfn, 1ul << order, "free");
	if (pfn >= nr_frames || !frame_bit(on_their_way, pfn))
		return false;
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++)
		frame_clear_bit(on_their_way, p);
	return true;
}

/* ---- when nobody runs ---- */

#define WRONG(...) mmfuzz_bug("unaccepted list", "check", __VA_ARGS__)

static void check_block(struct zone *zone, struct page *page)
{
	const unsigned long pfn = page_to_pfn(page), end = pfn + MAX_ORDER_NR_PAGES;

	if (!IS_ALIGNED(pfn, MAX_ORDER_NR_PAGES) || page_zone(page) != zone ||
	    !zone_spans_pfn(zone, pfn))
		WRONG("0x%lx is on the list of zone %s of node %d, and not in it or not aligned",
		      pfn, zone->name, zone_to_nid(zone));
	if (!PageUnaccepted(page))
		WRONG("0x%lx is on the list, and does not say so", pfn);
	if (first_unaccepted(pfn, end) == GATE_NONE)
		WRONG("0x%lx waits to be accepted, and is accepted", pfn);
	for (unsigned long p = pfn; p < end; p++) {
		if (page_ref_count(pfn_to_page(p)) || PageBuddy(pfn_to_page(p)))
			WRONG("0x%lx of the block at 0x%lx that waits to be accepted is free, or "
			      "in use",
			      p, pfn);
	}
}

static unsigned long sum_list(struct zone *zone)
{
	struct list_head *list = &zone->unaccepted_pages, *last = list;
	unsigned long sum = 0;

	for (struct list_head *item = list->next; item != list; item = item->next) {
		if (item->prev != last)
			WRONG("the links of zone %s of node %d do not agree", zone->name,
			      zone_to_nid(zone));
		last = item;
		check_block(zone, list_entry(item, struct page, lru));
		sum += MAX_ORDER_NR_PAGES;
		if (sum > zone->present_pages)
			WRONG("the list of zone %s of node %d does not end", zone->name,
			      zone_to_nid(zone));
	}
	if (list->prev != last)
		WRONG("the links of zone %s of node %d do not agree", zone->name,
		      zone_to_nid(zone));
	return sum;
}

/* What is not accepted is on the list; but for holes, which nobody ever has. */
static unsigned long sum_memmap(struct zone *zone)
{
	unsigned long sum = 0, end_of_block = 0;

	for (unsigned long pfn = zone->zone_start_pfn; pfn < min(zone_end_pfn(zone), nr_frames);
	     pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!online_section(__pfn_to_section(pfn)) || page_zone(page) != zone)
			continue;
		if (PageUnaccepted(page)) {
			sum += MAX_ORDER_NR_PAGES;
			end_of_block = pfn + MAX_ORDER_NR_PAGES;
		}
		if (pfn >= end_of_block && frame_bit(mmfuzz_unaccepted_frames, pfn) && !PageReserved(page))
			WRONG("0x%lx is not accepted, and is in no block that waits for that", pfn);
	}
	return sum;
}

unsigned long mmfuzz_check_unaccepted(struct zone *zone)
{
	unsigned long listed, said;

	if (!mmfuzz_unaccepted_frames)
		return 0;
	listed = sum_list(zone);
	said = sum_memmap(zone);
	if (listed != said)
		WRONG("%lu frames of zone %s of node %d say that they wait to be accepted, %lu are "
		      "on the list",
		      said, zone->name, zone_to_nid(zone), listed);
	return listed;
}

void mmfuzz_check_none_on_its_way(void)
{
	unsigned long pfn = nr_frames ? find_first_bit(on_their_way, nr_frames) : 0;

	if (pfn < nr_frames)
		mmfuzz_bug("accepted memory lost", "check",
			   "0x%lx was accepted, and did not come to a free list", pfn);
}

/* ---- for the host ---- */

void gate_hide_unaccepted(void)
{
	unsigned long pfn = 0;

	while (mmfuzz_unaccepted_frames && (pfn = first_unaccepted(pfn, nr_frames)) != GATE_NONE)
		gate_host_took(pfn++);
}

unsigned long gate_unaccepted(unsigned long pfn, unsigned long nr)
{
	unsigned long sum = 0;

	for (unsigned long p = pfn; p < min(pfn + nr, nr_frames); p++)
		sum += frame_bit(mmfuzz_unaccepted_frames, p);
	return sum;
}
