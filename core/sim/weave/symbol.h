/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of places in code, for reports. Nothing but the words may depend on what can be found out.
 */
#ifndef WEAVE_SYMBOL_H
#define WEAVE_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * typedef weave_symbolizer - finds out where @pc is
 * @pc: a return address: the call or the access is right before it
 * @func: set to the innermost function that is no helper (<sim/helper.h>), inlined ones included
 * @place: set to "file:line" or the like
 *
 * Both are terminated, at most that many bytes. Return: false when it does not know; then nothing was set.
 */
typedef bool (*weave_symbolizer)(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size);

/** weave_set_symbolizer() - ask @fn before anybody else: the sanitizer's runtime, then the dynamic linker */
void weave_set_symbolizer(weave_symbolizer fn);

/** symbol_name() - as above, and always answers: "module+0x123" as @func if all else fails */
void symbol_name(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size);

#endif /* WEAVE_SYMBOL_H */
