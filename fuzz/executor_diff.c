// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two runs of a program compared (executor_diff.h).
 *
 *   round: linux runs, each result is noted -> memdesc runs, each result is compared at once
 *            same          go on
 *            excused       the operation is left out from here on: next round; or it changed nothing that matters: go on
 *            neither       a finding
 *
 * Each core is called through a copy of its table in which the functions that return something note it, so that the executor
 * runs as always. Must not call the core for what it notes but for its counters: to look changes nothing.
 */
#include <string.h>

#include "executor_diff.h"
#include "executor_internal.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/* What an operation has shown; @rule excuses it, @dropped: it was left out from then on. */
struct row {
	struct diff_seen seen[DIFF_SIDES];
	struct diff_rule *rule;
	bool dropped;
	bool differs;
	uint16_t block; /* of an operation that was left out: what it named */
};

static struct {
	struct diff_backends backends;
	struct mmfuzz_backend door[DIFF_SIDES];
	enum diff_side side;
	bool running; /* operations of the program, not its beginning or end */
	bool over;    /* the sides went apart: nothing more is compared in this round */
	bool again;   /* and there is a next one */
	bool high;    /* somebody may have filled the HIGHATOMIC reserve */
	bool deferred, ballooning; /* see DIFF_FACTS */
	unsigned int left; /* no room is looked for on this node */
	unsigned int next; /* first operation that is not settled */
	unsigned long given_up;
	struct program program;
	struct row rows[PROGRAM_MAX_OPS];
	struct mmfuzz_trace trace[DIFF_SIDES]; /* what the oracle hears, but for @alloc */
	const struct mmfuzz_trace *told;       /* the oracle's */
	uint8_t shapes[1u << 16];              /* of each frame that is out: which part of a block it came as, see heard_alloc() */
	unsigned int highest;                  /* order of the largest block that either core has */
} diff;

static const struct mmfuzz_backend *inner(void)
{
	return diff.backends.side[diff.side];
}

/* ---- where things are ---- */

#define SHAPE_TAIL 0x80u

static void heard_alloc(pfn_t pfn, order_t order)
{
	if (pfn.pfn + (1ul << order.order) <= sizeof(diff.shapes)) {
		memset(diff.shapes + pfn.pfn, SHAPE_TAIL | order.order, 1ul << order.order);
		diff.shapes[pfn.pfn] = order.order;
	}
	diff.told->alloc(pfn, order);
}

static void rec_set_trace(const struct mmfuzz_trace *trace)
{
	diff.told = trace;
	if (trace) {
		diff.trace[diff.side] = *trace;
		diff.trace[diff.side].alloc = heard_alloc;
	}
	inner()->set_trace(trace ? &diff.trace[diff.side] : NULL);
}

enum place { PLACE_HOLE, PLACE_FREE, PLACE_MOVABLE, PLACE_UNMOVABLE, PLACE_COUNTED, PLACE_PINNED, PLACE_ISOLATED };

/* As large as the largest range of an operation (ARG_NR). */
static uint8_t places[4096];

static bool overlaps(unsigned long start, unsigned long nr, unsigned long start2, unsigned long nr2)
{
	return start < start2 + nr2 && start2 < start + nr;
}

static bool is_sealed(unsigned long pfn, unsigned long nr)
{
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		if (ex.slots[i].kind == SLOT_ISOLATED_RANGE && overlaps(pfn, nr, ex.slots[i].pfn, ex.slots[i].nr))
			return true;
	return false;
}

static void put_place(unsigned long start, unsigned long nr, unsigned long pfn, unsigned long frames, enum place place)
{
	for (unsigned long p = pfn > start ? pfn : start; p < pfn + frames && p < start + nr; p++)
		places[p - start] = place;
}

static void put_places(unsigned long start, unsigned long nr, const pfn_t *pfns, unsigned int nr_pfns, enum place place)
{
	for (unsigned int i = 0; i < nr_pfns; i++)
		put_place(start, nr, pfns[i].pfn, 1, place);
}

/* All of what a page was allocated with: a folio that is isolated is so with its tails. */
static void put_blocks(unsigned long start, unsigned long nr, const pfn_t *pfns, unsigned int nr_pfns, enum place place)
{
	for (unsigned int i = 0; i < nr_pfns; i++) {
		unsigned long pfn = pfns[i].pfn;
		unsigned long frames = 1ul << (pfn < sizeof(diff.shapes) ? diff.shapes[pfn] & ~SHAPE_TAIL : 0);

		put_place(start, nr, pfn & ~(frames - 1), frames, place);
	}
}

/* Linux allocates objects of its own from the frames of the machine, memdesc does not. */
static bool core_owns(pfn_t pfn)
{
	return inner()->core_owns && inner()->core_owns(pfn);
}

/* A frame of the core's own objects that has no reference, as trees with frozen slabs have them. */
static bool is_frozen_slab(pfn_t pfn)
{
	return core_owns(pfn) && inner()->page_count(pfn) <= 0;
}

static unsigned long core_owns_nr(void)
{
	unsigned long nr = 0;

	for (unsigned long pfn = oracle_next_out(0); inner()->core_owns && pfn < ex.config.max_pfn;
	     pfn = oracle_next_out(pfn + 1))
		nr += inner()->core_owns(mk_pfn(pfn));
	return nr;
}

/*
 * Pages that a slot holds are not for anybody to move, nor are the core's; what else is out and in no slot is a folio or a
 * balloon's.
 */
static void find_places(unsigned long start, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		enum oracle_place place = oracle_place_of(mk_pfn(start + i));

		places[i] = place == ORACLE_ABSENT      ? PLACE_HOLE :
			    place == ORACLE_FREE        ? PLACE_FREE :
			    core_owns(mk_pfn(start + i)) ? PLACE_UNMOVABLE :
							  PLACE_MOVABLE;
	}
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++) {
		const struct slot *slot = &ex.slots[i];

		switch ((enum slot_kind)slot->kind) {
		case SLOT_FROZEN:
		case SLOT_SINGLES:
		case SLOT_OFFLINE:
			put_place(start, nr, slot->pfn, 1ul << slot->order, PLACE_UNMOVABLE);
			break;
		case SLOT_REF:
			put_place(start, nr, slot->pfn, 1ul << slot->order, PLACE_COUNTED);
			break;
		case SLOT_CONTIG_REF:
			put_place(start, nr, slot->pfn, slot->nr, PLACE_COUNTED);
			break;
		case SLOT_CONTIG:
		case SLOT_CMA:
		case SLOT_OFFLINE_RANGE:
			put_place(start, nr, slot->pfn, slot->nr, PLACE_UNMOVABLE);
			break;
		case SLOT_BULK:
			put_places(start, nr, slot->pfns, slot->nr, PLACE_UNMOVABLE);
			break;
		case SLOT_ISOLATED:
			put_blocks(start, nr, slot->pfns, slot->nr, PLACE_ISOLATED);
			break;
		case SLOT_FOLIO_REF:
			put_place(start, nr, slot->pfn, 1, PLACE_PINNED);
			break;
		default:
			break;
		}
	}
}

/* ---- facts ---- */

static uint32_t fact(enum diff_fact which, bool is)
{
	return is ? 1u << which : 0;
}

static uint32_t general_facts(void)
{
	uint32_t facts = fact(DIFF_HOTPLUGGED, ex.nr_touched) | fact(DIFF_DEFERRED, diff.deferred) |
			 fact(DIFF_BALLOONING, diff.ballooning);

	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		facts |= fact(DIFF_ISOLATING, ex.slots[i].kind == SLOT_ISOLATED) |
			 fact(DIFF_PINNING, ex.slots[i].kind == SLOT_FOLIO_REF) |
			 fact(DIFF_SEALING, ex.slots[i].kind == SLOT_ISOLATED_RANGE);
	return facts;
}

/* Frames of the blocks that slots hold isolated. */
static unsigned long isolated_frames(void)
{
	unsigned long nr = 0;

	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		for (unsigned long j = 0; ex.slots[i].kind == SLOT_ISOLATED && j < ex.slots[i].nr; j++)
			nr += 1ul << (diff.shapes[ex.slots[i].pfns[j].pfn] & ~SHAPE_TAIL);
	return nr;
}

/* Index in the configuration of the zone that the frame is in, or of none. */
static unsigned int zone_index(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < ex.config.nr_zones; i++)
		if (overlaps(pfn, 1, ex.config.zones[i].range.start, ex.config.zones[i].range.nr))
			break;
	return i;
}

/* Which of the zones that there are at boot a frame is in. */
static unsigned int boot_zone_of(unsigned long pfn)
{
	unsigned int i = zone_index(pfn);

	return i < ex.config.nr_zones ? ex.config.zones[i].nid << 4 | ex.config.zones[i].type : ~0u;
}

static bool in_two_zones(unsigned long start, unsigned long nr)
{
	for (unsigned long pfn = start + 1; pfn < start + nr; pfn++)
		if (boot_zone_of(pfn) != boot_zone_of(start))
			return true;
	return false;
}

/*
 * What the operation is about to look at. @whole: Linux looks at all of a pageblock that it isolates, also at what it was not
 * asked for.
 */
static void look(struct diff_seen *seen, unsigned long start, unsigned long nr, bool whole)
{
	static const enum diff_fact facts[] = {
		[PLACE_HOLE] = DIFF_HOLE,
		[PLACE_MOVABLE] = DIFF_MOVABLE,
		[PLACE_UNMOVABLE] = DIFF_UNMOVABLE,
		[PLACE_COUNTED] = DIFF_COUNTED,
		[PLACE_PINNED] = DIFF_PINNED,
		[PLACE_ISOLATED] = DIFF_ISOLATED,
	};
	const unsigned long block = 1ul << ex.config.pageblock_order;
	unsigned long first = whole ? start & -block : start, end = start + nr;
	/* FNV-1a: where the sides look at the same, their hashes are the same. */
	uint64_t hash = (0xcbf29ce484222325ull ^ start) * 0x100000001b3ull;

	if (whole)
		end = (end + block - 1) & -block;
	if (end - first > sizeof(places))
		end = first + sizeof(places);
	find_places(first, end - first);
	for (unsigned long pfn = first; pfn < end; pfn++) {
		enum place place = places[pfn - first];

		hash = (hash ^ place) * 0x100000001b3ull;
		if (place != PLACE_FREE && place != PLACE_HOLE)
			hash = (hash ^ diff.shapes[pfn]) * 0x100000001b3ull;
		if (place == PLACE_MOVABLE) {
			unsigned long frames = 1ul << (diff.shapes[pfn] & ~SHAPE_TAIL);

			seen->moving = frames > seen->moving ? frames : seen->moving;
			seen->facts |= fact(DIFF_INSIDE, pfn == start && (diff.shapes[pfn] & SHAPE_TAIL));
		}
		seen->facts |= fact(DIFF_TAILS, place == PLACE_UNMOVABLE &&
							((diff.shapes[pfn] & SHAPE_TAIL) || is_frozen_slab(mk_pfn(pfn))));
		if (pfn < start || pfn >= start + nr)
			seen->facts |= fact(DIFF_EDGES,
					    place == PLACE_HOLE || place == PLACE_UNMOVABLE || place == PLACE_COUNTED);
		if (place != PLACE_FREE && (place == PLACE_MOVABLE || (pfn >= start && pfn < start + nr)))
			seen->facts |= fact(facts[place], true);
	}
	seen->place = hash;
	seen->facts |= fact(DIFF_UNMOVABLE, seen->facts & fact(DIFF_COUNTED, true)) |
		       fact(DIFF_SEALED, is_sealed(start, nr)) | fact(DIFF_ZONES, in_two_zones(start, nr)) |
		       /* Either keeps a pageblock away from the other. */
		       fact(DIFF_NEAR_SEALED, is_sealed(first > 2 * block ? first - 2 * block : 0, nr + 5 * block)) |
		       fact(DIFF_IN_MOVABLE, (boot_zone_of(start) & 15) == MMFUZZ_ZONE_MOVABLE) |
		       fact(DIFF_DMA, (boot_zone_of(start) & 15) == MMFUZZ_ZONE_DMA);
}

static bool in_cma(unsigned long pfn)
{
	for (unsigned int i = 0; i < ex.config.nr_cma; i++)
		if (overlaps(pfn, 1, ex.config.cma[i].start, ex.config.cma[i].nr))
			return true;
	return false;
}

/* Beside flags of the door. */
#define NO_CMA (1u << 31)

/*
 * Blocks that hotplug had in hand may be in other zones by now. Of a block of free frames that reaches over an isolated
 * pageblock, in Linux all may be isolated (docs/findings/isolated-neighbours-merge.md).
 */
static bool usable(unsigned long pfn, unsigned int gfp, nid_t nid)
{
	const unsigned long largest = 1ul << (diff.side == DIFF_LINUX ? diff.highest : 0);

	return oracle_place_of(mk_pfn(pfn)) == ORACLE_FREE && !ex.touched[pfn >> ex.config.section_order] &&
	       oracle_zone_ok(mk_pfn(pfn), gfp, nid) && (((gfp & MMFUZZ_GFP_MOVABLE) && !(gfp & NO_CMA)) || !in_cma(pfn)) &&
	       boot_zone_of(pfn) >> 4 != diff.left && !is_sealed(pfn & -largest, largest);
}

static unsigned int bits(unsigned long value)
{
	return value ? 64 - __builtin_clzl(value) : 0;
}

/*
 * What a zone may keep of its memory: watermarks, of which Linux makes its own with hotplug, and 32 frames at least in
 * ZONE_MOVABLE; what lower zones keep from those who could use higher ones, a 32nd of these at most; a block of reserve; in
 * Linux what a CPU has counted for itself only (calculate_normal_threshold()), so that it may see fewer.
 */
static unsigned long kept_back(const struct mmfuzz_zone_config *zone)
{
	unsigned long mark = ex.config.min_free;

	if (ex.nr_touched)
		mark += ex.config.max_pfn / 16;
	if (zone->type == MMFUZZ_ZONE_MOVABLE)
		mark += 32;
	if (diff.side == DIFF_LINUX)
		mark += 2ul * bits(ex.config.nr_cpus) * (1 + bits(ex.config.max_pfn >> 10));
	return mark + mark / 2 + ex.config.max_pfn / 32 + (diff.high ? 1ul << ex.config.pageblock_order : 0);
}

/*
 * Why an allocation of @nr neighbouring frames may have failed. @spare: frames that must be there beside. Which blocks the
 * frames on pagesets are part of is not known: each may break one.
 */
static void look_for_room(struct diff_seen *seen, unsigned long nr, unsigned long spare, unsigned int gfp, nid_t nid)
{
	unsigned long run = 0, fitting = 0, blocks = 0;
	unsigned int last_zone = 0;
	struct {
		unsigned long frames, blocks;
	} zones[MMFUZZ_MAX_ZONES + 1] = { 0 };
	struct mmfuzz_stats stats;
	bool scarce = true;

	inner()->stats(&stats);
	seen->pcp = stats.pcp;
	seen->usable = 0;
	seen->order = -1;
	for (unsigned long pfn = 0; pfn < ex.config.max_pfn; pfn++) {
		unsigned int zone;

		if (!usable(pfn, gfp, nid)) {
			run = fitting = 0;
			continue;
		}
		zone = zone_index(pfn);
		/* No block lies in two zones. */
		if (zone != last_zone)
			run = fitting = 0;
		last_zone = zone;
		seen->usable++;
		zones[zone].frames++;
		run++;
		fitting++;
		for (int order = seen->order + 1; order <= (int)MMFUZZ_MAX_ORDER && run >= 1ul << order &&
		     !((pfn + 1) & ((1ul << order) - 1)); order++)
			seen->order = order;
		if (fitting >= nr && !((pfn + 1) % nr)) {
			blocks++;
			zones[zone].blocks++;
			fitting = 0;
		}
	}
	for (unsigned int i = 0; i < ex.config.nr_zones; i++)
		scarce &= zones[i].blocks <= seen->pcp ||
			  zones[i].frames <= seen->pcp + nr + spare + kept_back(&ex.config.zones[i]);
	seen->facts |= fact(DIFF_SCARCE, scarce) | fact(DIFF_FRAGMENTED, blocks <= seen->pcp);
}

/* ---- comparing ---- */

/* The operation that runs, or NULL: the executor looks after itself. */
static struct row *running_row(void)
{
	const struct executor_cpu *cpu = &ex.cpus[smp_processor_id()];
	const struct executor_event *event = &cpu->log[(cpu->log_head - 1) % EXECUTOR_LOG];

	return diff.running && cpu->log_head && !event->done ? &diff.rows[event->op] : NULL;
}

static void __attribute__((noreturn)) finding(const struct row *row, const char *operation,
					      const struct diff_seen seen[DIFF_SIDES],
					      char words[DIFF_SIDES][DIFF_RESULT_MAX])
{
	static char rule[80], text[600];

	snprintf(rule, sizeof(rule), "differs: linux %s, memdesc %s", words[DIFF_LINUX], words[DIFF_MEMDESC]);
	diff_describe(seen, text, sizeof(text));
	sim_bug(rule, operation, SIM_NO_PFN, "operation %u: %s", (unsigned int)(row - diff.rows), text);
}

static void compare(struct row *row, const char *operation, const struct diff_seen seen[DIFF_SIDES])
{
	char words[DIFF_SIDES][DIFF_RESULT_MAX];
	struct diff_rule *rule;

	if (diff.over || diff_results(seen, words))
		return;
	rule = diff_excuse(operation, seen, words);
	if (!rule) {
		row->differs = true;
		finding(row, operation, seen, words);
	}
	row->rule = rule;
	if (rule->then == DIFF_DROP) {
		row->dropped = true;
		diff.over = diff.again = true;
	}
}

/* All operations before this one have shown all that they do. */
static void settle(unsigned int end)
{
	for (; diff.next < end; diff.next++)
		if (!diff.rows[diff.next].dropped)
			compare(&diff.rows[diff.next], op_infos[diff.program.ops[diff.next].code].name,
				diff.rows[diff.next].seen);
}

static void noted(struct row *row)
{
	if (diff.side != DIFF_MEMDESC)
		return;
	settle(row - diff.rows + 1);
}

static void compare_counter(struct row *row, const char *name, size_t offset)
{
	struct diff_seen seen[DIFF_SIDES];

	for (unsigned int side = 0; side < DIFF_SIDES; side++) {
		seen[side] = row->seen[side];
		seen[side].kind = DIFF_COUNT;
		seen[side].result = *(const unsigned long *)((const char *)&row->seen[side] + offset);
		seen[side].asked = 0;
	}
	compare(row, name, seen);
}

/* The oracle asks for these after each operation that ran. */
static void rec_stats(struct mmfuzz_stats *stats)
{
	const struct executor_cpu *cpu = &ex.cpus[smp_processor_id()];
	struct diff_seen *seen;
	struct row *row;

	inner()->stats(stats);
	if (!diff.running || !cpu->log_head)
		return;
	row = &diff.rows[cpu->log[(cpu->log_head - 1) % EXECUTOR_LOG].op];
	seen = &row->seen[diff.side];
	seen->held = isolated_frames();
	diff.ballooning = stats->ballooned;
	if (seen->kind == DIFF_SKIPPED)
		seen->kind = DIFF_DONE;
	seen->managed = stats->managed;
	seen->ballooned = stats->ballooned;
	seen->free = stats->free + stats->free_isolated + stats->pcp + stats->deferred + stats->guard + core_owns_nr();
	noted(row);
	if (diff.side != DIFF_MEMDESC)
		return;
	compare_counter(row, "managed", offsetof(struct diff_seen, managed));
	compare_counter(row, "ballooned", offsetof(struct diff_seen, ballooned));
	compare_counter(row, "free_frames", offsetof(struct diff_seen, free));
}

/* ---- the functions that return something ---- */

static struct diff_seen *begins(void)
{
	struct row *row = running_row();

	if (!row)
		return NULL;
	row->seen[diff.side].facts = general_facts();
	row->seen[diff.side].moving = 1;
	return &row->seen[diff.side];
}

static void returns(struct diff_seen *seen, enum diff_kind kind, long result, unsigned long asked)
{
	if (!seen)
		return;
	seen->kind = kind;
	seen->result = result;
	seen->asked = asked;
	noted(running_row());
}

static struct diff_seen *begins_at(unsigned long start, unsigned long nr, bool whole)
{
	struct diff_seen *seen = begins();

	if (seen)
		look(seen, start, nr, whole);
	return seen;
}

static int gives_errno(struct diff_seen *seen, int ret)
{
	returns(seen, DIFF_ERRNO, ret, 0);
	return ret;
}

static unsigned long gives_count(struct diff_seen *seen, unsigned long count, unsigned long asked)
{
	returns(seen, DIFF_COUNT, (long)count, asked);
	return count;
}

/* Compaction ran, by itself or for an allocation, and may have brought about nothing. */
static void may_defer(bool is)
{
	diff.deferred |= diff.running && is;
}

static pfn_t gives_frame(struct diff_seen *seen, pfn_t pfn, unsigned long nr, unsigned int gfp, nid_t nid)
{
	may_defer(nr > 1 && (gfp & MMFUZZ_GFP_COMPACT));
	if (seen && nr && pfn_is_none(pfn))
		look_for_room(seen, nr, 0, gfp, nid);
	returns(seen, DIFF_FRAME, !pfn_is_none(pfn), 0);
	return pfn;
}

/* Linux moves to ZONE_MOVABLE only what comes from there. */
static unsigned int room_gfp(bool from_movable)
{
	return diff.side == DIFF_LINUX && !from_movable ? 0 : MMFUZZ_GFP_MOVABLE;
}

/* What the operation has looked at must go somewhere. @spare: see look_for_room(). */
static void look_for_targets(struct diff_seen *seen, unsigned long spare)
{
	look_for_room(seen, seen->moving, spare, room_gfp(seen->facts & fact(DIFF_IN_MOVABLE, true)), mk_nid(0));
}

static int gives_range(struct diff_seen *seen, int ret, unsigned long nr)
{
	if (seen && ret)
		look_for_targets(seen, nr);
	return gives_errno(seen, ret);
}

static pfn_t rec_alloc_frozen(unsigned int gfp, order_t order, nid_t nid)
{
	struct diff_seen *seen = begins();

	return gives_frame(seen, inner()->alloc_frozen(gfp, order, nid), 1ul << order.order, gfp, nid);
}

static pfn_t rec_alloc_frozen_nolock(order_t order, nid_t nid)
{
	struct diff_seen *seen = begins();

	if (seen)
		seen->facts |= fact(DIFF_LARGEST, order.order == diff.highest);
	return gives_frame(seen, inner()->alloc_frozen_nolock(order, nid), 1ul << order.order, 0, nid);
}

static pfn_t rec_alloc_pages(unsigned int gfp, order_t order, nid_t nid)
{
	struct diff_seen *seen = begins();

	return gives_frame(seen, inner()->alloc_pages(gfp, order, nid), 1ul << order.order, gfp, nid);
}

static unsigned long rec_alloc_bulk(unsigned int gfp, nid_t nid, unsigned long nr, pfn_t *pfns)
{
	struct diff_seen *seen = begins();
	unsigned long got = inner()->alloc_bulk(gfp, nid, nr, pfns);

	/* Who allocates in bulk looks first whether there is so much, and not on other nodes. */
	if (seen && got < nr)
		look_for_room(seen, 1, nr, gfp | MMFUZZ_GFP_THISNODE, nid);
	return gives_count(seen, got, nr);
}

static int rec_alloc_contig_frozen_range(pfn_t start, unsigned long nr)
{
	struct diff_seen *seen = begins_at(start.pfn, nr, true);

	return gives_range(seen, inner()->alloc_contig_frozen_range(start, nr), nr);
}

static int rec_alloc_contig_range(pfn_t start, unsigned long nr)
{
	struct diff_seen *seen = begins_at(start.pfn, nr, true);

	return gives_range(seen, inner()->alloc_contig_range(start, nr), nr);
}

static pfn_t rec_alloc_contig_frozen_pages(unsigned long nr, unsigned int gfp, nid_t nid)
{
	const unsigned long block = 1ul << ex.config.pageblock_order;
	struct diff_seen *seen = begins();

	/* Nothing may be in the way in all of the pageblocks, and none is CMA. memdesc aligns them by their number, Linux does not. */
	return gives_frame(seen, inner()->alloc_contig_frozen_pages(nr, gfp, nid),
			   nr > block ? 1ul << bits(nr - 1) : block, gfp & ~MMFUZZ_GFP_MOVABLE, nid);
}

static pfn_t rec_cma_alloc(unsigned int area, unsigned long nr)
{
	struct diff_seen *seen = begins_at(ex.config.cma[area].start, ex.config.cma[area].nr, true);

	pfn_t pfn = inner()->cma_alloc(area, nr);

	if (seen && pfn_is_none(pfn))
		look_for_targets(seen, nr);
	return gives_frame(seen, pfn, 0, 0, mk_nid(0));
}

static int rec_start_isolate_page_range(pfn_t start, unsigned long nr)
{
	struct diff_seen *seen;

	/* Of larger pageblocks than those of the program's machine there are fewer. */
	if (start.pfn + nr > ex.config.max_pfn)
		return -EINVAL;
	seen = begins_at(start.pfn, nr, true);
	return gives_errno(seen, inner()->start_isolate_page_range(start, nr));
}

static pfn_t rec_has_unmovable_pages(pfn_t pfn)
{
	const unsigned long block = 1ul << ex.config.pageblock_order;
	struct diff_seen *seen;

	/* As above: no core has it. */
	if (pfn.pfn + block > ex.config.max_pfn)
		return pfn;
	seen = begins_at(pfn.pfn, block, true);
	return gives_frame(seen, inner()->has_unmovable_pages(pfn), 0, 0, mk_nid(0));
}

static unsigned long rec_isolate_movable(pfn_t start, unsigned long nr, unsigned long max, pfn_t *pfns)
{
	struct diff_seen *seen = begins_at(start.pfn, nr, false);

	return gives_count(seen, inner()->isolate_movable(start, nr, max, pfns), max);
}

static unsigned long rec_migrate_pages(pfn_t *pfns, unsigned long nr, bool async)
{
	struct diff_seen *seen = begins();
	bool movable = true;
	unsigned long left, spare, largest = 1;

	for (unsigned long i = 0; i < nr; i++) {
		movable &= (boot_zone_of(pfns[i].pfn) & 15) == MMFUZZ_ZONE_MOVABLE;
		/* Who isolated it has the last reference. */
		if (seen && diff.side == DIFF_LINUX && diff.shapes[pfns[i].pfn] >= ex.config.pageblock_order)
			seen->facts |= fact(DIFF_GONE, inner()->page_count(pfns[i]) == 1);
	}
	for (unsigned int i = 0; seen && i < PROGRAM_SLOTS; i++)
		for (unsigned long j = 0; j < nr && ex.slots[i].kind == SLOT_FOLIO_REF; j++)
			seen->facts |= fact(DIFF_PINNED, ex.slots[i].pfn == pfns[j].pfn);
	/* Linux takes the frames of a whole batch before it gives the first one back. */
	spare = seen ? isolated_frames() : 0;
	left = inner()->migrate_pages(pfns, nr, async);
	/* Where there is no block as large as a folio Linux splits it. */
	for (unsigned long i = 0; i < left; i++)
		largest = max(largest, 1ul << (diff.shapes[pfns[i].pfn] & ~SHAPE_TAIL));
	if (seen && left)
		look_for_room(seen, largest, spare, room_gfp(async || movable), mk_nid(0));
	return gives_count(seen, left, nr);
}

static int rec_compact(nid_t nid, order_t order)
{
	struct diff_seen *seen = begins();
	int ret = inner()->compact(nid, order);

	may_defer(ret != 0);
	/* Also where it says that there is such a block. CMA is not in Linux's watermark, and memdesc does not look for it there. */
	if (seen)
		look_for_room(seen, 1ul << order.order, 0, MMFUZZ_GFP_MOVABLE | MMFUZZ_GFP_THISNODE | NO_CMA, nid);
	return gives_errno(seen, ret);
}

static int rec_folio_add(unsigned int index, enum mmfuzz_folio_type type, order_t order, unsigned int gfp, uint64_t tag)
{
	struct diff_seen *seen = begins();
	int ret = inner()->folio_add(index, type, order, gfp, tag);

	may_defer(order.order && (gfp & MMFUZZ_GFP_COMPACT));
	if (seen)
		seen->facts |= fact(DIFF_LARGEST, order.order == diff.highest);
	/* Linux also wants objects of its own, which nobody may move. */
	if (seen && ret == -ENOMEM && diff.side == DIFF_LINUX)
		look_for_room(seen, 1, 0, 0, mk_nid(0));
	if (seen && ret == -ENOMEM)
		look_for_room(seen, 1ul << order.order, 0, gfp | (diff.side == DIFF_LINUX ? MMFUZZ_GFP_MOVABLE : 0),
			      mk_nid(0)); /* memdesc takes folios from where it is told */
	return gives_errno(seen, ret);
}

static int rec_folio_remove(unsigned int index)
{
	struct diff_seen *seen = begins();

	return gives_errno(seen, inner()->folio_remove(index));
}

static int rec_folio_write(unsigned int index, uint64_t tag)
{
	struct diff_seen *seen = begins();

	return gives_errno(seen, inner()->folio_write(index, tag));
}

static int rec_folio_read(unsigned int index, uint64_t *tag)
{
	struct diff_seen *seen = begins();

	return gives_errno(seen, inner()->folio_read(index, tag));
}

static pfn_t rec_folio_get(unsigned int index)
{
	struct diff_seen *seen = begins();

	return gives_frame(seen, inner()->folio_get(index), 0, 0, mk_nid(0));
}

static unsigned long rec_walk_pfns(pfn_t start, unsigned long nr)
{
	struct diff_seen *seen = begins_at(start.pfn, nr, false);

	return gives_count(seen, inner()->walk_pfns(start, nr), nr);
}

static unsigned long rec_balloon_inflate(unsigned int dev, unsigned long nr)
{
	struct diff_seen *seen = begins();
	unsigned long got = inner()->balloon_inflate(dev, nr);

	if (seen && got < nr)
		look_for_room(seen, 1, 0, MMFUZZ_GFP_MOVABLE, mk_nid(0));
	return gives_count(seen, got, nr);
}

static unsigned long rec_balloon_deflate(unsigned int dev, unsigned long nr)
{
	struct diff_seen *seen = begins();

	return gives_count(seen, inner()->balloon_deflate(dev, nr), nr);
}

static int rec_balloon_release(unsigned int dev)
{
	struct diff_seen *seen = begins();

	return gives_errno(seen, inner()->balloon_release(dev));
}

static int rec_balloon_probe(unsigned int dev)
{
	struct diff_seen *seen = begins();

	return gives_errno(seen, inner()->balloon_probe(dev));
}

/* The node that memory leaves when a block at that frame goes offline; with no other node: none. */
static unsigned int node_left(unsigned long pfn)
{
	unsigned int nid = boot_zone_of(pfn) >> 4;

	for (unsigned int i = 0; i < ex.config.nr_zones; i++)
		if (ex.config.zones[i].nid != nid)
			return nid;
	return MMFUZZ_MAX_NODES;
}

static struct diff_seen *begins_at_block(block_t block)
{
	struct diff_seen *seen =
		begins_at(block.block << ex.config.section_order, 1ul << ex.config.section_order, true);

	/* DIFF_ABSENT and the next two are in the order of what block_state() says. */
	if (seen && inner()->block_state)
		seen->facts |= fact(DIFF_ABSENT + inner()->block_state(block), true);
	return seen;
}

static int rec_add_memory(block_t block, nid_t nid)
{
	struct diff_seen *seen = begins_at_block(block);

	return gives_errno(seen, inner()->add_memory(block, nid));
}

static int rec_online_pages(block_t block, enum mmfuzz_zone_type type)
{
	struct diff_seen *seen = begins_at_block(block);

	if (seen)
		seen->facts |= fact(DIFF_DMA, type == MMFUZZ_ZONE_DMA);
	return gives_errno(seen, inner()->online_pages(block, type));
}

static int rec_offline_pages(block_t block)
{
	struct diff_seen *seen = begins_at_block(block);
	unsigned long nr = 1ul << ex.config.section_order;
	int ret = inner()->offline_pages(block);

	/* What must leave a block leaves its node in Linux, while there is another one. */
	if (diff.side == DIFF_LINUX)
		diff.left = node_left(block.block << ex.config.section_order);
	ret = gives_range(seen, ret, nr);
	diff.left = MMFUZZ_MAX_NODES;
	return ret;
}

static int rec_remove_memory(block_t block)
{
	struct diff_seen *seen = begins_at_block(block);

	return gives_errno(seen, inner()->remove_memory(block));
}

/* ---- runs ---- */

/* Folios on their way to lists of reclaim are as if unmovable, and removed ones still there: memdesc has no such lists. */
static void rec_op_done(void)
{
	if (inner()->settle)
		inner()->settle();
	if (inner()->op_done)
		inner()->op_done();
}

static int rec_boot(const struct mmfuzz_config *config)
{
	diff.running = false;
	return inner()->boot(config);
}

static void rec_snapshot(void)
{
	inner()->snapshot();
	diff.running = true;
}

static void rec_reset(void)
{
	inner()->reset();
	diff.running = true;
}

static void rec_quiesce(void)
{
	diff.running = false;
	inner()->quiesce();
}

/* Pageblocks are no larger than the largest block: which that is, no core says otherwise. */
static unsigned int highest_order(void)
{
	struct mmfuzz_config config = { .nr_cpus = 1, .pageblock_order = MMFUZZ_MAX_ORDER };

	if (diff.backends.adapt)
		diff.backends.adapt(&config);
	return config.pageblock_order;
}

/* What one core lacks the other is not asked for either. */
static void make_doors(const struct diff_backends *backends)
{
	const size_t first = offsetof(struct mmfuzz_backend, alloc_frozen), last = offsetof(struct mmfuzz_backend, op_done);

	diff.backends = *backends;
	diff.highest = highest_order();
	for (unsigned int side = 0; side < DIFF_SIDES; side++) {
		struct mmfuzz_backend *door = &diff.door[side];

		*door = *backends->side[side];
		door->adapt = backends->adapt;
		door->boot = rec_boot;
		door->snapshot = rec_snapshot;
		door->reset = rec_reset;
		door->stats = rec_stats;
		door->quiesce = rec_quiesce;
		door->op_done = rec_op_done;
		door->set_trace = rec_set_trace;
#define RECORD(name) door->name = rec_##name
		RECORD(alloc_frozen);
		RECORD(alloc_frozen_nolock);
		RECORD(alloc_pages);
		RECORD(alloc_bulk);
		RECORD(alloc_contig_frozen_range);
		RECORD(alloc_contig_range);
		RECORD(alloc_contig_frozen_pages);
		RECORD(cma_alloc);
		RECORD(start_isolate_page_range);
		RECORD(has_unmovable_pages);
		RECORD(isolate_movable);
		RECORD(migrate_pages);
		RECORD(compact);
		RECORD(folio_add);
		RECORD(folio_remove);
		RECORD(folio_write);
		RECORD(folio_read);
		RECORD(folio_get);
		RECORD(walk_pfns);
		RECORD(balloon_inflate);
		RECORD(balloon_deflate);
		RECORD(balloon_release);
		RECORD(balloon_probe);
		RECORD(add_memory);
		RECORD(online_pages);
		RECORD(offline_pages);
		RECORD(remove_memory);
#undef RECORD
		for (unsigned int other = 0; other < DIFF_SIDES; other++)
			for (size_t at = first; at < last; at += sizeof(void *))
				if (!*(void *const *)((const char *)backends->side[other] + at))
					memset((char *)door + at, 0, sizeof(void *));
		/* Poisoned pages on one side, pages that a driver has offline on the other: there is nothing to compare. */
		door->alloc_offline_page = NULL;
		door->alloc_offline_pages = NULL;
		door->alloc_offline_page_range = NULL;
		/* Which subblocks a device plugs is up to each core, and what follows from that is not all understood yet. */
		door->vmem_plug = NULL;
		door->vmem_unplug = NULL;
	}
}

static void run_side(enum diff_side side)
{
	diff.side = side;
	diff.deferred = diff.ballooning = false;
	diff.left = MMFUZZ_MAX_NODES;
	diff.next = 0;
	diff.over = false;
	executor_run_sequential(&diff.door[side], &diff.program);
}

/* A block that no machine has: the executor passes over the operation. */
static void leave_out(unsigned int index)
{
	struct op *op = &diff.program.ops[index];

	if (op->block != UINT16_MAX)
		diff.rows[index].block = op->block;
	op->block = UINT16_MAX;
}

/* Returns whether there is more to compare. */
static bool run_round(void)
{
	for (unsigned int i = 0; i < diff.program.nr_ops; i++)
		if (!diff.rows[i].dropped)
			diff.rows[i] = (struct row){ 0 };
		else
			leave_out(i);
	diff.again = false;
	run_side(DIFF_LINUX);
	run_side(DIFF_MEMDESC);
	settle(diff.program.nr_ops);
	return diff.again;
}

static void prepare(const struct program *program)
{
	program_copy(&diff.program, program);
	diff.program.header.flags &= ~PROGRAM_RCU_LATE;
	/* As @adapt has it, but for memory that is not accepted: memdesc has none. */
	diff.program.header.pcp_high = diff.program.header.pcp_batch = 0;
	diff.high = false;
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		diff.program.ops[i].fault = 0;
		/* What one core never has is not asked for; nor do Linux's callers compact for single frames. */
		if (diff.program.ops[i].order > diff.highest)
			diff.program.ops[i].order = diff.highest;
		if (program->ops[i].code == OP_COMPACT && !program->ops[i].order)
			diff.program.ops[i].order = 1;
		/* Which node a CPU is on no backend says. */
		if (program->ops[i].code == OP_FOLIO_ADD)
			diff.program.ops[i].gfp &= ~MMFUZZ_GFP_THISNODE;
		diff.high |= program->ops[i].gfp & MMFUZZ_GFP_HIGH;
		diff.rows[i].dropped = false;
	}
}

void executor_run_diff(const struct diff_backends *backends, const struct program *program)
{
	make_doors(backends);
	prepare(program);
	for (unsigned int round = 0; run_round(); round++)
		if (round == DIFF_ROUNDS) {
			diff.given_up++;
			return;
		}
}

unsigned long executor_diff_given_up(void)
{
	return diff.given_up;
}

void executor_diff_print(FILE *out)
{
	for (unsigned int i = 0; i < diff.program.nr_ops; i++) {
		const struct row *row = &diff.rows[i];
		char words[DIFF_SIDES][DIFF_RESULT_MAX], line[PROGRAM_LINE_MAX];
		struct op op = diff.program.ops[i];

		diff_results(row->seen, words);
		if (op.block == UINT16_MAX)
			op.block = row->block;
		op_print(&op, line, sizeof(line));
		fprintf(out, "%4u  %-60s %8s | %-8s", i, line, words[DIFF_LINUX], words[DIFF_MEMDESC]);
		if (row->differs)
			fprintf(out, "  DIFFERS");
		else if (row->rule)
			fprintf(out, "  %s%s", row->dropped ? "left out: " : "", row->rule->reason);
		fputc('\n', out);
	}
}

#ifdef __clang__
#pragma clang attribute pop
#endif
