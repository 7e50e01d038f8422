// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on movable pages: isolate, migrate, put back, compact, the frame-number walker, and
 * the folios of the one file. What a file holds is modelled here, so that a migration that loses
 * contents is seen by the next read.
 */
#include "executor_internal.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/*
 * Where to look for pages that can be moved: from the first frame in use at or after the
 * operation's, for as long as the operation says. Taken literally most of such operations would
 * find free memory.
 */
void op_isolate(const struct op *op, struct slot *slot)
{
	unsigned long max = op->max < PROGRAM_SLOT_PFNS ? op->max : PROGRAM_SLOT_PFNS;
	unsigned long start = oracle_next_out(op->pfn);
	unsigned long end = start + op->nr < ex.config.max_pfn ? start + op->nr : ex.config.max_pfn;
	unsigned long nr;

	if (start >= end)
		return;
	nr = ex.backend->isolate_movable(mk_pfn(start), end - start, max, slot->pfns);
	returned_count(nr, max);
	for (unsigned long i = 0; i < nr; i++) {
		/*
		 * A folio that reaches into the range is isolated by its head, which may lie before
		 * it.
		 */
		unsigned long last = slot->pfns[i].pfn | ((1ul << MMFUZZ_MAX_ORDER) - 1);

		if (last < start || slot->pfns[i].pfn >= end)
			oracle_bug("return value", slot->pfns[i].pfn,
				   "isolated outside [0x%lx, 0x%lx)", start, end);
		oracle_granted(slot->pfns[i], 1, mk_order(0));
	}
	if (!nr)
		return;
	slot->kind = SLOT_ISOLATED;
	slot->nr = nr;
	if (!ex.threads)
		ex.isolated++;
}

static void isolated_gone(struct slot *slot)
{
	slot->kind = SLOT_NONE;
	if (!ex.threads)
		ex.isolated--;
}

void op_migrate(const struct op *op, struct slot *slot)
{
	unsigned long left = ex.backend->migrate_pages(slot->pfns, slot->nr, op->flag);

	returned_count(left, slot->nr);
	slot->nr = left;
	for (unsigned long i = 0; i < left; i++)
		oracle_granted(slot->pfns[i], 1, mk_order(0));
	if (!left)
		isolated_gone(slot);
}

void op_putback(const struct op *op, struct slot *slot)
{
	(void)op;
	ex.backend->putback_movable_pages(slot->pfns, slot->nr);
	isolated_gone(slot);
}

void op_compact(const struct op *op, struct slot *slot)
{
	(void)slot;
	RETURNED(ex.backend->compact(mk_nid(op->nid), mk_order(op->order)), ENOMEM, EAGAIN);
}

void op_walk(const struct op *op, struct slot *slot)
{
	(void)slot;
	returned_count(ex.backend->walk_pfns(mk_pfn(op->pfn), op->nr), op->nr);
}

/* A tag says whose contents these are, and is written once in a run. */
static uint64_t file_tag(unsigned int index, unsigned int tag)
{
	return (index + 1ull) << 48 | (new_seed() >> 24 & 0xffffffffffull) << 8 | tag;
}

/* The entry, in the hands of this CPU, or NULL. Only one CPU at a time changes an index. */
static struct file_entry *file_get(unsigned int index)
{
	struct file_entry *entry = &ex.file[index];

	if (!busy_take(&entry->busy))
		return NULL;
	if (!entry->used) {
		entry->used = true;
		__atomic_fetch_or(&ex.file_used[index / 64], 1ull << index % 64, __ATOMIC_RELAXED);
	}
	return entry;
}

static void file_put(struct file_entry *entry)
{
	busy_put(&entry->busy);
}

static void exists(bool is, const struct file_entry *entry)
{
	if (is != entry->present)
		oracle_bug("return value", SIM_NO_PFN,
			   "index %u is%s in the file, the core says it is%s",
			   (unsigned int)(entry - ex.file), entry->present ? "" : " not",
			   is ? "" : " not");
}

void op_folio_add(const struct op *op, struct slot *slot)
{
	struct file_entry *entry = file_get(op->index);
	uint64_t tag;
	int ret;

	(void)slot;
	if (!entry)
		return;
	tag = file_tag(op->index, op->tag);
	ret = ex.backend->folio_add(op->index, op->type, mk_order(op->order), op->gfp, tag);
	RETURNED(ret, EEXIST, ENOMEM);
	if (ret == -EEXIST)
		exists(true, entry);
	if (!ret) {
		exists(false, entry);
		entry->present = true;
		entry->tag = tag;
	}
	file_put(entry);
}

/*
 * Also at the end of a run. A folio that a migrator holds cannot go (-EBUSY); then somebody must
 * have isolated it: a slot, or in parallel some other CPU.
 */
static void file_remove(struct file_entry *entry)
{
	int ret = ex.backend->folio_remove(entry - ex.file);

	RETURNED(ret, ENOENT, EBUSY, EAGAIN);
	if (ret == -ENOENT)
		exists(false, entry);
	else if (!ret)
		exists(true, entry);
	else if (!ex.threads && !ex.isolated)
		oracle_bug("return value", SIM_NO_PFN,
			   "folio at index %u is busy, but nobody has isolated it",
			   (unsigned int)(entry - ex.file));
	if (!ret)
		entry->present = false;
}

void op_folio_remove(const struct op *op, struct slot *slot)
{
	struct file_entry *entry = file_get(op->index);

	(void)slot;
	if (!entry)
		return;
	file_remove(entry);
	file_put(entry);
}

void op_folio_write(const struct op *op, struct slot *slot)
{
	struct file_entry *entry = file_get(op->index);
	uint64_t tag;
	int ret;

	(void)slot;
	if (!entry)
		return;
	tag = file_tag(op->index, op->tag);
	ret = ex.backend->folio_write(op->index, tag);
	RETURNED(ret, ENOENT);
	exists(!ret, entry);
	if (!ret)
		entry->tag = tag;
	file_put(entry);
}

/* @exact: nobody writes at the same time. */
static void check_contents(unsigned int index, uint64_t got, uint64_t expected, bool exact)
{
	if (got >> 48 != index + 1 || (exact && got != expected))
		oracle_bug("contents lost", SIM_NO_PFN,
			   "folio at index %u reads 0x%llx, not 0x%llx", index,
			   (unsigned long long)got, (unsigned long long)expected);
}

void op_folio_read(const struct op *op, struct slot *slot)
{
	const struct file_entry *entry = &ex.file[op->index];
	uint64_t tag;
	int ret = ex.backend->folio_read(op->index, &tag);

	(void)slot;
	RETURNED(ret, ENOENT);
	if (!ex.threads)
		exists(!ret, entry);
	if (!ret)
		check_contents(op->index, tag, ex.threads ? (op->index + 1ull) << 48 : entry->tag, !ex.threads);
}

void op_folio_get(const struct op *op, struct slot *slot)
{
	pfn_t pfn = ex.backend->folio_get(op->index);

	if (!ex.threads)
		exists(!pfn_is_none(pfn), &ex.file[op->index]);
	if (pfn_is_none(pfn))
		return;
	oracle_granted(pfn, 1, mk_order(0));
	slot->kind = SLOT_FOLIO_REF;
	slot->pfn = pfn.pfn;
}

void file_remove_all(void)
{
	for (unsigned int w = 0; w < MMFUZZ_MAX_FOLIOS / 64; w++) {
		for (uint64_t used = ex.file_used[w]; used; used &= used - 1) {
			unsigned int index = w * 64 + __builtin_ctzll(used);
			struct file_entry *entry = &ex.file[index];
			uint64_t tag;

			if (!entry->present)
				continue;
			if (ex.backend->folio_read && !ex.backend->folio_read(index, &tag))
				check_contents(index, tag, entry->tag, true);
			file_remove(entry);
			if (entry->present)
				oracle_bug("cannot be given back", SIM_NO_PFN,
					   "folio at index %u does not go", index);
		}
	}
}

#ifdef __clang__
#pragma clang attribute pop
#endif
