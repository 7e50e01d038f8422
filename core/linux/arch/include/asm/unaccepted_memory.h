/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accepting memory is the machine's business.
 */
#ifndef ASM_MMFUZZ_UNACCEPTED_MEMORY_H
#define ASM_MMFUZZ_UNACCEPTED_MEMORY_H

#ifndef __ASSEMBLY__
void arch_accept_memory(unsigned long start, unsigned long end);
#endif

#endif /* ASM_MMFUZZ_UNACCEPTED_MEMORY_H */
