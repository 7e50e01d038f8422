/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What earlier runs have taught: the points that there are, and which of them touch words that
 * several fibres touch. Points are known by operation and number; addresses are compared within one
 * run and then forgotten, since the next one need not have the same.
 */
#ifndef WEAVE_LEARN_H
#define WEAVE_LEARN_H

#include "../internal.h"

#define LEARN_SPOTS 4096u
#define LEARN_WORDS 4096u
/* Words of 4 bytes that one access touches; what is wider is known by its first 8 bytes. */
#define LEARN_WIDE  2u

/**
 * struct learn_spot - a point that was seen
 * @op, @nth: its name
 * @fibre: whose
 * @run: in which it last touched memory, and @word where
 */
struct learn_spot {
	u32 op;
	u32 nth;
	u32 run;
	u16 word[LEARN_WIDE];
	u8 fibre;
};

struct learn_word {
	uintptr_t key;
	u64 readers;
	u64 writers;
};

/**
 * struct learn - zero at first
 * @spots, @nr: all that were seen; first the @nr_shared whose word, in one of the runs, several fibres
 *	touched and one of them wrote to
 * @thinned: there were more than fit: 1 in 2^thinned is kept, chosen by name
 * @weak: memory is weak: points without an address may let stores arrive, and count as shared
 * @index: of @spots by name, 1 more than the place
 * @words: of the run under way, by address
 */
struct learn {
	u32 nr;
	u32 nr_shared;
	u32 thinned;
	u32 run;
	bool weak;
	struct learn_spot spots[LEARN_SPOTS];
	u16 index[2 * LEARN_SPOTS];
	struct learn_word words[LEARN_WORDS];
};

/** learn_begin() - a run begins in which learn_point() will be told of each point */
void learn_begin(struct learn *learn, bool weak);
void learn_point(struct learn *learn, unsigned int fibre, const struct weave_point *point);
/** learn_end() - it is over. Return: whether any more points are shared */
bool learn_end(struct learn *learn);

#endif /* WEAVE_LEARN_H */
