// SPDX-License-Identifier: GPL-2.0-only
/* The text form: what a person writes, what comes back, and how mistakes are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sim/fault.h>

#include "program.h"
#include "rng.h"
#include "target.h"

static struct program a, b;
static char text[PROGRAM_TEXT_MAX];

static void assemble(const char *source)
{
	struct program_error error;

	if (!program_assemble(&a, source, strlen(source), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

static void assert_refused(const char *source, unsigned int line, unsigned int column,
			   const char *message)
{
	struct program_error error;

	assert_false(program_assemble(&a, source, strlen(source), &error));
	assert_string_equal(error.message, message);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
}

static void a_program_reads_as_written(void **state)
{
	static const char source[] =
		"machine profile=three_zones cpus=4 pcp_high=3 pcp_batch=0 flags=check|rcu_late\n"
		"cpu1: s3 = alloc(order=2, gfp=movable|zero, nid=0)\n"
		"cpu0: free(s3) fault=target:2\n"
		"cpu3: migrate(s7, async=1) fault=pfn-set:each\n"
		"cpu2: mem_online(block=3, zone=movable)\n"
		"cpu0: folio_add(index=255, type=anon, order=0, gfp=0, tag=7)\n"
		"cpu0: rcu_barrier()\n";

	(void)state;
	assemble(source);
	assert_int_equal(a.nr_ops, 6);
	assert_int_equal(a.ops[0].gfp, MMFUZZ_GFP_MOVABLE | MMFUZZ_GFP_ZERO);
	assert_int_equal(a.ops[1].fault, FAULT_TARGET);
	assert_int_equal(a.ops[2].fault_nth, 0);
	assert_int_equal(program_print(&a, text, sizeof(text)), strlen(source));
	assert_string_equal(text, source);
}

static void a_schedule_reads_as_written(void **state)
{
	static const char source[] =
		"machine profile=tiny cpus=4 pcp_high=0 pcp_batch=0 flags=0 memory=lkmm "
		"races=kcsan points=plain schedule=random gap=12 seed=65535\n"
		"cpu1: rcu_barrier()\n"
		"    @0 interrupt\n"
		"    @3 delay\n"
		"    @3 drain 2\n"
		"    @17 switch cpu2\n"
		"cpu2: rcu_barrier()\n"
		"cpu0: drain_all()\n"
		"    @1048575 stale 15\n";

	(void)state;
	assemble(source);
	assert_int_equal(a.nr_ops, 3);
	assert_int_equal(a.nr_switches, 5);
	assert_int_equal(a.switches[3].nth, 17);
	assert_int_equal(a.switches[3].value, 2);
	assert_int_equal(a.switches[4].op, 2);
	assert_int_equal(program_print(&a, text, sizeof(text)), strlen(source));
	assert_string_equal(text, source);
	assert_int_equal(switch_print(&a.switches[3], text, sizeof(text)), 15);
	assert_string_equal(text, "@17 switch cpu2");

	/* A person need not sort, nor say more than is meant. */
	assemble("machine cpus=2 seed=5\ncpu1: rcu_barrier()\n@9 switch cpu0 # why\n@2 drain 1");
	assert_int_equal(a.switches[0].nth, 2);
	assert_int_equal(a.header.seed, 0);
}

static void what_is_left_out_is_the_smallest(void **state)
{
	(void)state;
	assemble("\n  # only a comment\r\n s1=contig_range( pfn = 0x10 )# and one more\n\ts2 = "
		 "isolate()");
	assert_int_equal(a.header.nr_cpus, 1);
	assert_int_equal(a.nr_ops, 2);
	assert_int_equal(a.ops[0].cpu, 0);
	assert_int_equal(a.ops[0].pfn, 16);
	assert_int_equal(a.ops[0].nr, 1);
	assert_int_equal(a.ops[1].max, 1);
}

static void a_range_ends_where_memory_does(void **state)
{
	(void)state;
	assemble("machine profile=tiny\ns0 = contig_range(pfn=60, nr=100)");
	assert_int_equal(a.ops[0].nr, 4);
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	assert_refused("machine cpus=2\n\ncpu1: aloc()\n", 3, 7, "unknown operation 'aloc'");
	assert_refused("cpu1: free(s0)", 1, 1, "the machine has 1 CPUs, there is no cpu1");
	assert_refused("s32 = alloc()", 1, 1, "slot is 32, but must be 0 to 31");
	assert_refused("alloc()", 1, 1, "alloc needs a slot for its result: 's0 = alloc(...)'");
	assert_refused("s0 = free(s1)", 1, 1, "free gives nothing to keep in a slot");
	assert_refused("free()", 1, 6, "a slot (s0 to s31) expected, not ')'");
	assert_refused("s0 = alloc(order=11)", 1, 18, "order is 11, but must be 0 to 10");
	assert_refused("s0 = alloc(order=two)", 1, 18, "order must be a number, not 'two'");
	assert_refused("s0 = alloc(order=99999999999)", 1, 18,
		       "order must be a number, not '99999999999'");
	assert_refused("s0 = alloc(gfp=zero|warm)", 1, 21, "unknown gfp 'warm'");
	assert_refused("s0 = alloc(pfn=1)", 1, 12, "alloc has no argument 'pfn'");
	assert_refused("s0 = alloc(order=1, order=1)", 1, 21, "argument 'order' given twice");
	assert_refused("s0 = alloc(order=1", 1, 19, "',' expected at the end of the line");
	assert_refused("rcu_barrier() fault=desk", 1, 21, "unknown fault 'desk'");
	assert_refused("rcu_barrier() fault=desc:32", 1, 26, "fault is 32, but must be 1 to 31");
	assert_refused("rcu_barrier() ;", 1, 15, "end of the line or 'fault=' expected, not ';'");
	assert_refused("rcu_barrier()\nmachine cpus=2", 2, 1,
		       "the machine line must come first, and once");
	assert_refused("machine profile=huge", 1, 17, "unknown profile 'huge'");
	assert_refused("machine profile=17", 1, 17, "profile is 17, but must be 0 to 16");
	assert_refused("machine cpus=65", 1, 14, "cpus is 65, but must be 1 to 64");
	assert_refused("machine memory=weak", 1, 16, "unknown memory 'weak'");
	assert_refused("machine gap=256", 1, 13, "gap is 256, but must be 0 to 255");
	assert_refused("@1 delay", 1, 1, "a switch needs an operation before it");
	assert_refused("rcu_barrier()\n @1 delai", 2, 5, "unknown kind of switch 'delai'");
	assert_refused("rcu_barrier()\n @1 switch cpu1", 2, 12,
		       "the machine has 1 CPUs, there is no cpu1");
	assert_refused("rcu_barrier()\n @1 switch 1", 2, 12,
		       "a CPU (cpu0, cpu1 ...) expected, not '1'");
	assert_refused("rcu_barrier()\n @1 drain 16", 2, 11, "drain is 16, but must be 1 to 15");
	assert_refused("rcu_barrier()\n @1048576 delay", 2, 3,
		       "point is 1048576, but must be 0 to 1048575");
	assert_refused("rcu_barrier()\n @1 delay 1", 2, 11, "end of the line expected, not '1'");
	assert_refused("\x01\xff", 1, 1, "an operation expected");
	assert_refused("what-a-long-name-for-an-operation()", 1, 1,
		       "unknown operation 'what-a-long-name-for-an-...'");
}

static void too_many_operations_are_refused(void **state)
{
	static char source[600 * 16];
	size_t len = 0;

	(void)state;
	for (unsigned int i = 0; i < 513; i++)
		len += sprintf(source + len, "rcu_barrier()\n");
	assert_refused(source, 513, 1, "more than 512 operations");
}

/* The longest arguments that each operation can have still fit a line. */
static void lines_keep_to_their_bound(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	a.header = (struct program_header){ .nr_cpus = 64,
					    .profile = 1,
					    .pcp_high = 15,
					    .pcp_batch = 15,
					    .flags = 127,
					    .memory = WEAVE_LKMM,
					    .kcsan = true,
					    .plain_points = true,
					    .rest = PROGRAM_REST_RANDOM,
					    .runs = PROGRAM_NR_RUNS - 1,
					    .gap = 255,
					    .seed = 65535 };
	for (unsigned int code = 0; code < NR_OPS; code++) {
		struct op *op = &a.ops[a.nr_ops++];

		op->code = code;
		op->cpu = 63;
		op->slot = 31;
		op->fault = FAULT_NOTIFIER;
		for (unsigned int i = 0; i < op_infos[code].nr_args; i++)
			op_set_arg(op, op_infos[code].args[i].kind,
				   arg_max(&a.header, op_infos[code].args[i].kind));
		assert_true(op_print(op, NULL, 0) < (int)PROGRAM_LINE_MAX);
	}
	for (unsigned int kind = 0; kind < PROGRAM_NR_CHOICES; kind++) {
		struct weave_entry entry = { 0, PROGRAM_MAX_NTH, kind, 63 };

		assert_true(switch_print(&entry, NULL, 0) < (int)PROGRAM_SWITCH_LINE_MAX - 5);
	}
	program_print(&a, text, sizeof(text));
	assert_true(strchr(text, '\n') - text < (ptrdiff_t)PROGRAM_LINE_MAX);
}

static void printing_is_cut_not_overrun(void **state)
{
	char small[20];

	(void)state;
	assemble("rcu_barrier()");
	assert_int_equal(program_print(&a, small, sizeof(small)), sizeof(small) - 1);
	assert_string_equal(small, "machine profile=tin");
	assert_int_equal(program_print(&a, NULL, 0), 0);
}

static void print_and_assemble_are_inverse(void **state)
{
	struct rng rng = rng_seed(2);
	static uint8_t bytes[4200];

	(void)state;
	for (unsigned int round = 0; round < 500; round++) {
		size_t size = rng_below(&rng, round % 50 ? 200 : sizeof(bytes));

		for (size_t i = 0; i < size; i++)
			bytes[i] = rng_next(&rng);
		program_decode(&b, bytes, size);
		program_print(&b, text, sizeof(text));
		assemble(text);
		assert_true(program_equal(&a, &b));
	}
}

/* Damaged text: refused or not, never a crash; the target looks closer than we could here. */
static void damaged_text_does_no_harm(void **state)
{
	struct rng rng = rng_seed(3);
	size_t len;

	(void)state;
	assemble("machine profile=all cpus=8 flags=check\ncpu7: s1 = alloc(order=3, "
		 "gfp=movable|high, nid=1)\n"
		 "cpu2: mem_online(block=3, zone=movable) fault=notifier:1\n @5 switch cpu1\n");
	for (unsigned int round = 0; round < 3000; round++) {
		program_decode(&b,
			       (const uint8_t *)"\x07\x0e\0\0\0\0\0\0\0\x07\x23\x01\x03\x21\x01\0",
			       16);
		len = program_print(&b, text, sizeof(text));
		for (unsigned int n = rng_below(&rng, 4); n; n--)
			text[rng_below(&rng, len)] = rng_next(&rng);
		fuzz_text((const uint8_t *)text, rng_below(&rng, len + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_reads_as_written),
		cmocka_unit_test(a_schedule_reads_as_written),
		cmocka_unit_test(what_is_left_out_is_the_smallest),
		cmocka_unit_test(a_range_ends_where_memory_does),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(too_many_operations_are_refused),
		cmocka_unit_test(lines_keep_to_their_bound),
		cmocka_unit_test(printing_is_cut_not_overrun),
		cmocka_unit_test(print_and_assemble_are_inverse),
		cmocka_unit_test(damaged_text_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
