// SPDX-License-Identifier: GPL-2.0-only
/* Which backends this build has (backends.h). */
#include <string.h>

#include <mmfuzz/backend_linux.h>

#include "backends.h"

static const struct mmfuzz_backend *const backends[] = {
	&mmfuzz_backend_memdesc,
#ifdef MMFUZZ_HAVE_LINUX
	&mmfuzz_backend_linux,
#endif
};

const struct mmfuzz_backend *backend_find(const char *name)
{
	for (unsigned int i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	return NULL;
}
