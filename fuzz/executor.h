/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The executor: runs a program over a backend, with the oracle beside it.
 *
 * It is legal by construction: an operation is only called with what its slot holds, so that
 * whatever mm_bug() says is a bug of the core and never of the program. Operations that the backend
 * lacks are skipped. Each run starts from the booted machine and ends by giving everything back,
 * after which the machine must be as it was booted.
 *
 * One executor exists, as one machine does. A run that a bug handler left by longjmp() needs no
 * clean-up: the next run resets the machine.
 */
#ifndef FUZZ_EXECUTOR_H
#define FUZZ_EXECUTOR_H

#include <mmfuzz/backend.h>

#include "program.h"

/** EXECUTOR_LOG - operations of each CPU that are remembered, a power of two */
#define EXECUTOR_LOG 16u

/**
 * struct executor_event - an operation that a CPU has run
 * @op: its index in the program
 * @done: false: it was still running
 * @skipped: its slot did not fit, or the backend lacks it
 */
struct executor_event {
	unsigned int op;
	bool done;
	bool skipped;
};

/**
 * executor_run_sequential() - one thread plays all CPUs, operations in the order of the program
 * @backend: an mm core
 * @program: normalised, as program_decode() leaves it
 *
 * A pure function of @program. The machine stays booted for the next run of the same configuration.
 * The oracle's counters are compared after each operation.
 */
void executor_run_sequential(const struct mmfuzz_backend *backend, const struct program *program);

/**
 * executor_run_threads() - each CPU is a thread that runs its own operations, in their order
 * @repeat: how many times, at least 1, before everything is given back; slots keep what they hold
 *
 * Slots are shared by all CPUs; an operation whose slot another CPU has in hand is skipped.
 */
void executor_run_threads(const struct mmfuzz_backend *backend, const struct program *program,
			  unsigned int repeat);

/**
 * executor_begin() - boot or reset the machine for a program, for who runs CPUs by other means
 * @threads: CPUs will run at the same time
 *
 * The calling thread is CPU 0 of the machine afterwards. Then executor_run_cpu() for each CPU, in
 * whatever contexts, then executor_end() by the caller.
 */
void executor_begin(const struct mmfuzz_backend *backend, const struct program *program,
		    bool threads);

/** executor_run_cpu() - run the operations of one CPU; the caller is that CPU */
void executor_run_cpu(unsigned int cpu);

/**
 * executor_cpu_done() - in parallel: the calling CPU has run all its operations
 *
 * Returns when no CPU has any left, or at once if the backend wants nothing of idle CPUs.
 */
void executor_cpu_done(void);

/**
 * executor_end() - give everything back and check that the machine is as it was booted
 *
 * Nobody else may be inside the core; the caller is CPU 0.
 */
void executor_end(void);

/** executor_shutdown() - shut the machine down, if one is booted */
void executor_shutdown(void);

/**
 * executor_ops() - operations run since the process began, skipped ones not counted; may be asked
 * at any time
 */
unsigned long executor_ops(void);

/** executor_cpu_ops() - the same of one CPU */
unsigned long executor_cpu_ops(unsigned int cpu);

/**
 * executor_last_ops() - what a CPU did last
 * @events: room for EXECUTOR_LOG, oldest first
 *
 * For reports after a finding: a guess while that CPU is running. Returns how many.
 */
unsigned int executor_last_ops(unsigned int cpu, struct executor_event *events);

#endif /* FUZZ_EXECUTOR_H */
