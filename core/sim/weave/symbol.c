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

#include "symbol.h"

/* There only when a sanitizer is linked. Knows by itself that @pc is a return address; innermost frame first. */
void __attribute__((weak)) __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t size);

static weave_symbolizer symbolizer;

void weave_set_symbolizer(weave_symbolizer fn)
{
	symbolizer = fn;
}

static bool by_sanitizer(uintptr_t pc, char *func, size_t func_size, char *place, size_t place_size)
{
	char text[512];
	char *bar;

	if (!__sanitizer_symbolize_pc)
		return false;
	__sanitizer_symbolize_pc((void *)pc, "%f|%S", text, sizeof(text));
	/* Without debug information there is no function, or the text is that of the format. */
	bar = strchr(text, '|');
	if (!bar || bar == text || strncmp(text, "<null>", 6) == 0)
		return false;
	*bar = '\0';
	snprintf(func, func_size, "%s", text);
	snprintf(place, place_size, "%s", bar + 1);
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
