/* SPDX-License-Identifier: GPL-2.0-only */
/* Which backends this build has. */
#ifndef FUZZ_BACKENDS_H
#define FUZZ_BACKENDS_H

#include <mmfuzz/backend.h>

/** backend_find() - the backend of that name, or NULL */
const struct mmfuzz_backend *backend_find(const char *name);

#endif /* FUZZ_BACKENDS_H */
