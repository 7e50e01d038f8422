// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot, snapshot, reset and shutdown of the core: the arena, its layout, zones, zonelists, watermarks.
 *
 *   arena  | mm_state | sections | pageblocks | zones | pagesets | drivers' state ... | memmap |
 *          '--- copied to the snapshot once, and back at each reset ------------------------'
 *
 * Nothing here may depend on where the arena lies, or two runs of one input could differ. The memmap comes from the
 * kernel zeroed and untouched: 0 is the word of a frame that is no head, so a boot writes one word a free block.
 */
#include <stdio.h>

#include "internal.h"
#include "freelist.h"

struct mm_state *mm;
struct page *vmemmap;
struct mem_section *mem_section;
unsigned char *pageblock_flags;
unsigned long max_pfn;
unsigned int pageblock_order;
unsigned int pcp_max_order;
unsigned int section_order;

static struct {
	char *base;
	size_t reserved;
	size_t used;
	char *snapshot; /* [used] */
} arena;

static const char *const lock_names[NR_LOCK_RANKS] = {
	[LOCK_VMEM_WORK] = "vmem->work_lock",
	[LOCK_BALLOON_WORK] = "balloon->work_lock",
	[LOCK_MEM_HOTPLUG] = "mem_hotplug_lock",
	[LOCK_CMA] = "cma_lock",
	[LOCK_PCP_BATCH_HIGH] = "pcp_batch_high_lock",
	[LOCK_VMEM] = "vmem->lock",
	[LOCK_MAPPING] = "mapping->lock",
	[LOCK_BALLOON] = "balloon_pages_lock",
	[LOCK_PCP] = "pcp->lock",
	[LOCK_ZONE] = "zone->lock",
	[LOCK_DESC] = "desc_cache->lock",
};

void *arena_alloc(size_t size, size_t align)
{
	size_t at = ALIGN(arena.used, align);

	MM_BUG_ON(at + size > arena.reserved, "arena too small", SIM_NO_PFN, "%zu bytes more", size);
	arena.used = at + size;
	return arena.base + at;
}

/* --- is the configuration one that can be? --- */

static int bad_config(const char *what)
{
	fprintf(stderr, "mmfuzz: machine configuration: %s\n", what);
	return -EINVAL;
}

static bool in_machine(const struct mmfuzz_config *c, const struct mmfuzz_range *r)
{
	return r->nr && r->nr <= c->max_pfn && r->start <= c->max_pfn - r->nr;
}

static bool ranges_overlap(const struct mmfuzz_range *a, const struct mmfuzz_range *b)
{
	return a->start < b->start + b->nr && b->start < a->start + a->nr;
}

static bool aligned_to(const struct mmfuzz_range *r, unsigned int order)
{
	return IS_ALIGNED(r->start | r->nr, 1ul << order);
}

static bool inside_one_zone(const struct mmfuzz_config *c, const struct mmfuzz_range *r)
{
	for (unsigned int i = 0; i < c->nr_zones; i++)
		if (r->start >= c->zones[i].range.start &&
		    r->start + r->nr <= c->zones[i].range.start + c->zones[i].range.nr)
			return true;
	return false;
}

/* Zones do not overlap, so the frames that they have in common with @r can be counted one zone at a time. */
static bool inside_boot_memory(const struct mmfuzz_config *c, const struct mmfuzz_range *r)
{
	unsigned long nr = 0;

	for (unsigned int i = 0; i < c->nr_zones; i++) {
		const struct mmfuzz_range *z = &c->zones[i].range;

		if (ranges_overlap(r, z))
			nr += min(r->start + r->nr, z->start + z->nr) - max(r->start, z->start);
	}
	return nr == r->nr;
}

static int check_ranges(const struct mmfuzz_config *c)
{
	for (unsigned int i = 0; i < c->nr_zones; i++) {
		const struct mmfuzz_zone_config *z = &c->zones[i];

		if (!in_machine(c, &z->range) || !aligned_to(&z->range, c->section_order))
			return bad_config("a zone is not made of whole sections below max_pfn");
		if (z->nid >= MMFUZZ_MAX_NODES || z->type >= MMFUZZ_NR_ZONE_TYPES)
			return bad_config("a zone has no such node or type");
		for (unsigned int j = 0; j < i; j++)
			if (ranges_overlap(&z->range, &c->zones[j].range))
				return bad_config("two zones overlap");
	}
	for (unsigned int i = 0; i < c->nr_holes; i++)
		if (!in_machine(c, &c->holes[i]) || !inside_boot_memory(c, &c->holes[i]))
			return bad_config("a hole is not inside boot memory");
	for (unsigned int i = 0; i < c->nr_cma; i++) {
		if (!in_machine(c, &c->cma[i]) || !inside_one_zone(c, &c->cma[i]) ||
		    !aligned_to(&c->cma[i], c->pageblock_order))
			return bad_config("a CMA area is not made of whole pageblocks inside a zone");
		for (unsigned int j = 0; j < c->nr_holes; j++)
			if (ranges_overlap(&c->cma[i], &c->holes[j]))
				return bad_config("a CMA area has a hole");
	}
	for (unsigned int i = 0; i < c->nr_vmem; i++) {
		const struct mmfuzz_vmem_config *v = &c->vmem[i];

		if (!in_machine(c, &v->region) || !aligned_to(&v->region, c->section_order))
			return bad_config("a virtio-mem region is not made of whole sections below max_pfn");
		if (v->nid >= MMFUZZ_MAX_NODES || v->sb_order < c->pageblock_order || v->sb_order > c->section_order)
			return bad_config("a virtio-mem device has no such node or subblock size");
		for (unsigned int j = 0; j < c->nr_zones; j++)
			if (ranges_overlap(&v->region, &c->zones[j].range))
				return bad_config("a virtio-mem region is boot memory");
		for (unsigned int j = 0; j < i; j++)
			if (ranges_overlap(&v->region, &c->vmem[j].region))
				return bad_config("two virtio-mem regions overlap");
	}
	return 0;
}

static int check_config(const struct mmfuzz_config *c)
{
	if (!c->nr_cpus || c->nr_cpus > NR_CPUS)
		return bad_config("1 to 64 CPUs");
	if (!c->pageblock_order || c->pageblock_order > MAX_PAGE_ORDER)
		return bad_config("pageblock_order is 1 to 10");
	if (c->section_order < c->pageblock_order || c->section_order > FREE_LINK_BITS)
		return bad_config("section_order is pageblock_order to 28");
	if (!c->max_pfn || c->max_pfn > 1ul << FREE_LINK_BITS || !IS_ALIGNED(c->max_pfn, 1ul << c->section_order))
		return bad_config("max_pfn is whole sections, 1 to 2^28 frames");
	if (!c->nr_zones || c->nr_zones > MMFUZZ_MAX_ZONES || c->nr_holes > MMFUZZ_MAX_HOLES ||
	    c->nr_cma > MMFUZZ_MAX_CMA || c->nr_vmem > MMFUZZ_MAX_VMEM || c->nr_balloons > MMFUZZ_MAX_BALLOONS)
		return bad_config("too many (or no) zones, holes, CMA areas or devices");
	if (c->guard_order > MAX_PAGE_ORDER || c->ram_shift < 3 || c->ram_shift > 12)
		return bad_config("guard_order is 0 to 10, ram_shift 3 to 12");
	if (c->pcp_batch > 1u << 20 || c->pcp_high > 1u << 20)
		return bad_config("pcp_batch and pcp_high are at most 2^20");
	return check_ranges(c);
}

/* --- zones --- */

static void free_area_init(struct zone *zone)
{
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++)
			list_init(&zone->free_area[order].free_list[mt]);
}

static void pageset_init(struct zone *zone)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct per_cpu_pages *pcp = &zone->pcp[cpu];

		spin_lock_init(&pcp->lock, LOCK_PCP);
		for (unsigned int i = 0; i < NR_PCP_LISTS; i++)
			list_init(&pcp->lists[i]);
	}
}

/* The list of zones as the configuration gives them, and room for memory that is added later. */
static unsigned int list_zones(const struct mmfuzz_config *c, struct mmfuzz_zone_config *out)
{
	bool have[MMFUZZ_MAX_NODES][MMFUZZ_NR_ZONE_TYPES] = { 0 };
	bool node[MMFUZZ_MAX_NODES] = { 0 };
	unsigned int nr = 0;

	for (unsigned int i = 0; i < c->nr_zones; i++) {
		have[c->zones[i].nid][c->zones[i].type] = true;
		node[c->zones[i].nid] = true;
	}
	for (unsigned int i = 0; i < c->nr_vmem; i++)
		node[c->vmem[i].nid] = true;
	for (unsigned int nid = 0; nid < MMFUZZ_MAX_NODES; nid++) {
		if (node[nid])
			have[nid][MMFUZZ_ZONE_NORMAL] = have[nid][MMFUZZ_ZONE_MOVABLE] = true;
		for (unsigned int type = 0; type < MMFUZZ_NR_ZONE_TYPES; type++)
			if (have[nid][type])
				out[nr++] = (struct mmfuzz_zone_config){ .nid = nid, .type = type };
	}
	return nr;
}

struct zone *node_zone(unsigned int nid, enum mmfuzz_zone_type type)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++)
		if (mm->zones[i].nid == nid && mm->zones[i].type == type)
			return &mm->zones[i];
	return NULL;
}

static void zones_init(const struct mmfuzz_zone_config *list)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		struct zone *zone = &mm->zones[i];

		spin_lock_init(&zone->lock, LOCK_ZONE);
		zone->idx = i;
		zone->nid = list[i].nid;
		zone->type = list[i].type;
		zone->pcp = arena_alloc(nr_cpu_ids * sizeof(struct per_cpu_pages), 64);
		free_area_init(zone);
		pageset_init(zone);
		mm->nr_nodes = max(mm->nr_nodes, list[i].nid + 1u);
	}
}

/* Own node first, from the highest type that is allowed down; then the other nodes, the next one first. */
static void build_zonelists(void)
{
	for (unsigned int nid = 0; nid < mm->nr_nodes; nid++)
		for (unsigned int type = 0; type < MMFUZZ_NR_ZONE_TYPES; type++) {
			unsigned char *z = mm->zonelists[nid][type].zones;

			for (unsigned int n = 0; n < mm->nr_nodes; n++)
				for (int t = type; t >= 0; t--) {
					struct zone *zone = node_zone((nid + n) % mm->nr_nodes, t);

					if (zone)
						*z++ = zone->idx;
				}
			*z = ZONE_NONE;
		}
}

void setup_per_zone_wmarks(void)
{
	unsigned long total = 0;

	for (unsigned int i = 0; i < mm->nr_zones; i++)
		total += zone_managed_pages(&mm->zones[i]);
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		struct zone *zone = &mm->zones[i];
		unsigned long managed = zone_managed_pages(zone);
		unsigned long wmark = total ? mm->config.min_free * managed / total : 0;
		unsigned long higher = 0;

		WRITE_ONCE(zone->watermark[WMARK_MIN], wmark);
		WRITE_ONCE(zone->watermark[WMARK_LOW], wmark + wmark / 4);
		WRITE_ONCE(zone->watermark[WMARK_HIGH], wmark + wmark / 2);
		/* Who could use a higher zone leaves a 32nd of its size in this one. */
		for (unsigned int type = 0; type < MMFUZZ_NR_ZONE_TYPES; type++) {
			struct zone *other = node_zone(zone->nid, type);

			if (other && type > zone->type)
				higher += zone_managed_pages(other);
			WRITE_ONCE(zone->lowmem_reserve[type], higher / 32);
		}
	}
}

static void pagesets_boot(void)
{
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		struct zone *zone = &mm->zones[i];
		unsigned long managed = zone_managed_pages(zone);

		/* Linux: 1/1024 of the zone, at most 63; the small zones of a fuzzer need some to have any. */
		zone->pcp_batch = mm->config.pcp_batch ? (int)mm->config.pcp_batch :
							 (int)clamp_t(unsigned long, managed / 256, 4, 63);
		zone->pcp_high = mm->config.pcp_high ? (int)mm->config.pcp_high : 6 * zone->pcp_batch;
		for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
			zone->pcp[cpu].high = zone->pcp_high;
			zone->pcp[cpu].batch = zone->pcp_batch;
		}
	}
}

/* --- boot memory --- */

/* The next frame of [pfn, end) that is in a hole, and where that hole ends. */
static unsigned long next_hole(unsigned long pfn, unsigned long end, unsigned long *hole_end)
{
	unsigned long at = end;

	*hole_end = end;
	for (unsigned int i = 0; i < mm->config.nr_holes; i++) {
		const struct mmfuzz_range *hole = &mm->config.holes[i];

		if (hole->start + hole->nr > pfn && hole->start < at) {
			at = max(hole->start, pfn);
			*hole_end = min(hole->start + hole->nr, end);
		}
	}
	return at;
}

/* Frames without holes into the buddy, in the largest blocks that their alignment allows. */
static void free_boot_range(struct zone *zone, unsigned long pfn, unsigned long end)
{
	atomic_long_add(end - pfn, &zone->managed_pages);
	while (pfn < end) {
		unsigned int order = pfn ? min((unsigned int)__builtin_ctzl(pfn), MAX_PAGE_ORDER) : MAX_PAGE_ORDER;

		while (pfn + (1ul << order) > end)
			order--;
		free_one_page_locked(zone, pfn_to_page(pfn), pfn, order, true);
		pfn += 1ul << order;
	}
}

static void boot_range(struct zone *zone, const struct mmfuzz_range *range)
{
	unsigned long end = range->start + range->nr;
	unsigned long zone_end = max(zone->zone_start_pfn + zone->spanned_pages, end);
	unsigned long pfn = range->start;

	for (unsigned long nr = pfn >> section_order; nr < end >> section_order; nr++)
		mem_section[nr] = (struct mem_section){
			.state = SECTION_ONLINE, .zone = zone->idx, .nid = zone->nid
		};
	zone->zone_start_pfn = zone->spanned_pages ? min(zone->zone_start_pfn, pfn) : pfn;
	zone->spanned_pages = zone_end - zone->zone_start_pfn;
	zone->present_pages += range->nr;
	zone_lock(zone);
	while (pfn < end) {
		unsigned long hole_end;
		unsigned long hole = next_hole(pfn, end, &hole_end);

		if (hole > pfn)
			free_boot_range(zone, pfn, hole);
		for (pfn = hole; pfn < hole_end; pfn++)
			pfn_to_page(pfn)->memdesc = misc_word(MISC_RESERVED, 0, 0);
	}
	zone_unlock(zone);
}

static void boot_memory(void)
{
	for (unsigned long nr = 0; nr < mm->nr_sections; nr++)
		mem_section[nr] = (struct mem_section){ .zone = ZONE_NONE };
	/* As Linux does, all memory starts as movable: who needs other blocks takes them. */
	__builtin_memset(pageblock_flags, MIGRATE_MOVABLE, mm->nr_pageblocks);
	for (unsigned int i = 0; i < mm->config.nr_cma; i++)
		__builtin_memset(pageblock_flags + (mm->config.cma[i].start >> pageblock_order), MIGRATE_CMA,
				 mm->config.cma[i].nr >> pageblock_order);
	for (unsigned int i = 0; i < mm->config.nr_zones; i++) {
		const struct mmfuzz_zone_config *z = &mm->config.zones[i];

		boot_range(node_zone(z->nid, z->type), &z->range);
	}
}

/* The memmap of sections that are not there must not be read: ASan says who does. */
static void poison_absent_memmap(void)
{
	if (!SIM_ASAN)
		return;
	sim_unpoison(vmemmap, max_pfn * sizeof(struct page));
	for (unsigned long nr = 0; nr < mm->nr_sections; nr++)
		if (mem_section[nr].state == SECTION_ABSENT)
			sim_poison(vmemmap + (nr << section_order), section_nr_pages * sizeof(struct page));
}

int mm_boot(const struct mmfuzz_config *config)
{
	struct mmfuzz_zone_config zone_list[MMFUZZ_MAX_NODES * MMFUZZ_NR_ZONE_TYPES];
	unsigned int nr_zones;
	int err = check_config(config);

	if (err)
		return err;
	nr_zones = list_zones(config, zone_list);
	if (nr_zones > MMFUZZ_MAX_ZONES)
		return bad_config("more than 8 zones, counting Normal and Movable of each node");
	machine_init(config->nr_cpus);
	machine_cpu_enter(0);
	lockdep_set_names(lock_names, NR_LOCK_RANKS);
	max_pfn = config->max_pfn;
	pageblock_order = config->pageblock_order;
	pcp_max_order = min(PAGE_ALLOC_COSTLY_ORDER, pageblock_order);
	section_order = config->section_order;
	ram_init(max_pfn, config->ram_shift);
	/* A slab a frame is more than descriptors can ever need, and costs nothing until it is touched. */
	slab_init(max_pfn + 64);

	arena.reserved = ALIGN(max_pfn * sizeof(struct page) + (max_pfn >> pageblock_order) +
				       (max_pfn >> section_order) * sizeof(struct mem_section) +
				       nr_zones * (sizeof(struct zone) + nr_cpu_ids * sizeof(struct per_cpu_pages)) +
				       (max_pfn >> pageblock_order) + (1ul << 18),
			       4096ul);
	arena.base = sim_reserve(arena.reserved);
	arena.used = 0;
	mm = arena_alloc(sizeof(*mm), 64);
	mm->config = *config;
	mm->nr_sections = max_pfn >> section_order;
	mm->nr_pageblocks = max_pfn >> pageblock_order;
	mm->nr_zones = nr_zones;
	mutex_init(&mm->mem_hotplug_lock, LOCK_MEM_HOTPLUG);
	mutex_init(&mm->pcp_batch_high_lock, LOCK_PCP_BATCH_HIGH);
	mutex_init(&mm->cma_lock, LOCK_CMA);
	mem_section = arena_alloc(mm->nr_sections * sizeof(*mem_section), 64);
	pageblock_flags = arena_alloc(mm->nr_pageblocks, 64);
	mm->zones = arena_alloc(nr_zones * sizeof(struct zone), 64);
	zones_init(zone_list);
	build_zonelists();
	memory_hotplug_init();
	folio_init_state();
	virtio_balloon_init();
	virtio_mem_init();
	vmemmap = arena_alloc(max_pfn * sizeof(struct page), 64);
	mm->arena_bytes = arena.used;
	boot_memory();
	setup_per_zone_wmarks();
	pagesets_boot();
	ram_poison_all();
	poison_absent_memmap();
	sim_set_describe(describe_pfn);
	return 0;
}

void mm_snapshot(void)
{
	if (!arena.snapshot)
		arena.snapshot = sim_reserve(arena.used);
	sim_copy(arena.snapshot, arena.base, arena.used);
}

const void *snapshot_of(const void *ptr)
{
	return arena.snapshot ? arena.snapshot + ((const char *)ptr - arena.base) : NULL;
}

void mm_reset(void)
{
	MM_BUG_ON(!arena.snapshot, "reset without a snapshot", SIM_NO_PFN, "call snapshot() after boot()");
	machine_reset();
	virtio_balloon_reset();
	slab_reset();
	sim_copy(arena.base, arena.snapshot, arena.used);
	ram_poison_all();
	poison_absent_memmap();
}

void mm_shutdown(void)
{
	sim_set_describe(NULL);
	mm_trace = NULL;
	virtio_balloon_reset();
	machine_exit();
	slab_exit();
	ram_exit();
	if (arena.snapshot)
		sim_release_used(arena.snapshot, arena.used, arena.used);
	sim_release_used(arena.base, arena.reserved, arena.used);
	arena.snapshot = NULL;
	arena.base = NULL;
	mm = NULL;
	vmemmap = NULL;
}
