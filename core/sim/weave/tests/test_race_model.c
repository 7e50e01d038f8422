// SPDX-License-Identifier: GPL-2.0-only
/*
 * The race detector against a model of it that keeps every access and, for each, the set of all that happened before:
 * slow, and too simple to be wrong in the same way. Random accesses are made one after the other; those that race are
 * mostly left out, so that histories grow long, and the detector must be silent on what is left and must report the
 * one that is let through.
 *
 * No fibre runs here: the test says itself which one makes an access.
 */
#include "../../tests/catch.h"

#include "race.h"
#include "symbol.h"

#define MAX_EVENTS 120
#define BYTES	   24
#define KEYS	   2
#define CLOCKS	   2

enum what {
	PLAIN,
	MARKED,
	FENCE,
	FREED,
	KEY_ACQUIRE,
	KEY_RELEASE,
	CLOCK, /* a copy of the own clock, and a tick */
	JOIN,  /* of the last copy */
	NR_WHAT
};

struct event {
	enum what what;
	unsigned int fibre;
	unsigned int at, size; /* which bytes; @at is the number of the key or clock as well */
	bool read, write;
	int order;
};

/* A set of events. */
struct set {
	u64 bits[2];
};

struct model {
	unsigned int nr_fibres;
	bool kcsan;
	unsigned int nr;
	struct event events[MAX_EVENTS];
	struct set before[MAX_EVENTS];	/* what happened before each, itself included */
	struct set program[WEAVE_MAX_FIBRES]; /* what each fibre knows */
	struct set fence[WEAVE_MAX_FIBRES];   /* at its last release fence */
	struct set unfenced[WEAVE_MAX_FIBRES];
	struct set value[BYTES]; /* what the readers of each byte may learn */
	struct set keys[KEYS];
	struct set clocks[CLOCKS];
};

static struct model model;
static u64 memory[BYTES / 8] __aligned(16);
static struct clock clocks[CLOCKS];
static struct weave fake_run;

static void unite(struct set *to, const struct set *from)
{
	to->bits[0] |= from->bits[0];
	to->bits[1] |= from->bits[1];
}

static bool has(const struct set *set, unsigned int event)
{
	return set->bits[event / 64] >> event % 64 & 1;
}

/* ---- the model ---- */

static bool acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* As the mode says. */
static bool is_marked(const struct event *e)
{
	if (e->what == PLAIN && model.kcsan && e->write && is_power_of_2(e->size) && e->size <= 8 &&
	    e->at % e->size == 0)
		return true;
	return e->what == MARKED;
}

static bool is_access(const struct event *e)
{
	return e->what == PLAIN || e->what == MARKED || e->what == FREED;
}

static bool races(const struct event *a, const struct event *b)
{
	return is_access(a) && is_access(b) && a->fibre != b->fibre && a->size && b->size &&
	       a->at < b->at + b->size && b->at < a->at + a->size && (a->write || b->write) && !(is_marked(a) && is_marked(b));
}

static void model_read(const struct event *e)
{
	struct set all = { { 0, 0 } };

	for (unsigned int i = 0; i < e->size; i++)
		unite(&all, &model.value[e->at + i]);
	unite(acquires(e->order) ? &model.program[e->fibre] : &model.unfenced[e->fibre], &all);
}

static void model_write(const struct event *e)
{
	struct set all = { { 0, 0 } };

	for (unsigned int i = 0; i < e->size && e->read; i++)
		unite(&all, &model.value[e->at + i]);
	if (is_marked(e))
		unite(&all, releases(e->order) ? &model.program[e->fibre] : &model.fence[e->fibre]);
	for (unsigned int i = 0; i < e->size; i++)
		model.value[e->at + i] = all;
}

/* Event number model.nr is @e: what it is ordered behind, before what it hands on. */
static void model_before(const struct event *e)
{
	unsigned int f = e->fibre, n = model.nr;

	if (e->what == MARKED && e->read)
		model_read(e);
	else if (e->what == FENCE && acquires(e->order))
		unite(&model.program[f], &model.unfenced[f]);
	else if (e->what == KEY_ACQUIRE)
		unite(&model.program[f], &model.keys[e->at]);
	else if (e->what == JOIN)
		unite(&model.program[f], &model.clocks[e->at]);
	model.program[f].bits[n / 64] |= 1ull << n % 64;
	model.before[n] = model.program[f];
}

static void model_after(const struct event *e)
{
	unsigned int f = e->fibre;

	if (is_access(e) && e->write)
		model_write(e);
	else if (e->what == FENCE && releases(e->order))
		model.fence[f] = model.program[f];
	else if (e->what == KEY_RELEASE)
		unite(&model.keys[e->at], &model.program[f]);
	else if (e->what == CLOCK)
		model.clocks[e->at] = model.program[f];
}

/* The latest event races with event @i. */
static bool model_race(unsigned int i)
{
	return races(&model.events[i], &model.events[model.nr]) && !has(&model.before[model.nr], i);
}

static bool model_races(void)
{
	for (unsigned int i = 0; i < model.nr; i++)
		if (model_race(i))
			return true;
	return false;
}

/* ---- the detector, made to do the same ---- */

/* As weak memory does it: the test keeps what readers of each byte may learn. */
static bool by_halves;
static struct clock messages[BYTES];

static void detect_halves(const struct event *e, const void *addr, const void *pc)
{
	struct clock old = { { 0 } }, message;

	for (unsigned int i = 0; i < e->size; i++)
		clock_join(old.t, messages[e->at + i].t);
	if (e->read)
		race_receive(&old, e->order);
	race_check_atomic(addr, e->size, e->write, pc);
	if (!e->write)
		return;
	race_message(&message, e->order);
	if (e->read)
		clock_join(message.t, old.t);
	for (unsigned int i = 0; i < e->size; i++)
		clock_copy(messages[e->at + i].t, message.t);
}

static void detect(const struct event *e, unsigned int n)
{
	const void *pc = (const void *)(uintptr_t)(n + 1);
	char *addr = (char *)memory + e->at;

	if (by_halves && e->write && e->what != MARKED)
		memset(&messages[e->at], 0, e->size * sizeof(messages[0]));
	weave_hot.cpu = e->fibre;
	switch (e->what) {
	case PLAIN:
		if (!is_power_of_2(e->size) || e->size > 16)
			race_range(addr, e->size, e->write, pc);
		else if (e->write)
			race_store(addr, e->size, pc);
		else
			race_load(addr, e->size, pc);
		break;
	case MARKED:
		if (by_halves)
			detect_halves(e, addr, pc);
		else if (e->read && e->write)
			race_atomic_rmw(addr, e->size, e->order, pc);
		else if (e->write)
			race_atomic_store(addr, e->size, e->order, pc);
		else
			race_atomic_load(addr, e->size, e->order, pc);
		break;
	case FREED:
		race_freed(addr, e->size, pc);
		break;
	case FENCE:
		race_fence(e->order);
		break;
	case KEY_ACQUIRE:
		race_acquire(addr);
		break;
	case KEY_RELEASE:
		race_release(addr);
		break;
	case CLOCK:
		race_clock(e->fibre, &clocks[e->at]);
		race_tick();
		break;
	case JOIN:
		race_join(e->fibre, &clocks[e->at]);
		break;
	case NR_WHAT:
		break;
	}
	weave_hot.cpu = 0;
}

/* ---- random histories ---- */

static const int load_orders[] = { __ATOMIC_RELAXED, __ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_SEQ_CST };
static const int store_orders[] = { __ATOMIC_RELAXED, __ATOMIC_RELAXED, __ATOMIC_RELEASE, __ATOMIC_SEQ_CST };
static const int all_orders[] = { __ATOMIC_RELAXED, __ATOMIC_ACQUIRE, __ATOMIC_RELEASE, __ATOMIC_ACQ_REL,
				  __ATOMIC_SEQ_CST };

/* Aligned but for a third of the plain ones, which have any length at any place, or up to 8. */
static void random_place(struct weave_rng *rng, struct event *e)
{
	if (e->what == FREED || (e->what == PLAIN && !weave_below(rng, 3))) {
		unsigned int max;

		e->at = weave_below(rng, BYTES);
		max = BYTES - e->at;
		e->size = weave_below(rng, (weave_below(rng, 3) ? min(max, 8) : max) + 1);
		return;
	}
	e->size = 1u << weave_below(rng, 5);
	e->at = weave_below(rng, BYTES / e->size) * e->size;
}

static struct event random_event(struct weave_rng *rng)
{
	/* Of 16. */
	static const enum what mix[] = { PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, MARKED, MARKED, MARKED, MARKED,
					 MARKED, FENCE, FREED, KEY_ACQUIRE, KEY_RELEASE, CLOCK, JOIN };
	struct event e = { .what = mix[weave_below(rng, ARRAY_SIZE(mix))],
			   .fibre = weave_below(rng, model.nr_fibres) };
	unsigned int kind = weave_below(rng, 3);

	e.read = kind != 0;
	e.write = kind != 1;
	switch (e.what) {
	case MARKED:
		e.order = kind == 0 ? store_orders[weave_below(rng, ARRAY_SIZE(store_orders))] :
			  kind == 1 ? load_orders[weave_below(rng, ARRAY_SIZE(load_orders))] :
				      all_orders[weave_below(rng, ARRAY_SIZE(all_orders))];
		break;
	case FENCE:
		e.order = all_orders[1 + weave_below(rng, ARRAY_SIZE(all_orders) - 1)];
		break;
	case PLAIN:
		e.read = !e.write;
		break;
	case FREED:
		e.read = false;
		e.write = true;
		break;
	default:
		break;
	}
	if (is_access(&e))
		random_place(rng, &e);
	else
		e.at = weave_below(rng, 2);
	return e;
}

static jmp_buf found;
static char rule[64];

static void on_found(const struct sim_bug_report *report)
{
	snprintf(rule, sizeof(rule), "%s", report->rule);
	longjmp(found, 1);
}

static bool touches(const struct event *e, uintptr_t byte)
{
	return byte >= e->at && byte < e->at + e->size;
}

/* The finding at the latest event is one that the model knows. */
static void check_finding(void)
{
	unsigned int n = model.nr, m = (unsigned int)race_last()->other_pc - 1;
	const struct event *e = &model.events[n], *other = &model.events[m];
	uintptr_t byte = race_last()->addr - (uintptr_t)memory;
	bool frees = e->what == FREED, freed = other->what == FREED;

	assert_int_equal(race_last()->pc, n + 1);
	assert_true(m < n);
	assert_true(model_race(m));
	assert_true(touches(e, byte) && touches(other, byte));
	assert_string_equal(rule, frees && freed ? "double free" : frees || freed ? "use after free" : "data race");
	/* An access that ended the memory's life goes before others. */
	for (unsigned int i = 0; i < n && !freed; i++)
		assert_false(model.events[i].what == FREED && model_race(i) && touches(&model.events[i], byte));
}

/* Return: a race was let through, and found. */
static bool random_history(u64 seed, unsigned int nr_fibres, bool kcsan)
{
	struct weave_rng rng = { .state = seed };
	/* Static, for they are needed behind a longjmp(). */
	static struct model saved;
	static bool racy;

	sim_bug_quiet(true);
	memset(&model, 0, sizeof(model));
	model.nr_fibres = nr_fibres;
	model.kcsan = kcsan;
	memset(clocks, 0, sizeof(clocks));
	memset(messages, 0, sizeof(messages));
	weave_hot.flags = WEAVE_HOT_RACES | (kcsan ? WEAVE_HOT_KCSAN : 0);
	race_begin(nr_fibres);
	sim_set_bug_handler(on_found);
	for (unsigned int tries = 0; tries < 4 * MAX_EVENTS && model.nr < MAX_EVENTS; tries++) {
		struct event e = random_event(&rng);

		saved = model;
		model.events[model.nr] = e;
		model_before(&e);
		racy = model_races();
		if (racy && weave_below(&rng, 40)) {
			model = saved;
			continue;
		}
		if (setjmp(found)) {
			if (!racy)
				print_error("seed %llu: event %u does not race, and was reported\n",
					    (unsigned long long)seed, model.nr);
			assert_true(racy);
			check_finding();
			return true;
		}
		detect(&e, model.nr);
		if (racy)
			print_error("seed %llu: event %u races, and was not reported\n",
				    (unsigned long long)seed, model.nr);
		assert_false(racy);
		model_after(&e);
		model.nr++;
	}
	return false;
}

static bool by_number(uintptr_t pc, char *name, size_t name_size, char *place, size_t place_size)
{
	snprintf(name, name_size, "f%zu", (size_t)pc);
	snprintf(place, place_size, "test");
	return true;
}

static int setup(void **state)
{
	(void)state;
	weave_now = &fake_run;
	weave_set_symbolizer(by_number);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	weave_now = NULL;
	weave_hot.flags = 0;
	weave_set_symbolizer(NULL);
	sim_set_bug_handler(NULL);
	sim_bug_quiet(false);
	return 0;
}

#define HISTORIES 6000

static void histories(unsigned int nr_fibres, bool kcsan)
{
	unsigned int nr_found = 0, nr_clean = 0;

	for (u64 seed = 1; seed <= HISTORIES; seed++)
		if (random_history(seed << 8 | nr_fibres, nr_fibres, kcsan))
			nr_found++;
		else
			nr_clean++;
	/* Of both kinds enough, or the test says nothing. */
	assert_true(nr_found > HISTORIES / 20);
	assert_true(nr_clean > HISTORIES / 20);
}

static void two_fibres_as_the_model_says(void **state)
{
	(void)state;
	histories(2, false);
}

static void four_fibres_as_the_model_says(void **state)
{
	(void)state;
	histories(4, false);
}

static void sixty_four_fibres_as_the_model_says(void **state)
{
	(void)state;
	histories(64, false);
}

static void kcsan_mode_as_the_model_says(void **state)
{
	(void)state;
	histories(3, true);
}

static void halves_as_the_model_says(void **state)
{
	(void)state;
	by_halves = true;
	histories(4, false);
	by_halves = false;
}

/* The numbers of runs run out in the middle of the second hundred, and those of the first come again. */
static void generations_wrap(void **state)
{
	unsigned int nr_found = 0;

	(void)state;
	shadow_set_generation(1);
	for (u64 seed = 1; seed <= 100; seed++)
		nr_found += random_history(seed, 3, false);
	shadow_set_generation(SHADOW_GENERATION_MAX - 50);
	for (u64 seed = 101; seed <= 200; seed++)
		nr_found += random_history(seed, 3, false);
	assert_true(nr_found);
}

static u64 large[20000];
static u64 word, data, first, second;
static u64 *plain_target;

static void write_plainly(void)
{
	race_store(plain_target, 8, NULL);
}

/*
 * A run that needs more of everything than there is: cells, accesses side by side, messages. Nothing of what was there
 * before is lost, and afterwards nothing grows any more.
 */
static void tables_grow_once(void **state)
{
	size_t bytes = 0;

	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	for (int round = 0; round < 4; round++) {
		race_begin(WEAVE_MAX_FIBRES);
		weave_hot.cpu = 2;
		race_store(&first, 8, NULL);
		weave_hot.cpu = 3;
		race_store(&second, 8, NULL);
		race_release(&word);
		/* One access each, known to nobody else; each twentieth has 63. */
		for (unsigned int i = 0; i < ARRAY_SIZE(large); i++)
			for (unsigned int cpu = 1; cpu < (i % 20 ? 2 : WEAVE_MAX_FIBRES); cpu++) {
				weave_hot.cpu = cpu;
				race_atomic_rmw(&large[i], 8, __ATOMIC_RELEASE, NULL);
			}
		if (round)
			assert_int_equal(shadow_bytes(), bytes);
		bytes = shadow_bytes();
		weave_hot.cpu = 0;
		plain_target = &first;
		assert_bug("data race in f0 / f0", write_plainly);
		race_acquire(&word);
		plain_target = &second;
		assert_no_bug(write_plainly);
		/* Fibre 0 learns of all of them but one. */
		for (unsigned int i = 0; i < ARRAY_SIZE(large); i += 20)
			race_atomic_load(&large[i], 8, __ATOMIC_ACQUIRE, NULL);
		plain_target = &large[5 * 20];
		assert_no_bug(write_plainly);
		/* Its one access is of the last release. */
		plain_target = &large[ARRAY_SIZE(large) - 1];
		assert_bug("data race in f0 / f0", write_plainly);
	}
	race_begin(WEAVE_MAX_FIBRES);
	for (unsigned int cpu = 1; cpu < WEAVE_MAX_FIBRES; cpu++) {
		weave_hot.cpu = cpu;
		race_load(&large[7], 8, NULL);
		race_release(&large[7]);
	}
	weave_hot.cpu = 0;
	race_acquire(&large[7]);
	plain_target = &large[7];
	assert_no_bug(write_plainly);
}

static void touch(void)
{
	weave_hot.cpu = 1;
	race_store(&word, 8, NULL);
}

static void read_data(void)
{
	race_load(&data, 8, NULL);
}

/*
 * With the one cell before them, the table becomes too small between the two cells of an access, which moves the first
 * of them. To run first, while it is small.
 */
static void accesses_of_two_cells_in_a_growing_table(void **state)
{
	static unsigned __int128 pairs[3000];

	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	race_begin(2);
	race_store(&data, 8, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++)
		race_atomic_rmw(&pairs[i], 16, __ATOMIC_RELEASE, NULL);
	weave_hot.cpu = 1;
	assert_bug("data race in f0 / f0", read_data);
	race_atomic_load(&pairs[ARRAY_SIZE(pairs) - 1], 8, __ATOMIC_ACQUIRE, NULL);
	assert_no_bug(read_data);
	weave_hot.cpu = 0;
}

/*
 *	CPU 0			CPU 1			CPU 2
 *	flag = 0 (marked)
 *				flag = 1 (plain)
 *	data; release flag = 2
 *				flag = 3 (plain)
 *							acquire flag; data
 */
static void a_store_that_kcsan_lets_pass_ends_a_sequence(void **state)
{
	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES | WEAVE_HOT_KCSAN;
	for (int again = 0; again < 2; again++) {
		race_begin(3);
		race_atomic_store(&word, 8, __ATOMIC_RELAXED, NULL);
		weave_hot.cpu = 1;
		race_store(&word, 8, NULL);
		weave_hot.cpu = 0;
		race_store(&data, 8, NULL);
		race_atomic_store(&word, 8, __ATOMIC_RELEASE, NULL);
		weave_hot.cpu = 1;
		if (again)
			race_store(&word, 8, NULL);
		weave_hot.cpu = 2;
		race_atomic_load(&word, 8, __ATOMIC_ACQUIRE, NULL);
		if (again)
			assert_bug("data race in f0 / f0", read_data);
		else
			assert_no_bug(read_data);
		weave_hot.cpu = 0;
	}
}

static u64 two[2] __aligned(16);

/*
 *	CPU 0			CPU 1			CPU 2			CPU 3
 *	data; release two[1]
 *				two += 1 (both, relaxed)
 *				-------------------->	two[0] (plain)
 *							-------------------->	acquire two[0]; data
 *
 * The plain store knows nothing of CPU 0, though the value that it replaces did.
 */
static void a_plain_store_ends_a_sequence(void **state)
{
	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	for (int store = 0; store < 2; store++) {
		race_begin(4);
		race_store(&data, 8, NULL);
		race_atomic_store(&two[1], 8, __ATOMIC_RELEASE, NULL);
		weave_hot.cpu = 1;
		race_atomic_rmw(two, 16, __ATOMIC_RELAXED, NULL);
		race_release(&word);
		weave_hot.cpu = 2;
		race_acquire(&word);
		if (store)
			race_store(&two[0], 8, NULL);
		race_release(&first);
		weave_hot.cpu = 3;
		race_acquire(&first);
		race_atomic_load(&two[0], 8, __ATOMIC_ACQUIRE, NULL);
		if (store)
			assert_bug("data race in f0 / f0", read_data);
		else
			assert_no_bug(read_data);
		weave_hot.cpu = 0;
	}
}

static void read_last_byte(void)
{
	race_load((char *)two + 9, 1, NULL);
}

/* Bytes 6 to 9, twice: the second time it is known in its first cell, and must be seen in the second one. */
static void both_cells_learn_of_each_access(void **state)
{
	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	for (int again = 0; again < 2; again++) {
		race_begin(2);
		race_store((char *)two + 6, 4, NULL);
		race_release(&word);
		if (again)
			race_store((char *)two + 6, 4, NULL);
		weave_hot.cpu = 1;
		race_acquire(&word);
		if (again)
			assert_bug("data race in f0 / f0", read_last_byte);
		else
			assert_no_bug(read_last_byte);
		weave_hot.cpu = 0;
	}
}

static void begin_with(u32 generation)
{
	shadow_set_generation(generation);
	race_begin(2);
	weave_hot.cpu = 0;
}

/* What one run has left behind is nothing to the next one, nor to the next one with the same number. */
static void a_run_begins_with_nothing(void **state)
{
	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	begin_with(1);
	race_store(&word, 8, NULL);
	race_begin(2);
	assert_no_bug(touch);

	begin_with(1);
	race_store(&word, 8, NULL);
	begin_with(SHADOW_GENERATION_MAX);
	race_begin(2);
	assert_no_bug(touch);
	/* It is the generation that does it. */
	race_begin(2);
	weave_hot.cpu = 0;
	race_store(&word, 8, NULL);
	assert_bug("data race in f0 / f0", touch);
	weave_hot.cpu = 0;
}

#define SHORT_RUNS 1000000u

static void a_million_runs_hold_what_the_first_held(void **state)
{
	static u64 words[64];
	size_t bytes = 0;

	(void)state;
	weave_hot.flags = WEAVE_HOT_RACES;
	for (unsigned int run = 0; run < SHORT_RUNS; run++) {
		race_begin(2);
		for (unsigned int i = 0; i < 4; i++) {
			weave_hot.cpu = i % 2;
			race_acquire(&words[0]);
			race_store(&words[(run + i) % 64], 8, NULL);
			race_atomic_rmw(&words[(run + 8) % 64], 8, __ATOMIC_ACQ_REL, NULL);
			race_release(&words[0]);
		}
		weave_hot.cpu = 0;
		if (!run)
			bytes = shadow_bytes();
	}
	assert_int_equal(shadow_bytes(), bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses_of_two_cells_in_a_growing_table),
		cmocka_unit_test(two_fibres_as_the_model_says),
		cmocka_unit_test(four_fibres_as_the_model_says),
		cmocka_unit_test(sixty_four_fibres_as_the_model_says),
		cmocka_unit_test(kcsan_mode_as_the_model_says),
		cmocka_unit_test(halves_as_the_model_says),
		cmocka_unit_test(both_cells_learn_of_each_access),
		cmocka_unit_test(a_plain_store_ends_a_sequence),
		cmocka_unit_test(a_store_that_kcsan_lets_pass_ends_a_sequence),
		cmocka_unit_test(generations_wrap),
		cmocka_unit_test(a_run_begins_with_nothing),
		cmocka_unit_test(tables_grow_once),
		cmocka_unit_test(a_million_runs_hold_what_the_first_held),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
