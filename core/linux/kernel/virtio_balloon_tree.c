// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's driver of balloons, and the little of its state that the door asks for. Its objects are from a table
 * (devices.h).
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/page_reporting.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#ifdef HAVE_BALLOON_C
#include <linux/balloon.h>
#else
#include <linux/balloon_compaction.h>
#endif

#include "../gate.h"
#include "devices_alloc.h"
#include "host.h"
#include "world.h"

/*
 * The driver asks again at once as long as a page is isolated: who has the page must get on with it. And that may wait until kswapd
 * has made room, who is played by this CPU.
 */
static inline struct page *dequeue(struct balloon_dev_info *info)
{
	struct page *page = balloon_page_dequeue(info);

	if (page)
		return page;
	gate_run_bound_work();
	/* Again: on the woven machine who relaxes waits for what is written from here on. */
	page = balloon_page_dequeue(info);
	if (!page)
		mmfuzz_relax();
	return page;
}
#define balloon_page_dequeue(info) dequeue(info)

#include "drivers/virtio/virtio_balloon.c"

void mmfuzz_balloon_flush(struct virtio_device *vdev)
{
	struct virtio_balloon *vb = vdev->priv;

	flush_work(&vb->update_balloon_size_work);
}

unsigned long mmfuzz_balloon_isolated(struct virtio_device *vdev)
{
	struct virtio_balloon *vb = vdev->priv;

	return READ_ONCE(vb->vb_dev_info.isolated_pages);
}

/* The device of another page may go, and come back, meanwhile: the page says none of its addresses then. */
bool mmfuzz_balloon_has(struct virtio_device *vdev, struct page *page)
{
	struct virtio_balloon *vb = READ_ONCE(vdev->priv);

	return page_private(page) == (unsigned long)&vb->vb_dev_info;
}
