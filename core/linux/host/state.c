// SPDX-License-Identifier: GPL-2.0-only
/* The state of a machine of the backend linux (state.h). */
#include <string.h>
#include <sys/mman.h>

#include <mmfuzz/backend_linux.h>

#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "state.h"

/* The kernel's data and bss, put together by kernel.lds; the linker names their borders. */
extern char __start_mmfuzz_linux_data[], __stop_mmfuzz_linux_data[];
extern char __start_mmfuzz_linux_bss[], __stop_mmfuzz_linux_bss[];
/* What lockdep knows of locks; in builds without it there is no such section. */
extern char __start_mmfuzz_linux_lockdep[] __attribute__((weak)),
	__stop_mmfuzz_linux_lockdep[] __attribute__((weak));

#define MAX_PIECES   256u /* the areas of all CPUs, slabs, and five more */
#define MAX_HOST     4u
#define MAX_MACHINES 256u

struct piece {
	char *start;
	unsigned long bytes;
};

/*
 * Most of what a machine consists of is as in any other: 0, or as the program began with it; or it follows from what stands
 * before it, as in a memmap, where lists lead from each page to the next. So of each piece only lines are kept that are neither:
 * after so many that are as usual (@usual), so many (@own) whose contents stand in the copy, and then so many (@more) of which
 * each differs from the one before it as that does from its own, word by word. What comes from far away in memory, as a fuzzer
 * asks for another machine with nearly every program, takes longest.
 */
#define LINE_BYTES 64u

typedef unsigned long line_t __attribute__((vector_size(LINE_BYTES), aligned(1), may_alias));

struct run {
	unsigned int usual;
	unsigned int own;
	unsigned int more;
};

/* Of all pieces, one behind the other: runs; lines of their own, and what is left at the end of a piece. */
struct saved {
	struct piece pieces[MAX_PIECES];
	unsigned int runs_of[MAX_PIECES];
	unsigned int nr;
	unsigned long copy_bytes, runs_bytes;
	struct run *runs; /* one mapping: these, and behind them the copy */
};

struct machine {
	struct mmfuzz_config config;
	unsigned long hash; /* of @config */
	struct saved booted;
};

static struct {
	/* What all machines have in common, made with the first one. */
	char *first_data; /* the kernel's data as the program began with it; its bss was 0 */
	char *first_lockdep; /* likewise */
	bool keeps_lockdep;
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

static unsigned long lockdep_bytes(void)
{
	return __stop_mmfuzz_linux_lockdep - __start_mmfuzz_linux_lockdep;
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
	if (lockdep_bytes()) {
		state.first_lockdep = sim_reserve(lockdep_bytes());
		sim_copy(state.first_lockdep, __start_mmfuzz_linux_lockdep, lockdep_bytes());
	}
}

static void drop(struct saved *saved)
{
	if (saved->runs)
		munmap(saved->runs, saved->runs_bytes + saved->copy_bytes);
	saved->runs = NULL;
	saved->nr = 0;
}

/* Not of sim_reserve(): there are many of these, and it keeps few mappings, which others ask for with each program. */
static void make_copy_room(struct saved *saved)
{
	unsigned long bytes = saved->runs_bytes + saved->copy_bytes;
	void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		sim_die("no memory for a copy of %lu bytes of a machine; free some", bytes);
	saved->runs = room;
}

static char *copy_of(const struct saved *saved)
{
	return (char *)saved->runs + saved->runs_bytes;
}

/* What is usual in a piece: NULL for 0. */
static const char *usual_of(const struct piece *piece)
{
	return piece->start == __start_mmfuzz_linux_data    ? state.first_data :
	       piece->start == __start_mmfuzz_linux_lockdep ? state.first_lockdep :
							      NULL;
}

/* As in sim_copy(): no compiler may make calls of the C library of these, which sanitizers have in their hands. */
static void copy_lines(char *to, const char *from, unsigned long nr)
{
	/* Where the string instruction is the faster one. */
	if (nr > 8) {
		sim_copy(to, from, nr * LINE_BYTES);
		return;
	}
	for (; nr; nr--, to += LINE_BYTES, from += LINE_BYTES) {
		*(line_t *)to = *(const line_t *)from;
		barrier();
	}
}

static void clear_lines(char *to, unsigned long nr)
{
	for (; nr; nr--, to += LINE_BYTES) {
		*(line_t *)to = (line_t){ 0 };
		barrier();
	}
}

static void continue_lines(char *to, unsigned long nr)
{
	line_t last, step;

	if (!nr)
		return;
	last = *(line_t *)(to - LINE_BYTES);
	step = last - *(line_t *)(to - 2 * LINE_BYTES);
	for (; nr; nr--, to += LINE_BYTES) {
		last += step;
		*(line_t *)to = last;
	}
}

static bool is_zero(const line_t *line)
{
	unsigned long some = 0;

	for (unsigned int i = 0; i < LINE_BYTES / sizeof(some); i++)
		some |= (*line)[i];
	return !some;
}

static bool is_usual(const char *line, const char *usual)
{
	line_t other = *(const line_t *)line;

	if (usual)
		other ^= *(const line_t *)usual;
	return is_zero(&other);
}

static bool is_continued(const char *line)
{
	const line_t last = *(const line_t *)(line - LINE_BYTES);
	const line_t other = *(const line_t *)line - last - (last - *(const line_t *)(line - 2 * LINE_BYTES));

	return is_zero(&other);
}

/* Bytes of the copy that a piece has. */
static unsigned long own_bytes(const struct saved *saved, unsigned int i, const struct run *run)
{
	unsigned long bytes = saved->pieces[i].bytes % LINE_BYTES;

	for (unsigned int nr = saved->runs_of[i]; nr--; run++)
		bytes += run->own * (unsigned long)LINE_BYTES;
	return bytes;
}

static void put_back(const struct saved *saved)
{
	const struct run *run = saved->runs;
	const char *from = copy_of(saved);

	for (unsigned int i = 0; i < saved->nr; i++) {
		const struct piece *piece = &saved->pieces[i];
		const char *usual = usual_of(piece);
		char *to = piece->start;

		if (state.keeps_lockdep && to == __start_mmfuzz_linux_lockdep) {
			from += own_bytes(saved, i, run);
			run += saved->runs_of[i];
			continue;
		}
		for (unsigned int nr = saved->runs_of[i]; nr--; run++) {
			unsigned long usual_bytes = run->usual * (unsigned long)LINE_BYTES;

			if (usual)
				copy_lines(to, usual + (to - piece->start), run->usual);
			else
				clear_lines(to, run->usual);
			to += usual_bytes;
			copy_lines(to, from, run->own);
			to += run->own * (unsigned long)LINE_BYTES;
			from += run->own * (unsigned long)LINE_BYTES;
			continue_lines(to, run->more);
			to += run->more * (unsigned long)LINE_BYTES;
		}
		sim_copy(to, from, piece->bytes % LINE_BYTES);
		from += piece->bytes % LINE_BYTES;
	}
}

enum kind { USUAL, MORE, OWN };

static enum kind kind_of(const struct piece *piece, unsigned long at)
{
	const char *as = usual_of(piece);

	if (is_usual(piece->start + at, as ? as + at : NULL))
		return USUAL;
	return at >= 2 * LINE_BYTES && is_continued(piece->start + at) ? MORE : OWN;
}

/* Lines of a piece from @at on that are of this kind. */
static unsigned int count_lines(const struct piece *piece, unsigned long at, enum kind kind)
{
	unsigned int nr = 0;

	for (; at + LINE_BYTES <= piece->bytes && kind_of(piece, at) == kind; at += LINE_BYTES)
		nr++;
	return nr;
}

/* To where they belong, or with @runs NULL only counted. */
static void take_piece(struct saved *saved, unsigned int i, struct run *runs, char *copy)
{
	const struct piece *piece = &saved->pieces[i];
	unsigned long at = 0;

	saved->runs_of[i] = 0;
	while (at + LINE_BYTES <= piece->bytes) {
		struct run run;

		run.usual = count_lines(piece, at, USUAL);
		at += run.usual * (unsigned long)LINE_BYTES;
		run.own = count_lines(piece, at, OWN);
		if (runs) {
			copy_lines(copy, piece->start + at, run.own);
			copy += run.own * (unsigned long)LINE_BYTES;
		}
		at += run.own * (unsigned long)LINE_BYTES;
		saved->copy_bytes += run.own * (unsigned long)LINE_BYTES;
		run.more = count_lines(piece, at, MORE);
		at += run.more * (unsigned long)LINE_BYTES;
		if (runs)
			runs[saved->runs_of[i]] = run;
		saved->runs_of[i]++;
	}
	if (runs)
		sim_copy(copy, piece->start + at, piece->bytes - at);
	saved->copy_bytes += piece->bytes - at;
	saved->runs_bytes += saved->runs_of[i] * sizeof(*runs);
}

static void add_piece(struct saved *saved, char *start, unsigned long bytes)
{
	if (!bytes)
		return;
	MM_BUG_ON(saved->nr == MAX_PIECES, "too many pieces of a machine", SIM_NO_PFN, "%u", MAX_PIECES);
	saved->pieces[saved->nr++] = (struct piece){ start, bytes };
}

static void take_pieces(struct saved *saved, char *runs, char *copy)
{
	saved->copy_bytes = saved->runs_bytes = 0;
	for (unsigned int i = 0; i < saved->nr; i++)
		take_piece(saved, i, runs ? (struct run *)(runs + saved->runs_bytes) : NULL,
			   copy ? copy + saved->copy_bytes : NULL);
}

static void remember(struct saved *saved)
{
	unsigned long bytes, pfn = 0;
	char *start;

	drop(saved);
	add_piece(saved, __start_mmfuzz_linux_data, data_bytes());
	add_piece(saved, __start_mmfuzz_linux_bss, bss_bytes());
	add_piece(saved, __start_mmfuzz_linux_lockdep, lockdep_bytes());
	for (unsigned int cpu = 0; gate_percpu(cpu, &start, &bytes); cpu++)
		add_piece(saved, start, bytes);
	gate_memmap(&start, &bytes);
	add_piece(saved, start, bytes);
	gate_boot_memory(&start, &bytes);
	add_piece(saved, start, bytes);
	while (gate_slab(&pfn, &start, &bytes))
		add_piece(saved, start, bytes);
	take_pieces(saved, NULL, NULL);
	make_copy_room(saved);
	take_pieces(saved, (char *)saved->runs, copy_of(saved));
}

/* A fuzzer asks for another machine with nearly every program: without a call of memcmp() for each that it may be. */
static unsigned long hash_of(const struct mmfuzz_config *config)
{
	const unsigned char *bytes = (const unsigned char *)config;
	unsigned long hash = 0;

	_Static_assert(!(sizeof(*config) % sizeof(hash)), "hashed by words");
	for (unsigned int i = 0; i < sizeof(*config); i += sizeof(hash)) {
		unsigned long word;

		__builtin_memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ul;
		hash ^= hash >> 32;
	}
	return hash;
}

static struct machine *known(const struct mmfuzz_config *config, unsigned long hash)
{
	for (unsigned int i = 0; i < state.nr_machines; i++) {
		if (state.machines[i].hash == hash && !memcmp(&state.machines[i].config, config, sizeof(*config)))
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
	const unsigned long hash = hash_of(config);

	if (!state.ram)
		make_room();
	ram_lend(state.ram, config->max_pfn + state.boot_pfns, state.page_shift);
	state.machine = known(config, hash);
	if (state.machine) {
		state.remembered = &state.machine->booted;
		put_back(state.remembered);
		return true;
	}
	state.machine = new_machine();
	/* With its padding, as it is compared. */
	memcpy(&state.machine->config, config, sizeof(*config));
	state.machine->hash = hash;
	sim_copy(__start_mmfuzz_linux_data, state.first_data, data_bytes());
	memset(__start_mmfuzz_linux_bss, 0, bss_bytes());
	if (lockdep_bytes() && !state.keeps_lockdep)
		sim_copy(__start_mmfuzz_linux_lockdep, state.first_lockdep, lockdep_bytes());
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
	remember(&state.own);
	state.remembered = &state.own;
}

void state_restore(void)
{
	put_back(state.remembered);
}

void mmfuzz_linux_keep_locks(void)
{
	state.keeps_lockdep = true;
}

void state_end(void)
{
	drop(&state.own);
	state.machine = NULL;
	ram_exit();
}
