// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree's wait queues and completions. Its kernel/sched has no files that are compiled by themselves: they are included
 * by others, behind the headers of the scheduler. So here.
 */
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/sched/debug.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mmu_context.h>
#include <linux/poll.h>
#include <linux/swait.h>
#include <linux/wait_bit.h>

#include "kernel/sched/sched.h"

#include "kernel/sched/wait.c"
#include "kernel/sched/wait_bit.c"
#include "kernel/sched/swait.c"
#include "kernel/sched/completion.c"
