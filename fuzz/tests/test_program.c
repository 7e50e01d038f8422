// SPDX-License-Identifier: GPL-2.0-only
/* Bytes to programs and back; the machines are ones that a core may boot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sim/fault.h>

#include "program.h"
#include "rng.h"

static struct program a, b;
static uint8_t bytes[PROGRAM_MAX_BYTES + 64];

static void the_empty_input_is_a_program(void **state)
{
	(void)state;
	program_decode(&a, NULL, 0);
	assert_int_equal(a.nr_ops, 0);
	assert_int_equal(a.header.nr_cpus, 1);
	assert_int_equal(program_encode(&a, bytes), PROGRAM_HEADER_BYTES);
}

/*
 * 	| header 8 | record 8 | 1e 01 | decodes as | header 8 | record 8 | 1e 01 00 00 00 00 00 00 |
 */
static void a_short_last_record_is_padded(void **state)
{
	(void)state;
	memset(bytes, 0, 18);
	bytes[0] = 3;
	bytes[16] = 0x1e;
	bytes[17] = 1;
	program_decode(&a, bytes, 18);
	program_decode(&b, bytes, 24);
	assert_int_equal(a.nr_ops, 2);
	assert_int_equal(a.ops[1].cpu, 1);
	assert_true(program_equal(&a, &b));
}

static void operations_past_the_last_are_ignored(void **state)
{
	(void)state;
	memset(bytes, 1, sizeof(bytes));
	program_decode(&a, bytes, sizeof(bytes));
	assert_int_equal(a.nr_ops, PROGRAM_MAX_OPS);
}

static void put_record(unsigned int index, unsigned int opcode, unsigned int second,
		       unsigned int nth)
{
	uint8_t *record = bytes + PROGRAM_HEADER_BYTES + index * PROGRAM_RECORD_BYTES;

	memset(record, 0, PROGRAM_RECORD_BYTES);
	record[0] = opcode;
	record[1] = second;
	record[4] = nth;
	record[5] = nth >> 8;
}

/*
 *	switch		before the first operation: of nobody
 *	drain_all
 *	 @300 switch	two out of order
 *	 @7 delay
 *	rcu_barrier
 *	 @9 switch
 */
static void switches_belong_to_the_operation_before_them(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 3;
	put_record(0, PROGRAM_SWITCH, 1, 5);
	put_record(1, OP_DRAIN_ALL, 1, 0);
	put_record(2, PROGRAM_SWITCH + WEAVE_SWITCH, 2, 300);
	put_record(3, PROGRAM_SWITCH + WEAVE_DELAY, 9, 7);
	put_record(4, OP_RCU_BARRIER, 2, 0);
	put_record(5, PROGRAM_SWITCH + WEAVE_SWITCH, 7, 9);
	program_decode(&a, bytes, 56);
	assert_int_equal(a.nr_ops, 2);
	assert_int_equal(a.nr_switches, 3);
	assert_int_equal(a.switches[0].op, 0);
	assert_int_equal(a.switches[0].nth, 7);
	assert_int_equal(a.switches[0].kind, WEAVE_DELAY);
	assert_int_equal(a.switches[0].value, 1);
	assert_int_equal(a.switches[1].nth, 300);
	assert_int_equal(a.switches[1].value, 2);
	assert_int_equal(a.switches[2].op, 1);
	assert_int_equal(a.switches[2].value, 3); /* CPU 7 of 4 */

	assert_int_equal(program_encode(&a, bytes), 48);
	program_decode(&b, bytes, 48);
	assert_true(program_equal(&a, &b));
}

/* What stood in bytes 4 to 7 before programs had a schedule is 0, and means what it meant. */
static void the_header_says_what_becomes_of_it_when_woven(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	program_decode(&a, bytes, 8);
	assert_int_equal(a.header.memory, WEAVE_SC);
	assert_int_equal(a.header.rest, PROGRAM_REST_SERIAL);
	assert_false(a.header.kcsan || a.header.plain_points);

	a.header.memory = WEAVE_LKMM;
	a.header.kcsan = true;
	a.header.plain_points = true;
	a.header.rest = PROGRAM_REST_RANDOM;
	a.header.gap = 250;
	a.header.seed = 0xabcd;
	program_decode(&b, bytes, program_encode(&a, bytes));
	assert_true(program_equal(&a, &b));
	b.header.seed++;
	assert_false(program_equal(&a, &b));

	for (a.header.rest = PROGRAM_REST_RANDOM; a.header.rest < NR_PROGRAM_RESTS; a.header.rest++) {
		for (a.header.runs = 0; a.header.runs < PROGRAM_NR_RUNS; a.header.runs++) {
			program_normalize(&a);
			program_decode(&b, bytes, program_encode(&a, bytes));
			assert_true(program_equal(&a, &b));
			assert_int_equal(program_runs(&b.header), 1 << 2 * a.header.runs);
			b.header.runs ^= 1;
			assert_false(program_equal(&a, &b));
		}
	}

	/* What is of no use is not kept: two programs that do the same are equal. */
	assert_int_equal(b.header.gap, 0);
	a.header.rest = PROGRAM_REST_SERIAL;
	program_normalize(&a);
	assert_int_equal(a.header.seed, 0);
	assert_int_equal(a.header.runs, 0);
}

static void a_switch_is_equal_only_to_itself(void **state)
{
	static const struct weave_entry others[] = {
		{ 1, 5, WEAVE_SWITCH, 1 },
		{ 0, 6, WEAVE_SWITCH, 1 },
		{ 0, 5, WEAVE_STALE, 1 },
		{ 0, 5, WEAVE_SWITCH, 0 },
	};

	(void)state;
	memset(&a, 0, sizeof(a));
	a.header.nr_cpus = 2;
	a.nr_ops = 2;
	a.nr_switches = 1;
	a.switches[0] = (struct weave_entry){ 0, 5, WEAVE_SWITCH, 1 };
	memcpy(&b, &a, sizeof(a));
	assert_true(program_equal(&a, &b));
	for (unsigned int i = 0; i < 4; i++) {
		b.switches[0] = others[i];
		assert_false(program_equal(&a, &b));
	}
}

static void normalize_sorts_switches_and_drops_those_of_nobody(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	a.header.nr_cpus = 2;
	a.nr_ops = 2;
	a.nr_switches = 4;
	a.switches[0] = (struct weave_entry){ 1, 5, WEAVE_SWITCH, 7 };
	a.switches[1] = (struct weave_entry){ 2, 0, WEAVE_SWITCH, 1 };
	a.switches[2] = (struct weave_entry){ 0, 9, WEAVE_DRAIN, 200 };
	a.switches[3] = (struct weave_entry){ 0, 9, WEAVE_STALE, 0 };
	program_normalize(&a);
	assert_int_equal(a.nr_switches, 3);
	assert_int_equal(a.switches[0].kind, WEAVE_STALE);
	assert_int_equal(a.switches[0].value, 1);
	assert_int_equal(a.switches[1].kind, WEAVE_DRAIN);
	assert_in_range(a.switches[1].value, 1, PROGRAM_MAX_WAITING);
	assert_int_equal(a.switches[2].op, 1);
	assert_int_equal(a.switches[2].value, 1);
}

static void switches_past_the_last_are_ignored(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	for (unsigned int i = 1; i < PROGRAM_MAX_SWITCHES + 3; i++)
		put_record(i, PROGRAM_SWITCH, 0, PROGRAM_MAX_SWITCHES - i);
	put_record(PROGRAM_MAX_SWITCHES + 3, OP_DRAIN_ALL, 0, 0);
	program_decode(&a, bytes, 8 + (PROGRAM_MAX_SWITCHES + 4) * 8);
	assert_int_equal(a.nr_switches, PROGRAM_MAX_SWITCHES);
	assert_int_equal(a.nr_ops, 2);
	assert_int_equal(a.switches[0].nth, 0);
}

static void sixty_four_cpus_survive(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	a.header.nr_cpus = 64;
	a.nr_ops = 1;
	a.ops[0].cpu = 63;
	program_decode(&b, bytes, program_encode(&a, bytes));
	assert_int_equal(b.header.nr_cpus, 64);
	assert_int_equal(b.ops[0].cpu, 63);
	assert_false(b.header.flags & PROGRAM_MANY_CPUS);
}

static void assert_program_in_range(const struct program *program)
{
	const struct mmfuzz_config *config = &machine_profiles[program->header.profile].config;

	for (unsigned int i = 0; i < program->nr_ops; i++) {
		const struct op *op = &program->ops[i];

		assert_true(op->code < NR_OPS);
		assert_true(op->cpu < program->header.nr_cpus);
		assert_true(op->slot < PROGRAM_SLOTS);
		assert_true(op->fault < NR_FAULT_KINDS);
		for (unsigned int arg = 0; arg < op_infos[op->code].nr_args; arg++) {
			enum arg_kind kind = op_infos[op->code].args[arg].kind;

			assert_in_range(op_get_arg(op, kind), arg_min(kind),
					arg_max(&program->header, kind));
			if (kind == ARG_NR)
				assert_true(op->pfn + op->nr <= config->max_pfn);
			if (kind == ARG_BLOCKS)
				assert_true((unsigned long)(op->pageblock + op->nr)
						    << config->pageblock_order <=
					    config->max_pfn);
		}
	}
	for (unsigned int i = 0; i < program->nr_switches; i++) {
		const struct weave_entry *entry = &program->switches[i];
		unsigned int min, max;

		assert_true(entry->op < program->nr_ops);
		assert_true(entry->nth <= PROGRAM_MAX_NTH);
		assert_true(entry->kind < PROGRAM_NR_CHOICES);
		switch_values(&program->header, entry->kind, &min, &max);
		assert_in_range(entry->value, min, max);
		assert_true(!i || program->switches[i - 1].op <= entry->op);
	}
}

static void any_bytes_decode_in_range_and_round_trip(void **state)
{
	struct rng rng = rng_seed(1);

	(void)state;
	for (unsigned int round = 0; round < 2000; round++) {
		size_t size = rng_below(&rng, 400);
		struct program *copy = &b;

		for (size_t i = 0; i < size; i++)
			bytes[i] = rng_next(&rng);
		program_decode(&a, bytes, size);
		assert_program_in_range(&a);
		memcpy(copy, &a, sizeof(a));
		program_normalize(copy);
		assert_true(program_equal(&a, copy));
		program_decode(&b, bytes, program_encode(&a, bytes));
		assert_true(program_equal(&a, &b));
	}
}

static void normalize_moves_a_program_to_a_smaller_machine(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	a.header.nr_cpus = 8;
	a.header.profile = 13; /* 4096 frames */
	a.nr_ops = 1;
	a.ops[0] =
		(struct op){ .code = OP_CONTIG_RANGE, .cpu = 7, .pfn = 4000, .nr = 96, .tag = 9 };
	program_normalize(&a);
	assert_int_equal(a.ops[0].pfn, 4000);
	assert_int_equal(a.ops[0].tag, 0); /* contig_range has no tag */
	a.header.profile = 0;		   /* 64 frames */
	a.header.nr_cpus = 2;
	program_normalize(&a);
	assert_program_in_range(&a);
}

/* Arguments of one operation use different bytes of the record and different fields. */
static void no_two_arguments_share_a_place(void **state)
{
	(void)state;
	for (unsigned int code = 0; code < NR_OPS; code++) {
		const struct op_info *info = &op_infos[code];
		unsigned int used = op_has_slot(code) ? 1 << 3 : 0;

		assert_true(info->nr_args <= OP_MAX_ARGS);
		for (unsigned int i = 0; i < info->nr_args; i++) {
			static const unsigned int bits[] = {
				[AT_SLOT] = 1 << 3, [AT_B] = 1 << 4, [AT_C] = 1 << 5,
				[AT_BC] = 3 << 4,   [AT_D] = 1 << 6, [AT_D1] = 1 << 7
			};
			enum arg_kind kind = info->args[i].kind;
			unsigned int mask = bits[info->args[i].place];

			if (kind == ARG_NONE)
				continue;
			if (kind == ARG_PFN || kind == ARG_PAGEBLOCK || kind == ARG_BLOCK) {
				assert_int_equal(info->args[i].place, AT_D);
				mask = 3 << 6;
			}
			if (kind == ARG_NR)
				assert_int_equal(info->args[i].place, AT_BC);
			if (used & mask)
				fail_msg("%s: argument %u lies upon another", info->name, i);
			used |= mask;
		}
	}
}

/* What backend.h asks of a configuration. */
static void every_profile_is_a_valid_machine(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PROGRAM_NR_PROFILES; i++) {
		const struct mmfuzz_config *config = &machine_profiles[i].config;
		unsigned long section = 1ul << config->section_order;

		assert_non_null(machine_profiles[i].name);
		assert_in_range(config->pageblock_order, 1, MMFUZZ_MAX_ORDER);
		assert_true(config->section_order >= config->pageblock_order);
		assert_int_equal(config->max_pfn % section, 0);
		assert_true(config->max_pfn <= 65536);
		assert_in_range(config->nr_zones, 1, MMFUZZ_MAX_ZONES);
		for (unsigned int z = 0; z < config->nr_zones; z++) {
			const struct mmfuzz_range *range = &config->zones[z].range;

			assert_int_equal(range->start % section, 0);
			assert_int_equal(range->nr % section, 0);
			assert_true(range->nr && range->start + range->nr <= config->max_pfn);
		}
		for (unsigned int v = 0; v < config->nr_vmem; v++) {
			const struct mmfuzz_vmem_config *vmem = &config->vmem[v];

			assert_int_equal(vmem->region.start % section, 0);
			assert_int_equal(vmem->region.nr % section, 0);
			assert_true(vmem->region.start + vmem->region.nr <= config->max_pfn);
			assert_in_range(vmem->sb_order, config->pageblock_order,
					config->section_order);
			for (unsigned int z = 0; z < config->nr_zones; z++)
				assert_true(config->zones[z].range.start +
							    config->zones[z].range.nr <=
						    vmem->region.start ||
					    vmem->region.start + vmem->region.nr <=
						    config->zones[z].range.start);
		}
		for (unsigned int c = 0; c < config->nr_cma; c++) {
			assert_int_equal(config->cma[c].start % (1ul << config->pageblock_order),
					 0);
			assert_int_equal(config->cma[c].nr % (1ul << config->pageblock_order), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_input_is_a_program),
		cmocka_unit_test(a_short_last_record_is_padded),
		cmocka_unit_test(operations_past_the_last_are_ignored),
		cmocka_unit_test(switches_belong_to_the_operation_before_them),
		cmocka_unit_test(the_header_says_what_becomes_of_it_when_woven),
		cmocka_unit_test(a_switch_is_equal_only_to_itself),
		cmocka_unit_test(normalize_sorts_switches_and_drops_those_of_nobody),
		cmocka_unit_test(switches_past_the_last_are_ignored),
		cmocka_unit_test(sixty_four_cpus_survive),
		cmocka_unit_test(any_bytes_decode_in_range_and_round_trip),
		cmocka_unit_test(normalize_moves_a_program_to_a_smaller_machine),
		cmocka_unit_test(no_two_arguments_share_a_place),
		cmocka_unit_test(every_profile_is_a_valid_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
