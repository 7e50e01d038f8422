// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend linux behind its door: what each operation returns, what the oracle hears, and that a machine comes back as
 * it was. In sequence, as what a tree does under concurrency is for the fuzzers. A machine of 256 frames, 16
 * pageblocks, and room for as much again:
 *
 *   frame   0                    128       192        256                512
 *           | NORMAL             | CMA     | NORMAL   | absent sections |
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmfuzz/backend_linux.h>

#include <sim/bug.h>
#include <sim/fault.h>
#include <sim/ram.h>

#include "../gate.h"
#include "program.h"

#define NR_FRAMES 256ul
#define BLOCK	  16ul
#define CMA_START 128ul
#define CMA_NR	  64ul

static const struct mmfuzz_backend *const be = &mmfuzz_backend_linux;
static const nid_t node0;

/* What the trace has said of each frame: 1 out, 0 in the allocator. */
static unsigned char out[NR_FRAMES];
static unsigned int nr_events;

static void on_alloc(pfn_t pfn, order_t order)
{
	for (unsigned long i = 0; i < 1ul << order.order; i++) {
		assert_int_equal(out[pfn.pfn + i], 0);
		out[pfn.pfn + i] = 1;
	}
	nr_events++;
}

static void on_free(pfn_t pfn, order_t order)
{
	for (unsigned long i = 0; i < 1ul << order.order; i++) {
		assert_int_equal(out[pfn.pfn + i], 1);
		out[pfn.pfn + i] = 0;
	}
	nr_events++;
}

static void on_range(pfn_t pfn, unsigned long nr)
{
	(void)pfn, (void)nr;
	fail_msg("no memory comes or goes here");
}

static const struct mmfuzz_trace trace = {
	.alloc = on_alloc,
	.free = on_free,
	.online = on_range,
	.offline = on_range,
};

static struct mmfuzz_stats stats_now(void)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	return stats;
}

static unsigned long available(void)
{
	const struct mmfuzz_stats stats = stats_now();

	return stats.free + stats.free_isolated + stats.pcp;
}

static unsigned long nr_out(void)
{
	unsigned long sum = 0;

	for (unsigned long i = 0; i < NR_FRAMES; i++)
		sum += out[i];
	return sum;
}

static int boot_machine(void **state)
{
	struct mmfuzz_config config = {
		.nr_cpus = 2,
		.pageblock_order = 4,
		.section_order = 4,
		.max_pfn = 2 * NR_FRAMES,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, NR_FRAMES } } },
		.nr_cma = 1,
		.cma = { { CMA_START, CMA_NR } },
		.ram_shift = 3,
	};

	(void)state;
	be->adapt(&config);
	assert_int_equal(config.pageblock_order, 4);
	assert_int_equal(be->boot(&config), 0);
	be->snapshot();
	memset(out, 0, sizeof(out));
	nr_events = 0;
	be->set_trace(&trace);
	return 0;
}

static int shutdown_machine(void **state)
{
	(void)state;
	be->shutdown();
	return 0;
}

static int reset(void **state)
{
	(void)state;
	be->reset();
	memset(out, 0, sizeof(out));
	nr_events = 0;
	return 0;
}

/* All is given back: the kernel's own structures say so, and so do we. */
static void machine_is_as_booted(void)
{
	be->quiesce();
	be->check();
	be->check_idle();
	assert_int_equal(nr_out(), 0);
	assert_int_equal(available(), NR_FRAMES);
}

static void machine_of(const struct machine_profile *profile)
{
	struct mmfuzz_config config = profile->config;
	unsigned long frames = 0;
	struct mmfuzz_stats stats;
	pfn_t pfn;

	config.nr_cpus = 3;
	be->adapt(&config);
	assert_int_equal(be->boot(&config), 0);
	be->snapshot();
	for (unsigned int i = 0; i < config.nr_zones; i++)
		frames += config.zones[i].range.nr;
	for (unsigned int i = 0; i < config.nr_holes; i++)
		frames -= config.holes[i].nr;
	stats = stats_now();
	assert_int_equal(stats.managed, frames);
	assert_int_equal(stats.free + stats.pcp, frames);
	be->check();

	pfn = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(0), node0);
	assert_true(pfn.pfn < config.max_pfn);
	be->reset();
	be->check();
	be->check_idle();
	be->shutdown();
}

/* Each of them twice: the second time a machine may come from a copy. */
static void each_profile_boots(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * PROGRAM_NR_PROFILES; i++)
		machine_of(&machine_profiles[i % PROGRAM_NR_PROFILES]);
}

/* Not to the machine as it booted, if somebody was there in between. */
static void reset_goes_back_to_the_snapshot(void **state)
{
	struct mmfuzz_stats before, after;
	pfn_t pfn;

	boot_machine(state);
	be->set_trace(NULL);
	be->stats(&before);
	pfn = be->alloc_frozen(0, mk_order(0), node0);
	be->free_frozen(pfn, mk_order(0));
	be->stats(&after);
	assert_int_not_equal(after.pcp, before.pcp);
	be->snapshot();
	be->quiesce();
	be->reset();
	be->stats(&before);
	assert_memory_equal(&before, &after, sizeof(before));
	be->check();
	be->check_idle();
	be->shutdown();
}

static void what_cannot_be_a_machine_is_refused(void **state)
{
	struct mmfuzz_config config = machine_profiles[0].config;

	(void)state;
	config.nr_cpus = 1;
	be->adapt(&config);
	config.max_pfn = 1ul << 40;
	assert_int_equal(be->boot(&config), -EINVAL);
}

static void blocks_of_each_order(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= 4; order++) {
		const pfn_t pfn = be->alloc_frozen(0, mk_order(order), node0);

		assert_true(pfn.pfn < NR_FRAMES);
		assert_int_equal(pfn.pfn & ((1ul << order) - 1), 0);
		assert_int_equal(nr_out(), 1ul << order);
		assert_int_equal(available(), NR_FRAMES - (1ul << order));
		be->free_frozen(pfn, mk_order(order));
		machine_is_as_booted();
	}
	assert_int_equal(be->alloc_frozen(0, mk_order(20), node0).pfn, PFN_NONE.pfn);
}

static void memory_runs_out(void **state)
{
	pfn_t pfns[NR_FRAMES + 1];
	unsigned long nr = 0;

	(void)state;
	for (; nr <= NR_FRAMES; nr++) {
		pfns[nr] = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(0), node0);
		if (pfns[nr].pfn == PFN_NONE.pfn)
			break;
		be->op_done();
	}
	/* The rest is below the watermarks. */
	assert_in_range(nr, NR_FRAMES * 3 / 4, NR_FRAMES);
	assert_int_equal(nr_out(), nr);
	while (nr--)
		be->free_frozen(pfns[nr], mk_order(0));
	machine_is_as_booted();
}

/* Each allocation of the operation is asked; who has none to migrate to leaves what is isolated where it is. */
static void memory_fails_where_a_program_says(void **state)
{
	pfn_t pfns[8], pfn;

	(void)state;
	fault_arm(FAULT_PAGE, 2);
	pfn = be->alloc_frozen(0, mk_order(0), node0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	assert_int_equal(be->alloc_frozen(0, mk_order(3), node0).pfn, PFN_NONE.pfn);
	assert_true(fault_disarm());
	be->free_frozen(pfn, mk_order(0));
	assert_int_equal(be->balloon_inflate(0, 8), 8);
	assert_int_equal(be->isolate_movable(mk_pfn(0), NR_FRAMES, 8, pfns), 8);
	fault_arm(FAULT_PAGE, 0);
	assert_int_equal(be->migrate_pages(pfns, 8, false), 8);
	assert_true(fault_disarm());
	assert_int_equal(be->balloon_pages(0), 8);
	assert_int_equal(be->migrate_pages(pfns, 8, false), 0);
	be->check();
	assert_int_equal(be->balloon_deflate(0, 8), 8);
	machine_is_as_booted();
}

static void the_last_reference_frees(void **state)
{
	const pfn_t pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(2), node0);

	(void)state;
	assert_int_equal(be->page_count(pfn), 1);
	be->get_page(pfn);
	assert_int_equal(be->page_count(pfn), 2);
	be->put_page(pfn);
	assert_int_equal(nr_out(), 4);
	be->put_page(pfn);
	machine_is_as_booted();
}

static void bulk_and_split(void **state)
{
	const pfn_t block = be->alloc_frozen(0, mk_order(3), node0);
	pfn_t pfns[8];
	unsigned long nr = be->alloc_bulk(MMFUZZ_GFP_MOVABLE, node0, 8, pfns);

	(void)state;
	assert_in_range(nr, 1, 8);
	assert_int_equal(nr_out(), 8 + nr);
	for (unsigned long i = 0; i < nr; i++)
		assert_int_equal(out[pfns[i].pfn], 1);
	be->free_bulk(nr, pfns);
	assert_int_equal(nr_out(), 8);
	be->split(block, mk_order(3));
	for (unsigned long i = 0; i < 8; i++)
		be->free_frozen(mk_pfn(block.pfn + i), mk_order(0));
	machine_is_as_booted();
}

/* Its blocks are as others: to be split, and to be freed by whoever has them. */
static void without_waiting_for_a_lock(void **state)
{
	pfn_t pfn;

	(void)state;
	if (!be->alloc_frozen_nolock)
		skip();
	for (unsigned int order = 0; order <= 4; order++) {
		pfn = be->alloc_frozen_nolock(mk_order(order), node0);
		assert_true(pfn.pfn < NR_FRAMES);
		assert_int_equal(nr_out(), 1ul << order);
		be->free_frozen_nolock(pfn, mk_order(order));
		assert_int_equal(nr_out(), 0);
		pfn = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(order), node0);
		be->free_frozen_nolock(pfn, mk_order(order));
		pfn = be->alloc_frozen_nolock(mk_order(order), node0);
		be->free_frozen(pfn, mk_order(order));
		pfn = be->alloc_frozen_nolock(mk_order(order), node0);
		be->split(pfn, mk_order(order));
		for (unsigned long i = 0; i < 1ul << order; i++)
			be->free_frozen(mk_pfn(pfn.pfn + i), mk_order(0));
		be->check();
		machine_is_as_booted();
	}
	/* Nobody holds a lock here, so none of it has had to wait. */
	assert_int_equal(stats_now().deferred, 0);
	assert_int_equal(be->alloc_frozen_nolock(mk_order(20), node0).pfn, PFN_NONE.pfn);
}

static void exactly_this_range(void **state)
{
	const pfn_t start = mk_pfn(2 * BLOCK + 3);
	pfn_t pfn;

	(void)state;
	assert_int_equal(be->alloc_contig_range(start, 20), 0);
	assert_int_equal(nr_out(), 20);
	for (unsigned long i = 0; i < 20; i++)
		assert_int_equal(out[start.pfn + i], 1);
	/* What is in use and cannot be moved. */
	assert_int_equal(be->alloc_contig_range(mk_pfn(2 * BLOCK), BLOCK), -EBUSY);
	/* Where no memory is. */
	assert_int_equal(be->alloc_contig_range(mk_pfn(NR_FRAMES), BLOCK), -EINVAL);
	be->free_contig_range(start, 20);

	pfn = be->alloc_contig_frozen_pages(3 * BLOCK, MMFUZZ_GFP_MOVABLE, node0);
	assert_true(pfn.pfn < NR_FRAMES);
	assert_int_equal(nr_out(), 3 * BLOCK);
	be->free_contig_frozen_range(pfn, 3 * BLOCK);
	assert_int_equal(be->alloc_contig_frozen_pages(2 * NR_FRAMES, 0, node0).pfn, PFN_NONE.pfn);
	machine_is_as_booted();
}

static void cma_gives_frames_of_its_area(void **state)
{
	const pfn_t first = be->cma_alloc(0, 10), second = be->cma_alloc(0, 10);

	(void)state;
	assert_in_range(first.pfn, CMA_START, CMA_START + CMA_NR - 10);
	assert_in_range(second.pfn, CMA_START, CMA_START + CMA_NR - 10);
	assert_int_equal(nr_out(), 20);
	assert_int_equal(be->cma_alloc(0, CMA_NR).pfn, PFN_NONE.pfn);
	be->cma_release(0, first, 10);
	be->cma_release(0, second, 10);
	machine_is_as_booted();
}

static void an_isolated_block_is_not_given_out(void **state)
{
	const unsigned long start = 3 * BLOCK;
	pfn_t pfns[NR_FRAMES];
	unsigned long nr = 0;

	(void)state;
	assert_int_equal(be->start_isolate_page_range(mk_pfn(start), BLOCK), 0);
	assert_int_equal(stats_now().free_isolated, BLOCK);
	assert_int_equal(available(), NR_FRAMES);
	for (; nr < NR_FRAMES; nr++) {
		pfns[nr] = be->alloc_frozen(MMFUZZ_GFP_MOVABLE, mk_order(0), node0);
		if (pfns[nr].pfn == PFN_NONE.pfn)
			break;
		assert_false(pfns[nr].pfn >= start && pfns[nr].pfn < start + BLOCK);
	}
	while (nr--)
		be->free_frozen(pfns[nr], mk_order(0));
	be->undo_isolate_page_range(mk_pfn(start), BLOCK);
	assert_int_equal(stats_now().free_isolated, 0);
	machine_is_as_booted();
}

/* Whatever a run leaves behind is gone. */
static void what_does_not_move(void **state)
{
	const pfn_t pfn = be->alloc_frozen(0, mk_order(0), node0);

	(void)state;
	assert_int_equal(be->has_unmovable_pages(pfn).pfn, pfn.pfn);
	be->free_frozen(pfn, mk_order(0));
	assert_int_equal(be->has_unmovable_pages(pfn).pfn, PFN_NONE.pfn);
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 1), 0);
	be->settle();
	/* The folio moves; what it is noted in does not. */
	for (unsigned long block = 0; block < CMA_START; block += BLOCK) {
		const pfn_t found = be->has_unmovable_pages(mk_pfn(block));

		assert_true(pfn_is_none(found) || be->core_owns(found));
	}
	assert_int_equal(be->folio_remove(0), 0);
	/* CMA is taken, whoever is in it; and what is not there does not move. */
	assert_int_equal(be->has_unmovable_pages(mk_pfn(CMA_START + 1)).pfn, CMA_START);
	assert_int_equal(be->has_unmovable_pages(mk_pfn(NR_FRAMES)).pfn, NR_FRAMES);
	assert_int_equal(be->has_unmovable_pages(mk_pfn(2 * NR_FRAMES)).pfn, 2 * NR_FRAMES);
	machine_is_as_booted();
}

/* Where nobody has anything: which blocks these are is up to the core. */
static int isolate_a_free_block(void)
{
	unsigned long pfn = NR_FRAMES;

	do
		pfn -= BLOCK;
	while (pfn && memchr(out + pfn, 1, BLOCK));
	return be->start_isolate_page_range(mk_pfn(pfn), BLOCK);
}

static void reset_puts_everything_back(void **state)
{
	struct mmfuzz_stats before, after;
	pfn_t first[4];

	(void)state;
	be->stats(&before);
	for (unsigned int round = 0; round < 3; round++) {
		pfn_t pfns[8];

		for (unsigned int order = 0; order < 4; order++) {
			const pfn_t pfn = be->alloc_frozen(0, mk_order(order), node0);

			/* The same program finds the same machine. */
			if (!round)
				first[order] = pfn;
			assert_int_equal(pfn.pfn, first[order].pfn);
		}
		be->alloc_bulk(MMFUZZ_GFP_RECLAIMABLE, node0, 8, pfns);
		be->cma_alloc(0, 5);
		assert_int_equal(isolate_a_free_block(), 0);
		assert_int_not_equal(available(), NR_FRAMES);
		reset(NULL);
		be->stats(&after);
		assert_memory_equal(&before, &after, sizeof(before));
		be->check();
		be->check_idle();
	}
}

static void nothing_is_heard_without_a_trace(void **state)
{
	pfn_t pfn;

	(void)state;
	pfn = be->alloc_frozen(0, mk_order(1), node0);
	assert_int_not_equal(nr_events, 0);
	be->set_trace(NULL);
	nr_events = 0;
	be->free_frozen(pfn, mk_order(1));
	be->quiesce();
	assert_int_equal(nr_events, 0);
	be->set_trace(&trace);
}

static pfn_t a_slab(void)
{
	char text[120];

	for (unsigned long pfn = 0; pfn < NR_FRAMES; pfn++) {
		be->describe(mk_pfn(pfn), text, sizeof(text));
		if (strstr(text, "slab of radix_tree_node"))
			return mk_pfn(pfn);
	}
	fail_msg("no frame is a slab");
	return PFN_NONE;
}

/* Folios far from each other have nodes of the page cache of their own; those are objects in a frame of the machine. */
static void objects_lie_in_frames(void **state)
{
	unsigned long slab;
	pfn_t block;
	int err;

	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 1), 0);
	assert_int_equal(be->folio_add(200, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 2), 0);
	slab = a_slab().pfn;
	assert_int_equal(out[slab], 1);
	assert_int_equal(nr_out(), 3);
	be->check();
	/* It cannot be moved away. Without a reference, as in trees with frozen pages, it is no obstacle to isolation alone. */
	block = mk_pfn(slab & ~(BLOCK - 1));
	err = be->start_isolate_page_range(block, BLOCK);
	if (err)
		assert_int_equal(err, -EBUSY);
	else
		be->undo_isolate_page_range(block, BLOCK);
	assert_int_equal(be->alloc_contig_range(block, BLOCK), -EBUSY);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(be->folio_remove(200), 0);
	machine_is_as_booted();
}

/* As long as there are objects in a block it does not go; who takes it offline waits for those that are as good as gone. */
static void a_block_with_objects_stays(void **state)
{
	block_t block;

	(void)state;
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 1), 0);
	assert_int_equal(be->folio_add(200, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 2), 0);
	block = mk_block(a_slab().pfn / BLOCK);
	assert_int_equal(be->offline_pages(block), -EBUSY);
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(be->folio_remove(200), 0);
	be->set_trace(NULL);
	assert_int_equal(be->offline_pages(block), 0);
	assert_int_equal(be->online_pages(block, MMFUZZ_ZONE_NORMAL), 0);
	be->quiesce();
	be->set_trace(&trace);
	/* What was freed meanwhile was not heard. */
	memset(out, 0, sizeof(out));
	machine_is_as_booted();
}

#if SIM_ASAN
int __asan_address_is_poisoned(void const volatile *addr);

/* Who frees a frame or an object has touched it for the last time. */
static void what_is_freed_is_poisoned(void **state)
{
	pfn_t pfn = be->alloc_pages(0, mk_order(1), node0);

	(void)state;
	assert_false(__asan_address_is_poisoned(ram_ptr(pfn.pfn + 1)));
	be->put_page(pfn);
	assert_true(__asan_address_is_poisoned(ram_ptr(pfn.pfn)));
	assert_true(__asan_address_is_poisoned(ram_ptr(pfn.pfn + 1)));
	be->reset();
	assert_false(__asan_address_is_poisoned(ram_ptr(pfn.pfn)));

	/* The last objects of a slab are nobody's yet. */
	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 1), 0);
	assert_int_equal(be->folio_add(200, MMFUZZ_FOLIO_FILE, mk_order(0), 0, 2), 0);
	pfn = a_slab();
	assert_false(__asan_address_is_poisoned(ram_ptr(pfn.pfn)));
	assert_true(__asan_address_is_poisoned((char *)ram_ptr(pfn.pfn) + 4000));
	assert_int_equal(be->folio_remove(0), 0);
	assert_int_equal(be->folio_remove(200), 0);
	be->quiesce();
	assert_true(__asan_address_is_poisoned(ram_ptr(pfn.pfn)));
	memset(out, 0, sizeof(out));
}
#endif

static void assert_described(unsigned long pfn, const char *what)
{
	char text[256];

	assert_true(be->describe(mk_pfn(pfn), text, sizeof(text)) > 0);
	if (strncmp(text, what, strlen(what)))
		fail_msg("0x%lx is \"%s\", not \"%s\"", pfn, text, what);
}

static void frames_are_described(void **state)
{
	const unsigned long cma = CMA_START + CMA_NR - BLOCK;
	unsigned long pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(2), node0).pfn, folio;

	(void)state;
	assert_described(NR_FRAMES, "not online");
	assert_described(pfn, "in use, order 2, count 1, head; node 0 zone Normal, pageblock Movable");
	assert_described(pfn + 3, "tail of pfn 0x");
	be->put_page(mk_pfn(pfn));
	assert_described(pfn, "free, order 2 on a pageset of CPU 0, count 0, no flags; ");
	assert_described(pfn + 3, "free in pfn 0x");
	assert_described(cma, "free, order 4, count 0, reported; node 0 zone Normal, pageblock CMA");
	assert_described(cma + 15, "free in pfn 0xb0, order 4, count 0, no flags; ");

	assert_int_equal(be->folio_add(7, MMFUZZ_FOLIO_FILE, mk_order(0), MMFUZZ_GFP_MOVABLE, 0x1234), 0);
	for (folio = 0; folio < NR_FRAMES; folio++) {
		char text[256];

		be->describe(mk_pfn(folio), text, sizeof(text));
		if (!strcmp(text, "file folio, order 0, index 112, count 2, uptodate|dirty; node 0 zone Normal, pageblock Movable"))
			break;
	}
	assert_true(folio < NR_FRAMES);
}

/* What traces call the words of frame @pfn, and what they hold: "page->flags of pfn 0x4: locked|lru", a line for each. */
static const char *words_of(pfn_t pfn)
{
	static char text[4096];
	char name[128], value[128];
	struct gate_limits limits;
	unsigned long bytes;
	size_t used = 0;
	char *memmap;

	gate_limits(&limits);
	gate_memmap(&memmap, &bytes);
	memmap += pfn.pfn * limits.page_struct_bytes;
	for (size_t at = 0; at < limits.page_struct_bytes; at += sizeof(long)) {
		unsigned long word;

		memcpy(&word, memmap + at, sizeof(word));
		assert_true(be->describe_addr(memmap + at, name, sizeof(name)) > 0);
		if (be->describe_value(memmap + at, word, value, sizeof(value)) <= 0)
			snprintf(value, sizeof(value), "0x%lx", word);
		used += snprintf(text + used, sizeof(text) - used, "%s: %s\n", name, value);
	}
	return text;
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in\n%s", part, text);
}

static void words_have_names(void **state)
{
	unsigned long nothing = 0;
	char text[128];
	pfn_t pfn;

	(void)state;
	/* A free block, on its list. */
	pfn = mk_pfn(0);
	assert_says(words_of(pfn), "page->flags of pfn 0x0: reported\n");
	assert_says(words_of(pfn), "page->lru.next of pfn 0x0: ");
	assert_says(words_of(pfn), "page->private of pfn 0x0: ");

	assert_int_equal(be->folio_add(0, MMFUZZ_FOLIO_FILE, mk_order(1), MMFUZZ_GFP_MOVABLE, 7),
			 0);
	be->settle();
	pfn = be->folio_get(0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	assert_says(words_of(pfn), "lru");
	assert_says(words_of(pfn), "&lruvec->lists[");
	snprintf(text, sizeof(text), "tail of pfn 0x%lx\n", pfn.pfn);
	assert_says(words_of(mk_pfn(pfn.pfn + 1)), text);
	be->folio_put(pfn);
	assert_int_equal(be->folio_remove(0), 0);

	/* What is none of the kernel's has no name. */
	assert_int_equal(be->describe_addr(&nothing, text, sizeof(text)), 0);
}

/* By way of the tree's driver: the host hears of each buffer of at most 8 pages of 32 of its own. */
static void a_balloon_is_filled_by_its_driver(void **state)
{
	struct gate_host before, after;

	(void)state;
	gate_host(&before);
	assert_int_equal(be->balloon_inflate(0, 20), 20);
	gate_host(&after);
	assert_int_equal(after.inflated - before.inflated, 20);
	assert_int_equal(after.kicks - before.kicks, 3);
	assert_int_equal(be->balloon_pages(0), 20);
	assert_int_equal(nr_out(), 20);
	assert_int_equal(stats_now().managed, NR_FRAMES - 20);
	assert_int_equal(be->balloon_inflate(1, 1), 1);
	assert_int_equal(be->balloon_pages(1), 1);
	be->check();

	assert_int_equal(be->balloon_deflate(0, 5), 5);
	gate_host(&after);
	assert_int_equal(after.deflated - before.deflated, 5);
	assert_int_equal(be->balloon_deflate(0, 100), 15);
	assert_int_equal(be->balloon_deflate(0, 1), 0);
	assert_int_equal(be->balloon_deflate(1, 1), 1);
	machine_is_as_booted();
}

static void a_balloon_takes_what_there_is(void **state)
{
	unsigned long got;

	(void)state;
	got = be->balloon_inflate(0, 2 * NR_FRAMES);
	assert_in_range(got, 1, NR_FRAMES);
	assert_int_equal(be->balloon_pages(0), got);
	assert_int_equal(be->balloon_deflate(0, got), got);
	machine_is_as_booted();
}

/* The driver waits for the host twice: it has the new page, and then gives back the old one. */
static void balloon_pages_move(void **state)
{
	struct gate_host before, after;
	pfn_t pfns[8];

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 8), 8);
	assert_int_equal(be->isolate_movable(mk_pfn(0), NR_FRAMES, 8, pfns), 8);
	/* What is isolated stays, and so does the device. */
	assert_int_equal(be->balloon_deflate(0, 8), 0);
	assert_int_equal(be->balloon_release(0), -EBUSY);
	assert_int_equal(be->balloon_pages(0), 8);
	gate_host(&before);
	assert_int_equal(be->migrate_pages(pfns, 3, false), 0);
	gate_host(&after);
	assert_int_equal(after.inflated - before.inflated, 3);
	assert_int_equal(after.deflated - before.deflated, 3);
	assert_int_equal(after.kicks - before.kicks, 6);
	be->putback_movable_pages(pfns + 3, 5);
	be->check();
	assert_int_equal(be->balloon_deflate(0, 8), 8);
	machine_is_as_booted();
}

#if SIM_ASAN
static bool is_poisoned(unsigned long pfn)
{
	return __asan_address_is_poisoned(ram_ptr(pfn));
}

/* The guest must not touch what it has given away. */
static void what_the_host_has_is_poisoned(void **state)
{
	unsigned long nr = 0;

	(void)state;
	assert_int_equal(be->balloon_inflate(0, 8), 8);
	for (unsigned long pfn = 0; pfn < NR_FRAMES; pfn++)
		nr += out[pfn] && is_poisoned(pfn);
	assert_int_equal(nr, 8);
	be->reset();
	for (unsigned long pfn = 0; pfn < NR_FRAMES; pfn++)
		assert_false(is_poisoned(pfn));
	memset(out, 0, sizeof(out));
}
#endif

static void a_device_comes_and_goes(void **state)
{
	(void)state;
	assert_int_equal(be->balloon_probe(0), -EEXIST);
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(be->balloon_inflate(0, 20), 20);
		assert_int_equal(be->balloon_release(0), 0);
		assert_int_equal(be->balloon_pages(0), 0);
		assert_int_equal(be->balloon_release(0), -ENODEV);
		assert_int_equal(be->balloon_inflate(0, 1), 0);
		assert_int_equal(be->balloon_deflate(0, 1), 0);
		assert_int_equal(be->balloon_probe(0), 0);
	}
	machine_is_as_booted();
}

/* Delayed work is due when a CPU has nothing left to do; it does that here, and the others are said to be busy once. */
static bool busy_once(void)
{
	static bool asked;

	asked = !asked;
	return asked;
}

static unsigned long reported_now(void)
{
	const unsigned long before = gate_reported();
	unsigned long last;

	/* A report may ask for the next one. */
	do {
		last = gate_reported();
		be->idle(busy_once);
		be->check();
	} while (gate_reported() != last);
	return gate_reported() - before;
}

/*
 * The boot has reported all that was free then, but for the blocks that a report leaves because zones must not run out
 * of free ones; it is their turn with the next one.
 */
static void all_is_reported(void)
{
	assert_true(gate_reported());
	assert_int_equal(reported_now(), 0);
	be->put_page(be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(4), node0));
	assert_in_range(reported_now(), 16, 32);
}

static void a_free_block_is_reported_once(void **state)
{
	const order_t order = mk_order(4);
	pfn_t pfn;

	(void)state;
	all_is_reported();
	pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, order, node0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	/* Nobody has freed anything. */
	assert_int_equal(reported_now(), 0);
	be->put_page(pfn);
	assert_false(gate_is_reported(pfn.pfn));
	assert_int_equal(reported_now(), 16);
	assert_true(gate_is_reported(pfn.pfn));
	assert_int_equal(reported_now(), 0);
	machine_is_as_booted();
}

static void what_is_in_use_is_not_reported(void **state)
{
	const order_t order = mk_order(4);
	unsigned long sum = 0;
	pfn_t pfns[4];

	(void)state;
	all_is_reported();
	for (unsigned int i = 0; i < 4; i++) {
		pfns[i] = be->alloc_pages(MMFUZZ_GFP_MOVABLE, order, node0);
		assert_int_not_equal(pfns[i].pfn, PFN_NONE.pfn);
	}
	be->put_page(pfns[0]);
	be->put_page(pfns[2]);
	assert_int_equal(reported_now(), 32);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(gate_is_reported(pfns[i].pfn), !(i % 2));
		sum += out[pfns[i].pfn];
	}
	assert_int_equal(sum, 2);
	be->put_page(pfns[1]);
	be->put_page(pfns[3]);
	machine_is_as_booted();
}

/* Who gets one finds no flag, and it is reported again. */
static void what_was_reported_can_be_had(void **state)
{
	pfn_t pfn;

	(void)state;
	all_is_reported();
	pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(4), node0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	assert_false(gate_is_reported(pfn.pfn));
	be->put_page(pfn);
	assert_false(gate_is_reported(pfn.pfn));
	assert_int_equal(reported_now(), 16);
	be->check();
	machine_is_as_booted();
}

/* It has been put back to what it was: reported, and then taken. */
static void a_reset_knows_what_was_reported(void **state)
{
	const unsigned long before = gate_reported();
	pfn_t pfn;

	(void)state;
	pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(4), node0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	be->put_page(pfn);
	be->reset();
	memset(out, 0, sizeof(out));
	assert_int_equal(gate_reported(), before);
	assert_true(gate_is_reported(pfn.pfn));
	assert_int_equal(reported_now(), 0);
	machine_is_as_booted();
}

/* It begins with a full report of its own, of what is not reported yet. */
static void the_device_that_is_reported_to_comes_back(void **state)
{
	pfn_t pfn;

	(void)state;
	all_is_reported();
	assert_int_equal(be->balloon_release(0), 0);
	pfn = be->alloc_pages(MMFUZZ_GFP_MOVABLE, mk_order(4), node0);
	assert_int_not_equal(pfn.pfn, PFN_NONE.pfn);
	be->put_page(pfn);
	assert_int_equal(reported_now(), 0);
	assert_int_equal(be->balloon_probe(0), 0);
	assert_int_equal(reported_now(), 16);
	assert_true(gate_is_reported(pfn.pfn));
	machine_is_as_booted();
}

/* Whoever finds something, the oracle here: what the kernel said before is as good as half of the reason. */
static void a_finding_comes_with_the_kernels_log(void **state)
{
	char text[1024] = "";
	int fds[2], status;
	size_t got = 0;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	if (!fork()) {
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		gate_log("\0016migrating pfn 3f failed\n");
		sim_bug("cannot be given back", "contig", 0x3f, "though it is free");
	}
	close(fds[1]);
	while ((n = read(fds[0], text + got, sizeof(text) - 1 - got)) > 0)
		got += (size_t)n;
	close(fds[0]);
	wait(&status);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(text, "linux: migrating pfn 3f failed\n"
				  "mmfuzz: BUG: cannot be given back in contig: pfn 0x3f: though it is free; "
				  "free in pfn 0x30, order 4, count 0, no flags; node 0 zone Normal, pageblock Movable\n");
}

int main(void)
{
	const struct CMUnitTest machines[] = {
		cmocka_unit_test(each_profile_boots),
		cmocka_unit_test(reset_goes_back_to_the_snapshot),
		cmocka_unit_test(what_cannot_be_a_machine_is_refused),
	};
	const struct CMUnitTest operations[] = {
		cmocka_unit_test_setup(a_finding_comes_with_the_kernels_log, reset),
		cmocka_unit_test_setup(blocks_of_each_order, reset),
		cmocka_unit_test_setup(memory_runs_out, reset),
		cmocka_unit_test_setup(memory_fails_where_a_program_says, reset),
		cmocka_unit_test_setup(the_last_reference_frees, reset),
		cmocka_unit_test_setup(bulk_and_split, reset),
		cmocka_unit_test_setup(without_waiting_for_a_lock, reset),
		cmocka_unit_test_setup(exactly_this_range, reset),
		cmocka_unit_test_setup(cma_gives_frames_of_its_area, reset),
		cmocka_unit_test_setup(an_isolated_block_is_not_given_out, reset),
		cmocka_unit_test_setup(what_does_not_move, reset),
		cmocka_unit_test_setup(reset_puts_everything_back, reset),
		cmocka_unit_test_setup(nothing_is_heard_without_a_trace, reset),
		cmocka_unit_test_setup(objects_lie_in_frames, reset),
		cmocka_unit_test_setup(a_block_with_objects_stays, reset),
#if SIM_ASAN
		cmocka_unit_test_setup(what_is_freed_is_poisoned, reset),
#endif
		cmocka_unit_test_setup(a_balloon_is_filled_by_its_driver, reset),
		cmocka_unit_test_setup(a_balloon_takes_what_there_is, reset),
		cmocka_unit_test_setup(balloon_pages_move, reset),
		cmocka_unit_test_setup(a_device_comes_and_goes, reset),
#if SIM_ASAN
		cmocka_unit_test_setup(what_the_host_has_is_poisoned, reset),
#endif
		cmocka_unit_test_setup(a_free_block_is_reported_once, reset),
		cmocka_unit_test_setup(what_is_in_use_is_not_reported, reset),
		cmocka_unit_test_setup(what_was_reported_can_be_had, reset),
		cmocka_unit_test_setup(a_reset_knows_what_was_reported, reset),
		cmocka_unit_test_setup(the_device_that_is_reported_to_comes_back, reset),
		cmocka_unit_test_setup(frames_are_described, reset),
		cmocka_unit_test_setup(words_have_names, reset),
	};
	int failed = cmocka_run_group_tests(machines, NULL, NULL);

	return failed + cmocka_run_group_tests(operations, boot_machine, shutdown_machine);
}
