// SPDX-License-Identifier: GPL-2.0-only
/* The list of known data races (races.h), as CMake has made it of core/linux/races. */
#include <fnmatch.h>
#include <stddef.h>

#include "races.h"

static const struct {
	const char *func;
	const char *other_func;
} known[] = {
#include "races.inc"
	{ NULL, NULL },
};

bool race_is_known(const char *func, const char *other_func)
{
	for (unsigned int i = 0; known[i].func; i++) {
		const char *a = known[i].func, *b = known[i].other_func;

		if ((!fnmatch(a, func, 0) && !fnmatch(b, other_func, 0)) ||
		    (!fnmatch(b, func, 0) && !fnmatch(a, other_func, 0)))
			return true;
	}
	return false;
}
