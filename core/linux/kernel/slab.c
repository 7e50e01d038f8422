// SPDX-License-Identifier: GPL-2.0-only
/*
 * Differs on purpose: kmalloc() and caches from an arena of the host, so that the frames of a small machine are all there
 * for what is tested. Chunks of one size of object each; nothing is given back to the arena. All that says what is free is
 * in the kernel's data or in the arena, and put back with them.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../gate.h"
#include "world.h"

#define ARENA_BYTES (16ul << 20)
#define CHUNK_SHIFT 12
#define CHUNK_BYTES (1ul << CHUNK_SHIFT)
#define NR_CHUNKS   (ARENA_BYTES >> CHUNK_SHIFT)
#define MIN_SHIFT   3
/* From here on whole chunks. */
#define NR_SIZES    (CHUNK_SHIFT + 12)

struct free_object {
	struct free_object *next;
};

struct kmem_cache {
	unsigned int size;
	unsigned int align;
	void (*ctor)(void *object);
	const char *name;
};

static DEFINE_RAW_SPINLOCK(arena_lock);
static char *arena;
static unsigned long arena_used; /* chunks */
static u8 chunk_shift[NR_CHUNKS]; /* of the objects in it, by its first chunk */
static struct free_object *free_objects[NR_SIZES];
static bool available;

void mmfuzz_setup_slab(void)
{
	arena = gate_host_memory(ARENA_BYTES);
	available = true;
}

void gate_arena(char **start, unsigned long *bytes)
{
	*start = arena;
	*bytes = arena_used << CHUNK_SHIFT;
}

bool slab_is_available(void)
{
	return available;
}

static void new_chunk(unsigned int shift)
{
	unsigned long chunks = shift <= CHUNK_SHIFT ? 1 : 1ul << (shift - CHUNK_SHIFT);
	char *start = arena + (arena_used << CHUNK_SHIFT);
	struct free_object **end = &free_objects[shift];

	if (arena_used + chunks > NR_CHUNKS)
		mmfuzz_bug("no memory", "kmalloc", "%lu bytes of the kernel's own objects are all in use", ARENA_BYTES);
	for (unsigned long i = 0; i < chunks; i++)
		chunk_shift[arena_used + i] = shift;
	arena_used += chunks;
	/* In the order of addresses. */
	for (unsigned long at = 0; at < chunks << CHUNK_SHIFT; at += 1ul << shift) {
		*end = (struct free_object *)(start + at);
		end = &(*end)->next;
	}
	*end = NULL;
}

static void *take(size_t size, gfp_t gfp)
{
	unsigned int shift = max_t(unsigned int, MIN_SHIFT, size > 1 ? ilog2(size - 1) + 1 : 0);
	struct free_object *object;
	unsigned long flags;

	raw_spin_lock_irqsave(&arena_lock, flags);
	if (!free_objects[shift])
		new_chunk(shift);
	object = free_objects[shift];
	free_objects[shift] = object->next;
	raw_spin_unlock_irqrestore(&arena_lock, flags);
	memset(object, gfp & __GFP_ZERO ? 0 : 0x5a, size);
	return object;
}

void kfree(const void *ptr)
{
	struct free_object *object = (struct free_object *)ptr;
	unsigned long flags;
	unsigned int shift;

	if (ZERO_OR_NULL_PTR(ptr))
		return;
	shift = chunk_shift[((char *)object - arena) >> CHUNK_SHIFT];
	raw_spin_lock_irqsave(&arena_lock, flags);
	object->next = free_objects[shift];
	free_objects[shift] = object;
	raw_spin_unlock_irqrestore(&arena_lock, flags);
}

/* @head lies in the object, which is no larger than a chunk. */
static void free_around(struct rcu_head *head)
{
	unsigned long at = (char *)head - arena;

	kfree(arena + (at & ~((1ul << chunk_shift[at >> CHUNK_SHIFT]) - 1)));
}

void kvfree_call_rcu(struct rcu_head *head, void *ptr)
{
	if (head) {
		call_rcu(head, free_around);
		return;
	}
	synchronize_rcu();
	kfree(ptr);
}

size_t ksize(const void *ptr)
{
	return ZERO_OR_NULL_PTR(ptr) ? 0 : 1ul << chunk_shift[((char *)ptr - arena) >> CHUNK_SHIFT];
}

/* The compiler's choice of a cache by size: mm/slab_common.c fills it, here nothing is read from it. */
kmem_buckets kmalloc_caches[NR_KMALLOC_TYPES];

void *__kmalloc_noprof(size_t size, gfp_t gfp)
{
	return take(size, gfp);
}

void *__kmalloc_node_noprof(DECL_BUCKET_PARAMS(size, bucket), gfp_t gfp, int node)
{
	return take(size, gfp);
}

void *__kmalloc_cache_noprof(struct kmem_cache *cache, gfp_t gfp, size_t size)
{
	return take(size, gfp);
}

void *__kmalloc_cache_node_noprof(struct kmem_cache *cache, gfp_t gfp, int node, size_t size)
{
	return take(size, gfp);
}

/* Where mm/util.c has them they are the kernel's. */
#ifdef HAVE_KVMALLOC_ALIGN
void *__kvmalloc_node_noprof(DECL_KMALLOC_PARAMS(size, bucket, token), unsigned long align, gfp_t gfp, int node)
#else
__weak void *__kvmalloc_node_noprof(DECL_BUCKET_PARAMS(size, bucket), gfp_t gfp, int node)
#endif
{
	return take(size, gfp);
}

__weak void kvfree(const void *ptr)
{
	kfree(ptr);
}

struct kmem_cache *__kmem_cache_create_args(const char *name, unsigned int size, struct kmem_cache_args *args,
					    slab_flags_t flags)
{
	struct kmem_cache *cache = take(sizeof(*cache), __GFP_ZERO);

	*cache = (struct kmem_cache){ .size = size, .align = args->align, .ctor = args->ctor, .name = name };
	return cache;
}

void *kmem_cache_alloc_noprof(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = take(cache->size, gfp);

	if (cache->ctor)
		cache->ctor(object);
	return object;
}

void *kmem_cache_alloc_lru_noprof(struct kmem_cache *cache, struct list_lru *lru, gfp_t gfp)
{
	return kmem_cache_alloc_noprof(cache, gfp);
}

void *kmem_cache_alloc_node_noprof(struct kmem_cache *cache, gfp_t gfp, int node)
{
	return kmem_cache_alloc_noprof(cache, gfp);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	kfree(object);
}
