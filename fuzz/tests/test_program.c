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

static void records_of_a_schedule_are_kept(void **state)
{
	static const uint8_t record[8] = { 0xe3, 9, 0xff, 0xfe, 4, 5, 6, 7 };

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 4, "\x11\x22\x33\x44", 4);
	memcpy(bytes + 8, record, 8);
	program_decode(&a, bytes, 16);
	assert_int_equal(a.header.schedule, 0x44332211);
	assert_int_equal(a.ops[0].code, OP_RESERVED);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(program_encode(&a, bytes), 16);
	assert_memory_equal(bytes + 8, record, 8);
	assert_memory_equal(bytes + 4, "\x11\x22\x33\x44", 4);
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

		assert_true(op->code <= OP_RESERVED);
		if (op->code == OP_RESERVED)
			continue;
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
		cmocka_unit_test(records_of_a_schedule_are_kept),
		cmocka_unit_test(sixty_four_cpus_survive),
		cmocka_unit_test(any_bytes_decode_in_range_and_round_trip),
		cmocka_unit_test(normalize_moves_a_program_to_a_smaller_machine),
		cmocka_unit_test(no_two_arguments_share_a_place),
		cmocka_unit_test(every_profile_is_a_valid_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
