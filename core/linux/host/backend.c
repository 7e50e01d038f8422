// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend linux: the door of mmfuzz, opened on the kernel that was compiled in. One machine at a time, booted on the
 * kernel's data as it was when the program began. Between the operations of this file and those of gate.h there is
 * nothing but a translation of types; what the kernel of a tree lacks is NULL here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mmfuzz/backend.h>
#include <mmfuzz/backend_linux.h>

#include <sim/bug.h>
#include <sim/cpu.h>
#include <sim/ram.h>
#include <sim/rcu.h>

#include "../gate.h"
#include "log.h"
#include "machine.h"
#include "poison.h"
#include "races.h"
#include "state.h"

static const struct mmfuzz_trace *trace;

/*
 * The machine may differ from what it was when it had booted. Each operation that may change it says so first: a snapshot of
 * a machine that nobody has touched is the one of the boot, and need not be compared with it.
 */
static bool changed;

static void changes(void)
{
	/* Relaxed: read when nobody runs. Looked at first, or CPUs would take the line from each other. */
	if (!__atomic_load_n(&changed, __ATOMIC_RELAXED))
		__atomic_store_n(&changed, true, __ATOMIC_RELAXED);
}

void gate_allocated(unsigned long pfn, unsigned int order)
{
	poison_lift(pfn, order);
	if (trace)
		trace->alloc(mk_pfn(pfn), mk_order(order));
}

void gate_freed(unsigned long pfn, unsigned int order)
{
	if (trace)
		trace->free(mk_pfn(pfn), mk_order(order));
	poison_frames(pfn, order);
}

void gate_kept(unsigned long pfn)
{
	if (trace && trace->kept)
		trace->kept(mk_pfn(pfn));
}

void gate_poisoned(unsigned long pfn)
{
	poison_frames(pfn, 0);
}

void gate_accepted(unsigned long pfn, unsigned int order)
{
	poison_frames(pfn, order);
}

void gate_onlined(unsigned long pfn, unsigned long nr)
{
	if (trace)
		trace->online(mk_pfn(pfn), nr);
}

void gate_offlined(unsigned long pfn, unsigned long nr)
{
	if (trace)
		trace->offline(mk_pfn(pfn), nr);
}

/* ---- lifecycle ---- */

static int refuse(const char *why)
{
	fprintf(stderr, "mmfuzz: linux: no such machine: %s\n", why);
	return -EINVAL;
}

/* The kernel has one range of movable memory a node, the last one, and DMA on the first. */
static void adapt_zones(struct mmfuzz_config *config)
{
	bool movable[MMFUZZ_MAX_NODES] = { false };

	for (unsigned int i = 0; i < config->nr_zones; i++) {
		struct mmfuzz_zone_config *zone = &config->zones[i];

		if (zone->type == MMFUZZ_ZONE_MOVABLE)
			movable[zone->nid] = true;
		else if (movable[zone->nid])
			zone->type = MMFUZZ_ZONE_MOVABLE;
	}
}

/*
 * Firmware has accepted what lies low, and of the rest only what somebody has asked for. By pieces of half a largest block,
 * so that there are blocks of which it has accepted one half.
 */
static void begin_unaccepted(struct mmfuzz_config *config, const struct gate_limits *limits)
{
	unsigned long piece = 1ul << limits->highest_order >> 1;

	config->unaccepted = (config->max_pfn / 8 + piece - 1) & ~(piece - 1);
	/* Where there are no watermarks each allocation accepts a block, whether it needs one or not. */
	if (!config->min_free)
		config->min_free = config->max_pfn / 16;
}

/* Subblocks are no smaller than pageblocks, and a region is whole memory blocks: a device that has none is not there. */
static void adapt_vmem(struct mmfuzz_config *config)
{
	const unsigned long block = 1ul << config->section_order;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < config->nr_vmem; i++) {
		struct mmfuzz_vmem_config vmem = config->vmem[i];
		unsigned long start = (vmem.region.start + block - 1) & -block;
		unsigned long end = (vmem.region.start + vmem.region.nr) & -block;

		if (vmem.sb_order < config->pageblock_order)
			vmem.sb_order = config->pageblock_order;
		vmem.region = (struct mmfuzz_range){ start, end - start };
		if (start < end && vmem.sb_order <= config->section_order)
			config->vmem[nr++] = vmem;
	}
	for (unsigned int i = nr; i < config->nr_vmem; i++)
		config->vmem[i] = (struct mmfuzz_vmem_config){ 0 };
	config->nr_vmem = nr;
}

static void be_adapt(struct mmfuzz_config *config)
{
	struct gate_limits limits;

	gate_limits(&limits);
	if (config->nr_cpus > limits.nr_cpus)
		config->nr_cpus = limits.nr_cpus;
	if (config->pageblock_order > limits.highest_order)
		config->pageblock_order = limits.highest_order;
	if (config->pageblock_order < limits.lowest_block_order)
		config->pageblock_order = limits.lowest_block_order;
	if (config->section_order < limits.section_order)
		config->section_order = limits.section_order;
	adapt_zones(config);
	/*
	 * The kernel chooses sizes of pagesets itself. A program that asks for what cannot be, a batch larger than what a
	 * pageset holds, says thereby that memory begins unaccepted: of the machine line this is what is left to say.
	 */
	if (config->pcp_batch > config->pcp_high)
		begin_unaccepted(config, &limits);
	config->pcp_high = 0;
	config->pcp_batch = 0;
	config->guard_order = 0;
	adapt_vmem(config);
}

static int possible(const struct mmfuzz_config *config)
{
	struct gate_limits limits;

	gate_limits(&limits);
	if (config->nr_cpus > limits.nr_cpus)
		return refuse("too many CPUs");
	if (config->max_pfn > limits.max_pfn)
		return refuse("too many frames");
	if (config->pageblock_order > limits.highest_order)
		return refuse("pageblocks larger than the largest block of the buddy allocator");
	if (config->pageblock_order < limits.lowest_block_order)
		return refuse("pageblocks smaller than the largest block of a pageset");
	if (config->section_order < limits.section_order)
		return refuse("memory blocks smaller than a section");
	return 0;
}

static int be_boot(const struct mmfuzz_config *config)
{
	struct gate_zone_config zones[MMFUZZ_MAX_ZONES];
	struct gate_range holes[MMFUZZ_MAX_HOLES], cma[MMFUZZ_MAX_CMA];
	struct gate_vmem_config vmem[MMFUZZ_MAX_VMEM];
	const struct gate_config gate = {
		.nr_cpus = config->nr_cpus,
		.block_order = config->pageblock_order,
		.section_order = config->section_order,
		.max_pfn = config->max_pfn,
		.nr_zones = config->nr_zones,
		.zones = zones,
		.nr_holes = config->nr_holes,
		.holes = holes,
		.nr_cma = config->nr_cma,
		.cma = cma,
		.nr_vmem = config->nr_vmem,
		.vmem = vmem,
		.min_free = config->min_free,
		.unaccepted = config->unaccepted,
	};
	int err = possible(config);

	if (err)
		return err;
	for (unsigned int i = 0; i < config->nr_zones; i++)
		zones[i] = (struct gate_zone_config){
			.nid = config->zones[i].nid,
			.type = (enum gate_zone)config->zones[i].type,
			.range = { config->zones[i].range.start, config->zones[i].range.nr },
		};
	for (unsigned int i = 0; i < config->nr_holes; i++)
		holes[i] = (struct gate_range){ config->holes[i].start, config->holes[i].nr };
	for (unsigned int i = 0; i < config->nr_cma; i++)
		cma[i] = (struct gate_range){ config->cma[i].start, config->cma[i].nr };
	for (unsigned int i = 0; i < config->nr_vmem; i++)
		vmem[i] = (struct gate_vmem_config){
			.nid = config->vmem[i].nid,
			.region = { config->vmem[i].region.start, config->vmem[i].region.nr },
			.sb_order = config->vmem[i].sb_order,
		};
#if SIM_WEAVE
	weave_linux_rules(true, race_is_known);
#endif
	races_watch(true);
	machine_init(config->nr_cpus);
	machine_cpu_enter(0);
	if (!state_begin(config)) {
		gate_boot(&gate, state_ram(), state_memmap());
		gate_remember();
		state_booted();
	}
	poison_forget();
	gate_hide_unaccepted();
	gate_hide_unplugged();
	log_forget();
	sim_set_log(log_print);
	sim_set_describe(gate_describe);
	changed = false;
	return 0;
}

/* Otherwise the boot has remembered it. */
static void be_snapshot(void)
{
	if (!changed)
		return;
	gate_remember();
	state_save();
}

/* CPUs that are through with their operations, and work. */
static unsigned int idle_at_work;

static void be_reset(void)
{
	/* Who was at work when a finding ended the run came back from it no more. */
	idle_at_work = 0;
	machine_reset();
	poison_forget();
	state_restore();
	gate_hide_unaccepted();
	gate_hide_unplugged();
	log_forget();
}

static void be_shutdown(void)
{
	trace = NULL;
	poison_forget();
	state_end();
	machine_exit();
	sim_set_describe(NULL);
	sim_set_log(NULL);
	races_watch(false);
#if SIM_WEAVE
	weave_linux_rules(false, NULL);
#endif
}

static void be_set_trace(const struct mmfuzz_trace *new_trace)
{
	trace = new_trace;
}

static void be_quiesce(void)
{
	changes();
	gate_zs_empty();
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		gate_play(cpu, gate_run_work);
	gate_kthreads_rest();
	gate_lru_drain();
	gate_file_tidy();
	gate_vmem_settle();
	/* Before pagesets are drained: the last object of a slab brings its frame back. */
	rcu_barrier();
	gate_free_deferred();
	gate_unpoison_late();
	gate_drain(-1);
}

static void be_check(void)
{
	gate_check();
}

static void be_check_idle(void)
{
	gate_check_idle();
}

static void be_stats(struct mmfuzz_stats *stats)
{
	struct gate_stats now;

	gate_stats(&now);
	*stats = (struct mmfuzz_stats){
		.managed = now.managed,
		.free = now.free,
		.free_isolated = now.free_isolated,
		.pcp = now.pcp,
		.deferred = now.deferred,
		.migrate_success = now.migrate_success,
		.migrate_fail = now.migrate_fail,
	};
	for (unsigned int dev = 0; dev < MMFUZZ_MAX_BALLOONS; dev++)
		stats->ballooned += gate_balloon_pages(dev);
}

static int be_describe(pfn_t pfn, char *buf, size_t len)
{
	return gate_describe(pfn.pfn, buf, len);
}

static bool be_core_owns(pfn_t pfn)
{
	return gate_is_slab(pfn.pfn) || gate_is_zspage(pfn.pfn) || gate_is_poisoned(pfn.pfn);
}

static int be_describe_addr(const void *addr, char *buf, size_t len)
{
	return gate_describe_addr((unsigned long)addr, buf, len);
}

static int be_describe_value(const void *addr, uint64_t value, char *buf, size_t len)
{
	return gate_describe_value((unsigned long)addr, value, buf, len);
}

static bool be_pfn_state_ok(pfn_t pfn)
{
	(void)pfn;
	return true;
}

/* ---- pages ---- */

static pfn_t be_alloc_frozen(unsigned int gfp, order_t order, nid_t nid)
{
	changes();
	return mk_pfn(gate_alloc_pages(gfp, order.order, nid.nid, false));
}

static pfn_t be_alloc_pages(unsigned int gfp, order_t order, nid_t nid)
{
	changes();
	return mk_pfn(gate_alloc_pages(gfp, order.order, nid.nid, true));
}

static void be_free(pfn_t pfn, order_t order)
{
	changes();
	gate_free_pages(pfn.pfn, order.order);
}

#ifdef HAVE_NOLOCK
static pfn_t be_alloc_nolock(order_t order, nid_t nid)
{
	changes();
	return mk_pfn(gate_alloc_nolock(order.order, nid.nid, in_irq()));
}

static void be_free_nolock(pfn_t pfn, order_t order)
{
	changes();
	gate_free_nolock(pfn.pfn, order.order, in_irq());
}
#endif

static unsigned long be_alloc_bulk(unsigned int gfp, nid_t nid, unsigned long nr, pfn_t *pfns)
{
	changes();
	return gate_alloc_bulk(gfp, nid.nid, nr, (unsigned long *)pfns);
}

static void be_free_bulk(unsigned long nr, const pfn_t *pfns)
{
	changes();
	for (unsigned long i = 0; i < nr; i++)
		gate_free_pages(pfns[i].pfn, 0);
}

static void be_split(pfn_t pfn, order_t order)
{
	changes();
	gate_split(pfn.pfn, order.order);
}

static void be_get_page(pfn_t pfn)
{
	changes();
	gate_get_page(pfn.pfn);
}

static void be_put_page(pfn_t pfn)
{
	changes();
	gate_put_page(pfn.pfn);
}

static int be_page_count(pfn_t pfn)
{
	return gate_page_count(pfn.pfn);
}

/* ---- contiguous ranges ---- */

static int be_alloc_contig_range(pfn_t start, unsigned long nr)
{
	changes();
	return gate_alloc_contig_range(start.pfn, nr);
}

static void be_free_contig_range(pfn_t start, unsigned long nr)
{
	changes();
	gate_free_contig_range(start.pfn, nr);
}

static pfn_t be_alloc_contig_pages(unsigned long nr, unsigned int gfp, nid_t nid)
{
	changes();
	return mk_pfn(gate_alloc_contig_pages(nr, gfp, nid.nid));
}

static pfn_t be_cma_alloc(unsigned int area, unsigned long nr)
{
	changes();
	return mk_pfn(gate_cma_alloc(area, nr));
}

static void be_cma_release(unsigned int area, pfn_t start, unsigned long nr)
{
	changes();
	gate_cma_release(area, start.pfn, nr);
}

static int be_start_isolate(pfn_t start, unsigned long nr)
{
	changes();
	return gate_start_isolate_page_range(start.pfn, nr);
}

static void be_undo_isolate(pfn_t start, unsigned long nr)
{
	changes();
	gate_undo_isolate_page_range(start.pfn, nr);
}

static pfn_t be_has_unmovable_pages(pfn_t pfn)
{
	return mk_pfn(gate_has_unmovable_pages(pfn.pfn));
}

/* ---- movable pages ---- */

_Static_assert(sizeof(pfn_t) == sizeof(unsigned long), "arrays of pfn_t are cast");
_Static_assert(GATE_MAX_BALLOONS == MMFUZZ_MAX_BALLOONS, "as many in either world");

static unsigned long be_isolate_movable(pfn_t start, unsigned long nr, unsigned long max, pfn_t *pfns)
{
	changes();
	return gate_isolate_movable(start.pfn, nr, max, (unsigned long *)pfns);
}

static unsigned long be_migrate_pages(pfn_t *pfns, unsigned long nr, bool async)
{
	changes();
	return gate_migrate_pages((unsigned long *)pfns, nr, async);
}

static void be_putback_movable_pages(const pfn_t *pfns, unsigned long nr)
{
	changes();
	gate_putback_movable_pages((const unsigned long *)pfns, nr);
}

static int be_compact(nid_t nid, order_t order)
{
	changes();
	return gate_compact(nid.nid, order.order);
}

/* Anonymous folios have page tables, which there are none of: they are the file's too. */
static int be_folio_add(unsigned int index, enum mmfuzz_folio_type type, order_t order, unsigned int gfp, uint64_t tag)
{
	(void)type;
	changes();
	return gate_folio_add(index, order.order, gfp, tag);
}

static int be_folio_remove(unsigned int index)
{
	changes();
	return gate_folio_remove(index);
}

static int be_folio_write(unsigned int index, uint64_t tag)
{
	changes();
	return gate_folio_write(index, tag);
}

static int be_folio_read(unsigned int index, uint64_t *tag)
{
	unsigned long long got = 0;
	int err;

	changes();
	err = gate_folio_read(index, &got);
	*tag = got;
	return err;
}

static pfn_t be_folio_get(unsigned int index)
{
	changes();
	return mk_pfn(gate_folio_get(index));
}

static void be_folio_put(pfn_t pfn)
{
	changes();
	gate_folio_put(pfn.pfn);
}

static unsigned long be_walk_pfns(pfn_t start, unsigned long nr)
{
	changes();
	return gate_walk_pfns(start.pfn, nr);
}

/* ---- poisoned pages ---- */

static pfn_t be_alloc_offline_pages(unsigned int gfp, order_t order, nid_t nid)
{
	changes();
	return mk_pfn(gate_soft_offline_any(gfp, order.order, nid.nid));
}

static pfn_t be_alloc_offline_page(unsigned int gfp, nid_t nid)
{
	return be_alloc_offline_pages(gfp, mk_order(0), nid);
}

static int be_alloc_offline_page_range(pfn_t start, unsigned long nr)
{
	changes();
	return gate_soft_offline(start.pfn, nr);
}

static void be_free_offline_page_range(pfn_t start, unsigned long nr)
{
	changes();
	gate_unpoison(start.pfn, nr);
}

static void be_free_offline_page(pfn_t pfn, order_t order)
{
	be_free_offline_page_range(pfn, 1ul << order.order);
}

/* ---- balloons ---- */

static unsigned long be_balloon_inflate(unsigned int dev, unsigned long nr)
{
	changes();
	return gate_balloon_inflate(dev, nr);
}

static unsigned long be_balloon_deflate(unsigned int dev, unsigned long nr)
{
	changes();
	return gate_balloon_deflate(dev, nr);
}

static int be_balloon_release(unsigned int dev)
{
	changes();
	return gate_balloon_release(dev);
}

static int be_balloon_probe(unsigned int dev)
{
	changes();
	return gate_balloon_probe(dev);
}

static unsigned long be_balloon_pages(unsigned int dev)
{
	return gate_balloon_pages(dev);
}

/* ---- virtio-mem ---- */

_Static_assert(GATE_MAX_VMEM == MMFUZZ_MAX_VMEM, "as many in either world");

static unsigned long be_vmem_plug(unsigned int dev, unsigned long nr)
{
	changes();
	return gate_vmem_plug(dev, nr);
}

/*
 * Who takes memory away would try again when what only waits for its time is gone: objects for their grace period, frames freed
 * without a lock for the next one that is freed with it.
 */
static void let_memory_go(void)
{
	const bool in_sequence = gate_in_sequence();

	if (in_sequence) {
		gate_file_tidy();
		gate_unpoison_late();
	}
	rcu_barrier();
	if (in_sequence)
		gate_free_deferred();
}

static unsigned long be_vmem_unplug(unsigned int dev, unsigned long nr)
{
	unsigned long done;

	changes();
	let_memory_go();
	done = gate_vmem_unplug(dev, nr);
	if (done < nr && gate_in_sequence()) {
		/* Folios that were removed while they waited for a list of reclaim. */
		gate_lru_drain();
		gate_zs_empty();
		done += gate_vmem_unplug(dev, nr - done);
	}
	return done;
}

static unsigned long be_vmem_plugged(unsigned int dev)
{
	return gate_vmem_plugged(dev);
}

/* ---- hotplug ---- */

static int be_add_memory(block_t block, nid_t nid)
{
	changes();
	return gate_add_memory(block.block, nid.nid);
}

static int be_online_pages(block_t block, enum mmfuzz_zone_type type)
{
	changes();
	return gate_online_pages(block.block, (enum gate_zone)type);
}

static int be_offline_pages(block_t block)
{
	int err;

	changes();
	let_memory_go();
	err = gate_offline_pages(block.block);
	/* There may be no room to which zspages could move: then their users have to do without. */
	if (err == -EBUSY && gate_in_sequence() && gate_zs_empty())
		err = gate_offline_pages(block.block);
	return err;
}

static int be_remove_memory(block_t block)
{
	changes();
	return gate_remove_memory(block.block);
}

static int be_block_state(block_t block)
{
	return gate_block_state(block.block);
}

/* ---- pagesets and RCU ---- */

static void be_drain(enum mmfuzz_drain which, cpu_t cpu)
{
	(void)cpu;
	changes();
	gate_drain(which == MMFUZZ_DRAIN_LOCAL ? 0 : -1);
}

static void be_rcu_barrier(void)
{
	changes();
	rcu_barrier();
}

static void be_op_done(void)
{
	changes();
	gate_revive();
	gate_time_passes(false);
	gate_run_work();
	rcu_poll();
}

/* What others do meanwhile must not be reported as fast as this CPU can: time passes once. */
static void be_idle(bool (*others_busy)(void))
{
	bool busy = true;

	changes();
	gate_time_passes(true);
	while (busy) {
		/*
		 * A work may wait for another CPU, which must not be gone by then. In this order, here and below: who finds nobody
		 * busy, and then nobody at work, is not followed by anybody who begins, as nobody is busy any more.
		 */
		__atomic_fetch_add(&idle_at_work, 1, __ATOMIC_SEQ_CST);
		busy = others_busy();
		if (busy)
			gate_run_work();
		__atomic_fetch_sub(&idle_at_work, 1, __ATOMIC_SEQ_CST);
		mmfuzz_relax();
	}
	while (__atomic_load_n(&idle_at_work, __ATOMIC_SEQ_CST)) {
		gate_run_bound_work();
		mmfuzz_relax();
	}
}

static void be_settle(void)
{
	changes();
	/* In what comes next they would be other frames in use than another core has. */
	gate_zs_empty();
	gate_settle();
}

const struct mmfuzz_backend mmfuzz_backend_linux = {
	.name = "linux",
	.offline_in_cma = true,
	.plain_races = true,
	.adapt = be_adapt,
	.boot = be_boot,
	.snapshot = be_snapshot,
	.reset = be_reset,
	.shutdown = be_shutdown,
	.set_trace = be_set_trace,
	.quiesce = be_quiesce,
	.check = be_check,
	.check_idle = be_check_idle,
	.stats = be_stats,
	.describe = be_describe,
	.core_owns = be_core_owns,
	.describe_addr = be_describe_addr,
	.describe_value = be_describe_value,
	.pfn_state_ok = be_pfn_state_ok,
	.alloc_frozen = be_alloc_frozen,
	.free_frozen = be_free,
#ifdef HAVE_NOLOCK
	.alloc_frozen_nolock = be_alloc_nolock,
	.free_frozen_nolock = be_free_nolock,
#endif
	.alloc_bulk = be_alloc_bulk,
	.free_bulk = be_free_bulk,
	.split = be_split,
	.alloc_pages = be_alloc_pages,
	.get_page = be_get_page,
	.put_page = be_put_page,
	.page_count = be_page_count,
	.alloc_contig_frozen_range = be_alloc_contig_range,
	.free_contig_frozen_range = be_free_contig_range,
	.alloc_contig_frozen_pages = be_alloc_contig_pages,
	.alloc_contig_range = be_alloc_contig_range,
	.free_contig_range = be_free_contig_range,
	.cma_alloc = be_cma_alloc,
	.cma_release = be_cma_release,
	.start_isolate_page_range = be_start_isolate,
	.undo_isolate_page_range = be_undo_isolate,
	.has_unmovable_pages = be_has_unmovable_pages,
	.isolate_movable = be_isolate_movable,
	.migrate_pages = be_migrate_pages,
	.putback_movable_pages = be_putback_movable_pages,
	.compact = be_compact,
	.folio_add = be_folio_add,
	.folio_remove = be_folio_remove,
	.folio_write = be_folio_write,
	.folio_read = be_folio_read,
	.folio_get = be_folio_get,
	.folio_put = be_folio_put,
	.walk_pfns = be_walk_pfns,
	.alloc_offline_page = be_alloc_offline_page,
	.alloc_offline_pages = be_alloc_offline_pages,
	.alloc_offline_page_range = be_alloc_offline_page_range,
	.free_offline_page = be_free_offline_page,
	.free_offline_page_range = be_free_offline_page_range,
	.balloon_inflate = be_balloon_inflate,
	.balloon_deflate = be_balloon_deflate,
	.balloon_release = be_balloon_release,
	.balloon_probe = be_balloon_probe,
	.balloon_pages = be_balloon_pages,
	.vmem_plug = be_vmem_plug,
	.vmem_unplug = be_vmem_unplug,
	.vmem_plugged = be_vmem_plugged,
	.add_memory = be_add_memory,
	.online_pages = be_online_pages,
	.offline_pages = be_offline_pages,
	.remove_memory = be_remove_memory,
	.block_state = be_block_state,
	.drain = be_drain,
	.rcu_barrier = be_rcu_barrier,
	.op_done = be_op_done,
	.settle = be_settle,
	.idle = be_idle,
};
