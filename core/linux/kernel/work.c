// SPDX-License-Identifier: GPL-2.0-only
/*
 * Must stay in step with the kernel: workqueues. What is queued for a CPU is run by that CPU, between its operations and when it
 * has nothing else to do any more, or by who waits for it. There are no worker threads, and a worker has no stack: what is under
 * it on a CPU's may have locks, which it would wait for without end. So works are only begun with nothing under them, but for
 * those of mm_percpu_wq, and others that are there to be done by each CPU, for whoever waits: they take no lock that anybody sleeps
 * with, and are run whenever their CPU sleeps, also while it does another work; in sequence who waits plays that CPU.
 *
 * And time stands still: it passes with the operations of a CPU. Work that is delayed, however long, is due after so many more of
 * the CPU that queued it, or once that has nothing left to do.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "../gate.h"
#include "host.h"
#include "kthreads.h"
#include "world.h"

struct workqueue_struct {
	const char *name;
};

/* Some frees meet in a report, and a program is not all reports. */
#define DELAY 16ul
#define NEVER ULONG_MAX

struct cpu_work {
	raw_spinlock_t lock;
	struct list_head bound; /* to be run whenever the CPU sleeps */
	struct list_head pending; /* all others, to be begun with nothing under them */
	struct work_struct *running; /* of those */
	/* By when they are due, which is in the timer that they do not have. */
	struct list_head delayed;
	unsigned long due; /* the first of them may be, by @operations of the CPU, which nobody else writes */
	unsigned long operations;
};
static struct cpu_work cpu_works[NR_CPUS];
static struct workqueue_struct the_workqueue = { .name = "mmfuzz" };
static struct workqueue_struct bound_workqueue = { .name = "bound" };
/* In a work's word: it was queued there. */
#define BOUND_BIT WORK_STRUCT_INACTIVE_BIT

struct workqueue_struct *system_wq = &the_workqueue;
struct workqueue_struct *system_percpu_wq = &the_workqueue;
struct workqueue_struct *system_highpri_wq = &the_workqueue;
struct workqueue_struct *system_unbound_wq = &the_workqueue;
struct workqueue_struct *system_dfl_wq = &the_workqueue;
struct workqueue_struct *system_freezable_wq = &the_workqueue;
extern struct workqueue_struct *mm_percpu_wq;

void mmfuzz_setup_work(void)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++) {
		raw_spin_lock_init(&cpu_works[cpu].lock);
		INIT_LIST_HEAD(&cpu_works[cpu].bound);
		INIT_LIST_HEAD(&cpu_works[cpu].pending);
		INIT_LIST_HEAD(&cpu_works[cpu].delayed);
		cpu_works[cpu].due = NEVER;
	}
	mm_percpu_wq = &bound_workqueue;
}

static void begin(struct cpu_work *works, struct work_struct *work)
{
	/* Release: who sees this sees as well what the one before has done. Pairs with is_running(), runs_on(). */
	smp_store_release(&works->running, work);
	/* Release: who sees that it is not pending sees that it runs, or what it did. Pairs with is_busy(). */
	clear_bit_unlock(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
}

static struct work_struct *next_work(struct cpu_work *works)
{
	struct work_struct *work;
	unsigned long flags;

	raw_spin_lock_irqsave(&works->lock, flags);
	work = list_first_entry_or_null(&works->pending, struct work_struct, entry);
	if (work) {
		list_del_init(&work->entry);
		begin(works, work);
	}
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return work;
}

static void run(struct cpu_work *works, struct work_struct *work)
{
	work->func(work);
	/* Release: who waits sees what the work has done. Pairs with is_running(), runs_on(). */
	smp_store_release(&works->running, NULL);
}

/* Whether anything is on the list: a guess. */
static UNSEEN bool may_be_some(struct list_head *list)
{
	return __atomic_load_n(&list->next, __ATOMIC_RELAXED) != list;
}

static UNSEEN bool is_bound(const struct work_struct *work)
{
	return __atomic_load_n(work_data_bits(work), __ATOMIC_RELAXED) & BIT(BOUND_BIT);
}

static UNSEEN void mark_bound(struct work_struct *work)
{
	__atomic_fetch_or(work_data_bits(work), BIT(BOUND_BIT), __ATOMIC_RELAXED);
}

static struct work_struct *next_bound(struct cpu_work *works)
{
	struct work_struct *work;
	unsigned long flags;

	raw_spin_lock_irqsave(&works->lock, flags);
	work = list_first_entry_or_null(&works->bound, struct work_struct, entry);
	if (work)
		list_del_init(&work->entry);
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return work;
}

/* Nobody queues one of these again before it is done: so long it is pending. */
static void run_bound(struct cpu_work *works)
{
	struct work_struct *work;

	while (may_be_some(&works->bound) && (work = next_bound(works))) {
		work->func(work);
		/* Release: who waits sees what the work has done. Pairs with is_busy(). */
		clear_bit_unlock(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	}
}

static void run_bound_work(bool outermost)
{
	mmfuzz_host_turn();
	mmfuzz_play_kthreads(outermost);
	run_bound(&cpu_works[raw_smp_processor_id()]);
}

void gate_run_bound_work(void)
{
	run_bound_work(false);
}

void gate_run_work(void)
{
	struct cpu_work *works = &cpu_works[raw_smp_processor_id()];
	struct work_struct *work;

	run_bound_work(true);
	while (!list_empty_careful(&works->pending) && (work = next_work(works))) {
		run(works, work);
		/* A worker is not killed for having waited, and nor is who comes after it on this CPU. */
		mmfuzz_revive_current();
	}
}

/*
 * Where it is run at the moment; nobody begins with it now, as it is pending and on no list yet. Acquire: who runs it next, and gets it
 * from here by a list, comes behind who ran it before. Pairs with run().
 */
static struct cpu_work *runs_on(struct work_struct *work)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (smp_load_acquire(&cpu_works[cpu].running) == work)
			return &cpu_works[cpu];
	}
	return NULL;
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	struct cpu_work *works = &cpu_works[cpu < nr_cpu_ids ? cpu : raw_smp_processor_id()];
	const bool bound = wq == &bound_workqueue;
	unsigned long flags;

	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return false;
	if (bound)
		mark_bound(work);
	else /* A work never runs twice at the same time: behind itself. */
		works = runs_on(work) ?: works;
	raw_spin_lock_irqsave(&works->lock, flags);
	list_add_tail(&work->entry, bound ? &works->bound : &works->pending);
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return true;
}

int gate_time_passes(int idle)
{
	struct cpu_work *works = &cpu_works[raw_smp_processor_id()];
	const unsigned long now = works->operations + 1, due = READ_ONCE(works->due);
	struct delayed_work *work, *next;
	unsigned long flags;

	mmfuzz_kthreads_time(idle);
	WRITE_ONCE(works->operations, now);
	if (due == NEVER || (due > now && !idle))
		return false;
	raw_spin_lock_irqsave(&works->lock, flags);
	WRITE_ONCE(works->due, NEVER);
	list_for_each_entry_safe(work, next, &works->delayed, work.entry) {
		if (work->timer.expires > now && !idle) {
			WRITE_ONCE(works->due, work->timer.expires);
			break;
		}
		list_move_tail(&work->work.entry, &works->pending);
	}
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return true;
}

static bool is_running(const struct work_struct *work)
{
	/* Acquire: pairs with the release of run() and begin(), so that what the work did is seen. */
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (smp_load_acquire(&cpu_works[cpu].running) == work)
			return true;
	}
	return false;
}

static bool is_busy(const struct work_struct *work)
{
	/* In this order: on its way it is running before it is not pending any more. Pairs with next_work(). */
	return test_bit_acquire(WORK_STRUCT_PENDING_BIT, work_data_bits(work)) || is_running(work);
}

/* For a while, if it is busy. */
static void wait_for(struct work_struct *work)
{
	gate_run_bound_work();
	if (!is_busy(work))
		return;
	/* In sequence nobody else will. */
	for (unsigned int cpu = 0; gate_in_sequence() && cpu < nr_cpu_ids; cpu++)
		gate_play(cpu, gate_run_bound_work);
	if (!gate_in_sequence())
		mmfuzz_relax();
}

static bool is_on(struct work_struct *work, struct list_head *list)
{
	struct work_struct *other;

	list_for_each_entry(other, list, entry) {
		if (other == work)
			return true;
	}
	return false;
}

/*
 * From the list that it is on, if it is on one: then it still counts as queued, and is the caller's. @due of a CPU that it was
 * delayed on stays: the look at what is due then is in vain.
 */
static bool take_off(struct work_struct *work)
{
	bool was = false;

	for (unsigned int cpu = 0; cpu < nr_cpu_ids && !was; cpu++) {
		struct cpu_work *works = &cpu_works[cpu];
		unsigned long flags;

		raw_spin_lock_irqsave(&works->lock, flags);
		was = is_on(work, &works->pending) || is_on(work, &works->bound) || is_on(work, &works->delayed);
		if (was)
			list_del_init(&work->entry);
		raw_spin_unlock_irqrestore(&works->lock, flags);
	}
	return was;
}

/*
 * In the task of who waits, who has no lock that the work takes: its own CPU may be sleeping, for a lock that who waits has. Not on
 * top of another work.
 */
static bool run_for(struct work_struct *work)
{
	struct cpu_work *works = &cpu_works[raw_smp_processor_id()];

	if (is_bound(work) || READ_ONCE(works->running) || !take_off(work))
		return false;
	/* Nobody begins with it now, but another CPU may still be at it: it was queued behind itself. */
	while (is_running(work)) {
		gate_run_bound_work();
		if (is_running(work))
			mmfuzz_relax();
	}
	begin(works, work);
	run(works, work);
	return true;
}

bool flush_work(struct work_struct *work)
{
	bool waited = false;

	for (; is_busy(work); waited = true) {
		if (!run_for(work))
			wait_for(work);
	}
	return waited;
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	struct cpu_work *works = &cpu_works[cpu < nr_cpu_ids ? cpu : raw_smp_processor_id()];
	unsigned long flags;

	if (!delay)
		return queue_work_on(cpu, wq, &work->work);
	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&work->work)))
		return false;
	raw_spin_lock_irqsave(&works->lock, flags);
	work->timer.expires = READ_ONCE(works->operations) + DELAY;
	if (works->due == NEVER)
		WRITE_ONCE(works->due, work->timer.expires);
	list_add_tail(&work->work.entry, &works->delayed);
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return true;
}

static bool take_back(struct work_struct *work)
{
	bool was = take_off(work);

	if (was)
		clear_bit_unlock(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	return was;
}

/*
 * As if it were queued, but on no list: nobody else queues it until it is let go. True if it was queued. Who has it otherwise
 * is about to put it on a list, or is another one who takes it back.
 */
static bool grab(struct work_struct *work)
{
	while (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work))) {
		if (take_off(work))
			return true;
		/* Who has it may wait for one who runs it, and that one for this CPU's kswapd. */
		gate_run_bound_work();
		if (test_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
			mmfuzz_relax();
	}
	return false;
}

/*
 * What runs may queue itself again as its last act, on a CPU that was already looked at: so it is grabbed first, and that is in
 * vain until nobody runs it any more.
 */
bool cancel_work_sync(struct work_struct *work)
{
	bool was = grab(work);

	while (is_running(work))
		wait_for(work);
	/* Release: who queues it next finds nobody who runs it. Pairs with the bit's test in queue_work_on(). */
	clear_bit_unlock(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	return was;
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	bool was = take_back(&work->work);

	queue_delayed_work_on(cpu, wq, work, delay);
	return was;
}

bool cancel_delayed_work(struct delayed_work *work)
{
	return take_back(&work->work);
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	return cancel_work_sync(&work->work);
}

bool flush_delayed_work(struct delayed_work *work)
{
	if (take_back(&work->work))
		queue_work_on(NR_CPUS, &the_workqueue, &work->work);
	return flush_work(&work->work);
}

/* SLUB has each CPU flush what it has, with locks that others sleep with. */
static struct workqueue_struct *queue_named(const char *name)
{
	return strstr(name, "slub_flush") ? &bound_workqueue : &the_workqueue;
}

/* Its name depends on the tree; what nobody calls is thrown out. */
#undef alloc_workqueue
struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active, ...)
{
	return queue_named(format);
}

struct workqueue_struct *alloc_workqueue_noprof(const char *format, unsigned int flags, int max_active, ...)
{
	return queue_named(format);
}

void destroy_workqueue(struct workqueue_struct *wq)
{
}

int schedule_on_each_cpu(work_func_t func)
{
	static struct work_struct works[NR_CPUS];
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		INIT_WORK(&works[cpu], func);
		queue_work_on(cpu, &bound_workqueue, &works[cpu]);
	}
	for_each_online_cpu(cpu)
		flush_work(&works[cpu]);
	return 0;
}

void delayed_work_timer_fn(struct timer_list *timer)
{
}

/* ---- for tests ---- */

static struct work_struct again;

static void queue_again(struct work_struct *work)
{
	queue_work_on(raw_smp_processor_id(), &the_workqueue, work);
}

void gate_queue_again(void)
{
	INIT_WORK(&again, queue_again);
	queue_again(&again);
}

int gate_cancel_again(void)
{
	cancel_work_sync(&again);
	return is_busy(&again);
}

static struct work_struct lone;
static unsigned int lone_left, lone_at_it;

static void run_alone(struct work_struct *work)
{
	if (xchg(&lone_at_it, 1))
		mmfuzz_bug("runs twice", "lone work", "while it runs");
	if (--lone_left)
		queue_work_on(raw_smp_processor_id(), &the_workqueue, work);
	xchg(&lone_at_it, 0);
}

void gate_queue_lone(unsigned int times)
{
	lone_left = times;
	INIT_WORK(&lone, run_alone);
	queue_work_on(raw_smp_processor_id(), &the_workqueue, &lone);
}

unsigned int gate_lone_left(void)
{
	return lone_left;
}

void gate_flush_lone(void)
{
	flush_work(&lone);
}
