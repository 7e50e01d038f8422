// SPDX-License-Identifier: GPL-2.0-only
/* The state of a machine of the backend linux (state.h). */
#include <string.h>
#include <sys/mman.h>

#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "state.h"

/* The kernel's data and bss, put together by kernel.lds; the linker names their borders. */
extern char __start_mmfuzz_linux_data[], __stop_mmfuzz_linux_data[];
extern char __start_mmfuzz_linux_bss[], __stop_mmfuzz_linux_bss[];

#define MAX_PIECES   256u /* the areas of all CPUs, slabs, and four more */
#define MAX_HOST     4u
#define MAX_MACHINES 256u

struct piece {
	char *start;
	unsigned long bytes;
};

/* Copies of all pieces, one behind the other. */
struct saved {
	struct piece pieces[MAX_PIECES];
	unsigned int nr;
	unsigned long bytes;
	char *copy;
};

struct machine {
	struct mmfuzz_config config;
	struct saved booted;
};

static struct {
	/* What all machines have in common, made with the first one. */
	char *first_data; /* the kernel's data as the program began with it; its bss was 0 */
	char *ram;
	unsigned int page_shift;
	unsigned long page_struct_bytes;
	unsigned long boot_pfns;
	char *memmap;
	unsigned long memmap_bytes;
	struct piece host[MAX_HOST];
	unsigned int nr_host; /* of the machine that boots */

	struct machine machines[MAX_MACHINES];
	unsigned int nr_machines;
	unsigned int next_victim;
	struct machine *machine;
	/* Of the machine that is there: usually as it booted. */
	struct saved *remembered;
	struct saved own;
} state;

static unsigned long data_bytes(void)
{
	return __stop_mmfuzz_linux_data - __start_mmfuzz_linux_data;
}

static unsigned long bss_bytes(void)
{
	return __stop_mmfuzz_linux_bss - __start_mmfuzz_linux_bss;
}

/* 0 again, and nothing of it poisoned. */
static void clear(char *start, unsigned long bytes)
{
	MM_BUG_ON(madvise(start, bytes, MADV_DONTNEED), "memory cannot be cleared", SIM_NO_PFN, "%lu bytes", bytes);
}

static void make_room(void)
{
	struct gate_limits limits;
	unsigned long pfns;

	gate_limits(&limits);
	while (1ul << state.page_shift < limits.page_bytes)
		state.page_shift++;
	state.boot_pfns = limits.boot_pfns;
	state.page_struct_bytes = limits.page_struct_bytes;
	pfns = limits.max_pfn + limits.boot_pfns;
	state.ram = sim_reserve(pfns << state.page_shift);
	state.memmap_bytes = pfns * limits.page_struct_bytes;
	state.memmap = sim_reserve(state.memmap_bytes);
	state.first_data = sim_reserve(data_bytes());
	sim_copy(state.first_data, __start_mmfuzz_linux_data, data_bytes());
}

static void drop(struct saved *saved)
{
	if (saved->copy)
		sim_release(saved->copy, saved->bytes);
	saved->copy = NULL;
	saved->nr = 0;
	saved->bytes = 0;
}

static void put_back(const struct saved *saved)
{
	const char *from = saved->copy;

	for (unsigned int i = 0; i < saved->nr; i++) {
		sim_copy(saved->pieces[i].start, from, saved->pieces[i].bytes);
		from += saved->pieces[i].bytes;
	}
}

static void add_piece(struct saved *saved, char *start, unsigned long bytes)
{
	if (!bytes)
		return;
	MM_BUG_ON(saved->nr == MAX_PIECES, "too many pieces of a machine", SIM_NO_PFN, "%u", MAX_PIECES);
	saved->pieces[saved->nr++] = (struct piece){ start, bytes };
	saved->bytes += bytes;
}

static void remember(struct saved *saved)
{
	unsigned long bytes, pfn = 0;
	char *start, *to;

	drop(saved);
	add_piece(saved, __start_mmfuzz_linux_data, data_bytes());
	add_piece(saved, __start_mmfuzz_linux_bss, bss_bytes());
	for (unsigned int cpu = 0; gate_percpu(cpu, &start, &bytes); cpu++)
		add_piece(saved, start, bytes);
	gate_memmap(&start, &bytes);
	add_piece(saved, start, bytes);
	gate_boot_memory(&start, &bytes);
	add_piece(saved, start, bytes);
	while (gate_slab(&pfn, &start, &bytes))
		add_piece(saved, start, bytes);
	saved->copy = to = sim_reserve(saved->bytes);
	for (unsigned int i = 0; i < saved->nr; i++) {
		sim_copy(to, saved->pieces[i].start, saved->pieces[i].bytes);
		to += saved->pieces[i].bytes;
	}
}

static bool is_as(const struct saved *saved)
{
	const char *copy = saved->copy;

	for (unsigned int i = 0; i < saved->nr; i++) {
		if (memcmp(saved->pieces[i].start, copy, saved->pieces[i].bytes))
			return false;
		copy += saved->pieces[i].bytes;
	}
	return true;
}

static struct machine *known(const struct mmfuzz_config *config)
{
	for (unsigned int i = 0; i < state.nr_machines; i++) {
		if (!memcmp(&state.machines[i].config, config, sizeof(*config)))
			return &state.machines[i];
	}
	return NULL;
}

static struct machine *new_machine(void)
{
	struct machine *machine;

	if (state.nr_machines < MAX_MACHINES)
		return &state.machines[state.nr_machines++];
	machine = &state.machines[state.next_victim++ % MAX_MACHINES];
	drop(&machine->booted);
	return machine;
}

bool state_begin(const struct mmfuzz_config *config)
{
	if (!state.ram)
		make_room();
	ram_lend(state.ram, config->max_pfn + state.boot_pfns, state.page_shift);
	state.machine = known(config);
	if (state.machine) {
		state.remembered = &state.machine->booted;
		put_back(state.remembered);
		return true;
	}
	state.machine = new_machine();
	/* With its padding, as it is compared. */
	memcpy(&state.machine->config, config, sizeof(*config));
	sim_copy(__start_mmfuzz_linux_data, state.first_data, data_bytes());
	memset(__start_mmfuzz_linux_bss, 0, bss_bytes());
	clear(state.memmap, state.memmap_bytes);
	clear(state.ram + (config->max_pfn << state.page_shift), state.boot_pfns << state.page_shift);
	for (unsigned int i = 0; i < MAX_HOST && state.host[i].bytes; i++)
		clear(state.host[i].start, state.host[i].bytes);
	state.nr_host = 0;
	return false;
}

void state_booted(void)
{
	remember(&state.machine->booted);
	state.remembered = &state.machine->booted;
}

unsigned long state_ram(void)
{
	return (unsigned long)state.ram;
}

unsigned long state_memmap(void)
{
	return (unsigned long)state.memmap;
}

void *gate_host_memory(unsigned long bytes)
{
	struct piece *piece = &state.host[state.nr_host++];

	MM_BUG_ON(state.nr_host > MAX_HOST || (piece->bytes && piece->bytes != bytes), "other host memory than before",
		  SIM_NO_PFN, "piece %u of %lu bytes", state.nr_host, bytes);
	if (!piece->bytes)
		*piece = (struct piece){ sim_reserve(bytes), bytes };
	return piece->start;
}

void state_save(void)
{
	if (is_as(&state.machine->booted)) {
		state.remembered = &state.machine->booted;
		return;
	}
	remember(&state.own);
	state.remembered = &state.own;
}

void state_restore(void)
{
	put_back(state.remembered);
}

void state_end(void)
{
	drop(&state.own);
	state.machine = NULL;
	ram_exit();
}
