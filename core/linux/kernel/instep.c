// SPDX-License-Identifier: GPL-2.0-only
/*
 * Must stay in step with the kernel: small parts of it that its own files would bring much else along with. Where a tree
 * changes one of these, this has to change too.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/memory-tiers.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>

#include "../gate.h"
#include "world.h"

/* kernel/cpu.c */
struct cpumask __cpu_possible_mask;
struct cpumask __cpu_online_mask;
struct cpumask __cpu_present_mask;
struct cpumask __cpu_active_mask;
struct cpumask __cpu_dying_mask;
atomic_t __num_online_cpus;

#ifndef set_cpu_possible
#ifdef HAVE_NUM_POSSIBLE_CPUS
unsigned int __num_possible_cpus;
#endif

void set_cpu_possible(unsigned int cpu, bool possible)
{
	if (possible)
		cpumask_set_cpu(cpu, &__cpu_possible_mask);
	else
		cpumask_clear_cpu(cpu, &__cpu_possible_mask);
#ifdef HAVE_NUM_POSSIBLE_CPUS
	__num_possible_cpus = cpumask_weight(&__cpu_possible_mask);
#endif
}
#endif

void set_cpu_online(unsigned int cpu, bool online)
{
	if (online)
		cpumask_set_cpu(cpu, &__cpu_online_mask);
	else
		cpumask_clear_cpu(cpu, &__cpu_online_mask);
	atomic_set(&__num_online_cpus, cpumask_weight(&__cpu_online_mask));
}

/* kernel/cpu.c: first row of each offset is a mask of one bit. */
#define ROW(x)	  [x + 1][0] = 1ul << (x)
#define ROWS8(x)  ROW(x), ROW(x + 1), ROW(x + 2), ROW(x + 3), ROW(x + 4), ROW(x + 5), ROW(x + 6), ROW(x + 7)
const unsigned long cpu_bit_bitmap[BITS_PER_LONG + 1][BITS_TO_LONGS(NR_CPUS)] = {
	ROWS8(0), ROWS8(8), ROWS8(16), ROWS8(24), ROWS8(32), ROWS8(40), ROWS8(48), ROWS8(56),
};

/* kernel/smp.c */
unsigned int nr_cpu_ids __read_mostly = NR_CPUS;

/* init/main.c, kernel/time */
enum system_states system_state;
bool static_key_initialized = true;
unsigned long volatile jiffies = INITIAL_JIFFIES;

#ifndef HAVE_INLINE_JIFFIES
unsigned int jiffies_to_usecs(const unsigned long j)
{
	return j * (USEC_PER_SEC / HZ);
}
#endif

/* drivers/base/arch_numa.c */
struct pglist_data *node_data[MAX_NUMNODES];
static struct pglist_data nodes[MAX_NUMNODES];

void mmfuzz_setup_nodes(void)
{
	for (int nid = 0; nid < MAX_NUMNODES; nid++)
		node_data[nid] = &nodes[nid];
}

void alloc_offline_node_data(int nid)
{
}

const struct cpumask *mmfuzz_cpumask_of_node(int node)
{
	return node == 0 ? cpu_online_mask : cpu_none_mask;
}

/* mm/mempolicy.c: the default policy, the node at hand first. */
struct page *alloc_pages_noprof(gfp_t gfp, unsigned int order)
{
	return __alloc_pages_noprof(gfp, order, numa_node_id(), NULL);
}

struct folio *folio_alloc_noprof(gfp_t gfp, unsigned int order)
{
	return __folio_alloc_noprof(gfp, order, numa_node_id(), NULL);
}

/* lib/dump_stack.c and kernel/printk, kernel/panic.c: a line goes to the host, and a warning is a finding. */
int _printk(const char *format, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vscnprintf(line, sizeof(line), format, args);
	va_end(args);
	gate_log(line);
	return len;
}

void panic(const char *format, ...)
{
	mmfuzz_bug("kernel panic", "panic", "%s", format);
}

/* What the tree is called on the machine at hand is no part of a title. */
static const char *within_tree(const char *file)
{
	const unsigned long len = sizeof(MMFUZZ_TREE) - 1;

	return strncmp(file, MMFUZZ_TREE, len) ? file : file + len;
}

void warn_slowpath_fmt(const char *file, int line, unsigned int taint, const char *format, ...)
{
	char text[256] = "";
	va_list args;

	if (format) {
		va_start(args, format);
		vscnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	mmfuzz_bug("kernel WARNING", within_tree(file), "line %d %s", line, text);
}

/* mm/memory.c, mm/mempolicy.c, mm/vmscan.c, mm/oom_kill.c */
__weak void *high_memory;
unsigned long highest_memmap_pfn;
#ifndef HAVE_ZERO_PAGE_PFN
unsigned long zero_pfn;
#endif
enum zone_type policy_zone;
DEFINE_MUTEX(oom_lock);

/* mm/memory-tiers.c: there are no tiers. */
bool numa_demotion_enabled;

/* kernel/exit.c; a task of ours is there for ever, so nobody has to hold on to it. */
int rcuwait_wake_up(struct rcuwait *wait)
{
	struct task_struct *task;

	/* The condition is written before the task is looked at: pairs with the barrier of rcuwait_wait_event(). */
	smp_mb();
	task = READ_ONCE(wait->task);
	return task ? wake_up_process(task) : 0;
}

__weak void finish_rcuwait(struct rcuwait *wait)
{
	WRITE_ONCE(current->__state, TASK_RUNNING);
	WRITE_ONCE(wait->task, NULL);
}

/* kernel/fork.c */
DEFINE_SPINLOCK(mmlist_lock);
