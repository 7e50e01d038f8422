// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's memory hotplug, with somebody at the keyboard: offline_pages() tries for as long as there is something
 * movable, and on a real machine the user gives up with a signal. Here it is as if one came after so many attempts.
 *
 * And mobility grouping stays on, for everybody and at any time. Where memory is less than so many pageblocks the kernel turns it off as it builds
 * zonelists, and then whoever ends an isolation puts free pages on a list that is not of their block's type:
 * docs/findings/unisolate-without-grouping.md. Machines are small here, so that nothing else would be found.
 *
 * And resources are from a table (resource_tree.c), and so is what offline_and_remove_memory() remembers: here it may be about the
 * last memory that the kernel could have that from. And what enters the allocator is announced (hotplug.c), whoever had the
 * page for onlining.
 *
 * And a zone's start and size change at once, for who looks at both on the woven machine (FAULT_SPAN_UNLOCKED, page_alloc_tree.c).
 *
 * And whoever keeps memory from going, and finds somebody at it, tries again: its CPU's work may be what that one waits for.
 */
#include <linux/memory_hotplug.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/percpu-rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mm/internal.h"

#include "../gate.h"
#include "devices.h"
#include "world.h"

#define __free_pages_core(page, order, context) mmfuzz_free_pages_core(page, order, context)
#undef kmalloc_array
#define kmalloc_array(nr, bytes, gfp) mmfuzz_device_alloc((nr) * (bytes))
#define kfree(ptr) \
	_Generic((ptr), struct resource *: mmfuzz_free_resource, u8 *: mmfuzz_device_free, default: kfree)(ptr)
#define signal_pending(task) mmfuzz_patience_ends()

/* As who sleeps does: its CPU's work may be what another one waits for, who keeps the lock. */
static inline void read_lock_hotplug(struct percpu_rw_semaphore *sem)
{
	while (!percpu_down_read_trylock(sem)) {
		gate_run_bound_work();
		/* Again: on the woven machine who relaxes waits for what is written from here on. */
		if (percpu_down_read_trylock(sem))
			return;
		mmfuzz_relax();
	}
}
#define percpu_down_read(sem) read_lock_hotplug(sem)

#ifdef FAULT_SPAN_UNLOCKED
/* Between these two the span is written, and, with everybody to see it, the memmap. */
#define clear_zone_contiguous(zone) \
	do { \
		clear_zone_contiguous(zone); \
		mmfuzz_undivided_begin(); \
	} while (0)
#define set_zone_contiguous(zone) \
	do { \
		mmfuzz_undivided_end(); \
		set_zone_contiguous(zone); \
	} while (0)
#define memmap_init_range(args...) \
	do { \
		mmfuzz_undivided_end(); \
		memmap_init_range(args); \
		mmfuzz_undivided_begin(); \
	} while (0)
#endif

#define build_all_zonelists(node) mmfuzz_rebuild_zonelists(node)

#include "mm/memory_hotplug.c"
