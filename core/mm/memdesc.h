/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct page of the design memdesc: one tagged word (seed 002), and the descriptors that it may point to.
 *
 * This file is the one home of the encoding. It knows no zone, no list and no lock; nothing here may read a word from
 * memory but page_word().
 *
 *   bit  63                                                                                    4 3    0
 *        +---------------------------------------------------------------------------------------+------+
 *   Misc | 0 ...............  31 owner 24 | flags 23..18 | order 17..12 | map 11 | subtype 10..4  | 0    |  seed 001
 *   free | next, 28 bits 63..36 | prev, 28 bits 35..8                   | order 7..4              | type |  004 -> here
 *   else | descriptor, 16-byte aligned                                                            | type |  seed 002
 *        +---------------------------------------------------------------------------------------+------+
 *
 * Links are frame numbers: 2^28 frames = 1 TiB a machine. A link to itself ends the list: all 2^28 values are frames, and
 * no value is left for "none". Nothing is written into free memory, which may not be accepted yet (seed 003).
 *
 * Seed 001 leaves bits 24 and up of a Misc word to section, node and zone. Here these come from the section table, which
 * the allocator reads anyway, and eight of the bits name the owning device instead.
 */
#ifndef MM_MEMDESC_H
#define MM_MEMDESC_H

#include <sim/atomic.h>
#include <sim/bug.h>
#include <sim/compiler.h>

#include <mmfuzz/types.h>

/** struct page - what the memmap holds of a page frame; access through page_word() and set_page_word() */
struct page {
	unsigned long memdesc;
};

/**
 * enum memdesc_type - the tag, bits 3..0
 * @MEMDESC_MISC: no descriptor; enum misc_subtype tells more (seed 002: "Undescribed")
 * @MEMDESC_BUDDY: head of a block on a free list of its zone; zone->lock
 * @MEMDESC_PCP: head of a block on a per-CPU pageset; pcp->lock
 * @MEMDESC_DEFERRED: head of a block on zone->deferred, freed by who could not take a lock
 * @MEMDESC_MAPPABLE: a driver's refcounted pages: struct mappable and nothing else
 *
 * The others are as seed 002 lists them. Seed 001 fixes Misc as 0; the other numbers are our own choice.
 */
enum memdesc_type {
	MEMDESC_MISC,
	MEMDESC_SLAB,
	MEMDESC_ANON,
	MEMDESC_FILE,
	MEMDESC_BUDDY,
	MEMDESC_PGTABLE,
	MEMDESC_VMALLOC,
	MEMDESC_NETPOOL,
	MEMDESC_ZSMALLOC,
	MEMDESC_Z3FOLD,
	MEMDESC_MAPPABLE,
	MEMDESC_PCP,
	MEMDESC_DEFERRED,
	MEMDESC_VMALLOC_MAPPABLE,
	NR_MEMDESC_TYPES,
};

#define MEMDESC_TYPE_MASK 15ul

/**
 * enum misc_subtype - bits 10..4 of a Misc word
 * @MISC_NONE: not the head of anything: tail of a free or frozen block, or memory that is not online. The word is 0,
 *	so a memmap fresh from the kernel is right as it is
 * @MISC_UNMAPPABLE: a driver's private pages
 * @MISC_OFFLINE: logically offline, owned by a balloon or virtio-mem; on every frame of it (seed 001: subtype 5)
 * @MISC_GUARD: guard page beside a split block (debug_pagealloc)
 * @MISC_FROZEN: head of an allocated block that its owner has not described
 */
enum misc_subtype {
	MISC_NONE,
	MISC_UNMAPPABLE,
	MISC_RESERVED,
	MISC_HWPOISON,
	MISC_GUARD,
	MISC_OFFLINE,
	MISC_FROZEN,
	NR_MISC_SUBTYPES,
};

#define MISC_SUBTYPE_SHIFT 4
#define MISC_SUBTYPE_MASK 0x7ful
#define MISC_USER_MAPPABLE BIT(11)
#define MISC_ORDER_SHIFT 12
#define MISC_ORDER_MASK 0x3ful
/* Flags of Offline (seeds 001 and 000) */
#define MISC_NEVER_ONLINED BIT(18) /* the buddy never saw the frame: free it through generic_online_page() */
#define MISC_SKIPPABLE BIT(19)	   /* memory offlining may step over it, the driver sees to re-onlining */
#define MISC_MOVABLE BIT(20)	   /* set_movable_ops() of Offline can move it */
#define MISC_ISOLATED BIT(21)	   /* a migrator owns it; the driver may not free it */
#define MISC_FLAGS (MISC_NEVER_ONLINED | MISC_SKIPPABLE | MISC_MOVABLE | MISC_ISOLATED)
#define MISC_OWNER_SHIFT 24
#define MISC_OWNER_MASK 0xfful
#define MISC_KNOWN                                                                                              \
	(MEMDESC_TYPE_MASK | (MISC_SUBTYPE_MASK << MISC_SUBTYPE_SHIFT) | MISC_USER_MAPPABLE |                    \
	 (MISC_ORDER_MASK << MISC_ORDER_SHIFT) | MISC_FLAGS | (MISC_OWNER_MASK << MISC_OWNER_SHIFT))

#define FREE_ORDER_SHIFT 4
#define FREE_ORDER_MASK 15ul
#define FREE_PREV_SHIFT 8
#define FREE_NEXT_SHIFT 36
#define FREE_LINK_BITS 28
#define FREE_LINK_MASK ((1ul << FREE_LINK_BITS) - 1)

/**
 * struct memdesc_info - a word taken apart
 * @type: tag
 * @subtype, @user_mappable, @flags, @owner: of a Misc word, else 0
 * @order: of a Misc or a free word, else 0
 * @prev, @next: of a free word, else 0; a Deferred word has only @next
 * @desc: of all others, 16-byte aligned; else NULL
 */
struct memdesc_info {
	enum memdesc_type type;
	enum misc_subtype subtype;
	bool user_mappable;
	unsigned int order;
	unsigned long flags;
	unsigned int owner;
	unsigned int prev, next;
	void *desc;
};

/** memdesc_encode() - the word for @info, which must be valid; 0 and an errno of -EINVAL in *@err if not */
unsigned long memdesc_encode(const struct memdesc_info *info, int *err);
/** memdesc_decode() - take @word apart; -EINVAL, and *@info untouched, if no encoding gives it */
int memdesc_decode(unsigned long word, struct memdesc_info *info);
/** memdesc_valid() - some memdesc_encode() gives this word */
bool memdesc_valid(unsigned long word);
/** memdesc_describe() - @word in words, for people; returns what snprintf would */
int memdesc_describe(unsigned long word, char *buf, size_t len);
/** memdesc_has_desc() - words of this type hold a pointer */
bool memdesc_has_desc(enum memdesc_type type);

static __always_inline enum memdesc_type word_type(unsigned long word)
{
	return word & MEMDESC_TYPE_MASK;
}

/* Misc words */

static __always_inline unsigned long misc_word(enum misc_subtype subtype, unsigned int order, unsigned long flags)
{
	return ((unsigned long)subtype << MISC_SUBTYPE_SHIFT) | ((unsigned long)order << MISC_ORDER_SHIFT) | flags;
}

static __always_inline enum misc_subtype misc_subtype(unsigned long word)
{
	return (word >> MISC_SUBTYPE_SHIFT) & MISC_SUBTYPE_MASK;
}

/** misc_order() - of a Misc word; in any other those bits are part of a pointer or of a link */
static __always_inline unsigned int misc_order(unsigned long word)
{
	VM_BUG_ON(word_type(word) != MEMDESC_MISC, "order of a word that has none", SIM_NO_PFN, "word 0x%lx", word);
	return (word >> MISC_ORDER_SHIFT) & MISC_ORDER_MASK;
}

static __always_inline unsigned int misc_owner(unsigned long word)
{
	return (word >> MISC_OWNER_SHIFT) & MISC_OWNER_MASK;
}

static __always_inline bool word_is_misc(unsigned long word, enum misc_subtype subtype)
{
	return (word & (MEMDESC_TYPE_MASK | (MISC_SUBTYPE_MASK << MISC_SUBTYPE_SHIFT))) ==
	       ((unsigned long)subtype << MISC_SUBTYPE_SHIFT);
}

static __always_inline bool word_is_offline(unsigned long word)
{
	return word_is_misc(word, MISC_OFFLINE);
}

/* Free words: Buddy, PCP, Deferred */

static __always_inline unsigned long free_word(enum memdesc_type type, unsigned int order, unsigned int prev,
					       unsigned int next)
{
	return type | ((unsigned long)order << FREE_ORDER_SHIFT) | ((unsigned long)prev << FREE_PREV_SHIFT) |
	       ((unsigned long)next << FREE_NEXT_SHIFT);
}

static __always_inline bool word_is_free(unsigned long word)
{
	return (BIT(word_type(word)) & (BIT(MEMDESC_BUDDY) | BIT(MEMDESC_PCP) | BIT(MEMDESC_DEFERRED))) != 0;
}

/** free_order() - of a free word, as misc_order() */
static __always_inline unsigned int free_order(unsigned long word)
{
	VM_BUG_ON(!word_is_free(word), "order of a word that has none", SIM_NO_PFN, "word 0x%lx", word);
	return (word >> FREE_ORDER_SHIFT) & FREE_ORDER_MASK;
}

static __always_inline unsigned int free_prev(unsigned long word)
{
	return (word >> FREE_PREV_SHIFT) & FREE_LINK_MASK;
}

static __always_inline unsigned int free_next(unsigned long word)
{
	return word >> FREE_NEXT_SHIFT;
}

static __always_inline bool word_is_buddy(unsigned long word)
{
	return word_type(word) == MEMDESC_BUDDY;
}

/* Words with a descriptor */

static __always_inline unsigned long desc_word(enum memdesc_type type, const void *desc)
{
	return (unsigned long)desc | type;
}

static __always_inline void *word_desc(unsigned long word)
{
	return (void *)(word & ~MEMDESC_TYPE_MASK);
}

static __always_inline bool word_is_folio(unsigned long word)
{
	enum memdesc_type type = word_type(word);

	return type == MEMDESC_ANON || type == MEMDESC_FILE;
}

/** word_is_mappable() - the descriptor begins with struct mappable, so it has a count (seed 002) */
static __always_inline bool word_is_mappable(unsigned long word)
{
	return (BIT(word_type(word)) &
		(BIT(MEMDESC_ANON) | BIT(MEMDESC_FILE) | BIT(MEMDESC_MAPPABLE) | BIT(MEMDESC_VMALLOC_MAPPABLE))) != 0;
}

/**
 * page_word() - read the word of a frame
 *
 * Without a lock the answer may be stale at once. An acquire, so that what the word points to is seen as it was before
 * the word was published; pairs with set_page_word().
 */
static __always_inline unsigned long page_word(const struct page *page)
{
	return smp_load_acquire(&page->memdesc);
}

/** page_word_locked() - the same for whoever holds the lock, or owns the frame: nobody else writes */
static __always_inline unsigned long page_word_locked(const struct page *page)
{
	return READ_ONCE(page->memdesc);
}

/**
 * set_page_word() - publish the word of a frame that the caller owns, or whose lock it holds
 *
 * A release: a walker that reads the word sees the descriptor behind it initialised; pairs with page_word().
 */
static __always_inline void set_page_word(struct page *page, unsigned long word)
{
	smp_store_release(&page->memdesc, word);
}

/**
 * page_word_cmpxchg() - change the word if it still is @old: what decides each race for a frame
 *
 * Full order: who wins owns the frame and may touch all that the loser's side wrote before.
 */
static __always_inline bool page_word_cmpxchg(struct page *page, unsigned long old, unsigned long word)
{
	return cmpxchg(&page->memdesc, old, word) == old;
}

/**
 * struct mappable - head of each descriptor whose pages userspace may map (seed 002)
 * @flags: enum desc_flags
 * @_refcount: 0 = frozen: only who froze it, or freed it, may touch the descriptor
 * @_mapcount: -1 = not mapped
 */
struct mappable {
	unsigned long flags;
	atomic_t _refcount;
	atomic_t _mapcount;
};

/**
 * enum desc_flags - bits of the first word of a descriptor
 * @PG_locked: bit lock, guards @folio's place in the file
 * @PG_dirty: contents changed
 * @PG_isolated: a migrator has taken the folio off the LRU
 */
enum desc_flags { PG_locked, PG_dirty, PG_isolated, NR_DESC_FLAGS };

/**
 * struct folio - descriptor of Anon and File pages
 * @m: must be first
 * @pfn: first frame; fixed while the count is not 0
 * @order: log2 of frames; fixed while the count is not 0
 * @index: where in the file; fixed while PG_locked is held
 */
struct folio {
	struct mappable m;
	unsigned int pfn;
	unsigned short order;
	unsigned short index;
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct page) == 8, "struct page is one word");
_Static_assert(offsetof(struct folio, m) == 0, "the mappable head comes first");

#endif /* MM_MEMDESC_H */
