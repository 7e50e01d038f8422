// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that comes and goes, a block (= a section) at a time: add, online, offline, remove.
 *
 *	        add_memory()             online_pages()
 *	ABSENT ------------> PRESENT ---> GOING_ONLINE ---> ONLINE
 *	       <------------         <--- GOING_OFFLINE <---
 *	       remove_memory()           offline_pages()
 *
 * All of it runs under LOCK_MEM_HOTPLUG. Others read a section's state without it:
 * - from PRESENT on the section's memmap may be read, under RCU: remove_memory() lets a grace period pass before it
 *   poisons the memmap, so a walker that forgot RCU is caught;
 * - from ONLINE on its words mean something and pfn_zone() works. Frames are handed to the buddy before, but on
 *   isolated pageblocks, where nobody is given them; onlining ends by un-isolating (as in Linux).
 *
 * Words of a block that is not online are 0, but for frames that an owner keeps (Offline|NeverOnlined): offlining steps
 * over Skippable frames and leaves them with their owner, who is now the only one to bring them back. Onlining steps
 * over them as well, and a block that holds some cannot be removed.
 *
 * This file knows no driver: drivers register notifiers, an online callback, and the regions that only they may fill.
 */
#include "internal.h"

#define MAX_MEMORY_NOTIFIERS 8
/* Linux tries until a signal comes; here a block that does not empty itself in so many passes is busy. */
#define MAX_OFFLINE_PASSES 5
#define OFFLINE_BATCH 32

/* Who wants to know, and what belongs to whom. Filled at boot by one CPU and constant until the next boot. */
static struct {
	unsigned int nr_notifiers;
	memory_notifier_t notifiers[MAX_MEMORY_NOTIFIERS];
	online_page_t online_page;
	unsigned int nr_regions;
	struct mmfuzz_range regions[MMFUZZ_MAX_VMEM]; /* of blocks */
} hotplug;

void memory_hotplug_init(void)
{
	__builtin_memset(&hotplug, 0, sizeof(hotplug));
}

int register_memory_notifier(memory_notifier_t fn)
{
	if (hotplug.nr_notifiers == MAX_MEMORY_NOTIFIERS)
		return -ENOSPC;
	hotplug.notifiers[hotplug.nr_notifiers++] = fn;
	return 0;
}

void set_online_page_callback(online_page_t fn)
{
	hotplug.online_page = fn;
}

int request_memory_region(unsigned long block, unsigned long nr)
{
	if (hotplug.nr_regions == ARRAY_SIZE(hotplug.regions))
		return -ENOSPC;
	hotplug.regions[hotplug.nr_regions++] = (struct mmfuzz_range){ .start = block, .nr = nr };
	return 0;
}

static bool block_in_region(unsigned long block)
{
	for (unsigned int i = 0; i < hotplug.nr_regions; i++)
		if (block - hotplug.regions[i].start < hotplug.regions[i].nr)
			return true;
	return false;
}

/* The section of a block number that came from outside; ends in a finding if there is no such block. */
static struct mem_section *block_section(unsigned long block)
{
	MM_BUG_ON(block >= mm->nr_sections, "block outside memory", SIM_NO_PFN, "block %lu of %lu", block,
		  mm->nr_sections);
	return &mem_section[block];
}

/* Release: who reads the state with acquire, without the lock, sees what the step before it has set up. */
static void set_section_state(struct mem_section *section, enum section_state state)
{
	smp_store_release(&section->state, state);
}

/* --- notifiers --- */

static void memory_notify(enum memory_action action, unsigned long start, unsigned int nr_told)
{
	for (unsigned int i = 0; i < nr_told; i++)
		hotplug.notifiers[i](action, start, section_nr_pages);
}

/*
 * Ask everybody; if one says no, tell those that had agreed already. (Linux tells all of them, also those that were
 * never asked, and each has to remember.) Each one asked may be made to refuse by FAULT_NOTIFIER, and in the end one
 * more that is not there, so that a machine without drivers sees the cancel path as well.
 */
static int memory_notify_going(enum memory_action action, enum memory_action cancel, unsigned long start)
{
	for (unsigned int i = 0; i <= hotplug.nr_notifiers; i++) {
		bool veto = should_fail(FAULT_NOTIFIER);

		if (!veto && i < hotplug.nr_notifiers)
			veto = hotplug.notifiers[i](action, start, section_nr_pages) != 0;
		if (!veto)
			continue;
		memory_notify(cancel, start, i);
		return -ECANCELED;
	}
	return 0;
}

/* --- add --- */

static int __add_memory(unsigned long block, unsigned int nid)
{
	struct mem_section *section = block_section(block);

	if (nid >= mm->nr_nodes)
		return -EINVAL;
	mutex_lock(&mm->mem_hotplug_lock);
	if (section->state != SECTION_ABSENT) {
		mutex_unlock(&mm->mem_hotplug_lock);
		return -EEXIST;
	}
	/* Words are 0, from boot or from remove_memory(). */
	sim_unpoison(pfn_to_page(block << section_order), section_nr_pages * sizeof(struct page));
	section->nid = nid;
	/* Pairs with the acquire in pfn_valid(). */
	set_section_state(section, SECTION_PRESENT);
	mutex_unlock(&mm->mem_hotplug_lock);
	return 0;
}

int add_memory(unsigned long block, unsigned int nid)
{
	return block_in_region(block) ? -EEXIST : __add_memory(block, nid);
}

int add_memory_driver_managed(unsigned long block, unsigned int nid)
{
	return __add_memory(block, nid);
}

/* --- online --- */

static void grow_zone_span(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long old_end = zone->zone_start_pfn + zone->spanned_pages;

	/* Scanners read both without a lock and may see one old, one new: they ask each frame's section anyway. */
	if (!zone->spanned_pages || start < zone->zone_start_pfn)
		WRITE_ONCE(zone->zone_start_pfn, start);
	WRITE_ONCE(zone->spanned_pages, max(old_end, end) - zone->zone_start_pfn);
}

static void move_section_to_zone(struct mem_section *section, struct zone *zone, unsigned long start)
{
	unsigned long end = start + section_nr_pages;

	grow_zone_span(zone, start, end);
	WRITE_ONCE(zone->present_pages, zone->present_pages + section_nr_pages);
	zone_lock(zone);
	for (unsigned long pfn = start; pfn < end; pfn += pageblock_nr_pages)
		WRITE_ONCE(pageblock_flags[pfn >> pageblock_order], MIGRATE_MOVABLE | PB_ISOLATE);
	zone->nr_isolate_pageblock += section_nr_pages >> pageblock_order;
	WRITE_ONCE(section->zone, zone->idx);
	zone_unlock(zone);
}

/* Everything that nobody keeps goes to the online callback or to the buddy, in the largest aligned blocks. */
static void online_pages_range(unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		unsigned int order = min(ilog2(end - pfn), MAX_PAGE_ORDER);

		if (page_word(pfn_to_page(pfn))) {
			pfn++;
			continue;
		}
		if (pfn)
			order = min(order, __ffs(pfn));
		for (unsigned long i = 1; i < 1ul << order; i++)
			if (page_word(pfn_to_page(pfn + i))) {
				order = ilog2(i);
				break;
			}
		if (!hotplug.online_page || !hotplug.online_page(pfn, order))
			generic_online_page(pfn, order);
		pfn += 1ul << order;
	}
}

static int __online_pages(struct mem_section *section, unsigned long start, enum mmfuzz_zone_type type)
{
	struct zone *zone;
	int err;

	if (section->state != SECTION_PRESENT)
		return section->state == SECTION_ABSENT ? -EINVAL : -EBUSY;
	zone = node_zone(section->nid, type);
	if (!zone)
		return -EINVAL;
	err = memory_notify_going(MEM_GOING_ONLINE, MEM_CANCEL_ONLINE, start);
	if (err)
		return err;
	set_section_state(section, SECTION_GOING_ONLINE);
	move_section_to_zone(section, zone, start);
	online_pages_range(start, start + section_nr_pages);
	/* Pairs with the acquire in pfn_to_online_page(): words, pageblocks and zone are as they will be. */
	set_section_state(section, SECTION_ONLINE);
	undo_isolate_page_range(start, start + section_nr_pages);
	memory_notify(MEM_ONLINE, start, hotplug.nr_notifiers);
	setup_per_zone_wmarks();
	return 0;
}

int online_pages(unsigned long block, enum mmfuzz_zone_type type)
{
	struct mem_section *section = block_section(block);
	int err;

	mutex_lock(&mm->mem_hotplug_lock);
	err = __online_pages(section, block << section_order, type);
	mutex_unlock(&mm->mem_hotplug_lock);
	return err;
}

/* --- offline --- */

/* Blocks with holes never leave, as in Linux; those with CMA pageblocks do not, or the area would have a hole. */
static int may_offline(unsigned long start)
{
	unsigned long end = start + section_nr_pages;

	for (unsigned int i = 0; i < mm->config.nr_holes; i++) {
		const struct mmfuzz_range *hole = &mm->config.holes[i];

		if (hole->start < end && hole->start + hole->nr > start)
			return -EINVAL;
	}
	for (unsigned int i = 0; i < mm->config.nr_cma; i++) {
		const struct mmfuzz_range *cma = &mm->config.cma[i];

		if (cma->start < end && cma->start + cma->nr > start)
			return -EBUSY;
	}
	return 0;
}

/* One pass over the block: what can move goes elsewhere, what could not goes back to its owner. */
static void migrate_range_away(unsigned long start, unsigned long end)
{
	unsigned long pfns[OFFLINE_BATCH];

	while (start < end) {
		unsigned long nr = isolate_migratepages_range(&start, end, OFFLINE_BATCH, pfns);

		nr = migrate_pages(pfns, nr, NULL, NULL, NULL, false);
		putback_movable_pages(pfns, nr);
	}
}

static int empty_range(struct zone *zone, unsigned long start, unsigned long end)
{
	for (unsigned int pass = 0; pass < MAX_OFFLINE_PASSES; pass++) {
		migrate_range_away(start, end);
		/* Pagesets are disabled, but a free that was under way may have landed on one. */
		drain_isolated_range(zone, start, end);
		if (!test_pages_isolated(start, end, ISOLATE_MODE_MEM_OFFLINE))
			return 0;
		cpu_relax();
	}
	return -EBUSY;
}

/*
 * Take the free block that holds @pfn off its list, as far as it lies in [start, end). Two isolated neighbours may have
 * merged into a block larger than a section: what is outside goes back.
 */
static unsigned long take_isolated_block(struct zone *zone, unsigned long pfn, unsigned long start, unsigned long end)
{
	unsigned long head = find_large_buddy(pfn);
	struct page *page = pfn_to_page(head);
	unsigned long word = page_word_locked(page);
	unsigned int order;

	MM_BUG_ON(!word_is_buddy(word) || head + (1ul << free_order(word)) <= pfn,
		  "page in use in a block that goes offline", pfn, "word 0x%lx", page_word_locked(pfn_to_page(pfn)));
	order = free_order(word);
	del_page_from_free_list(page, zone, order, MIGRATE_ISOLATE);
	while (head < start || head + (1ul << order) > end) {
		unsigned long half;

		order--;
		half = head + (1ul << order);
		if (half <= start) {
			add_to_free_list(pfn_to_page(head), zone, order, MIGRATE_ISOLATE, false);
			head = half;
		} else {
			add_to_free_list(pfn_to_page(half), zone, order, MIGRATE_ISOLATE, false);
		}
	}
	trace_offline(head, 1ul << order);
	return 1ul << order;
}

/*
 * The point of no return: nothing in the block is in use and nothing can be allocated from it. Free frames leave their
 * lists. Skippable ones stay with their owner but are no longer the allocator's: that makes them NeverOnlined, and
 * for whoever counts the frames of the allocator they were freed and went offline. Under LOCK_MEM_HOTPLUG their
 * words do not change behind us.
 */
static void remove_section_from_zone(struct mem_section *section, struct zone *zone, unsigned long start)
{
	unsigned long end = start + section_nr_pages;
	unsigned long gone = 0;

	zone_lock(zone);
	for (unsigned long pfn = start; pfn < end;) {
		struct page *page = pfn_to_page(pfn);
		unsigned long word = page_word_locked(page);
		unsigned long nr;

		if (!word_is_offline(word)) {
			nr = take_isolated_block(zone, pfn, start, end);
			gone += nr;
			pfn += nr;
			continue;
		}
		MM_BUG_ON(!(word & MISC_SKIPPABLE), "page in use in a block that goes offline", pfn, "word 0x%lx",
			  word);
		if (!(word & MISC_NEVER_ONLINED)) {
			trace_free(pfn, 0);
			trace_offline(pfn, 1);
			set_page_word(page, word | MISC_NEVER_ONLINED);
			gone++;
		}
		pfn++;
	}
	/*
	 * Not online any more before the isolate bits go, both under zone->lock: who wants to isolate one of these
	 * pageblocks looks at both under it. Release: pairs with the acquire in pfn_to_online_page().
	 */
	set_section_state(section, SECTION_PRESENT);
	/* Isolation has taken them out of the HIGHATOMIC reserve. */
	trace_unisolate(start, section_nr_pages);
	for (unsigned long pfn = start; pfn < end; pfn += pageblock_nr_pages)
		WRITE_ONCE(pageblock_flags[pfn >> pageblock_order], MIGRATE_MOVABLE);
	zone->nr_isolate_pageblock -= section_nr_pages >> pageblock_order;
	zone_unlock(zone);

	adjust_managed_page_count(zone, -(long)gone);
	WRITE_ONCE(zone->present_pages, zone->present_pages - section_nr_pages);
	/* Who found the section online may still ask for its zone. */
	synchronize_rcu();
	/* Under the lock: the buddy asks for the zone of a neighbouring section before it looks at that one's words. */
	zone_lock(zone);
	WRITE_ONCE(section->zone, ZONE_NONE);
	zone_unlock(zone);
}

static int __offline_pages(struct mem_section *section, unsigned long start)
{
	unsigned long end = start + section_nr_pages;
	struct zone *zone;
	int err;

	if (section->state != SECTION_ONLINE)
		return -EINVAL;
	err = may_offline(start);
	if (err)
		return err;
	zone = pfn_zone(start);
	zone_pcp_disable(zone);
	err = start_isolate_page_range(start, end, ISOLATE_MODE_MEM_OFFLINE);
	if (err)
		goto enable;
	err = memory_notify_going(MEM_GOING_OFFLINE, MEM_CANCEL_OFFLINE, start);
	if (err)
		goto undo;
	set_section_state(section, SECTION_GOING_OFFLINE);
	err = empty_range(zone, start, end);
	if (err) {
		set_section_state(section, SECTION_ONLINE);
		memory_notify(MEM_CANCEL_OFFLINE, start, hotplug.nr_notifiers);
		goto undo;
	}
	remove_section_from_zone(section, zone, start);
	memory_notify(MEM_OFFLINE, start, hotplug.nr_notifiers);
	setup_per_zone_wmarks();
	goto enable;
undo:
	undo_isolate_page_range(start, end);
enable:
	zone_pcp_enable(zone);
	return err;
}

int offline_pages(unsigned long block)
{
	struct mem_section *section = block_section(block);
	int err;

	mutex_lock(&mm->mem_hotplug_lock);
	err = __offline_pages(section, block << section_order);
	mutex_unlock(&mm->mem_hotplug_lock);
	return err;
}

/* --- remove --- */

static int __remove_memory(struct mem_section *section, unsigned long start)
{
	if (section->state != SECTION_PRESENT)
		return section->state == SECTION_ABSENT ? -EINVAL : -EBUSY;
	for (unsigned long pfn = start; pfn < start + section_nr_pages; pfn++)
		if (page_word(pfn_to_page(pfn)))
			return -EBUSY;
	set_section_state(section, SECTION_ABSENT);
	/* A walker that found the section there may still read its words. */
	synchronize_rcu();
	/* They are 0 already: a plain store, so that a race detector sees who reads them without RCU. */
	__builtin_memset(pfn_to_page(start), 0, section_nr_pages * sizeof(struct page));
	sim_poison(pfn_to_page(start), section_nr_pages * sizeof(struct page));
	return 0;
}

int remove_memory(unsigned long block)
{
	struct mem_section *section = block_section(block);
	int err;

	if (block_in_region(block))
		return -EBUSY;
	mutex_lock(&mm->mem_hotplug_lock);
	err = __remove_memory(section, block << section_order);
	mutex_unlock(&mm->mem_hotplug_lock);
	return err;
}

int offline_and_remove_memory(unsigned long block)
{
	struct mem_section *section = block_section(block);
	int err = 0;

	mutex_lock(&mm->mem_hotplug_lock);
	if (section->state == SECTION_ONLINE)
		err = __offline_pages(section, block << section_order);
	if (!err)
		err = __remove_memory(section, block << section_order);
	mutex_unlock(&mm->mem_hotplug_lock);
	return err;
}
