// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_memdesc_word: the 8-byte struct page against a table of which words there are.
 *
 * The table below is a second writing-down of the encoding, with bit numbers of its own: nothing of
 * it may come from memdesc.h but the interface that is under test. Each 8 bytes of input are taken
 * once for a word, which must decode, validate, describe and encode as the table says, and once for
 * a word taken apart, most of them impossible.
 */
#include <errno.h>
#include <string.h>

#include <sim/bug.h>

#include "memdesc.h"
#include "target.h"

/**
 * struct row - words of one kind
 * @subtype: bits 10 to 4 of a Misc word; -1 for types that have none
 * @order_at, @order_bits: where the order is, 0 bits for none; at most 10 is allowed
 * @may: bits beside tag, subtype and order that may be set
 * @links: Buddy, PCP: next and prev; Deferred: next
 * @desc: the bits of @may are a pointer and must not all be 0
 */
struct row {
	const char *name;
	unsigned int type;
	int subtype;
	unsigned int order_at, order_bits;
	uint64_t may;
	unsigned int links;
	bool desc;
};

#define USER_MAPPABLE (1ull << 11)
#define NEVER_ONLINED (1ull << 18)
#define SKIPPABLE     (1ull << 19)
#define MOVABLE	      (1ull << 20)
#define ISOLATED      (1ull << 21)
#define OWNER	      (0xffull << 24)
#define PREV	      (0xfffffffull << 8)
#define NEXT	      (0xfffffffull << 36)
#define POINTER	      (~15ull)

static const struct row table[] = {
	{ "tail", 0, 0, 0, 0, 0, 0, false },
	{ "unmappable", 0, 1, 12, 6, 0, 0, false },
	{ "reserved", 0, 2, 12, 6, USER_MAPPABLE, 0, false },
	{ "hwpoison", 0, 3, 12, 6, 0, 0, false },
	{ "guard", 0, 4, 12, 6, 0, 0, false },
	{ "offline", 0, 5, 12, 6, NEVER_ONLINED | SKIPPABLE | MOVABLE | ISOLATED | OWNER, 0,
	  false },
	{ "frozen", 0, 6, 12, 6, USER_MAPPABLE, 0, false },
	{ "slab", 1, -1, 0, 0, POINTER, 0, true },
	{ "anon", 2, -1, 0, 0, POINTER, 0, true },
	{ "file", 3, -1, 0, 0, POINTER, 0, true },
	{ "buddy", 4, -1, 4, 4, PREV | NEXT, 2, false },
	{ "page table", 5, -1, 0, 0, POINTER, 0, true },
	{ "vmalloc", 6, -1, 0, 0, POINTER, 0, true },
	{ "net pool", 7, -1, 0, 0, POINTER, 0, true },
	{ "zsmalloc", 8, -1, 0, 0, POINTER, 0, true },
	{ "z3fold", 9, -1, 0, 0, POINTER, 0, true },
	{ "mappable", 10, -1, 0, 0, POINTER, 0, true },
	{ "pcp", 11, -1, 4, 4, PREV | NEXT, 2, false },
	{ "deferred", 12, -1, 4, 4, NEXT, 1, false },
	{ "mappable vmalloc", 13, -1, 0, 0, POINTER, 0, true },
};

/* Among the flags of Offline: the first needs the second, or cannot be with it. */
static const struct {
	uint64_t bit, other;
	bool needs;
} pairs[] = {
	{ ISOLATED, MOVABLE, true },
	{ NEVER_ONLINED, MOVABLE, false },
};

static uint64_t field(uint64_t word, unsigned int at, unsigned int bits)
{
	return word >> at & ((1ull << bits) - 1);
}

static const struct row *row_of(unsigned int type, unsigned int subtype)
{
	for (unsigned int i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].type == type &&
		    (table[i].subtype < 0 || (unsigned int)table[i].subtype == subtype))
			return &table[i];
	return NULL;
}

/* Bits that tag, subtype and order take. */
static uint64_t fixed_bits(const struct row *row)
{
	return 15 | (row->subtype >= 0 ? 0x7f0 : 0) |
	       ((1ull << row->order_bits) - 1) << row->order_at;
}

/* The row that allows this word, or NULL. */
static const struct row *lookup(uint64_t word)
{
	const struct row *row = row_of(word & 15, field(word, 4, 7));

	if (!row || (word & ~(fixed_bits(row) | row->may)))
		return NULL;
	if (row->order_bits && field(word, row->order_at, row->order_bits) > 10)
		return NULL;
	if (row->desc && !(word & POINTER))
		return NULL;
	for (unsigned int i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (row->subtype == 5 && (word & pairs[i].bit) &&
		    !!(word & pairs[i].other) != pairs[i].needs)
			return NULL;
	return row;
}

/* What the table says of a word that it allows. */
static struct memdesc_info expected(const struct row *row, uint64_t word)
{
	struct memdesc_info info;

	memset(&info, 0, sizeof(info));
	info.type = row->type;
	info.order = field(word, row->order_at, row->order_bits);
	if (row->subtype >= 0) {
		info.subtype = row->subtype;
		info.user_mappable = field(word, 11, 1);
		info.flags = word & (15ull << 18);
		info.owner = field(word, 24, 8);
	}
	if (row->links > 1)
		info.prev = field(word, 8, 28);
	if (row->links)
		info.next = field(word, 36, 28);
	if (row->desc)
		info.desc = (void *)(uintptr_t)(word & POINTER);
	return info;
}

static bool same(const struct memdesc_info *a, const struct memdesc_info *b)
{
	return a->type == b->type && a->subtype == b->subtype &&
	       a->user_mappable == b->user_mappable && a->order == b->order &&
	       a->flags == b->flags && a->owner == b->owner && a->prev == b->prev &&
	       a->next == b->next && a->desc == b->desc;
}

/* The short cuts that the allocator takes instead of memdesc_decode(). */
static void check_inlines(uint64_t word, const struct row *row, const struct memdesc_info *info)
{
	bool count = row->type == 2 || row->type == 3 || row->type == 10 || row->type == 13;

	MM_BUG_ON(word_is_mappable(word) != count, "word_is_mappable", SIM_NO_PFN, "%s 0x%016llx",
		  row->name, (unsigned long long)word);
	MM_BUG_ON(word_is_folio(word) != (row->type == 2 || row->type == 3), "word_is_folio",
		  SIM_NO_PFN, "%s 0x%016llx", row->name, (unsigned long long)word);
	MM_BUG_ON(word_is_buddy(word) != (row->type == 4), "word_is_buddy", SIM_NO_PFN,
		  "%s 0x%016llx", row->name, (unsigned long long)word);
	MM_BUG_ON(word_is_offline(word) != (row->subtype == 5), "word_is_offline", SIM_NO_PFN,
		  "%s 0x%016llx", row->name, (unsigned long long)word);
	MM_BUG_ON(memdesc_has_desc(row->type) != row->desc, "memdesc_has_desc", SIM_NO_PFN, "%s",
		  row->name);
	if (row->subtype >= 0)
		MM_BUG_ON(misc_order(word) != info->order || misc_owner(word) != info->owner ||
				  misc_subtype(word) != info->subtype,
			  "misc fields", SIM_NO_PFN, "%s 0x%016llx", row->name,
			  (unsigned long long)word);
	if (row->links)
		MM_BUG_ON(free_order(word) != info->order || free_next(word) != info->next ||
				  free_prev(word) != info->prev,
			  "free fields", SIM_NO_PFN, "%s 0x%016llx", row->name,
			  (unsigned long long)word);
	if (row->desc)
		MM_BUG_ON(word_desc(word) != info->desc, "word_desc", SIM_NO_PFN, "%s 0x%016llx",
			  row->name, (unsigned long long)word);
}

static void check_word(uint64_t word)
{
	const struct row *row = lookup(word);
	struct memdesc_info got, want, untouched;
	char words[96], cut[8];
	int ret, len;

	memset(&got, 0x5a, sizeof(got));
	untouched = got;
	ret = memdesc_decode(word, &got);
	MM_BUG_ON(memdesc_valid(word) != !!row, "valid and table differ", SIM_NO_PFN,
		  "word 0x%016llx is %s", (unsigned long long)word,
		  row ? row->name : "none in the table");
	MM_BUG_ON(ret != (row ? 0 : -EINVAL), "decode and table differ", SIM_NO_PFN,
		  "word 0x%016llx gives %d", (unsigned long long)word, ret);
	len = memdesc_describe(word, words, sizeof(words));
	MM_BUG_ON(len <= 0 || (size_t)len >= sizeof(words) || strlen(words) != (size_t)len,
		  "describe", SIM_NO_PFN, "word 0x%016llx: length %d", (unsigned long long)word,
		  len);
	MM_BUG_ON(memdesc_describe(word, cut, sizeof(cut)) != len || strlen(cut) >= sizeof(cut),
		  "describe", SIM_NO_PFN, "word 0x%016llx: not the same length in a small buffer",
		  (unsigned long long)word);
	if (!row) {
		MM_BUG_ON(memcmp(&got, &untouched, sizeof(got)), "decode of a bad word writes",
			  SIM_NO_PFN, "word 0x%016llx", (unsigned long long)word);
		return;
	}

	want = expected(row, word);
	MM_BUG_ON(!same(&got, &want), "decode and table differ", SIM_NO_PFN, "%s 0x%016llx",
		  row->name, (unsigned long long)word);
	MM_BUG_ON(memdesc_encode(&got, &ret) != word || ret, "encode does not undo decode",
		  SIM_NO_PFN, "%s 0x%016llx", row->name, (unsigned long long)word);
	check_inlines(word, row, &want);
}

/* The word that the table makes of @info, in *@word; false if it cannot. */
static bool table_encode(const struct memdesc_info *info, uint64_t *word)
{
	const struct row *row = row_of(info->type, info->subtype);
	struct memdesc_info back;

	if (!row || info->type > 15)
		return false;
	*word = info->type;
	if (row->subtype >= 0)
		*word |= (uint64_t)info->subtype << 4 | (uint64_t)info->user_mappable << 11 |
			 info->flags | (uint64_t)info->owner << 24;
	if (row->order_bits)
		*word |= (uint64_t)info->order << row->order_at;
	if (row->links)
		*word |= (uint64_t)info->prev << 8 | (uint64_t)info->next << 36;
	if (row->desc)
		*word |= (uintptr_t)info->desc;
	/* Whatever did not fit its field has spilled into another, and does not come back. */
	if (lookup(*word) != row)
		return false;
	back = expected(row, *word);
	return same(&back, info);
}

static void check_info(const uint8_t b[8])
{
	/*
	 * Values around the edges of each field: bytes that fall outside make infos that must be
	 * refused.
	 */
	const struct memdesc_info info = {
		.type = b[0] & 15,
		.subtype = b[1] & 8 ? b[1] >> 4 : 0,
		.user_mappable = b[1] & 1,
		.order = b[2] & 128 ? 0 : b[2] & 15,
		.flags = (unsigned long)(b[3] & 15) << 18 | (b[3] == 0xff ? 1ul << 23 : 0),
		.owner = b[4] & 128 ? b[5] + (b[4] == 0xff ? 256u : 0u) : 0,
		.prev = b[4] & 64 ? 0xffffff0u + b[6] :
			b[4] & 32 ? b[6] :
				    0,
		.next = b[4] & 16 ? 0xffffff0u + b[7] :
			b[4] & 8  ? b[7] :
				    0,
		.desc = (void *)(uintptr_t)(b[4] & 4 ? (uint64_t)b[5] << 40 | b[6] << 4 |
							       (b[7] == 0xff) :
						       0),
	};
	struct memdesc_info back;
	uint64_t want = 0;
	bool possible = table_encode(&info, &want);
	int err = 1;
	unsigned long word = memdesc_encode(&info, &err);

	MM_BUG_ON(err != (possible ? 0 : -EINVAL), "encode and table differ", SIM_NO_PFN,
		  "type %d, subtype %d, order %u, flags 0x%lx: %d", info.type, info.subtype,
		  info.order, info.flags, err);
	MM_BUG_ON(word != (possible ? want : 0), "encode and table differ", SIM_NO_PFN,
		  "0x%016lx, not 0x%016llx", word, (unsigned long long)want);
	if (!possible)
		return;
	MM_BUG_ON(memdesc_decode(word, &back) || !same(&back, &info), "decode does not undo encode",
		  SIM_NO_PFN, "word 0x%016lx", word);
}

int fuzz_memdesc_word(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size && at < 512; at += 8) {
		const struct row *row;
		uint8_t bytes[8] = { 0 };
		uint64_t word = 0;

		memcpy(bytes, data + at, size - at < 8 ? size - at : 8);
		for (unsigned int i = 0; i < 8; i++)
			word |= (uint64_t)bytes[i] << 8 * i;
		check_word(word);
		/*
		 * Most words have bits that no row allows: the same word within what its row
		 * allows.
		 */
		row = row_of(word & 15, field(word, 4, 7));
		if (row)
			check_word(word & (fixed_bits(row) | row->may));
		check_info(bytes);
	}
	return 0;
}

FUZZ_TARGET(fuzz_memdesc_word)
