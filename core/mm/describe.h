/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for the words of the core, for people who read a trace: what describe.c asks the files that keep words of
 * their own. Each answers for its own memory only, takes no lock, and bears any address and any state.
 */
#ifndef MM_DESCRIBE_H
#define MM_DESCRIBE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sim/compiler.h>

/** struct field - a member of a structure by name, with one element's size if it is an array of numbers */
struct field {
	const char *name;
	unsigned int offset;
	unsigned int size;
	unsigned int each;
};

#define FIELD(type, member) { #member, offsetof(type, member), sizeof(((type *)0)->member), 0 }
#define ARRAY_FIELD(type, member)                                       \
	{ #member, offsetof(type, member), sizeof(((type *)0)->member), \
	  sizeof(((type *)0)->member[0]) }

/** describe_field() - name of the member at @offset, "[3]" behind it for an array's; returns as snprintf(), 0: none */
int describe_field(const struct field *fields, unsigned int nr, size_t offset, char *buf,
		   size_t len);

/* Of folio.c, slab.c and the drivers. Return: as snprintf(), 0 if @addr is not theirs. */
int filemap_describe_addr(uintptr_t addr, char *buf, size_t len);
int slab_describe_addr(uintptr_t addr, char *buf, size_t len);
int balloon_describe_addr(uintptr_t addr, char *buf, size_t len);
int vmem_describe_addr(uintptr_t addr, char *buf, size_t len);

/** slab_describe_desc() - the descriptor that @addr points to, not the word there */
int slab_describe_desc(uintptr_t addr, char *buf, size_t len);

/** mm_describe_addr(), mm_describe_value() - see struct mmfuzz_backend */
int mm_describe_addr(const void *addr, char *buf, size_t len);
int mm_describe_value(const void *addr, uint64_t value, char *buf, size_t len);

#endif /* MM_DESCRIBE_H */
