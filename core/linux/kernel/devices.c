// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of what drivers allocate (devices.h): one arena in the memory of the boot, in units. What is known of them is
 * beside it, as objects that are free must not be touched.
 */
#include <linux/bitmap.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include "../gate.h"
#include "devices.h"
#include "world.h"

#define UNIT	 64ul
#define NR_UNITS 512ul

static DEFINE_RAW_SPINLOCK(lock);
static char *arena;
static DECLARE_BITMAP(used, NR_UNITS);
static u16 lengths[NR_UNITS]; /* of the object that begins there; 0: none does */
static unsigned long next; /* behind what was given out last */

void mmfuzz_reserve_devices(void)
{
	arena = memblock_alloc(NR_UNITS * UNIT, UNIT);
}

void *mmfuzz_device_alloc(size_t bytes)
{
	unsigned long nr = DIV_ROUND_UP(bytes, UNIT), unit;
	unsigned long flags;
	char *object;

	raw_spin_lock_irqsave(&lock, flags);
	unit = bitmap_find_next_zero_area(used, NR_UNITS, next, nr, 0);
	if (unit >= NR_UNITS)
		unit = bitmap_find_next_zero_area(used, NR_UNITS, 0, nr, 0);
	if (!nr || unit >= NR_UNITS)
		mmfuzz_bug("no memory", "device", "%zu bytes: the boot has made a table for what devices need", bytes);
	bitmap_set(used, unit, nr);
	lengths[unit] = nr;
	next = unit + nr;
	raw_spin_unlock_irqrestore(&lock, flags);
	object = arena + unit * UNIT;
	gate_unpoison_object(object, nr * UNIT);
	return memset(object, 0, nr * UNIT);
}

void mmfuzz_device_free(const void *object)
{
	unsigned long unit = ((const char *)object - arena) / UNIT;
	unsigned long flags;

	if (!object)
		return;
	if ((const char *)object < arena || unit >= NR_UNITS || !lengths[unit])
		mmfuzz_bug("bad free", "device", "%px is no object of a driver's, or was freed before", object);
	/* Before others may have it. */
	gate_poison_device((void *)object, lengths[unit] * UNIT, arena, NR_UNITS * UNIT);
	raw_spin_lock_irqsave(&lock, flags);
	bitmap_clear(used, unit, lengths[unit]);
	lengths[unit] = 0;
	raw_spin_unlock_irqrestore(&lock, flags);
}

char *mmfuzz_device_print(const char *form, ...)
{
	char *text = mmfuzz_device_alloc(UNIT);
	va_list args;

	va_start(args, form);
	vsnprintf(text, UNIT, form, args);
	va_end(args);
	return text;
}

/* Of a cache nothing is known but this. */
struct kmem_cache *mmfuzz_device_cache(size_t bytes)
{
	size_t *cache = mmfuzz_device_alloc(sizeof(*cache));

	*cache = bytes;
	return (struct kmem_cache *)cache;
}

void *mmfuzz_device_alloc_of(struct kmem_cache *cache)
{
	return mmfuzz_device_alloc(*(size_t *)cache);
}
