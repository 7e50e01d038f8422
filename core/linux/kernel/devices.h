/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What drivers allocate for as long as their device is there. It lies in a table of the boot: among a machine's frames it
 * would be a slab that is there at the end of a program, and that keeps a block of memory from going. Freed objects are
 * poisoned, and used again as late as can be.
 *
 * A file of the tree that is a driver's is included behind this header.
 */
#ifndef MMFUZZ_LINUX_DEVICES_H
#define MMFUZZ_LINUX_DEVICES_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

/* Zeroed; there is always room for what the machine's devices need. */
void *mmfuzz_device_alloc(size_t bytes);
/* NULL is none. */
void mmfuzz_device_free(const void *object);
/* A string there. */
char *mmfuzz_device_print(const char *form, ...) __printf(1, 2);

struct kmem_cache;
/* Objects of one size there; they are freed as others. */
struct kmem_cache *mmfuzz_device_cache(size_t bytes);
void *mmfuzz_device_alloc_of(struct kmem_cache *cache);

#endif /* MMFUZZ_LINUX_DEVICES_H */
