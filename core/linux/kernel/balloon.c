// SPDX-License-Identifier: GPL-2.0-only
/*
 * Balloons: who of the door wants more or fewer pages in one changes what the host wants, and waits until the tree's
 * driver has done so. One at a time for each device, as it has one target. Must touch no page of a balloon.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/virtio.h>

#include "../gate.h"
#include "host.h"
#include "world.h"

struct balloon {
	struct mutex lock; /* what is wanted, and whether the device is there */
	bool there;
	bool leaving; /* pages of it must not be isolated for longer any more */
};
static struct balloon balloons[GATE_MAX_BALLOONS];

static int bind(unsigned int dev)
{
	int err = mmfuzz_bind(mmfuzz_host_device(dev));

	if (err)
		mmfuzz_bug("refused", "virtio_balloon", "device %u: error %d", dev, -err);
	balloons[dev].there = true;
	return 0;
}

void mmfuzz_setup_balloons(void)
{
	for (unsigned int dev = 0; dev < GATE_MAX_BALLOONS; dev++) {
		mutex_init(&balloons[dev].lock);
		bind(dev);
	}
}

/* The driver's work is queued for this CPU and run here; the lock of the device is the caller's. */
static void reach(unsigned int dev, unsigned long pages)
{
	mmfuzz_host_wants(dev, pages);
	while (!mmfuzz_host_content(dev)) {
		mmfuzz_balloon_flush(mmfuzz_host_device(dev));
		gate_run_bound_work();
		if (!mmfuzz_host_content(dev))
			mmfuzz_relax();
	}
	/* It must not be left to whom this CPU does next: that may have locks which the work takes. */
	mmfuzz_balloon_flush(mmfuzz_host_device(dev));
}

unsigned long gate_balloon_inflate(unsigned int dev, unsigned long nr)
{
	unsigned long had, got = 0;

	mutex_lock(&balloons[dev].lock);
	if (balloons[dev].there && nr) {
		had = mmfuzz_host_has(dev);
		reach(dev, had + nr);
		got = mmfuzz_host_has(dev) - had;
	}
	mutex_unlock(&balloons[dev].lock);
	return got;
}

unsigned long gate_balloon_deflate(unsigned int dev, unsigned long nr)
{
	unsigned long had, got = 0;

	mutex_lock(&balloons[dev].lock);
	had = mmfuzz_host_has(dev);
	if (balloons[dev].there && nr && had) {
		reach(dev, had - min(nr, had));
		got = had - mmfuzz_host_has(dev);
	}
	mutex_unlock(&balloons[dev].lock);
	return got;
}

/*
 * The driver waits for who has isolated a page. That may be a program, which keeps it from one operation to the next, and may
 * be the caller: it is turned away, and whoever isolates now puts back (mmfuzz_balloon_leaving()).
 */
int gate_balloon_release(unsigned int dev)
{
	struct balloon *balloon = &balloons[dev];
	int err = 0;

	mutex_lock(&balloon->lock);
	if (!balloon->there) {
		err = -ENODEV;
	} else {
		WRITE_ONCE(balloon->leaving, true);
		/* Either this sees the page isolated, or who isolates sees that. Pairs with mmfuzz_balloon_leaving(). */
		smp_mb();
		if (mmfuzz_balloon_isolated(mmfuzz_host_device(dev))) {
			err = -EBUSY;
		} else {
			mmfuzz_unbind(mmfuzz_host_device(dev));
			balloon->there = false;
		}
		WRITE_ONCE(balloon->leaving, false);
	}
	mutex_unlock(&balloon->lock);
	return err;
}

int gate_balloon_probe(unsigned int dev)
{
	int err = -EEXIST;

	mutex_lock(&balloons[dev].lock);
	if (!balloons[dev].there)
		err = bind(dev);
	mutex_unlock(&balloons[dev].lock);
	return err;
}

unsigned long gate_balloon_pages(unsigned int dev)
{
	return mmfuzz_host_has(dev);
}

bool mmfuzz_balloon_leaving(struct page *page)
{
	if (!PageOffline(page))
		return false;
	/* Pairs with gate_balloon_release(). */
	smp_mb();
	for (unsigned int dev = 0; dev < GATE_MAX_BALLOONS; dev++) {
		/* As long as it has a page isolated the driver stays. */
		if (READ_ONCE(balloons[dev].leaving) && mmfuzz_balloon_has(mmfuzz_host_device(dev), page))
			return true;
	}
	return false;
}
