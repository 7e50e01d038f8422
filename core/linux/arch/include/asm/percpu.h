/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The area of CPU n is a copy of the template, so many bytes behind it.
 */
#ifndef ASM_MMFUZZ_PERCPU_H
#define ASM_MMFUZZ_PERCPU_H

#include <asm/host.h>

#ifndef __ASSEMBLY__
#define __my_cpu_offset __per_cpu_offset[mmfuzz_cpu()]
#endif

#include <asm-generic/percpu.h>

#endif /* ASM_MMFUZZ_PERCPU_H */
