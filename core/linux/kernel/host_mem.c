// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of virtio-mem devices (host.h): configuration space, the device's end of the ring, and its answers to
 * requests. By the specification of virtio, so that the tree's driver is on the other side; which blocks are plugged, and what
 * must not happen to them, is in unplugged.c. The ring's memory is shared as host.c's is.
 */
#include <linux/hardirq.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mem.h>
#include <linux/virtio_ring.h>

#include "../gate.h"
#include "host.h"
#include "unplugged.h"
#include "world.h"

/* A request is a chain of two descriptors, and there is one at a time. */
#define RING_SIZE  2u
#define RING_ALIGN 64u

struct mem_host {
	struct virtio_device vdev;
	struct virtio_mem_config config; /* read by the guest whenever it likes: changed by marked accesses */
	unsigned int sb_order;
	u8 status;
	raw_spinlock_t lock; /* the device's end of the queue; interrupts come under it */
	struct virtqueue *vq;
	u16 seen; /* of the available ring */
	bool kicked;
	char ring[256] __aligned(RING_ALIGN);
};
static struct mem_host hosts[GATE_MAX_VMEM];

static struct mem_host *host_of(struct virtio_device *vdev)
{
	return container_of(vdev, struct mem_host, vdev);
}

static unsigned int number_of(const struct mem_host *host)
{
	return host - hosts;
}

/* ---- configuration ---- */

static void get(struct virtio_device *vdev, unsigned int offset, void *to, unsigned int bytes)
{
	const char *from = (const char *)&host_of(vdev)->config + offset;

	/* The device's own, by a bus: what the host wrote before is there. Pairs with what follows the host's writes. */
	smp_mb();
	if (bytes == sizeof(u64))
		*(u64 *)to = READ_ONCE(*(const u64 *)from);
	else
		memcpy(to, from, bytes); /* those never change */
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
	return BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_MEM_F_UNPLUGGED_INACCESSIBLE);
}

static int finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	return 0;
}

/* Plugged memory stays so. */
static void reset(struct virtio_device *vdev)
{
	host_of(vdev)->status = 0;
}

/* ---- the queue ---- */

static bool kick(struct virtqueue *vq)
{
	/* Release: the host sees what was queued. Pairs with mmfuzz_host_mem_turn(). */
	if (!xchg(&host_of(vq->vdev)->kicked, true))
		mmfuzz_host_kicked(1);
	return true;
}

static int find_vqs(struct virtio_device *vdev, unsigned int nr, struct virtqueue *vqs[], struct virtqueue_info info[],
		    struct irq_affinity *affinity)
{
	struct mem_host *host = host_of(vdev);

	BUG_ON(nr != 1 || vring_size(RING_SIZE, RING_ALIGN) > sizeof(host->ring));
	host->seen = 0;
	memset(host->ring, 0, sizeof(host->ring));
	vqs[0] = vring_new_virtqueue(0, RING_SIZE, RING_ALIGN, vdev, true, info[0].ctx, host->ring, kick, info[0].callback,
				     info[0].name);
	host->vq = vqs[0];
	return vqs[0] ? 0 : -ENOMEM;
}

static void del_vqs(struct virtio_device *vdev)
{
	struct mem_host *host = host_of(vdev);
	struct virtqueue *vq = host->vq;
	unsigned long flags;

	raw_spin_lock_irqsave(&host->lock, flags);
	host->vq = NULL;
	raw_spin_unlock_irqrestore(&host->lock, flags);
	vring_del_virtqueue(vq);
}

static const struct virtio_config_ops ops = {
	.get = get,
	.get_status = get_status,
	.set_status = set_status,
	.reset = reset,
	.find_vqs = find_vqs,
	.del_vqs = del_vqs,
	.get_features = get_features,
	.finalize_features = finalize_features,
};

/* ---- requests ---- */

struct blocks {
	unsigned long pfn, nr; /* frames */
};

/* A driver that is told of an error has asked for what it may not. */
static struct blocks blocks_of(struct mem_host *host, const char *what, u64 addr, u64 nr_blocks)
{
	const struct virtio_mem_config *config = &host->config;
	const u64 size = nr_blocks * config->block_size;

	if (!nr_blocks || addr % config->block_size || addr < config->addr ||
	    addr + size > config->addr + config->usable_region_size)
		mmfuzz_bug("request outside of the region", "virtio_mem", "device %u: %s of %llu blocks at 0x%llx",
			   number_of(host), what, nr_blocks, addr);
	return (struct blocks){ PHYS_PFN(addr), PHYS_PFN(size) };
}

/* By frames; only the host changes what is plugged. */
static void set_plugged(struct mem_host *host, unsigned long plugged)
{
	WRITE_ONCE(host->config.plugged_size, PFN_PHYS(plugged));
	/* Pairs with get(). */
	smp_mb();
}

static u16 serve_plug(struct mem_host *host, const struct virtio_mem_req_plug *req)
{
	const struct blocks blocks = blocks_of(host, "plug", req->addr, req->nb_blocks);
	const unsigned long plugged = PHYS_PFN(host->config.plugged_size) + blocks.nr;

	/* The host may want less by now. */
	if (plugged > PHYS_PFN(READ_ONCE(host->config.requested_size)))
		return VIRTIO_MEM_RESP_NACK;
	mmfuzz_plug(number_of(host), blocks.pfn, blocks.nr);
	set_plugged(host, plugged);
	return VIRTIO_MEM_RESP_ACK;
}

static u16 serve_unplug(struct mem_host *host, const struct virtio_mem_req_unplug *req)
{
	const struct blocks blocks = blocks_of(host, "unplug", req->addr, req->nb_blocks);

	mmfuzz_unplug(number_of(host), blocks.pfn, blocks.nr);
	set_plugged(host, PHYS_PFN(host->config.plugged_size) - blocks.nr);
	return VIRTIO_MEM_RESP_ACK;
}

static u16 serve_unplug_all(struct mem_host *host)
{
	const unsigned long start = PHYS_PFN(host->config.addr);

	for (unsigned long pfn = start; pfn < start + PHYS_PFN(host->config.region_size); pfn++) {
		if (mmfuzz_plugged(pfn, 1))
			mmfuzz_unplug(number_of(host), pfn, 1);
	}
	set_plugged(host, 0);
	return VIRTIO_MEM_RESP_ACK;
}

static u16 serve_state(struct mem_host *host, const struct virtio_mem_req_state *req, struct virtio_mem_resp_state *resp)
{
	const struct blocks blocks = blocks_of(host, "state", req->addr, req->nb_blocks);
	const unsigned long plugged = mmfuzz_plugged(blocks.pfn, blocks.nr);

	resp->state = plugged == blocks.nr ? VIRTIO_MEM_STATE_PLUGGED :
		      plugged		   ? VIRTIO_MEM_STATE_MIXED :
					     VIRTIO_MEM_STATE_UNPLUGGED;
	return VIRTIO_MEM_RESP_ACK;
}

static u16 serve_request(struct mem_host *host, const struct virtio_mem_req *req, struct virtio_mem_resp *resp)
{
	switch (req->type) {
	case VIRTIO_MEM_REQ_PLUG:
		return serve_plug(host, &req->u.plug);
	case VIRTIO_MEM_REQ_UNPLUG:
		return serve_unplug(host, &req->u.unplug);
	case VIRTIO_MEM_REQ_UNPLUG_ALL:
		return serve_unplug_all(host);
	case VIRTIO_MEM_REQ_STATE:
		return serve_state(host, &req->u.state, &resp->u.state);
	}
	mmfuzz_bug("unknown request", "virtio_mem", "device %u: type %u", number_of(host), req->type);
}

/* What there is at the end of a descriptor, which must be as long, and for reading or writing as its user has it. */
static void *described(struct mem_host *host, const struct vring_desc *desc, unsigned long bytes, bool write)
{
	if (desc->len != bytes || !(desc->flags & VRING_DESC_F_WRITE) == write)
		mmfuzz_bug("bad request", "virtio_mem", "device %u: %u bytes, flags 0x%x, should be %lu to %s",
			   number_of(host), desc->len, desc->flags, bytes, write ? "write" : "read");
	return __va(desc->addr);
}

/* True if there was a request, and so there is an interrupt. The machine is of little endianness, as virtio is. */
static bool serve_mem_queue(struct mem_host *host)
{
	const struct vring *ring = virtqueue_get_vring(host->vq);
	bool some = false;

	while (host->seen != READ_ONCE(ring->avail->idx)) {
		const u16 used = ring->used->idx;
		vring_used_elem_t *elem = &ring->used->ring[used % ring->num];
		struct virtio_mem_resp *resp;
		const struct vring_desc *desc;
		u16 head;

		/* What is in the ring was written before its index. */
		smp_rmb();
		head = ring->avail->ring[host->seen++ % ring->num];
		desc = &ring->desc[head];
		resp = described(host, &ring->desc[desc->next], sizeof(*resp), true);
		resp->type = serve_request(host, described(host, desc, sizeof(struct virtio_mem_req), false), resp);
		elem->len = sizeof(*resp);
		elem->id = head;
		/* And what is in that one, and the answer. */
		smp_wmb();
		WRITE_ONCE(ring->used->idx, used + 1);
		some = true;
	}
	return some;
}

static void come_to(struct mem_host *host)
{
	unsigned long flags;

	/* As host.c has it. */
	if (!raw_spin_trylock_irqsave(&host->lock, flags))
		return;
	/* Acquire: pairs with kick(). */
	if (xchg(&host->kicked, false)) {
		mmfuzz_host_kicked(-1);
		if (host->vq && serve_mem_queue(host)) {
			__irq_enter_raw();
			vring_interrupt(0, host->vq);
			__irq_exit_raw();
		}
	}
	raw_spin_unlock_irqrestore(&host->lock, flags);
}

void mmfuzz_host_mem_turn(void)
{
	for (unsigned int dev = 0; dev < GATE_MAX_VMEM; dev++) {
		if (READ_ONCE(hosts[dev].kicked))
			come_to(&hosts[dev]);
	}
}

/* ---- the door's side ---- */

struct virtio_device *mmfuzz_host_mem_device(unsigned int dev, const struct gate_vmem_config *config)
{
	static const char *const names[GATE_MAX_VMEM] = { "virtio_mem0", "virtio_mem1" };
	struct mem_host *host = &hosts[dev];
	struct virtio_device *vdev = &host->vdev;

	raw_spin_lock_init(&host->lock);
	host->sb_order = config->sb_order;
	host->config = (struct virtio_mem_config){
		.block_size = PFN_PHYS(1ull << config->sb_order),
		.addr = PFN_PHYS(config->region.start),
		.region_size = PFN_PHYS(config->region.nr),
		.usable_region_size = PFN_PHYS(config->region.nr),
	};
	vdev->id = (struct virtio_device_id){ VIRTIO_ID_MEM, VIRTIO_DEV_ANY_ID };
	vdev->config = &ops;
	vdev->index = dev;
	vdev->dev.init_name = names[dev];
	spin_lock_init(&vdev->config_lock);
	spin_lock_init(&vdev->vqs_list_lock);
	INIT_LIST_HEAD(&vdev->vqs);
	host->status = VIRTIO_CONFIG_S_ACKNOWLEDGE;
	return vdev;
}

void mmfuzz_host_mem_wants(unsigned int dev, unsigned long nr)
{
	WRITE_ONCE(hosts[dev].config.requested_size, PFN_PHYS(nr << hosts[dev].sb_order));
	/* Pairs with get(). */
	smp_mb();
	virtio_config_changed(&hosts[dev].vdev);
}

unsigned long mmfuzz_host_mem_plugged(unsigned int dev)
{
	return PHYS_PFN(READ_ONCE(hosts[dev].config.plugged_size)) >> hosts[dev].sb_order;
}

unsigned long mmfuzz_host_mem_room(unsigned int dev)
{
	return PHYS_PFN(hosts[dev].config.region_size) >> hosts[dev].sb_order;
}
