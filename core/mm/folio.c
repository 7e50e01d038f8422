// SPDX-License-Identifier: GPL-2.0-only
/*
 * Folios: refcounted, movable pages of one file, the counterpart of pages with movable_operations.
 *
 *	file index --RCU--> struct folio <--RCU-- word of each of its frames
 *
 * One reference belongs to the file, the others to whoever looked the folio up. The rules of birth,
 * look-up and death are those of page_ref.c. What is added here:
 *
 * - The look-up by index re-checks the index after it has its reference, as the look-up by frame
 *   number re-checks the word: a descriptor may be a different folio by then.
 * - A folio is migrated by freezing its count, from exactly the file's and the migrator's to 0.
 *   Then nobody else has a reference and nobody can get one, so that contents, words and the file's
 *   pointer change under no reader. Look-ups by index wait for the end of it, those by frame number
 *   fail (seed 000: movable folios keep their own way).
 * - PG_locked guards the contents and the place in the file; it is taken with a reference only, so
 *   that a frozen or freed folio has no waiter.
 *
 * This file isolates nothing on its own behalf and never chooses a target: that is migrate.c's.
 */
#include "describe.h"
#include "internal.h"

/**
 * struct filemap - the one file
 * @lock: LOCK_MAPPING; taken to write a slot
 * @slots: folio at each index; read under RCU
 */
struct filemap {
	spinlock_t lock;
	struct folio *slots[MMFUZZ_MAX_FOLIOS];
};

static struct filemap *filemap; /* in the arena; fixed from boot to shutdown */

void folio_init_state(void)
{
	filemap = arena_alloc(sizeof(*filemap), 64);
	spin_lock_init(&filemap->lock, LOCK_MAPPING);
}

static struct folio **filemap_slot(unsigned int index)
{
	MM_BUG_ON(index >= MMFUZZ_MAX_FOLIOS, "index outside the file", SIM_NO_PFN,
		  "index %u of %u", index, MMFUZZ_MAX_FOLIOS);
	return &filemap->slots[index];
}

/*
 * Acquire: pairs with filemap_replace(), so that who follows the pointer sees an initialised folio.
 */
static struct folio *filemap_peek(unsigned int index)
{
	return rcu_dereference(*filemap_slot(index));
}

/* Put @new (or nothing) where @old is; false if something else is there. */
static bool filemap_replace(unsigned int index, struct folio *old, struct folio *new)
{
	struct folio **slot = filemap_slot(index);
	bool done;

	spin_lock(&filemap->lock);
	done = READ_ONCE(*slot) == old;
	if (done)
		rcu_assign_pointer(*slot, new);
	spin_unlock(&filemap->lock);
	return done;
}

/* --- lock and count --- */

static bool folio_trylock(struct folio *folio)
{
	return !test_and_set_bit_lock(PG_locked, &folio->m.flags);
}

/* The caller has a reference, so that the holder it waits for works on the same folio. */
static void folio_lock(struct folio *folio)
{
	might_sleep();
	while (!folio_trylock(folio))
		cpu_relax();
}

static void folio_unlock(struct folio *folio)
{
	clear_bit_unlock(PG_locked, &folio->m.flags);
}

static void free_folio(struct folio *folio)
{
	unsigned long pfn = folio->pfn;
	unsigned int order = folio->order;
	struct page *page = pfn_to_page(pfn);
	unsigned long flags = READ_ONCE(folio->m.flags);

	MM_BUG_ON(flags & (BIT(PG_locked) | BIT(PG_isolated)), "folio freed while in use", pfn,
		  "flags 0x%lx", flags);
	set_pages_frozen(page, order);
	desc_free(CACHE_FOLIO, folio);
	free_frozen_pages(page, order);
}

void folio_put(struct folio *folio)
{
	if (mappable_put_testzero(&folio->m, READ_ONCE(folio->pfn)))
		free_folio(folio);
}

struct folio *filemap_get_folio(unsigned int index)
{
	struct folio *folio;

	rcu_read_lock();
	for (;; cpu_relax()) {
		folio = filemap_peek(index);
		if (!folio)
			break;
		/*
		 * 0: being migrated or removed by another CPU, which changes the slot before long.
		 */
		if (!mappable_try_get(&folio->m))
			continue;
		/*
		 * The file holds a reference of what is in a slot. If @folio still is, it is the
		 * same folio as when we got our reference; else that may be one of another folio in
		 * the same memory.
		 */
		if (likely(filemap_peek(index) == folio)) {
			VM_BUG_ON(folio->index != index, "reference on another folio", folio->pfn,
				  "index %u, wanted %u", folio->index, index);
			break;
		}
		folio_put(folio);
	}
	rcu_read_unlock();
	return folio;
}

/* The folio at @index with a reference and the lock, still at @index; NULL if there is none. */
static struct folio *filemap_lock_folio(unsigned int index)
{
	for (;;) {
		struct folio *folio = filemap_get_folio(index);

		if (!folio)
			return NULL;
		folio_lock(folio);
		if (likely(filemap_peek(index) == folio))
			return folio;
		/* Truncated before we had the lock. Not migrated: our reference forbids that. */
		folio_unlock(folio);
		folio_put(folio);
	}
}

/* --- contents --- */

/* Each frame of a folio holds the tag plus its number, so that a copy that stops early shows. */
static void folio_fill(const struct folio *folio, u64 tag)
{
	for (unsigned long i = 0; i < 1ul << folio->order; i++)
		*(u64 *)ram_ptr(folio->pfn + i) = tag + i;
}

static u64 folio_contents(const struct folio *folio)
{
	u64 tag = *(u64 *)ram_ptr(folio->pfn);

	for (unsigned long i = 1; i < 1ul << folio->order; i++) {
		u64 found = *(u64 *)ram_ptr(folio->pfn + i);

		MM_BUG_ON(found != tag + i, "folio contents lost", folio->pfn + i,
			  "frame %lu holds 0x%lx, wanted 0x%lx", i, found, tag + i);
	}
	return tag;
}

int filemap_write(unsigned int index, u64 tag)
{
	struct folio *folio = filemap_lock_folio(index);

	if (!folio)
		return -ENOENT;
	folio_fill(folio, tag);
	set_bit(PG_dirty, &folio->m.flags);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

int filemap_read(unsigned int index, u64 *tag)
{
	struct folio *folio = filemap_lock_folio(index);

	if (!folio)
		return -ENOENT;
	*tag = folio_contents(folio);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

/* --- birth and truncation --- */

/* Linux: numa_node_id(). CPUs are dealt out to the nodes in turn. */
static unsigned int numa_node_id(void)
{
	return smp_processor_id() % mm->nr_nodes;
}

/*
 * Describe the owned frames at @pfn by @folio; its count stays 0, so that nobody can get at it yet.
 */
static void folio_init(struct folio *folio, enum memdesc_type type, unsigned long pfn,
		       unsigned int order, unsigned int index, unsigned long flags)
{
	/* Once and whole: a walker with a stale word may be looking. */
	WRITE_ONCE(folio->m.flags, flags);
	atomic_set(&folio->m._mapcount, -1);
	WRITE_ONCE(folio->pfn, pfn);
	WRITE_ONCE(folio->order, order);
	WRITE_ONCE(folio->index, index);
	set_page_words(pfn_to_page(pfn), order, desc_word(type, folio));
}

int filemap_add_folio(unsigned int index, enum memdesc_type type, unsigned int order, gfp_t gfp,
		      u64 tag)
{
	struct folio *folio;
	struct page *page;

	MM_BUG_ON(type != MEMDESC_ANON && type != MEMDESC_FILE, "folio of a wrong type", SIM_NO_PFN,
		  "type %u", type);
	if (filemap_peek(index))
		return -EEXIST;
	page = alloc_frozen_pages(gfp, order, numa_node_id());
	if (!page)
		return -ENOMEM;
	folio = desc_alloc(CACHE_FOLIO);
	if (!folio) {
		free_frozen_pages(page, order);
		return -ENOMEM;
	}
	folio_init(folio, type, page_to_pfn(page), order, index, 0);
	folio_fill(folio, tag);
	/*
	 * Release: pairs with mappable_try_get(), whose caller then reads fields, words and
	 * contents.
	 */
	atomic_set_release(&folio->m._refcount, 1);
	/*
	 * Who finds it by frame number before it is in the file cannot migrate it: that asks for
	 * its place there.
	 */
	if (!filemap_replace(index, NULL, folio)) {
		folio_put(folio);
		return -EEXIST;
	}
	/* Our reference is the file's now. */
	return 0;
}

int filemap_remove_folio(unsigned int index)
{
	struct folio *folio = filemap_lock_folio(index);

	if (!folio)
		return -ENOENT;
	/* Only who has the lock takes a folio out of its slot. */
	if (!filemap_replace(index, folio, NULL))
		mm_bug("locked folio left its slot", folio->pfn, "index %u", index);
	folio_unlock(folio);
	folio_put(folio); /* the file's */
	folio_put(folio); /* that of the look-up */
	return 0;
}

/* --- migration --- */

struct folio *folio_isolate(unsigned long pfn)
{
	unsigned long word;
	struct mappable *m = pfn_try_get(pfn, &word);

	if (!m)
		return NULL;
	/*
	 * The bit is the migrator's alone; full order, since what it does next must not come before
	 * it.
	 */
	if (!word_is_folio(word) || test_and_set_bit(PG_isolated, &m->flags)) {
		put_mappable(m, word);
		return NULL;
	}
	return (struct folio *)m;
}

void folio_putback(struct folio *folio)
{
	/*
	 * Before the reference goes: with the last one the folio is freed, and a freed one is not
	 * isolated.
	 */
	if (!test_and_clear_bit(PG_isolated, &folio->m.flags))
		mm_bug("putback of a folio that is not isolated", folio->pfn, "index %u",
		       folio->index);
	folio_put(folio);
}

static void folio_copy(unsigned long dst, unsigned long src, unsigned int order)
{
	__builtin_memcpy(ram_ptr(dst), ram_ptr(src), 1ul << order << sim_ram.cell_shift);
}

int migrate_folio(struct page *dst, struct folio *folio, bool async)
{
	unsigned long src = folio->pfn;
	unsigned int order = folio->order;
	unsigned int index;
	struct folio *new;

	/* Nothing may fail between the freeze and the end. */
	new = desc_alloc(CACHE_FOLIO);
	if (!new)
		return -ENOMEM;
	if (async) {
		if (!folio_trylock(folio))
			goto again;
	} else {
		folio_lock(folio);
	}
	index = folio->index;
	/*
	 * Not (or no longer) in the file: the migrator's reference may be the last, and there is no
	 * slot to fill.
	 */
	if (filemap_peek(index) != folio)
		goto unlock;
	/*
	 * Full order. Acquire: what those did who have put their references, writers of the
	 * contents among them, comes before the copy. From here on mappable_try_get() fails.
	 */
	if (atomic_cmpxchg(&folio->m._refcount, FOLIO_MIGRATE_REFS, 0) != FOLIO_MIGRATE_REFS)
		goto unlock;
	folio_copy(page_to_pfn(dst), src, order);
	folio_init(new, word_type(page_word_locked(pfn_to_page(src))), page_to_pfn(dst), order,
		   index, READ_ONCE(folio->m.flags) & BIT(PG_dirty));
	if (!filemap_replace(index, folio, new))
		mm_bug("frozen folio left its slot", src, "index %u", index);
	/*
	 * Release: pairs with mappable_try_get(). The one reference is the file's; the migrator's
	 * ended with the old folio. Last, because who gets the new folio may remove it, and the
	 * slot must be its own by then.
	 */
	atomic_set_release(&new->m._refcount, 1);
	/*
	 * Words before the descriptor, as in free_folio(). Nobody waits for the lock: that takes a
	 * reference.
	 */
	set_pages_frozen(pfn_to_page(src), order);
	desc_free(CACHE_FOLIO, folio);
	return 0;
unlock:
	folio_unlock(folio);
again:
	desc_free(CACHE_FOLIO, new);
	return -EAGAIN;
}

JUDGES_BEGIN

void filemap_check(void)
{
	for (unsigned int index = 0; index < MMFUZZ_MAX_FOLIOS; index++) {
		const struct folio *folio = filemap->slots[index];

		if (!folio)
			continue;
		MM_BUG_ON(!desc_is_live(CACHE_FOLIO, folio), "freed folio in the file", SIM_NO_PFN, "index %u", index);
		MM_BUG_ON(folio->index != index, "folio at the place of another", folio->pfn, "index %u, says %u", index,
			  folio->index);
		/* A word that leads back: it is no folio that lost its frames. */
		MM_BUG_ON(word_desc(page_word_locked(pfn_to_page(folio->pfn))) != folio, "folio of the file without frames",
			  folio->pfn, "index %u", index);
	}
}

int filemap_describe_addr(uintptr_t addr, char *buf, size_t len)
{
	size_t slot = (addr - (uintptr_t)filemap->slots) / sizeof(filemap->slots[0]);

	if (slot < MMFUZZ_MAX_FOLIOS)
		return snprintf(buf, len, "folio at index %zu of the file", slot);
	if (addr - (uintptr_t)&filemap->lock < sizeof(filemap->lock))
		return snprintf(buf, len, "mapping->lock");
	return 0;
}

JUDGES_END
