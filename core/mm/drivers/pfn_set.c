// SPDX-License-Identifier: GPL-2.0-only
/*
 * The set of page frame numbers (pfn_set.h), over uthash. The only file that expands uthash's macros.
 */
#include <stdlib.h>

#include "../internal.h"

/* Each function below calls its set "set", so that uthash's requests for memory find it. */
#define uthash_malloc(sz) pfn_set_alloc(set, sz)
#define uthash_free(ptr, sz) pfn_set_release(set, ptr)
/* Out of memory is an answer, not the end: the entry stays outside and insert says so. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(entry) (oom = true)
/* Neighbouring frames belong to different buckets; the low bits of the product would keep them in order. */
#define HASH_FUNCTION(key, len, hash) ((hash) = (unsigned int)((*(key) * 0x9e3779b97f4a7c15ul) >> 32))
#define HASH_KEYCMP(a, b, len) (*(const unsigned long *)(a) != *(const unsigned long *)(b))

#include "pfn_set.h"

_Static_assert(PFN_SET_BUCKETS == HASH_INITIAL_NUM_BUCKETS, "the first buckets are those in the set");

static void *pfn_set_alloc(struct pfn_set *set, size_t bytes)
{
	if (bytes == sizeof(set->table))
		return &set->table;
	if (bytes == sizeof(set->buckets))
		return set->buckets;
	return malloc(bytes);
}

static void pfn_set_release(struct pfn_set *set, void *ptr)
{
	if (ptr != &set->table && ptr != set->buckets)
		free(ptr);
}

struct pfn_entry *pfn_set_find(const struct pfn_set *set, unsigned long pfn)
{
	struct pfn_entry *entry;

	HASH_FIND(hh, set->entries, &pfn, sizeof(pfn), entry);
	return entry;
}

int pfn_set_insert(struct pfn_set *set, unsigned long pfn)
{
	struct pfn_entry *entry;
	bool oom = false;

	MM_BUG_ON(pfn_set_find(set, pfn), "frame is in the set already", pfn, "%lu members", pfn_set_count(set));
	if (should_fail(FAULT_PFN_SET))
		return -ENOMEM;
	entry = desc_alloc(CACHE_PFN_ENTRY);
	if (!entry)
		return -ENOMEM;
	entry->pfn = pfn;
	HASH_ADD(hh, set->entries, pfn, sizeof(pfn), entry);
	if (!oom)
		return 0;
	desc_free(CACHE_PFN_ENTRY, entry);
	return -ENOMEM;
}

void pfn_set_erase(struct pfn_set *set, struct pfn_entry *entry)
{
	HASH_DELETE(hh, set->entries, entry);
	desc_free(CACHE_PFN_ENTRY, entry);
}

void pfn_set_forget(struct pfn_set *set)
{
	/* An empty set has given its buckets back already. Entries are not touched: their cache may be gone. */
	if (set->entries)
		pfn_set_release(set, set->table.buckets);
	set->entries = NULL;
}
