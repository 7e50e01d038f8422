/* SPDX-License-Identifier: GPL-2.0-only */
/* Where CPUs are that do not come to an end, in words. */
#ifndef BACKTRACE_THREADS_H
#define BACKTRACE_THREADS_H

/**
 * print_backtraces() - to stderr, for each of @nr CPUs: the functions that it is in, the innermost first
 *
 * From the operation on: what called that is not printed, nor are functions without debug information. For a thread that is no
 * CPU, while they run; each is waited for, but not longer than two seconds.
 */
void print_backtraces(unsigned int nr);

#endif /* BACKTRACE_THREADS_H */
