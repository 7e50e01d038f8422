// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison (poison.h), in ASan's shadow: a byte of it says of 8 bytes how many of them, from the first on, may be touched. It is
 * written here, as what is poisoned is small, and the library's calls take longer than what happens around them. Of each
 * frame there are bits that say whether anything in it was poisoned; bits are set by whoever has the frame, and cleared
 * when nobody runs (or by whoever has it: @dropped). Relaxed: who wants to know looks when nobody runs, or has the frame.
 *
 * Frames lie far apart, contents and shadow: the first look at either is a miss of all caches, and takes longer than all
 * that is done there. So what the bits say need not be looked at.
 */
#include <sim/bug.h>
#include <sim/ram.h>

#include "../gate.h"
#include "poison.h"

#define MAX_FRAMES 32768ul /* of the largest machine, and more */

static const struct gate_limits *limits(void)
{
	static struct gate_limits limits;

	if (!limits.page_bytes) {
		gate_limits(&limits);
		MM_BUG_ON(limits.max_pfn + limits.boot_pfns > MAX_FRAMES, "too many frames to poison", SIM_NO_PFN, "%lu",
			  limits.max_pfn);
	}
	return &limits;
}

/* What is read where the host has dropped the contents: not what was there, and not 0, as neither is promised. */
#define DROPPED 0x5d5d5d5d5d5d5d5dul

/* Poisoned or not: no compiler may make a call of the C library of it. */
static void drop_contents(unsigned long pfn)
{
	volatile unsigned long *contents = ram_ptr(pfn);

	for (unsigned long i = 0, nr = limits()->contents_bytes / sizeof(*contents); i < nr; i++)
		contents[i] = DROPPED;
}

#if SIM_ASAN

/* As ASan has it for what its users poison. */
#define POISONED 0xf7

static unsigned long touched[MAX_FRAMES / 64];
static unsigned long objects[MAX_FRAMES / 64]; /* likewise, and not only of its contents, or that may be */
/* The host has dropped the contents, which stand there until somebody may read them: poisoned, so nobody can before that. */
static unsigned long dropped[MAX_FRAMES / 64];
static unsigned long highest; /* word of @touched that may have a bit */
static char *device_objects; /* the table of them, once one was poisoned */
static unsigned long device_bytes;

static bool bit_of(const unsigned long *bits, unsigned long pfn)
{
	return __atomic_load_n(&bits[pfn / 64], __ATOMIC_RELAXED) & 1ul << (pfn % 64);
}

/* Frames of a block: to a word of bits, if it is no larger. */
static void set_bits_of(unsigned long *bits, unsigned long pfn, unsigned int order)
{
	unsigned long mask = order < 6 ? ((1ul << (1ul << order)) - 1) << (pfn % 64) : ~0ul;

	for (unsigned long word = pfn / 64; word <= (pfn + (1ul << order) - 1) / 64; word++)
		if (~__atomic_load_n(&bits[word], __ATOMIC_RELAXED) & mask)
			__atomic_fetch_or(&bits[word], mask, __ATOMIC_RELAXED);
}

static void touch(unsigned long pfn, unsigned int order)
{
	const unsigned long last = (pfn + (1ul << order) - 1) / 64;

	set_bits_of(touched, pfn, order);
	/* Two CPUs may both raise it, and the lower one last: again, until it is high enough. */
	while (__atomic_load_n(&highest, __ATOMIC_RELAXED) < last)
		__atomic_store_n(&highest, last, __ATOMIC_RELAXED);
}

/* Eight bytes of shadow at a time; by memset() the sanitizer would ask itself whether that may be written. */
struct shadow_word {
	unsigned long word;
} __attribute__((packed, may_alias));

static void fill(const void *ptr, unsigned long bytes, unsigned char value)
{
	unsigned char *shadow = (unsigned char *)(((unsigned long)ptr >> 3) + sim_ram.shadow_offset);
	const unsigned long word = value * 0x0101010101010101ul;

	for (; bytes >= 64; bytes -= 64, shadow += 8)
		((volatile struct shadow_word *)shadow)->word = word;
	for (; bytes >= 8; bytes -= 8)
		*(volatile unsigned char *)shadow++ = value;
	/* What is behind the end of an object, up to the next 8 bytes, is nobody's. */
	if (bytes)
		*(volatile unsigned char *)shadow = value ? value : bytes;
}

static void poison(const void *ptr, unsigned long bytes)
{
	sim_gone(ptr, bytes);
	fill(ptr, bytes, POISONED);
}

/* Of a frame, what there is. */
static unsigned long bytes_of(unsigned long pfn)
{
	return bit_of(objects, pfn) ? limits()->slab_bytes : limits()->contents_bytes;
}

void poison_frames(unsigned long pfn, unsigned int order)
{
	touch(pfn, order);
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++)
		poison(ram_ptr(p), bytes_of(p));
}

void poison_lift(unsigned long pfn, unsigned int order)
{
	for (unsigned long p = pfn; p < pfn + (1ul << order); p++) {
		if (!bit_of(touched, p))
			continue;
		fill(ram_ptr(p), bytes_of(p), 0);
		if (!bit_of(dropped, p))
			continue;
		__atomic_fetch_and(&dropped[p / 64], ~(1ul << (p % 64)), __ATOMIC_RELAXED);
		drop_contents(p);
	}
}

/* Behind what is in use nothing is anybody's. */
void gate_filled(unsigned long pfn, unsigned long bytes)
{
	touch(pfn, 0);
	set_bits_of(objects, pfn, 0);
	fill((char *)ram_ptr(pfn) + bytes, limits()->slab_bytes - bytes, POISONED);
}

void gate_poison_object(void *object, unsigned long bytes)
{
	unsigned long pfn = ((char *)object - (char *)ram_ptr(0)) >> sim_ram.cell_shift;

	MM_BUG_ON((unsigned long)object % 8, "object between others", pfn, "at %p", object);
	touch(pfn, 0);
	set_bits_of(objects, pfn, 0);
	poison(object, bytes);
}

/*
 * Orders nothing, as the host is another machine: what is between the guest's own last use and its next must be the
 * guest's own.
 */
void gate_host_took(unsigned long pfn)
{
	touch(pfn, 0);
	fill(ram_ptr(pfn), limits()->contents_bytes, POISONED);
}

void gate_host_gave(unsigned long pfn)
{
	poison_lift(pfn, 0);
}

/*
 * A frame is reported again and again that nobody has had meanwhile. Traces of the woven machine show what whoever gets it
 * finds there, also of one that was dropped before the machine was reset.
 */
void gate_host_dropped(unsigned long pfn)
{
	if (bit_of(dropped, pfn))
		return;
	gate_host_took(pfn);
	if (SIM_WEAVE)
		drop_contents(pfn);
	else
		set_bits_of(dropped, pfn, 0);
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
	fill(object, bytes, 0);
}

void poison_forget(void)
{
	if (!sim_ram.base)
		return;
	for (unsigned long word = 0; word <= highest; word++) {
		for (; touched[word]; touched[word] &= touched[word] - 1) {
			unsigned int bit = __builtin_ctzl(touched[word]);

			fill(ram_ptr(word * 64 + bit), bytes_of(word * 64 + bit), 0);
		}
		objects[word] = 0;
		dropped[word] = 0;
	}
	highest = 0;
	if (device_objects)
		sim_unpoison(device_objects, device_bytes);
	device_objects = NULL;
}

#else

/* Nothing is poisoned; the woven machine is told who had it last. */
void poison_frames(unsigned long pfn, unsigned int order)
{
	for (unsigned long p = pfn; SIM_WEAVE && p < pfn + (1ul << order); p++)
		sim_gone(ram_ptr(p), limits()->contents_bytes);
}

void poison_lift(unsigned long pfn, unsigned int order)
{
	(void)pfn, (void)order;
}

void gate_poison_object(void *object, unsigned long bytes)
{
	sim_gone(object, bytes);
}

void gate_unpoison_object(void *object, unsigned long bytes)
{
	(void)object, (void)bytes;
}

void gate_filled(unsigned long pfn, unsigned long bytes)
{
	(void)pfn, (void)bytes;
}

void gate_host_took(unsigned long pfn)
{
	(void)pfn;
}

void gate_host_gave(unsigned long pfn)
{
	(void)pfn;
}

void gate_host_dropped(unsigned long pfn)
{
	drop_contents(pfn);
}

void gate_poison_device(void *object, unsigned long bytes, void *table, unsigned long table_bytes)
{
	(void)table, (void)table_bytes;
	sim_gone(object, bytes);
}

void poison_forget(void)
{
}

#endif
