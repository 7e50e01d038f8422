/* SPDX-License-Identifier: GPL-2.0-only */
/* The backend linux, in builds that have one (scripts/linux.sh). */
#ifndef MMFUZZ_BACKEND_LINUX_H
#define MMFUZZ_BACKEND_LINUX_H

#include <mmfuzz/backend.h>

/** mmfuzz_backend_linux - the mm of the Linux tree that the build was made from */
extern const struct mmfuzz_backend mmfuzz_backend_linux;

#endif /* MMFUZZ_BACKEND_LINUX_H */
