// SPDX-License-Identifier: GPL-2.0-only
/*
 * Caches of descriptors, type-safe by RCU; see slab.h.
 *
 *   memory  | slab 0: 512 bytes, one cache | slab 1 | ...         address space for all frames, touched as needed
 *   slabs   | free map, cache, list links  | ...                   management apart from it: objects hold no link, so
 *                                                                  that a freed one reads as its last user left it
 *
 * A slab all of whose objects are free is poisoned after a grace period, and may then serve another cache. Until then
 * it serves its own again. Nothing here lies in the arena: slab_reset() is this file's part of a reset.
 *
 * Slabs are seldom empty, so in MM_DEBUG builds each object is poisoned as well, a grace period after it was freed, until
 * it is handed out again: who reads it then had no read section (Linux: CONFIG_SLUB_RCU_DEBUG).
 */
#include "describe.h"
#include "internal.h"

#define SLAB_BYTES 512u
#define SLAB_SHIFT 9

#define MAX_OBJECTS (SLAB_BYTES / 16u)

struct slab {
	struct rcu_head rcu;
#if MM_DEBUG
	struct rcu_head object_rcu[MAX_OBJECTS];
	unsigned int object_waiting; /* bit n: object n was freed, and waits for a grace period */
	unsigned int object_again;   /* bit n: it was handed out and freed again since */
#endif
	unsigned int free_map; /* bit n: object n is free */
	unsigned int prev, next; /* partial list of its cache, or free list (next only); slab number + 1, 0 = none */
	unsigned char cache;
	bool dying; /* was all free, waits for a grace period */
	bool again; /* and was used and all free again since: readers of that use need a grace period of their own */
};

static const unsigned int object_bytes[NR_DESC_CACHES] = {
	[CACHE_MAPPABLE] = 16,
	[CACHE_FOLIO] = 32,
	[CACHE_PFN_ENTRY] = 128,
};

_Static_assert(sizeof(struct mappable) <= 16, "CACHE_MAPPABLE");
_Static_assert(sizeof(struct folio) <= 32, "CACHE_FOLIO");

static struct {
	spinlock_t lock;
	char *memory;
	struct slab *slabs;
	unsigned int nr_slabs; /* that address space was taken for */
	unsigned int used;     /* slabs ever handed out since the last reset */
	unsigned int peak;     /* the most that @used ever was */
	unsigned int free;     /* list of slabs that belong to no cache */
	unsigned int partial[NR_DESC_CACHES];
	unsigned long in_use[NR_DESC_CACHES];
} slab_state;

static unsigned int full_map(enum desc_cache cache)
{
	return (unsigned int)((1ull << (SLAB_BYTES / object_bytes[cache])) - 1);
}

static char *slab_memory(unsigned int nr)
{
	return slab_state.memory + ((unsigned long)nr << SLAB_SHIFT);
}

static void partial_add(unsigned int nr, enum desc_cache cache)
{
	struct slab *slab = &slab_state.slabs[nr];

	slab->prev = 0;
	slab->next = slab_state.partial[cache];
	if (slab->next)
		slab_state.slabs[slab->next - 1].prev = nr + 1;
	slab_state.partial[cache] = nr + 1;
}

static void partial_del(unsigned int nr, enum desc_cache cache)
{
	struct slab *slab = &slab_state.slabs[nr];

	if (slab->prev)
		slab_state.slabs[slab->prev - 1].next = slab->next;
	else
		slab_state.partial[cache] = slab->next;
	if (slab->next)
		slab_state.slabs[slab->next - 1].prev = slab->prev;
}

/* A slab for @cache, from those that gave up their type or fresh; false when the address space is used up. */
static bool new_slab(enum desc_cache cache)
{
	unsigned int nr;
	struct slab *slab;

	if (slab_state.free) {
		nr = slab_state.free - 1;
		slab_state.free = slab_state.slabs[nr].next;
	} else if (slab_state.used < slab_state.nr_slabs) {
		nr = slab_state.used++;
	} else {
		return false;
	}
	slab = &slab_state.slabs[nr];
	slab->free_map = full_map(cache);
	slab->cache = cache;
	slab->dying = slab->again = false;
#if MM_DEBUG
	slab->object_waiting = slab->object_again = 0;
#endif
	sim_unpoison(slab_memory(nr), SLAB_BYTES);
	__builtin_memset(slab_memory(nr), 0, SLAB_BYTES);
	partial_add(nr, cache);
	return true;
}

/* --- objects that are free for longer than a grace period: MM_DEBUG */

#if MM_DEBUG

static void *object_memory(const struct slab *slab, unsigned int index)
{
	return slab_memory(slab - slab_state.slabs) + index * object_bytes[slab->cache];
}

static void object_expired(struct rcu_head *head)
{
	struct slab *slab = &slab_state.slabs[((char *)head - (char *)slab_state.slabs) / sizeof(*slab)];
	unsigned int index = head - slab->object_rcu;
	bool again;

	spin_lock(&slab_state.lock);
	again = slab->object_again & BIT(index);
	slab->object_again &= ~BIT(index);
	if (!again) {
		slab->object_waiting &= ~BIT(index);
		if (slab->free_map & BIT(index))
			sim_poison(object_memory(slab, index), object_bytes[slab->cache]);
	}
	spin_unlock(&slab_state.lock);
	if (again)
		call_rcu(&slab->object_rcu[index], object_expired);
}

/* Under the lock. True: the caller hands the object's head to RCU when it has let go of the lock. */
static bool object_was_freed(struct slab *slab, unsigned int index)
{
	if (slab->object_waiting & BIT(index)) {
		slab->object_again |= BIT(index);
		return false;
	}
	slab->object_waiting |= BIT(index);
	return true;
}

static void object_handed_out(struct slab *slab, unsigned int index)
{
	sim_unpoison(object_memory(slab, index), object_bytes[slab->cache]);
}

static void object_wait(struct slab *slab, unsigned int index)
{
	call_rcu(&slab->object_rcu[index], object_expired);
}

static bool objects_wait(const struct slab *slab)
{
	return slab->object_waiting != 0;
}

#else

static void object_handed_out(struct slab *slab, unsigned int index)
{
	(void)slab;
	(void)index;
}

static bool object_was_freed(struct slab *slab, unsigned int index)
{
	(void)slab;
	(void)index;
	return false;
}

static void object_wait(struct slab *slab, unsigned int index)
{
	(void)slab;
	(void)index;
}

static bool objects_wait(const struct slab *slab)
{
	(void)slab;
	return false;
}

#endif

void *desc_alloc(enum desc_cache cache)
{
	struct slab *slab;
	unsigned int nr, object;

	if (should_fail(FAULT_DESC))
		return NULL;
	spin_lock(&slab_state.lock);
	if (!slab_state.partial[cache] && !new_slab(cache)) {
		spin_unlock(&slab_state.lock);
		return NULL;
	}
	nr = slab_state.partial[cache] - 1;
	slab = &slab_state.slabs[nr];
	object = __builtin_ctz(slab->free_map);
	slab->free_map &= slab->free_map - 1;
	if (!slab->free_map)
		partial_del(nr, cache);
	slab_state.in_use[cache]++;
	object_handed_out(slab, object);
	spin_unlock(&slab_state.lock);
	return slab_memory(nr) + object * object_bytes[cache];
}

/*
 * After a grace period no reader holds a pointer into the slab, unless an object was handed out anew since it began:
 * that object's readers may be younger than the grace period.
 */
static void slab_discard(struct rcu_head *head)
{
	struct slab *slab = container_of(head, struct slab, rcu);
	unsigned int nr = slab - slab_state.slabs;
	bool again;

	spin_lock(&slab_state.lock);
	/* A slab that served another cache would make other objects of those that wait. */
	again = slab->again || objects_wait(slab);
	slab->again = false;
	slab->dying = again;
	if (!again && slab->free_map == full_map(slab->cache)) {
		partial_del(nr, slab->cache);
		sim_poison(slab_memory(nr), SLAB_BYTES);
		slab->next = slab_state.free;
		slab_state.free = nr + 1;
	}
	spin_unlock(&slab_state.lock);
	if (again)
		call_rcu(&slab->rcu, slab_discard);
}

/* Slab number and object number of @object, which must be one of @cache's. */
static struct slab *find_object(enum desc_cache cache, const void *object, unsigned int *nr, unsigned int *index)
{
	unsigned long offset = (const char *)object - slab_state.memory;
	struct slab *slab;

	if (offset >> SLAB_SHIFT >= slab_state.used)
		return NULL;
	*nr = offset >> SLAB_SHIFT;
	slab = &slab_state.slabs[*nr];
	offset &= SLAB_BYTES - 1;
	*index = offset / object_bytes[cache];
	return slab->cache == cache && offset % object_bytes[cache] == 0 ? slab : NULL;
}

JUDGES_BEGIN

/* Whoever gets at a free object by a stale word must find that it has no references to give. */
static void check_no_references(enum desc_cache cache, const struct mappable *m)
{
	int count = cache == CACHE_PFN_ENTRY ? 0 : atomic_read(&m->_refcount);

	if (unlikely(count))
		sim_bug("free of a descriptor with references", "desc_free", SIM_NO_PFN, "cache %u, count %d", cache,
			count);
}

JUDGES_END

void desc_free(enum desc_cache cache, void *object)
{
	unsigned int nr, index;
	struct slab *slab;
	bool discard = false, wait;

	spin_lock(&slab_state.lock);
	slab = find_object(cache, object, &nr, &index);
	MM_BUG_ON(!slab, "free of a descriptor of another cache", SIM_NO_PFN, "cache %u", cache);
	MM_BUG_ON(slab->free_map & BIT(index), "double free of a descriptor", SIM_NO_PFN, "cache %u", cache);
	check_no_references(cache, object);
	if (!slab->free_map)
		partial_add(nr, cache);
	slab->free_map |= BIT(index);
	slab_state.in_use[cache]--;
	wait = object_was_freed(slab, index);
	if (slab->free_map == full_map(cache)) {
		discard = !slab->dying;
		slab->again = slab->dying;
		slab->dying = true;
	}
	spin_unlock(&slab_state.lock);
	if (wait)
		object_wait(slab, index);
	if (discard)
		call_rcu(&slab->rcu, slab_discard);
}

unsigned long desc_in_use(enum desc_cache cache)
{
	return READ_ONCE(slab_state.in_use[cache]);
}

bool desc_is_live(enum desc_cache cache, const void *object)
{
	unsigned int nr, index;
	struct slab *slab = find_object(cache, object, &nr, &index);

	return slab && !(slab->free_map & BIT(index));
}

bool desc_possible(const void *object)
{
	unsigned long offset = (const char *)object - slab_state.memory;

	return offset >> SLAB_SHIFT < slab_state.nr_slabs;
}

void slab_reset(void)
{
	spin_lock_init(&slab_state.lock, LOCK_DESC);
	sim_poison(slab_state.memory, (unsigned long)slab_state.used << SLAB_SHIFT);
	slab_state.peak = max(slab_state.peak, slab_state.used);
	slab_state.used = 0;
	slab_state.free = 0;
	for (unsigned int cache = 0; cache < NR_DESC_CACHES; cache++) {
		slab_state.partial[cache] = 0;
		slab_state.in_use[cache] = 0;
	}
}

void slab_init(unsigned long max_slabs)
{
	slab_state.nr_slabs = min(max_slabs, 1ul << 31);
	slab_state.memory = sim_reserve((unsigned long)slab_state.nr_slabs << SLAB_SHIFT);
	slab_state.slabs = sim_reserve(slab_state.nr_slabs * sizeof(struct slab));
	slab_reset();
}

void slab_exit(void)
{
	unsigned int peak = max(slab_state.peak, slab_state.used);

	sim_release_used(slab_state.memory, (unsigned long)slab_state.nr_slabs << SLAB_SHIFT,
			 (unsigned long)peak << SLAB_SHIFT);
	sim_release_used(slab_state.slabs, slab_state.nr_slabs * sizeof(struct slab), peak * sizeof(struct slab));
	slab_state.memory = NULL;
	slab_state.slabs = NULL;
	slab_state.peak = 0;
	/* Or the next machine would poison as much of its memory, and of what lies behind it. */
	slab_state.used = 0;
}

/* --- names, for people --- */

JUDGES_BEGIN

/* Kind of descriptor and frame, as "folio of pfn 0x10"; a freed one shows what its last user left. */
static int describe_object(const struct slab *slab, unsigned int nr, unsigned int object, const char *field, char *buf,
			   size_t len)
{
	const void *ptr = slab_memory(nr) + object * object_bytes[slab->cache];
	const char *freed = slab->free_map & BIT(object) ? "freed " : "";

	switch (slab->cache) {
	case CACHE_FOLIO:
		return snprintf(buf, len, "%sfolio%s of pfn 0x%x", freed, field, ((const struct folio *)ptr)->pfn);
	case CACHE_PFN_ENTRY:
		/* Its first word, in every driver's set: see pfn_set.h. */
		return snprintf(buf, len, "%sentry%s of pfn 0x%lx", freed, field, *(const unsigned long *)ptr);
	default:
		return snprintf(buf, len, "%smappable%s of descriptor %u", freed, field,
				nr * (SLAB_BYTES / object_bytes[CACHE_MAPPABLE]) + object);
	}
}

static int describe_memory(size_t offset, bool whole, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct mappable, flags),	  FIELD(struct mappable, _refcount), FIELD(struct mappable, _mapcount),
		FIELD(struct folio, pfn),	  FIELD(struct folio, order),	     FIELD(struct folio, index),
	};
	unsigned int nr = offset >> SLAB_SHIFT;
	const struct slab *slab = &slab_state.slabs[nr];
	char field[40] = "", member[32];

	offset &= SLAB_BYTES - 1;
	if (slab->cache >= NR_DESC_CACHES)
		return 0;
	if (!whole && slab->cache == CACHE_PFN_ENTRY)
		snprintf(field, sizeof(field), "%s", offset % object_bytes[slab->cache] ? "->hh" : "->pfn");
	else if (!whole && describe_field(fields, sizeof(fields) / sizeof(fields[0]), offset % object_bytes[slab->cache],
					  member, sizeof(member)))
		snprintf(field, sizeof(field), "->%s", member);
	return describe_object(slab, nr, offset / object_bytes[slab->cache], field, buf, len);
}

int slab_describe_desc(uintptr_t addr, char *buf, size_t len)
{
	size_t offset = addr - (uintptr_t)slab_state.memory;

	return offset >> SLAB_SHIFT < slab_state.used ? describe_memory(offset, true, buf, len) : 0;
}

int slab_describe_addr(uintptr_t addr, char *buf, size_t len)
{
	static const struct field fields[] = {
		FIELD(struct slab, free_map), FIELD(struct slab, prev),	 FIELD(struct slab, next),
		FIELD(struct slab, cache),    FIELD(struct slab, dying), FIELD(struct slab, again),
		FIELD(struct slab, rcu),
	};
	size_t offset = addr - (uintptr_t)slab_state.memory;
	char field[32];

	if (offset >> SLAB_SHIFT < slab_state.used)
		return describe_memory(offset, false, buf, len);
	offset = addr - (uintptr_t)slab_state.slabs;
	if (offset < slab_state.used * sizeof(struct slab) &&
	    describe_field(fields, sizeof(fields) / sizeof(fields[0]), offset % sizeof(struct slab), field, sizeof(field)))
		return snprintf(buf, len, "slab->%s of slab %zu", field, offset / sizeof(struct slab));
	if (addr - (uintptr_t)&slab_state.lock < sizeof(slab_state.lock))
		return snprintf(buf, len, "desc_cache->lock");
	if (addr - (uintptr_t)&slab_state < sizeof(slab_state))
		return snprintf(buf, len, "desc_cache");
	return 0;
}

JUDGES_END
