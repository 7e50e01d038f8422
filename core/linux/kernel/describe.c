// SPDX-License-Identifier: GPL-2.0-only
/* Names of the kernel's words, and of what they hold, for traces. Reads only (describe.h). */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/poison.h>
#include <linux/trace_events.h>
#include <linux/vmstat.h>

#include "mm/internal.h"
#include "mm/slab.h"

#include "../gate.h"
#include "describe.h"
#include "world.h"

#define NR_FRAMES (1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT))

struct field {
	const char *name;
	unsigned int offset;
	unsigned int bytes;
	unsigned int each; /* of an array */
};

#define FIELD(type, member)                                                    \
	{                                                                      \
#member, offsetof(type, member), sizeof_field(type, member), 0 \
	}
#define ARRAY(type, member)                                                  \
	{                                                                    \
#member, offsetof(type, member), sizeof_field(type, member), \
			sizeof(((type *)NULL)->member[0])                    \
	}

static const struct field page_fields[] = {
	FIELD(struct page, flags),
	FIELD(struct page, lru.next),
	FIELD(struct page, lru.prev),
	FIELD(struct page, mapping),
	{ "index", offsetof(struct folio, index), sizeof_field(struct folio, index), 0 },
	FIELD(struct page, private),
	FIELD(struct page, page_type),
	FIELD(struct page, _refcount),
};

static const struct field zone_fields[] = {
	FIELD(struct zone, lock),
	ARRAY(struct zone, _watermark),
	FIELD(struct zone, watermark_boost),
	FIELD(struct zone, nr_reserved_highatomic),
	ARRAY(struct zone, lowmem_reserve),
	FIELD(struct zone, per_cpu_pageset),
	FIELD(struct zone, pageset_high_min),
	FIELD(struct zone, pageset_high_max),
	FIELD(struct zone, pageset_batch),
	FIELD(struct zone, zone_start_pfn),
	FIELD(struct zone, managed_pages),
	FIELD(struct zone, spanned_pages),
	FIELD(struct zone, present_pages),
	FIELD(struct zone, nr_isolate_pageblock),
	FIELD(struct zone, span_seqlock),
	FIELD(struct zone, flags),
	FIELD(struct zone, percpu_drift_mark),
	FIELD(struct zone, compact_cached_free_pfn),
	ARRAY(struct zone, compact_cached_migrate_pfn),
	FIELD(struct zone, compact_init_migrate_pfn),
	FIELD(struct zone, compact_init_free_pfn),
	FIELD(struct zone, compact_considered),
	FIELD(struct zone, compact_defer_shift),
	FIELD(struct zone, compact_order_failed),
	FIELD(struct zone, compact_blockskip_flush),
	FIELD(struct zone, contiguous),
	FIELD(struct zone, unaccepted_pages.next),
	FIELD(struct zone, unaccepted_pages.prev),
};

static const struct field pcp_fields[] = {
	FIELD(struct per_cpu_pages, lock),	 FIELD(struct per_cpu_pages, count),
	FIELD(struct per_cpu_pages, high),	 FIELD(struct per_cpu_pages, high_min),
	FIELD(struct per_cpu_pages, high_max),	 FIELD(struct per_cpu_pages, batch),
	FIELD(struct per_cpu_pages, flags),	 FIELD(struct per_cpu_pages, alloc_factor),
	FIELD(struct per_cpu_pages, free_count),
};

#define print gate_print

static int print_field(const struct field *fields, unsigned int nr, unsigned long offset, char *buf,
		       unsigned long len)
{
	for (const struct field *field = fields; field < fields + nr; field++) {
		if (offset - field->offset >= field->bytes)
			continue;
		if (field->each)
			return print(buf, len, "%s[%lu]", field->name,
				     (offset - field->offset) / field->each);
		return print(buf, len, "%s", field->name);
	}
	return 0;
}
#define PRINT_FIELD(fields, offset, buf) \
	print_field(fields, ARRAY_SIZE(fields), offset, buf, sizeof(buf))

/* "Normal", and its node if that is not the first. */
static const char *zone_text(struct zone *zone, char text[48])
{
	if (zone_to_nid(zone))
		print(text, 48, "%s, node %d", zone->name, zone_to_nid(zone));
	else
		print(text, 48, "%s", zone->name);
	return text;
}

static const char *link_text(unsigned long offset)
{
	return offset % sizeof(struct list_head) ? "prev" : "next";
}

static int name_free_area(struct zone *zone, unsigned long offset, char *buf, unsigned long len)
{
	unsigned long order = offset / sizeof(struct free_area),
		      into = offset % sizeof(struct free_area);
	char text[48];

	if (into >= offsetof(struct free_area, nr_free))
		return print(buf, len, "zone->free_area[%lu].nr_free of %s", order,
			     zone_text(zone, text));
	return print(buf, len, "zone->free_area[%lu].free_list[%s].%s of %s", order,
		     migratetype_names[into / sizeof(struct list_head)], link_text(into),
		     zone_text(zone, text));
}

static int name_zone_word(struct zone *zone, unsigned long offset, char *buf, unsigned long len)
{
	const unsigned long area = offsetof(struct zone, free_area),
			    stat = offsetof(struct zone, vm_stat);
	char field[64], text[48];

	if (offset - area < sizeof(zone->free_area))
		return name_free_area(zone, offset - area, buf, len);
	if (offset - stat < sizeof(zone->vm_stat))
		return print(buf, len, "zone->vm_stat[%s] of %s",
			     zone_stat_name((offset - stat) / sizeof(zone->vm_stat[0])),
			     zone_text(zone, text));
	if (!PRINT_FIELD(zone_fields, offset, field))
		print(field, sizeof(field), "+%lu", offset);
	return print(buf, len, "zone->%s of %s", field, zone_text(zone, text));
}

static int name_pcp_word(struct zone *zone, int cpu, unsigned long offset, char *buf,
			 unsigned long len)
{
	const unsigned long lists = offsetof(struct per_cpu_pages, lists);
	char field[64], text[48];

	if (offset >= lists)
		print(field, sizeof(field), "lists[%lu].%s",
		      (offset - lists) / sizeof(struct list_head), link_text(offset - lists));
	else if (!PRINT_FIELD(pcp_fields, offset, field))
		print(field, sizeof(field), "+%lu", offset);
	return print(buf, len, "pcp->%s of CPU %d, %s", field, cpu, zone_text(zone, text));
}

/* What a zone has for each CPU. */
static int name_zone_percpu(struct zone *zone, unsigned long addr, char *buf, unsigned long len)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct per_cpu_pages *pcp = per_cpu_ptr(zone->per_cpu_pageset, cpu);
		struct per_cpu_zonestat *stat = per_cpu_ptr(zone->per_cpu_zonestats, cpu);
		char text[48];

		if (addr - (unsigned long)pcp < sizeof(*pcp))
			return name_pcp_word(zone, cpu, addr - (unsigned long)pcp, buf, len);
		if (addr - (unsigned long)stat->vm_stat_diff < sizeof(stat->vm_stat_diff))
			return print(buf, len, "vm_stat_diff[%s] of CPU %d, %s",
				     zone_stat_name(addr - (unsigned long)stat->vm_stat_diff), cpu,
				     zone_text(zone, text));
	}
	return 0;
}

static int name_lruvec_word(const struct lruvec *lruvec, int nid, unsigned long offset, char *buf,
			    unsigned long len)
{
	if (offset < sizeof(lruvec->lists))
		return print(buf, len, "lruvec->lists[%s].%s of node %d",
			     lru_list_name(offset / sizeof(struct list_head)), link_text(offset),
			     nid);
	if (offset - offsetof(struct lruvec, lru_lock) < sizeof(lruvec->lru_lock))
		return print(buf, len, "lruvec->lru_lock of node %d", nid);
	return print(buf, len, "lruvec->+%lu of node %d", offset, nid);
}

static int name_node_word(pg_data_t *node, unsigned long addr, char *buf, unsigned long len)
{
	unsigned long offset = addr - (unsigned long)node;
	const unsigned long stat = offsetof(pg_data_t, vm_stat),
			    lruvec = offsetof(pg_data_t, __lruvec);

	if (offset < sizeof(node->node_zones)) {
		struct zone *zone = &node->node_zones[offset / sizeof(struct zone)];

		return name_zone_word(zone, offset % sizeof(struct zone), buf, len);
	}
	if (offset - lruvec < sizeof(node->__lruvec))
		return name_lruvec_word(&node->__lruvec, node->node_id, offset - lruvec, buf, len);
	if (offset - stat < sizeof(node->vm_stat))
		return print(buf, len, "vm_stat[%s] of node %d",
			     node_stat_name((offset - stat) / sizeof(node->vm_stat[0])),
			     node->node_id);
	return offset < sizeof(*node) ?
		       print(buf, len, "pgdat->+%lu of node %d", offset, node->node_id) :
		       0;
}

static int name_node(unsigned long addr, char *buf, unsigned long len)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++) {
		pg_data_t *node = NODE_DATA(nid);
		int used = node ? name_node_word(node, addr, buf, len) : 0;

		for (int i = 0; !used && node && i < MAX_NR_ZONES; i++) {
			if (node->node_zones[i].name)
				used = name_zone_percpu(&node->node_zones[i], addr, buf, len);
		}
		if (used)
			return used;
	}
	return 0;
}

struct page *mmfuzz_page_of(unsigned long addr, unsigned long *offset)
{
	unsigned long into = addr - (unsigned long)vmemmap;

	if (into >= NR_FRAMES * sizeof(struct page))
		return NULL;
	*offset = into % sizeof(struct page);
	return vmemmap + into / sizeof(struct page);
}

/* The section that has its pageblocks' flags there. */
static struct mem_section *section_of_flags(unsigned long addr, unsigned long *pfn)
{
	for (unsigned long nr = 0; nr < NR_MEM_SECTIONS; nr++) {
		struct mem_section *section = __nr_to_section(nr);

		if (!section || !section->usage)
			continue;
		if (addr - (unsigned long)section->usage->pageblock_flags >=
		    BITS_TO_LONGS(SECTION_BLOCKFLAGS_BITS) * sizeof(long))
			continue;
		*pfn = section_nr_to_pfn(nr);
		return section;
	}
	return NULL;
}

static int name_contents(unsigned long addr, char *buf, unsigned long len)
{
	unsigned long offset = addr - mmfuzz_ram, pfn = offset >> PAGE_SHIFT;
	struct page *page = pfn_to_page(pfn);
	const struct kmem_cache *cache;

	/* Its block is offline, and what it was nobody knows any more. */
	if (PagePoisoned(page))
		return print(buf, len, "contents of pfn 0x%lx", pfn);
	cache = PageSlab(page) ? page_slab(page)->slab_cache : NULL;
	if (PageZsmalloc(page))
		return print(buf, len, "zspage at +%lu of pfn 0x%lx", offset & ~PAGE_MASK, pfn);
	if (cache)
		return print(buf, len, "%s at +%lu of pfn 0x%lx", cache->name, offset & ~PAGE_MASK,
			     pfn);
	if (page_to_nid(page) == BOOT_NODE)
		return print(buf, len, "boot memory +0x%lx of pfn 0x%lx", offset & ~PAGE_MASK, pfn);
	return print(buf, len, "contents of pfn 0x%lx", pfn);
}

int gate_describe_addr(unsigned long addr, char *buf, unsigned long len)
{
	unsigned long offset, pfn;
	struct page *page = mmfuzz_page_of(addr, &offset);
	char field[64];

	if (page && PRINT_FIELD(page_fields, offset, field))
		return print(buf, len, "page->%s of pfn 0x%lx", field, page_to_pfn(page));
	if (page)
		return print(buf, len, "page->+%lu of pfn 0x%lx", offset, page_to_pfn(page));
	if (addr - mmfuzz_ram < NR_FRAMES << PAGE_SHIFT)
		return name_contents(addr, buf, len);
	if (section_of_flags(addr, &pfn))
		return print(buf, len, "pageblock_flags from pfn 0x%lx", pfn);
	return name_node(addr, buf, len);
}

int mmfuzz_print_flags(unsigned long flags, char *buf, unsigned long len)
{
	int used = 0;

	for (const struct trace_print_flags *flag = pageflag_names; flag->name; flag++) {
		if (flags & flag->mask)
			used += print(buf + used, len - used, "%s%s", used ? "|" : "", flag->name);
	}
	return used ? used : print(buf, len, "no flags");
}

static int print_page_type(unsigned int value, char *buf, unsigned long len)
{
	static const struct {
		unsigned char type;
		const char *name;
	} types[] = {
		{ PGTY_buddy, "buddy" },       { PGTY_offline, "offline" },
		{ PGTY_table, "table" },       { PGTY_guard, "guard" },
		{ PGTY_slab, "slab" },	       { PGTY_hugetlb, "hugetlb" },
		{ PGTY_zsmalloc, "zsmalloc" }, { PGTY_unaccepted, "unaccepted" },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		if (value >> 24 == types[i].type)
			return print(buf, len, "%s", types[i].name);
	}
	return print(buf, len, "%d", value);
}

int mmfuzz_print_pageblock(unsigned long bits, char *buf, unsigned long len)
{
	unsigned int type = bits & 7;
	int used = print(buf, len, "%s", type < MIGRATE_TYPES ? migratetype_names[type] : "?");

#ifdef HAVE_ISOLATE_MODE
	if (bits & BIT(PB_migrate_isolate))
		used += print(buf + used, len - used, ", isolated");
#endif
	return used;
}

/* The types of all of its pageblocks, "Movable / Unmovable, isolated". */
static int print_pageblocks(unsigned long value, char *buf, unsigned long len)
{
	int used = 0;

	for (unsigned int bit = 0; bit < SECTION_BLOCKFLAGS_BITS && bit < BITS_PER_LONG;
	     bit += NR_PAGEBLOCK_BITS) {
		used += print(buf + used, len - used, "%s", bit ? " / " : "");
		used += mmfuzz_print_pageblock(value >> bit, buf + used, len - used);
	}
	return used;
}

/* Where a list goes on: "pfn 0x4", "&zone->free_area[0].free_list[Movable].next of Normal", "LIST_POISON1", "itself" */
static int print_pointer(unsigned long addr, unsigned long value, char *buf, unsigned long len)
{
	unsigned long offset;
	struct page *page = mmfuzz_page_of(value, &offset);
	char name[96];

	if (value == addr || value + offsetof(struct list_head, prev) == addr)
		return print(buf, len, "itself");
	if (value == (unsigned long)LIST_POISON1 || value == (unsigned long)LIST_POISON2)
		return print(buf, len, "LIST_POISON%d",
			     value == (unsigned long)LIST_POISON1 ? 1 : 2);
	/* compound_head of a tail. */
	if (page && offset == 1)
		return print(buf, len, "tail of pfn 0x%lx", page_to_pfn(page));
	if (page && (!offset || offset == offsetof(struct page, lru)))
		return print(buf, len, "pfn 0x%lx", page_to_pfn(page));
	return value && gate_describe_addr(value, name, sizeof(name)) ?
		       print(buf, len, "&%s", name) :
		       0;
}

/* Words whose values are addresses, as far as they are known. */
static bool is_pointer(unsigned long addr)
{
	unsigned long offset;
	const struct page *page = mmfuzz_page_of(addr, &offset);

	if (page)
		return offset == offsetof(struct page, lru.next) ||
		       offset == offsetof(struct page, lru.prev) ||
		       offset == offsetof(struct page, mapping) ||
		       (PageZsmalloc(page) &&
			(offset == offsetof(struct folio, index) || offset == offsetof(struct page, private)));
	return true;
}

int gate_describe_value(unsigned long addr, unsigned long value, char *buf, unsigned long len)
{
	unsigned long offset, pfn;
	struct page *page = mmfuzz_page_of(addr, &offset);

	/* A flag that means something else of a free block. */
	if (page && offset == offsetof(struct page, flags) && PageBuddy(page) && value & BIT(PG_reported))
		return print(buf, len, "reported");
	if (page && offset == offsetof(struct page, flags))
		return mmfuzz_print_flags(value, buf, len);
	if (page && offset == offsetof(struct page, page_type))
		return print_page_type(value, buf, len);
	if (section_of_flags(addr, &pfn))
		return print_pageblocks(value, buf, len);
	return is_pointer(addr) ? print_pointer(addr, value, buf, len) : 0;
}
