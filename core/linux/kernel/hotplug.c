// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory hotplug: what the kernel has drivers/base/memory.c and an architecture for. Each memory block is a struct
 * memory_block, as large as the machine says; its way from absent to present to online is the tree's own code. There is no
 * sysfs; groups are those of virtio-mem devices.
 */
#include <linux/ioport.h>
#include <linux/memblock.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/node.h>
#include <linux/notifier.h>
#include <linux/slab.h>

#include "mm/internal.h"

#include "../gate.h"
#include "poisoned.h"
#include "reported.h"
#include "unaccepted.h"
#include "unplugged.h"
#include "compacting.h"
#include "world.h"

/* Attempts to empty a block before the user gives up. */
#define PATIENCE 4u

static struct memory_block *block_table;
static struct resource *free_resources; /* by @sibling; serialised by device_hotplug_lock */
static struct memory_block *blocks[1ul << (MAX_PHYSMEM_BITS - SECTION_SIZE_BITS)];
/* What gate_block_state() says, without a lock: the objects are written as a whole when a block comes. */
static u8 states[ARRAY_SIZE(blocks)];
static unsigned long pfns_per_block;
static unsigned long nr_blocks;
static unsigned long end_of_dma;
static DEFINE_MUTEX(device_hotplug_lock);
static BLOCKING_NOTIFIER_HEAD(memory_chain);
/* Frames that a CPU puts into the allocator for the first time. */
static struct {
	unsigned long start, nr;
} onlining[NR_CPUS];
/* Of virtio-mem devices, from 1 on. */
static struct memory_group groups[1 + GATE_MAX_VMEM];
/* Nodes that have ZONE_MOVABLE from the boot on. */
static bool has_movable[MAX_NUMNODES];
/* Of the block that goes offline. */
static unsigned int attempts;
static unsigned long offlining_start;

/* What is in the kernel's data or in a per-CPU area lies on none of the machine's frames; whoever asks is told of this page. */
struct page mmfuzz_no_page;

/* ---- drivers/base ---- */

void lock_device_hotplug(void)
{
	mutex_lock(&device_hotplug_lock);
}

void unlock_device_hotplug(void)
{
	mutex_unlock(&device_hotplug_lock);
}

bool mmfuzz_memory_comes_or_goes(void)
{
	return mutex_is_locked(&device_hotplug_lock);
}

unsigned long memory_block_size_bytes(void)
{
	return pfns_per_block << PAGE_SHIFT;
}

int register_memory_notifier(struct notifier_block *notifier)
{
	return blocking_notifier_chain_register(&memory_chain, notifier);
}

void unregister_memory_notifier(struct notifier_block *notifier)
{
	blocking_notifier_chain_unregister(&memory_chain, notifier);
}

/* ---- compaction, and the last of a block that goes ---- */

/* Release: what it has looked at, it has looked at before that goes. Pairs with wait_for_compaction(). */
void mmfuzz_compaction_ends(void)
{
	atomic_dec_return_release(&mmfuzz_nr_compacting);
}

static void wait_for_compaction(void)
{
	mmfuzz_let_compact(false);
	/* In sequence there is nobody else. What it waits for may be work of this CPU. */
	while (!gate_in_sequence() && MMFUZZ_COMPACTION_WAITS && atomic_read_acquire(&mmfuzz_nr_compacting)) {
		gate_run_bound_work();
		mmfuzz_relax();
	}
}

/*
 * That a block is offline is told when pfn_to_online_page() does not find it any more, and before its memmap is poisoned. The
 * door's walkers, who have found it before, are waited for: docs/findings/walker-meets-offlining.md. So is compaction, which does not
 * begin again before the zone has got its new bounds.
 *
 * Before and behind the drivers is one more that is asked, and refuses where the program says so. All hear that it was called
 * off, as in the kernel: also a driver that was never asked.
 */
#ifdef HAVE_MEMORY_BLOCK_STATE
int memory_notify(enum memory_block_state state, void *v)
#else
int memory_notify(unsigned long state, void *v)
#endif
{
	const bool asks = state == MEM_GOING_ONLINE || state == MEM_GOING_OFFLINE;
	int answer;

	if (state == MEM_OFFLINE) {
		const struct memory_notify *notify = v;

		synchronize_rcu();
		wait_for_compaction();
		/* Drivers hear of it next, and may give up what they have there. */
		mmfuzz_left_region(notify->start_pfn, notify->nr_pages);
	}
	/* The sections are marked after this, their memmap is made: docs/findings/online-section-unordered.md. */
	if (state == MEM_GOING_ONLINE)
		smp_wmb();
	if (asks && mmfuzz_notifier_refuses())
		return notifier_from_errno(-EBUSY);
	answer = blocking_notifier_call_chain(&memory_chain, state, v);
	if (asks && !notifier_to_errno(answer) && mmfuzz_notifier_refuses())
		return notifier_from_errno(-EBUSY);
	return answer;
}

static struct memory_block *new_block(unsigned long block, int nid, struct memory_group *group)
{
	struct memory_block *mem = &block_table[block];

	*mem = (struct memory_block){
		.start_section_nr = pfn_to_section_nr(block * pfns_per_block),
		.state = MEM_OFFLINE,
		.nid = nid,
		.group = group,
	};
	blocks[block] = mem;
	WRITE_ONCE(states[block], 1);
	return mem;
}

/* ---- kernel/resource.c ---- */

void *mmfuzz_new_resource(unsigned long bytes)
{
	struct resource *resource = free_resources;

	if (bytes != sizeof(*resource) || !resource)
		mmfuzz_bug("no memory", "resource", "%lu bytes: the boot has made a table of resources of RAM", bytes);
	free_resources = resource->sibling;
	*resource = (struct resource){ 0 };
	return resource;
}

void mmfuzz_free_resource(const void *ptr)
{
	struct resource *resource = (struct resource *)ptr;

	resource->sibling = free_resources;
	free_resources = resource;
}

#ifdef HAVE_MEMORY_BLOCK_NID
int create_memory_block_devices(unsigned long start, unsigned long size, int nid, struct vmem_altmap *altmap,
				struct memory_group *group)
{
	unsigned long first = PFN_DOWN(start) / pfns_per_block;

	for (unsigned long block = first; block < first + PFN_DOWN(size) / pfns_per_block; block++)
		new_block(block, nid, group);
	return 0;
}
#else
/* The node is told afterwards, by register_memory_blocks_under_node(). */
int create_memory_block_devices(unsigned long start, unsigned long size, struct vmem_altmap *altmap,
				struct memory_group *group)
{
	unsigned long first = PFN_DOWN(start) / pfns_per_block;

	for (unsigned long block = first; block < first + PFN_DOWN(size) / pfns_per_block; block++)
		new_block(block, NUMA_NO_NODE, group);
	return 0;
}

void register_memory_blocks_under_node(int nid, unsigned long start_pfn, unsigned long end_pfn,
				       enum meminit_context context)
{
	for (unsigned long block = start_pfn / pfns_per_block; block <= (end_pfn - 1) / pfns_per_block; block++) {
		if (blocks[block])
			blocks[block]->nid = nid;
	}
}
#endif

void remove_memory_block_devices(unsigned long start, unsigned long size)
{
	unsigned long first = PFN_DOWN(start) / pfns_per_block;

	for (unsigned long block = first; block < first + PFN_DOWN(size) / pfns_per_block; block++) {
		unsigned long poison = mmfuzz_poison_forget(block * pfns_per_block, pfns_per_block);

		if (poison)
			num_poisoned_pages_sub(-1ul, poison);
		blocks[block] = NULL;
		WRITE_ONCE(states[block], 0);
	}
}

int walk_memory_blocks(unsigned long start, unsigned long size, void *arg, walk_memory_blocks_func_t func)
{
	unsigned long first = PFN_DOWN(start) / pfns_per_block;
	int ret = 0;

	for (unsigned long block = first; !ret && block < first + PFN_DOWN(size) / pfns_per_block; block++) {
		if (blocks[block])
			ret = func(blocks[block], arg);
	}
	return ret;
}

int for_each_memory_block(void *arg, walk_memory_blocks_func_t func)
{
	return walk_memory_blocks(0, nr_blocks * memory_block_size_bytes(), arg, func);
}

int memory_group_register_dynamic(int nid, unsigned long unit_pages)
{
	for (unsigned int id = 1; id < ARRAY_SIZE(groups); id++) {
		if (groups[id].is_dynamic)
			continue;
		groups[id] = (struct memory_group){ .nid = nid, .is_dynamic = true, .d.unit_pages = unit_pages };
		return id;
	}
	return -ENOMEM;
}

int memory_group_unregister(int id)
{
	groups[id].is_dynamic = false;
	return 0;
}

struct memory_group *memory_group_find_by_id(int id)
{
	return id > 0 && id < ARRAY_SIZE(groups) && groups[id].is_dynamic ? &groups[id] : NULL;
}

int node_notify(unsigned long state, void *v)
{
	return NOTIFY_DONE;
}

/* ---- an architecture ---- */

int arch_add_memory(int nid, u64 start, u64 size, struct mhp_params *params)
{
	return __add_pages(nid, PFN_DOWN(start), PFN_DOWN(size), params);
}

void arch_remove_memory(u64 start, u64 size, struct vmem_altmap *altmap, struct dev_pagemap *pgmap)
{
	__remove_pages(PFN_DOWN(start), PFN_DOWN(size), altmap, pgmap);
}

#ifndef memory_add_physaddr_to_nid
/* Firmware knows where devices are. */
int memory_add_physaddr_to_nid(u64 start)
{
	return mmfuzz_region_nid(PHYS_PFN(start));
}
#endif

/* ---- the machine ---- */

bool mmfuzz_onlining(unsigned long pfn)
{
	const unsigned int cpu = raw_smp_processor_id();

	return pfn - READ_ONCE(onlining[cpu].start) < READ_ONCE(onlining[cpu].nr);
}

/* From here on others may have them, and free them. */
void mmfuzz_onlined(void)
{
	WRITE_ONCE(onlining[raw_smp_processor_id()].nr, 0);
}

void mmfuzz_free_pages_core(struct page *page, unsigned int order, enum meminit_context context)
{
	const unsigned int cpu = raw_smp_processor_id();

	WRITE_ONCE(onlining[cpu].start, page_to_pfn(page));
	WRITE_ONCE(onlining[cpu].nr, 1ul << order);
	__free_pages_core(page, order, context);
}

/*
 * The pagesets of the zone are disabled and drained, and then the block is isolated: from there on nothing of it is on
 * a pageset when its lock is free. What is there nevertheless would be waited for as long as the user has patience.
 *
 * With the fault of docs/findings/nolock-fills-disabled-pageset.md there may be something, until that CPU frees again:
 * it is taken from there as if it did.
 */
static void check_pagesets(void)
{
	struct zone *zone = page_zone(pfn_to_page(offlining_start));
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct per_cpu_pages *pageset = per_cpu_ptr(zone->per_cpu_pageset, cpu);
		unsigned long flags, found = GATE_NONE;

		spin_lock_irqsave(&pageset->lock, flags);
		for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
			struct page *page;

			list_for_each_entry(page, &pageset->lists[i], pcp_list) {
				if (page_to_pfn(page) - offlining_start < pfns_per_block)
					found = page_to_pfn(page);
			}
		}
		spin_unlock_irqrestore(&pageset->lock, flags);
#ifdef FAULT_NOLOCK_FILLS_PAGESET
		if (found != GATE_NONE && !READ_ONCE(pageset->high_max)) {
			drain_all_pages(zone);
			continue;
		}
#endif
		if (found != GATE_NONE)
			mmfuzz_bug("isolated page on a pageset", "offline_pages",
				   "0x%lx is on the pageset of CPU %u, and nobody will take it from there", found, cpu);
	}
}

/* Between two attempts. */
bool mmfuzz_patience_ends(void)
{
	check_pagesets();
	mmfuzz_check_offlining(offlining_start, pfns_per_block);
	return ++attempts > PATIENCE;
}

static void describe_boot_memory(const struct gate_range *range)
{
	struct resource *ram = mmfuzz_new_resource(sizeof(*ram));

	ram->name = "System RAM";
	ram->start = PFN_PHYS(range->start);
	ram->end = PFN_PHYS(range->start + range->nr) - 1;
	ram->flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY;
	if (request_resource(&iomem_resource, ram))
		mmfuzz_bug("boot", "request_resource", "memory at 0x%lx is refused", range->start);
	for (unsigned long block = range->start / pfns_per_block; block < (range->start + range->nr) / pfns_per_block;
	     block++) {
		struct page *first = pfn_to_page(block * pfns_per_block);
		struct page *last = pfn_to_page((block + 1) * pfns_per_block - 1);
		struct memory_block *mem = new_block(block, page_to_nid(first), NULL);

		mem->state = MEM_ONLINE;
		WRITE_ONCE(states[block], 2);
		if (page_zone(first) == page_zone(last))
			mem->zone = page_zone(first);
	}
}

void mmfuzz_reserve_hotplug(const struct gate_config *config)
{
	struct resource *resources;
	unsigned long nr_resources;

	pfns_per_block = 1ul << config->section_order;
	nr_blocks = config->max_pfn >> config->section_order;
	nr_resources = nr_blocks + config->nr_zones + config->nr_vmem;
	block_table = memblock_alloc(nr_blocks * sizeof(*block_table), SMP_CACHE_BYTES);
	/* One for each zone of the boot and for each device, and for each block that comes later. */
	resources = memblock_alloc(nr_resources * sizeof(*resources), SMP_CACHE_BYTES);
	for (unsigned long i = nr_resources; i--;)
		mmfuzz_free_resource(&resources[i]);
	/* As sections of the boot have theirs: it stays when the section goes, for when it comes back. */
	for (unsigned long nr = 0; nr < pfn_to_section_nr(config->max_pfn); nr++) {
		struct mem_section *section = __nr_to_section(nr);

		if (!section->usage)
			section->usage = memblock_alloc(mem_section_usage_size(), sizeof(long));
	}
}

void mmfuzz_setup_hotplug(const struct gate_config *config)
{
	for (unsigned int i = 0; i < config->nr_zones; i++) {
		describe_boot_memory(&config->zones[i].range);
		if (config->zones[i].type == GATE_DMA)
			end_of_dma = config->zones[i].range.start + config->zones[i].range.nr;
		if (config->zones[i].type == GATE_MOVABLE)
			has_movable[config->zones[i].nid] = true;
	}
	/* Those of devices (device_online()). */
	if (config->nr_vmem)
		mhp_set_default_online_type(MMOP_ONLINE);
}

/* ---- the door ---- */

int gate_add_memory(unsigned long block, unsigned int nid)
{
	/* In the region of a device only its driver adds. */
	if (block >= nr_blocks || mmfuzz_region_nid(block * pfns_per_block) != NUMA_NO_NODE)
		return -EINVAL;
	return add_memory(nid, PFN_PHYS(block * pfns_per_block), memory_block_size_bytes(), MHP_NONE);
}

/* As user space asks for it: "online_kernel" or "online_movable". What lies low is for devices. */
static struct zone *zone_of_block(const struct memory_block *mem, enum gate_zone type)
{
	unsigned long start = section_nr_to_pfn(mem->start_section_nr);
	bool low = mem->nid == 0 && start < end_of_dma;

	if (type == GATE_MOVABLE)
		return zone_for_pfn_range(MMOP_ONLINE_MOVABLE, mem->nid, NULL, start, pfns_per_block);
	if (low != (type == GATE_DMA))
		return NULL;
	if (low)
		return &NODE_DATA(0)->node_zones[ZONE_DMA];
	return zone_for_pfn_range(MMOP_ONLINE_KERNEL, mem->nid, NULL, start, pfns_per_block);
}

static int online(struct memory_block *mem, enum gate_zone type)
{
	unsigned long start = section_nr_to_pfn(mem->start_section_nr);
	struct zone *zone = zone_of_block(mem, type);
	int err;

	if (!zone)
		return -EINVAL;
	/* The driver core's: whoever plugs such a block says -EHWPOISON. It can only be removed. */
	if (mmfuzz_nr_poisoned(start, pfns_per_block))
		return -EBUSY;
	if (!mmfuzz_claim(start, pfns_per_block, CLAIM_PLUGS))
		return -EBUSY;
	mem_hotplug_begin();
	err = online_pages(start, pfns_per_block, zone, mem->group);
	if (!err) {
		mem->zone = zone;
		mem->state = MEM_ONLINE;
		WRITE_ONCE(states[start / pfns_per_block], 2);
	}
	mem_hotplug_done();
	mmfuzz_unclaim(start, pfns_per_block, CLAIM_PLUGS);
	/* A driver that wants the block to go has a veto. */
	return err == -EPERM ? -ECANCELED : err;
}

/*
 * Where allocations cannot bear that a zone goes (docs/findings/zone-emptied-under-allocation.md), its last block stays as
 * long as other CPUs may be allocating.
 */
static bool must_stay(const struct memory_block *mem)
{
#ifdef FAULT_ZONE_EMPTIED
	return !gate_in_sequence() && mem->zone->present_pages <= pfns_per_block;
#else
	return false;
#endif
}

static int offline(struct memory_block *mem)
{
	unsigned long start = section_nr_to_pfn(mem->start_section_nr);
	int err;

	if (!mem->zone)
		return -EINVAL;
	if (must_stay(mem))
		return -EBUSY;
	if (!mmfuzz_claim(start, pfns_per_block, CLAIM_PLUGS))
		return -EBUSY;
	/* Whose CPU has just poisoned a frame may not have said so yet: with others at work they stay. */
	if (!gate_in_sequence() && mmfuzz_nr_poisoned(start, pfns_per_block)) {
		mmfuzz_unclaim(start, pfns_per_block, CLAIM_PLUGS);
		return -EBUSY;
	}
	mem_hotplug_begin();
	attempts = 0;
	offlining_start = start;
	err = offline_pages(start, pfns_per_block, mem->zone, mem->group);
	mmfuzz_let_compact(true);
	if (!err) {
		mem->zone = NULL;
		mem->state = MEM_OFFLINE;
		WRITE_ONCE(states[start / pfns_per_block], 1);
		mmfuzz_left(start, pfns_per_block);
		/* What is a device's has gone already (memory_notify()). */
		if (!mem->group) {
			mmfuzz_poison_goes_offline(start, pfns_per_block);
			gate_offlined(start, pfns_per_block);
		}
	}
	mem_hotplug_done();
	mmfuzz_unclaim(start, pfns_per_block, CLAIM_PLUGS);
	/* Who was tired of waiting. */
	return err == -EINTR ? -EBUSY : err;
}

/*
 * drivers/base/core.c: what the kernel itself does with blocks, under device_hotplug_lock. Those of a device come online as soon
 * as they are added, all others wait for the program, as if user space had such a rule.
 */
int device_online(struct device *dev)
{
	struct memory_block *mem = container_of(dev, struct memory_block, dev);
	bool movable = mem->online_type == MMOP_ONLINE ? has_movable[mem->nid] : mem->online_type == MMOP_ONLINE_MOVABLE;

	if (mem->state == MEM_ONLINE)
		return 1;
	return mem->group ? online(mem, movable ? GATE_MOVABLE : GATE_NORMAL) : 0;
}

int device_offline(struct device *dev)
{
	struct memory_block *mem = container_of(dev, struct memory_block, dev);

	return mem->state == MEM_OFFLINE ? 1 : offline(mem);
}

int gate_online_pages(unsigned long block, enum gate_zone type)
{
	struct memory_block *mem;
	int err = -EINVAL;

	lock_device_hotplug();
	mem = block < nr_blocks ? blocks[block] : NULL;
	if (mem && mem->state == MEM_OFFLINE)
		err = online(mem, type);
	unlock_device_hotplug();
	return err;
}

int gate_offline_pages(unsigned long block)
{
	struct memory_block *mem;
	int err = -EINVAL;

	lock_device_hotplug();
	mem = block < nr_blocks ? blocks[block] : NULL;
	if (mem && mem->state == MEM_ONLINE)
		err = offline(mem);
	unlock_device_hotplug();
	return err;
}

int gate_remove_memory(unsigned long block)
{
	unsigned long start = block * pfns_per_block;
	/* remove_memory() wants memory that is there. In parallel it may go in between: so not by its name. */
	int err = -EINVAL;

	lock_device_hotplug();
	if (block < nr_blocks && blocks[block] && !blocks[block]->group) {
		err = -EBUSY;
		if (blocks[block]->state == MEM_OFFLINE && mmfuzz_claim(start, pfns_per_block, CLAIM_PLUGS)) {
			__remove_memory(PFN_PHYS(start), memory_block_size_bytes());
			mmfuzz_unclaim(start, pfns_per_block, CLAIM_PLUGS);
			err = 0;
		}
	}
	unlock_device_hotplug();
	return err;
}

int gate_block_state(unsigned long block)
{
	return block < nr_blocks ? READ_ONCE(states[block]) : 0;
}
