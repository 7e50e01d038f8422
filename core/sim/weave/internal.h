/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the woven machine share: fibres, the run, strategies, and the few words that each
 * instrumented access looks at. For core/sim/weave only; its users see <mmfuzz/weave.h>.
 *
 * Nothing here or in the files that include this is instrumented.
 */
#ifndef WEAVE_INTERNAL_H
#define WEAVE_INTERNAL_H

#include <mmfuzz/weave.h>
#include <sim/bug.h>
#include <sim/compiler.h>
#include <sim/cpu.h>

#include "fibre.h"
#include "hot.h"

/** WEAVE_NEVER - for ask_in: not before a forced choice */
#define WEAVE_NEVER (~0u)

/** struct weave_rng - splitmix64: small, seeded by any number, the same everywhere */
struct weave_rng {
	u64 state;
};

static inline u64 weave_random(struct weave_rng *rng)
{
	u64 z = rng->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/** weave_below() - 0 to @n - 1, for @n from 1 to 2^32 */
static inline u32 weave_below(struct weave_rng *rng, u64 n)
{
	return (u32)(((weave_random(rng) >> 32) * n) >> 32);
}

/**
 * struct weave_fibre - one fibre of a run
 * @context: its stack and registers
 * @point: where it stands, and what it does next; of the running fibre where it was last asked
 * @op, @nth: where it is; of the running fibre @nth is in weave_hot
 * @cursor: into the schedule that is followed: the next entry of its operation
 * @ended: it has returned
 * @ready, @ready_arg, @what: what it waits for; NULL: nothing
 * @func: which function waits; @what again when not known
 * @yielded: it has nothing to do until somebody else has written
 * @writes_seen: run->writes when it yielded
 * @rounds: how often it went on all the same, since somebody has written something
 * @irq_off: nesting; not 0: no interrupts
 */
struct weave_fibre {
	struct fibre *context;
	struct weave_point point;
	u32 op;
	u32 nth;
	unsigned int cursor;
	bool ended;
	bool yielded;
	u64 writes_seen;
	unsigned int rounds;
	bool (*ready)(const void *arg);
	const void *ready_arg;
	const char *what;
	const char *func;
	unsigned int irq_off;
	unsigned int marked;
	unsigned int undivided;
	/* What the machine keeps of the CPU lies at the top of the fibre's stack: see fibre_private(). */
};

/**
 * struct weave - a sequence of runs, and the one under way
 * @config: as given, defaults filled in
 * @nr: fibres of this run
 * @current: the running one
 * @runnable: mask of those that can go on; valid in a strategy's callbacks
 * @forced: @current cannot go on
 * @shared_stacks: in this run accesses to the own stack count as any other
 * @ask_in: points until the strategy is asked again; it sets this in begin() and pick(). 1: at the next one
 * @points, @switches, @preemptions: of this run so far; @points without those of the running fibre
 *	since it was last asked
 * @run_points: points of the run before this one; 0 for the first. What PCT calls k
 * @index: number of this run, from 0
 * @writes: marked writes so far in this run; what yields look at
 * @spin_from: the point of the running fibre at which it was last switched to, or somebody wrote
 * @turn_from: the point of the running fibre at which it was last switched to, let others go first or began an operation
 * @rng: seeded anew for each run from seed and index
 * @redundant: the strategy knows that it leads to nothing new
 * @state: the strategy's, state_size bytes, zero at first, kept between runs
 */
struct weave {
	struct weave_config config;
	unsigned int nr;
	unsigned int current;
	u64 runnable;
	bool forced;
	bool shared_stacks;
	u32 ask_in;
	u64 points;
	u64 switches;
	u64 preemptions;
	u64 run_points;
	u64 index;
	u64 writes;
	u32 spin_from;
	u32 turn_from;
	bool redundant;
	struct weave_rng rng;
	void *state;
	struct weave_fibre fibres[WEAVE_MAX_FIBRES];
};

/**
 * struct weave_strategy - who runs next
 * @name: one word
 * @help: one line: paper and guarantee
 * @state_size: bytes of weave->state
 * @begin: a run begins; sets @ask_in. False: nothing is left to try
 * @pick: which of @runnable goes on from @point, where the current fibre stands; sets @ask_in for the fibre that it
 *	picks. Called at points when @ask_in has run out, and, with @forced, whenever the current fibre cannot go on
 * @choose: of @nr alternatives of memory at the point (0: the default); NULL: always the default
 * @interrupts: whether an interrupt, if one waits, comes in at the point that @pick was asked at; NULL: never
 * @end: the run is over, or was left with a finding; may be NULL
 * @release: gives back what @state owns, all of it from weave_allocator(); may be NULL
 * @estimate: see weave_estimate(); may be NULL
 *
 * State that lives in @state only is what lets several explorations be under way.
 */
struct weave_strategy {
	const char *name;
	const char *help;
	size_t state_size;
	bool (*begin)(struct weave *weave);
	unsigned int (*pick)(struct weave *weave, const struct weave_point *point);
	unsigned int (*choose)(struct weave *weave, const struct weave_point *point,
			       enum weave_choice kind, unsigned int nr);
	bool (*interrupts)(struct weave *weave);
	void (*end)(struct weave *weave, bool found);
	void (*release)(struct weave *weave);
	double (*estimate)(const struct weave *weave);
};

extern const struct weave_strategy weave_strategy_random;
extern const struct weave_strategy weave_strategy_pct;
extern const struct weave_strategy weave_strategy_pos;
extern const struct weave_strategy weave_strategy_bounded;
extern const struct weave_strategy weave_strategy_round_robin;
extern const struct weave_strategy weave_strategy_exhaustive;

/** weave_next_runnable() - the default of a forced choice: the next one after the current, in a circle */
static inline unsigned int weave_next_runnable(const struct weave *weave)
{
	u64 after = weave->current == 63 ?
			    0 :
			    weave->runnable >> (weave->current + 1) << (weave->current + 1);

	return __ffs(after ? after : weave->runnable);
}

/* The run under way; NULL between runs. */
extern struct weave *weave_now;

/** weave_is_private() - nobody else's business: own stack, or no fibre runs */
static __always_inline bool weave_is_private(const void *addr)
{
	return (uintptr_t)addr - weave_hot.private_lo < weave_hot.private_size;
}

/* ---- sched.c ---- */

/** sched_who() - "CPU 2", or with config.threads "thread" and its operation; returns as snprintf() does */
int sched_who(char *text, size_t size, unsigned int fibre, u32 op);


/** sched_point() - the slow half of weave_point(): something may be due here */
void sched_point(enum weave_kind kind, const void *addr, unsigned int size, bool write,
		 const void *pc);

/** weave_at() - a point: the running fibre may be switched away from, and come back here */
static __always_inline void weave_at(enum weave_kind kind, const void *addr, unsigned int size,
				     bool write, const void *pc)
{
	if (unlikely(++weave_hot.nth >= weave_hot.stop))
		sched_point(kind, addr, size, write, pc);
}

/**
 * sched_choose() - memory has @nr alternatives at the point that the running fibre is at
 *
 * From the schedule that is followed, else from the strategy; noted in the schedule of the result if it is
 * not 0. Return: below @nr.
 */
unsigned int sched_choose(enum weave_choice kind, unsigned int nr);

/** sched_wait() - weave_wait_on(), and the function that waits, for the title of a deadlock */
void sched_wait(bool (*ready)(const void *arg), const void *arg, const void *word, const char *what,
		const char *func);

/** sched_plain() - as many plain accesses as config.max_plain in one operation */
void sched_plain(void);
/** sched_wrote() - a marked write took effect: those who yielded may look again */
static __always_inline void sched_wrote(void)
{
	weave_now->writes++;
	weave_now->spin_from = weave_hot.nth;
}

/** sched_abandon() - leave the run for good: back into weave_run(), which returns a finding */
void __noreturn sched_abandon(void);

/**
 * weave_allocator - where struct weave and the state of strategies live
 *
 * Like realloc(); 0 bytes: free. Whoever runs each schedule in a forked child sets it, before the first
 * weave_new(), to memory that the children share.
 */
extern void *(*weave_allocator)(void *ptr, size_t bytes);

/* What the machine's RCU has in common with sched.c: one address for its points. */
extern u64 weave_rcu_word;

#endif /* WEAVE_INTERNAL_H */
