// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison (poison.h), in ASan's shadow. Of each frame there is a bit that says whether anything in it was poisoned; bits are
 * set by whoever has the frame, and cleared when nobody runs. Relaxed: who wants to know looks when nobody runs.
 */
#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "poison.h"

#define MAX_FRAMES 32768ul /* of the largest machine, and more */

static unsigned long touched[MAX_FRAMES / 64];
static unsigned long highest; /* word of @touched that may have a bit */
static char *device_objects; /* the table of them, once one was poisoned */
static unsigned long device_bytes;

static unsigned long contents_bytes(void)
{
	static unsigned long bytes;

	if (!bytes) {
		struct gate_limits limits;

		gate_limits(&limits);
		MM_BUG_ON(limits.max_pfn + limits.boot_pfns > MAX_FRAMES, "too many frames to poison", SIM_NO_PFN, "%lu",
			  limits.max_pfn);
		bytes = limits.contents_bytes;
	}
	return bytes;
}

static void touch(unsigned long pfn)
{
	unsigned long word = pfn / 64, bit = 1ul << (pfn % 64);

	if (!(__atomic_load_n(&touched[word], __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(&touched[word], bit, __ATOMIC_RELAXED);
	/* Two CPUs may both raise it, and the lower one last: again, until it is high enough. */
	while (__atomic_load_n(&highest, __ATOMIC_RELAXED) < word)
		__atomic_store_n(&highest, word, __ATOMIC_RELAXED);
}

void poison_frames(unsigned long pfn, unsigned int order)
{
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++) {
		touch(p);
		sim_poison(ram_ptr(p), contents_bytes());
	}
}

void poison_lift(unsigned long pfn, unsigned int order)
{
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++)
		sim_unpoison(ram_ptr(p), contents_bytes());
}

void gate_poison_object(void *object, unsigned long bytes)
{
	touch(((char *)object - (char *)ram_ptr(0)) >> sim_ram.cell_shift);
	sim_poison(object, bytes);
}

/*
 * Orders nothing, as the host is another machine: what is between the guest's own last use and its next must be the
 * guest's own.
 */
void gate_host_took(unsigned long pfn)
{
	touch(pfn);
#if SIM_ASAN
	__asan_poison_memory_region(ram_ptr(pfn), contents_bytes());
#endif
}

void gate_host_gave(unsigned long pfn)
{
	poison_lift(pfn, 0);
}

/* All of the table comes back, wherever in its frame it is; who is first and who last writes the same. */
void gate_poison_device(void *object, unsigned long bytes, void *table, unsigned long table_bytes)
{
	__atomic_store_n(&device_bytes, table_bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&device_objects, table, __ATOMIC_RELAXED);
	sim_poison(object, bytes);
}

void gate_unpoison_object(void *object, unsigned long bytes)
{
	sim_unpoison(object, bytes);
}

void poison_forget(void)
{
	struct gate_limits limits;

	if (!sim_ram.base)
		return;
	gate_limits(&limits);
	for (unsigned long word = 0; word <= highest; word++) {
		for (; touched[word]; touched[word] &= touched[word] - 1)
			sim_unpoison(ram_ptr(word * 64 + __builtin_ctzl(touched[word])), limits.slab_bytes);
	}
	highest = 0;
	if (device_objects)
		sim_unpoison(device_objects, device_bytes);
	device_objects = NULL;
}
