// SPDX-License-Identifier: GPL-2.0-only
/* What the generator makes: in range, every operation, slots that fit, frames that meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "generate.h"

static struct program a, b;

static void the_same_seed_makes_the_same_program(void **state)
{
	struct program_header header = { .nr_cpus = 4, .profile = 14 };

	(void)state;
	program_generate(&a, &generator_default, &header, 100, 7);
	program_generate(&b, &generator_default, &header, 100, 7);
	assert_true(program_equal(&a, &b));
	program_generate(&b, &generator_default, &header, 100, 8);
	assert_false(program_equal(&a, &b));
}

static void programs_are_in_range_on_every_machine(void **state)
{
	(void)state;
	for (unsigned int profile = 0; profile < PROGRAM_NR_PROFILES; profile++) {
		for (unsigned int seed = 0; seed < 50; seed++) {
			struct program_header header = { .nr_cpus = 1 + seed, .profile = profile };

			program_generate(&a, &generator_default, &header, 200, seed);
			memcpy(&b, &a, sizeof(a));
			program_normalize(&b);
			assert_true(program_equal(&a, &b));
		}
	}
}

/*
 * Of each operation there are some; of those that use a slot most find what they look for, if
 * everything succeeds.
 */
static void every_operation_is_made_and_slots_fit(void **state)
{
	struct program_header header = { .nr_cpus = 4, .profile = 14 };
	unsigned int count[NR_OPS] = { 0 };
	unsigned int fit = 0, all = 0, frees = 0, gives = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 200; seed++) {
		uint8_t slots[PROGRAM_SLOTS] = { 0 };

		program_generate(&a, &generator_default, &header, 100, seed);
		for (unsigned int i = 0; i < a.nr_ops; i++) {
			const struct op *op = &a.ops[i];
			const struct op_info *info = &op_infos[op->code];

			count[op->code]++;
			if (!op_has_slot(op->code))
				continue;
			all++;
			fit += info->takes ? !!(info->takes & 1u << slots[op->slot]) :
					     !slots[op->slot];
			frees += op->code == OP_FREE;
			gives += !!info->gives;
			if (info->gives)
				slots[op->slot] = info->gives;
			else if (op->code == OP_SPLIT)
				slots[op->slot] = SLOT_SINGLES;
			else if (op->code == OP_FREE || op->code == OP_FREE_NOLOCK ||
				 op->code == OP_PUTBACK)
				slots[op->slot] = SLOT_NONE;
		}
	}
	for (unsigned int code = 0; code < NR_OPS; code++)
		if (!count[code])
			fail_msg("%s is never made", op_infos[code].name);
	assert_true(fit > all / 100 * 95);
	assert_true(frees > gives / 4);
}

/*
 *	pfn   0                                   4096
 * 	      .....xxxxx........................... two neighbouring operations that name frames:
 * 	      mostly close together
 */
static void neighbouring_operations_name_neighbouring_frames(void **state)
{
	struct program_header header = { .nr_cpus = 2, .profile = 13 };
	unsigned int close = 0, all = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 100; seed++) {
		int last = -1;

		program_generate(&a, &generator_default, &header, 100, seed);
		for (unsigned int i = 0; i < a.nr_ops; i++) {
			for (unsigned int arg = 0; arg < op_infos[a.ops[i].code].nr_args; arg++) {
				if (op_infos[a.ops[i].code].args[arg].kind != ARG_PFN)
					continue;
				if (last >= 0) {
					all++;
					close += abs(last - (int)a.ops[i].pfn) <= 1024;
				}
				last = a.ops[i].pfn;
			}
		}
	}
	assert_true(close > all / 2);
}

/* A machine that was just booted gives away the first frames of a zone: many programs begin there. */
static void programs_begin_where_zones_begin(void **state)
{
	static const struct generator_profile walks = { .name = "walks", .weights = { [OP_WALK] = 1 } };
	struct program_header header = { .nr_cpus = 2, .profile = 13 };
	const struct mmfuzz_config *config = &machine_profiles[header.profile].config;
	unsigned int reach = 2u << config->pageblock_order, near = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 200; seed++) {
		program_generate(&a, &walks, &header, 1, seed);
		for (unsigned int i = 0; i < config->nr_zones; i++) {
			if (a.ops[0].pfn - config->zones[i].range.start < reach) {
				near++;
				break;
			}
		}
	}
	assert_in_range(near, 60, 180);
}

/* Else nobody removes, reads or gets what another adds. */
static void folios_of_many_programs_are_few(void **state)
{
	static const struct generator_profile adds = { .name = "adds", .weights = { [OP_FOLIO_ADD] = 1 } };
	struct program_header header = { .nr_cpus = 2, .profile = 0 };
	unsigned int few = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 200; seed++) {
		unsigned int same = 0;

		program_generate(&a, &adds, &header, 16, seed);
		for (unsigned int i = 1; i < a.nr_ops; i++)
			same += a.ops[i].index == a.ops[0].index;
		few += same >= 5;
	}
	assert_in_range(few, 50, 150);
}

/*
 * A schedule leaves operations early rather than late, for other CPUs only, and often comes back.
 */
static void a_schedule_has_few_early_switches_to_other_cpus(void **state)
{
	struct program_header header = { .nr_cpus = 3, .profile = 1 };
	unsigned int all = 0, early = 0;

	(void)state;
	for (unsigned int seed = 0; seed < 100; seed++) {
		program_generate(&a, &generator_default, &header, 20, seed);
		assert_int_equal(a.nr_switches, 0);
		program_generate_schedule(&a, 4, seed);
		memcpy(&b, &a, sizeof(a));
		program_normalize(&b);
		assert_true(program_equal(&a, &b));
		program_generate_schedule(&b, 4, seed);
		assert_true(program_equal(&a, &b));
		assert_in_range(a.nr_switches, 1, 12);
		for (unsigned int i = 0; i < a.nr_switches; i++) {
			const struct weave_entry *entry = &a.switches[i];

			assert_int_equal(entry->kind, WEAVE_SWITCH);
			assert_true(entry->value != a.ops[entry->op].cpu);
			all++;
			early += entry->nth < 24;
		}
	}
	assert_true(early > all / 2);

	header.nr_cpus = 1;
	program_generate(&a, &generator_default, &header, 20, 1);
	program_generate_schedule(&a, 4, 1);
	assert_int_equal(a.nr_switches, 0);
}

static void a_scenario_makes_only_its_operations(void **state)
{
	static const struct generator_profile scenario = {
		.name = "isolate_free",
		.weights = { [OP_ALLOC] = 5, [OP_FREE] = 5, [OP_ISOLATE_RANGE] = 2 },
	};
	struct program_header header = { .nr_cpus = 64, .profile = 0 };

	(void)state;
	program_generate(&a, &scenario, &header, PROGRAM_MAX_OPS, 1);
	for (unsigned int i = 0; i < a.nr_ops; i++) {
		assert_true(scenario.weights[a.ops[i].code]);
		assert_int_equal(a.ops[i].fault, 0);
	}
}

/* A mutant's machine is any; a scenario's operations, some of them left out, may all need a device that it lacks. */
static void a_machine_that_can_do_nothing_of_a_profile_gets_the_default(void **state)
{
	const struct generator_profile only_cma = { .name = "only-cma", .weights = { [OP_CMA_ALLOC] = 1 } };
	/* "tiny" has no CMA area. */
	struct program_header header = { .nr_cpus = 2, .profile = 0 };

	(void)state;
	program_generate(&a, &only_cma, &header, 50, 1);
	assert_int_equal(a.nr_ops, 50);
	for (unsigned int i = 0; i < a.nr_ops; i++)
		assert_int_not_equal(a.ops[i].code, OP_CMA_ALLOC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_makes_the_same_program),
		cmocka_unit_test(programs_are_in_range_on_every_machine),
		cmocka_unit_test(every_operation_is_made_and_slots_fit),
		cmocka_unit_test(neighbouring_operations_name_neighbouring_frames),
		cmocka_unit_test(programs_begin_where_zones_begin),
		cmocka_unit_test(folios_of_many_programs_are_few),
		cmocka_unit_test(a_schedule_has_few_early_switches_to_other_cpus),
		cmocka_unit_test(a_scenario_makes_only_its_operations),
		cmocka_unit_test(a_machine_that_can_do_nothing_of_a_profile_gets_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
