// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boots the tree's mm on a machine of the caller's: what setup_arch() of an architecture and start_kernel() do, as far as
 * it concerns memory, in their order. Must not know how the machine is made.
 */
#include <linux/cma.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/radix-tree.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "mm/internal.h"

#include "../gate.h"
#include "host.h"
#include "kthreads.h"
#include "reported.h"
#include "slab.h"
#include "unaccepted.h"
#include "unplugged.h"
#include "world.h"
#include "zs.h"

struct cma *mmfuzz_cma[CONFIG_CMA_AREAS];
unsigned long mmfuzz_ram;
unsigned long mmfuzz_memmap;
unsigned int mmfuzz_block_order;

void gate_limits(struct gate_limits *limits)
{
	*limits = (struct gate_limits){
		.highest_order = MAX_PAGE_ORDER,
		/* Pagesets give back what they hold as of the type of its first frame: it must not span two blocks. */
		.lowest_block_order = PAGE_ALLOC_COSTLY_ORDER,
		.section_order = PFN_SECTION_SHIFT,
		.nr_cpus = NR_CPUS,
		.nr_nodes = MAX_NUMNODES - 1,
		.max_pfn = (1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT)) - MMFUZZ_BOOT_PFNS,
		.boot_pfns = MMFUZZ_BOOT_PFNS,
		.page_struct_bytes = sizeof(struct page),
		.page_bytes = PAGE_SIZE,
		.contents_bytes = MMFUZZ_CELL,
		.slab_bytes = MMFUZZ_SLAB_BYTES,
	};
}

static void add_memory_of(const struct gate_config *config)
{
	for (unsigned int i = 0; i < config->nr_zones; i++) {
		const struct gate_zone_config *zone = &config->zones[i];
		phys_addr_t base = PFN_PHYS(zone->range.start), size = PFN_PHYS(zone->range.nr);

		memblock_add_node(base, size, zone->nid,
				  zone->type == GATE_MOVABLE ? MEMBLOCK_HOTPLUG : MEMBLOCK_NONE);
		if (zone->type == GATE_MOVABLE)
			movable_node_enabled = true;
		/* Until there is an allocator nothing is taken from it. */
		memblock_reserve(base, size);
	}
	memblock_add_node(PFN_PHYS(config->max_pfn), PFN_PHYS(MMFUZZ_BOOT_PFNS), BOOT_NODE,
			  MEMBLOCK_NONE);
}

static unsigned long end_of_dma(const struct gate_config *config)
{
	unsigned long end = 0;

	for (unsigned int i = 0; i < config->nr_zones; i++) {
		if (config->zones[i].type == GATE_DMA)
			end = config->zones[i].range.start + config->zones[i].range.nr;
	}
	return end;
}

/* Of the boot node's memory, what has been given out. */
static unsigned long boot_bytes;

static void bring_up_cpus(unsigned int nr)
{
	for (unsigned int cpu = 0; cpu < nr; cpu++) {
		set_cpu_possible(cpu, true);
		set_cpu_present(cpu, true);
		set_cpu_online(cpu, true);
		set_cpu_active(cpu, true);
	}
	nr_cpu_ids = nr;
}

/* Before the frames of an area go to the allocator; cma_init_reserved_areas() gives them to it. */
static void reserve_cma(const struct gate_config *config)
{
	static const char *const names[] = { "cma0", "cma1", "cma2", "cma3" };

	for (unsigned int i = 0; i < config->nr_cma; i++) {
		phys_addr_t base = PFN_PHYS(config->cma[i].start), size = PFN_PHYS(config->cma[i].nr);

		memblock_reserve(base, size);
		/* As memblock does for who has it choose a place. */
		accept_memory(base, size);
		if (cma_init_reserved_mem(base, size, 0, names[i], &mmfuzz_cma[i]))
			mmfuzz_bug("boot", "cma_init_reserved_mem", "CMA area %u is refused", i);
	}
}

extern initcall_entry_t __start_mmfuzz_linux_initcalls[], __stop_mmfuzz_linux_initcalls[];

static void do_initcalls(void)
{
	for (initcall_entry_t *call = __start_mmfuzz_linux_initcalls; call < __stop_mmfuzz_linux_initcalls; call++)
		initcall_from_entry(call)();
}

static phys_addr_t lowest_taken(phys_addr_t from)
{
	phys_addr_t lowest = PFN_PHYS(max_pfn), start, end;
	u64 i;

	for_each_reserved_mem_range(i, &start, &end) {
		if (start >= from)
			lowest = min(lowest, start);
	}
	return lowest;
}

/*
 * Its first section goes to the allocator, for slabs; the rest does not. What is taken of it must not be reserved a second
 * time.
 */
static void keep_boot_node(const struct gate_config *config)
{
	const phys_addr_t slabs = PFN_PHYS(config->max_pfn + PAGES_PER_SECTION);
	phys_addr_t start, end;
	u64 i;

	for (;;) {
		phys_addr_t bytes = 0;

		for_each_free_mem_range(i, BOOT_NODE, MEMBLOCK_NONE, &start, &end, NULL) {
			start = max(start, slabs);
			if (start >= end)
				continue;
			bytes = end - start;
			break;
		}
		if (!bytes)
			return;
		memblock_reserve(start, bytes);
	}
}

/* Where the zones of an architecture end; ZONE_MOVABLE is made of the marked memory. */
static unsigned long zone_end[MAX_NR_ZONES];

#ifdef HAVE_ARCH_ZONE_LIMITS
void arch_zone_limits_init(unsigned long *max_zone_pfn)
{
	memcpy(max_zone_pfn, zone_end, sizeof(zone_end));
}

static void init_zones(void)
{
	mm_core_init_early();
}
#else
static void init_zones(void)
{
	sparse_init();
	free_area_init(zone_end);
}
#endif

/* From now on who allocates may reclaim, and compact; and wake threads for it, on a machine where memory is ever low. */
static void open_reclaim(const struct gate_config *config)
{
	mmfuzz_setup_compaction();
	mmfuzz_setup_kthreads();
	gfp_allowed_mask = __GFP_BITS_MASK;
	if (!config->min_free)
		gfp_allowed_mask &= ~__GFP_KSWAPD_RECLAIM;
}

void gate_boot(const struct gate_config *config, unsigned long ram, unsigned long memmap)
{
	mmfuzz_block_order = config->block_order;
	mmfuzz_ram = ram;
	mmfuzz_memmap = memmap;
	bring_up_cpus(config->nr_cpus);
	mmfuzz_setup_percpu();
	mmfuzz_setup_tasks();
	mmfuzz_setup_work();

	/* setup_arch() */
	add_memory_of(config);
	max_pfn = max_low_pfn = config->max_pfn + MMFUZZ_BOOT_PFNS;
	for (unsigned int i = 0; i < config->nr_zones; i++)
		node_set_online(config->zones[i].nid);
	node_set_online(BOOT_NODE);
	mmfuzz_setup_nodes();
	zone_end[ZONE_DMA] = end_of_dma(config);
	zone_end[ZONE_NORMAL] = max_pfn;
	init_zones();

	/* start_kernel() */
	mmfuzz_reserve_hotplug(config);
	mmfuzz_reserve_devices();
	mmfuzz_reserve_unaccepted(config);
	mmfuzz_reserve_unplugged(config);
	mmfuzz_reserve_kthreads(config);
	boot_bytes = PFN_PHYS(max_pfn) - lowest_taken(PFN_PHYS(config->max_pfn));
	build_all_zonelists(NULL);
	/* However small the machine is: hotplug_tree.c says why. */
	page_group_by_mobility_disabled = 0;
	for (unsigned int i = 0; i < config->nr_zones; i++)
		memblock_phys_free(PFN_PHYS(config->zones[i].range.start), PFN_PHYS(config->zones[i].range.nr));
	for (unsigned int i = 0; i < config->nr_holes; i++)
		memblock_reserve(PFN_PHYS(config->holes[i].start), PFN_PHYS(config->holes[i].nr));
	reserve_cma(config);
	keep_boot_node(config);
	memblock_free_all();
	mmfuzz_setup_slab();
	radix_tree_init();
	pagecache_init();
	setup_per_cpu_pageset();
	mmfuzz_setup_host();
	mmfuzz_setup_reporting();
	do_initcalls();
	mmfuzz_setup_file();
	mmfuzz_setup_zs();
	mmfuzz_setup_balloons();
	mmfuzz_setup_hotplug(config);
	mmfuzz_setup_vmem(config);
	mmfuzz_close_boot_node();
	/*
	 * The kernel itself counts as one frame of unmovable memory that is in use for ever. However much is taken offline, no
	 * machine is without; setup_per_zone_wmarks() divides by how much there is.
	 */
	adjust_managed_page_count(pfn_to_page(config->max_pfn),
				  1 - (long)zone_managed_pages(page_zone(pfn_to_page(config->max_pfn))));
	/* But no place for what must leave another node: whoever offlines the last block of that looks at these. */
	node_clear_state(BOOT_NODE, N_MEMORY);
	/* As many as the machine says, not as the kernel finds right for memory of this size. */
	min_free_kbytes = config->min_free << (PAGE_SHIFT - 10);
	setup_per_zone_wmarks();
	system_state = SYSTEM_RUNNING;
	/* What was freed last is on pagesets. */
	drain_all_pages(NULL);
	/* The machine has been up for a while: what is free has been reported. */
	while (gate_time_passes(true))
		gate_run_work();
	open_reclaim(config);
}

void gate_memmap(char **start, unsigned long *bytes)
{
	*start = (char *)vmemmap;
	*bytes = max_pfn * sizeof(struct page);
}

/* It is taken from the top. */
void gate_boot_memory(char **start, unsigned long *bytes)
{
	phys_addr_t end = PFN_PHYS(max_pfn);

	*bytes = boot_bytes;
	*start = __va(end - boot_bytes);
}
