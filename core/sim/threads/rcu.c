// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free-running machine: RCU by liburcu, flavour mb (no system call on the reader's side, no thread
 * of its own; with memb readers are cheaper and grace periods dearer, and what a scenario gained was
 * a tenth where the worst lost more than half). The only file that sees liburcu's header, whose
 * names would clash with Linux's.
 *
 * liburcu is not built with TSan, so TSan must be told what a grace period orders. Saying that the
 * end of each read section happens before the end of each later grace period is too much: it covers
 * sections that began after the grace period did, for which nothing is promised, and so hides uses
 * after free. Instead grace periods are numbered:
 *
 *   reader                               who frees
 *   ------                               ---------
 *   lock: my = acquire(grace)            s = grace++, acquire and release
 *   ...                                  wait for a grace period
 *   unlock: release(ended[my])           acquire(ended[s - window .. s])
 *
 * A section that saw my <= s may have begun before, and its end is ordered before the free. One that
 * saw more began later: it is ordered after the unlinking by its acquire, and nothing orders its end.
 */
#define rcu_head liburcu_head
#include <urcu/urcu-mb.h>
#undef rcu_head
#undef rcu_read_lock
#undef rcu_read_unlock
#undef synchronize_rcu
#undef call_rcu
#undef rcu_barrier
#undef rcu_dereference
#undef rcu_assign_pointer

#include <sim/rcu.h>

#if SIM_TSAN

void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

/*
 * A grace period asks for the sections of the last WINDOW numbers: more than there can be grace
 * periods under way, one a CPU. Older sections were ended by a grace period that is over, and are
 * handed on in all_ended. There are more slots than that, so that a much newer section does not
 * share one that is asked for.
 */
#define SLOTS	256
#define WINDOW	(NR_CPUS + 1)

/* Addresses for TSan to hang its clocks on, one granule each; never read or written. */
static u64 ended[SLOTS];
static u64 all_ended;
/* Grace periods begun. */
static unsigned int grace;

static void tsan_section_begins(struct sim_cpu *self)
{
	/* Acquire: pairs with the increment in tsan_grace_begins(). */
	self->rcu_seq = __atomic_load_n(&grace, __ATOMIC_ACQUIRE);
}

static void tsan_section_ends(const struct sim_cpu *self)
{
	__tsan_release(&ended[self->rcu_seq % SLOTS]);
}

static unsigned int tsan_grace_begins(void)
{
	/* What ended in grace periods that are over has ended now. */
	__tsan_acquire(&all_ended);
	/* Release: pairs with the acquire in tsan_section_begins(). */
	return __atomic_fetch_add(&grace, 1, __ATOMIC_ACQ_REL);
}

static void tsan_grace_ends(unsigned int seq)
{
	unsigned int i;

	for (i = 0; i < WINDOW; i++)
		__tsan_acquire(&ended[(seq - i) % SLOTS]);
	__tsan_release(&all_ended);
}

#else

static inline void tsan_section_begins(struct sim_cpu *self __maybe_unused)
{
}

static inline void tsan_section_ends(const struct sim_cpu *self __maybe_unused)
{
}

static inline unsigned int tsan_grace_begins(void)
{
	return 0;
}

static inline void tsan_grace_ends(unsigned int seq __maybe_unused)
{
}

#endif /* SIM_TSAN */

/*
 * In sequence, read sections are only counted: the one thread is in none when it waits for a grace
 * period (synchronize_rcu() has asked), and nobody else is in any. A run in parallel begins and
 * ends with all sections closed, so that no section sees the change.
 */
void sim_rcu_read_lock(void)
{
	struct sim_cpu *self = this_cpu();

	if (self->rcu_nesting++ || machine_is_sequential())
		return;
	urcu_mb_read_lock();
	if (!self->rcu_sched_nesting)
		tsan_section_begins(self);
}

void sim_rcu_read_unlock(const char *func)
{
	struct sim_cpu *self = this_cpu();

	if (unlikely(!self->rcu_nesting))
		sim_bug("rcu_read_unlock without lock", func, SIM_NO_PFN,
			"CPU %u is in no read section", self->id);
	if (--self->rcu_nesting || machine_is_sequential())
		return;
	if (!self->rcu_sched_nesting)
		tsan_section_ends(self);
	urcu_mb_read_unlock();
}

/* To liburcu they are sections like the others: those within others cost it a count. */
void sim_rcu_read_lock_sched(void)
{
	struct sim_cpu *self = this_cpu();

	if (machine_is_sequential() || self->rcu_sched_nesting++)
		return;
	urcu_mb_read_lock();
	if (!self->rcu_nesting)
		tsan_section_begins(self);
}

void sim_rcu_read_unlock_sched(const char *func)
{
	struct sim_cpu *self = this_cpu();

	if (machine_is_sequential())
		return;
	if (unlikely(!self->rcu_sched_nesting))
		sim_bug("rcu_read_unlock_sched without lock", func, SIM_NO_PFN,
			"CPU %u is in no read section of that kind", self->id);
	if (--self->rcu_sched_nesting)
		return;
	if (!self->rcu_nesting)
		tsan_section_ends(self);
	urcu_mb_read_unlock();
}

void sim_rcu_synchronize(void)
{
	unsigned int seq;

	if (machine_is_sequential())
		return;
	seq = tsan_grace_begins();
	urcu_mb_synchronize_rcu();
	tsan_grace_ends(seq);
}

void sim_rcu_thread_enter(void)
{
	urcu_mb_register_thread();
}

void sim_rcu_thread_leave(void)
{
	urcu_mb_unregister_thread();
}
