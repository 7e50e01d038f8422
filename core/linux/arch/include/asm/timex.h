/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time stands still.
 */
#ifndef ASM_MMFUZZ_TIMEX_H
#define ASM_MMFUZZ_TIMEX_H

typedef unsigned long cycles_t;
static inline cycles_t get_cycles(void)
{
	return 0;
}
#define get_cycles get_cycles

#endif /* ASM_MMFUZZ_TIMEX_H */
