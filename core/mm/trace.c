// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where an oracle listens. The hooks themselves are the inline functions of internal.h; see struct mmfuzz_trace.
 */
#include "internal.h"

const struct mmfuzz_trace *mm_trace;
