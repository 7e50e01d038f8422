/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text form: names that printer (text.c) and assembler (assemble.c) share. For nobody else;
 * program.h is the interface.
 *
 *	machine profile=three_zones cpus=2 pcp_high=0 pcp_batch=0 flags=check
 *	# comment
 *	cpu1: s3 = alloc(order=2, gfp=movable|zero, nid=0)
 *	cpu0: free(s3) fault=target:2
 *	reserved e000000000000000
 *
 * Printing and assembling are inverse to each other on decoded programs. An argument that is left
 * out is the smallest of its kind.
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

#endif /* FUZZ_TEXT_H */
