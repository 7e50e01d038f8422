// SPDX-License-Identifier: GPL-2.0-only
/* The tree's virtio rings; objects of a queue are there for as long as its device (devices.h). */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/hrtimer.h>
#include <linux/kmsan.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <xen/xen.h>

#include "devices_alloc.h"

#include "drivers/virtio/virtio_ring.c"
