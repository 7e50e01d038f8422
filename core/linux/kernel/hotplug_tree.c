// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's memory hotplug, with somebody at the keyboard: offline_pages() tries for as long as there is something
 * movable, and on a real machine the user gives up with a signal. Here it is as if one came after so many attempts.
 *
 * And mobility grouping stays on. Where memory is less than so many pageblocks the kernel turns it off as it builds
 * zonelists, and then whoever ends an isolation puts free pages on a list that is not of their block's type:
 * docs/findings/unisolate-without-grouping.md. Machines are small here, so that nothing else would be found.
 *
 * And resources are from a table (resource_tree.c).
 */
#include <linux/memory_hotplug.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "world.h"

#define kfree(ptr) mmfuzz_kfree(ptr)
#define signal_pending(task) mmfuzz_patience_ends()

#define build_all_zonelists(node) \
	do { \
		build_all_zonelists(node); \
		page_group_by_mobility_disabled = 0; \
	} while (0)

#include "mm/memory_hotplug.c"
