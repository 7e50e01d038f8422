// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clears the counters of libFuzzer and AFL++, whichever is linked. Nothing else may touch them.
 */
#include <stdint.h>
#include <string.h>

#include "coverage.h"

/* Counters of -fsanitize=fuzzer and of other users of inline 8-bit counters: the linker's bounds. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

/* Of AFL++'s runtime: clears its map, and marks it as that of a target that runs. */
void __afl_coverage_discard(void) __attribute__((weak));

void coverage_restart(void)
{
	if (__start___sancov_cntrs)
		memset(__start___sancov_cntrs, 0, __stop___sancov_cntrs - __start___sancov_cntrs);
	if (__afl_coverage_discard)
		__afl_coverage_discard();
}
