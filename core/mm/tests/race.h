/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests in which CPUs collide: each CPU of the machine is a thread that does its part over and
 * over, for a while.
 *
 * By the clock and not by rounds: where nothing is checked a part takes so little time that the
 * first thread would be done before the last one starts. What happens differs from run to run; what
 * must hold does not.
 */
#ifndef MM_TESTS_RACE_H
#define MM_TESTS_RACE_H

#include <time.h>

#include "machine.h"

#define RACE_MS		 400
#define RACE_PATIENCE_MS 60000

/** typedef race_fn - one round of one CPU; the operation ends when it returns */
typedef void (*race_fn)(unsigned int cpu, unsigned int round);

static inline unsigned long race_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ul + ts.tv_nsec / 1000000;
}

struct race {
	race_fn fn;
	unsigned long end_ms;
};

static inline void race_cpu(unsigned int cpu, void *arg)
{
	const struct race *race = arg;

	for (unsigned int round = 0; round % 16 || race_clock_ms() < race->end_ms; round++) {
		race->fn(cpu, round);
		be->op_done();
	}
}

/* All four CPUs of small_machine() run @fn. */
static inline void race(race_fn fn)
{
	struct race race = { .fn = fn, .end_ms = race_clock_ms() + RACE_MS };

	machine_run(4, race_cpu, &race);
}

/*
 * Until @met, which then must hold: on a busy machine the thread that would bring it about may not
 * get far in RACE_MS.
 */
#define race_until(fn, met)                                                   \
	do {                                                                  \
		unsigned long patience = race_clock_ms() + RACE_PATIENCE_MS; \
									      \
		do                                                            \
			race(fn);                                             \
		while (!(met) && race_clock_ms() < patience);                 \
		assert_true(met);                                             \
	} while (0)

#endif /* MM_TESTS_RACE_H */
