/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which functions say what a line does and not where it is: a reader, and the title of a finding, want the
 * function around them. One rule for all who name places in code.
 */
#ifndef SIM_HELPER_H
#define SIM_HELPER_H

#include <stdbool.h>
#include <string.h>

/* Of a Linux tree's headers (backend linux): what its own arch answers, and what its kinds of words and links are made of. */
static inline bool sim_is_linux_helper(const char *file)
{
	static const char *const folders[] = { "/core/linux/arch/", "/include/asm-generic/", "/include/linux/atomic/" };
	static const char *const headers[] = { "bitops.h",   "find.h",	 "cpumask.h", "list.h",	   "spinlock",
					       "bit_spinlock.h", "rwlock", "seqlock",	"refcount.h", "rwonce.h" };
	const char *name = strstr(file, "/include/linux/");
	bool found = false;

	for (unsigned int i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		found |= strstr(file, folders[i]) != NULL;
	for (unsigned int i = 0; name && i < sizeof(headers) / sizeof(headers[0]); i++)
		found |= !strncmp(name + strlen("/include/linux/"), headers[i], strlen(headers[i]));
	return found;
}

/**
 * sim_is_helper() - of functions declared in @file: READ_ONCE() and its like, locks, accessors of a word
 *
 * All of core/sim is of that kind, and so are what the core's headers have of accessors of a frame's word, a
 * pageblock's type, a lock, a list. What <mm/pcp.h> inlines is a path and no helper.
 */
static inline bool sim_is_helper(const char *file)
{
	static const char *const accessors[] = { "memdesc.h", "mmzone.h", "freelist.h",
						 "internal.h" };
	const char *name = strrchr(file, '/');
	bool found = strstr(file, "/core/sim/") != NULL || sim_is_linux_helper(file);

	/* Some include them as "../internal.h", so that what is before the name varies. */
	for (unsigned int i = 0; i < sizeof(accessors) / sizeof(accessors[0]); i++)
		found |= name && strstr(file, "/core/mm/") &&
			 !strncmp(name + 1, accessors[i], strlen(accessors[i]));
	return found && !strstr(file, "/tests/");
}

#endif /* SIM_HELPER_H */
