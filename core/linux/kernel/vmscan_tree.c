// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's reclaim, and what kswapd does between two sleeps. Its own loop does not end, and has the stack of a thread, which
 * a CPU here has one of: so the loop is in kthreads.c, and its steps are here, in the tree's order.
 *
 * Who waits in vain for pages that others have isolated is killed (sched.c). Reclaim takes that for progress, as one who
 * dies gives its memory back; nobody dies here, and who allocates would try again without end.
 *
 * And who is to wait until kswapd has made room looks so often, as often as that tries in vain, and goes on. There may be none to
 * be made, where kswapd looks at all zones and who waits at some; and it may be the program itself that has it.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "mm/internal.h"

#include "kthreads.h"

#define fatal_signal_pending(task) ((void)(task), false)

#undef wait_event_killable
#define wait_event_killable(queue, condition)                                                      \
	({                                                                                         \
		unsigned int looks = 0;                                                            \
                                                                                                   \
		(condition) ? 0 :                                                                  \
			      __wait_event_killable(queue,                                         \
						    (condition) || looks++ > MAX_RECLAIM_RETRIES); \
	})

#include "mm/vmscan.c"

void mmfuzz_kswapd_starts(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd)
{
	WRITE_ONCE(pgdat->kswapd_order, 0);
	WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
	atomic_set(&pgdat->nr_writeback_throttled, 0);
	*kswapd = (struct mmfuzz_kswapd){ .highest_zoneidx = MAX_NR_ZONES - 1, .slept = true };
}

void mmfuzz_kswapd_balances(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd)
{
	/* Counters are not to be far off while memory is short. */
	if (kswapd->slept)
		set_pgdat_percpu_threshold(pgdat, calculate_pressure_threshold);
	kswapd->slept = false;
	kswapd->alloc_order = READ_ONCE(pgdat->kswapd_order);
	kswapd->highest_zoneidx = kswapd_highest_zoneidx(pgdat, kswapd->highest_zoneidx);
	WRITE_ONCE(pgdat->kswapd_order, 0);
	WRITE_ONCE(pgdat->kswapd_highest_zoneidx, MAX_NR_ZONES);
	kswapd->reclaim_order = balance_pgdat(pgdat, kswapd->alloc_order, kswapd->highest_zoneidx);
	if (kswapd->reclaim_order < kswapd->alloc_order)
		return;
	/* Unless it has given up on that order, what counts is what was asked for meanwhile. */
	kswapd->alloc_order = kswapd->reclaim_order = READ_ONCE(pgdat->kswapd_order);
	kswapd->highest_zoneidx = kswapd_highest_zoneidx(pgdat, kswapd->highest_zoneidx);
}

/* The short sleep before the long one is over at once: who wakes it then finds it on its queue. */
bool mmfuzz_kswapd_may_sleep(struct pglist_data *pgdat, struct mmfuzz_kswapd *kswapd)
{
	if (!prepare_kswapd_sleep(pgdat, kswapd->reclaim_order, kswapd->highest_zoneidx))
		return false;
	reset_isolation_suitable(pgdat);
	wakeup_kcompactd(pgdat, kswapd->alloc_order, kswapd->highest_zoneidx);
	if (!prepare_kswapd_sleep(pgdat, kswapd->reclaim_order, kswapd->highest_zoneidx))
		return false;
	set_pgdat_percpu_threshold(pgdat, calculate_normal_threshold);
	kswapd->slept = true;
	return true;
}
