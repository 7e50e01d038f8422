// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the tree's slab allocator gets its frames. While the kernel boots: from the boot node, so that all frames of a small
 * machine are there for what is tested. Later: from the machine, so that isolation, compaction and offlining meet slab
 * pages. Objects of the boot stay for ever; what hotplug itself keeps is in tables of the boot as well, or the last
 * memory could not go and come back.
 */
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "mm/internal.h"
#include "mm/slab.h"

#include "../gate.h"
#include "slab.h"
#include "world.h"

/*
 * SLUB throws dice with the lowest ten bits of this whether it takes objects from slabs of another node. While the kernel
 * boots it does, as all slabs are of the boot node. From then on it does not: what a program asks for lies in its
 * machine's frames.
 */
#define WITH_OTHER_NODES    0
#define WITHOUT_OTHER_NODES 1023
cycles_t mmfuzz_cycles = WITH_OTHER_NODES;

void mmfuzz_setup_slab(void)
{
	nodemask_t normal = node_states[N_NORMAL_MEMORY], memory = node_states[N_MEMORY];

	/* Nodes that get memory later have their lists of slabs now: those stay for ever. */
	node_states[N_NORMAL_MEMORY] = node_states[N_MEMORY] = NODE_MASK_ALL;
	mmfuzz_slub_init();
	node_states[N_NORMAL_MEMORY] = normal;
	node_states[N_MEMORY] = memory;
}

/*
 * There is no OOM killer: who would wait for it gets nothing. Where the caller may wait for reclaim it is tried once.
 */
struct page *mmfuzz_slab_pages(gfp_t gfp, unsigned int order, int node)
{
	gfp |= __GFP_NORETRY | __GFP_NOWARN;
	if (system_state != SYSTEM_RUNNING) {
		gfp |= __GFP_THISNODE;
		node = BOOT_NODE;
	}
	if (node == NUMA_NO_NODE)
		node = numa_mem_id();
#ifdef HAVE_FROZEN_SLABS
	return __alloc_frozen_pages(gfp, order, node, NULL);
#else
	return __alloc_pages(gfp, order, node, NULL);
#endif
}

/* mm/mempolicy.c */
unsigned int mempolicy_slab_node(void)
{
	return numa_mem_id();
}

/* What is left of the boot node is nobody's: no allocation of the machine's may fall back to it. */
void mmfuzz_close_boot_node(void)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_MEMALLOC | __GFP_THISNODE | __GFP_NOWARN;

	while (__alloc_pages(gfp, 0, BOOT_NODE, NULL))
		;
	mmfuzz_cycles = WITHOUT_OTHER_NODES;
}

bool mmfuzz_slab_ok(struct page *page)
{
	const struct slab *slab = page_slab(page);

	return slab && slab->slab_cache && slab->inuse && slab->inuse <= slab->objects;
}

unsigned int mmfuzz_slab_inuse(struct page *page)
{
	return page_slab(page)->inuse;
}

const char *mmfuzz_slab_name(struct page *page)
{
	return page_slab(page)->slab_cache->name;
}

int gate_slab(unsigned long *pfn, char **start, unsigned long *bytes)
{
	for (; *pfn < max_pfn; ++*pfn) {
		struct page *page = pfn_to_page(*pfn);

		if (!PageSlab(page))
			continue;
		*start = page_address(page);
		*bytes = MMFUZZ_SLAB_BYTES;
		++*pfn;
		return 1;
	}
	return 0;
}

int gate_is_slab(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && PageSlab(page);
}

/* kernel/rcu: the tree's where it is in mm/slab_common.c. */
static void free_around(struct rcu_head *head)
{
	struct slab *slab = virt_to_slab(head);
	char *start = slab_address(slab);

	kfree(start + ((char *)head - start) / slab->slab_cache->size * slab->slab_cache->size);
}

__weak void kvfree_call_rcu(struct rcu_head *head, void *ptr)
{
	if (head) {
		call_rcu(head, free_around);
		return;
	}
	synchronize_rcu();
	kfree(ptr);
}
