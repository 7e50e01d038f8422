/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program on two cores, one after the other, and what each operation returned compared (diff.h).
 *
 * Frames that an allocation gets may be others, so that later operations which name frames find other things there. What
 * differs for such a reason is taken out of the program, and both run again without it: what is compared always comes
 * from two runs that have agreed so far.
 */
#ifndef FUZZ_EXECUTOR_DIFF_H
#define FUZZ_EXECUTOR_DIFF_H

#include "diff.h"
#include "executor.h"

/** DIFF_ROUNDS - how often a program is run at most before what is left of it stays uncompared */
#define DIFF_ROUNDS 16u

/** struct diff_backends - the two cores; machines are those of @adapt, which may be NULL */
struct diff_backends {
	const struct mmfuzz_backend *side[DIFF_SIDES];
	void (*adapt)(struct mmfuzz_config *config);
};

/**
 * executor_run_diff() - compare what a program does on two cores; what nothing excuses is a finding
 * @program: normalised
 *
 * Titles are "differs: linux RESULT, memdesc RESULT in OPERATION". Injected faults and late RCU callbacks are left out: they
 * are one core's own. A pure function of @program.
 */
void executor_run_diff(const struct diff_backends *backends, const struct program *program);

/** executor_diff_print() - the last program, as far as it came: each operation, what both returned, and which rule applies */
void executor_diff_print(FILE *out);

/** executor_diff_given_up() - programs of which DIFF_ROUNDS were not enough, since the process began */
unsigned long executor_diff_given_up(void);

#endif /* FUZZ_EXECUTOR_DIFF_H */
