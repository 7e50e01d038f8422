// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's core of virtio, and what the driver core would do with it: a driver that registers is remembered, and bound to
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

static struct device_driver *registered;

static inline int mmfuzz_driver_register(struct device_driver *driver)
{
	registered = driver;
	return 0;
}
#define driver_register(driver) mmfuzz_driver_register(driver)

#include "drivers/virtio/virtio.c"

int mmfuzz_bind(struct virtio_device *vdev)
{
	vdev->dev.driver = registered;
	if (!registered || !virtio_dev_match(&vdev->dev, registered))
		return -ENODEV;
	return virtio_dev_probe(&vdev->dev);
}

void mmfuzz_unbind(struct virtio_device *vdev)
{
	virtio_dev_remove(&vdev->dev);
}
