/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of page frame numbers, for drivers whose pages are on no list (seed 000 plans an xarray in balloon drivers).
 *
 * The interface is what a driver needs of an xarray: insert, which can fail, erase, look-up, and a walk, oldest entry
 * first, so that frames that came one after the other are neighbours. The caller's lock guards all of it. It knows no
 * page, no zone and no driver.
 *
 * Beneath is uthash, and not liburcu's cds_lfht or Judy: uthash is nothing but macros, so its accesses to buckets and
 * list links are compiled here, with our instrumentation. A driver that forgets its lock is caught by the race detector
 * on the very list entries that collide; in a library that was compiled elsewhere the same race would go unseen.
 */
#ifndef MM_DRIVERS_PFN_SET_H
#define MM_DRIVERS_PFN_SET_H

#include <stdbool.h>

#include <uthash.h>

#define PFN_SET_BUCKETS 32

/** struct pfn_entry - a member; from CACHE_PFN_ENTRY, owned by the set */
struct pfn_entry {
	unsigned long pfn;
	UT_hash_handle hh;
};

/**
 * struct pfn_set - all zero is an empty set
 * @entries: the oldest member, or NULL
 * @table, @buckets: what uthash asks for when the first member comes and gives back with the last: kept in place, so
 *	that a set lives in the arena and asks malloc only for more buckets than these
 */
struct pfn_set {
	struct pfn_entry *entries;
	UT_hash_table table;
	UT_hash_bucket buckets[PFN_SET_BUCKETS];
};

/** pfn_set_insert() - -ENOMEM when there is no room (or FAULT_PFN_SET); a member twice is a finding */
int pfn_set_insert(struct pfn_set *set, unsigned long pfn);
/** pfn_set_find() - the member, or NULL */
struct pfn_entry *pfn_set_find(const struct pfn_set *set, unsigned long pfn);
/** pfn_set_erase() - @entry, of this set, goes and is freed */
void pfn_set_erase(struct pfn_set *set, struct pfn_entry *entry);
/** pfn_set_forget() - before the arena is put back to its snapshot: what the set had from malloc is freed */
void pfn_set_forget(struct pfn_set *set);

static inline struct pfn_entry *pfn_set_first(const struct pfn_set *set)
{
	return set->entries;
}

/** pfn_set_next() - the member that came after @entry, or NULL; read it before @entry is erased */
static inline struct pfn_entry *pfn_set_next(const struct pfn_entry *entry)
{
	return entry->hh.next;
}

static inline unsigned long pfn_set_count(const struct pfn_set *set)
{
	return HASH_COUNT(set->entries);
}

#endif /* MM_DRIVERS_PFN_SET_H */
