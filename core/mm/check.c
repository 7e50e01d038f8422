// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker: walks every structure of the core and compares what it finds with what the core says of itself.
 *
 * Twice over: along the lists, and along the frames. A block that one walk sees and the other does not is lost or is in
 * two places. Runs while no other CPU is inside the core, takes no lock, changes nothing.
 */
#include <stdio.h>

#include "freelist.h"
#include "internal.h"
#include "pcp.h"

JUDGES_BEGIN

/* What the walk along the frames of a zone counted, in frames unless it says blocks. */
struct zone_walk {
	unsigned long buddy_blocks;
	unsigned long pcp;
	unsigned long deferred;
	unsigned long guard;
	unsigned long out; /* somebody's, and managed */
	unsigned long present;
	unsigned long isolated_blocks;
	unsigned long highatomic_blocks;
};

struct walk {
	struct zone_walk zone[MMFUZZ_MAX_ZONES];
	unsigned long ballooned;
	unsigned long folios;
	unsigned long mappables;
};

int describe_pfn(unsigned long pfn, char *buf, size_t len)
{
	const struct mem_section *section;
	const struct zone *zone;
	char what[160];

	if (pfn >= max_pfn)
		return snprintf(buf, len, "outside memory (0x%lx frames)", max_pfn);
	section = pfn_to_section(pfn);
	if (READ_ONCE(section->state) == SECTION_ABSENT)
		return snprintf(buf, len, "section absent");
	memdesc_describe(READ_ONCE(pfn_to_page(pfn)->memdesc), what, sizeof(what));
	if (READ_ONCE(section->zone) == ZONE_NONE)
		return snprintf(buf, len, "%s; section %s", what, section_state_names[section->state]);
	zone = pfn_zone(pfn);
	return snprintf(buf, len, "%s; node %u zone %s, pageblock %s%s, section %s", what, zone->nid,
			zone_type_names[zone->type],
			migratetype_names[pageblock_byte(pfn) & PB_MIGRATETYPE_MASK],
			pageblock_byte(pfn) & PB_ISOLATE ? " (isolated)" : "", section_state_names[section->state]);
}

/* Does any of these words say something? Plain reads, so that the loop is vectorised. */
static bool any_word(const struct page *page, unsigned long nr)
{
	unsigned long all = 0;

	for (unsigned long i = 0; i < nr; i++)
		all |= page[i].memdesc;
	return all != 0;
}

static void check_tails_empty(unsigned long pfn, unsigned int order)
{
	if (order && any_word(pfn_to_page(pfn) + 1, (1ul << order) - 1))
		for (unsigned long i = pfn + 1; i < pfn + (1ul << order); i++)
			MM_BUG_ON(page_word_locked(pfn_to_page(i)), "frame in two blocks", i,
				  "also in the block 0x%lx of order %u", pfn, order);
}

static bool mergeable_at(unsigned long a, unsigned long b, unsigned int order)
{
	enum migratetype x = get_pageblock_migratetype(a), y = get_pageblock_migratetype(b);

	return order < pageblock_order || x == y || (x < MIGRATE_PCPTYPES && y < MIGRATE_PCPTYPES);
}

static void check_merged(const struct zone *zone, unsigned long pfn, unsigned int order)
{
	unsigned long buddy = pfn ^ (1ul << order);
	unsigned long word;

	if (order == MAX_PAGE_ORDER || buddy >= max_pfn || pfn_to_section(buddy)->zone != zone->idx)
		return;
	word = page_word_locked(pfn_to_page(buddy));
	MM_BUG_ON(word_is_buddy(word) && free_order(word) == order && mergeable_at(pfn, buddy, order),
		  "free buddies that are not merged", pfn, "buddy 0x%lx, order %u", buddy, order);
}

/* --- along the lists --- */

static unsigned long check_list(struct zone *zone, unsigned int order, enum migratetype mt)
{
	const struct free_list *list = &zone->free_area[order].free_list[mt];
	unsigned long blocks = 0;
	unsigned int prev = list->head;

	if (list_is_empty(list)) {
		MM_BUG_ON(list->tail != LIST_NIL, "free list with a tail and no head", SIM_NO_PFN, "order %u", order);
		return 0;
	}
	for (unsigned int pfn = list->head;; blocks++) {
		unsigned long word = pfn < max_pfn ? page_word_locked(pfn_to_page(pfn)) : 0;

		MM_BUG_ON(!word_is_buddy(word) || free_order(word) != order, "free list holds another page", pfn,
			  "zone %u, order %u, %s", zone->idx, order, migratetype_names[mt]);
		MM_BUG_ON(free_prev(word) != prev, "free list broken", pfn, "prev 0x%x, came from 0x%x",
			  free_prev(word), prev);
		MM_BUG_ON(get_pageblock_migratetype(pfn) != mt, "free list of another type", pfn, "on the list of %s",
			  migratetype_names[mt]);
		MM_BUG_ON(pfn_to_section(pfn)->zone != zone->idx, "free list of another zone", pfn, "zone %u",
			  zone->idx);
		MM_BUG_ON(pfn & ((1u << order) - 1), "free block not aligned", pfn, "order %u", order);
		MM_BUG_ON(blocks > max_pfn, "free list without an end", pfn, "order %u", order);
		if (free_next(word) == pfn)
			break;
		prev = pfn;
		pfn = free_next(word);
		MM_BUG_ON(free_next(word) == free_prev(word) && pfn != list->tail && pfn == prev, "free list broken", pfn,
			  "order %u", order);
	}
	return blocks + 1;
}

/* A block on one of a pageset's lists. That of CMA is told by where it lies: the types of other pageblocks change. */
static void check_pcp_block(const struct zone *zone, struct per_cpu_pages *pcp, unsigned int list, unsigned int pfn,
			    unsigned long word)
{
	unsigned int order = free_order(word), mt = list % MIGRATE_PCPTYPES;

	MM_BUG_ON(pfn_to_section(pfn)->zone != zone->idx, "pageset of another zone", pfn, "zone %u", zone->idx);
	MM_BUG_ON(!pcp_allowed_order(order) || pcp_list(pcp, order, mt) != &pcp->lists[list],
		  "pageset list of another order", pfn, "order %u on list %u", order, list);
	MM_BUG_ON(mt != MIGRATE_MOVABLE && pfn_in_cma(pfn), "pageset list of another type", pfn, "CMA on the list of %s",
		  migratetype_names[mt]);
}

static long check_pcp_list(const struct zone *zone, struct per_cpu_pages *pcp, unsigned int cpu, unsigned int list)
{
	unsigned int pfn = pcp->lists[list].head, prev = pfn;
	long frames = 0;

	while (pfn != LIST_NIL) {
		unsigned long word = pfn < max_pfn ? page_word_locked(pfn_to_page(pfn)) : 0;

		MM_BUG_ON(word_type(word) != MEMDESC_PCP, "pageset holds another page", pfn, "zone %u, CPU %u, list %u",
			  zone->idx, cpu, list);
		MM_BUG_ON(free_prev(word) != prev, "pageset list broken", pfn, "prev 0x%x, came from 0x%x",
			  free_prev(word), prev);
		check_pcp_block(zone, pcp, list, pfn, word);
		frames += 1l << free_order(word);
		MM_BUG_ON(frames > pcp->count, "pageset count wrong", pfn, "zone %u, CPU %u: count %d", zone->idx, cpu,
			  pcp->count);
		prev = pfn;
		pfn = free_next(word) == pfn ? LIST_NIL : free_next(word);
		MM_BUG_ON(pfn == LIST_NIL && pcp->lists[list].tail != prev, "pageset list broken", prev,
			  "the last one, but the tail is 0x%x", pcp->lists[list].tail);
	}
	return frames;
}

static void check_pcp(struct zone *zone, unsigned int cpu)
{
	struct per_cpu_pages *pcp = &zone->pcp[cpu];
	long frames = 0;

	/* The same holds for the blocks of a pageset that claims to be empty. */
	for (unsigned int i = 0; i < NR_PCP_LISTS && pcp->count; i++)
		frames += check_pcp_list(zone, pcp, cpu, i);
	MM_BUG_ON(frames != pcp->count, "pageset count wrong", SIM_NO_PFN, "zone %u, CPU %u: count %d, %ld on lists",
		  zone->idx, cpu, pcp->count, frames);
	MM_BUG_ON(zone->pcp_disabled && pcp->count, "disabled pageset is not empty", SIM_NO_PFN,
		  "zone %u, CPU %u: count %d", zone->idx, cpu, pcp->count);
	MM_BUG_ON(pcp->high != (zone->pcp_disabled ? 0 : zone->pcp_high) ||
			  pcp->batch != (zone->pcp_disabled ? 1 : zone->pcp_batch),
		  "pageset limits wrong", SIM_NO_PFN, "zone %u, CPU %u: high %d, batch %d", zone->idx, cpu, pcp->high,
		  pcp->batch);
}

static void check_zone(struct zone *zone, const struct zone_walk *walk)
{
	unsigned long frames[MIGRATE_TYPES] = { 0 };
	unsigned long blocks = 0, normal = 0, pcp = 0;

	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++) {
		unsigned long here = 0;

		/* Blocks on the lists of an order that claims to have none are missed below, as on no list. */
		if (!zone->free_area[order].nr_free)
			continue;
		for (unsigned int mt = 0; mt < MIGRATE_TYPES; mt++) {
			unsigned long nr = check_list(zone, order, mt);

			here += nr;
			frames[mt] += nr << order;
		}
		MM_BUG_ON(here != zone->free_area[order].nr_free, "nr_free drifted", SIM_NO_PFN,
			  "zone %u, order %u: nr_free %lu, %lu on lists", zone->idx, order,
			  zone->free_area[order].nr_free, here);
		blocks += here;
	}
	for (unsigned int mt = 0; mt < MIGRATE_ISOLATE; mt++)
		normal += frames[mt];
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		check_pcp(zone, cpu);
		pcp += zone->pcp[cpu].count;
	}
#define SAME(what, said, found)                                                                                        \
	MM_BUG_ON((unsigned long)(said) != (unsigned long)(found), what, SIM_NO_PFN, "zone %u: %lu, found %lu",        \
		  zone->idx, (unsigned long)(said), (unsigned long)(found))
	SAME("free block on no list", blocks, walk->buddy_blocks);
	SAME("NR_FREE_PAGES drifted", zone->vm_stat[NR_FREE_PAGES], normal);
	SAME("NR_FREE_CMA drifted", zone->vm_stat[NR_FREE_CMA], frames[MIGRATE_CMA]);
	SAME("NR_FREE_HIGHATOMIC drifted", zone->vm_stat[NR_FREE_HIGHATOMIC], frames[MIGRATE_HIGHATOMIC]);
	SAME("NR_FREE_ISOLATED drifted", zone->vm_stat[NR_FREE_ISOLATED], frames[MIGRATE_ISOLATE]);
	SAME("NR_GUARD drifted", zone->vm_stat[NR_GUARD], walk->guard);
	SAME("block on no pageset", pcp, walk->pcp);
	SAME("present_pages drifted", zone->present_pages, walk->present);
	SAME("nr_isolate_pageblock drifted", zone->nr_isolate_pageblock, walk->isolated_blocks);
	SAME("highatomic reserve drifted", zone->nr_reserved_highatomic,
	     walk->highatomic_blocks * pageblock_nr_pages);
	SAME("managed_pages drifted", zone_managed_pages(zone),
	     normal + frames[MIGRATE_ISOLATE] + pcp + walk->deferred + walk->guard + walk->out);
#undef SAME
}

static void check_deferred(struct zone *zone, unsigned long found)
{
	unsigned long frames = 0;

	for (unsigned long next = zone->deferred; next;) {
		unsigned long pfn = next - 1;
		unsigned long word = page_word_locked(pfn_to_page(pfn));

		MM_BUG_ON(word_type(word) != MEMDESC_DEFERRED, "deferred list holds another page", pfn, "zone %u",
			  zone->idx);
		frames += 1ul << free_order(word);
		MM_BUG_ON(frames > max_pfn, "deferred list without an end", pfn, "zone %u", zone->idx);
		next = free_next(word) == pfn ? 0 : free_next(word) + 1ul;
	}
	MM_BUG_ON(frames != found, "block on no deferred list", SIM_NO_PFN, "zone %u: %lu frames, found %lu",
		  zone->idx, frames, found);
}

/* --- along the frames --- */

static unsigned long walk_misc(struct walk *walk, struct zone_walk *zone, unsigned long pfn, unsigned long word)
{
	unsigned int order = misc_order(word);

	switch (misc_subtype(word)) {
	case MISC_FROZEN:
	case MISC_UNMAPPABLE:
		check_tails_empty(pfn, order);
		zone->out += 1ul << order;
		return 1ul << order;
	case MISC_GUARD:
		check_tails_empty(pfn, order);
		zone->guard += 1ul << order;
		return 1ul << order;
	case MISC_RESERVED:
		return 1;
	case MISC_OFFLINE:
		if (word & MISC_NEVER_ONLINED)
			return 1;
		if (word & MISC_MOVABLE && misc_owner(word) && misc_owner(word) < 0x80)
			walk->ballooned++;
		else
			zone->out++;
		return 1;
	default:
		mm_bug("lost frame", pfn, "in no block");
	}
}

static unsigned long walk_described(struct walk *walk, struct zone_walk *zone, unsigned long pfn, unsigned long word)
{
	unsigned long nr = 1;

	if (word_is_folio(word)) {
		const struct folio *folio = word_desc(word);

		MM_BUG_ON(!desc_is_live(CACHE_FOLIO, folio), "folio's descriptor is free", pfn, "descriptor gone");
		MM_BUG_ON(folio->pfn != pfn, "folio's descriptor names another frame", pfn, "names 0x%x", folio->pfn);
		MM_BUG_ON(atomic_read(&folio->m._refcount) < 1, "folio without a reference", pfn, "count %d",
			  atomic_read(&folio->m._refcount));
		MM_BUG_ON(test_bit(PG_locked, &folio->m.flags), "folio locked by nobody", pfn, "flags 0x%lx",
			  READ_ONCE(folio->m.flags));
		walk->folios++;
		nr = 1ul << folio->order;
	} else {
		const struct mappable *m = word_desc(word);

		MM_BUG_ON(word_type(word) != MEMDESC_MAPPABLE, "descriptor of a type nobody uses", pfn, "word 0x%lx",
			  word);
		MM_BUG_ON(!desc_is_live(CACHE_MAPPABLE, m), "page's descriptor is free", pfn, "descriptor gone");
		MM_BUG_ON(atomic_read(&m->_refcount) < 1, "refcounted page without a reference", pfn, "count %d",
			  atomic_read(&m->_refcount));
		walk->mappables++;
		while (pfn + nr < max_pfn && pfn_to_section(pfn + nr)->state >= SECTION_ONLINE &&
		       page_word_locked(pfn_to_page(pfn + nr)) == word)
			nr++;
	}
	for (unsigned long i = 1; i < nr; i++)
		MM_BUG_ON(page_word_locked(pfn_to_page(pfn + i)) != word, "frame of a folio says something else",
			  pfn + i, "first frame 0x%lx", pfn);
	zone->out += nr;
	return nr;
}

static unsigned long walk_frame(struct walk *walk, unsigned long pfn)
{
	unsigned long word = page_word_locked(pfn_to_page(pfn));
	struct zone *zone = pfn_zone(pfn);
	struct zone_walk *zw = &walk->zone[zone->idx];
	unsigned int order = word_is_free(word) ? free_order(word) : 0;

	MM_BUG_ON(!memdesc_valid(word), "invalid word", pfn, "0x%016lx", word);
	switch (word_type(word)) {
	case MEMDESC_BUDDY:
		check_tails_empty(pfn, order);
		check_merged(zone, pfn, order);
		for (unsigned long p = pfn; p < pfn + (1ul << order); p += pageblock_nr_pages)
			MM_BUG_ON(get_pageblock_migratetype(p) != get_pageblock_migratetype(pfn),
				  "free block over pageblocks of two types", p, "block 0x%lx, order %u", pfn, order);
		zw->buddy_blocks++;
		return 1ul << order;
	case MEMDESC_PCP:
		check_tails_empty(pfn, order);
		zw->pcp += 1ul << order;
		return 1ul << order;
	case MEMDESC_DEFERRED:
		check_tails_empty(pfn, order);
		zw->deferred += 1ul << order;
		return 1ul << order;
	case MEMDESC_MISC:
		return walk_misc(walk, zw, pfn, word);
	default:
		return walk_described(walk, zw, pfn, word);
	}
}

/* CMA is where the configuration says, for ever; what is isolated has left the HIGHATOMIC reserve. */
static void check_pageblock(unsigned long pfn, unsigned char byte)
{
	unsigned char mt = byte & PB_MIGRATETYPE_MASK;

	MM_BUG_ON(byte & ~(PB_MIGRATETYPE_MASK | PB_ISOLATE) || mt >= MIGRATE_ISOLATE, "pageblock of no type", pfn,
		  "byte 0x%x", byte);
	MM_BUG_ON((mt == MIGRATE_CMA) != pfn_in_cma(pfn), "pageblock and CMA area differ", pfn, "byte 0x%x", byte);
	MM_BUG_ON(mt == MIGRATE_HIGHATOMIC && byte & PB_ISOLATE, "isolated pageblock in the reserve", pfn, "byte 0x%x",
		  byte);
}

static void walk_section(struct walk *walk, unsigned long nr)
{
	const struct mem_section *section = &mem_section[nr];
	unsigned long first = nr << section_order;
	struct zone_walk *zw;

	if (section->state == SECTION_ONLINE) {
		const struct zone *zone = &mm->zones[section->zone];

		MM_BUG_ON(first < zone->zone_start_pfn ||
				  first + section_nr_pages > zone->zone_start_pfn + zone->spanned_pages,
			  "section outside its zone's span", first, "zone %u spans 0x%lx and %lu frames", zone->idx,
			  zone->zone_start_pfn, zone->spanned_pages);
	}
	for (unsigned long pfn = first; pfn < first + section_nr_pages; pfn += pageblock_nr_pages) {
		unsigned char byte = pageblock_byte(pfn);

		if (section->state != SECTION_ONLINE) {
			MM_BUG_ON(byte & PB_ISOLATE, "isolated pageblock that is not online", pfn, "byte 0x%x", byte);
			continue;
		}
		check_pageblock(pfn, byte);
		zw = &walk->zone[section->zone];
		zw->present += pageblock_nr_pages;
		zw->isolated_blocks += !!(byte & PB_ISOLATE);
		zw->highatomic_blocks += (byte & PB_MIGRATETYPE_MASK) == MIGRATE_HIGHATOMIC;
	}
}

/* With @idle nothing may be anybody's, and the machine must be as it was booted. */
static void do_check(bool idle)
{
	struct walk walk = { 0 };
	unsigned long entries = desc_in_use(CACHE_PFN_ENTRY);

	for (unsigned long nr = 0; nr < mm->nr_sections; nr++) {
		MM_BUG_ON(mem_section[nr].state != SECTION_ONLINE && mem_section[nr].state > SECTION_PRESENT,
			  "section stuck between states", nr << section_order, "state %u", mem_section[nr].state);
		walk_section(&walk, nr);
	}
	for (unsigned long pfn = 0; pfn < max_pfn;) {
		if (pfn_to_section(pfn)->state != SECTION_ONLINE)
			pfn = ALIGN_DOWN(pfn, section_nr_pages) + section_nr_pages;
		else
			pfn += walk_frame(&walk, pfn);
	}
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		/* A zone that never had memory has nothing that could be wrong but what the walk has found. */
		if (!populated_zone(&mm->zones[i]) && !walk.zone[i].present)
			continue;
		check_zone(&mm->zones[i], &walk.zone[i]);
		check_deferred(&mm->zones[i], walk.zone[i].deferred);
	}
	MM_BUG_ON(walk.folios != desc_in_use(CACHE_FOLIO), "folio descriptor without pages", SIM_NO_PFN,
		  "%lu in use, %lu found", desc_in_use(CACHE_FOLIO), walk.folios);
	MM_BUG_ON(walk.mappables != desc_in_use(CACHE_MAPPABLE), "descriptor without pages", SIM_NO_PFN,
		  "%lu in use, %lu found", desc_in_use(CACHE_MAPPABLE), walk.mappables);
	MM_BUG_ON(walk.ballooned != entries, "balloon's PFN sets and pages differ", SIM_NO_PFN,
		  "%lu entries, %lu pages", entries, walk.ballooned);
	filemap_check();
	virtio_balloon_check();
	virtio_mem_check();
	if (!idle)
		return;
	for (unsigned int i = 0; i < mm->nr_zones; i++) {
		const struct zone *zone = &mm->zones[i];
		const struct zone *booted = snapshot_of(zone);
		const struct zone_walk *zw = &walk.zone[i];

		MM_BUG_ON(zw->out || zw->pcp || zw->deferred || zw->guard || zw->isolated_blocks ||
				  zw->highatomic_blocks || zone->pcp_disabled,
			  "machine not idle", SIM_NO_PFN,
			  "zone %u: out %lu, pcp %lu, deferred %lu, guard %lu, isolated blocks %lu, highatomic %lu", i,
			  zw->out, zw->pcp, zw->deferred, zw->guard, zw->isolated_blocks, zw->highatomic_blocks);
		MM_BUG_ON(zone_managed_pages(&mm->zones[i]) != (unsigned long)atomic_long_read(&booted->managed_pages) ||
				  zone->present_pages != booted->present_pages,
			  "machine not as booted", SIM_NO_PFN, "zone %u: managed %lu, %ld at boot", i,
			  zone_managed_pages(&mm->zones[i]), atomic_long_read(&booted->managed_pages));
	}
	MM_BUG_ON(walk.ballooned || walk.folios || walk.mappables, "machine not idle", SIM_NO_PFN,
		  "%lu ballooned, %lu folios, %lu refcounted", walk.ballooned, walk.folios, walk.mappables);
	for (unsigned long nr = 0; nr < mm->nr_sections; nr++) {
		const struct mem_section *booted = snapshot_of(&mem_section[nr]);

		MM_BUG_ON(mem_section[nr].state != booted->state || mem_section[nr].zone != booted->zone,
			  "machine not as booted", nr << section_order, "section state %u, %u at boot",
			  mem_section[nr].state, booted->state);
	}
}

void mm_check(void)
{
	do_check(false);
}

void mm_check_idle(void)
{
	do_check(true);
}

JUDGES_END
