// SPDX-License-Identifier: GPL-2.0-only
/*
 * Differs on purpose: per-CPU areas, each a copy of the template with room behind it, from the host. The kernel's own
 * allocator maps its chunks by vmalloc(), which there is none of. What is given back to the room waits for somebody who
 * needs as much: zones come and go by hotplug.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "../gate.h"
#include "world.h"

/* The template, in the final program. */
extern char __start_mmfuzz_linux_percpu[], __stop_mmfuzz_linux_percpu[];

/* Bytes for alloc_percpu(). */
#define ROOM 65536ul

unsigned long __per_cpu_offset[NR_CPUS];

static char *areas;
static unsigned long used;

/* What was taken: hotplug takes and gives back pagesets. Serialised by what all callers have, the lock of hotplug. */
static struct piece {
	unsigned int at;
	unsigned int size;
	bool free;
} pieces[64];
static unsigned int nr_pieces;

static struct piece *free_piece(unsigned long size, unsigned long align)
{
	for (unsigned int i = 0; i < nr_pieces; i++) {
		if (pieces[i].free && pieces[i].size == size && !(pieces[i].at & (align - 1)))
			return &pieces[i];
	}
	return NULL;
}

static unsigned long template_bytes(void)
{
	return ALIGN(__stop_mmfuzz_linux_percpu - __start_mmfuzz_linux_percpu, 64);
}

int gate_percpu(unsigned int cpu, char **start, unsigned long *bytes)
{
	*start = areas + cpu * (template_bytes() + ROOM);
	*bytes = template_bytes() + used;
	return cpu < nr_cpu_ids;
}

void mmfuzz_setup_percpu(void)
{
	const unsigned long bytes = template_bytes();

	areas = gate_host_memory(NR_CPUS * (bytes + ROOM));
	used = nr_pieces = 0;
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		char *area = areas + cpu * (bytes + ROOM);

		memcpy(area, __start_mmfuzz_linux_percpu, __stop_mmfuzz_linux_percpu - __start_mmfuzz_linux_percpu);
		__per_cpu_offset[cpu] = area - __start_mmfuzz_linux_percpu;
	}
}

void __percpu *pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t gfp)
{
	struct piece *piece = free_piece(size, align);
	unsigned long at = piece ? piece->at : ALIGN(used, align);

	if (piece) {
		piece->free = false;
		goto found;
	}
	if (at + size > ROOM)
		return NULL;
	used = at + size;
	if (nr_pieces < ARRAY_SIZE(pieces))
		pieces[nr_pieces++] = (struct piece){ at, size };
found:
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		memset(areas + cpu * (template_bytes() + ROOM) + template_bytes() + at, 0, size);
	return (void __percpu *)(__start_mmfuzz_linux_percpu + template_bytes() + at);
}

void free_percpu(void __percpu *ptr)
{
	unsigned long at = (char *)ptr - __start_mmfuzz_linux_percpu - template_bytes();

	for (unsigned int i = 0; i < nr_pieces; i++) {
		if (pieces[i].at == at)
			pieces[i].free = true;
	}
}

#ifdef CONFIG_LOCKDEP
/* What stands in the template; @canonical: where CPU 0 has it, which stands for all of them. */
bool __is_kernel_percpu_address(unsigned long addr, unsigned long *canonical)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		unsigned long at = addr - (unsigned long)areas - cpu * (template_bytes() + ROOM);

		if (at >= __stop_mmfuzz_linux_percpu - __start_mmfuzz_linux_percpu)
			continue;
		if (canonical)
			*canonical = (unsigned long)areas + at;
		return true;
	}
	return false;
}

bool is_kernel_percpu_address(unsigned long addr)
{
	return __is_kernel_percpu_address(addr, NULL);
}
#endif
