// SPDX-License-Identifier: GPL-2.0-only
/*
 * The executor (executor.h): machine, slots and the run itself. What each operation does is in
 * executor_alloc.c, executor_movable.c and executor_memory.c.
 *
 * Nothing here may depend on time, addresses or anything else that is not the program.
 */
#include <stddef.h>
#include <string.h>

#include <sim/ram.h>

#include "coverage.h"
#include "executor_internal.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

struct executor ex;

/*
 * Which function of the backend an operation cannot do without; 0 (the name) where the kind of slot
 * decides.
 */
#define NEEDS(member) offsetof(struct mmfuzz_backend, member)

static const struct {
	op_fn run;
	size_t needs;
} op_table[NR_OPS] = {
#define OP(ENUM, name, member) [OP_##ENUM] = { op_##name, NEEDS(member) }
	OP(ALLOC, alloc, alloc_frozen),
	OP(FREE, free, name),
	OP(FREE_NOLOCK, free_nolock, free_frozen_nolock),
	OP(ALLOC_NOLOCK, alloc_nolock, alloc_frozen_nolock),
	OP(ALLOC_BULK, alloc_bulk, alloc_bulk),
	OP(SPLIT, split, split),
	OP(SET_TYPE, set_type, set_type),
	OP(ALLOC_REF, alloc_ref, alloc_pages),
	OP(GET, get, get_page),
	OP(PUT, put, put_page),
	OP(CONTIG_RANGE, contig_range, alloc_contig_frozen_range),
	OP(CONTIG_PAGES, contig_pages, alloc_contig_frozen_pages),
	OP(CONTIG_REF, contig_ref, alloc_contig_range),
	OP(CMA_ALLOC, cma_alloc, cma_alloc),
	OP(OFFLINE_ALLOC, offline_alloc, alloc_offline_page),
	OP(OFFLINE_ALLOC_ORDER, offline_alloc_order, alloc_offline_pages),
	OP(OFFLINE_RANGE, offline_range, alloc_offline_page_range),
	OP(OFFLINE_SKIPPABLE, offline_skippable, set_offline_skippable),
	OP(ISOLATE_RANGE, isolate_range, start_isolate_page_range),
	OP(HAS_UNMOVABLE, has_unmovable, has_unmovable_pages),
	OP(ISOLATE, isolate, isolate_movable),
	OP(MIGRATE, migrate, migrate_pages),
	OP(PUTBACK, putback, putback_movable_pages),
	OP(COMPACT, compact, compact),
	OP(FOLIO_ADD, folio_add, folio_add),
	OP(FOLIO_REMOVE, folio_remove, folio_remove),
	OP(FOLIO_WRITE, folio_write, folio_write),
	OP(FOLIO_READ, folio_read, folio_read),
	OP(FOLIO_GET, folio_get, folio_get),
	OP(WALK, walk, walk_pfns),
	OP(BALLOON_INFLATE, balloon_inflate, balloon_inflate),
	OP(BALLOON_DEFLATE, balloon_deflate, balloon_deflate),
	OP(BALLOON_RELEASE, balloon_release, balloon_release),
	OP(BALLOON_PROBE, balloon_probe, balloon_probe),
	OP(VMEM_PLUG, vmem_plug, vmem_plug),
	OP(VMEM_UNPLUG, vmem_unplug, vmem_unplug),
	OP(MEM_ADD, mem_add, add_memory),
	OP(MEM_ONLINE, mem_online, online_pages),
	OP(MEM_OFFLINE, mem_offline, offline_pages),
	OP(MEM_REMOVE, mem_remove, remove_memory),
	OP(DRAIN_LOCAL, drain_local, drain),
	OP(DRAIN_CPU, drain_cpu, drain),
	OP(DRAIN_ALL, drain_all, drain),
	OP(PCP_DISABLE, pcp_disable, pcp_disable),
	OP(RCU_BARRIER, rcu_barrier, rcu_barrier),
#undef OP
};

static bool backend_has(enum op_code code)
{
	return *(void *const *)((const char *)ex.backend + op_table[code].needs) != NULL;
}

void returned(int ret, unsigned int nr, const int *errnos)
{
	if (!ret)
		return;
	for (unsigned int i = 0; i < nr; i++)
		if (ret == -errnos[i])
			return;
	oracle_bug("return value", SIM_NO_PFN, "%d is none of those that the operation may return",
		   ret);
}

void returned_count(unsigned long count, unsigned long max)
{
	if (count > max)
		oracle_bug("return value", SIM_NO_PFN, "%lu of at most %lu", count, max);
}

void slot_free(struct slot *slot)
{
	const struct mmfuzz_backend *b = ex.backend;
	pfn_t pfn = mk_pfn(slot->pfn);
	order_t order = mk_order(slot->order);

	switch ((enum slot_kind)slot->kind) {
	case SLOT_NONE:
	case NR_SLOT_KINDS:
		break;
	case SLOT_FROZEN:
		oracle_check_tag(pfn, 1ul << slot->order, slot->seed);
		b->free_frozen(pfn, order);
		break;
	case SLOT_SINGLES:
		oracle_check_tag(pfn, 1ul << slot->order, slot->seed);
		for (unsigned long i = 0; i < 1ul << slot->order; i++)
			b->free_frozen(mk_pfn(slot->pfn + i), mk_order(0));
		break;
	case SLOT_BULK:
		for (unsigned int i = 0; i < slot->nr; i++)
			oracle_check_tag(slot->pfns[i], 1, slot->seed);
		b->free_bulk(slot->nr, slot->pfns);
		break;
	case SLOT_REF:
		oracle_check_tag(pfn, 1ul << slot->order, slot->seed);
		while (slot->refs--)
			b->put_page(pfn);
		break;
	case SLOT_CONTIG:
		oracle_check_tag(pfn, slot->nr, slot->seed);
		b->free_contig_frozen_range(pfn, slot->nr);
		break;
	case SLOT_CONTIG_REF:
		oracle_check_tag(pfn, slot->nr, slot->seed);
		b->free_contig_range(pfn, slot->nr);
		break;
	case SLOT_CMA:
		oracle_check_tag(pfn, slot->nr, slot->seed);
		b->cma_release(slot->dev, pfn, slot->nr);
		break;
	case SLOT_OFFLINE:
		b->free_offline_page(pfn, order);
		break;
	case SLOT_OFFLINE_RANGE:
		b->free_offline_page_range(pfn, slot->nr);
		break;
	case SLOT_ISOLATED_RANGE:
		oracle_unseal(pfn);
		b->undo_isolate_page_range(pfn, slot->nr);
		break;
	case SLOT_ISOLATED:
		b->putback_movable_pages(slot->pfns, slot->nr);
		if (!ex.threads)
			ex.isolated--;
		break;
	case SLOT_FOLIO_REF:
		b->folio_put(pfn);
		break;
	case SLOT_PCP_DISABLED:
		b->pcp_enable(mk_nid(slot->dev));
		break;
	}
	slot->kind = SLOT_NONE;
}

/* Take the operation's slot if it fits. */
static struct slot *slot_get(const struct op *op)
{
	const struct op_info *info = &op_infos[op->code];
	struct slot *slot = &ex.slots[op->slot];

	if (!busy_take(&slot->busy))
		return NULL;
	if (info->takes ? !!(info->takes & 1u << slot->kind) : slot->kind == SLOT_NONE)
		return slot;
	busy_put(&slot->busy);
	return NULL;
}

/* Returns whether the operation was run. */
static bool run_op(const struct op *op)
{
	const struct mmfuzz_backend *b = ex.backend;
	struct slot *slot = NULL;

	/* Larger blocks than the program's machine has are fewer: see @adapt. */
	if (!backend_has(op->code) || op->block >= ex.nr_blocks)
		return false;
	if (op_has_slot(op->code)) {
		slot = slot_get(op);
		if (!slot)
			return false;
	}
	oracle_set_op(op_infos[op->code].name);
	machine_op_begins();
	if (op->fault)
		fault_arm(op->fault, op->fault_nth);
	op_table[op->code].run(op, slot);
	if (op->fault)
		fault_disarm();
	if (slot)
		busy_put(&slot->busy);
	/* Deferred frees sleep: not in an interrupt, where the operation that is interrupted may be anywhere. */
	if (b->op_done && !ex.cpus[op->cpu].in_interrupt &&
	    !(ex.program->header.flags & PROGRAM_RCU_LATE))
		b->op_done();
	return true;
}

bool executor_run_op(unsigned int index)
{
	const struct op *op = &ex.program->ops[index];
	struct executor_cpu *cpu = &ex.cpus[op->cpu];
	struct executor_event *event = &cpu->log[cpu->log_head++ % EXECUTOR_LOG];

	*event = (struct executor_event){ .op = index };
	if (run_op(op))
		/* Read by executor_ops() at any time; no other CPU writes it, so a store is enough.
		 */
		__atomic_store_n(&cpu->ops, cpu->ops + 1, __ATOMIC_RELAXED);
	else
		event->skipped = true;
	event->done = true;
	return !event->skipped;
}

unsigned long executor_cpu_ops(unsigned int cpu)
{
	return __atomic_load_n(&ex.cpus[cpu].ops, __ATOMIC_RELAXED);
}

unsigned long executor_ops(void)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < NR_CPUS; i++)
		sum += executor_cpu_ops(i);
	return sum;
}

/*
 * A reader of another CPU's log may see half of an event: it only makes a line of a report less
 * true.
 */
__attribute__((no_sanitize("thread"))) unsigned int executor_last_ops(unsigned int cpu,
								      struct executor_event *events)
{
	const struct executor_cpu *c = &ex.cpus[cpu];
	unsigned int nr = c->log_head < EXECUTOR_LOG ? c->log_head : EXECUTOR_LOG;

	for (unsigned int i = 0; i < nr; i++)
		events[i] = c->log[(c->log_head - nr + i) % EXECUTOR_LOG];
	return nr;
}

static void forget_run(void)
{
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++) {
		ex.slots[i].busy = 0;
		ex.slots[i].kind = SLOT_NONE;
	}
	/* Each index that was ever touched: the whole file is larger than many a machine. */
	for (unsigned int w = 0; w < MMFUZZ_MAX_FOLIOS / 64; w++)
		for (; ex.file_used[w]; ex.file_used[w] &= ex.file_used[w] - 1)
			ex.file[w * 64 + __builtin_ctzll(ex.file_used[w])] =
				(struct file_entry){ 0 };
	memset(ex.balloon_gone, 0, sizeof(ex.balloon_gone));
	memset(ex.balloon_pages, 0, sizeof(ex.balloon_pages));
	memset(ex.vmem_plugged, 0, sizeof(ex.vmem_plugged));
	if (ex.nr_touched)
		memset(ex.touched, 0, ex.nr_blocks);
	ex.nr_touched = 0;
	ex.isolated = 0;
	for (unsigned int i = 0; i < ex.config.nr_cpus; i++) {
		ex.cpus[i].serial = 0;
		ex.cpus[i].log_head = 0;
		ex.cpus[i].next = 0;
		ex.cpus[i].in_interrupt = false;
	}
}

void executor_shutdown(void)
{
	if (!ex.backend)
		return;
	oracle_shutdown();
	ex.backend->shutdown();
	sim_release_used(ex.touched, ex.nr_blocks, ex.nr_blocks);
	ex.touched = NULL;
	ex.nr_touched = 0;
	ex.backend = NULL;
}

static void boot(const struct mmfuzz_backend *backend, const struct mmfuzz_config *config)
{
	executor_shutdown();
	if (backend->boot(config))
		sim_die("backend %s refuses the machine of this program", backend->name);
	ex.backend = backend;
	ex.config = *config;
	ex.nr_blocks = config->max_pfn >> config->section_order;
	ex.touched = sim_reserve(ex.nr_blocks);
	oracle_boot(backend, config);
	backend->set_trace(&oracle_trace);
	backend->snapshot();
}

void executor_begin(const struct mmfuzz_backend *backend, const struct program *program,
		    bool threads)
{
	struct mmfuzz_config config;

	program_config(&program->header, &config);
	if (backend->adapt)
		backend->adapt(&config);
	if (backend == ex.backend && !memcmp(&config, &ex.config, sizeof(config))) {
		backend->reset();
		oracle_reset();
	} else {
		boot(backend, &config);
	}
	ex.program = program;
	ex.threads = threads;
	ex.at_work = program->header.nr_cpus;
	forget_run();
	coverage_restart();
}

/* An interrupt may run the operation that comes next (executor_weave.c): @next is read anew each time. */
void executor_run_cpu(unsigned int cpu)
{
	const struct program *program = ex.program;
	unsigned int *next = &ex.cpus[cpu].next;

	*next = 0;
	while (*next < program->nr_ops) {
		unsigned int index = (*next)++;

		if (program->ops[index].cpu != cpu)
			continue;
		op_begins(index);
		executor_run_op(index);
	}
}

/* Acquire: who is told that nobody is at work sees what they did. Pairs with executor_cpu_done(). */
static bool anybody_at_work(void)
{
	return __atomic_load_n(&ex.at_work, __ATOMIC_ACQUIRE) != 0;
}

void executor_cpu_done(void)
{
	__atomic_fetch_sub(&ex.at_work, 1, __ATOMIC_ACQ_REL);
	if (ex.backend->idle)
		ex.backend->idle(anybody_at_work);
}

/*
 * First what keeps other things from being given back: references, isolation, disabled pagesets.
 * Then all other slots, then what has no slot, and blocks when nobody has anything in them.
 */
void executor_end(void)
{
	const uint32_t first = T(ISOLATED) | T(ISOLATED_RANGE) | T(FOLIO_REF) | T(PCP_DISABLED);
	const struct mmfuzz_backend *b = ex.backend;

	oracle_set_op("the end");
	machine_op_begins();
	/* In parallel, the first moment at which nobody is inside: to give all back heals some of what is wrong. */
	if (ex.threads) {
		oracle_check_counters();
		b->check();
	}
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		if (first & 1u << ex.slots[i].kind)
			slot_free(&ex.slots[i]);
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		slot_free(&ex.slots[i]);
	file_remove_all();
	balloon_empty_all();
	vmem_unplug_all();
	blocks_restore();
	if (b->op_done)
		b->op_done();
	b->quiesce();
	b->check_idle();
	oracle_check_end();
}

void executor_run_sequential(const struct mmfuzz_backend *backend, const struct program *program)
{
	const bool check_each = program->header.flags & PROGRAM_CHECK_EACH;
	unsigned int cpu = 0;

	executor_begin(backend, program, false);
	for (unsigned int i = 0; i < program->nr_ops; i++) {
		if (program->ops[i].cpu != cpu) {
			cpu = program->ops[i].cpu;
			machine_cpu_become(cpu);
		}
		if (!executor_run_op(i))
			continue;
		oracle_check_counters();
		if (check_each)
			backend->check();
	}
	if (cpu)
		machine_cpu_become(0);
	executor_end();
}

static void run_cpu_thread(unsigned int cpu, void *arg)
{
	for (unsigned int i = 0; i < *(const unsigned int *)arg; i++)
		executor_run_cpu(cpu);
	executor_cpu_done();
}

void executor_run_threads(const struct mmfuzz_backend *backend, const struct program *program,
			  unsigned int repeat)
{
	executor_begin(backend, program, true);
	machine_run(program->header.nr_cpus, run_cpu_thread, &repeat);
	executor_end();
}

#ifdef __clang__
#pragma clang attribute pop
#endif
