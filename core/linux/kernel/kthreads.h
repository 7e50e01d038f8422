/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's threads of a node: kswapd and kcompactd (kthreads.c), and the parts of them that are theirs alone, each in the file
 * of the tree that it is from.
 */
#ifndef MMFUZZ_LINUX_KTHREADS_H
#define MMFUZZ_LINUX_KTHREADS_H

#include <linux/types.h>

/* Its plain accesses are none that the woven machine sees; marked ones are, and are points of a schedule. */
#define UNSEEN __attribute__((no_sanitize("thread")))

struct gate_config;
struct pglist_data;
struct task_struct;

/* Before there are objects; once the machine runs, and has reported what is free. */
void mmfuzz_reserve_kthreads(const struct gate_config *config);
void mmfuzz_setup_kthreads(void);
/* What the threads of this CPU were woken for, with nothing under them or not; it has done an operation more, or has nothing left. */
void mmfuzz_play_kthreads(bool outermost);
void mmfuzz_kthreads_time(bool idle);
/* Who sleeps may wait for one of them. */
void mmfuzz_hurry_kthreads(void);
/* How often the thread whose task this is has waited in vain since it was woken; NULL: the task is a CPU's. */
unsigned int *mmfuzz_kthread_timeouts(struct task_struct *task);
/* Nobody who waits for pages that others have isolated may be killed for it twice (sched.c). */
void mmfuzz_revive(struct task_struct *task, unsigned int *timeouts);

/* What kswapd keeps from one time that it balances its node to the next. */
struct mmfuzz_kswapd {
	unsigned int alloc_order; /* that was asked for */
	unsigned int reclaim_order; /* for which it has reclaimed: no larger */
	unsigned int highest_zoneidx;
	bool slept;
};

/* vmscan_tree.c */
void mmfuzz_kswapd_starts(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd);
/* Once: the node may be as it was, and nothing for it to do but to try again. */
void mmfuzz_kswapd_balances(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd);
/* It is on its wait queue by now. */
bool mmfuzz_kswapd_may_sleep(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd);

/* compaction_tree.c */
void mmfuzz_setup_compaction(void);
void mmfuzz_kcompactd_starts(struct pglist_data *pgdat);
bool mmfuzz_kcompactd_is_wanted(struct pglist_data *pgdat);
void mmfuzz_kcompactd_works(struct pglist_data *pgdat);

#endif /* MMFUZZ_LINUX_KTHREADS_H */
