// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers of balloon devices without a host, on top of the tree's balloon: locks, accounting and migration as
 * virtio-balloon has them. Must touch a device's pages only by the functions of that layer.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#ifdef HAVE_BALLOON_C
#include <linux/balloon.h>
#else
#include <linux/balloon_compaction.h>
#endif

#include "../gate.h"
#include "world.h"

struct balloon {
	struct balloon_dev_info info;
	struct mutex lock; /* all below, and who inflates and deflates */
	unsigned long nr;
	bool there;
};
static struct balloon balloons[GATE_MAX_BALLOONS];

/* Where the layer below knows nothing of it. */
static void managed(struct page *page, long change)
{
#ifndef HAVE_BALLOON_C
	adjust_managed_page_count(page, change);
#endif
}

#ifdef HAVE_BALLOON_C
/* The host is told; the layer below does the rest. */
static int moved(struct balloon_dev_info *info, struct page *to, struct page *from, enum migrate_mode mode)
{
	struct balloon *balloon = container_of(info, struct balloon, info);

	if (!mutex_trylock(&balloon->lock))
		return -EAGAIN;
	mutex_unlock(&balloon->lock);
	return 0;
}
#else
static int moved(struct balloon_dev_info *info, struct page *to, struct page *from, enum migrate_mode mode)
{
	struct balloon *balloon = container_of(info, struct balloon, info);
	unsigned long flags;

	/* Who deflates has it, and waits for the lock of this page. */
	if (!mutex_trylock(&balloon->lock))
		return -EAGAIN;
	if (page_zone(from) != page_zone(to)) {
		managed(from, 1);
		managed(to, -1);
	}
	get_page(to);
	spin_lock_irqsave(&info->pages_lock, flags);
	balloon_page_insert(info, to);
	info->isolated_pages--;
	balloon_page_finalize(from);
	spin_unlock_irqrestore(&info->pages_lock, flags);
	mutex_unlock(&balloon->lock);
	put_page(from);
	return MIGRATEPAGE_SUCCESS;
}
#endif

void mmfuzz_setup_balloons(void)
{
	for (unsigned int dev = 0; dev < GATE_MAX_BALLOONS; dev++) {
		struct balloon *balloon = &balloons[dev];

		balloon_devinfo_init(&balloon->info);
		balloon->info.migratepage = moved;
#ifdef HAVE_BALLOON_C
		balloon->info.adjust_managed_page_count = true;
#endif
		mutex_init(&balloon->lock);
		balloon->there = true;
	}
}

/* The pages first, as long as nobody waits for the device. */
unsigned long gate_balloon_inflate(unsigned int dev, unsigned long nr)
{
	struct balloon *balloon = &balloons[dev];
	struct page *page, *next;
	unsigned long got = 0;
	LIST_HEAD(pages);

	for (; got < nr && (page = balloon_page_alloc()); got++)
		list_add(&page->lru, &pages);
	mutex_lock(&balloon->lock);
	if (!balloon->there)
		got = 0;
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		if (!balloon->there) {
			put_page(page);
			continue;
		}
		balloon_page_enqueue(&balloon->info, page);
		managed(page, -1);
	}
	WRITE_ONCE(balloon->nr, balloon->nr + got);
	mutex_unlock(&balloon->lock);
	return got;
}

/* Up to @nr pages of a device, whose lock the caller has. Returns how many. */
static unsigned long dequeue(struct balloon *balloon, unsigned long nr, struct list_head *pages)
{
	unsigned long got = 0;

	nr = min(nr, balloon->nr);
	while (got < nr) {
		struct page *page = balloon_page_dequeue(&balloon->info);

		if (!page)
			break;
		list_add(&page->lru, pages);
		got++;
	}
	WRITE_ONCE(balloon->nr, balloon->nr - got);
	return got;
}

static void release(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		managed(page, 1);
		put_page(page);
	}
}

unsigned long gate_balloon_deflate(unsigned int dev, unsigned long nr)
{
	struct balloon *balloon = &balloons[dev];
	unsigned long got;
	LIST_HEAD(pages);

	mutex_lock(&balloon->lock);
	got = dequeue(balloon, nr, &pages);
	release(&pages);
	mutex_unlock(&balloon->lock);
	return got;
}

/* What has been dequeued comes back: not before nobody looks at the page any more, as if it were new. */
static void enqueue_again(struct balloon *balloon, struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		while (page_count(page) != 1)
			mmfuzz_relax();
		balloon_page_enqueue(&balloon->info, page);
		WRITE_ONCE(balloon->nr, balloon->nr + 1);
	}
}

/* All or nothing. virtio-balloon would wait for who has isolated a page; here that may be the caller. */
int gate_balloon_release(unsigned int dev)
{
	struct balloon *balloon = &balloons[dev];
	LIST_HEAD(pages);
	int err = 0;

	mutex_lock(&balloon->lock);
	if (!balloon->there) {
		err = -ENODEV;
	} else if (READ_ONCE(balloon->info.isolated_pages)) {
		err = -EBUSY;
	} else {
		dequeue(balloon, balloon->nr, &pages);
		if (balloon->nr) {
			enqueue_again(balloon, &pages);
			err = -EBUSY;
		} else {
			release(&pages);
			balloon->there = false;
		}
	}
	mutex_unlock(&balloon->lock);
	return err;
}

int gate_balloon_probe(unsigned int dev)
{
	struct balloon *balloon = &balloons[dev];
	int err = 0;

	mutex_lock(&balloon->lock);
	if (balloon->there)
		err = -EEXIST;
	balloon->there = true;
	mutex_unlock(&balloon->lock);
	return err;
}

unsigned long gate_balloon_pages(unsigned int dev)
{
	return READ_ONCE(balloons[dev].nr);
}
