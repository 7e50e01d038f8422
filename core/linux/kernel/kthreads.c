// SPDX-License-Identifier: GPL-2.0-only
/*
 * Differs on purpose: kernel threads. There are two of each node, kswapd and kcompactd, in machines whose zones have watermarks.
 * A thread has a task of its own, but no stack: what it does between two sleeps a CPU does in its task, whenever that CPU looks
 * for work (work.c), kswapd's also in the midst of an operation or of a work that sleeps. When it sleeps it is on the wait queue
 * that the tree's functions wake, by an entry of its own. Must not know how memory is reclaimed or compacted (vmscan_tree.c,
 * compaction_tree.c).
 *
 * kswapd tries again at once while its node is not balanced, up to 16 times without success. Here it lets others have as
 * much time as it had: the next time comes some operations later, or as soon as somebody waits for it.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/wait.h>
/* Wants these before it. */
#include <linux/compaction.h>

#include "../gate.h"
#include "kthreads.h"
#include "lockdep.h"
#include "world.h"

enum kind { KSWAPD, KCOMPACTD, NR_KINDS };

/* Operations of its CPU; as for delayed work. */
#define DELAY 16u

struct thread {
	struct task_struct task;
	struct signal_struct signals;
	struct pglist_data *pgdat; /* NULL: it has never begun */
	enum kind kind;
	struct wait_queue_entry sleeper; /* on the queue while it sleeps */
	unsigned int wanted; /* it is to do something; set by anybody */
	/* Of its CPU. */
	bool playing;
	unsigned int later; /* operations until it wants to do something */
	unsigned int timeouts;
	unsigned long turns;
	struct mmfuzz_kswapd kswapd;
	bool stopped;
};

/* By nodes. From the memory of the boot: a reset has less to put back where there are fewer. */
static struct thread (*threads)[NR_KINDS];
static unsigned int nr_nodes;

/* Threads that do not sleep: nobody has to look at them if there are none. A hint, so in no order. */
static unsigned int nr_awake;

static UNSEEN void count_awake(unsigned int change)
{
	__atomic_fetch_add(&nr_awake, change, __ATOMIC_RELAXED);
}

static UNSEEN bool any_awake(void)
{
	return __atomic_load_n(&nr_awake, __ATOMIC_RELAXED);
}

static wait_queue_head_t *queue_of(struct thread *thread)
{
	return thread->kind == KSWAPD ? &thread->pgdat->kswapd_wait :
					&thread->pgdat->kcompactd_wait;
}

/* Each has a CPU of its own, as far as there are enough. In sequence it is that of whoever looks for work. */
static bool is_mine(const struct thread *thread)
{
	return gate_in_sequence() ||
	       (thread->pgdat->node_id * NR_KINDS + thread->kind) % nr_cpu_ids ==
		       raw_smp_processor_id();
}

static void want(struct thread *thread)
{
	/* Release: pairs with the xchg() of who plays it, which then sees for what. */
	smp_store_release(&thread->wanted, 1);
}

/* Called by who wakes it, under the lock of the queue. */
static int woken(struct wait_queue_entry *sleeper, unsigned int mode, int flags, void *key)
{
	struct thread *thread = container_of(sleeper, struct thread, sleeper);

	list_del_init(&sleeper->entry);
	count_awake(1);
	WRITE_ONCE(thread->task.__state, TASK_RUNNING);
	want(thread);
	return 1;
}

static void lie_down(struct thread *thread)
{
	wait_queue_head_t *queue = queue_of(thread);
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	/* Not for wake_up_process(), by which who has made it has it begin: it has begun. */
	WRITE_ONCE(thread->task.__state, TASK_PARKED);
	if (list_empty(&thread->sleeper.entry)) {
		__add_wait_queue(queue, &thread->sleeper);
		count_awake(-1);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	/* As prepare_to_wait() has it: then it looks whether there is something to do. Pairs with wq_has_sleeper() of who wakes. */
	smp_mb();
}

/* Whether nobody else has woken it. */
static bool get_up(struct thread *thread)
{
	wait_queue_head_t *queue = queue_of(thread);
	unsigned long flags;
	bool lay;

	spin_lock_irqsave(&queue->lock, flags);
	lay = !list_empty(&thread->sleeper.entry);
	list_del_init(&thread->sleeper.entry);
	count_awake(lay);
	WRITE_ONCE(thread->task.__state, TASK_RUNNING);
	spin_unlock_irqrestore(&queue->lock, flags);
	return lay;
}

static void play_kswapd(struct thread *thread)
{
	mmfuzz_kswapd_balances(thread->pgdat, &thread->kswapd);
	lie_down(thread);
	if (mmfuzz_kswapd_may_sleep(thread->pgdat, &thread->kswapd) || !get_up(thread))
		return;
	if (waitqueue_active(&thread->pgdat->pfmemalloc_wait))
		want(thread);
	else
		thread->later = DELAY;
}

static void play_kcompactd(struct thread *thread)
{
	mmfuzz_kcompactd_works(thread->pgdat);
	lie_down(thread);
	if (mmfuzz_kcompactd_is_wanted(thread->pgdat) && get_up(thread))
		want(thread);
}

/* In its task, on whatever stack the CPU is. */
static void play(struct thread *thread)
{
	unsigned int cpu = raw_smp_processor_id();
	struct task_struct *under = current;

	WRITE_ONCE(thread->playing, true);
	/* Either who stops it waits, or it sees that. Pairs with kthread_stop(). */
	smp_mb();
	if (!READ_ONCE(thread->stopped)) {
		task_thread_info(&thread->task)->cpu = cpu;
		thread->task.cpus_ptr = cpumask_of(cpu);
		mmfuzz_tasks[cpu] = &thread->task;
		thread->turns++;
		thread->later = 0;
		if (thread->kind == KSWAPD)
			play_kswapd(thread);
		else
			play_kcompactd(thread);
		mmfuzz_revive(&thread->task, &thread->timeouts);
		mmfuzz_tasks[cpu] = under;
	}
	/* Release: who stops it sees all that it did. */
	smp_store_release(&thread->playing, false);
}

#define for_each_thread(thread)                                                        \
	for (struct thread *thread = threads[0]; thread < threads[nr_nodes]; thread++) \
		if (thread->pgdat)

/*
 * kcompactd waits for folios that are locked, and tries again where somebody is about to free a page, where kswapd goes on. What is
 * under it on its CPU's stack would be waited for without end; nobody waits for kcompactd.
 */
static bool may_play(const struct thread *thread, bool outermost)
{
	return !READ_ONCE(thread->playing) && (thread->kind != KCOMPACTD || outermost);
}

void mmfuzz_play_kthreads(bool outermost)
{
	if (!any_awake())
		return;
	for_each_thread(thread) {
		while (READ_ONCE(thread->wanted) && is_mine(thread) && may_play(thread, outermost) &&
		       xchg(&thread->wanted, 0))
			play(thread);
	}
}

void mmfuzz_kthreads_time(bool idle)
{
	if (!any_awake())
		return;
	for_each_thread(thread) {
		if (is_mine(thread) && thread->later && (!--thread->later || idle)) {
			thread->later = 0;
			want(thread);
		}
	}
}

void mmfuzz_hurry_kthreads(void)
{
	if (!any_awake())
		return;
	for_each_thread(thread) {
		if (thread->kind == KSWAPD && READ_ONCE(thread->task.__state) == TASK_RUNNING &&
		    waitqueue_active(&thread->pgdat->pfmemalloc_wait))
			want(thread);
	}
}

/*
 * Without PF_KTHREAD kcompactd waits when too many pages are isolated, and is killed if they stay so (sched.c). With it, it
 * would look again and again until they come back, which is never if it is the program that has them.
 */
static const unsigned int flags_of[] = {
	[KSWAPD] = PF_KTHREAD | PF_MEMALLOC | PF_KSWAPD,
	[KCOMPACTD] = PF_KCOMPACTD,
};

static const char *const names[] = { [KSWAPD] = "kswapd", [KCOMPACTD] = "kcompactd" };

/* It begins, and sleeps at once. */
static void start(struct thread *thread, enum kind kind, struct pglist_data *pgdat)
{
	struct task_struct *task = &thread->task;

	memset(thread, 0, sizeof(*thread));
	refcount_set(&task->usage, 1);
	task->pid = task->tgid = nr_cpu_ids + pgdat->node_id * NR_KINDS + kind + 1;
	task->nr_cpus_allowed = 1;
	task->signal = &thread->signals;
	task->cpus_ptr = cpumask_of(0);
	task->flags = flags_of[kind];
	mmfuzz_lockdep_task(task, names[kind], pgdat->node_id);
	thread->kind = kind;
	thread->pgdat = pgdat;
	init_waitqueue_func_entry(&thread->sleeper, woken);
	INIT_LIST_HEAD(&thread->sleeper.entry);
	if (kind == KSWAPD)
		mmfuzz_kswapd_starts(pgdat, &thread->kswapd);
	else
		mmfuzz_kcompactd_starts(pgdat);
	count_awake(1);
	lie_down(thread);
}

/* The kernel goes on without those that it cannot have. */
struct task_struct *kthread_create_on_node(int (*fn)(void *), void *data, int node,
					   const char *format, ...)
{
	enum kind kind = strncmp(format, names[KSWAPD], strlen(names[KSWAPD])) ? KCOMPACTD : KSWAPD;
	struct pglist_data *pgdat = data;

	if (pgdat->node_id >= nr_nodes)
		return ERR_PTR(-ENOMEM);
	start(&threads[pgdat->node_id][kind], kind, pgdat);
	return &threads[pgdat->node_id][kind].task;
}

int kthread_stop(struct task_struct *task)
{
	struct thread *thread = container_of(task, struct thread, task);

	WRITE_ONCE(thread->stopped, true);
	/* Pairs with play(). */
	smp_mb();
	/* Acquire: pairs with the release at the end of that. */
	while (smp_load_acquire(&thread->playing)) {
		gate_run_bound_work();
		mmfuzz_relax();
	}
	get_up(thread);
	count_awake(-1);
	WRITE_ONCE(thread->task.__state, TASK_DEAD);
	return 0;
}

bool kthread_should_stop(void)
{
	return false;
}

bool kthread_freezable_should_stop(bool *was_frozen)
{
	if (was_frozen)
		*was_frozen = false;
	return false;
}

void mmfuzz_reserve_kthreads(const struct gate_config *config)
{
	for (unsigned int i = 0; i < config->nr_zones; i++)
		nr_nodes = max(nr_nodes, config->zones[i].nid + 1);
	threads = memblock_alloc(nr_nodes * sizeof(*threads), SMP_CACHE_BYTES);
}

void mmfuzz_setup_kthreads(void)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		kswapd_run(nid);
		kcompactd_run(nid);
	}
}

UNSEEN unsigned int *mmfuzz_kthread_timeouts(struct task_struct *task)
{
	const char *start = (const char *)threads;

	if ((const char *)task < start || (const char *)task >= start + nr_nodes * sizeof(*threads))
		return NULL;
	return &container_of(task, struct thread, task)->timeouts;
}

void gate_kthreads(struct gate_kthreads *now)
{
	*now = (struct gate_kthreads){ 0 };
	for_each_thread(thread) {
		if (thread->kind == KSWAPD)
			now->kswapd += thread->turns;
		else
			now->kcompactd += thread->turns;
		now->awake += thread->task.__state == TASK_RUNNING;
	}
}

void gate_kthreads_rest(void)
{
	struct gate_kthreads now;

	for (gate_kthreads(&now); now.awake; gate_kthreads(&now)) {
		for_each_thread(thread) {
			if (thread->task.__state == TASK_RUNNING)
				want(thread);
		}
		mmfuzz_play_kthreads(true);
	}
}
