/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caches of descriptors: type-safe by RCU, 16-byte aligned.
 *
 * An object freed may be handed out again at once, as the same type: who reads it under RCU without a reference sees
 * some descriptor of that type, alive or not, and must re-check what led it there. Only when all objects of a slab are
 * free, and a grace period has passed, is the slab poisoned and free for another type (Linux: SLAB_TYPESAFE_BY_RCU).
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <stddef.h>

/** enum desc_cache - the caches there are */
enum desc_cache { CACHE_MAPPABLE, CACHE_FOLIO, CACHE_PFN_ENTRY, NR_DESC_CACHES };

/**
 * desc_alloc() - an object whose contents are what the last user of its slot, or the constructor (zeroes), left
 * Return: NULL when memory is short or FAULT_DESC fires. The caller must set each field before it publishes the
 * object; a count that walkers may try must be set last, with release order.
 */
void *desc_alloc(enum desc_cache cache);
/** desc_free() - nobody may find the object any more but RCU readers that found it before */
void desc_free(enum desc_cache cache, void *object);
/** desc_in_use() - objects of a cache that are handed out */
unsigned long desc_in_use(enum desc_cache cache);
/** desc_is_live() - @object is a live object of @cache; for the checker, nobody else runs */
bool desc_is_live(enum desc_cache cache, const void *object);
/** desc_possible() - @object lies where descriptors do; who reads it at any time, and more it does not say */
bool desc_possible(const void *object);
void slab_init(unsigned long max_slabs); /* at boot, takes address space only */
void slab_reset(void);			  /* at reset and boot: no object is in use */
void slab_exit(void);

#endif /* MM_SLAB_H */
