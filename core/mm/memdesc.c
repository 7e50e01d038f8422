// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encode, decode, validate and describe the word of a page frame.
 *
 * Hot paths use the inline functions of memdesc.h; these are their careful twins for the checker, for people and for
 * the target fuzz_memdesc_word. Pure functions: nothing here looks at a zone or follows a pointer.
 */
#include <errno.h>
#include <stdio.h>

#include "memdesc.h"
#include "mmzone.h"

static const char *const type_names[NR_MEMDESC_TYPES] = {
	[MEMDESC_MISC] = "misc",	 [MEMDESC_SLAB] = "slab",
	[MEMDESC_ANON] = "anon folio",	 [MEMDESC_FILE] = "file folio",
	[MEMDESC_BUDDY] = "buddy",	 [MEMDESC_PGTABLE] = "page table",
	[MEMDESC_VMALLOC] = "vmalloc",	 [MEMDESC_NETPOOL] = "net pool",
	[MEMDESC_ZSMALLOC] = "zsmalloc", [MEMDESC_Z3FOLD] = "z3fold",
	[MEMDESC_MAPPABLE] = "mappable", [MEMDESC_PCP] = "pcp",
	[MEMDESC_DEFERRED] = "deferred", [MEMDESC_VMALLOC_MAPPABLE] = "mappable vmalloc",
};

static const char *const subtype_names[NR_MISC_SUBTYPES] = {
	[MISC_NONE] = "no head",   [MISC_UNMAPPABLE] = "unmappable", [MISC_RESERVED] = "reserved",
	[MISC_HWPOISON] = "hwpoison", [MISC_GUARD] = "guard",	     [MISC_OFFLINE] = "offline",
	[MISC_FROZEN] = "frozen",
};

bool memdesc_has_desc(enum memdesc_type type)
{
	switch (type) {
	case MEMDESC_MISC:
	case MEMDESC_BUDDY:
	case MEMDESC_PCP:
	case MEMDESC_DEFERRED:
	case NR_MEMDESC_TYPES:
		return false;
	default:
		return type < NR_MEMDESC_TYPES;
	}
}

/*
 * Which Misc words there are. MISC_NONE is the word 0 and nothing else. Flags and owner belong to Offline; Isolated
 * says that a migrator owns the frame, so it needs Movable; what was never online did not come from the buddy, whose
 * pages alone are movable. Only pages with contents that somebody owns may be mapped to userspace.
 */
static bool misc_valid(const struct memdesc_info *info)
{
	if (info->subtype >= NR_MISC_SUBTYPES || info->order > MAX_PAGE_ORDER || info->owner > MISC_OWNER_MASK)
		return false;
	if (info->flags & ~MISC_FLAGS)
		return false;
	if (info->subtype == MISC_NONE)
		return !info->order && !info->flags && !info->owner && !info->user_mappable;
	if (info->subtype != MISC_OFFLINE && (info->flags || info->owner))
		return false;
	if (info->user_mappable && info->subtype != MISC_RESERVED && info->subtype != MISC_FROZEN)
		return false;
	if ((info->flags & MISC_ISOLATED) && !(info->flags & MISC_MOVABLE))
		return false;
	return !((info->flags & MISC_NEVER_ONLINED) && (info->flags & MISC_MOVABLE));
}

static bool info_valid(const struct memdesc_info *info)
{
	bool is_free = info->type == MEMDESC_BUDDY || info->type == MEMDESC_PCP || info->type == MEMDESC_DEFERRED;

	if ((unsigned int)info->type >= NR_MEMDESC_TYPES)
		return false;
	if (info->type != MEMDESC_MISC && (info->subtype || info->user_mappable || info->flags || info->owner))
		return false;
	if (!is_free && (info->prev || info->next))
		return false;
	if (!memdesc_has_desc(info->type) && info->desc)
		return false;
	if (info->type == MEMDESC_MISC)
		return misc_valid(info);
	if (is_free) {
		if (info->type == MEMDESC_DEFERRED && info->prev)
			return false;
		return info->order <= MAX_PAGE_ORDER && info->prev <= FREE_LINK_MASK && info->next <= FREE_LINK_MASK;
	}
	return !info->order && info->desc && !((unsigned long)info->desc & MEMDESC_TYPE_MASK);
}

unsigned long memdesc_encode(const struct memdesc_info *info, int *err)
{
	*err = info_valid(info) ? 0 : -EINVAL;
	if (*err)
		return 0;
	if (info->type == MEMDESC_MISC)
		return misc_word(info->subtype, info->order, info->flags) |
		       (info->user_mappable ? MISC_USER_MAPPABLE : 0) |
		       ((unsigned long)info->owner << MISC_OWNER_SHIFT);
	if (!memdesc_has_desc(info->type))
		return free_word(info->type, info->order, info->prev, info->next);
	return desc_word(info->type, info->desc);
}

int memdesc_decode(unsigned long word, struct memdesc_info *info)
{
	struct memdesc_info got = { .type = word_type(word) };

	if (got.type == MEMDESC_MISC) {
		if (word & ~MISC_KNOWN)
			return -EINVAL;
		got.subtype = misc_subtype(word);
		got.user_mappable = word & MISC_USER_MAPPABLE;
		got.order = misc_order(word);
		got.flags = word & MISC_FLAGS;
		got.owner = misc_owner(word);
	} else if (memdesc_has_desc(got.type)) {
		got.desc = word_desc(word);
	} else if (word_is_free(word)) {
		got.order = free_order(word);
		got.prev = free_prev(word);
		got.next = free_next(word);
	}
	if (!info_valid(&got))
		return -EINVAL;
	*info = got;
	return 0;
}

/*
 * Written out, without taking the word apart: the checker asks it of every frame. test_memdesc.c and fuzz_memdesc_word
 * hold it against memdesc_decode().
 */
bool memdesc_valid(unsigned long word)
{
	enum memdesc_type type = word_type(word);
	enum misc_subtype subtype = misc_subtype(word);

	if (type == MEMDESC_DEFERRED && free_prev(word))
		return false;
	if (word_is_free(word))
		return free_order(word) <= MAX_PAGE_ORDER;
	if (type != MEMDESC_MISC)
		return type < NR_MEMDESC_TYPES && word_desc(word);
	if (word == 0)
		return true;
	if (word & ~MISC_KNOWN || subtype == MISC_NONE || subtype >= NR_MISC_SUBTYPES ||
	    misc_order(word) > MAX_PAGE_ORDER)
		return false;
	if (subtype != MISC_OFFLINE)
		return !(word & (MISC_FLAGS | (MISC_OWNER_MASK << MISC_OWNER_SHIFT))) &&
		       (!(word & MISC_USER_MAPPABLE) || subtype == MISC_RESERVED || subtype == MISC_FROZEN);
	if (word & MISC_USER_MAPPABLE)
		return false;
	if (word & MISC_MOVABLE)
		return !(word & MISC_NEVER_ONLINED);
	return !(word & MISC_ISOLATED);
}

static int describe_misc(const struct memdesc_info *info, char *buf, size_t len)
{
	char owner[24] = "";

	if (info->owner)
		snprintf(owner, sizeof(owner), ", owner 0x%x", info->owner);
	return snprintf(buf, len, "%s, order %u%s%s%s%s%s%s", subtype_names[info->subtype], info->order,
			info->user_mappable ? ", user-mappable" : "",
			info->flags & MISC_NEVER_ONLINED ? ", never onlined" : "",
			info->flags & MISC_SKIPPABLE ? ", skippable" : "",
			info->flags & MISC_MOVABLE ? ", movable" : "",
			info->flags & MISC_ISOLATED ? ", isolated" : "", owner);
}

int memdesc_describe(unsigned long word, char *buf, size_t len)
{
	struct memdesc_info info;

	if (memdesc_decode(word, &info))
		return snprintf(buf, len, "invalid word 0x%016lx", word);
	if (word == 0)
		return snprintf(buf, len, "no head (tail of a block, or not online)");
	if (info.type == MEMDESC_MISC)
		return describe_misc(&info, buf, len);
	if (memdesc_has_desc(info.type))
		return snprintf(buf, len, "%s", type_names[info.type]);
	return snprintf(buf, len, "free: %s, order %u, prev 0x%x, next 0x%x", type_names[info.type], info.order,
			info.prev, info.next);
}
