// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's free page reporting, whose list of blocks for a report is from a table (devices.h): as a slab in a frame
 * of the machine's it would take, and give back, what a program counts.
 *
 * In trees with the fault of docs/findings/reported-block-put-back-whole.md blocks of more than a pageblock are put
 * back in pageblocks here, each by its type at that moment, as other frees do it.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/page_reporting.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "mm/internal.h"
#include "mm/page_reporting.h"

#include "devices_alloc.h"

#ifdef FAULT_REPORTED_PUT_BACK_WHOLE
static inline void put_back(struct page *page, unsigned int order, int type)
{
	struct page *end = page + (1ul << order);

	if (order <= pageblock_order) {
		__putback_isolated_page(page, order, type);
		return;
	}
	for (; page < end; page += pageblock_nr_pages)
		__putback_isolated_page(page, pageblock_order, get_pageblock_migratetype(page));
}
#define __putback_isolated_page(page, order, type) put_back(page, order, type)
#endif

#include "mm/page_reporting.c"
