/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text form: names that printer (text.c) and assembler (assemble.c) share. For nobody else;
 * program.h is the interface.
 *
 *	machine profile=three_zones cpus=2 pcp_high=0 pcp_batch=0 flags=check
 *	# comment
 *	cpu1: s3 = alloc(order=2, gfp=movable|zero, nid=0)
 *	cpu0: free(s3) fault=target:2
 *	    @17 switch cpu1
 *	    @20 delay
 *
 * A line that begins with '@' is a switch: at which point of the operation above it, and what happens
 * there. The machine line may end in memory=tso|lkmm, races=kcsan, points=plain, and schedule=random|pos|pct
 * with runs=1|4|16|64, gap=8 (random) and seed=1, which say what becomes of the program on the woven machine. Printing and
 * assembling are inverse to each other on decoded programs. An argument that is left out is the
 * smallest of its kind.
 */
#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

#include "program.h"

/**
 * enum arg_form - how a kind of argument is written
 * @FORM_NUMBER: 12, 0x0c
 * @FORM_NAME: one of some names
 * @FORM_MASK: names joined by '|', bit i for the i-th, or numbers
 */
enum arg_form {
	FORM_NUMBER,
	FORM_NAME,
	FORM_MASK
};

/** struct arg_text - a kind of argument as text; no names for FORM_NUMBER */
struct arg_text {
	const char *name;
	enum arg_form form;
	const char *const *names;
	unsigned int nr_names;
};

extern const struct arg_text arg_texts[NR_ARG_KINDS];

/** flags_text - the flags of the machine line */
extern const struct arg_text flags_text;

/** enum machine_word - words of the machine line that are a name or a number in a small field */
enum machine_word {
	WORD_CPUS,
	WORD_PCP_HIGH,
	WORD_PCP_BATCH,
	WORD_MEMORY,
	WORD_RACES,
	WORD_POINTS,
	WORD_SCHEDULE,
	WORD_RUNS,
	WORD_GAP,
	WORD_SEED,
	NR_MACHINE_WORDS,
};

/**
 * struct machine_text - such a word
 * @names: or NULL for a number from @min to @max
 * @always: printed also when it is 0
 */
struct machine_text {
	const char *key;
	const char *const *names;
	uint32_t min;
	uint32_t max;
	bool always;
};

extern const struct machine_text machine_texts[NR_MACHINE_WORDS];

/** machine_word_get(), machine_word_set() - its field */
unsigned int machine_word_get(const struct program_header *header, enum machine_word word);
void machine_word_set(struct program_header *header, enum machine_word word, unsigned int value);

/** struct choice_text - a kind of switch as text; @prefix stands before the value, NULL: it has none */
struct choice_text {
	const char *name;
	const char *prefix;
};

extern const struct choice_text choice_texts[PROGRAM_NR_CHOICES];

#endif /* FUZZ_TEXT_H */
