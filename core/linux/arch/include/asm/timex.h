/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time stands still once the kernel has booted (kernel/slab.c says when that is).
 */
#ifndef ASM_MMFUZZ_TIMEX_H
#define ASM_MMFUZZ_TIMEX_H

typedef unsigned long cycles_t;
extern cycles_t mmfuzz_cycles;
static inline cycles_t get_cycles(void)
{
	return mmfuzz_cycles;
}
#define get_cycles get_cycles

#endif /* ASM_MMFUZZ_TIMEX_H */
