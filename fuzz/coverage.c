// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clears and keeps the counters of libFuzzer and AFL++, whichever is linked. Nothing else may touch them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "coverage.h"

/* Counters of -fsanitize=fuzzer and of other users of inline 8-bit counters: the linker's bounds. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

/* Of AFL++'s runtime: clears its map, and marks it as that of a target that runs. */
void __afl_coverage_discard(void) __attribute__((weak));

extern uint8_t *__afl_area_ptr __attribute__((weak));
extern uint32_t __afl_map_size __attribute__((weak));

static bool paused;
static uint8_t *kept;

/* The counters that the engine reads, how many in @nr; NULL without one. */
static uint8_t *counters(size_t *nr)
{
	if (__start___sancov_cntrs) {
		*nr = __stop___sancov_cntrs - __start___sancov_cntrs;
		return __start___sancov_cntrs;
	}
	if (&__afl_area_ptr) {
		*nr = __afl_map_size;
		return __afl_area_ptr;
	}
	*nr = 0;
	return NULL;
}

void coverage_pause(void)
{
	size_t nr;
	const uint8_t *now = counters(&nr);

	paused = true;
	if (!now)
		return;
	if (!kept)
		kept = malloc(nr);
	if (!kept)
		sim_die("no memory to keep %zu counters of the engine; free some", nr);
	memcpy(kept, now, nr);
}

void coverage_resume(void)
{
	size_t nr;
	uint8_t *now = counters(&nr);

	if (paused && now)
		memcpy(now, kept, nr);
	paused = false;
}

void coverage_restart(void)
{
	if (paused)
		return;
	if (__start___sancov_cntrs)
		memset(__start___sancov_cntrs, 0, __stop___sancov_cntrs - __start___sancov_cntrs);
	if (__afl_coverage_discard)
		__afl_coverage_discard();
}
