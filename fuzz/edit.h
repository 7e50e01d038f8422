/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Editing a program's list of operations; their switches go where they go.
 *
 * For mutator and shrinker. Arguments and values are left as they are: program_normalize() brings
 * them back into range.
 */
#ifndef FUZZ_EDIT_H
#define FUZZ_EDIT_H

#include "program.h"

/**
 * program_open_gap() - room for @nr operations before the one at @at; what is there is for the
 * caller to write
 *
 * Return: how many fit below @max_ops.
 */
unsigned int program_open_gap(struct program *program, unsigned int at, unsigned int nr,
			      unsigned int max_ops);

/** program_delete_ops() - without operations [at, at + nr) and their switches */
void program_delete_ops(struct program *program, unsigned int at, unsigned int nr);

/**
 * program_insert_ops() - operations [first, first + nr) of @from go, with their switches, before the
 * one at @at
 * @from: another program than @program
 *
 * Return: how many fit below @max_ops. Switches that do not fit are left out.
 */
unsigned int program_insert_ops(struct program *program, unsigned int at,
				const struct program *from, unsigned int first, unsigned int nr,
				unsigned int max_ops);

/** program_swap_ops() - two operations change places, with their switches */
void program_swap_ops(struct program *program, unsigned int a, unsigned int b);

/** program_add_switch() - one more, unless there is one of its kind at its point or no room */
bool program_add_switch(struct program *program, struct weave_entry entry);

/** program_delete_switches() - without [at, at + nr) */
void program_delete_switches(struct program *program, unsigned int at, unsigned int nr);

#endif /* FUZZ_EDIT_H */
