/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the CPUs of the free-running machine are, for who reports that they do not come to an end. The woven machine has a trace.
 */
#ifndef MACHINE_BACKTRACE_H
#define MACHINE_BACKTRACE_H

/**
 * machine_backtrace() - where CPU @cpu is at the moment
 * @cpu: of a machine_run() that goes on; it is asked by a signal (SIGUSR2), in which it answers
 * @pcs: set to where it was interrupted, and then to return addresses, from the innermost on
 * @size: at most so many
 *
 * For a thread that is no CPU, one at a time. The answer takes milliseconds; it is not waited for longer than two seconds.
 *
 * Return: how many; 0 when the CPU does not run, or does not answer.
 */
unsigned int machine_backtrace(unsigned int cpu, void **pcs, unsigned int size);

/* Between the machine and it: the caller plays @cpu; it will not any more. */
void sim_backtrace_enter(unsigned int cpu);
void sim_backtrace_leave(unsigned int cpu);

#endif /* MACHINE_BACKTRACE_H */
