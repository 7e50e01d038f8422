// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference counts: pages with a count as a wrapper around frozen ones, and the look-up by frame
 * number.
 *
 * A count lives in a descriptor (struct mappable), never in struct page: a page whose word leads to
 * no such descriptor has no count, and whoever asks for one is wrong (seed 001). What a driver gets
 * from alloc_pages() has the bare head as its descriptor; folios (folio.c) have more behind it.
 *
 * Who looks a descriptor up by frame number races with its last put. The three parts that make it
 * sound are kept in this order by everything here and in folio.c:
 *
 *	birth		fields, then words, then the count (release)
 *	look-up		word (acquire), then inc_not_zero (full), then the word again
 *	death		count 0, then words, then desc_free(), then free_frozen_pages()
 *
 * A look-up that got its reference from a later life of the descriptor has read a count that was
 * stored after the words of the earlier life were gone, and so sees a different word.
 */
#include <limits.h>

#include "internal.h"

/*
 * A struct mappable has no room for the frame it belongs to but above the flag bits, where Linux
 * keeps section, node and zone. The last put needs it: it may be that of a walker who followed a
 * stale word and knows another frame's number only.
 */
#define MAPPABLE_ORDER_SHIFT 32
#define MAPPABLE_PFN_SHIFT   36

static unsigned int mappable_order(const struct mappable *m)
{
	return (READ_ONCE(m->flags) >> MAPPABLE_ORDER_SHIFT) & FREE_ORDER_MASK;
}

static unsigned long mappable_pfn(const struct mappable *m)
{
	return READ_ONCE(m->flags) >> MAPPABLE_PFN_SHIFT;
}

void set_page_words(struct page *page, unsigned int order, unsigned long word)
{
	for (unsigned long i = 0; i < 1ul << order; i++)
		set_page_word(page + i, word);
}

void set_pages_frozen(struct page *page, unsigned int order)
{
	for (unsigned long i = (1ul << order) - 1; i; i--)
		set_page_word(page + i, 0);
	set_page_word(page, misc_word(MISC_FROZEN, order, 0));
}

bool mappable_try_get(struct mappable *m)
{
	int old = atomic_read(&m->_refcount);

	do {
		if (!old)
			return false;
		MM_BUG_ON(old < 0 || old == INT_MAX, "reference count overflow", SIM_NO_PFN,
			  "one more reference on a count of %d", old);
		/* Full order: acquires the fields that the release of the first count published. */
	} while (!atomic_try_cmpxchg(&m->_refcount, &old, old + 1));
	return true;
}

bool mappable_put_testzero(struct mappable *m, unsigned long pfn)
{
	/*
	 * Full order: what this CPU did to the page comes before its put, and the last put comes
	 * before what the freeing does, whoever did the others.
	 */
	int old = atomic_fetch_sub(1, &m->_refcount);

	MM_BUG_ON(old <= 0, "put without a reference", pfn, "the count was %d", old);
	return old == 1;
}

int make_pages_refcounted(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long word = page_word_locked(page);
	struct mappable *m;

	MM_BUG_ON(word != misc_word(MISC_FROZEN, order, 0), "count for a page that is not frozen",
		  pfn, "the word is 0x%lx, wanted Frozen of order %u", word, order);
	m = desc_alloc(CACHE_MAPPABLE);
	if (!m)
		return -ENOMEM;
	WRITE_ONCE(m->flags,
		   pfn << MAPPABLE_PFN_SHIFT | (unsigned long)order << MAPPABLE_ORDER_SHIFT);
	atomic_set(&m->_mapcount, -1);
	set_page_words(page, order, desc_word(MEMDESC_MAPPABLE, m));
	/* Release: pairs with mappable_try_get(), whose caller then reads flags and word. */
	atomic_set_release(&m->_refcount, 1);
	return 0;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order, unsigned int nid)
{
	struct page *page = alloc_frozen_pages(gfp, order, nid);

	if (!page)
		return NULL;
	if (make_pages_refcounted(page, order)) {
		free_frozen_pages(page, order);
		return NULL;
	}
	return page;
}

static void mappable_put(struct mappable *m)
{
	unsigned long pfn = mappable_pfn(m);
	unsigned int order = mappable_order(m);
	struct page *page = pfn_to_page(pfn);

	if (!mappable_put_testzero(m, pfn))
		return;
	/* The words go first: who still finds @m by one must not find it in its next life. */
	set_pages_frozen(page, order);
	desc_free(CACHE_MAPPABLE, m);
	free_frozen_pages(page, order);
}

void put_mappable(struct mappable *m, unsigned long word)
{
	/*
	 * Descriptors keep their type for as long as they can be found, so the word's tag still
	 * holds.
	 */
	if (word_is_folio(word))
		folio_put((struct folio *)m);
	else
		mappable_put(m);
}

/*
 * Does the descriptor say that @pfn is one of its frames? With a reference, or the answer may
 * change.
 */
static bool mappable_covers(const struct mappable *m, unsigned long word, unsigned long pfn)
{
	const struct folio *folio = (const struct folio *)m;

	if (word_is_folio(word))
		return pfn - folio->pfn < 1ul << folio->order;
	return pfn - mappable_pfn(m) < 1ul << mappable_order(m);
}

JUDGES_BEGIN

/* What memory holds, in whatever order others may see it. */
static bool page_has_desc(unsigned long pfn, const struct mappable *m)
{
	unsigned long word = pfn < max_pfn ? page_word_locked(pfn_to_page(pfn)) : 0;

	return word_is_mappable(word) && word_desc(word) == m;
}

JUDGES_END

/*
 * Do the frames that the descriptor names, the first and the last of them, name it? While somebody
 * has a reference they do, whoever it was that was looked for.
 */
static bool mappable_has_frames(const struct mappable *m, unsigned long word)
{
	const struct folio *folio = (const struct folio *)m;
	unsigned long first = word_is_folio(word) ? READ_ONCE(folio->pfn) : mappable_pfn(m);
	unsigned int order = word_is_folio(word) ? READ_ONCE(folio->order) : mappable_order(m);

	return page_has_desc(first, m) && page_has_desc(first + (1ul << order) - 1, m);
}

struct mappable *pfn_try_get(unsigned long pfn, unsigned long *wordp)
{
	struct mappable *m = NULL;
	unsigned long word;
	struct page *page;

	/*
	 * The section's memmap and the slab of the descriptor stay until the end of the read
	 * section.
	 */
	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (!page)
		goto out;
	word = page_word(page);
	if (!word_is_mappable(word))
		goto out;
	m = word_desc(word);
	VM_BUG_ON(!desc_possible(m), "word leads to no descriptor", pfn, "the word is 0x%lx", word);
	if (!mappable_try_get(m)) {
		m = NULL;
		goto out;
	}
	/*
	 * After the full order of the increment: the second half of the argument at the top of this
	 * file.
	 */
	if (unlikely(page_word(page) != word)) {
		VM_BUG_ON(!mappable_has_frames(m, word), "reference on a descriptor without frames", pfn,
			  "the word was 0x%lx", word);
		put_mappable(m, word);
		m = NULL;
		goto out;
	}
	VM_BUG_ON(!mappable_covers(m, word, pfn), "reference on another page", pfn,
		  "the word is 0x%lx", word);
	*wordp = word;
out:
	rcu_read_unlock();
	return m;
}

/* The descriptor of a page that the caller has a reference on; @rule if the page has no count. */
static struct mappable *referenced_mappable(const char *rule, const char *func, unsigned long pfn,
					    unsigned long *wordp)
{
	unsigned long word;

	if (unlikely(!pfn_to_online_page(pfn)))
		sim_bug(rule, func, pfn, "the frame is not online");
	word = page_word(pfn_to_page(pfn));
	if (unlikely(!word_is_mappable(word)))
		sim_bug(rule, func, pfn, "the word is 0x%lx", word);
	*wordp = word;
	return word_desc(word);
}

void get_page_owned(unsigned long pfn)
{
	unsigned long word;
	struct mappable *m =
		referenced_mappable("get on a page without a count", __func__, pfn, &word);

	MM_BUG_ON(!mappable_try_get(m), "get without a reference", pfn, "the count is 0");
}

void put_page_owned(unsigned long pfn)
{
	unsigned long word;
	struct mappable *m =
		referenced_mappable("put on a page without a count", __func__, pfn, &word);

	put_mappable(m, word);
}

int page_count(unsigned long pfn)
{
	int count = -EINVAL;
	unsigned long word;
	struct page *page;

	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (page) {
		word = page_word(page);
		if (word_is_mappable(word))
			count = atomic_read(&((struct mappable *)word_desc(word))->_refcount);
	}
	rcu_read_unlock();
	return count;
}
