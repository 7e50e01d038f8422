/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the core share: small machines, and a way to say "this call must end in mm_bug()".
 *
 * Nothing here may hide a finding: expect_bug() asks for the rule by name, and a finding that no test expects aborts.
 */
#ifndef MM_TESTS_MACHINE_H
#define MM_TESTS_MACHINE_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const struct mmfuzz_backend *const be __maybe_unused = &mmfuzz_backend_memdesc;

static sigjmp_buf bug_jump;
static const char *bug_rule_expected __maybe_unused;
static char bug_rule_seen[128];

static __maybe_unused void catch_bug(const struct sim_bug_report *report)
{
	if (!bug_rule_expected)
		return;
	snprintf(bug_rule_seen, sizeof(bug_rule_seen), "%s", report->rule);
	siglongjmp(bug_jump, 1);
}

/* The call must end in mm_bug() with this rule; the machine is spoilt afterwards: be->reset() before it is used again. */
#define expect_bug(rule, call)                                                                                         \
	do {                                                                                                           \
		bug_rule_expected = (rule);                                                                            \
		bug_rule_seen[0] = 0;                                                                                  \
		sim_set_bug_handler(catch_bug);                                                                        \
		sim_bug_quiet(true);                                                                                   \
		if (!sigsetjmp(bug_jump, 0))                                                                           \
			call;                                                                                          \
		sim_set_bug_handler(NULL);                                                                             \
		sim_bug_quiet(false);                                                                                  \
		bug_rule_expected = NULL;                                                                              \
		assert_string_equal(bug_rule_seen, rule);                                                              \
	} while (0)

/* One zone of 256 frames, 8 pageblocks of 32, sections of 64, room for as much again, 4 CPUs, one balloon. */
static __maybe_unused struct mmfuzz_config small_machine(void)
{
	return (struct mmfuzz_config){
		.nr_cpus = 4,
		.pageblock_order = 5,
		.section_order = 6,
		.max_pfn = 512,
		.nr_zones = 1,
		.zones = { { .nid = 0, .type = MMFUZZ_ZONE_NORMAL, .range = { 0, 256 } } },
		.nr_balloons = 1,
		.ram_shift = 3,
	};
}

static __maybe_unused void boot(const struct mmfuzz_config *config)
{
	assert_int_equal(be->boot(config), 0);
	be->snapshot();
}

static __maybe_unused int boot_small(void **state)
{
	struct mmfuzz_config config = small_machine();

	(void)state;
	boot(&config);
	return 0;
}

static __maybe_unused int shutdown_machine(void **state)
{
	(void)state;
	be->shutdown();
	return 0;
}

static inline struct mmfuzz_stats stats_now(void)
{
	struct mmfuzz_stats stats;

	be->stats(&stats);
	return stats;
}

#endif /* MM_TESTS_MACHINE_H */
