// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-mem devices: who of the door wants more or fewer subblocks plugged changes what the host wants, and waits until the
 * tree's driver has done what it can. One at a time for each device, as it has one target. Must touch no frame of a region.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/virtio.h>

#include "../gate.h"
#include "host.h"
#include "world.h"

/* Attempts to remove what is left over. */
#define PATIENCE 4u

static struct vmem {
	struct mutex lock; /* what is wanted */
	struct virtio_device *vdev;
} vmems[GATE_MAX_VMEM];
static unsigned int nr_vmems;

void mmfuzz_setup_vmem(const struct gate_config *config)
{
	for (nr_vmems = 0; nr_vmems < config->nr_vmem; nr_vmems++) {
		struct vmem *vmem = &vmems[nr_vmems];
		int err;

		mutex_init(&vmem->lock);
		vmem->vdev = mmfuzz_host_mem_device(nr_vmems, &config->vmem[nr_vmems]);
		err = mmfuzz_bind(vmem->vdev);
		if (err)
			mmfuzz_bug("refused", "virtio_mem", "device %u: error %d", nr_vmems, -err);
		mmfuzz_mem_flush(vmem->vdev);
	}
}

/*
 * The driver's work is queued for this CPU and run here; the lock is the caller's. Where the driver gets no further the host
 * wants what there is, so that nothing changes behind the program's back: then the driver has looked once more.
 */
static unsigned long reach(unsigned int dev, unsigned long wanted)
{
	/* A worker is another task than who was killed for waiting before. */
	mmfuzz_revive_current();
	for (;;) {
		unsigned long plugged;

		mmfuzz_host_mem_wants(dev, wanted);
		mmfuzz_mem_flush(vmems[dev].vdev);
		plugged = mmfuzz_host_mem_plugged(dev);
		if (plugged == wanted)
			return plugged;
		wanted = plugged;
	}
}

unsigned long gate_vmem_plug(unsigned int dev, unsigned long nr)
{
	unsigned long had, has = 0;

	if (dev >= nr_vmems)
		return 0;
	mutex_lock(&vmems[dev].lock);
	had = mmfuzz_host_mem_plugged(dev);
	has = reach(dev, min(had + nr, mmfuzz_host_mem_room(dev)));
	mutex_unlock(&vmems[dev].lock);
	return has - had;
}

unsigned long gate_vmem_unplug(unsigned int dev, unsigned long nr)
{
	unsigned long had, has = 0;

	if (dev >= nr_vmems)
		return 0;
	mutex_lock(&vmems[dev].lock);
	had = mmfuzz_host_mem_plugged(dev);
	has = reach(dev, had - min(nr, had));
	mutex_unlock(&vmems[dev].lock);
	return had - has;
}

unsigned long gate_vmem_plugged(unsigned int dev)
{
	return dev < nr_vmems ? mmfuzz_host_mem_plugged(dev) : 0;
}

void gate_vmem_settle(void)
{
	for (unsigned int dev = 0; dev < nr_vmems; dev++) {
		for (unsigned int i = 0; i < PATIENCE && mmfuzz_mem_unfinished(vmems[dev].vdev); i++)
			reach(dev, mmfuzz_host_mem_plugged(dev));
	}
}
