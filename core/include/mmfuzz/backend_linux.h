/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend linux, in builds that have one (scripts/linux.sh). */
#ifndef MMFUZZ_BACKEND_LINUX_H
#define MMFUZZ_BACKEND_LINUX_H

#include <mmfuzz/backend.h>

/** mmfuzz_backend_linux - the mm of the Linux tree that the build was made from */
extern const struct mmfuzz_backend mmfuzz_backend_linux;

/**
 * mmfuzz_linux_keep_locks() - from here on what the tree's lockdep has seen outlives a reset
 *
 * Orders of locks in one program count against those of all later ones, on all machines. What is reported then is no matter of
 * one program: not for fuzz targets. For good, as machines that are booted from then on know it too. Nobody runs. Of builds
 * without lockdep nothing comes of it.
 */
void mmfuzz_linux_keep_locks(void);

#endif /* MMFUZZ_BACKEND_LINUX_H */
