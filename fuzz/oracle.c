// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle (oracle.h): a byte a frame that says where it is, tags in simulated RAM, sums of
 * counters.
 *
 * Must not call into the core but for counters and descriptions, must not order CPUs (each atomic
 * is relaxed, see oracle.h), and must not walk the machine but in oracle_check_end().
 */
#include <stdio.h>
#include <string.h>

#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/ram.h>

#include "oracle.h"

/* What the oracle does says nothing of the input: as coverage it would only be noise, and slow. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

#define EIGHT(place) (0x0101010101010101ull * (place))
#define ZONE_UNKNOWN 0xffu
#define ZONE_OF_ANY  15u /* node */

/* What a CPU alone writes; padded, so that CPUs do not share a line. */
struct oracle_cpu {
	long out;      /* frames this CPU saw leave less those it saw come back */
	bool unsealed; /* it has isolated something since the machine was reset */
	const char *op;
} __attribute__((aligned(64)));

static struct {
	const struct mmfuzz_backend *backend;
	struct mmfuzz_config config;
	unsigned long max_pfn;
	unsigned long bytes; /* of @place: max_pfn rounded up to words */
	uint8_t *place;	     /* enum oracle_place of each frame */
	uint8_t *boot_place;
	uint32_t *zone; /* of each section: how often it was touched << 8 | nid << 4 | type, or ZONE_UNKNOWN */
	uint32_t *boot_zone;
	unsigned long nr_sections;
	struct mmfuzz_stats boot;
	uint16_t *isolation; /* of each pageblock, see trace_isolated() */
	unsigned long nr_pageblocks;
	unsigned int nr_sealed;
	struct mmfuzz_range sealed[ORACLE_MAX_SEALED];
	struct oracle_cpu cpu[NR_CPUS];
} oracle;

static const char *const place_names[NR_ORACLE_PLACES] = {
	[ORACLE_ABSENT] = "absent",
	[ORACLE_FREE] = "free",
	[ORACLE_OUT] = "out",
};

const char *oracle_place_name(enum oracle_place place)
{
	return place_names[place];
}

enum oracle_place oracle_place_of(pfn_t pfn)
{
	if (pfn.pfn >= oracle.max_pfn)
		return ORACLE_ABSENT;
	return __atomic_load_n(&oracle.place[pfn.pfn], __ATOMIC_RELAXED);
}

unsigned long oracle_next_out(unsigned long pfn)
{
	while (pfn < oracle.max_pfn && oracle_place_of(mk_pfn(pfn)) != ORACLE_OUT)
		pfn++;
	return pfn;
}

const char *oracle_set_op(const char *name)
{
	struct oracle_cpu *cpu = &oracle.cpu[smp_processor_id()];
	const char *old = cpu->op ? cpu->op : "oracle";

	if (name)
		cpu->op = name;
	return old;
}

#define MAX_FRAME_LINES 64u

static void print_frames(unsigned long from, unsigned long to, const char *what)
{
	if (from + 1 == to)
		fprintf(stderr, "mmfuzz: pfn 0x%lx: %s\n", from, what);
	else
		fprintf(stderr, "mmfuzz: pfn 0x%lx to 0x%lx: %s\n", from, to - 1, what);
}

void oracle_print_frames(pfn_t pfn, unsigned long nr)
{
	unsigned long from = pfn.pfn, end = pfn.pfn + nr < oracle.max_pfn ? pfn.pfn + nr : oracle.max_pfn;
	char what[256] = "", next[256];
	unsigned int lines = 0;

	if (sim_bug_is_quiet() || !oracle.backend->describe)
		return;
	for (unsigned long p = from; p < end; p++) {
		oracle.backend->describe(mk_pfn(p), next, sizeof(next));
		if (p == from || !strcmp(what, next)) {
			strcpy(what, next);
			continue;
		}
		print_frames(from, p, what);
		strcpy(what, next);
		from = p;
		if (++lines == MAX_FRAME_LINES) {
			fprintf(stderr, "mmfuzz: and %lu frames more\n", end - from);
			return;
		}
	}
	if (from < end)
		print_frames(from, end, what);
}

/* A plain counter that only its CPU writes; others read it when that CPU is outside the core. */
static void count_out(long frames)
{
	long *out = &oracle.cpu[smp_processor_id()].out;

	__atomic_store_n(out, __atomic_load_n(out, __ATOMIC_RELAXED) + frames, __ATOMIC_RELAXED);
}

unsigned long oracle_out(void)
{
	long sum = 0;

	for (unsigned int i = 0; i < oracle.config.nr_cpus; i++)
		sum += __atomic_load_n(&oracle.cpu[i].out, __ATOMIC_RELAXED);
	return sum;
}

/*
 * Move each of [pfn, pfn + nr) from one place to another by compare-and-swap, eight frames at a
 * time where that is possible. Returns the first frame that was elsewhere, or PFN_NONE.
 */
static pfn_t move(unsigned long pfn, unsigned long nr, enum oracle_place from, enum oracle_place to)
{
	unsigned long end = pfn + nr;

	while (pfn < end) {
		if (!(pfn & 7) && end - pfn >= 8) {
			uint64_t old = EIGHT(from);

			if (__atomic_compare_exchange_n((uint64_t *)&oracle.place[pfn], &old,
							EIGHT(to), false, __ATOMIC_RELAXED,
							__ATOMIC_RELAXED)) {
				pfn += 8;
				continue;
			}
			while ((uint8_t)old == from) {
				old >>= 8;
				pfn++;
			}
			return mk_pfn(pfn);
		}

		uint8_t old = from;

		if (!__atomic_compare_exchange_n(&oracle.place[pfn], &old, to, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return mk_pfn(pfn);
		pfn++;
	}
	return PFN_NONE;
}

static void check_range(pfn_t pfn, unsigned long nr, const char *what)
{
	if (pfn.pfn >= oracle.max_pfn || nr > oracle.max_pfn - pfn.pfn || !nr)
		oracle_bug("frame outside memory", pfn.pfn, "%s of %lu frames, memory has %lu",
			   what, nr, oracle.max_pfn);
}

static void check_block(pfn_t pfn, order_t order, const char *what)
{
	if (order.order > MMFUZZ_MAX_ORDER)
		oracle_bug("order too large", pfn.pfn, "%s of order %u", what, order.order);
	check_range(pfn, 1ul << order.order, what);
	if (pfn.pfn & ((1ul << order.order) - 1))
		oracle_bug("misaligned block", pfn.pfn, "%s of order %u", what, order.order);
}

void oracle_seal(pfn_t pfn, unsigned long nr)
{
	for (unsigned int i = 0; i < oracle.nr_sealed; i++)
		if (oracle.sealed[i].start == pfn.pfn)
			return;
	if (oracle.nr_sealed < ORACLE_MAX_SEALED)
		oracle.sealed[oracle.nr_sealed++] = (struct mmfuzz_range){ pfn.pfn, nr };
}

void oracle_unseal(pfn_t pfn)
{
	for (unsigned int i = 0; i < oracle.nr_sealed; i++)
		if (oracle.sealed[i].start == pfn.pfn)
			oracle.sealed[i] = oracle.sealed[--oracle.nr_sealed];
}

static void check_sealed(pfn_t pfn, unsigned long nr)
{
	for (unsigned int i = 0; i < oracle.nr_sealed; i++) {
		const struct mmfuzz_range *range = &oracle.sealed[i];

		if (pfn.pfn < range->start + range->nr && range->start < pfn.pfn + nr)
			oracle_bug("grant from an isolated pageblock", pfn.pfn,
				   "%lu frames, but [0x%lx, 0x%lx) is isolated and was drained", nr,
				   range->start, range->start + range->nr);
	}
}

/*
 * What the core says of isolation. Who isolates a pageblock and then empties all pagesets of its zone knows that none
 * of them holds a block of it, nor will: whoever adds to a pageset does that under its lock, which the drain had in
 * between, and asks for the bit. That needs no order but the core's: @isolation is written by the CPU that drained, after it
 * had had each lock, and looked at by others under that lock. A drain by another CPU proves nothing, since it may
 * not have seen the bit.
 */
#define ISOLATION_SEALED 0x8000u

static uint16_t isolated_by(unsigned int cpu, unsigned int zone)
{
	return (cpu + 1) << 8 | zone;
}

static void trace_isolated(pfn_t pfn, unsigned long nr, unsigned int zone)
{
	unsigned long end = (pfn.pfn + nr) >> oracle.config.pageblock_order;

	check_range(pfn, nr, "isolation");
	for (unsigned long i = pfn.pfn >> oracle.config.pageblock_order; i < end; i++)
		__atomic_store_n(&oracle.isolation[i], isolated_by(smp_processor_id(), zone), __ATOMIC_RELAXED);
	oracle.cpu[smp_processor_id()].unsealed = true;
}

static void trace_unisolate(pfn_t pfn, unsigned long nr)
{
	unsigned long end = (pfn.pfn + nr) >> oracle.config.pageblock_order;

	check_range(pfn, nr, "end of isolation");
	for (unsigned long i = pfn.pfn >> oracle.config.pageblock_order; i < end; i++)
		__atomic_store_n(&oracle.isolation[i], 0, __ATOMIC_RELAXED);
	/* Before the bits: pairs with the fence in trace_pageset(), whose caller has looked at them. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void trace_drained(unsigned int zone)
{
	uint16_t mine = isolated_by(smp_processor_id(), zone);

	if (!oracle.cpu[smp_processor_id()].unsealed)
		return;
	/* Another CPU may undo it at the same time. */
	for (unsigned long i = 0; i < oracle.nr_pageblocks; i++)
		if (__atomic_load_n(&oracle.isolation[i], __ATOMIC_RELAXED) == mine) {
			uint16_t old = mine;

			__atomic_compare_exchange_n(&oracle.isolation[i], &old, ISOLATION_SEALED, false,
						    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		}
}

static void trace_pageset(pfn_t pfn, order_t order)
{
	unsigned long end = pfn.pfn + (1ul << order.order);

	check_block(pfn, order, "block of a pageset");
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (unsigned long p = pfn.pfn; p < end; p += 1ul << oracle.config.pageblock_order)
		if (__atomic_load_n(&oracle.isolation[p >> oracle.config.pageblock_order], __ATOMIC_RELAXED) ==
		    ISOLATION_SEALED)
			oracle_bug("isolated page on a pageset that was drained", p,
				   "block of order %u at 0x%lx", order.order, pfn.pfn);
}

static void leaves(pfn_t pfn, order_t order)
{
	pfn_t bad;

	check_block(pfn, order, "grant");
	bad = move(pfn.pfn, 1ul << order.order, ORACLE_FREE, ORACLE_OUT);
	if (!pfn_is_none(bad)) {
		if (oracle_place_of(bad) == ORACLE_ABSENT)
			oracle_bug("grant of absent memory", bad.pfn,
				   "in a block of order %u at 0x%lx", order.order, pfn.pfn);
		oracle_bug("double grant", bad.pfn,
			   "in a block of order %u at 0x%lx, but the frame is out", order.order,
			   pfn.pfn);
	}
	count_out(1l << order.order);
}

static void trace_alloc(pfn_t pfn, order_t order)
{
	if (oracle.nr_sealed)
		check_sealed(pfn, 1ul << order.order);
	leaves(pfn, order);
}

/* That a pageblock is isolated keeps its frames from being used, which nobody will. */
static void trace_kept(pfn_t pfn)
{
	leaves(pfn, mk_order(0));
}

static void trace_free(pfn_t pfn, order_t order)
{
	pfn_t bad;

	check_block(pfn, order, "free");
	bad = move(pfn.pfn, 1ul << order.order, ORACLE_OUT, ORACLE_FREE);
	if (!pfn_is_none(bad)) {
		if (oracle_place_of(bad) == ORACLE_ABSENT)
			oracle_bug("free of absent memory", bad.pfn,
				   "in a block of order %u at 0x%lx", order.order, pfn.pfn);
		oracle_bug("stale free", bad.pfn,
			   "in a block of order %u at 0x%lx, but the frame is free", order.order,
			   pfn.pfn);
	}
	count_out(-(1l << order.order));
}

static void trace_online(pfn_t pfn, unsigned long nr)
{
	pfn_t bad;

	check_range(pfn, nr, "online");
	bad = move(pfn.pfn, nr, ORACLE_ABSENT, ORACLE_FREE);
	if (!pfn_is_none(bad))
		oracle_bug("online of memory that is there", bad.pfn,
			   "%lu frames at 0x%lx, but the frame is %s", nr, pfn.pfn,
			   oracle_place_name(oracle_place_of(bad)));
}

static void trace_offline(pfn_t pfn, unsigned long nr)
{
	pfn_t bad;

	check_range(pfn, nr, "offline");
	bad = move(pfn.pfn, nr, ORACLE_FREE, ORACLE_ABSENT);
	if (!pfn_is_none(bad))
		oracle_bug("offline of memory that is not free", bad.pfn,
			   "%lu frames at 0x%lx, but the frame is %s", nr, pfn.pfn,
			   oracle_place_name(oracle_place_of(bad)));
}

const struct mmfuzz_trace oracle_trace = {
	.alloc = trace_alloc,
	.free = trace_free,
	.online = trace_online,
	.offline = trace_offline,
	.kept = trace_kept,
	.isolated = trace_isolated,
	.unisolate = trace_unisolate,
	.drained = trace_drained,
	.pageset = trace_pageset,
};

static unsigned long zone_bytes(void)
{
	return oracle.nr_sections * sizeof(*oracle.zone);
}

void oracle_boot(const struct mmfuzz_backend *backend, const struct mmfuzz_config *config)
{
	unsigned long there;

	oracle_shutdown();
	oracle.backend = backend;
	oracle.config = *config;
	oracle.max_pfn = config->max_pfn;
	oracle.bytes = (config->max_pfn + 7) & ~7ul;
	oracle.nr_sections = config->max_pfn >> config->section_order;
	oracle.place = sim_reserve(oracle.bytes);
	oracle.boot_place = sim_reserve(oracle.bytes);
	oracle.zone = sim_reserve(zone_bytes());
	oracle.boot_zone = sim_reserve(zone_bytes());
	oracle.nr_pageblocks = config->max_pfn >> config->pageblock_order;
	oracle.isolation = sim_reserve(oracle.nr_pageblocks * sizeof(*oracle.isolation));

	for (unsigned long i = 0; i < oracle.nr_sections; i++)
		oracle.boot_zone[i] = ZONE_UNKNOWN;
	for (unsigned int i = 0; i < config->nr_zones; i++) {
		const struct mmfuzz_zone_config *z = &config->zones[i];
		const unsigned long section = z->range.start >> config->section_order;

		memset(oracle.boot_place + z->range.start, ORACLE_FREE, z->range.nr);
		for (unsigned long s = section; s < section + (z->range.nr >> config->section_order); s++)
			oracle.boot_zone[s] = z->nid << 4 | z->type;
	}
	for (unsigned int i = 0; i < config->nr_holes; i++)
		memset(oracle.boot_place + config->holes[i].start, ORACLE_ABSENT,
		       config->holes[i].nr);
	oracle_reset();

	there = 0;
	for (unsigned long pfn = 0; pfn < oracle.max_pfn; pfn++)
		there += oracle.place[pfn] == ORACLE_FREE;
	backend->stats(&oracle.boot);
	if (oracle.boot.managed != there)
		sim_bug("drifted counter", "boot", SIM_NO_PFN,
			"the core manages %lu frames of %lu that are there", oracle.boot.managed,
			there);
	oracle_check_counters();
}

void oracle_reset(void)
{
	memcpy(oracle.place, oracle.boot_place, oracle.bytes);
	memcpy(oracle.zone, oracle.boot_zone, zone_bytes());
	memset(oracle.isolation, 0, oracle.nr_pageblocks * sizeof(*oracle.isolation));
	oracle.nr_sealed = 0;
	for (unsigned int i = 0; i < oracle.config.nr_cpus; i++)
		oracle.cpu[i] = (struct oracle_cpu){ 0 };
}

void oracle_shutdown(void)
{
	if (!oracle.backend)
		return;
	sim_release_used(oracle.place, oracle.bytes, oracle.bytes);
	sim_release_used(oracle.boot_place, oracle.bytes, oracle.bytes);
	sim_release_used(oracle.zone, zone_bytes(), zone_bytes());
	sim_release_used(oracle.boot_zone, zone_bytes(), zone_bytes());
	sim_release_used(oracle.isolation, oracle.nr_pageblocks * sizeof(*oracle.isolation),
			 oracle.nr_pageblocks * sizeof(*oracle.isolation));
	memset(&oracle, 0, sizeof(oracle));
}

void oracle_granted(pfn_t pfn, unsigned long nr, order_t align)
{
	check_range(pfn, nr, "grant");
	if (pfn.pfn & ((1ul << align.order) - 1))
		oracle_bug("misaligned block", pfn.pfn,
			   "a grant that should be aligned to order %u", align.order);
	for (unsigned long i = 0; i < nr; i++) {
		pfn_t p = mk_pfn(pfn.pfn + i);

		if (oracle_place_of(p) != ORACLE_OUT)
			oracle_bug("grant without an event", p.pfn,
				   "given to the program, but the frame is %s",
				   oracle_place_name(oracle_place_of(p)));
	}
	if (oracle.backend->pfn_state_ok && !oracle.backend->pfn_state_ok(pfn))
		oracle_bug("state that does not exist", pfn.pfn, "after a grant of %lu frames", nr);
}

bool oracle_zone_ok(pfn_t pfn, unsigned int gfp, nid_t nid)
{
	const uint32_t zone = __atomic_load_n(&oracle.zone[pfn.pfn >> oracle.config.section_order],
					      __ATOMIC_RELAXED) & 0xff;

	if (zone == ZONE_UNKNOWN)
		return true;
	if ((gfp & MMFUZZ_GFP_THISNODE) && zone >> 4 != ZONE_OF_ANY && zone >> 4 != nid.nid)
		return false;
	if (gfp & MMFUZZ_GFP_DMA)
		return (zone & 15) == MMFUZZ_ZONE_DMA;
	return (gfp & MMFUZZ_GFP_MOVABLE) || (zone & 15) != MMFUZZ_ZONE_MOVABLE;
}

void oracle_not_cma(pfn_t pfn, unsigned long nr)
{
	for (unsigned int i = 0; i < oracle.config.nr_cma; i++) {
		const struct mmfuzz_range *area = &oracle.config.cma[i];

		if (pfn.pfn < area->start + area->nr && area->start < pfn.pfn + nr)
			oracle_bug("unmovable page in CMA", pfn.pfn, "%lu frames, area %u is [0x%lx, 0x%lx)", nr,
				   i, area->start, area->start + area->nr);
	}
}

static uint32_t touched(uint32_t zone)
{
	return ((zone >> 8) + 1) << 8 | ZONE_UNKNOWN;
}

/*
 * All relaxed: whoever is given a frame of the block got it by the core's locks from whoever brought the block online, and that
 * one had said so before.
 */
uint32_t oracle_zone_touched(block_t block)
{
	uint32_t *word, before;

	if (block.block >= oracle.nr_sections)
		return ZONE_UNKNOWN;
	word = &oracle.zone[block.block];
	before = __atomic_load_n(word, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(word, &before, touched(before), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	return before;
}

static void settle(block_t block, uint32_t before, uint32_t zone)
{
	uint32_t mine = touched(before);

	if (block.block < oracle.nr_sections)
		__atomic_compare_exchange_n(&oracle.zone[block.block], &mine, (mine & ~0xffu) | zone, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void oracle_zone_kept(block_t block, uint32_t before)
{
	settle(block, before, before & 0xff);
}

void oracle_zone_is(block_t block, uint32_t before, enum mmfuzz_zone_type type)
{
	settle(block, before, ZONE_OF_ANY << 4 | type);
}

/*
 * An odd factor keeps the tags of neighbouring frames apart; the result is never the 0 of a zeroed
 * page.
 */
static uint64_t tag_of(unsigned long pfn, uint64_t seed)
{
	return (seed + pfn * 0x9e3779b97f4a7c15ull) | 1;
}

void oracle_tag(pfn_t pfn, unsigned long nr, uint64_t seed)
{
	for (unsigned long i = pfn.pfn; i < pfn.pfn + nr; i++)
		*(uint64_t *)ram_ptr(i) = tag_of(i, seed);
}

void oracle_check_tag(pfn_t pfn, unsigned long nr, uint64_t seed)
{
	for (unsigned long i = pfn.pfn; i < pfn.pfn + nr; i++) {
		uint64_t got = *(const uint64_t *)ram_ptr(i);

		if (got != tag_of(i, seed))
			oracle_bug("contents lost", i,
				   "frame of a grant of %lu at 0x%lx reads 0x%llx, not 0x%llx", nr,
				   pfn.pfn, (unsigned long long)got,
				   (unsigned long long)tag_of(i, seed));
	}
}

void oracle_check_zero(pfn_t pfn, unsigned long nr)
{
	for (unsigned long i = pfn.pfn; i < pfn.pfn + nr; i++) {
		uint64_t got = *(const uint64_t *)ram_ptr(i);

		if (got)
			oracle_bug("not zeroed", i,
				   "frame of a zeroed grant of %lu at 0x%lx reads 0x%llx", nr,
				   pfn.pfn, (unsigned long long)got);
	}
}

void oracle_check_counters(void)
{
	struct mmfuzz_stats s;
	unsigned long inside, out = oracle_out();

	oracle.backend->stats(&s);
	inside = s.free + s.free_isolated + s.pcp + s.deferred + s.guard;
	if (s.managed + s.ballooned != inside + out)
		oracle_bug("drifted counter", SIM_NO_PFN,
			   "managed %lu + ballooned %lu, but free %lu + isolated %lu + pcp %lu + "
			   "deferred %lu + guard %lu + out %lu",
			   s.managed, s.ballooned, s.free, s.free_isolated, s.pcp, s.deferred,
			   s.guard, out);
}

/* Names the first few frames that are not where they were at boot; does not return. */
static void report_lost(void)
{
	char line[600], words[120];
	size_t len = 0;
	unsigned long first = 0, nr = 0;
	enum oracle_place place = ORACLE_OUT;

	for (unsigned long pfn = 0; pfn < oracle.max_pfn; pfn++) {
		if (oracle.place[pfn] == oracle.boot_place[pfn])
			continue;
		if (!nr++) {
			first = pfn;
			place = oracle.place[pfn];
		}
		if (nr > 4)
			continue;
		oracle.backend->describe(mk_pfn(pfn), words, sizeof(words));
		len += snprintf(line + len, sizeof(line) - len, "; 0x%lx is %s, was %s: %s", pfn,
				oracle_place_name(oracle.place[pfn]),
				oracle_place_name(oracle.boot_place[pfn]), words);
		if (len >= sizeof(line))
			len = sizeof(line) - 1;
	}
	if (place == ORACLE_OUT)
		oracle_bug("lost page", first, "%lu frames did not come back%s", nr, line);
	oracle_bug("memory not as booted", first, "%lu frames are elsewhere%s", nr, line);
}

static void check_same(const char *what, unsigned long is, unsigned long was)
{
	if (is != was)
		oracle_bug("drifted counter", SIM_NO_PFN,
			   "%s is %lu after all was given back, was %lu at boot", what, is, was);
}

void oracle_check_end(void)
{
	struct mmfuzz_stats s;

	oracle_set_op("the end");
	if (memcmp(oracle.place, oracle.boot_place, oracle.bytes))
		report_lost();
	oracle_check_counters();
	oracle.backend->stats(&s);
	check_same("managed", s.managed, oracle.boot.managed);
	check_same("ballooned", s.ballooned, oracle.boot.ballooned);
	check_same("free", s.free, oracle.boot.free);
	check_same("free in isolated blocks", s.free_isolated, 0);
	check_same("pcp", s.pcp, 0);
	check_same("deferred", s.deferred, 0);
	check_same("guard", s.guard, oracle.boot.guard);
	check_same("descriptors", s.descriptors, oracle.boot.descriptors);
}

#ifdef __clang__
#pragma clang attribute pop
#endif
