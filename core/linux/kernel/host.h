/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host that a machine runs on: it plays balloon devices on the rings of virtio. It comes to a queue that was kicked when
 * a CPU is between operations, sleeps, or has nothing to do: the interrupt is that CPU's. Until then whoever has kicked waits.
 *
 *   the door (balloon.c)         the host (host.c)            the tree
 *   target of a balloon ------>  num_pages, interrupt ----->  virtio.c, virtio_balloon.c: its work
 *   pages that it has  <-------  actual, rings        <-----  virtio_ring.c
 */
#ifndef MMFUZZ_LINUX_HOST_H
#define MMFUZZ_LINUX_HOST_H

#include <linux/types.h>

struct page;
struct virtio_device;

/* Before drivers register. */
void mmfuzz_setup_host(void);
/* The device of number @dev, bound to its driver or not. */
struct virtio_device *mmfuzz_host_device(unsigned int dev);
/* What the host wants of a balloon, in pages; what the guest has said that it has. */
void mmfuzz_host_wants(unsigned int dev, unsigned long pages);
unsigned long mmfuzz_host_has(unsigned int dev);
/* The guest has as many as are wanted. It need not come to that: where it gets no further the host wants what there is. */
bool mmfuzz_host_content(unsigned int dev);
/* The host comes to what was kicked: any CPU, without locks that an interrupt takes. */
void mmfuzz_host_turn(void);
/* Queues that were kicked are more, or fewer, by so many. */
void mmfuzz_host_kicked(int change);

/*
 * host_mem.c: its virtio-mem devices, by number. The one that plays the device at these frames; sizes in subblocks: what the host
 * wants, what is plugged, and what there may be.
 */
struct gate_vmem_config;
struct virtio_device *mmfuzz_host_mem_device(unsigned int dev, const struct gate_vmem_config *config);
void mmfuzz_host_mem_wants(unsigned int dev, unsigned long nr);
unsigned long mmfuzz_host_mem_plugged(unsigned int dev);
unsigned long mmfuzz_host_mem_room(unsigned int dev);
void mmfuzz_host_mem_turn(void);

/* virtio_tree.c: what the driver core does with a device. */
int mmfuzz_bind(struct virtio_device *vdev);
void mmfuzz_unbind(struct virtio_device *vdev);

/* virtio_balloon_tree.c: of a device that is bound. Its work is done; pages of it that are isolated; the page is one of its. */
void mmfuzz_balloon_flush(struct virtio_device *vdev);
unsigned long mmfuzz_balloon_isolated(struct virtio_device *vdev);
bool mmfuzz_balloon_has(struct virtio_device *vdev, struct page *page);

/* virtio_mem_tree.c: likewise. Its work is done; blocks of it are left that have to be removed, and could not be. */
void mmfuzz_mem_flush(struct virtio_device *vdev);
bool mmfuzz_mem_unfinished(struct virtio_device *vdev);

#endif /* MMFUZZ_LINUX_HOST_H */
