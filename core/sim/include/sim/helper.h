/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which functions say what a line does and not where it is: a reader, and the title of a finding, want the
 * function around them. One rule for all who name places in code.
 */
#ifndef SIM_HELPER_H
#define SIM_HELPER_H

#include <stdbool.h>
#include <string.h>

/**
 * sim_is_helper() - of functions declared in @file: READ_ONCE() and its like, locks, accessors of a word
 *
 * All of core/sim is of that kind, and so are the accessors of a frame's word, of a bit, of a lock.
 */
static inline bool sim_is_helper(const char *file)
{
	return (strstr(file, "/core/sim/") || strstr(file, "/mm/memdesc.h")) && !strstr(file, "/tests/");
}

#endif /* SIM_HELPER_H */
