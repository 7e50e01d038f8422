// SPDX-License-Identifier: GPL-2.0-only
/*
 * Must stay in step with the kernel: workqueues. What is queued for a CPU is run by that CPU, between its operations, when
 * it sleeps, and when it has nothing else to do any more; in sequence whoever waits for it plays that CPU meanwhile. There
 * are no worker threads, and time stands still: delayed work is as good as undelayed.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "../gate.h"
#include "host.h"
#include "world.h"

struct workqueue_struct {
	const char *name;
};

struct cpu_work {
	raw_spinlock_t lock;
	struct list_head pending;
	struct work_struct *running;
};
static struct cpu_work cpu_works[NR_CPUS];
static struct workqueue_struct the_workqueue = { .name = "mmfuzz" };

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
		INIT_LIST_HEAD(&cpu_works[cpu].pending);
	}
	mm_percpu_wq = &the_workqueue;
}

static struct work_struct *next_work(struct cpu_work *works)
{
	struct work_struct *work;
	unsigned long flags;

	raw_spin_lock_irqsave(&works->lock, flags);
	work = list_first_entry_or_null(&works->pending, struct work_struct, entry);
	if (work) {
		list_del_init(&work->entry);
		WRITE_ONCE(works->running, work);
		/* Release: who sees that it is not pending sees that it runs, or what it did. Pairs with is_busy(). */
		clear_bit_unlock(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
	}
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return work;
}

void gate_run_work(void)
{
	struct cpu_work *works = &cpu_works[raw_smp_processor_id()];
	struct work_struct *work;

	mmfuzz_host_turn();
	/* Not within one of them: a CPU has one worker. */
	if (READ_ONCE(works->running))
		return;
	while (!list_empty_careful(&works->pending) && (work = next_work(works))) {
		work->func(work);
		/* Release: who waits sees what the work has done. Pairs with is_busy(). */
		smp_store_release(&works->running, NULL);
	}
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	struct cpu_work *works = &cpu_works[cpu < nr_cpu_ids ? cpu : raw_smp_processor_id()];
	unsigned long flags;

	if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return false;
	raw_spin_lock_irqsave(&works->lock, flags);
	list_add_tail(&work->entry, &works->pending);
	raw_spin_unlock_irqrestore(&works->lock, flags);
	return true;
}

static bool is_busy(struct work_struct *work)
{
	/* In this order: on its way it is running before it is not pending any more. Pairs with next_work(). */
	if (test_bit_acquire(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
		return true;
	/* Acquire: pairs with the release of gate_run_work(), so that what the work did is seen. */
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		if (smp_load_acquire(&cpu_works[cpu].running) == work)
			return true;
	}
	return false;
}

bool flush_work(struct work_struct *work)
{
	bool waited = false;

	for (; is_busy(work); waited = true) {
		gate_run_work();
		if (!is_busy(work))
			break;
		/* In sequence nobody else will. */
		for (unsigned int cpu = 0; gate_in_sequence() && cpu < nr_cpu_ids; cpu++)
			gate_play(cpu, gate_run_work);
		if (!gate_in_sequence())
			mmfuzz_relax();
	}
	return waited;
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return queue_work_on(cpu, wq, &work->work);
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *work, unsigned long delay)
{
	return queue_work_on(cpu, wq, &work->work);
}

static bool take_back(struct work_struct *work)
{
	bool was = false;

	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct work_struct *other;
		unsigned long flags;

		raw_spin_lock_irqsave(&cpu_works[cpu].lock, flags);
		list_for_each_entry(other, &cpu_works[cpu].pending, entry) {
			if (other == work) {
				list_del_init(&work->entry);
				clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
				was = true;
				break;
			}
		}
		raw_spin_unlock_irqrestore(&cpu_works[cpu].lock, flags);
	}
	return was;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was = take_back(work);

	flush_work(work);
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
	return flush_work(&work->work);
}

/* Its name depends on the tree; what nobody calls is thrown out. */
#undef alloc_workqueue
struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active, ...)
{
	return &the_workqueue;
}

struct workqueue_struct *alloc_workqueue_noprof(const char *format, unsigned int flags, int max_active, ...)
{
	return &the_workqueue;
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
		queue_work_on(cpu, &the_workqueue, &works[cpu]);
	}
	for_each_online_cpu(cpu)
		flush_work(&works[cpu]);
	return 0;
}

void delayed_work_timer_fn(struct timer_list *timer)
{
}
