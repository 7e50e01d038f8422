// SPDX-License-Identifier: GPL-2.0-only
/* Litmus tests by chance: no outcome is in question, all are. */
#include <internal.h>

#include "litmus.h"

static struct litmus_step random_step(const struct litmus *test, unsigned int locations, const u8 *written,
				      int last_read, struct weave_rng *rng)
{
	static const u8 ops[] = { LITMUS_READ,	LITMUS_READ,  LITMUS_READ, LITMUS_WRITE,
				  LITMUS_WRITE, LITMUS_WRITE, LITMUS_XCHG, LITMUS_FENCE };
	struct litmus_step step = { .op = ops[weave_below(rng, ARRAY_SIZE(ops))],
				    .location = (u8)weave_below(rng, locations) };
	const unsigned int chance = weave_below(rng, 4);

	switch (step.op) {
	case LITMUS_READ:
		step.order = chance ? LITMUS_ONCE : LITMUS_ACQUIRE;
		if (last_read == (int)test->pointer && litmus_is_pointer(test, test->pointer) && weave_below(rng, 2)) {
			step.location = (u8)test->target;
			step.dep = true;
		}
		break;
	case LITMUS_WRITE:
		step.order = chance ? LITMUS_ONCE : LITMUS_RELEASE;
		step.dep = weave_below(rng, 2);
		break;
	case LITMUS_XCHG:
		step.order = (u8)chance;
		break;
	case LITMUS_FENCE:
		step.order = (u8)(1 + chance % 3);
		step.location = 0;
		break;
	}
	if (step.op == LITMUS_WRITE || step.op == LITMUS_XCHG)
		step.value = (u8)(written[step.location] + 1);
	return step;
}

struct litmus litmus_by_chance(unsigned int max_threads, unsigned int max_steps, u64 seed)
{
	struct weave_rng state = { .state = seed }, *rng = &state;
	const unsigned int threads = 2 + weave_below(rng, max_threads - 1), locations = 2 + weave_below(rng, 2);
	struct litmus test = { .pointer = y, .target = weave_below(rng, 2) ? x : y };
	u8 written[LITMUS_LOCATIONS] = { 0 };

	for (unsigned int i = 0; i < threads; i++) {
		const unsigned int steps = 1 + weave_below(rng, max_steps);
		int last_read = -1;

		for (unsigned int j = 0; j < steps; j++) {
			struct litmus_step *step = &test.steps[i][j];

			*step = random_step(&test, locations, written, last_read, rng);
			if (step->value)
				written[step->location]++;
			if (step->op == LITMUS_READ || step->op == LITMUS_XCHG)
				last_read = step->location;
		}
	}
	return test;
}
