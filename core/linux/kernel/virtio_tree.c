// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's core of virtio, and what the driver core would do with it: drivers that register are remembered, and bound to
 * a device, or unbound, when the door says so. There are no sysfs, no buses to scan and no modules to unload.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_anchor.h>
#include <linux/virtio_config.h>

#include "host.h"

/* By initcalls; there are as many as files of the tree that are drivers. */
static struct device_driver *registered[2];

static inline int mmfuzz_driver_register(struct device_driver *driver)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registered); i++) {
		if (registered[i])
			continue;
		registered[i] = driver;
		return 0;
	}
	return -ENOMEM;
}
#define driver_register(driver) mmfuzz_driver_register(driver)

#include "drivers/virtio/virtio.c"

int mmfuzz_bind(struct virtio_device *vdev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registered) && registered[i]; i++) {
		if (!virtio_dev_match(&vdev->dev, registered[i]))
			continue;
		vdev->dev.driver = registered[i];
		return virtio_dev_probe(&vdev->dev);
	}
	return -ENODEV;
}

void mmfuzz_unbind(struct virtio_device *vdev)
{
	virtio_dev_remove(&vdev->dev);
}
