/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few words that each access, and each question which CPU this is, looks at. Apart from internal.h, as
 * <machine/cpu.h> needs it and stands above that.
 */
#ifndef WEAVE_HOT_H
#define WEAVE_HOT_H

#include <sim/compiler.h>

struct sim_cpu;

/**
 * struct weave_hot - what each access looks at, in one cache line
 * @private_lo, @private_size: accesses in here concern nobody else: the running fibre's stack. When no fibre runs, all
 *	addresses: so one test answers both questions
 * @nth: points of the running fibre in its operation so far
 * @stop: at this one something may be due
 * @cpu: the running fibre; 0 when none runs
 * @self: what the machine keeps of that CPU
 * @flags: WEAVE_HOT_*
 * @plain: so many plain accesses more and sched_plain() is called
 */
struct weave_hot {
	uintptr_t private_lo;
	uintptr_t private_size;
	u32 nth;
	u32 stop;
	u32 cpu;
	u32 flags;
	u32 plain;
	struct sim_cpu *self;
};

#define WEAVE_HOT_RACES	 1u /* the race detector is on */
#define WEAVE_HOT_KCSAN	 2u /* aligned plain accesses count as marked */
#define WEAVE_HOT_PLAIN	 4u /* plain accesses are points */
#define WEAVE_HOT_WEAK	 8u /* memory.c has every marked access */
#define WEAVE_HOT_TRACE	 16u /* each access is logged */
#define WEAVE_HOT_MARKED 32u /* plain accesses of the running fibre count as marked: weave_marked_begin() */

extern struct weave_hot weave_hot __aligned(64);

#endif /* WEAVE_HOT_H */
