// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that allocate and free: frozen, refcounted, contiguous, offline; isolation of ranges,
 * pagesets, RCU.
 *
 * Each writes its tag into what it got; slot_free() and whoever else touches the slot looks for it.
 */
#include "executor_internal.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/* A block of 2^order frames that the slot now holds. */
static void granted(struct slot *slot, enum slot_kind kind, pfn_t pfn, unsigned int order,
		    unsigned int gfp, nid_t nid)
{
	oracle_granted(pfn, 1ul << order, mk_order(order));
	if (!oracle_zone_ok(pfn, gfp, nid))
		oracle_bug("wrong zone", pfn.pfn, "for flags 0x%x and node %u", gfp, nid.nid);
	if (!(gfp & MMFUZZ_GFP_MOVABLE))
		oracle_not_cma(pfn, 1ul << order);
	if (gfp & MMFUZZ_GFP_ZERO)
		oracle_check_zero(pfn, 1ul << order);
	slot->kind = kind;
	slot->pfn = pfn.pfn;
	slot->order = order;
	slot->typed = false;
	slot->refs = 1;
	slot->seed = new_seed();
	oracle_tag(pfn, 1ul << order, slot->seed);
}

/* Frames [pfn, pfn + nr) that the slot now holds. */
static void granted_range(struct slot *slot, enum slot_kind kind, pfn_t pfn, unsigned int nr)
{
	oracle_granted(pfn, nr, mk_order(0));
	if (kind != SLOT_CMA)
		oracle_not_cma(pfn, nr);
	slot->kind = kind;
	slot->pfn = pfn.pfn;
	slot->nr = nr;
	slot->seed = new_seed();
	oracle_tag(pfn, nr, slot->seed);
}

void op_alloc(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_frozen(op->gfp, mk_order(op->order), mk_nid(op->nid));

	if (!pfn_is_none(pfn))
		granted(slot, SLOT_FROZEN, pfn, op->order, op->gfp, mk_nid(op->nid));
}

void op_alloc_nolock(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_frozen_nolock(mk_order(op->order), mk_nid(op->nid));

	if (!pfn_is_none(pfn))
		granted(slot, SLOT_FROZEN, pfn, op->order, 0, mk_nid(op->nid));
}

void op_free(const struct op *op, struct slot *slot)
{
	(void)op;
	slot_free(slot);
}

void op_free_nolock(const struct op *op, struct slot *slot)
{
	(void)op;
	oracle_check_tag(mk_pfn(slot->pfn), 1ul << slot->order, slot->seed);
	ex.backend->free_frozen_nolock(mk_pfn(slot->pfn), mk_order(slot->order));
	slot->kind = SLOT_NONE;
}

void op_alloc_bulk(const struct op *op, struct slot *slot)
{
	unsigned long nr = ex.backend->alloc_bulk(op->gfp, mk_nid(op->nid), op->nr, slot->pfns);

	returned_count(nr, op->nr);
	if (!nr)
		return;
	slot->kind = SLOT_BULK;
	slot->nr = nr;
	slot->seed = new_seed();
	for (unsigned int i = 0; i < nr; i++) {
		pfn_t pfn = slot->pfns[i];

		oracle_granted(pfn, 1, mk_order(0));
		if (!oracle_zone_ok(pfn, op->gfp, mk_nid(op->nid)))
			oracle_bug("wrong zone", pfn.pfn, "for flags 0x%x and node %u", op->gfp,
				   op->nid);
		if (!(op->gfp & MMFUZZ_GFP_MOVABLE))
			oracle_not_cma(pfn, 1);
		if (op->gfp & MMFUZZ_GFP_ZERO)
			oracle_check_zero(pfn, 1);
	}
	/* Only now, so that a frame that is there twice is not taken for one that was not zeroed.
	 */
	for (unsigned int i = 0; i < nr; i++)
		oracle_tag(slot->pfns[i], 1, slot->seed + i);
	for (unsigned int i = 0; i < nr; i++)
		oracle_check_tag(slot->pfns[i], 1, slot->seed + i);
	for (unsigned int i = 0; i < nr; i++)
		oracle_tag(slot->pfns[i], 1, slot->seed);
}

void op_split(const struct op *op, struct slot *slot)
{
	(void)op;
	if (slot->typed)
		return; /* the driver that took the block keeps it whole */
	ex.backend->split(mk_pfn(slot->pfn), mk_order(slot->order));
	slot->kind = SLOT_SINGLES;
}

void op_set_type(const struct op *op, struct slot *slot)
{
	(void)op;
	if (slot->typed)
		return;
	ex.backend->set_type(mk_pfn(slot->pfn), mk_order(slot->order));
	slot->typed = true;
	oracle_check_tag(mk_pfn(slot->pfn), 1ul << slot->order, slot->seed);
}

void op_alloc_ref(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_pages(op->gfp, mk_order(op->order), mk_nid(op->nid));

	if (!pfn_is_none(pfn))
		granted(slot, SLOT_REF, pfn, op->order, op->gfp, mk_nid(op->nid));
}

/* Others may hold references for a moment (walkers), so in parallel the count may only be too high.
 */
static void check_count(const struct slot *slot)
{
	int count;

	if (!ex.backend->page_count)
		return;
	count = ex.backend->page_count(mk_pfn(slot->pfn));
	if (count < (int)slot->refs || (!ex.threads && count != (int)slot->refs))
		oracle_bug("wrong count", slot->pfn, "count %d, but the slot has %u references",
			   count, slot->refs);
}

void op_get(const struct op *op, struct slot *slot)
{
	(void)op;
	ex.backend->get_page(mk_pfn(slot->pfn));
	slot->refs++;
	check_count(slot);
}

void op_put(const struct op *op, struct slot *slot)
{
	(void)op;
	check_count(slot);
	oracle_check_tag(mk_pfn(slot->pfn), 1ul << slot->order, slot->seed);
	ex.backend->put_page(mk_pfn(slot->pfn));
	if (!--slot->refs)
		slot->kind = SLOT_NONE;
}

void op_contig_range(const struct op *op, struct slot *slot)
{
	int ret = ex.backend->alloc_contig_frozen_range(mk_pfn(op->pfn), op->nr);

	RETURNED(ret, EBUSY, EINVAL, ENOMEM, EAGAIN);
	if (!ret)
		granted_range(slot, SLOT_CONTIG, mk_pfn(op->pfn), op->nr);
}

void op_contig_pages(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_contig_frozen_pages(op->nr, op->gfp, mk_nid(op->nid));

	if (pfn_is_none(pfn))
		return;
	granted_range(slot, SLOT_CONTIG, pfn, op->nr);
	if (!oracle_zone_ok(pfn, op->gfp, mk_nid(op->nid)))
		oracle_bug("wrong zone", pfn.pfn, "for flags 0x%x and node %u", op->gfp, op->nid);
}

void op_contig_ref(const struct op *op, struct slot *slot)
{
	int ret = ex.backend->alloc_contig_range(mk_pfn(op->pfn), op->nr);

	RETURNED(ret, EBUSY, EINVAL, ENOMEM, EAGAIN);
	if (!ret)
		granted_range(slot, SLOT_CONTIG_REF, mk_pfn(op->pfn), op->nr);
}

void op_cma_alloc(const struct op *op, struct slot *slot)
{
	const struct mmfuzz_range *area = &ex.config.cma[op->dev];
	pfn_t pfn;

	if (op->dev >= ex.config.nr_cma)
		return;
	pfn = ex.backend->cma_alloc(op->dev, op->nr);
	if (pfn_is_none(pfn))
		return;
	if (pfn.pfn < area->start || pfn.pfn + op->nr > area->start + area->nr)
		oracle_bug("outside the area", pfn.pfn, "%u frames for CMA area %u", op->nr,
			   op->dev);
	granted_range(slot, SLOT_CMA, pfn, op->nr);
	slot->dev = op->dev;
}

/* What is offline is not for anybody to read or write: no tags. */
static void granted_offline(struct slot *slot, enum slot_kind kind, pfn_t pfn, unsigned int order,
			    unsigned long nr, unsigned int gfp)
{
	oracle_granted(pfn, nr, mk_order(order));
	if (!(gfp & MMFUZZ_GFP_MOVABLE) && !ex.backend->offline_in_cma)
		oracle_not_cma(pfn, nr);
	slot->kind = kind;
	slot->pfn = pfn.pfn;
	slot->order = order;
	slot->nr = nr;
	slot->skippable = false;
}

void op_offline_alloc(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_offline_page(op->gfp, mk_nid(op->nid));

	if (!pfn_is_none(pfn))
		granted_offline(slot, SLOT_OFFLINE, pfn, 0, 1, op->gfp);
}

void op_offline_alloc_order(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->alloc_offline_pages(op->gfp, mk_order(op->order), mk_nid(op->nid));

	if (!pfn_is_none(pfn))
		granted_offline(slot, SLOT_OFFLINE, pfn, op->order, 1ul << op->order, op->gfp);
}

void op_offline_range(const struct op *op, struct slot *slot)
{
	int ret = ex.backend->alloc_offline_page_range(mk_pfn(op->pfn), op->nr);

	RETURNED(ret, EBUSY, EINVAL, ENOMEM, EAGAIN);
	if (!ret)
		granted_offline(slot, SLOT_OFFLINE_RANGE, mk_pfn(op->pfn), 0, op->nr, 0);
}

void op_offline_skippable(const struct op *op, struct slot *slot)
{
	ex.backend->set_offline_skippable(mk_pfn(slot->pfn), mk_order(slot->order), op->flag);
	slot->skippable = op->flag;
}

void op_isolate_range(const struct op *op, struct slot *slot)
{
	unsigned long start = (unsigned long)op->pageblock << ex.config.pageblock_order;
	unsigned long nr = (unsigned long)op->nr << ex.config.pageblock_order;
	int ret = ex.backend->start_isolate_page_range(mk_pfn(start), nr);

	RETURNED(ret, EBUSY, EINVAL);
	if (ret)
		return;
	slot->kind = SLOT_ISOLATED_RANGE;
	slot->pfn = start;
	slot->nr = nr;
}

void op_has_unmovable(const struct op *op, struct slot *slot)
{
	unsigned long start = (unsigned long)op->pageblock << ex.config.pageblock_order;
	pfn_t pfn = ex.backend->has_unmovable_pages(mk_pfn(start));

	(void)slot;
	if (!pfn_is_none(pfn) &&
	    (pfn.pfn < start || pfn.pfn >= start + (1ul << ex.config.pageblock_order)))
		oracle_bug("return value", pfn.pfn, "not in the pageblock at 0x%lx", start);
}

static void drain(enum mmfuzz_drain how, unsigned int cpu)
{
	ex.backend->drain(how, mk_cpu(cpu));
}

void op_drain_local(const struct op *op, struct slot *slot)
{
	(void)slot;
	drain(MMFUZZ_DRAIN_LOCAL, op->cpu);
}

void op_drain_cpu(const struct op *op, struct slot *slot)
{
	(void)slot;
	drain(MMFUZZ_DRAIN_CPU, op->target);
}

void op_drain_all(const struct op *op, struct slot *slot)
{
	(void)slot;
	drain(MMFUZZ_DRAIN_ALL, op->cpu);
	if (ex.threads)
		return;
	for (unsigned int i = 0; i < PROGRAM_SLOTS; i++)
		if (ex.slots[i].kind == SLOT_ISOLATED_RANGE)
			oracle_seal(mk_pfn(ex.slots[i].pfn), ex.slots[i].nr);
}

void op_pcp_disable(const struct op *op, struct slot *slot)
{
	ex.backend->pcp_disable(mk_nid(op->nid));
	slot->kind = SLOT_PCP_DISABLED;
	slot->dev = op->nid;
}

void op_rcu_barrier(const struct op *op, struct slot *slot)
{
	(void)op;
	(void)slot;
	ex.backend->rcu_barrier();
}

#ifdef __clang__
#pragma clang attribute pop
#endif
