/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * weave: run N functions as fibres of one thread, switched at their accesses to shared memory, so
 * that which one runs is a pure function of a strategy and its seed.
 *
 * The code under test is compiled with -fsanitize=thread and linked to this library in place of the
 * sanitizer's runtime. Nothing here knows of pages or of an mm core; core/sim/weave/machine builds
 * the CPUs of a core on it.
 *
 *	struct weave *w = weave_new(&(struct weave_config){ .strategy = weave_strategy_find("pct"), .seed = 1 });
 *	struct weave_result result;
 *
 *	while (weave_run(w, 2, body, arg, &result) && !result.found)
 *		;
 *	weave_free(w);
 *
 * Vocabulary. A *point* is a place where the running fibre may be switched away from: before each
 * marked access (atomic), wait, yield, RCU operation, beginning and end of an operation; before each
 * plain access as well if plain_points is set. A *schedule* is a short list of the points at which
 * something else happened than the default, which is to go on. A point is named by the operation it
 * is in and its number within it, so that a change elsewhere moves little.
 */
#ifndef MMFUZZ_WEAVE_H
#define MMFUZZ_WEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEAVE_MAX_FIBRES 64

/** enum weave_memory - which orders of memory accesses are explored */
enum weave_memory {
	WEAVE_SC,   /* each access takes effect at once */
	WEAVE_TSO,  /* stores wait in a queue of their CPU, as on x86 */
	WEAVE_LKMM, /* stores overtake each other, loads are stale, as the Linux model allows */
};

/** enum weave_races - what counts as a data race */
enum weave_races {
	WEAVE_RACES_OFF,
	WEAVE_RACES_ALL,   /* each conflict without an order in which an access is plain */
	WEAVE_RACES_KCSAN, /* the same, but a plain aligned write up to a word counts as marked */
};

/** enum weave_kind - what a point is about to do */
enum weave_kind {
	WEAVE_BEGIN, /* an operation begins; always point 0 of it */
	WEAVE_END,   /* the fibre ends */
	WEAVE_LOAD,  /* marked accesses */
	WEAVE_STORE,
	WEAVE_RMW,
	WEAVE_FENCE,
	WEAVE_PLAIN_LOAD, /* points only with plain_points */
	WEAVE_PLAIN_STORE,
	WEAVE_WAIT,  /* for a condition: a taken lock, a grace period; a forced switch */
	WEAVE_YIELD, /* cpu_relax() */
	WEAVE_RCU_LOCK,
	WEAVE_RCU_UNLOCK,
	WEAVE_RCU_SYNC, /* a grace period begins */
};

/** WEAVE_NO_OP - where a fibre is before its first weave_op() */
#define WEAVE_NO_OP 0xffffffffu

/**
 * struct weave_point - where a fibre stands, and the access that it makes when it goes on
 * @kind: enum weave_kind
 * @size: bytes at @addr; 0 for kinds without an address
 * @write: it may change what others see at @addr
 * @op: operation it is in, as weave_op() said; a fibre's number when it never did
 * @nth: its number within the operation, from 0 (WEAVE_BEGIN) on
 * @addr: what it accesses; RCU kinds have one address in common
 * @pc: in the code under test; 0 when not known
 */
struct weave_point {
	uint8_t kind;
	uint8_t size;
	bool write;
	uint32_t op;
	uint32_t nth;
	uintptr_t addr;
	uintptr_t pc;
};

/** enum weave_choice - kinds of entries of a schedule: what happened in place of the default */
enum weave_choice {
	WEAVE_SWITCH,	 /* before the point: fibre @value runs next */
	WEAVE_INTERRUPT, /* before the point: the interrupt handler runs, with @value */
	WEAVE_STALE,	 /* the load returns not the newest value but the @value-th older one */
	WEAVE_DELAY,	 /* the store waits in the fibre's buffer */
	WEAVE_DRAIN,	 /* before the point: the @value-th waiting store, from 1, reaches memory */
};

/** struct weave_entry - one deviation from the default, see enum weave_choice */
struct weave_entry {
	uint32_t op;
	uint32_t nth;
	uint8_t kind;
	uint8_t value;
};

/** struct weave_schedule - entries; those given to a run are sorted by op, nth, kind */
struct weave_schedule {
	struct weave_entry *entries;
	unsigned int nr;
};

struct weave;
struct weave_strategy;

/**
 * struct weave_config - how to run
 * @strategy: who chooses; NULL: nobody, each fibre runs to its end (with @schedule: a replay)
 * @seed: of the strategy
 * @bound: preemptions of the bounded and exhaustive strategies, depth of PCT; 0: the strategy's own
 * @gap: mean number of points between switches of the random walk; 0: its own
 * @schedule: followed first; @strategy is asked once all of it has happened. NULL: none. The caller
 *	keeps it and the entries until weave_free() or weave_set_schedule()
 * @memory, @races: see there
 * @plain_points: plain accesses are points too
 * @ops: the functions say by weave_op() where their operations begin; else each fibre is one operation, of its
 *	own number. Before the first weave_op() a fibre has no point
 * @begun: fibres from 0 on that begin at once; the others wait for weave_spawn(). 0: all
 * @threads: reports call a fibre "thread", by the number of its operation
 * @shared_stacks: fibres pass pointers into their stacks to others: accesses to the own stack count as any
 *	other, in place of costing next to nothing
 * @max_points: of one run; more is the finding "livelock". 0: 1,000,000
 * @max_plain: plain accesses of one operation (weave_op()); more is a livelock without points. 0: no limit
 * @catch: a finding ends the run, and weave_run() returns it; else it ends the process as sim_bug()
 *	does
 * @interrupt: called at WEAVE_INTERRUPT on the interrupted fibre with the value of the entry, interrupts off; may
 *	be NULL
 * @interrupt_waits: whether an interrupt with the value 0 is there for the running fibre to take: then strategies that
 *	sample let it come in at some of the points that they are asked at. NULL: only the schedule interrupts
 * @switched: called on the way from one fibre to another, for what belongs to a fibre and is kept elsewhere; may
 *	be NULL
 */
struct weave_config {
	const struct weave_strategy *strategy;
	uint64_t seed;
	unsigned int bound;
	unsigned int gap;
	const struct weave_schedule *schedule;
	enum weave_memory memory;
	enum weave_races races;
	bool plain_points;
	bool ops;
	bool catch;
	unsigned int begun;
	bool threads;
	bool shared_stacks;
	uint64_t max_points;
	uint32_t max_plain;
	void (*interrupt)(unsigned int fibre, unsigned int value);
	bool (*interrupt_waits)(unsigned int fibre);
	void (*switched)(unsigned int from, unsigned int to);
};

/**
 * struct weave_result - what came of a run
 * @found: a finding, with config.catch
 * @title: "RULE in FUNC", of the finding
 * @text: the line that describes it
 * @pc, @other_pc: of the two accesses of a data race, else 0
 * @addr: the word in dispute of a data race, else 0
 * @points: executed
 * @switches: from one fibre to another, forced ones included
 * @preemptions: those that were not forced
 * @fingerprint: of all decisions: what could run at each, what did, and what each point was; no
 *	addresses in it
 * @schedule: what happened in place of the default, sorted; valid until the next run
 * @truncated: it was too long to be kept whole
 * @redundant: exhaustive search noticed on the way that it had run what is equivalent to this
 */
struct weave_result {
	bool found;
	char title[256];
	char text[1024];
	uintptr_t pc;
	uintptr_t other_pc;
	uintptr_t addr;
	uint64_t points;
	uint64_t switches;
	uint64_t preemptions;
	uint64_t fingerprint;
	struct weave_schedule schedule;
	bool truncated;
	bool redundant;
};

/**
 * weave_new() - a sequence of runs under one configuration
 *
 * The caller owns it until weave_free(). Copies @config, not what it points at. Ends the process with
 * status 2 when there is no memory.
 */
struct weave *weave_new(const struct weave_config *config);
void weave_free(struct weave *weave);

/** weave_set_schedule(), weave_set_seed() - between runs; the strategy begins anew with the seed */
void weave_set_schedule(struct weave *weave, const struct weave_schedule *schedule);
void weave_set_seed(struct weave *weave, uint64_t seed);
/** weave_set_config() - the same for all of the configuration but the strategy, which must be the same */
void weave_set_config(struct weave *weave, const struct weave_config *config);

/**
 * weave_run() - one schedule: fibres 0 to @nr - 1 call @fn, all from one point in time
 * @nr: 1 to WEAVE_MAX_FIBRES
 * @result: filled in; may be NULL
 *
 * Returns when all have ended or a finding was caught; the fibres' stacks are then given up where they
 * are. Not from within a fibre.
 *
 * Return: false when the strategy has nothing left to try; then nothing was run.
 */
bool weave_run(struct weave *weave, unsigned int nr, void (*fn)(unsigned int fibre, void *arg),
	       void *arg, struct weave_result *result);

/**
 * weave_so_far() - what came of the run that is under way, or of the last one
 *
 * For who is told of a finding that ends the process. Not @found, @title and @text, which the finding itself says; the
 * accesses of a data race only while the run is under way. The caller has zeroed @result.
 */
void weave_so_far(struct weave_result *result);

/**
 * weave_stop() - the run under way is at its end, with a finding: from here on nothing is a point, judged or logged
 *
 * So that whoever looks at what was found does not disturb it. The process ends, or the finding is caught.
 */
void weave_stop(void);

/** weave_estimate() - schedules in all, as far as the strategy can tell by now; 0: it cannot */
double weave_estimate(const struct weave *weave);

/* ---- called by the code that runs on fibres ---- */

/** weave_running() - the caller is on a fibre */
bool weave_running(void);
/** weave_fibre() - which fibre the caller is; 0 when it is none */
unsigned int weave_fibre(void);
/** weave_op() - operation @op of this fibre begins; ids are unique in the run, any order */
void weave_op(unsigned int op);
/** weave_yield() - let others run first: nothing to do until one of them has written something */
void weave_yield(void);
/**
 * weave_wait() - not before @ready
 * @ready: whether the fibre may go on; a pure function of memory, called at any time on any stack; must not
 *	call anything instrumented
 * @what: for the finding "deadlock": literal, "zone lock"
 */
void weave_wait(bool (*ready)(const void *arg), const void *arg, const char *what);
/**
 * weave_wait_on() - the same, and whoever changes the condition does so right after a point at @word
 *
 * Exhaustive search takes a weave_wait() to depend on everything that others do, which is slow.
 */
void weave_wait_on(bool (*ready)(const void *arg), const void *arg, const void *word,
		   const char *what);
/**
 * weave_acquire(), weave_release() - order between fibres that instrumentation cannot see
 *
 * What a fibre did before weave_release() of @key happens before what follows weave_acquire() of it.
 * Release also lets all waiting stores reach memory. Points.
 */
void weave_acquire(const void *key);
void weave_release(const void *key);
/** weave_freed() - the bytes are gone: for the race detector a write of all of them */
void weave_freed(const void *ptr, size_t len);
/** weave_spawn() - @fibre, which has not begun or has ended, begins: it calls the function of the run */
void weave_spawn(unsigned int fibre);
/** weave_finish() - the run is over, whatever the other fibres are at; weave_run() returns, with no finding */
void __attribute__((noreturn)) weave_finish(void);
/**
 * weave_look_begin(), weave_look_end() - what happens in between is no part of the run
 *
 * No points, no races, nothing but the caller runs: for describing a finding, and for judges. It must wait for nothing,
 * and change nothing that others look at. Nests by @was, which weave_look_begin() returned.
 */
bool weave_look_begin(void);
void weave_look_end(bool was);
/**
 * weave_peek() - what a load of the caller would see if nobody else could have stored there: no point, no access
 *
 * The newest value but for its own waiting stores. For assertions, of 1 to 8 bytes.
 */
uint64_t weave_peek(const void *ptr, unsigned int size);
/** weave_irq_off(), weave_irq_on() - no WEAVE_INTERRUPT in between; nests */
void weave_irq_off(void);
void weave_irq_on(void);

/**
 * weave_marked_begin(), weave_marked_end() - plain accesses of the caller in between count as marked: data_race() of Linux
 *
 * Nests. For the race detector only: memory holds nothing of them back.
 */
void weave_marked_begin(void);
void weave_marked_end(void);
/**
 * weave_undivided_begin(), weave_undivided_end() - plain accesses of the caller in between are no points (config.plain_points)
 *
 * Nests; stays the caller's when it is left at a point of another kind. For what is known to be wrong between two plain accesses,
 * and would hide what else is.
 */
void weave_undivided_begin(void);
void weave_undivided_end(void);
/**
 * weave_linux_rules() - the code under test is Linux's own: WEAVE_RACES_ALL means WEAVE_RACES_KCSAN,
 * and stacks are shared (config.shared_stacks)
 * @known: data races that are no findings, by the two innermost functions in the order of their names; NULL: none
 *
 * @on false: as before. Not while a run is under way.
 */
typedef bool (*weave_known_race_fn)(const char *func, const char *other_func);
void weave_linux_rules(bool on, weave_known_race_fn known);

/* ---- strategies ---- */

/** weave_strategies - all of them by name: "random", "pct", "pos", "bounded", "round-robin", "exhaustive" */
extern const struct weave_strategy *const weave_strategies[];
extern const unsigned int weave_nr_strategies;
const struct weave_strategy *weave_strategy_find(const char *name);
const char *weave_strategy_name(const struct weave_strategy *strategy);

#endif /* MMFUZZ_WEAVE_H */
