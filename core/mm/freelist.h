/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doubly linked lists that run through the words of free frames: the buddy's and the pagesets'.
 *
 *   list        word of 8          word of 3          word of 5
 *   head 8 ---> prev 8 (itself)    prev 8             prev 3
 *   tail 5      next 3 ----------> next 5 ----------> next 5 (itself)
 *
 * Removal from the middle is O(1), as merging needs it (seed 003). These functions know no counter and no zone; the
 * caller holds the lock of the list. Words and heads are stored with WRITE_ONCE(), since scanners and the watermark
 * check read them without that lock.
 */
#ifndef MM_FREELIST_H
#define MM_FREELIST_H

#include <sim/bug.h>

#include "memdesc.h"
#include "mmzone.h"

static __always_inline void list_init(struct free_list *list)
{
	list->head = list->tail = LIST_NIL;
}

static __always_inline bool list_is_empty(const struct free_list *list)
{
	return list->head == LIST_NIL;
}

static __always_inline void word_set_prev(unsigned int pfn, unsigned int prev)
{
	struct page *page = pfn_to_page(pfn);

	WRITE_ONCE(page->memdesc, (READ_ONCE(page->memdesc) & ~(FREE_LINK_MASK << FREE_PREV_SHIFT)) |
					  ((unsigned long)prev << FREE_PREV_SHIFT));
}

static __always_inline void word_set_next(unsigned int pfn, unsigned int next)
{
	struct page *page = pfn_to_page(pfn);

	WRITE_ONCE(page->memdesc, (READ_ONCE(page->memdesc) & ((1ul << FREE_NEXT_SHIFT) - 1)) |
					  ((unsigned long)next << FREE_NEXT_SHIFT));
}

static __always_inline void list_add(struct free_list *list, unsigned int pfn, enum memdesc_type type,
				     unsigned int order)
{
	unsigned int next = list->head;

	if (next == LIST_NIL) {
		next = pfn;
		list->tail = pfn;
	} else {
		word_set_prev(next, pfn);
	}
	WRITE_ONCE(pfn_to_page(pfn)->memdesc, free_word(type, order, pfn, next));
	WRITE_ONCE(list->head, pfn);
}

static __always_inline void list_add_tail(struct free_list *list, unsigned int pfn, enum memdesc_type type,
					  unsigned int order)
{
	unsigned int prev = list->tail;

	if (prev == LIST_NIL) {
		prev = pfn;
		WRITE_ONCE(list->head, pfn);
	} else {
		word_set_next(prev, pfn);
	}
	WRITE_ONCE(pfn_to_page(pfn)->memdesc, free_word(type, order, prev, pfn));
	list->tail = pfn;
}

/*
 * The neighbours of a block, or the ends of the list, lead to it: else it is on another list, or the list is broken.
 * Linux: CONFIG_LIST_HARDENED.
 */
#define LIST_CHECK(list, pfn, prev, next)                                                                              \
	VM_BUG_ON((prev) >= max_pfn || (next) >= max_pfn ||                                                            \
			  ((prev) == (pfn) ? PEEK((list)->head) : free_next(PEEK(pfn_to_page(prev)->memdesc))) != (pfn) ||         \
			  ((next) == (pfn) ? PEEK((list)->tail) : free_prev(PEEK(pfn_to_page(next)->memdesc))) != (pfn),           \
		  "page on another list", pfn, "between 0x%x and 0x%x, list from 0x%x to 0x%x", prev, next,            \
		  (list)->head, (list)->tail)

/** list_del() - take @pfn, whose word is @word, out of @list; its word is 0 afterwards */
static __always_inline void list_del(struct free_list *list, unsigned int pfn, unsigned long word)
{
	unsigned int prev = free_prev(word);
	unsigned int next = free_next(word);

	LIST_CHECK(list, pfn, prev, next);
	if (prev == pfn)
		WRITE_ONCE(list->head, next == pfn ? LIST_NIL : next);
	else
		word_set_next(prev, next == pfn ? prev : next);
	if (next == pfn)
		list->tail = prev == pfn ? LIST_NIL : prev;
	else
		word_set_prev(next, prev == pfn ? next : prev);
	WRITE_ONCE(pfn_to_page(pfn)->memdesc, 0);
}

/** list_pop() - list_del() of the head of a list that is not empty */
static __always_inline unsigned int list_pop(struct free_list *list)
{
	unsigned int pfn = list->head;
	unsigned int next = free_next(READ_ONCE(pfn_to_page(pfn)->memdesc));

	if (next == pfn) {
		WRITE_ONCE(list->head, LIST_NIL);
		list->tail = LIST_NIL;
	} else {
		WRITE_ONCE(list->head, next);
		word_set_prev(next, next);
	}
	WRITE_ONCE(pfn_to_page(pfn)->memdesc, 0);
	return pfn;
}

#endif /* MM_FREELIST_H */
