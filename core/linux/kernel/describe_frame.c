// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frame in words, for findings: where the allocator has it, or whose it is, with count and flags, and what its pageblock is.
 * Reads only (describe.h).
 */
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "mm/internal.h"
#include "mm/slab.h"

#include "../gate.h"
#include "describe.h"

#define print gate_print
#define NR_FRAMES (1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT))

/* The free block that a frame is in; NULL if it is in none. */
static struct page *free_block_of(unsigned long pfn)
{
	for (unsigned int order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned long head = pfn & ~((1ul << order) - 1);
		struct page *page = pfn_to_page(head);

		if (!mmfuzz_is_online(head))
			return NULL;
		if (PageBuddy(page))
			return pfn < head + (1ul << buddy_order(page)) ? page : NULL;
	}
	return NULL;
}

/* Others may be changing it. */
static bool is_on_list(const struct page *page, const struct list_head *list)
{
	const struct list_head *item = READ_ONCE(list->next);

	for (unsigned long steps = 0; item != list && steps < NR_FRAMES; steps++) {
		unsigned long offset;
		const struct page *at = mmfuzz_page_of((unsigned long)item, &offset);

		if (!at || offset != offsetof(struct page, pcp_list))
			return false;
		if (at == page)
			return true;
		item = READ_ONCE(item->next);
	}
	return false;
}

/* A free block, and who has it. */
struct block {
	const struct page *page;
	unsigned int order;
	int cpu; /* on its pageset, or -1: in the buddy */
};

/* As order_to_pindex() has it; behind the small orders there is that of huge pages alone. */
static unsigned int order_of_list(unsigned int index)
{
	return min(index / MIGRATE_PCPTYPES, (unsigned int)pageblock_order);
}

static bool find_on_pagesets(unsigned long pfn, struct block *block)
{
	const struct zone *zone = page_zone(pfn_to_page(pfn));

	for_each_possible_cpu(block->cpu) {
		const struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, block->cpu);

		for (unsigned int i = 0; i < NR_PCP_LISTS; i++) {
			block->order = order_of_list(i);
			block->page = pfn_to_page(pfn & ~((1ul << block->order) - 1));
			if (is_on_list(block->page, &pcp->lists[i]))
				return true;
		}
	}
	return false;
}

static bool find_free_block(unsigned long pfn, struct block *block)
{
	block->page = free_block_of(pfn);
	if (!block->page)
		return find_on_pagesets(pfn, block);
	block->order = buddy_order(block->page);
	block->cpu = -1;
	return true;
}

static int print_free(const struct page *page, char *buf, unsigned long len)
{
	struct block block;
	int used;

	if (!find_free_block(page_to_pfn(page), &block))
		return 0;
	used = print(buf, len, "free");
	if (page != block.page)
		used += print(buf + used, len - used, " in pfn 0x%lx", page_to_pfn(block.page));
	used += print(buf + used, len - used, ", order %u", block.order);
	if (block.cpu >= 0)
		used += print(buf + used, len - used, " on a pageset of CPU %d", block.cpu);
	return used;
}

static int print_used(struct page *page, char *buf, unsigned long len)
{
	const struct folio *folio = (const struct folio *)page;
	const unsigned int order = PageHead(page) ? folio_order(folio) : 0;
	const struct kmem_cache *cache = PageSlab(page) ? page_slab(page)->slab_cache : NULL;

	if (cache)
		return print(buf, len, "slab of %s", cache->name);
	if (PageZsmalloc(page))
		return print(buf, len, "%szspage", PagePrivate(page) ? "first of a " : "");
	if (PageOffline(page))
		return print(buf, len, "offline, its driver's");
	if (PageReserved(page))
		return print(buf, len, "reserved");
	if (PageAnon(page))
		return print(buf, len, "anon folio, order %u, index %lu", order, folio->index);
	if (folio->mapping)
		return print(buf, len, "file folio, order %u, index %lu", order, folio->index);
	return print(buf, len, "in use, order %u", order);
}

static unsigned long pageblock_bits(unsigned long pfn)
{
	const struct mem_section_usage *usage = __pfn_to_section(pfn)->usage;
	unsigned long bit = ((pfn & (PAGES_PER_SECTION - 1)) >> pageblock_order) * NR_PAGEBLOCK_BITS;

	return READ_ONCE(usage->pageblock_flags[bit / BITS_PER_LONG]) >> bit % BITS_PER_LONG;
}

/* What it is itself, without a place. */
static int print_frame(struct page *page, char *buf, unsigned long len)
{
	unsigned long pfn = page_to_pfn(page);
	int used;

	if (gate_is_poisoned(pfn))
		return print(buf, len, "poisoned");
	if (gate_unaccepted(pfn, 1))
		return print(buf, len, "unaccepted");
	if (PageTail(page))
		return print(buf, len, "tail of pfn 0x%lx", page_to_pfn(compound_head(page)));
	used = page_ref_count(page) ? 0 : print_free(page, buf, len);
	return used ?: print_used(page, buf, len);
}

int gate_describe(unsigned long pfn, char *buf, unsigned long len)
{
	struct page *page = pfn_to_page(pfn);
	const unsigned long *flags = (const unsigned long *)&page->flags;
	char what[120], names[160], block[48];

	if (!mmfuzz_is_online(pfn))
		return print(buf, len, "not online");
	print_frame(page, what, sizeof(what));
	/* A flag that means something else of a free block. */
	if (PageBuddy(page) && *flags & BIT(PG_reported))
		print(names, sizeof(names), "reported");
	else
		mmfuzz_print_flags(*flags, names, sizeof(names));
	mmfuzz_print_pageblock(pageblock_bits(pfn), block, sizeof(block));
	return print(buf, len, "%s, count %d, %s; node %d zone %s, pageblock %s", what, page_ref_count(page), names,
		     page_to_nid(page), page_zone(page)->name, block);
}
