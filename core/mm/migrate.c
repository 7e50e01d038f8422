// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable pages: isolate, migrate, put back. Ownership instead of references (seed 000).
 *
 *	owner --isolate--> migrator --migrate--> owner, elsewhere; the old frames are free
 *	  ^                   |
 *	  +-----putback-------+
 *
 * Two kinds of pages move: folios, with the rules of folio.c, and pages whose memdesc type has
 * movable_operations. Of the latter only Offline pages carry the bits for it. For them there is no
 * reference, no page lock and no list anywhere here:
 *
 * - one compare-and-swap of the word, to set Isolated, decides who gets the page. The owner frees a
 *   page only after claim_offline_page() has cleared Movable by the same means, which fails while
 *   Isolated is set: so whoever comes second loses, be it owner or another migrator;
 * - the driver locks inside its callbacks; the core holds nothing around the calls;
 * - what is isolated is an array of frame numbers in the caller's hands.
 *
 * A page stays isolated until migrate_page() succeeds or putback_page() was called. This file does
 * not decide what to migrate, nor how often to try a range again.
 */
#include "internal.h"

/* Slots by memdesc type. Set at boot, before there is a page of the type; not part of a reset. */
static const struct movable_operations *movable_ops[NR_MEMDESC_TYPES];

int set_movable_ops(const struct movable_operations *ops, enum memdesc_type type)
{
	/* No other type has a movable and an isolated bit in its word. */
	if (type != MEMDESC_MISC)
		return -EINVAL;
	if (ops && movable_ops[type] && movable_ops[type] != ops)
		return -EBUSY;
	/* Release: pairs with page_movable_ops(); what @ops points at is there for who finds it. */
	smp_store_release(&movable_ops[type], ops);
	return 0;
}

/*
 * Operations of the page that says @word; NULL if it does not move, or if nobody registered for it.
 */
static const struct movable_operations *page_movable_ops(unsigned long word)
{
	if (!word_is_offline(word) || !(word & MISC_MOVABLE))
		return NULL;
	return smp_load_acquire(&movable_ops[MEMDESC_MISC]);
}

/* --- isolate --- */

/* Isolated goes, whatever other bit somebody changes at the same time. */
static void clear_page_isolated(unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	unsigned long word;

	do {
		word = page_word(page);
		MM_BUG_ON(!word_is_offline(word) || !(word & MISC_ISOLATED),
			  "isolated page was taken away", pfn, "the word is 0x%lx", word);
	} while (!page_word_cmpxchg(page, word, word & ~MISC_ISOLATED));
}

bool isolate_movable_ops_page(unsigned long pfn)
{
	const struct movable_operations *ops = NULL;
	bool isolated = false;
	struct page *page;

	/* The memmap of the section stays until here; with Isolated set, so does the page. */
	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (page) {
		unsigned long word = page_word(page);

		ops = page_movable_ops(word);
		/*
		 * Full order: pairs with the owner's cmpxchg in claim_offline_page(). One of the
		 * two fails; if it is the owner's, what the owner did to the page before is seen by
		 * the callback.
		 */
		isolated = ops && !(word & MISC_ISOLATED) &&
			   page_word_cmpxchg(page, word, word | MISC_ISOLATED);
	}
	rcu_read_unlock();
	if (!isolated)
		return false;
	/*
	 * The word says whose type it is; whether the page is in a device's set is the driver's to
	 * say.
	 */
	if (ops->isolate_page(pfn))
		return true;
	clear_page_isolated(pfn);
	return false;
}

unsigned long isolate_movable_page(unsigned long pfn, unsigned int *order)
{
	struct page *page;
	unsigned long word = 0;

	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (page)
		word = page_word(page);
	rcu_read_unlock();
	if (word_is_folio(word)) {
		struct folio *folio = folio_isolate(pfn);

		if (!folio)
			return -1ul;
		*order = folio->order;
		return folio->pfn;
	}
	if (!word_is_offline(word) || !isolate_movable_ops_page(pfn))
		return -1ul;
	*order = 0;
	return pfn;
}

/*
 * Where to look next after @pfn, at which nothing was isolated. The word is only a hint: a head
 * says how far its block reaches, everything else is one frame.
 */
static unsigned long skip_pfn(unsigned long pfn)
{
	struct page *page;
	unsigned long word;
	unsigned int order = 0;

	rcu_read_lock();
	page = pfn_to_online_page(pfn);
	if (!page) {
		rcu_read_unlock();
		return ALIGN_DOWN(pfn, section_nr_pages) + section_nr_pages;
	}
	word = page_word(page);
	rcu_read_unlock();
	switch (word_type(word)) {
	case MEMDESC_BUDDY:
	case MEMDESC_PCP:
	case MEMDESC_DEFERRED:
		order = free_order(word);
		break;
	case MEMDESC_MISC:
		order = misc_order(word);
		break;
	default:
		break;
	}
	return pfn + (1ul << order);
}

unsigned long isolate_migratepages_block(unsigned long *start, unsigned long end, unsigned long max,
					 unsigned int skip_order, unsigned long *pfns)
{
	unsigned long pfn = *start;
	unsigned long nr = 0;

	while (pfn < end && nr < max) {
		unsigned int order;
		unsigned long from = pfn;
		unsigned long head = isolate_movable_page(pfn, &order);

		if (head == -1ul) {
			pfn = skip_pfn(pfn);
		} else {
			pfn = head + (1ul << order);
			if (order < skip_order)
				pfns[nr++] = head;
			else
				putback_movable_pages(&head, 1);
		}
		MM_BUG_ON(pfn <= from, "scanner stands still", from, "goes on at 0x%lx", pfn);
	}
	*start = min(pfn, end);
	return nr;
}

unsigned long isolate_migratepages_range(unsigned long *start, unsigned long end, unsigned long max,
					 unsigned long *pfns)
{
	return isolate_migratepages_block(start, end, max, NR_PAGE_ORDERS, pfns);
}

/* --- putback --- */

/*
 * The word of an isolated page, whose owner the caller is; anything else is a broken contract. A
 * folio is checked where it is put back or migrated.
 */
static unsigned long isolated_word(unsigned long pfn, const char *rule, const char *func)
{
	unsigned long word;

	if (unlikely(!pfn_to_online_page(pfn)))
		sim_bug(rule, func, pfn, "the frame is not online");
	word = page_word(pfn_to_page(pfn));
	if (word_is_folio(word)) {
		struct folio *folio = word_desc(word);

		if (unlikely(!test_bit(PG_isolated, &folio->m.flags) || folio->pfn != pfn))
			sim_bug(rule, func, pfn, "folio at 0x%x, flags 0x%lx", folio->pfn,
				READ_ONCE(folio->m.flags));
	} else if (unlikely(!page_movable_ops(word) || !(word & MISC_ISOLATED))) {
		sim_bug(rule, func, pfn, "the word is 0x%lx", word);
	}
	return word;
}

void putback_movable_pages(const unsigned long *pfns, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		unsigned long word =
			isolated_word(pfns[i], "putback of a page that is not isolated", __func__);

		if (word_is_folio(word))
			folio_putback(word_desc(word));
		else
			page_movable_ops(word)->putback_page(pfns[i]);
		/* The page is its owner's again and may be free by now. */
	}
}

/* --- migrate --- */

/* What became of one page; also a negative errno. */
enum { MIGRATED, FREED_UNDER_US };

struct migrate_control {
	new_folio_t get;
	free_folio_t put;
	void *private;
	bool async;
};

static struct page *get_target(const struct migrate_control *mc, unsigned long src,
			       unsigned int order)
{
	if (should_fail(FAULT_TARGET))
		return NULL;
	if (mc->get)
		return mc->get(order, mc->private);
	/* Never in an isolated pageblock: nothing on the lists of these is allocated. */
	return alloc_frozen_pages(__GFP_MOVABLE, order, pfn_zone(src)->nid);
}

static void put_target(const struct migrate_control *mc, struct page *page, unsigned int order)
{
	if (mc->put)
		mc->put(page, order, mc->private);
	else
		free_frozen_pages(page, order);
}

/* A driver has said 0 or an errno: hold it to it. */
static void check_migrate_page(unsigned long src, unsigned long dst, int rc)
{
	unsigned long word = page_word(pfn_to_page(src));
	unsigned long frozen = misc_word(MISC_FROZEN, 0, 0);

	if (rc == 0) {
		MM_BUG_ON(word != frozen, "migrate_page left the source described", src,
			  "the word is 0x%lx", word);
		return;
	}
	MM_BUG_ON(!page_movable_ops(word) || !(word & MISC_ISOLATED),
		  "failed migrate_page changed the source", src, "the word is 0x%lx, the error %d",
		  word, rc);
	word = page_word(pfn_to_page(dst));
	MM_BUG_ON(word != frozen, "failed migrate_page changed the target", dst,
		  "the word is 0x%lx, the error %d", word, rc);
}

static int migrate_one(const struct migrate_control *mc, unsigned long pfn)
{
	unsigned long word =
		isolated_word(pfn, "migration of a page that is not isolated", "migrate_pages");
	struct folio *folio = word_is_folio(word) ? word_desc(word) : NULL;
	unsigned int order = folio ? folio->order : 0;
	struct page *dst;
	int rc;

	if (folio) {
		/*
		 * Before a target is spent on it. Stale at once; migrate_folio() looks again when
		 * it counts.
		 */
		int count = atomic_read(&folio->m._refcount);

		if (count < FOLIO_MIGRATE_REFS) {
			/* Ours is the last: truncated meanwhile. To give it back is to free it. */
			folio_putback(folio);
			return FREED_UNDER_US;
		}
		if (count > FOLIO_MIGRATE_REFS)
			return -EAGAIN;
	}
	dst = get_target(mc, pfn, order);
	if (!dst)
		return -ENOMEM;
	if (folio) {
		rc = migrate_folio(dst, folio, mc->async);
	} else {
		rc = page_movable_ops(word)->migrate_page(page_to_pfn(dst), pfn, mc->async);
		check_migrate_page(pfn, page_to_pfn(dst), rc);
	}
	if (rc) {
		put_target(mc, dst, order);
		return rc;
	}
	/* @dst is the owner's and none of our business any more; @pfn is ours and nobody's page. */
	free_frozen_pages(pfn_to_page(pfn), order);
	count_vm_events(PGMIGRATE_SUCCESS, 1l << order);
	return MIGRATED;
}

unsigned long migrate_pages(unsigned long *pfns, unsigned long nr, new_folio_t get,
			    free_folio_t put, void *private, bool async)
{
	const struct migrate_control mc = {
		.get = get, .put = put, .private = private, .async = async
	};
	unsigned long failed = 0, left = nr;

	/* pfns: [0, failed) failed for good, [failed, left) to be tried (again) */
	for (unsigned int pass = 0; pass < NR_MAX_MIGRATE_PAGES_RETRY && failed < left; pass++) {
		unsigned long keep = failed;

		if (pass) {
			count_vm_events(PGMIGRATE_RETRY, left - failed);
			cpu_relax();
		}
		for (unsigned long i = failed; i < left; i++) {
			unsigned long pfn = pfns[i];
			int rc = migrate_one(&mc, pfn);

			if (rc >= 0)
				continue;
			/* keep <= i: no entry is overwritten that was not read yet. */
			if (rc == -EAGAIN) {
				pfns[keep++] = pfn;
			} else {
				pfns[keep++] = pfns[failed];
				pfns[failed++] = pfn;
			}
		}
		left = keep;
	}
	for (unsigned long i = 0; i < left; i++) {
		unsigned long word = page_word(pfn_to_page(pfns[i]));

		count_vm_events(
			PGMIGRATE_FAIL,
			word_is_folio(word) ? 1l << ((struct folio *)word_desc(word))->order : 1);
	}
	return left;
}
