// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of balloon devices (host.h): configuration space, the device's end of each ring, and which frames it was
 * given. By the specification of virtio, so that the tree's driver, core and rings are on the other side; must not look
 * at anything of theirs that a device does not see. What it reads and writes in memory that it shares with
 * them is as another machine's: no order of this kernel's, no data race of its (core/linux/races).
 */
#include <linux/bitmap.h>
#include <linux/hardirq.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "../gate.h"
#include "host.h"
#include "lockdep.h"
#include "reported.h"
#include "world.h"

/* Numbers of the queues, as the driver asks for them; those of features that are not offered have no name. */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_STATS, QUEUE_FREE_PAGE, QUEUE_REPORTING, NR_QUEUES };

#define RING_SIZE	4u
/* Of the queue for reports: an entry for each block. Small, so that a report is several, if the driver takes that. */
#ifdef HAVE_REPORTING_CAPACITY
#define REPORTING_SIZE	4u
#else
#define REPORTING_SIZE	32u
#endif
#define RING_ALIGN	64u
/* The host goes by pages of 4 KiB. */
#define HOST_PER_PAGE	(1u << (PAGE_SHIFT - VIRTIO_BALLOON_PFN_SHIFT))

struct queue {
	struct virtqueue *vq; /* NULL: there is none */
	u16 seen; /* of the available ring */
	u16 offered; /* likewise, of the queue for reports: what was there when it was kicked */
	bool kicked;
	char ring[256] __aligned(RING_ALIGN);
};

struct host {
	struct virtio_device vdev;
	struct virtio_balloon_config config;
	u8 status;
	raw_spinlock_t lock; /* the device's end of its queues; interrupts come under it */
	struct queue queues[NR_QUEUES];
};
static struct host hosts[GATE_MAX_BALLOONS];
/* There is one device in a kernel that frames are reported to: the first. */
static char reporting_ring[1024] __aligned(RING_ALIGN);
/* Queues that were kicked, and to which the host has not come. */
static atomic_t nr_kicked;
/* Frames that balloons have given to the host. */
static DECLARE_BITMAP(taken, 1ul << (MAX_PHYSMEM_BITS - PAGE_SHIFT));
static atomic_long_t nr_buffers, nr_inflated, nr_deflated;

static struct host *host_of(struct virtio_device *vdev)
{
	return container_of(vdev, struct host, vdev);
}

static unsigned int number_of(const struct host *host)
{
	return host - hosts;
}

/* ---- configuration ---- */

static void get(struct virtio_device *vdev, unsigned int offset, void *to, unsigned int bytes)
{
	memcpy(to, (const char *)&host_of(vdev)->config + offset, bytes);
}

/*
 * The guest says how much it has. If that is what it had before, it is short of memory, or of pages that nobody has isolated,
 * and the host is content with it.
 */
static void set(struct virtio_device *vdev, unsigned int offset, const void *from, unsigned int bytes)
{
	struct virtio_balloon_config *config = &host_of(vdev)->config;
	__le32 before = config->actual;

	memcpy((char *)config + offset, from, bytes);
	if (offset == offsetof(struct virtio_balloon_config, actual) && config->actual == before)
		WRITE_ONCE(config->num_pages, config->actual);
}

static u8 get_status(struct virtio_device *vdev)
{
	return host_of(vdev)->status;
}

static void set_status(struct virtio_device *vdev, u8 status)
{
	host_of(vdev)->status = status;
}

static u64 get_features(struct virtio_device *vdev)
{
	const u64 features = BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_BALLOON_F_MUST_TELL_HOST);

	return number_of(host_of(vdev)) ? features : features | BIT_ULL(VIRTIO_BALLOON_F_REPORTING);
}

static int finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	return 0;
}

/* The driver has given back what the host had: it takes its memory as its own again. */
static void reset(struct virtio_device *vdev)
{
	struct host *host = host_of(vdev);

	if (host->config.actual)
		mmfuzz_bug("balloon", "reset", "device %u is reset with %u pages in its balloon", number_of(host),
			   le32_to_cpu(host->config.actual) / HOST_PER_PAGE);
	host->config.num_pages = 0;
	host->status = 0;
}

/* ---- queues ---- */

static void offer(struct queue *queue);

static bool kick(struct virtqueue *vq)
{
	struct queue *queue = &host_of(vq->vdev)->queues[vq->index];

	/* The host may take them from now on, whenever it comes. */
	if (vq->index == QUEUE_REPORTING)
		offer(queue);
	/* Release: the host sees what was queued. Pairs with mmfuzz_host_turn(). */
	if (!xchg(&queue->kicked, true))
		atomic_inc(&nr_kicked);
	return true;
}

/*
 * A kick of the device that was there before may be found only now: who comes for it has the lock, and finds a queue of this one
 * whole, or none.
 */
static int find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[], struct virtqueue_info info[],
		    struct irq_affinity *affinity)
{
	struct host *host = host_of(vdev);

	BUG_ON(vring_size(RING_SIZE, RING_ALIGN) > sizeof(host->queues[0].ring));
	BUG_ON(vring_size(REPORTING_SIZE, RING_ALIGN) > sizeof(reporting_ring));
	for (unsigned int i = 0; i < nr; i++) {
		struct queue *queue = &host->queues[i];
		bool reports = i == QUEUE_REPORTING;
		char *ring = reports ? reporting_ring : queue->ring;
		unsigned long flags;

		vqs[i] = NULL;
		if (!info[i].name)
			continue;
		memset(ring, 0, reports ? sizeof(reporting_ring) : sizeof(queue->ring));
		vqs[i] = vring_new_virtqueue(i, reports ? REPORTING_SIZE : RING_SIZE, RING_ALIGN, vdev, true,
					     info[i].ctx, ring, kick, info[i].callback, info[i].name);
		if (!vqs[i])
			return -ENOMEM;
		raw_spin_lock_irqsave(&host->lock, flags);
		queue->seen = queue->offered = 0;
		queue->vq = vqs[i];
		raw_spin_unlock_irqrestore(&host->lock, flags);
	}
	return 0;
}

/* Who plays an interrupt of the device has its lock. */
static void del_vqs(struct virtio_device *vdev)
{
	struct host *host = host_of(vdev);
	unsigned long flags;

	for (unsigned int i = 0; i < NR_QUEUES; i++) {
		struct virtqueue *vq = host->queues[i].vq;

		if (!vq)
			continue;
		raw_spin_lock_irqsave(&host->lock, flags);
		host->queues[i].vq = NULL;
		raw_spin_unlock_irqrestore(&host->lock, flags);
		vring_del_virtqueue(vq);
	}
}

static const struct virtio_config_ops ops = {
	.get = get,
	.set = set,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset,
	.find_vqs = find_vqs,
	.del_vqs = del_vqs,
	.get_features = get_features,
	.finalize_features = finalize_features,
};

/* ---- what comes on them ---- */

static void take(struct host *host, unsigned long pfn)
{
	if (test_and_set_bit(pfn, taken))
		mmfuzz_bug("balloon", "inflate", "device %u gives the host 0x%lx, which it has", number_of(host), pfn);
	gate_host_took(pfn);
	atomic_long_inc(&nr_inflated);
}

static void give_back(struct host *host, unsigned long pfn)
{
	if (!test_and_clear_bit(pfn, taken))
		mmfuzz_bug("balloon", "deflate", "device %u takes 0x%lx from the host, which does not have it",
			   number_of(host), pfn);
	gate_host_gave(pfn);
	atomic_long_inc(&nr_deflated);
}

/* A buffer of numbers of 4-KiB pages: always all of a page of the guest's. */
static void serve_pages(struct host *host, unsigned int number, const __le32 *pages, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		unsigned long page = le32_to_cpu(pages[i]), pfn = page / HOST_PER_PAGE;

		if (pfn >= max_pfn || page % HOST_PER_PAGE != i % HOST_PER_PAGE)
			mmfuzz_bug("balloon", "tell_host", "device %u: entry %u of %u is 0x%lx, which is no part of a page",
				   number_of(host), i, nr, page);
		if (i % HOST_PER_PAGE)
			continue;
		if (number == QUEUE_INFLATE)
			take(host, pfn);
		else
			give_back(host, pfn);
	}
}

/* A buffer is the reported block itself, for the host to write to: it drops the contents, whatever is read then. */
static void serve_report(struct host *host, const struct vring_desc *desc)
{
	u64 addr = le64_to_cpu((__force __le64)desc->addr);
	u32 len = le32_to_cpu((__force __le32)desc->len);
	unsigned long pfn = PHYS_PFN(addr), nr = len >> PAGE_SHIFT;

	for (unsigned long p = pfn; p < pfn + nr; p++) {
		if (test_bit(p, taken))
			mmfuzz_bug("balloon", "report", "device %u reports 0x%lx as free, which is in a balloon",
				   number_of(host), p);
		gate_host_dropped(p);
	}
	mmfuzz_acknowledge(pfn, nr);
}

/* One chain of descriptors; returns how many bytes the host has written. */
static u32 serve_chain(struct host *host, unsigned int number, const struct vring *ring, u16 head)
{
	u16 at = head, flags;

	do {
		const struct vring_desc *desc = &ring->desc[at];

		flags = le16_to_cpu((__force __le16)desc->flags);
		if (number == QUEUE_REPORTING)
			serve_report(host, desc);
		else
			serve_pages(host, number, __va(le64_to_cpu((__force __le64)desc->addr)),
				    le32_to_cpu((__force __le32)desc->len) / sizeof(__le32));
		at = le16_to_cpu((__force __le16)desc->next);
	} while (flags & VRING_DESC_F_NEXT);
	return 0;
}

static void offer_chain(const struct vring *ring, u16 head)
{
	u16 at = head, flags;

	do {
		const struct vring_desc *desc = &ring->desc[at];
		u64 addr = le64_to_cpu((__force __le64)desc->addr);
		u32 len = le32_to_cpu((__force __le32)desc->len);

		flags = le16_to_cpu((__force __le16)desc->flags);
		if (!(flags & VRING_DESC_F_WRITE) || addr & ~PAGE_MASK || !len || len & ~PAGE_MASK ||
		    PHYS_PFN(addr) + (len >> PAGE_SHIFT) > max_pfn)
			mmfuzz_bug("balloon", "report",
				   "0x%llx bytes at 0x%llx, flags 0x%x, are no frames for the host to write",
				   (u64)len, addr, flags);
		mmfuzz_offer(PHYS_PFN(addr), len >> PAGE_SHIFT);
		at = le16_to_cpu((__force __le16)desc->next);
	} while (flags & VRING_DESC_F_NEXT);
}

/* What has become available since the last kick; by who kicks, one at a time. Release: pairs with available(). */
static void offer(struct queue *queue)
{
	const struct vring *ring = virtqueue_get_vring(queue->vq);
	u16 offered = queue->offered;

	while (offered != le16_to_cpu((__force __le16)READ_ONCE(ring->avail->idx))) {
		offer_chain(ring, le16_to_cpu((__force __le16)ring->avail->ring[offered++ % ring->num]));
		smp_store_release(&queue->offered, offered);
	}
}

/*
 * Up to where the host takes buffers. A host may as soon as they are in the ring; of reports it waits for the kick, or who kicks
 * would offer what has been acknowledged already.
 */
static u16 available(const struct queue *queue, unsigned int number, const struct vring *ring)
{
	if (number == QUEUE_REPORTING)
		return smp_load_acquire(&queue->offered);
	return le16_to_cpu((__force __le16)READ_ONCE(ring->avail->idx));
}

/* All that is available; true if there was something, and so there is an interrupt. */
static bool serve_queue(struct host *host, unsigned int number)
{
	struct queue *queue = &host->queues[number];
	const struct vring *ring = virtqueue_get_vring(queue->vq);
	bool some = false;

	while (queue->seen != available(queue, number, ring)) {
		u16 used = le16_to_cpu((__force __le16)ring->used->idx);
		vring_used_elem_t *elem = &ring->used->ring[used % ring->num];
		u16 head;

		/* What is in the ring was written before its index. */
		smp_rmb();
		head = le16_to_cpu((__force __le16)ring->avail->ring[queue->seen++ % ring->num]);
		elem->len = (__force __virtio32)cpu_to_le32(serve_chain(host, number, ring, head));
		elem->id = (__force __virtio32)cpu_to_le32(head);
		/* And what is in that one. */
		smp_wmb();
		WRITE_ONCE(ring->used->idx, (__force __virtio16)cpu_to_le16(used + 1));
		atomic_long_inc(&nr_buffers);
		some = true;
	}
	return some;
}

static void come_to(struct host *host, unsigned int number)
{
	struct queue *queue = &host->queues[number];
	unsigned long flags;

	/* Another CPU is at it, or interrupts of this device: it will see what was kicked meanwhile when it comes again. */
	if (!raw_spin_trylock_irqsave(&host->lock, flags))
		return;
	/* Acquire: pairs with kick(). */
	if (xchg(&queue->kicked, false)) {
		atomic_dec(&nr_kicked);
		if (queue->vq && serve_queue(host, number)) {
			__irq_enter_raw();
			mmfuzz_lockdep_irq_enter();
			vring_interrupt(0, queue->vq);
			mmfuzz_lockdep_irq_exit();
			__irq_exit_raw();
		}
	}
	raw_spin_unlock_irqrestore(&host->lock, flags);
}

void mmfuzz_host_kicked(int change)
{
	atomic_add(change, &nr_kicked);
}

void mmfuzz_host_turn(void)
{
	if (!atomic_read(&nr_kicked))
		return;
	mmfuzz_host_mem_turn();
	for (unsigned int dev = 0; dev < GATE_MAX_BALLOONS; dev++) {
		for (unsigned int number = 0; number < NR_QUEUES; number++) {
			if (READ_ONCE(hosts[dev].queues[number].kicked))
				come_to(&hosts[dev], number);
		}
	}
}

/* ---- the door's side ---- */

void mmfuzz_setup_host(void)
{
	for (unsigned int dev = 0; dev < GATE_MAX_BALLOONS; dev++) {
		struct host *host = &hosts[dev];
		struct virtio_device *vdev = &host->vdev;

		raw_spin_lock_init(&host->lock);
		vdev->id = (struct virtio_device_id){ VIRTIO_ID_BALLOON, VIRTIO_DEV_ANY_ID };
		vdev->config = &ops;
		vdev->index = dev;
		spin_lock_init(&vdev->config_lock);
		spin_lock_init(&vdev->vqs_list_lock);
		INIT_LIST_HEAD(&vdev->vqs);
		host->status = VIRTIO_CONFIG_S_ACKNOWLEDGE;
	}
}

struct virtio_device *mmfuzz_host_device(unsigned int dev)
{
	return &hosts[dev].vdev;
}

void mmfuzz_host_wants(unsigned int dev, unsigned long pages)
{
	unsigned long flags;

	WRITE_ONCE(hosts[dev].config.num_pages, cpu_to_le32(pages * HOST_PER_PAGE));
	flags = mmfuzz_lockdep_irq_begin();
	virtio_config_changed(&hosts[dev].vdev);
	mmfuzz_lockdep_irq_end(flags);
}

unsigned long mmfuzz_host_has(unsigned int dev)
{
	return le32_to_cpu(READ_ONCE(hosts[dev].config.actual)) / HOST_PER_PAGE;
}

bool mmfuzz_host_content(unsigned int dev)
{
	const struct virtio_balloon_config *config = &hosts[dev].config;

	return READ_ONCE(config->actual) == READ_ONCE(config->num_pages);
}

void gate_host(struct gate_host *host)
{
	*host = (struct gate_host){
		.kicks = atomic_long_read(&nr_buffers),
		.inflated = atomic_long_read(&nr_inflated),
		.deflated = atomic_long_read(&nr_deflated),
	};
}
