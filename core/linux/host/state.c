// SPDX-License-Identifier: GPL-2.0-only
/* The state of a machine of the backend linux (state.h). */
#include <string.h>

#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "state.h"

/* The kernel's data and bss, put together by kernel.lds; the linker names their borders. */
extern char __start_mmfuzz_linux_data[], __stop_mmfuzz_linux_data[];
extern char __start_mmfuzz_linux_bss[], __stop_mmfuzz_linux_bss[];

#define NR_PIECES 6u
#define MAX_HOST  4u

struct piece {
	char *start;
	unsigned long bytes;
	char *copy;
};

static struct {
	struct piece pieces[NR_PIECES];
	unsigned int nr;
	/* The kernel's data as the program began with it; its bss was 0. */
	char *first_data;
	char *memmap;
	unsigned long memmap_bytes;
	struct {
		char *start;
		unsigned long bytes;
	} host[MAX_HOST];
	unsigned int nr_host;
} state;

static unsigned long data_bytes(void)
{
	return __stop_mmfuzz_linux_data - __start_mmfuzz_linux_data;
}

static unsigned long bss_bytes(void)
{
	return __stop_mmfuzz_linux_bss - __start_mmfuzz_linux_bss;
}

static void drop_pieces(void)
{
	for (unsigned int i = 0; i < state.nr; i++)
		sim_release(state.pieces[i].copy, state.pieces[i].bytes);
	state.nr = 0;
}

void state_begin(unsigned long nr_pfns)
{
	struct gate_limits limits;
	unsigned int shift;

	if (!state.first_data) {
		state.first_data = sim_reserve(data_bytes());
		sim_copy(state.first_data, __start_mmfuzz_linux_data, data_bytes());
	}
	sim_copy(__start_mmfuzz_linux_data, state.first_data, data_bytes());
	memset(__start_mmfuzz_linux_bss, 0, bss_bytes());
	gate_limits(&limits);
	for (shift = 0; 1ul << shift < limits.page_bytes; shift++)
		;
	nr_pfns += limits.boot_pfns;
	ram_init(nr_pfns, shift);
	state.memmap_bytes = nr_pfns * limits.page_struct_bytes;
	state.memmap = sim_reserve(state.memmap_bytes);
	state.nr_host = 0;
}

unsigned long state_ram(void)
{
	return (unsigned long)sim_ram.base;
}

unsigned long state_memmap(void)
{
	return (unsigned long)state.memmap;
}

void *gate_host_memory(unsigned long bytes)
{
	char *start = sim_reserve(bytes);

	MM_BUG_ON(state.nr_host == MAX_HOST, "too many pieces of host memory", SIM_NO_PFN, "%u", MAX_HOST);
	state.host[state.nr_host].start = start;
	state.host[state.nr_host++].bytes = bytes;
	return start;
}

static void add_piece(char *start, unsigned long bytes)
{
	if (!bytes)
		return;
	state.pieces[state.nr++] = (struct piece){ start, bytes, sim_reserve(bytes) };
}

void state_save(void)
{
	char *start;
	unsigned long bytes;

	drop_pieces();
	add_piece(__start_mmfuzz_linux_data, data_bytes());
	add_piece(__start_mmfuzz_linux_bss, bss_bytes());
	gate_percpu(&start, &bytes);
	add_piece(start, bytes);
	gate_arena(&start, &bytes);
	add_piece(start, bytes);
	gate_memmap(&start, &bytes);
	add_piece(start, bytes);
	gate_boot_memory(&start, &bytes);
	add_piece(start, bytes);
	for (unsigned int i = 0; i < state.nr; i++)
		sim_copy(state.pieces[i].copy, state.pieces[i].start, state.pieces[i].bytes);
}

void state_restore(void)
{
	for (unsigned int i = 0; i < state.nr; i++)
		sim_copy(state.pieces[i].start, state.pieces[i].copy, state.pieces[i].bytes);
}

void state_end(void)
{
	drop_pieces();
	for (unsigned int i = 0; i < state.nr_host; i++)
		sim_release(state.host[i].start, state.host[i].bytes);
	state.nr_host = 0;
	ram_exit();
	sim_release(state.memmap, state.memmap_bytes);
}
