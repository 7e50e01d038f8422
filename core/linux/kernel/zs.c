// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses zsmalloc: as zswap and zram do, what a folio of the file holds is kept as an object when it is written or removed, and
 * is taken back when its index is added again; each time its bytes are compared with what was written. What there is room for
 * is little: an object goes when another one comes whose index has the same slot. All that is decided here, the size of
 * an object among it, is by the tag that was in the folio. Must not know where objects are.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/zsmalloc.h>

#include "../gate.h"
#include "world.h"
#include "zs.h"

struct kept {
	unsigned int index; /* and 1; 0: nothing is kept */
	unsigned long handle;
	u64 tag;
};

/* Who only looks at an object keeps the lock meanwhile, as it must not go. */
static struct slot {
	spinlock_t lock;
	struct kept kept;
} slots[16];

static struct zs_pool *pool;

/* One for each of the commoner ways to divide one to four frames: 4, 5, 3, 3 of two, 2, 5 of four, 4 of three, and 1. */
static const u16 bytes_of[] = { 504, 784, 672, 1352, 1016, 1624, 1520, 2048 };

/* What objects consist of, from somewhere on: as long as the longest one, and as many words more as it may begin at. */
#define NOISE(i) (((i) + 1) * 0x9e3779b97f4a7c15ul ^ ((i) + 1) * 0xc2b2ae3d27d4eb4ful << 31)
#define NOISE8(i) NOISE(i), NOISE((i) + 1), NOISE((i) + 2), NOISE((i) + 3), NOISE((i) + 4), NOISE((i) + 5), NOISE((i) + 6), \
		  NOISE((i) + 7)
#define NOISE64(i) NOISE8(i), NOISE8((i) + 8), NOISE8((i) + 16), NOISE8((i) + 24), NOISE8((i) + 32), NOISE8((i) + 40), \
		   NOISE8((i) + 48), NOISE8((i) + 56)
static const u64 noise[512] = { NOISE64(0ul),	NOISE64(64ul),	NOISE64(128ul), NOISE64(192ul),
				NOISE64(256ul), NOISE64(320ul), NOISE64(384ul), NOISE64(448ul) };

static unsigned long size_of(u64 tag)
{
	return bytes_of[tag % ARRAY_SIZE(bytes_of)];
}

static const u64 *contents_of(u64 tag)
{
	BUILD_BUG_ON(sizeof(noise) < MMFUZZ_ZS_BYTES + 256 * sizeof(u64));
	return noise + (tag * 0x9e3779b97f4a7c15ul >> 56);
}

/* What does not get smaller zswap does not take either. */
static bool is_kept(u64 tag)
{
	return (tag & 0x18) != 0x18;
}

/* As if somebody had asked for it behind this one, or memory had run short. */
static bool is_time_to_compact(u64 tag)
{
	return (tag & 0x60) == 0x60;
}

static struct slot *slot_of(unsigned int index)
{
	return &slots[index % ARRAY_SIZE(slots)];
}

static unsigned long allocate(u64 tag)
{
	/* Its users are asked for memory when there is little: none of them waits for more. */
	const gfp_t gfp = mmfuzz_gfp(GATE_GFP_MOVABLE);

#ifdef HAVE_ZS_MALLOC_NID
	return zs_malloc(pool, size_of(tag), gfp, NUMA_NO_NODE);
#else
	return zs_malloc(pool, size_of(tag), gfp);
#endif
}

#ifdef MMFUZZ_WEAVE
/* One access. */
static bool same(const u64 *is, const u64 *should, unsigned long bytes)
{
	return !memcmp(is, should, bytes);
}
#else
/* ASan's memcmp() goes byte by byte. */
static bool same(const u64 *is, const u64 *should, unsigned long bytes)
{
	for (unsigned long i = 0; i < bytes / sizeof(u64); i++) {
		if (is[i] != should[i])
			return false;
	}
	return true;
}
#endif

static void changed(const struct kept *kept, const char *who)
{
	mmfuzz_bug("object of zsmalloc changed", who, "what index %u held, %lu bytes by tag 0x%llx, reads otherwise",
		   kept->index - 1, size_of(kept->tag), (unsigned long long)kept->tag);
}

#ifdef HAVE_ZS_OBJ_READ

static void write(const struct kept *kept)
{
	zs_obj_write(pool, kept->handle, (void *)contents_of(kept->tag), size_of(kept->tag));
}

#ifdef HAVE_ZS_READ_LENGTH
#define READ_LENGTH(bytes) bytes,
#else
#define READ_LENGTH(bytes)
#endif

static void compare(const struct kept *kept, const char *who)
{
	u64 copy[MMFUZZ_ZS_BYTES / sizeof(u64)];
	const unsigned long bytes = size_of(kept->tag);
	void *object = zs_obj_read_begin(pool, kept->handle, READ_LENGTH(bytes) copy);

	if (!same(object, contents_of(kept->tag), bytes))
		changed(kept, who);
	zs_obj_read_end(pool, kept->handle, READ_LENGTH(bytes) object);
}

#else

static void write(const struct kept *kept)
{
	memcpy(zs_map_object(pool, kept->handle, ZS_MM_WO), contents_of(kept->tag), size_of(kept->tag));
	zs_unmap_object(pool, kept->handle);
}

static void compare(const struct kept *kept, const char *who)
{
	if (!same(zs_map_object(pool, kept->handle, ZS_MM_RO), contents_of(kept->tag), size_of(kept->tag)))
		changed(kept, who);
	zs_unmap_object(pool, kept->handle);
}

#endif

static void let_go(const struct kept *kept, const char *who)
{
	if (!kept->index)
		return;
	compare(kept, who);
	zs_free(pool, kept->handle);
}

void mmfuzz_setup_zs(void)
{
	pool = zs_create_pool("mmfuzz");
	if (!pool)
		mmfuzz_bug("boot", "zs_create_pool", "there is no pool");
	mmfuzz_zs_shrinks(pool);
	for (unsigned int i = 0; i < ARRAY_SIZE(slots); i++)
		spin_lock_init(&slots[i].lock);
}

void mmfuzz_zs_keep(unsigned int index, u64 tag)
{
	struct kept kept = { .index = index + 1, .tag = tag }, was;
	struct slot *slot = slot_of(index);

	if (!is_kept(tag))
		return;
	kept.handle = allocate(tag);
	if (IS_ERR_VALUE(kept.handle))
		return;
	write(&kept);
	spin_lock(&slot->lock);
	was = slot->kept;
	slot->kept = kept;
	spin_unlock(&slot->lock);
	let_go(&was, "replace");
	if (is_time_to_compact(tag))
		zs_compact(pool);
}

void mmfuzz_zs_take(unsigned int index)
{
	struct kept was = { 0 };
	struct slot *slot = slot_of(index);

	spin_lock(&slot->lock);
	if (slot->kept.index == index + 1) {
		was = slot->kept;
		slot->kept.index = 0;
	}
	spin_unlock(&slot->lock);
	let_go(&was, "folio_add");
}

void mmfuzz_zs_look(unsigned int index)
{
	struct slot *slot = slot_of(index);

	spin_lock(&slot->lock);
	if (slot->kept.index == index + 1)
		compare(&slot->kept, "folio_read");
	spin_unlock(&slot->lock);
}

int gate_zs_empty(void)
{
	int any = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(slots); i++) {
		any |= slots[i].kept.index;
		let_go(&slots[i].kept, "the end");
		slots[i].kept.index = 0;
	}
	return any;
}

int gate_is_zspage(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && PageZsmalloc(page);
}
