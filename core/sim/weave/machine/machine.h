/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Woven machine: how the harness says under which strategy machine_run() runs, and learns what came of it.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include <mmfuzz/weave.h>
#include <sim/cpu.h>

/**
 * machine_use() - runs from now on happen under @weave
 * @weave: stays the caller's, until the next machine_use(); NULL: each CPU runs to its end in turn
 */
void machine_use(struct weave *weave);

/**
 * machine_result() - of the last machine_run()
 *
 * When found is set a finding was caught (config.catch) and the CPUs were left where they stood: the machine must be
 * reset before anything else is done with it.
 */
const struct weave_result *machine_result(void);

/**
 * machine_run_weave() - machine_run(), and what came of it
 * @result: filled in when something was run; may be NULL
 *
 * Return: false when the strategy has nothing left to try; then nothing was run.
 */
bool machine_run_weave(unsigned int nr, void (*fn)(unsigned int cpu, void *arg), void *arg,
		       struct weave_result *result);

/**
 * machine_interrupt() - @fn is an interrupt handler on the CPU that calls this
 *
 * Interrupts are off within it, so that it may not sleep; locks, read sections and an armed fault of the interrupted work
 * stay as they are, and the handler keeps none of its own. To be called by config.interrupt only.
 */
void machine_interrupt(void (*fn)(void *arg), void *arg);

/**
 * machine_cpu_of() - what the machine keeps of a CPU right now, running or not
 *
 * For the harness; it must not be called by code under test, to which other CPUs' state is none of its business.
 */
struct sim_cpu *machine_cpu_of(unsigned int cpu);

#endif /* MACHINE_MACHINE_H */
