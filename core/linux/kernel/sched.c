// SPDX-License-Identifier: GPL-2.0-only
/*
 * Must stay in step with the kernel: tasks, sleeping and waking, as far as they concern an operation of a CPU. Each CPU has
 * one task. Whoever sleeps waits for another CPU; whoever is woken looks again.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/wake_q.h>

#include "../gate.h"
#include "kthreads.h"
#include "lockdep.h"
#include "world.h"

struct task_struct init_task;
/* Per CPU, so that what a reset puts back is of the CPUs that there are. */
static DEFINE_PER_CPU(struct signal_struct, signals);
static DEFINE_PER_CPU(struct task_struct, tasks);
struct task_struct *mmfuzz_tasks[NR_CPUS];
unsigned long mmfuzz_irqs_off[NR_CPUS];

void mmfuzz_setup_tasks(void)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct task_struct *task = per_cpu_ptr(&tasks, cpu);

		mmfuzz_tasks[cpu] = task;
		task->thread_info.cpu = cpu;
		refcount_set(&task->usage, 1);
		task->pid = task->tgid = cpu + 1;
		task->__state = TASK_RUNNING;
		task->nr_cpus_allowed = 1;
		task->signal = per_cpu_ptr(&signals, cpu);
		task->cpus_ptr = cpumask_of(cpu);
	}
	mmfuzz_setup_lockdep();
}

static bool is_awake(void)
{
	/* Acquire: pairs with the release of who wakes, in try_to_wake_up(). */
	return smp_load_acquire(&current->__state) == TASK_RUNNING;
}

void schedule(void)
{
	while (!is_awake()) {
		gate_run_bound_work();
		mmfuzz_hurry_kthreads();
		/* Again: on the woven machine who relaxes waits for what is written from here on. */
		if (!is_awake())
			mmfuzz_relax();
	}
}

void io_schedule(void)
{
	schedule();
}

void preempt_schedule(void)
{
}

void preempt_schedule_notrace(void)
{
}

int try_to_wake_up(struct task_struct *task, unsigned int state, int flags)
{
	/*
	 * Full, as is promised to who wakes (memory-barriers.txt): it has written what is waited for, and looks whether
	 * somebody sleeps. Pairs with the one of set_current_state(), after which who is about to sleep looks for that:
	 * at least one of the two sees the other, or nobody would wake it.
	 */
	smp_mb();
	if (!(READ_ONCE(task->__state) & state))
		return 0;
	/* Release: pairs with the acquire of who sleeps, in schedule(). */
	smp_store_release(&task->__state, TASK_RUNNING);
	return 1;
}

int wake_up_process(struct task_struct *task)
{
	return try_to_wake_up(task, TASK_NORMAL, 0);
}

int wake_up_state(struct task_struct *task, unsigned int state)
{
	return try_to_wake_up(task, state, 0);
}

void gate_sleep(const int *said)
{
	for (;;) {
		/* With the barrier that the one of try_to_wake_up() pairs with. */
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (smp_load_acquire(said))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

void gate_wake(int *said, unsigned int cpu)
{
	smp_store_release(said, 1);
	wake_up_process(mmfuzz_tasks[cpu]);
}

int gate_write_and_read(int *mine, const int *theirs)
{
	WRITE_ONCE(*mine, 1);
	return READ_ONCE(*theirs);
}

int gate_write_and_replace(int *word, int *same)
{
	int old;

	WRITE_ONCE(*word, 1);
	old = *same;
	*same = 2;
	return old;
}

int default_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	return try_to_wake_up(entry->private, mode, flags);
}

/* Others have had time to do what is waited for. */
#define TURNS 16u

static UNSEEN bool is_reclaiming(const struct task_struct *task)
{
	return task->reclaim_state;
}

/*
 * Who reclaims waits again and again, for what it needs not have: in parallel the others get on meanwhile, and 16 turns each
 * time were most of what such a run did. On the woven machine a turn is where they get on, and each is a point.
 */
static unsigned int turns_of(const struct task_struct *task)
{
#ifndef MMFUZZ_WEAVE
	if (is_reclaiming(task))
		return 1;
#endif
	return gate_in_sequence() ? 1 : TURNS;
}

static unsigned int timeouts[NR_CPUS];

/* In parallel these are other CPUs' to fold. */
void mmfuzz_fold_counters(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		cpu_vm_stats_fold(cpu);
}

/*
 * Until another CPU wakes it, or has not for some turns. Who waits like that again within one operation waits for what
 * does not come: a page that somebody keeps isolated for longer. It is killed, as an administrator would do.
 */
long schedule_timeout(long timeout)
{
	struct task_struct *task = current;
	unsigned int *nr;

	for (unsigned int turn = turns_of(task); turn; turn--) {
		/* Acquire: pairs with the release of who wakes, in try_to_wake_up(). */
		if (smp_load_acquire(&task->__state) == TASK_RUNNING)
			return timeout;
		gate_run_bound_work();
		mmfuzz_relax();
	}
	WRITE_ONCE(task->__state, TASK_RUNNING);
	/*
	 * Time passes for who waits: by then vmstat's worker would have been here. Without it what a CPU counted for itself stays
	 * out of the sums, and who finds too many pages isolated waits for nothing.
	 */
	if (gate_in_sequence())
		mmfuzz_fold_counters();
	/* Who reclaims waits once, and then does without those pages. */
	if (is_reclaiming(task))
		return 0;
	nr = mmfuzz_kthread_timeouts(task) ?: &timeouts[task_cpu(task)];
	if ((*nr)++) {
		sigaddset(&task->pending.signal, SIGKILL);
		set_tsk_thread_flag(task, TIF_SIGPENDING);
	}
	return 0;
}

void mmfuzz_revive(struct task_struct *task, unsigned int *timeouts)
{
	if (!*timeouts)
		return;
	*timeouts = 0;
	sigdelset(&task->pending.signal, SIGKILL);
	clear_tsk_thread_flag(task, TIF_SIGPENDING);
}

void mmfuzz_revive_current(void)
{
	mmfuzz_revive(current, &timeouts[task_cpu(current)]);
}

void gate_revive(void)
{
	/* As whoever goes back to user space: it holds no lock. */
	lockdep_sys_exit();
	mmfuzz_revive_current();
}

/*
 * The queue is the caller's own; the link in a task is of whoever put it there first, who then wakes it. In front: who is
 * woken first is nobody's business here.
 */
void wake_q_add(struct wake_q_head *head, struct task_struct *task)
{
	if (!cmpxchg(&task->wake_q.next, NULL, head->first))
		head->first = &task->wake_q;
}

void wake_q_add_safe(struct wake_q_head *head, struct task_struct *task)
{
	wake_q_add(head, task);
}

void wake_up_q(struct wake_q_head *head)
{
	while (head->first != WAKE_Q_TAIL) {
		struct task_struct *task = container_of(head->first, struct task_struct, wake_q);

		/* Before it is woken: who finds it on no queue any more must be able to wake it again. */
		head->first = xchg(&task->wake_q.next, NULL);
		wake_up_process(task);
	}
}

void schedule_preempt_disabled(void)
{
	preempt_enable_no_resched();
	schedule();
	preempt_disable();
}

long schedule_timeout_uninterruptible(long timeout)
{
	__set_current_state(TASK_UNINTERRUPTIBLE);
	return schedule_timeout(timeout);
}
