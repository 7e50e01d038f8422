// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machines that programs run on: few frames, few blocks, so that operations meet.
 *
 * A program names its machine by index here. None is ever replaced, as programs in corpora would
 * change their meaning; a new one goes to the end. Nothing but the table and its look-up.
 */
#include <string.h>

#include "program.h"

#define DMA	MMFUZZ_ZONE_DMA
#define NORMAL	MMFUZZ_ZONE_NORMAL
#define MOVABLE MMFUZZ_ZONE_MOVABLE

const struct machine_profile machine_profiles[PROGRAM_NR_PROFILES] = {
	{ "tiny",
	  "64 frames in one zone: everything meets",
	  { .pageblock_order = 2,
	    .section_order = 4,
	    .max_pfn = 64,
	    .nr_zones = 1,
	    .zones = { { 0, NORMAL, { 0, 64 } } },
	    .nr_balloons = 1,
	    .pcp_high = 4,
	    .pcp_batch = 2,
	    .ram_shift = 3 } },

	{ "three_zones",
	  "DMA, NORMAL and MOVABLE, fallback between them",
	  { .pageblock_order = 3,
	    .section_order = 5,
	    .max_pfn = 256,
	    .nr_zones = 3,
	    .zones = { { 0, DMA, { 0, 32 } },
		       { 0, NORMAL, { 32, 128 } },
		       { 0, MOVABLE, { 160, 96 } } },
	    .nr_balloons = 1,
	    .pcp_high = 6,
	    .pcp_batch = 3,
	    .ram_shift = 3 } },

	{ "two_nodes",
	  "two nodes, two balloons",
	  { .pageblock_order = 4,
	    .section_order = 6,
	    .max_pfn = 512,
	    .nr_zones = 3,
	    .zones = { { 0, NORMAL, { 0, 256 } },
		       { 1, NORMAL, { 256, 192 } },
		       { 1, MOVABLE, { 448, 64 } } },
	    .nr_balloons = 2,
	    .pcp_high = 8,
	    .pcp_batch = 4,
	    .ram_shift = 3 } },

	{ "movable",
	  "mostly ZONE_MOVABLE: offlining and contiguous ranges succeed",
	  { .pageblock_order = 3,
	    .section_order = 4,
	    .max_pfn = 256,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 64 } }, { 0, MOVABLE, { 64, 192 } } },
	    .nr_balloons = 1,
	    .pcp_high = 4,
	    .pcp_batch = 2,
	    .ram_shift = 3 } },

	{ "cma",
	  "two CMA areas of different size",
	  { .pageblock_order = 4,
	    .section_order = 6,
	    .max_pfn = 256,
	    .nr_zones = 1,
	    .zones = { { 0, NORMAL, { 0, 256 } } },
	    .nr_cma = 2,
	    .cma = { { 64, 32 }, { 160, 16 } },
	    .nr_balloons = 1,
	    .pcp_high = 6,
	    .pcp_batch = 3,
	    .ram_shift = 3 } },

	{ "holes",
	  "Reserved holes of odd size, one across a zone border",
	  { .pageblock_order = 4,
	    .section_order = 6,
	    .max_pfn = 512,
	    .nr_zones = 2,
	    .zones = { { 0, DMA, { 0, 64 } }, { 0, NORMAL, { 64, 448 } } },
	    .nr_holes = 4,
	    .holes = { { 0, 3 }, { 61, 9 }, { 200, 1 }, { 300, 21 } },
	    .nr_balloons = 1,
	    .pcp_high = 6,
	    .pcp_batch = 3,
	    .ram_shift = 3 } },

	{ "guard",
	  "guard pages up to order 2",
	  { .pageblock_order = 4,
	    .section_order = 5,
	    .max_pfn = 128,
	    .nr_zones = 1,
	    .zones = { { 0, NORMAL, { 0, 128 } } },
	    .nr_balloons = 1,
	    .pcp_high = 3,
	    .pcp_batch = 2,
	    .guard_order = 2,
	    .ram_shift = 3 } },

	{ "highatomic",
	  "watermarks that bite, a HIGHATOMIC reserve",
	  { .pageblock_order = 3,
	    .section_order = 5,
	    .max_pfn = 256,
	    .nr_zones = 1,
	    .zones = { { 0, NORMAL, { 0, 256 } } },
	    .nr_balloons = 1,
	    .pcp_high = 4,
	    .pcp_batch = 2,
	    .min_free = 32,
	    .ram_shift = 3 } },

	{ "vmem",
	  "a virtio-mem device whose region is absent at boot",
	  { .pageblock_order = 3,
	    .section_order = 5,
	    .max_pfn = 512,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 128 } }, { 0, MOVABLE, { 128, 64 } } },
	    .nr_balloons = 1,
	    .nr_vmem = 1,
	    .vmem = { { 0, { 256, 256 }, 3 } },
	    .pcp_high = 4,
	    .pcp_batch = 2,
	    .ram_shift = 3 } },

	{ "vmem_two",
	  "two nodes, a virtio-mem device on each, subblocks smaller than a section and not",
	  { .pageblock_order = 4,
	    .section_order = 6,
	    .max_pfn = 1024,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 256 } }, { 1, NORMAL, { 256, 192 } } },
	    .nr_balloons = 2,
	    .nr_vmem = 2,
	    .vmem = { { 0, { 512, 256 }, 4 }, { 1, { 768, 256 }, 6 } },
	    .pcp_high = 8,
	    .pcp_batch = 4,
	    .ram_shift = 3 } },

	{ "hotplug",
	  "half of it absent at boot",
	  { .pageblock_order = 4,
	    .section_order = 5,
	    .max_pfn = 512,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 128 } }, { 0, MOVABLE, { 128, 128 } } },
	    .nr_balloons = 1,
	    .pcp_high = 4,
	    .pcp_batch = 2,
	    .ram_shift = 3 } },

	{ "gaps",
	  "zones with gaps and zones inside the span of others",
	  { .pageblock_order = 3,
	    .section_order = 5,
	    .max_pfn = 512,
	    .nr_zones = 5,
	    .zones = { { 0, NORMAL, { 0, 64 } },
		       { 0, MOVABLE, { 64, 96 } },
		       { 0, NORMAL, { 160, 64 } },
		       { 1, NORMAL, { 256, 128 } },
		       { 1, NORMAL, { 448, 64 } } },
	    .nr_balloons = 1,
	    .pcp_high = 5,
	    .pcp_batch = 2,
	    .ram_shift = 3 } },

	{ "big_blocks",
	  "4 pageblocks as large as Linux's",
	  { .pageblock_order = 9,
	    .section_order = 9,
	    .max_pfn = 2048,
	    .nr_zones = 3,
	    .zones = { { 0, DMA, { 0, 512 } },
		       { 0, NORMAL, { 512, 1024 } },
		       { 0, MOVABLE, { 1536, 512 } } },
	    .nr_balloons = 1,
	    .pcp_high = 15,
	    .pcp_batch = 7,
	    .ram_shift = 3 } },

	{ "16mib",
	  "16 MiB of 4 KiB pages, pageblocks of 2 MiB, sections of 4 MiB",
	  { .pageblock_order = 9,
	    .section_order = 10,
	    .max_pfn = 4096,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 3072 } }, { 0, MOVABLE, { 3072, 1024 } } },
	    .nr_balloons = 1,
	    .ram_shift = 3 } },

	{ "all",
	  "some of everything",
	  { .pageblock_order = 5,
	    .section_order = 7,
	    .max_pfn = 1024,
	    .nr_zones = 5,
	    .zones = { { 0, DMA, { 0, 128 } },
		       { 0, NORMAL, { 128, 256 } },
		       { 0, MOVABLE, { 384, 128 } },
		       { 1, NORMAL, { 512, 128 } },
		       { 1, MOVABLE, { 640, 128 } } },
	    .nr_holes = 2,
	    .holes = { { 0, 1 }, { 500, 17 } },
	    .nr_cma = 1,
	    .cma = { { 256, 64 } },
	    .nr_balloons = 2,
	    .nr_vmem = 1,
	    .vmem = { { 1, { 896, 128 }, 5 } },
	    .pcp_high = 8,
	    .pcp_batch = 4,
	    .min_free = 16,
	    .guard_order = 1,
	    .ram_shift = 3 } },

	{ "dense",
	  "memory blocks of 4 frames: free blocks span many of them",
	  { .pageblock_order = 2,
	    .section_order = 2,
	    .max_pfn = 128,
	    .nr_zones = 2,
	    .zones = { { 0, NORMAL, { 0, 64 } }, { 0, MOVABLE, { 64, 32 } } },
	    .nr_balloons = 1,
	    .pcp_high = 2,
	    .pcp_batch = 1,
	    .ram_shift = 3 } },

	{ "thp",
	  "mostly CMA, and pagesets that keep whole pageblocks",
	  { .pageblock_order = 4,
	    .section_order = 6,
	    .max_pfn = 256,
	    .nr_zones = 1,
	    .zones = { { 0, NORMAL, { 0, 256 } } },
	    .nr_cma = 1,
	    .cma = { { 64, 160 } },
	    .nr_balloons = 1,
	    .pcp_high = 40,
	    .pcp_batch = 4,
	    .ram_shift = 3 } },
};

void program_config(const struct program_header *header, struct mmfuzz_config *config)
{
	/* Not an assignment: padding must come out equal too. */
	memcpy(config, &machine_profiles[header->profile].config, sizeof(*config));
	config->nr_cpus = header->nr_cpus;
	if (header->pcp_high)
		config->pcp_high = header->pcp_high;
	if (header->pcp_batch)
		config->pcp_batch = header->pcp_batch;
}

unsigned int profile_nodes(const struct mmfuzz_config *config)
{
	unsigned int nodes = 1;

	for (unsigned int i = 0; i < config->nr_zones; i++)
		if (config->zones[i].nid >= nodes)
			nodes = config->zones[i].nid + 1;
	for (unsigned int i = 0; i < config->nr_vmem; i++)
		if (config->vmem[i].nid >= nodes)
			nodes = config->vmem[i].nid + 1;
	return nodes;
}
