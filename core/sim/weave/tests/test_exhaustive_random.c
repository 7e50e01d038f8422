// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive search against all schedules there are, on small random programs: it must come to the same
 * ends by the same traces. The other side is a strategy that leaves out nothing, here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sim/bug.h>
#include <sim/compiler.h>

#include "../internal.h"

#define MAX_FIBRES 3u
#define MAX_OPS	   5u
#define NR_WORDS   4u
#define NR_LOCKS   2u

/* ---- programs ---- */

enum op_kind {
	LOAD,
	STORE,
	ADD,
	EXCHANGE_IF_ZERO,
	LOCK,
	UNLOCK,
	TRYLOCK, /* and unlock */
	WAIT,	 /* until the word is not zero */
	SPIN,	 /* the same, but loses patience */
	NR_KINDS
};

struct op {
	enum op_kind kind;
	unsigned int word;
};

struct program {
	unsigned int nr_fibres;
	unsigned int nr[MAX_FIBRES];
	struct op ops[MAX_FIBRES][MAX_OPS];
};

/* Two to a granule of the search, so that bytes matter. */
static struct {
	u32 words[NR_WORDS] __aligned(64);
	u32 locks[NR_LOCKS];
} memory;

static const struct program *program;
static u32 seen[MAX_FIBRES][MAX_OPS];

/* ---- the trace of a run: what happened before what ---- */

#define MAX_LOG 64u

static struct access {
	const u32 *word;
	unsigned int fibre;
	bool write;
	u64 hash;
} trace[MAX_LOG];
static unsigned int nr_trace;

/* Right after the access: the compiler must not log it before. */
static void happened(unsigned int fibre, const u32 *word, bool write)
{
	barrier();
	if (nr_trace < MAX_LOG)
		trace[nr_trace++] = (struct access){ .word = word, .fibre = fibre, .write = write };
	barrier();
}

static u64 mixed(u64 value)
{
	struct weave_rng rng = { value };

	return weave_random(&rng);
}

static u64 trace_hash(void)
{
	u64 last[MAX_FIBRES] = { 0 };
	u64 hash = 0;

	for (unsigned int i = 0; i < nr_trace; i++) {
		struct access *a = &trace[i];

		a->hash = mixed(last[a->fibre] + a->fibre);
		for (unsigned int j = i; j-- > 0;) {
			if (trace[j].word != a->word || !(trace[j].write || a->write))
				continue;
			a->hash += mixed(trace[j].hash);
			if (trace[j].write)
				break;
		}
		a->hash = last[a->fibre] = mixed(a->hash);
	}
	for (unsigned int f = 0; f < MAX_FIBRES; f++)
		hash = mixed(hash + last[f]);
	return hash;
}

static u64 end_hash(const struct weave_result *result)
{
	u64 hash = result->found;

	for (unsigned int i = 0; i < NR_WORDS; i++)
		hash = mixed(hash + memory.words[i]);
	for (unsigned int f = 0; f < MAX_FIBRES; f++)
		for (unsigned int i = 0; i < MAX_OPS; i++)
			hash = mixed(hash + seen[f][i]);
	return hash;
}

/* ---- what a fibre does ---- */

static bool word_is_set(const void *word)
{
	return *(const u32 *)word != 0;
}

static bool lock_is_free(const void *word)
{
	return *(const u32 *)word == 0;
}

static bool take(u32 *lock, unsigned int fibre)
{
	if (cmpxchg_acquire(lock, 0u, 1u) != 0)
		return false;
	happened(fibre, lock, true);
	return true;
}

static void drop(u32 *lock, unsigned int fibre)
{
	smp_store_release(lock, 0u);
	happened(fibre, lock, true);
}

static u32 spin(const u32 *word, unsigned int fibre)
{
	u32 value = 0;

	for (unsigned int i = 0; i < 2; i++) {
		value = READ_ONCE(*word);
		happened(fibre, word, false);
		if (value)
			break;
		weave_yield();
	}
	return value;
}

static u32 act(unsigned int fibre, unsigned int index, const struct op *op)
{
	u32 *word = &memory.words[op->word];
	u32 *lock = &memory.locks[op->word % NR_LOCKS];
	u32 value = 16 * (fibre + 1) + index;
	u32 old = 0;

	switch (op->kind) {
	case LOAD:
		old = READ_ONCE(*word);
		happened(fibre, word, false);
		break;
	case STORE:
		WRITE_ONCE(*word, value);
		happened(fibre, word, true);
		break;
	case ADD:
		old = __atomic_fetch_add(word, value, __ATOMIC_RELAXED);
		happened(fibre, word, true);
		break;
	case EXCHANGE_IF_ZERO:
		old = cmpxchg_acquire(word, 0u, value);
		happened(fibre, word, !old);
		break;
	case LOCK:
		while (!take(lock, fibre))
			weave_wait_on(lock_is_free, lock, lock, "lock");
		break;
	case UNLOCK:
		drop(lock, fibre);
		break;
	case TRYLOCK:
		old = take(lock, fibre);
		if (old)
			drop(lock, fibre);
		else
			happened(fibre, lock, false);
		break;
	case WAIT:
		weave_wait_on(word_is_set, word, word, "word");
		happened(fibre, word, false);
		break;
	case SPIN:
		old = spin(word, fibre);
		break;
	case NR_KINDS:
		break;
	}
	return old;
}

static void body(unsigned int fibre, void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < program->nr[fibre]; i++)
		seen[fibre][i] = act(fibre, i, &program->ops[fibre][i]);
}

/* Locks are given back by whoever took them; all else is chance. */
static void random_program(struct program *p, struct weave_rng *rng, unsigned int words,
			   unsigned int kinds)
{
	memset(p, 0, sizeof(*p));
	p->nr_fibres = 2 + weave_below(rng, MAX_FIBRES - 1);
	for (unsigned int f = 0; f < p->nr_fibres; f++) {
		unsigned int most = p->nr_fibres == 2 ? 5 : 3;
		unsigned int nr = 2 + weave_below(rng, most - 1);

		for (unsigned int i = 0; i < nr; i++) {
			struct op op = { .kind = weave_below(rng, kinds),
					 .word = weave_below(rng, words) };

			if (op.kind == UNLOCK || (op.kind == LOCK && i + 1 == nr))
				op.kind = STORE;
			p->ops[f][p->nr[f]++] = op;
			if (op.kind == LOCK && i + 1 < nr) {
				/* Some other thing, and then it is given back. */
				if (i + 2 < nr)
					p->ops[f][p->nr[f]++] =
						(struct op){ weave_below(rng, LOCK),
							     weave_below(rng, words) };
				p->ops[f][p->nr[f]++] = (struct op){ UNLOCK, op.word };
				i = p->nr[f] - 1;
			}
		}
	}
}

static void print_program(const struct program *p)
{
	static const char *const names[] = { "load",   "store",	  "add",  "cas", "lock",
					     "unlock", "trylock", "wait", "spin" };

	for (unsigned int f = 0; f < p->nr_fibres; f++) {
		printf("CPU %u:", f);
		for (unsigned int i = 0; i < p->nr[f]; i++)
			printf(" %s %u;", names[p->ops[f][i].kind], p->ops[f][i].word);
		printf("\n");
	}
}

/* ---- all schedules ---- */

static struct {
	struct {
		unsigned int chosen;
		u64 left;
	} path[512];
	unsigned int nr;
	unsigned int depth;
	unsigned int bound;
	unsigned int used;
	bool began;
	bool started;
} all;

static bool all_begin(struct weave *weave)
{
	weave->ask_in = 1;
	while (all.started && all.nr && !all.path[all.nr - 1].left)
		all.nr--;
	if (all.started && !all.nr)
		return false;
	if (all.started) {
		all.path[all.nr - 1].chosen = __ffs(all.path[all.nr - 1].left);
		all.path[all.nr - 1].left &= all.path[all.nr - 1].left - 1;
	}
	all.started = true;
	all.depth = all.used = 0;
	all.began = false;
	return true;
}

/* To begin an operation concerns nobody: it need not be tried at all places. */
static bool begins(const struct weave *weave, unsigned int *who)
{
	for (u64 left = weave->runnable; left; left &= left - 1) {
		*who = __ffs(left);
		if (weave->fibres[*who].point.kind == WEAVE_BEGIN)
			return true;
	}
	return false;
}

static unsigned int all_pick(struct weave *weave, const struct weave_point *point)
{
	bool may_stay = !weave->forced && all.began;
	unsigned int who;
	u64 may = weave->runnable;

	(void)point;
	weave->ask_in = 1;
	if (begins(weave, &who))
		return who;
	if (may_stay && all.bound && all.used == all.bound)
		may = 1ull << weave->current;
	if (all.depth == all.nr) {
		assert_true(all.nr < ARRAY_SIZE(all.path));
		all.path[all.nr].chosen = __ffs(may);
		all.path[all.nr++].left = may & (may - 1);
	}
	who = all.path[all.depth++].chosen;
	all.used += may_stay && who != weave->current;
	all.began = true;
	return who;
}

static const struct weave_strategy strategy_all = { .name = "all",
						    .begin = all_begin,
						    .pick = all_pick };

/* ---- sets of hashes ---- */

struct set {
	u64 *hashes;
	size_t nr;
	size_t max;
};

static void set_add(struct set *set, u64 hash)
{
	if (set->nr == set->max) {
		set->max = set->max ? 2 * set->max : 1024;
		set->hashes = realloc(set->hashes, set->max * sizeof(u64));
		assert_non_null(set->hashes);
	}
	set->hashes[set->nr++] = hash;
}

static int compare_hashes(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void set_settle(struct set *set)
{
	size_t nr = 0;

	if (!set->nr)
		return;
	qsort(set->hashes, set->nr, sizeof(u64), compare_hashes);
	for (size_t i = 0; i < set->nr; i++)
		if (!nr || set->hashes[nr - 1] != set->hashes[i])
			set->hashes[nr++] = set->hashes[i];
	set->nr = nr;
}

static bool set_equal(const struct set *a, const struct set *b)
{
	return a->nr == b->nr && !memcmp(a->hashes, b->hashes, a->nr * sizeof(u64));
}

struct outcome {
	struct set ends;
	struct set traces;
	size_t runs;
	size_t redundant;
};

static void explore(struct outcome *outcome, const struct weave_strategy *strategy,
		    unsigned int bound)
{
	struct weave *weave = weave_new(
		&(struct weave_config){ .strategy = strategy, .bound = bound, .catch = true });
	struct weave_result result;

	memset(&all, 0, sizeof(all));
	all.bound = bound;
	*outcome = (struct outcome){ .runs = 0 };
	for (;;) {
		memset(&memory, 0, sizeof(memory));
		memset(seen, 0, sizeof(seen));
		nr_trace = 0;
		if (!weave_run(weave, program->nr_fibres, body, NULL, &result))
			break;
		set_add(&outcome->ends, end_hash(&result));
		set_add(&outcome->traces, trace_hash() + result.found);
		outcome->runs++;
		outcome->redundant += result.redundant;
		assert_true(outcome->runs < 3000000);
	}
	weave_free(weave);
	set_settle(&outcome->ends);
	set_settle(&outcome->traces);
}

static void forget(struct outcome *outcome)
{
	free(outcome->ends.hashes);
	free(outcome->traces.hashes);
}

static struct {
	size_t programs;
	size_t runs;
	size_t redundant;
	size_t traces;
	size_t all;
} total;

static void compare(const struct program *p, unsigned int bound)
{
	struct outcome want, have;
	bool same;

	program = p;
	explore(&want, &strategy_all, bound);
	explore(&have, &weave_strategy_exhaustive, bound);
	same = set_equal(&want.ends, &have.ends) &&
	       (bound || set_equal(&want.traces, &have.traces));
	if (!same) {
		print_program(p);
		printf("bound %u: ends %zu, found %zu; traces %zu, found %zu; %zu schedules of "
		       "%zu, %zu redundant\n",
		       bound, want.ends.nr, have.ends.nr, want.traces.nr, have.traces.nr, have.runs,
		       want.runs, have.redundant);
	}
	total.programs++;
	total.runs += have.runs;
	total.redundant += have.redundant;
	total.traces += want.traces.nr;
	total.all += want.runs;
	forget(&want);
	forget(&have);
	assert_true(same);
}

static void compare_many(u64 seed, unsigned int nr, unsigned int words, unsigned int kinds,
			 unsigned int bound)
{
	struct weave_rng rng = { seed };
	struct program p;

	memset(&total, 0, sizeof(total));
	for (unsigned int i = 0; i < nr; i++) {
		random_program(&p, &rng, words, kinds);
		compare(&p, bound);
	}
	if (getenv("WEAVE_TEST_FIGURES"))
		printf("%zu programs, bound %u: %zu schedules, %zu traces, %zu redundant; all: "
		       "%zu\n",
		       total.programs, bound, total.runs, total.traces, total.redundant, total.all);
}

static int quiet(void **state)
{
	(void)state;
	sim_bug_quiet(true);
	return 0;
}

static void accesses(void **state)
{
	(void)state;
	compare_many(1, 150, 2, LOCK, 0);
	compare_many(2, 150, 3, LOCK, 0);
}

static void locks(void **state)
{
	(void)state;
	compare_many(3, 150, 2, TRYLOCK, 0);
	compare_many(4, 100, 3, WAIT, 0);
}

static void waits(void **state)
{
	(void)state;
	compare_many(5, 150, 2, SPIN, 0);
}

static void spins(void **state)
{
	(void)state;
	compare_many(6, 100, 2, NR_KINDS, 0);
}

static void bounds(void **state)
{
	(void)state;
	compare_many(7, 100, 2, LOCK, 1);
	compare_many(8, 100, 3, LOCK, 2);
	compare_many(9, 100, 2, NR_KINDS, 1);
	compare_many(10, 100, 2, NR_KINDS, 2);
}

/* To go on from a fibre that fails to take a lock and waits is no preemption: within a bound that must be tried. */
static void who_waits_gives_way_for_nothing(void **state)
{
	static const struct program p = {
		.nr_fibres = 3,
		.nr = { 3, 3, 3 },
		.ops = { { { TRYLOCK, 0 }, { LOCK, 0 }, { UNLOCK, 0 } },
			 { { TRYLOCK, 0 }, { STORE, 0 }, { STORE, 0 } },
			 { { ADD, 0 }, { SPIN, 0 }, { STORE, 1 } } },
	};

	(void)state;
	for (unsigned int bound = 0; bound <= 3; bound++)
		compare(&p, bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(accesses, quiet),
		cmocka_unit_test_setup(locks, quiet),
		cmocka_unit_test_setup(waits, quiet),
		cmocka_unit_test_setup(spins, quiet),
		cmocka_unit_test_setup(bounds, quiet),
		cmocka_unit_test_setup(who_waits_gives_way_for_nothing, quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
