// SPDX-License-Identifier: GPL-2.0-only
/* The mutator: valid in, valid out, never past the room it has, and it can get anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generate.h"
#include "mutate.h"

static struct program a, b;

static void assert_canonical(const uint8_t *data, size_t size)
{
	static uint8_t again[PROGRAM_MAX_BYTES];

	program_decode(&a, data, size);
	assert_int_equal(program_encode(&a, again), size);
	assert_memory_equal(again, data, size);
}

static void the_same_seed_gives_the_same_change(void **state)
{
	uint8_t one[400] = { 3, 1 }, two[400] = { 3, 1 };

	(void)state;
	for (unsigned int seed = 0; seed < 100; seed++) {
		size_t size = program_mutate(one, 80, sizeof(one), seed);

		assert_int_equal(program_mutate(two, 80, sizeof(two), seed), size);
		assert_memory_equal(one, two, size);
	}
}

static void results_are_programs_that_fit(void **state)
{
	struct rng rng = rng_seed(1);
	size_t size = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		size_t max_size = rng_below(&rng, round % 10 ? 600 : PROGRAM_MAX_BYTES + 100);
		/* Exactly as large as said, for the sanitizer to watch the end. */
		uint8_t *data = malloc(max_size ? max_size : 1);
		size_t new_size;

		size = size < max_size ? size : max_size;
		for (size_t i = 0; i < size; i++)
			data[i] = rng_next(&rng);
		new_size = program_mutate(data, size, max_size, round);
		assert_true(new_size <= max_size);
		if (max_size >= PROGRAM_HEADER_BYTES)
			assert_canonical(data, new_size);
		size = new_size;
		free(data);
	}
}

static void a_seed_of_nothing_grows(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	bool seen[NR_OPS] = { false };
	size_t size = 0;

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		size = program_mutate(data, size, 1000, round);
		program_decode(&a, data, size);
		for (unsigned int i = 0; i < a.nr_ops; i++)
			seen[a.ops[i].code] = true;
	}
	for (unsigned int code = 0; code < NR_OPS; code++)
		if (!seen[code])
			fail_msg("%s never came up", op_infos[code].name);
}

/* Twelve operations on two CPUs; in the middle of one of them a switch, and the header says random. */
static size_t scheduled(uint8_t *data)
{
	memset(&a, 0, sizeof(a));
	a.header = (struct program_header){
		.nr_cpus = 2, .profile = 1, .rest = PROGRAM_REST_RANDOM, .gap = 9, .seed = 0xabcd
	};
	for (a.nr_ops = 0; a.nr_ops < 12; a.nr_ops++)
		a.ops[a.nr_ops] = (struct op){ .code = OP_FOLIO_READ,
					       .cpu = a.nr_ops % 2,
					       .index = a.nr_ops };
	a.switches[a.nr_switches++] = (struct weave_entry){ 4, 77, WEAVE_SWITCH, 1 };
	return program_encode(&a, data);
}

/*
 * For who does not run schedules they are only carried along: none is made, and one is lost only with
 * its operation.
 */
static void a_schedule_lives_through_mutation(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int with_its_op = 0, same_seed = 0, grown = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 200; seed++) {
		size_t size = program_mutate(data, scheduled(data), 400, seed);

		program_decode(&a, data, size);
		same_seed += a.header.seed == 0xabcd;
		for (unsigned int i = 0; i < a.nr_switches; i++) {
			const struct op *op = &a.ops[a.switches[i].op];

			with_its_op += a.switches[i].nth == 77 && op->code == OP_FOLIO_READ &&
				       op->index == 4;
		}
		grown += a.nr_switches > 2;
	}
	assert_true(with_its_op > 150);
	assert_true(same_seed > 190);
	assert_true(grown < 10);
}

static bool has_kind(const struct program *program, enum weave_choice kind)
{
	for (unsigned int i = 0; i < program->nr_switches; i++)
		if (program->switches[i].kind == kind)
			return true;
	return false;
}

static void woven_mutation_makes_and_loses_switches_of_all_kinds(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int more = 0, less = 0, same = 0, kinds[PROGRAM_NR_CHOICES] = { 0 };
	size_t size = scheduled(data);

	(void)state;
	for (unsigned int seed = 0; seed < 60000; seed++) {
		unsigned int old;

		program_decode(&a, data, size);
		old = a.nr_switches;
		size = program_mutate_woven(data, size, 400, seed, NULL);
		assert_true(size <= 400);
		assert_canonical(data, size);
		for (unsigned int kind = 0; kind < PROGRAM_NR_CHOICES; kind++)
			kinds[kind] += has_kind(&a, kind);
		more += a.nr_switches > old;
		less += a.nr_switches < old;
		same += a.nr_switches == old;
	}
	for (unsigned int kind = 0; kind < PROGRAM_NR_CHOICES; kind++)
		assert_true(kinds[kind] > 100);
	assert_true(more > 1000 && less > 1000 && same > 1000);
}

/* Every strategy, every memory model and both short new programs and mutants of the old one come up. */
static void woven_mutation_draws_schedules(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int rests[NR_PROGRAM_RESTS] = { 0 }, memories[WEAVE_LKMM + 1] = { 0 }, anew = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		program_decode(&a, data, program_mutate_woven(data, scheduled(data), 400, seed, NULL));
		rests[a.header.rest]++;
		memories[a.header.memory]++;
		anew += a.header.runs == 2 && a.header.seed != 0xabcd && !a.nr_switches;
	}
	for (unsigned int rest = 0; rest < NR_PROGRAM_RESTS; rest++)
		assert_true(rests[rest] > (rest == PROGRAM_REST_SERIAL ? 5 : 100));
	for (unsigned int memory = 0; memory <= WEAVE_LKMM; memory++)
		assert_true(memories[memory] > 10);
	assert_in_range(anew, 200, 1500);
}

static unsigned int one_hint(const struct program *program, struct program_hint *hints)
{
	assert_true(program->nr_ops > 0);
	hints[0] = (struct program_hint){ 3, 1234 };
	return 1;
}

static unsigned int look_nowhere(const struct program *program, unsigned int from)
{
	assert_in_range(from, 0, arg_max(&program->header, ARG_PFN));
	return from;
}

static const struct program_runner one_runner = { one_hint, look_nowhere };

static void hints_are_where_switches_go(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int hinted = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 1000; seed++) {
		program_decode(&a, data,
			       program_mutate_woven(data, scheduled(data), 400, seed, &one_runner));
		for (unsigned int i = 0; i < a.nr_switches; i++) {
			hinted += a.switches[i].nth == 1234;
			break;
		}
	}
	assert_true(hinted > 50);
}

static unsigned int busy_cpus(const struct program *program, unsigned int from)
{
	uint64_t cpus = 0;

	for (unsigned int i = from; i < program->nr_ops; i++)
		cpus |= 1ull << program->ops[i].cpu;
	return (unsigned int)__builtin_popcountll(cpus);
}

/* CPU 0 alone up to the one switch of the program, and then all of them. */
static bool has_past(const struct program *program)
{
	unsigned int past = program->nr_switches == 1 ? program->switches[0].op : 0;

	for (unsigned int i = 0; i < past; i++)
		if (program->ops[i].cpu)
			return false;
	return past && !program->switches[0].nth && program->header.runs == 1 &&
	       busy_cpus(program, past) == program->header.nr_cpus;
}

static void what_was_becomes_a_past(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES], old[PROGRAM_MAX_BYTES];
	unsigned int aged = 0;

	(void)state;
	program_decode(&b, old, scheduled(old));
	for (unsigned int seed = 0; seed < 2000; seed++) {
		size_t size = program_mutate_woven(data, scheduled(data), 400, seed, NULL);

		assert_canonical(data, size);
		/* The old program's own operations, so that it is not a new one. */
		aged += has_past(&a) && a.header.profile == b.header.profile && a.nr_ops > 1 &&
			a.ops[0].code == b.ops[0].code && a.ops[0].slot == b.ops[0].slot;
	}
	assert_in_range(aged, 50, 400);
}

/*
 * What came behind some operation of the program comes on several CPUs at once, some of it on two of them:
 *
 *	CPU0: past, past, past | third          CPU1: | third, in another slot
 */
static void what_comes_next_is_done_at_once(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES], old[PROGRAM_MAX_BYTES];
	unsigned int twins = 0;

	(void)state;
	program_decode(&b, old, scheduled(old));
	for (unsigned int seed = 0; seed < 2000; seed++) {
		size_t size = program_mutate_woven(data, scheduled(data), 400, seed, NULL);
		unsigned int past;

		program_decode(&a, data, size);
		past = a.nr_switches == 1 && !a.switches[0].nth ? a.switches[0].op : 0;
		if (!past || past + 1 >= a.nr_ops || past >= b.nr_ops)
			continue;
		/* No two operations of the old program name the same folio. */
		twins += a.ops[past].index == b.ops[past].index && a.ops[past + 1].index == b.ops[past].index &&
			 a.ops[past].cpu != a.ops[past + 1].cpu;
	}
	assert_in_range(twins, 20, 400);
}

static void new_programs_are_for_several_cpus(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];
	unsigned int anew = 0, alone = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		size_t size = program_mutate_woven(data, scheduled(data), 400, seed, &one_runner);

		assert_true(size <= 400);
		assert_canonical(data, size);
		if (a.header.runs != 2 || a.header.seed == 0xabcd)
			continue;
		anew++;
		alone += busy_cpus(&a, 0) < 2;
	}
	assert_in_range(anew, 500, 1800);
	assert_true(alone < anew / 50);
}

/* Whatever is made, a little room is enough for it. */
static void woven_mutation_keeps_to_its_room(void **state)
{
	static uint8_t data[PROGRAM_MAX_BYTES];

	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		size_t max_size = PROGRAM_HEADER_BYTES + seed % 80;
		size_t size = scheduled(data);

		assert_true(program_mutate_woven(data, size < max_size ? size : max_size, max_size, seed, &one_runner) <=
			    max_size);
	}
}

static void woven_crossover_is_mostly_a_mutation(void **state)
{
	static uint8_t one[PROGRAM_MAX_BYTES], out[PROGRAM_MAX_BYTES];
	unsigned int fresh = 0;
	size_t size = scheduled(one);

	(void)state;
	for (unsigned int seed = 0; seed < 2000; seed++) {
		size_t made = program_crossover_woven(one, size, one, size, out, 400, seed, NULL);

		assert_true(made <= 400);
		assert_canonical(out, made);
		fresh += a.header.runs == 2 && a.header.seed != 0xabcd;
	}
	assert_in_range(fresh, 400, 1400);
}

/*
 *	A0 A1 A2 @77 A3 ...	a child that has A2 has its switch, on A2
 */
static void a_child_has_the_switches_of_its_operations(void **state)
{
	static uint8_t first[200], second[200], out[600];
	size_t size1 = scheduled(first), size2;
	unsigned int found = 0;

	(void)state;
	memcpy(second, first, sizeof(second));
	size2 = PROGRAM_HEADER_BYTES + 4 * PROGRAM_RECORD_BYTES; /* without a switch */
	for (unsigned int seed = 0; seed < 300; seed++) {
		bool from_first = seed % 2;
		size_t size =
			program_crossover(from_first ? first : second, from_first ? size1 : size2,
					  from_first ? second : first, from_first ? size2 : size1,
					  out, sizeof(out), seed);

		program_decode(&b, out, size);
		for (unsigned int i = 0; i < b.nr_switches; i++) {
			assert_int_equal(b.ops[b.switches[i].op].index, 4);
			assert_int_equal(b.switches[i].nth, 77);
			found++;
		}
	}
	assert_true(found > 100);
}

/*
 *	first   A A A A A A      second  B B B B B B
 *	child   A A B B A A A A  or  A A B B B  or  A B A A B A B A
 */
static void a_child_has_operations_of_both(void **state)
{
	static uint8_t first[8 + 6 * 8], second[8 + 6 * 8], out[8 + 12 * 8];
	unsigned int mixed = 0;

	(void)state;
	first[1] = 3;
	for (unsigned int i = 0; i < 6; i++) {
		first[8 + 8 * i] = OP_DRAIN_ALL;
		second[8 + 8 * i] = OP_RCU_BARRIER;
	}
	for (unsigned int seed = 0; seed < 200; seed++) {
		size_t size = program_crossover(first, sizeof(first), second, sizeof(second), out,
						sizeof(out), seed);
		unsigned int from_first = 0, from_second = 0;

		assert_true(size <= sizeof(out));
		program_decode(&b, out, size);
		assert_int_equal(b.header.profile, 3);
		for (unsigned int i = 0; i < b.nr_ops; i++) {
			from_first += b.ops[i].code == OP_DRAIN_ALL;
			from_second += b.ops[i].code == OP_RCU_BARRIER;
		}
		assert_true(from_second >= 1);
		mixed += from_first && from_second;
	}
	assert_true(mixed > 150);
}

static void cross_over_bears_any_sizes(void **state)
{
	struct rng rng = rng_seed(4);
	static uint8_t one[5000], two[5000], out[5000];

	(void)state;
	for (unsigned int round = 0; round < 5000; round++) {
		size_t limit = round % 10 ? 300 : sizeof(one);
		size_t size1 = rng_below(&rng, limit), size2 = rng_below(&rng, limit);
		size_t max_size = rng_below(&rng, limit), size;

		for (size_t i = 0; i < size1; i++)
			one[i] = rng_next(&rng);
		for (size_t i = 0; i < size2; i++)
			two[i] = rng_next(&rng);
		size = program_crossover(one, size1, two, size2, out, max_size, round);
		assert_true(size <= max_size);
		if (size)
			assert_canonical(out, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_gives_the_same_change),
		cmocka_unit_test(results_are_programs_that_fit),
		cmocka_unit_test(a_seed_of_nothing_grows),
		cmocka_unit_test(a_schedule_lives_through_mutation),
		cmocka_unit_test(woven_mutation_makes_and_loses_switches_of_all_kinds),
		cmocka_unit_test(woven_mutation_draws_schedules),
		cmocka_unit_test(hints_are_where_switches_go),
		cmocka_unit_test(what_was_becomes_a_past),
		cmocka_unit_test(what_comes_next_is_done_at_once),
		cmocka_unit_test(new_programs_are_for_several_cpus),
		cmocka_unit_test(woven_mutation_keeps_to_its_room),
		cmocka_unit_test(woven_crossover_is_mostly_a_mutation),
		cmocka_unit_test(a_child_has_the_switches_of_its_operations),
		cmocka_unit_test(a_child_has_operations_of_both),
		cmocka_unit_test(cross_over_bears_any_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
