// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offline pages: frames that somebody keeps from the system, without a reference count anywhere (seed 001).
 *
 * Each frame of such memory says Offline by itself (order 0), so that a scanner can start anywhere and a balloon can
 * hand back single frames of what it got as a block. The word is the whole truth: whose the frame is (owner byte),
 * whether the buddy ever saw it (NeverOnlined), whether memory offlining may step over it (Skippable), whether it can
 * be moved (Movable) and whether a migrator has it (Isolated). Nothing may take or drop a reference here, and nothing
 * here knows a driver.
 *
 *	             set_page_offline()                       free, NeverOnlined clear
 *	   Frozen ----------------------> Offline ----------------------------------------> Frozen -> buddy
 *	   0 (block not yet onlined) ---> Offline|NeverOnlined ---> generic_online_page() ------------> buddy
 *	                                     ^          |
 *	   Offline|Skippable ----------------+          +--- free while the block is offline ---> 0
 *	                     its block goes offline
 *
 * Who may change what. The owner changes a word that is neither Movable nor Isolated alone. A Movable one is raced for
 * by compare-and-swap: the migrator sets Isolated, the owner clears Movable (claim_offline_page()), and whoever comes
 * first has the frame. A Skippable or NeverOnlined one must not change while its block comes or goes: a program's own
 * is changed under LOCK_MEM_HOTPLUG, a driver has notifiers to know when it must not.
 */
#include "internal.h"

static unsigned long offline_word(unsigned int owner, unsigned long flags)
{
	return misc_word(MISC_OFFLINE, 0, flags) | ((unsigned long)owner << MISC_OWNER_SHIFT);
}

void set_page_offline(struct page *page, unsigned int order, unsigned int owner, unsigned long flags)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long expected = flags & MISC_NEVER_ONLINED ? 0 : misc_word(MISC_FROZEN, order, 0);

	MM_BUG_ON(page_word_locked(page) != expected, "offline of a page that its owner does not have", pfn,
		  "order %u, owner 0x%x", order, owner);
	/* Before the words: a Movable frame may be migrated, freed and somebody else's as soon as it says so. */
	ram_poison(pfn, 1ul << order);
	for (unsigned long i = 0; i < 1ul << order; i++)
		set_page_word(page + i, offline_word(owner, flags));
}

struct page *alloc_offline_pages(gfp_t gfp, unsigned int order, unsigned int nid, unsigned int owner,
				 unsigned long flags)
{
	struct page *page = alloc_frozen_pages(gfp, order, nid);

	if (page)
		set_page_offline(page, order, owner, flags);
	return page;
}

int alloc_offline_page_range(unsigned long pfn, unsigned long nr, unsigned int owner, unsigned long flags)
{
	int err = alloc_contig_frozen_range(pfn, pfn + nr, false);

	if (err)
		return err;
	for (unsigned long end = pfn + nr; pfn < end; pfn++)
		set_page_offline(pfn_to_page(pfn), 0, owner, flags);
	return 0;
}

bool claim_offline_page(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long word;

	do {
		word = page_word(page);
		MM_BUG_ON(!word_is_offline(word) || !(word & MISC_MOVABLE), "claim of a page that is not movable", pfn,
			  "word 0x%lx", word);
		if (word & MISC_ISOLATED)
			return false;
		/* Pairs with the migrator's cmpxchg that sets Isolated: one of the two sees the other's bit. */
	} while (!page_word_cmpxchg(page, word, word & ~MISC_MOVABLE));
	return true;
}

/* The word of a frame that is about to be freed; ends in a finding if @owner may not do that. */
static unsigned long offline_word_to_free(unsigned long pfn, unsigned int owner)
{
	unsigned long word;

	MM_BUG_ON(!pfn_valid(pfn), "free of an offline page outside memory", pfn, "memory ends at 0x%lx", max_pfn);
	word = page_word(pfn_to_page(pfn));
	MM_BUG_ON(!word_is_offline(word), "free of a page that is not offline", pfn, "word 0x%lx", word);
	MM_BUG_ON(word & MISC_ISOLATED, "free of an isolated page", pfn, "owner 0x%x", misc_owner(word));
	MM_BUG_ON(word & MISC_MOVABLE, "free of a movable page that was not claimed", pfn, "owner 0x%x",
		  misc_owner(word));
	MM_BUG_ON(misc_owner(word) != owner, "free of an offline page of another owner", pfn, "0x%x frees, 0x%x owns",
		  owner, misc_owner(word));
	return word;
}

/*
 * The largest aligned block at @pfn that ends by @end, lies in one section and is NeverOnlined all over or nowhere:
 * each of its frames goes the same way.
 */
static unsigned int uniform_order(unsigned long pfn, unsigned long end, unsigned int owner)
{
	unsigned int order = min(ilog2(end - pfn), min(MAX_PAGE_ORDER, section_order));
	unsigned long word = offline_word_to_free(pfn, owner);

	if (pfn)
		order = min(order, __ffs(pfn));
	for (unsigned long i = 1; i < 1ul << order; i++)
		if ((offline_word_to_free(pfn + i, owner) ^ word) & MISC_NEVER_ONLINED)
			return ilog2(i);
	return order;
}

/* Words of a block on its way out: @head for the first frame, 0 for the rest. Of two who free a frame one ends here. */
static void unset_page_offline(unsigned long pfn, unsigned int order, unsigned int owner, unsigned long head)
{
	struct page *page = pfn_to_page(pfn);

	for (unsigned long i = 1ul << order; i-- > 0;) {
		unsigned long word = offline_word_to_free(pfn + i, owner);

		MM_BUG_ON(!page_word_cmpxchg(page + i, word, i ? 0 : head), "double free of an offline page", pfn + i,
			  "owner 0x%x", owner);
	}
}

void __free_offline_page_range(unsigned long pfn, unsigned long nr, unsigned int owner)
{
	unsigned long end = pfn + nr;

	while (pfn < end) {
		unsigned int order = uniform_order(pfn, end, owner);

		if (!(page_word(pfn_to_page(pfn)) & MISC_NEVER_ONLINED)) {
			unset_page_offline(pfn, order, owner, misc_word(MISC_FROZEN, order, 0));
			free_frozen_pages(pfn_to_page(pfn), order);
		} else {
			unset_page_offline(pfn, order, owner, 0);
			/* While its block is offline nobody has a use for the frame: onlining will find the word 0. */
			if (pfn_to_online_page(pfn))
				generic_online_page(pfn, order);
		}
		pfn += 1ul << order;
	}
}

void free_offline_page_range(unsigned long pfn, unsigned long nr)
{
	unsigned long flags = 0;

	MM_BUG_ON(pfn >= max_pfn || nr > max_pfn - pfn, "free of an offline page outside memory", pfn,
		  "%lu frames, memory ends at 0x%lx", nr, max_pfn);
	/* Only the owner, who is here, sets Skippable; only a Skippable frame becomes NeverOnlined behind its back. */
	for (unsigned long i = 0; i < nr; i++)
		flags |= offline_word_to_free(pfn + i, OFFLINE_OWNER_NONE);
	if (likely(!(flags & (MISC_SKIPPABLE | MISC_NEVER_ONLINED)))) {
		__free_offline_page_range(pfn, nr, OFFLINE_OWNER_NONE);
		return;
	}
	mutex_lock(&mm->mem_hotplug_lock);
	__free_offline_page_range(pfn, nr, OFFLINE_OWNER_NONE);
	mutex_unlock(&mm->mem_hotplug_lock);
}

void free_offline_page(unsigned long pfn, unsigned int order)
{
	MM_BUG_ON(order > MAX_PAGE_ORDER || !IS_ALIGNED(pfn, 1ul << order), "free of a misaligned offline page", pfn,
		  "order %u", order);
	free_offline_page_range(pfn, 1ul << order);
}

void set_offline_skippable(unsigned long pfn, unsigned int order, bool skippable)
{
	MM_BUG_ON(order > MAX_PAGE_ORDER || pfn >= max_pfn || 1ul << order > max_pfn - pfn,
		  "skippable outside memory", pfn, "order %u, memory ends at 0x%lx", order, max_pfn);
	mutex_lock(&mm->mem_hotplug_lock);
	for (unsigned long end = pfn + (1ul << order); pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);
		unsigned long word, new;

		do {
			word = pfn_valid(pfn) ? page_word(page) : 0;
			MM_BUG_ON(!word_is_offline(word) || misc_owner(word) != OFFLINE_OWNER_NONE,
				  "skippable on a page that the caller does not have offline", pfn, "word 0x%lx", word);
			new = skippable ? word | MISC_SKIPPABLE : word & ~MISC_SKIPPABLE;
			/* A migrator may set Isolated at the same time; its bit must not be lost. */
		} while (!page_word_cmpxchg(page, word, new));
	}
	mutex_unlock(&mm->mem_hotplug_lock);
}

void adjust_managed_page_count(struct zone *zone, long nr)
{
	atomic_long_add(nr, &zone->managed_pages);
}

void generic_online_page(unsigned long pfn, unsigned int order)
{
	struct page *page = pfn_to_page(pfn);
	struct zone *zone = pfn_zone(pfn);

	MM_BUG_ON(READ_ONCE(pfn_to_section(pfn)->zone) == ZONE_NONE, "online of memory that has no zone", pfn, "order %u",
		  order);
	if (MM_DEBUG)
		for (unsigned long i = 0; i < 1ul << order; i++)
			MM_BUG_ON(page_word_locked(page + i) != 0, "online of a page that is somebody's", pfn + i,
				  "order %u", order);
	trace_online(pfn, 1ul << order);
	adjust_managed_page_count(zone, 1l << order);
	/* To the tail: memory that may go away again is better used last (Linux: FPI_TO_TAIL). */
	free_one_page(zone, page, pfn, order, true);
}
