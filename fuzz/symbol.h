/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lies at an address of this program, from its own debug information (elfutils' libdw).
 *
 * For mmreplay and mmstress only, never for fuzz targets: those must run where libdw is not. Answers are
 * cached and valid until the program ends; what a child process crashed on can be asked in its parent,
 * as fork() moves nothing.
 */
#ifndef FUZZ_SYMBOL_H
#define FUZZ_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct symbol_frame - a function, inlined or not, and where in it
 * @function: its name in the source
 * @file: source file, as the compiler was given it
 * @line: of the access, or of the call of the next inner frame
 * @helper: says what a line does and not where it is: READ_ONCE() and its like, locks, accessors of a word
 */
struct symbol_frame {
	const char *function;
	const char *file;
	int line;
	bool helper;
};

/** struct symbol - frames of one pc, innermost first; the last one is the function that was compiled */
struct symbol {
	unsigned int nr;
	struct symbol_frame frames[];
};

/** symbol_load() - read the debug information now; otherwise the first question does */
void symbol_load(void);

/**
 * symbol_find() - the frames at @pc
 * @pc: of an instruction; for a return address give one less, as the next instruction may be another line's
 *
 * Return: NULL when nothing is known, as in a program without debug information.
 */
const struct symbol *symbol_find(uintptr_t pc);

/** symbol_function() - the innermost frame at @pc that is no helper; NULL when nothing is known */
const struct symbol_frame *symbol_function(uintptr_t pc);

/** symbol_object() - the variable that holds @addr, and how far into it; NULL when there is none */
const char *symbol_object(uintptr_t addr, size_t *offset);

#endif /* FUZZ_SYMBOL_H */
