// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages without waiting for a lock, by the tree's own functions, which may be called from everywhere: as an
 * operation, and as an interrupt in the midst of one (the woven machine). What they free while they cannot have a
 * zone's lock lies on a list of the zone, until somebody frees who may wait.
 */
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/preempt.h>

#include "mm/internal.h"

#include "../gate.h"
#include "lockdep.h"
#include "world.h"

#ifdef HAVE_NOLOCK

/* What the kernel believes within an interrupt, and what it goes back to. */
struct interrupt {
	unsigned int kind; /* as the count of preemption has it; 0: it is none */
	int count;
	unsigned long flags;
};

/* What comes in although interrupts are off is an NMI: whoever is interrupted may have a zone's lock. */
static struct interrupt interrupt_begins(int is)
{
	struct interrupt interrupt = { .kind = 0 };

	if (!is)
		return interrupt;
	local_irq_save(interrupt.flags);
	interrupt.kind = HARDIRQ_OFFSET + (raw_irqs_disabled_flags(interrupt.flags) ? NMI_OFFSET : 0);
	__preempt_count_add(interrupt.kind);
	interrupt.count = preempt_count();
	mmfuzz_lockdep_irq_enter();
	return interrupt;
}

static void interrupt_ends(const struct interrupt *interrupt)
{
	if (!interrupt->kind)
		return;
	if (preempt_count() != interrupt->count)
		mmfuzz_bug("lock kept", "interrupt", "the count of preemption is 0x%x at its end, and was 0x%x", preempt_count(),
			   interrupt->count);
	if (!raw_irqs_disabled())
		mmfuzz_bug("interrupts on", "interrupt", "they were off when it began");
	mmfuzz_lockdep_irq_exit();
	__preempt_count_sub(interrupt->kind);
	local_irq_restore(interrupt->flags);
}

unsigned long gate_alloc_nolock(unsigned int order, unsigned int nid, int in_interrupt)
{
	const struct interrupt interrupt = interrupt_begins(in_interrupt);
#ifdef HAVE_NOLOCK_GFP
	struct page *page = alloc_pages_nolock(0, nid, order);
#else
	struct page *page = alloc_pages_nolock(nid, order);
#endif

	interrupt_ends(&interrupt);
	return page ? page_to_pfn(page) : GATE_NONE;
}

void gate_free_nolock(unsigned long pfn, unsigned int order, int in_interrupt)
{
	const struct interrupt interrupt = interrupt_begins(in_interrupt);

	free_pages_nolock(pfn_to_page(pfn), order);
	interrupt_ends(&interrupt);
}

/*
 * Its pages come compound, which split_page() does not take. Nobody else has a reference: walkers take them only to
 * what is on lists of reclaim, or movable.
 */
void mmfuzz_take_apart(struct page *page, unsigned int order)
{
	/* A word of its own in some trees, the only member of a struct in others. */
	unsigned long *second = (unsigned long *)&page[1].flags;

	if (!PageCompound(page))
		return;
	WRITE_ONCE(*second, *second & ~PAGE_FLAGS_SECOND);
	for (unsigned long i = 1; i < 1ul << order; i++) {
		WRITE_ONCE(page[i].mapping, NULL);
		set_page_private(&page[i], 0);
		clear_compound_head(&page[i]);
	}
	ClearPageHead(page);
}

/* ---- what waits for somebody to free it ---- */

static struct page *page_of(struct llist_node *node)
{
	return llist_entry(node, struct page, pcp_llist);
}

unsigned long mmfuzz_deferred(struct zone *zone)
{
	unsigned long frames = 0;

	for (struct llist_node *node = zone->trylock_free_pages.first; node; node = node->next) {
		struct page *page = page_of(node);

		if (page_zone(page) != zone || PageBuddy(page) || page_ref_count(page) || page_private(page) > MAX_PAGE_ORDER)
			mmfuzz_bug("deferred free", "check", "0x%lx waits to be freed to zone %s of node %d, and %s",
				   page_to_pfn(page), zone->name, zone_to_nid(zone),
				   page_zone(page) != zone ? "is of another zone" :
				   PageBuddy(page)	   ? "is on a free list" :
				   page_ref_count(page)	   ? "has references" :
							     "has no order");
		frames += 1ul << page_private(page);
		if (frames > zone->present_pages)
			mmfuzz_bug("deferred free", "check", "the list of zone %s of node %d does not end", zone->name,
				   zone_to_nid(zone));
	}
	return frames;
}

/*
 * Nobody runs. Whoever finds its pageset busy frees to the zone, and then also what waits there: so one of those is
 * as if it were freed again, while the pageset is.
 */
void gate_free_deferred(void)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pages *pageset = this_cpu_ptr(zone->per_cpu_pageset);
		struct llist_node *node = llist_del_first(&zone->trylock_free_pages);
		struct page *page;

		if (!node)
			continue;
		page = page_of(node);
		gate_allocated(page_to_pfn(page), page_private(page));
		spin_lock(&pageset->lock);
		free_frozen_pages(page, page_private(page));
		spin_unlock(&pageset->lock);
	}
}

#else

void mmfuzz_take_apart(struct page *page, unsigned int order)
{
}

unsigned long mmfuzz_deferred(struct zone *zone)
{
	return 0;
}

void gate_free_deferred(void)
{
}

#endif
