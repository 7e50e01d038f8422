// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who can be asked for the name of a place: whoever was set, the runtime of a sanitizer that is linked, the dynamic
 * linker.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include <sim/helper.h>

#include "symbol.h"

/*
 * There only when a sanitizer is linked. Knows by itself that @pc is a return address. One text a frame, innermost first,
 * and an empty one at the end.
 */
void __attribute__((weak)) __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size);

static weave_symbolizer symbolizer;

void weave_set_symbolizer(weave_symbolizer fn)
{
	symbolizer = fn;
}

/* "function|file|:line", of the innermost frame that is no helper, or else of the outermost. */
static char *choose_frame(char *text, const char *end)
{
	char *frame = text;

	for (;;) {
		char *next = frame + strlen(frame) + 1;
		const char *file = strchr(frame, '|');

		if (!file || !sim_is_helper(file) || next >= end || !*next)
			return frame;
		frame = next;
	}
}

static bool by_sanitizer(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	char text[2048] = "";
	char *frame, *file, *line;

	if (!__sanitizer_symbolize_pc)
		return false;
	/* The last byte stays 0, so that a text that was cut off ends as well. */
	__sanitizer_symbolize_pc((void *)pc, "%f|%s|:%l", text, sizeof(text) - 1);
	frame = choose_frame(text, text + sizeof(text));
	file = strchr(frame, '|');
	line = file ? strchr(file + 1, '|') : NULL;
	/* Without debug information there is no function. */
	if (!line || file == frame || strncmp(frame, "<null>", 6) == 0)
		return false;
	*file++ = *line++ = '\0';
	snprintf(func, func_size, "%s", frame);
	snprintf(place, place_size, "%s%s", file, line);
	return true;
}

/* Static functions are unknown to the linker: the nearest symbol may be another function's, so its size counts. */
static bool by_linker(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	const ElfW(Sym) *symbol = NULL;
	const char *module;
	Dl_info info;

	if (!dladdr1((void *)(pc - 1), &info, (void **)&symbol, RTLD_DL_SYMENT) || !info.dli_fname)
		return false;
	module = strrchr(info.dli_fname, '/');
	module = module ? module + 1 : info.dli_fname;
	if (info.dli_sname && symbol && pc - 1 - (uintptr_t)info.dli_saddr < symbol->st_size)
		snprintf(func, func_size, "%s", info.dli_sname);
	else
		snprintf(func, func_size, "%s+0x%zx", module, (size_t)(pc - (uintptr_t)info.dli_fbase));
	snprintf(place, place_size, "(%s+0x%zx)", module, (size_t)(pc - (uintptr_t)info.dli_fbase));
	return true;
}

void symbol_name(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	if (symbolizer && symbolizer(pc, func, func_size, place, place_size))
		return;
	if (by_sanitizer(pc, func, func_size, place, place_size))
		return;
	if (by_linker(pc, func, func_size, place, place_size))
		return;
	snprintf(func, func_size, "unknown code");
	snprintf(place, place_size, "(nowhere)");
}
