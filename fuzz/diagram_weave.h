/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interleaving of a woven run as the message of a commit to Linux shows one: a column a CPU, time
 * downwards. Prints what replay_weave.h has of the last child; runs nothing. Only in weave builds.
 *
 *	CPU0                                CPU1
 *	----                                ----
 *	free(s0)
 *	  free_frozen_pages()
 *	    reads type of pageblock 4: movable
 *	    <preempted>
 *	                                    isolate_range(pageblock=4, nr=1)
 *
 * No address is printed, so that one input gives one text: a word without a name is "word 1", in the order
 * in which they come.
 */
#ifndef FUZZ_DIAGRAM_WEAVE_H
#define FUZZ_DIAGRAM_WEAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "program.h"

/**
 * struct diagram - what is shown
 * @program: that was run
 * @title: of the finding; NULL: none
 * @full: each event; else what concerns the words in dispute, and the way there
 *
 * In dispute is the word of a data race; else those of the finding's frame, and what one CPU changed while
 * another had been preempted amid its use of it.
 */
struct diagram {
	const struct program *program;
	const char *title;
	bool full;
};

/** diagram_print() - of the last child of replay_many(), which logged its run */
void diagram_print(const struct diagram *diagram, FILE *out);

#endif /* FUZZ_DIAGRAM_WEAVE_H */
