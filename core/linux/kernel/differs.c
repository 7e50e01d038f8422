// SPDX-License-Identifier: GPL-2.0-only
/*
 * Differs on purpose from the kernel: what the machine does otherwise. The memmap and the contents of frames are
 * mappings that cost nothing until they are touched.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "../gate.h"
#include "unaccepted.h"
#include "world.h"

int vmemmap_populate(unsigned long start, unsigned long end, int node, struct vmem_altmap *altmap)
{
	return 0;
}

void vmemmap_free(unsigned long start, unsigned long end, struct vmem_altmap *altmap)
{
}

void copy_highpage(struct page *to, struct page *from)
{
	mmfuzz_must_be_accepted(page_to_pfn(from), 1, "copy_highpage");
	mmfuzz_must_be_accepted(page_to_pfn(to), 1, "copy_highpage");
	copy_page(page_address(to), page_address(from));
}

void __rcu_read_lock(void)
{
	mmfuzz_rcu_read_lock();
}

void __rcu_read_unlock(void)
{
	mmfuzz_rcu_read_unlock();
}

void synchronize_rcu(void)
{
	mmfuzz_synchronize_rcu();
}

void call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	mmfuzz_call_rcu(head, (void (*)(void *))func);
}

void synchronize_rcu_expedited(void)
{
	mmfuzz_synchronize_rcu();
}
