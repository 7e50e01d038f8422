// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses to names. One table of all functions, sorted, is made when the debug information is read; the
 * inlined frames of an address are looked for when it is first asked about.
 *
 * libdw's own look-up goes by .debug_aranges, which clang leaves out.
 */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <uthash.h>

#include <sim/helper.h>

#include "symbol.h"

#define MAX_FRAMES 64

/* A compiled function; with several ranges there is one of these a range. */
struct range {
	Dwarf_Addr low;
	Dwarf_Addr high;
	Dwarf_Off die;
	Dwarf_Off cu;
};

/* A variable. */
struct object {
	uintptr_t addr;
	size_t size;
	const char *name;
};

struct cached {
	uintptr_t pc;
	struct symbol *symbol;
	UT_hash_handle hh;
};

static struct {
	bool loaded;
	Dwfl *dwfl;
	Dwfl_Module *module;
	Dwarf *dwarf;
	Dwarf_Addr bias; /* what an address here is beyond that in the debug information */
	struct range *ranges;
	size_t nr_ranges;
	struct object *objects;
	size_t nr_objects;
	struct cached *cache;
} symbols;

static void add_range(Dwarf_Addr low, Dwarf_Addr high, Dwarf_Die *die, Dwarf_Die *cu)
{
	if (!(symbols.nr_ranges & (symbols.nr_ranges + 1))) {
		size_t room = 2 * (symbols.nr_ranges + 1);
		struct range *ranges = realloc(symbols.ranges, room * sizeof(*ranges));

		if (!ranges)
			return;
		symbols.ranges = ranges;
	}
	symbols.ranges[symbols.nr_ranges++] =
		(struct range){ low, high, dwarf_dieoffset(die), dwarf_dieoffset(cu) };
}

static void add_functions(Dwarf_Die *cu)
{
	Dwarf_Die die;

	if (dwarf_child(cu, &die))
		return;
	do {
		Dwarf_Addr base, low, high;
		ptrdiff_t next = 0;

		if (dwarf_tag(&die) != DW_TAG_subprogram)
			continue;
		while ((next = dwarf_ranges(&die, next, &base, &low, &high)) > 0)
			add_range(low, high, &die, cu);
	} while (!dwarf_siblingof(&die, &die));
}

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

static int by_object(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* libdw's own look-up goes through all symbols each time. */
static void add_objects(void)
{
	int nr = dwfl_module_getsymtab(symbols.module);

	symbols.objects = nr > 0 ? calloc(nr, sizeof(*symbols.objects)) : NULL;
	for (int i = 0; symbols.objects && i < nr; i++) {
		GElf_Sym symbol;
		GElf_Addr addr;
		const char *name = dwfl_module_getsym_info(symbols.module, i, &symbol, &addr, NULL,
							   NULL, NULL);

		if (name && *name && GELF_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_size)
			symbols.objects[symbols.nr_objects++] =
				(struct object){ addr, symbol.st_size, name };
	}
	if (symbols.nr_objects)
		qsort(symbols.objects, symbols.nr_objects, sizeof(symbols.objects[0]), by_object);
}

/* The program itself comes first. */
static int find_load_address(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(Dwarf_Addr *)bias = info->dlpi_addr;
	return 1;
}

/* Nobody else is asked for debug information: not other files, and no server. */
static int find_no_debuginfo(Dwfl_Module *module, void **userdata, const char *name,
			     Dwarf_Addr base, const char *file, const char *link, GElf_Word crc,
			     char **path)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)file, (void)link, (void)crc,
		(void)path;
	return -1;
}

void symbol_load(void)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = find_no_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	Dwarf_Addr load = 0, unused;
	Dwarf_Die *cu = NULL;

	if (symbols.loaded)
		return;
	symbols.loaded = true;
	dl_iterate_phdr(find_load_address, &load);
	symbols.dwfl = dwfl_begin(&callbacks);
	if (!symbols.dwfl)
		return;
	symbols.module = dwfl_report_elf(symbols.dwfl, "self", "/proc/self/exe", -1, load, true);
	dwfl_report_end(symbols.dwfl, NULL, NULL);
	if (!symbols.module)
		return;
	add_objects();
	symbols.dwarf = dwfl_module_getdwarf(symbols.module, &symbols.bias);
	if (!symbols.dwarf)
		return;
	while ((cu = dwfl_module_nextcu(symbols.module, cu, &unused)))
		add_functions(cu);
	if (symbols.nr_ranges)
		qsort(symbols.ranges, symbols.nr_ranges, sizeof(symbols.ranges[0]), by_address);
}

static const struct range *find_range(Dwarf_Addr pc)
{
	size_t low = 0, high = symbols.nr_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols.ranges[middle].low <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low && pc < symbols.ranges[low - 1].high ? &symbols.ranges[low - 1] : NULL;
}

/* The inlined call below @die that holds @pc, however deep in blocks. */
static bool find_inlined(Dwarf_Die *die, Dwarf_Addr pc, Dwarf_Die *inlined)
{
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return false;
	do {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_inlined_subroutine) {
			if (dwarf_haspc(&child, pc) <= 0)
				continue;
			*inlined = child;
			return true;
		}
		/* A block without code of its own may be given without ranges: what is in it still counts. */
		if (tag == DW_TAG_lexical_block && dwarf_haspc(&child, pc) != 0 &&
		    find_inlined(&child, pc, inlined))
			return true;
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

static void fill_frame(struct symbol_frame *frame, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die origin = *die;
	const char *declared;

	/* Of an inlined copy, or one that was made apart, the name is with the original. */
	if (dwarf_attr_integrate(die, DW_AT_abstract_origin, &attr))
		dwarf_formref_die(&attr, &origin);
	frame->function = dwarf_diename(&origin);
	if (!frame->function)
		frame->function = "?";
	declared = dwarf_decl_file(&origin);
	frame->helper = declared && sim_is_helper(declared);
	frame->file = declared;
}

static const char *cu_file(Dwarf_Die *cu, Dwarf_Word index)
{
	Dwarf_Files *files;
	size_t nr;

	return !dwarf_getsrcfiles(cu, &files, &nr) && index < nr ?
		       dwarf_filesrc(files, index, NULL, NULL) :
		       NULL;
}

/* Where @call, an inlined copy, was called. */
static void fill_call(struct symbol_frame *caller, Dwarf_Die *cu, Dwarf_Die *call)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (dwarf_attr(call, DW_AT_call_file, &attr) && !dwarf_formudata(&attr, &value))
		caller->file = cu_file(cu, value);
	if (dwarf_attr(call, DW_AT_call_line, &attr) && !dwarf_formudata(&attr, &value))
		caller->line = (int)value;
}

static struct symbol *make_symbol(Dwarf_Addr pc)
{
	struct symbol_frame frames[MAX_FRAMES] = { 0 }; /* outermost first */
	const struct range *range = find_range(pc);
	unsigned int nr = 0;
	struct symbol *symbol;
	Dwarf_Die cu, die, inner;
	Dwarf_Line *line;

	if (!range || !dwarf_offdie(symbols.dwarf, range->cu, &cu) ||
	    !dwarf_offdie(symbols.dwarf, range->die, &die))
		return NULL;
	fill_frame(&frames[nr++], &die);
	while (nr < MAX_FRAMES && find_inlined(&die, pc, &inner)) {
		fill_call(&frames[nr - 1], &cu, &inner);
		fill_frame(&frames[nr++], &inner);
		die = inner;
	}
	line = dwarf_getsrc_die(&cu, pc);
	if (line) {
		frames[nr - 1].file = dwarf_linesrc(line, NULL, NULL);
		dwarf_lineno(line, &frames[nr - 1].line);
	}
	symbol = malloc(sizeof(*symbol) + nr * sizeof(symbol->frames[0]));
	if (!symbol)
		return NULL;
	symbol->nr = nr;
	for (unsigned int i = 0; i < nr; i++) {
		symbol->frames[i] = frames[nr - 1 - i];
		if (!symbol->frames[i].file)
			symbol->frames[i].file = "?";
	}
	return symbol;
}

const struct symbol *symbol_find(uintptr_t pc)
{
	struct cached *cached;

	symbol_load();
	HASH_FIND(hh, symbols.cache, &pc, sizeof(pc), cached);
	if (cached)
		return cached->symbol;
	cached = calloc(1, sizeof(*cached));
	if (!cached)
		return NULL;
	cached->pc = pc;
	if (symbols.dwarf)
		cached->symbol = make_symbol(pc - symbols.bias);
	HASH_ADD(hh, symbols.cache, pc, sizeof(pc), cached);
	return cached->symbol;
}

const struct symbol_frame *symbol_function(uintptr_t pc)
{
	const struct symbol *symbol = symbol_find(pc);

	if (!symbol)
		return NULL;
	for (unsigned int i = 0; i < symbol->nr; i++)
		if (!symbol->frames[i].helper)
			return &symbol->frames[i];
	return &symbol->frames[0];
}

const char *symbol_object(uintptr_t addr, size_t *offset)
{
	size_t low = 0, high;

	symbol_load();
	high = symbols.nr_objects;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols.objects[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || addr - symbols.objects[low - 1].addr >= symbols.objects[low - 1].size)
		return NULL;
	*offset = addr - symbols.objects[low - 1].addr;
	return symbols.objects[low - 1].name;
}
