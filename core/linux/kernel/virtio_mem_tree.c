// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's driver of virtio-mem, and the little of its state that the door asks for. Its objects are from a table
 * (devices.h); what it takes out of the allocator, and gives back, is noted (unplugged.h); and its timer is delayed work: it
 * passes with the operations of a CPU (work.c).
 */
#include <linux/crash_dump.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mem.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../gate.h"
#include "devices_alloc.h"
#include "host.h"
#include "unplugged.h"
#include "world.h"

/* ---- objects ---- */

#undef kfree
#define kfree(ptr) _Generic((ptr), struct resource *: mmfuzz_free_resource, default: mmfuzz_device_free)(ptr)
#define kstrdup_const(text, gfp) mmfuzz_device_print("%s", text)
#define kfree_const(text) mmfuzz_device_free(text)

/* A byte for each block and a bit for each subblock, which never need more than the page that comes first. */
#define TABLE_BYTES 256u

static void *new_table(unsigned long bytes)
{
	BUG_ON(bytes != PAGE_SIZE);
	return mmfuzz_device_alloc(TABLE_BYTES);
}
#undef vzalloc
#define vzalloc(bytes) new_table(bytes)
#define vfree(table) mmfuzz_device_free(table)

/* ---- ranges of frames ---- */

#ifdef HAVE_ACR_FLAGS
typedef acr_flags_t range_flags_t;
#else
typedef unsigned int range_flags_t;
#endif

/* As other users of the function (contig.c): one at a time, where that has to be. */
static int take_range(unsigned long start, unsigned long end, range_flags_t flags, gfp_t gfp)
{
	int err;

	if (!mmfuzz_claim(start, end - start, CLAIM_ISOLATES))
		return -EBUSY;
	err = alloc_contig_range(start, end, flags, gfp | __GFP_NOWARN);
	if (!err)
		mmfuzz_hold(start, end - start);
	mmfuzz_unclaim(start, end - start, CLAIM_ISOLATES);
	return err;
}
#undef alloc_contig_range
#define alloc_contig_range(start, end, flags, gfp) take_range(start, end, flags, gfp)

static void give_range(unsigned long pfn, unsigned long nr)
{
	mmfuzz_release(pfn, nr);
	free_contig_range(pfn, nr);
}
#define free_contig_range(pfn, nr) give_range(pfn, nr)

/* ---- the timer ---- */

static struct retry {
	struct hrtimer *timer;
	struct delayed_work work;
} retries[GATE_MAX_VMEM];

static enum hrtimer_restart virtio_mem_timer_expired(struct hrtimer *timer);

static void retry_expired(struct work_struct *work)
{
	virtio_mem_timer_expired(container_of(work, struct retry, work.work)->timer);
}

static struct retry *retry_of(struct hrtimer *timer)
{
	struct retry *retry = retries;

	while (retry->timer != timer)
		retry++;
	return retry;
}

static void setup_retry(struct hrtimer *timer)
{
	struct retry *retry = retry_of(NULL);

	retry->timer = timer;
	INIT_DELAYED_WORK(&retry->work, retry_expired);
}
#define hrtimer_init(timer, clock, mode) setup_retry(timer)
#define hrtimer_setup(timer, function, clock, mode) setup_retry(timer)
#define hrtimer_start(timer, time, mode) mod_delayed_work(system_freezable_wq, &retry_of(timer)->work, 1)
#define hrtimer_cancel(timer) cancel_delayed_work_sync(&retry_of(timer)->work)

/*
 * A block's state, and how many blocks are in each, are changed with the driver's mutex by notifiers, and without where its
 * work adds a block: counts are lost (docs/findings/virtio-mem-counts-unlocked.md). Then all who change them have a lock of this
 * file. The function is the tree's: where it is defined a type follows the parenthesis, where it is called its first argument.
 */
#ifdef FAULT_MB_COUNTS_UNLOCKED
struct virtio_mem;
static void set_state_locked(struct virtio_mem *vm, unsigned long id, u8 state);
#define virtio_mem_sbm_set_mb_state(first, id, state) SET_STATE_##first, id, state)
#define SET_STATE_struct virtio_mem_sbm_set_mb_state(struct
#define SET_STATE_vm	 set_state_locked(vm
#endif

#include "drivers/virtio/virtio_mem.c"

#ifdef FAULT_MB_COUNTS_UNLOCKED
static void set_state_locked(struct virtio_mem *vm, unsigned long id, u8 state)
{
	static DEFINE_RAW_SPINLOCK(lock);

	raw_spin_lock(&lock);
	(virtio_mem_sbm_set_mb_state)(vm, id, state);
	raw_spin_unlock(&lock);
}
#endif

/* Also what its work queues again. Then it must be able to go on, whatever was in its way. */
void mmfuzz_mem_flush(struct virtio_device *vdev)
{
	struct virtio_mem *vm = vdev->priv;

	flush_work(&vm->wq);
	if (READ_ONCE(vm->broken))
		mmfuzz_bug("gives up", "virtio_mem", "device %u: an error that the driver does not know", vdev->index);
}

bool mmfuzz_mem_unfinished(struct virtio_device *vdev)
{
	struct virtio_mem *vm = vdev->priv;

	return vm->in_sbm && READ_ONCE(vm->sbm.have_unplugged_mb);
}
