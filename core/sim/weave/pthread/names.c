// SPDX-License-Identifier: GPL-2.0-only
/* Reports ask fuzz/symbol.c, which knows static and inlined functions (names.h). */
#include <stdio.h>

#include "../symbol.h"
#include "names.h"
#include "shim.h"
/* Of fuzz/: the folder is in this library's search path, before that of the other file of this name. */
#include <symbol.h>

/* @pc is a return address. */
static bool name_place(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	const struct symbol *symbol = symbol_find(pc - 1);

	if (!symbol)
		return false;
	snprintf(func, func_size, "%s", shim_function(symbol->frames[0].function));
	snprintf(place, place_size, "%s:%d", symbol->frames[0].file, symbol->frames[0].line);
	return true;
}

void names_load(void)
{
	symbol_load();
	weave_set_symbolizer(name_place);
}
