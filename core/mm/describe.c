// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of the words of the core, and of what they hold: for reports and traces, so that no address is shown where
 * there is a name. Only reads, takes no lock, and may run at any moment, on a machine that a finding has stopped half way.
 */
#include "describe.h"
#include "internal.h"

JUDGES_BEGIN

const char *const zone_type_names[MMFUZZ_NR_ZONE_TYPES] = { "DMA", "Normal", "Movable" };
const char *const section_state_names[] = { "absent", "present", "going online", "online",
					    "going offline" };

int describe_field(const struct field *fields, unsigned int nr, size_t offset, char *buf,
		   size_t len)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct field *field = &fields[i];

		if (offset - field->offset >= field->size)
			continue;
		if (field->each)
			return snprintf(buf, len, "%s[%zu]", field->name,
					(offset - field->offset) / field->each);
		return snprintf(buf, len, "%s", field->name);
	}
	return 0;
}

#define DESCRIBE_FIELD(fields, offset, buf) \
	describe_field(fields, sizeof(fields) / sizeof((fields)[0]), offset, buf, sizeof(buf))

/* "Normal", and its node where there are several. */
static const char *zone_name(const struct zone *zone, char name[32])
{
	if (mm->nr_nodes > 1)
		snprintf(name, 32, "%s node %u", zone_type_names[zone->type], zone->nid);
	else
		snprintf(name, 32, "%s", zone_type_names[zone->type]);
	return name;
}

static int describe_free_area(const struct zone *zone, size_t offset, char *buf, size_t len)
{
	unsigned int order = offset / sizeof(struct free_area);
	unsigned int mt = offset % sizeof(struct free_area) / sizeof(struct free_list);
	char name[32];

	if (mt >= MIGRATE_TYPES)
		return snprintf(buf, len, "zone->free_area[%u].nr_free of %s", order,
				zone_name(zone, name));
	return snprintf(buf, len, "zone->free_area[%u].free_list[%s].%s of %s", order,
			migratetype_names[mt], offset % sizeof(struct free_list) ? "tail" : "head",
			zone_name(zone, name));
}

static int describe_zone(const struct zone *zone, size_t offset, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct zone, lock),
		FIELD(struct zone, zone_start_pfn),
		FIELD(struct zone, spanned_pages),
		ARRAY_FIELD(struct zone, watermark),
		ARRAY_FIELD(struct zone, lowmem_reserve),
		FIELD(struct zone, deferred),
		FIELD(struct zone, present_pages),
		FIELD(struct zone, managed_pages),
		FIELD(struct zone, nr_isolate_pageblock),
		FIELD(struct zone, nr_reserved_highatomic),
		FIELD(struct zone, pcp_disabled),
	};
	static const char *const stats[NR_ZONE_STATS] = { "NR_FREE_PAGES", "NR_FREE_CMA",
							  "NR_FREE_HIGHATOMIC", "NR_FREE_ISOLATED",
							  "NR_GUARD" };
	const size_t area = offsetof(struct zone, free_area), stat = offsetof(struct zone, vm_stat);
	char field[64], name[32];

	if (offset - area < sizeof(zone->free_area))
		return describe_free_area(zone, offset - area, buf, len);
	if (offset - stat < sizeof(zone->vm_stat))
		return snprintf(buf, len, "%s of %s",
				stats[(offset - stat) / sizeof(zone->vm_stat[0])],
				zone_name(zone, name));
	if (!DESCRIBE_FIELD(fields, offset, field))
		return snprintf(buf, len, "zone %s", zone_name(zone, name));
	return snprintf(buf, len, "zone->%s of %s", field, zone_name(zone, name));
}

static int describe_pcp(const struct zone *zone, size_t offset, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct per_cpu_pages, lock),
		FIELD(struct per_cpu_pages, count),
		FIELD(struct per_cpu_pages, high),
		FIELD(struct per_cpu_pages, batch),
	};
	unsigned int cpu = offset / sizeof(struct per_cpu_pages);
	char field[64], name[32];

	offset %= sizeof(struct per_cpu_pages);
	if (!DESCRIBE_FIELD(fields, offset, field)) {
		size_t into = offset - offsetof(struct per_cpu_pages, lists);
		unsigned int list = into / sizeof(struct free_list);
		unsigned int row = list / MIGRATE_PCPTYPES;

		snprintf(field, sizeof(field), "lists[%u][%s].%s",
			 row <= PAGE_ALLOC_COSTLY_ORDER ? row : pageblock_order,
			 migratetype_names[list % MIGRATE_PCPTYPES],
			 into % sizeof(struct free_list) ? "tail" : "head");
	}
	return snprintf(buf, len, "pcp->%s of CPU %u, %s", field, cpu, zone_name(zone, name));
}

static int describe_zones(uintptr_t addr, char *buf, size_t len)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		const struct zone *zone = &mm->zones[i];

		if (addr - (uintptr_t)zone < sizeof(*zone))
			return describe_zone(zone, addr - (uintptr_t)zone, buf, len);
		if (addr - (uintptr_t)zone->pcp < nr_cpu_ids * sizeof(*zone->pcp))
			return describe_pcp(zone, addr - (uintptr_t)zone->pcp, buf, len);
	}
	return 0;
}

static int describe_section(size_t offset, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct mem_section, state),
		FIELD(struct mem_section, zone),
		FIELD(struct mem_section, nid),
	};
	char field[64] = "";

	DESCRIBE_FIELD(fields, offset % sizeof(struct mem_section), field);
	return snprintf(buf, len, "%s of section %zu", field, offset / sizeof(struct mem_section));
}

static int describe_state(size_t offset, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct mm_state, mem_hotplug_lock),
		FIELD(struct mm_state, pcp_batch_high_lock),
		FIELD(struct mm_state, cma_lock),
	};
	static const char *const events[NR_VM_EVENTS] = { "PGMIGRATE_SUCCESS", "PGMIGRATE_FAIL",
							  "PGMIGRATE_RETRY", "COMPACT_SUCCESS",
							  "COMPACT_FAIL" };
	const size_t event = offsetof(struct mm_state, vm_event);

	if (offset - event < sizeof(mm->vm_event))
		return snprintf(buf, len, "%s", events[(offset - event) / sizeof(mm->vm_event[0])]);
	return describe_field(fields, sizeof(fields) / sizeof(fields[0]), offset, buf, len);
}

int mm_describe_addr(const void *ptr, char *buf, size_t len)
{
	static int (*const others[])(uintptr_t addr, char *buf, size_t len) = {
		describe_zones,	       filemap_describe_addr, slab_describe_addr,
		balloon_describe_addr, vmem_describe_addr,
	};
	const uintptr_t addr = (uintptr_t)ptr;
	int used;

	if (!mm)
		return 0;
	if (addr - (uintptr_t)vmemmap < max_pfn * sizeof(struct page))
		return snprintf(buf, len, "memdesc of pfn 0x%zx",
				(addr - (uintptr_t)vmemmap) / sizeof(struct page));
	if (addr - (uintptr_t)pageblock_flags < mm->nr_pageblocks)
		return snprintf(buf, len, "type of pageblock %zu",
				addr - (uintptr_t)pageblock_flags);
	if (addr - (uintptr_t)sim_ram.base < sim_ram.nr_pages << sim_ram.cell_shift)
		return snprintf(buf, len, "contents of pfn 0x%zx",
				(addr - (uintptr_t)sim_ram.base) >> sim_ram.cell_shift);
	if (addr - (uintptr_t)mem_section < mm->nr_sections * sizeof(struct mem_section))
		return describe_section(addr - (uintptr_t)mem_section, buf, len);
	if (addr - (uintptr_t)mm < sizeof(*mm))
		return describe_state(addr - (uintptr_t)mm, buf, len);
	for (unsigned int i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		used = others[i](addr, buf, len);
		if (used)
			return used;
	}
	return 0;
}

/* Like misc words of memdesc_describe(), but for what goes without saying, and with the device for its number. */
static int describe_offline(unsigned long word, char *buf, size_t len)
{
	unsigned int owner = misc_owner(word);
	char name[32] = "";

	if (owner >= OFFLINE_OWNER_VMEM)
		snprintf(name, sizeof(name), " by virtio-mem %u", owner - OFFLINE_OWNER_VMEM);
	else if (owner >= OFFLINE_OWNER_BALLOON)
		snprintf(name, sizeof(name), " by balloon %u", owner - OFFLINE_OWNER_BALLOON);
	return snprintf(buf, len, "offline%s%s%s%s%s", name,
			word & MISC_NEVER_ONLINED ? ", never onlined" : "",
			word & MISC_SKIPPABLE ? ", skippable" : "",
			word & MISC_MOVABLE ? ", movable" : "",
			word & MISC_ISOLATED ? ", isolated" : "");
}

/* What a memdesc says in short: of a descriptor its frame in place of its address, of a free block not its neighbours. */
static int describe_word(unsigned long word, char *buf, size_t len)
{
	static const char *const free_names[NR_MEMDESC_TYPES] = {
		[MEMDESC_BUDDY] = "buddy", [MEMDESC_PCP] = "pcp", [MEMDESC_DEFERRED] = "deferred"
	};
	char desc[64];

	if (word == 0)
		return snprintf(buf, len, "0");
	if (word_type(word) < NR_MEMDESC_TYPES && free_names[word_type(word)])
		return snprintf(buf, len, "%s, order %u", free_names[word_type(word)],
				free_order(word));
	if (word_is_offline(word) && memdesc_valid(word))
		return describe_offline(word, buf, len);
	if (memdesc_valid(word) && memdesc_has_desc(word_type(word)) &&
	    slab_describe_desc((uintptr_t)word_desc(word), desc, sizeof(desc)))
		return snprintf(buf, len, "%s", desc);
	return memdesc_describe(word, buf, len);
}

static int describe_pageblock(unsigned char byte, char *buf, size_t len)
{
	unsigned int mt = byte & PB_MIGRATETYPE_MASK;

	if (mt >= MIGRATE_TYPES)
		return snprintf(buf, len, "0x%x", byte);
	return snprintf(buf, len, "%s%s", migratetype_names[mt],
			byte & PB_ISOLATE ? ", isolated" : "");
}

/* The word is the head or the tail of a list. */
static bool is_list_end(uintptr_t addr)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		const struct zone *zone = &mm->zones[i];
		size_t offset = addr - (uintptr_t)zone->free_area;

		if (offset < sizeof(zone->free_area))
			return offset % sizeof(struct free_area) <
			       offsetof(struct free_area, nr_free);
		offset = addr - (uintptr_t)zone->pcp;
		if (offset < nr_cpu_ids * sizeof(*zone->pcp))
			return offset % sizeof(*zone->pcp) - offsetof(struct per_cpu_pages, lists) <
			       sizeof(zone->pcp->lists);
	}
	return false;
}

static int describe_pointer(uintptr_t value, char *buf, size_t len)
{
	char name[80];

	if (slab_describe_desc(value, name, sizeof(name)))
		return snprintf(buf, len, "%s", name);
	return mm_describe_addr((const void *)value, name, sizeof(name)) ?
		       snprintf(buf, len, "&%s", name) :
		       0;
}

int mm_describe_value(const void *ptr, uint64_t value, char *buf, size_t len)
{
	const uintptr_t addr = (uintptr_t)ptr;

	if (!mm)
		return 0;
	if (addr - (uintptr_t)vmemmap < max_pfn * sizeof(struct page))
		return describe_word(value, buf, len);
	if (addr - (uintptr_t)pageblock_flags < mm->nr_pageblocks)
		return describe_pageblock(value, buf, len);
	if (addr - (uintptr_t)sim_ram.base < sim_ram.nr_pages << sim_ram.cell_shift)
		return snprintf(buf, len, "tag 0x%lx", (unsigned long)value);
	if (addr - (uintptr_t)mem_section < mm->nr_sections * sizeof(struct mem_section)) {
		bool state = (addr - (uintptr_t)mem_section) % sizeof(struct mem_section) == 0;

		if (state && (value & 0xff) <= SECTION_GOING_OFFLINE)
			return snprintf(buf, len, "%s", section_state_names[value & 0xff]);
	}
	if (is_list_end(addr))
		return (u32)value == LIST_NIL ? snprintf(buf, len, "empty") :
						snprintf(buf, len, "pfn 0x%x", (u32)value);
	return describe_pointer(value, buf, len);
}

JUDGES_END
