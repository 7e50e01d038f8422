/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs are the machine's.
 */
#ifndef ASM_MMFUZZ_SMP_H
#define ASM_MMFUZZ_SMP_H

#ifndef __ASSEMBLY__
#include <asm/host.h>

#define raw_smp_processor_id() mmfuzz_cpu()

struct cpumask;
static inline void arch_smp_send_reschedule(int cpu) { }
void arch_send_call_function_single_ipi(int cpu);
void arch_send_call_function_ipi_mask(const struct cpumask *mask);
#endif

#endif /* ASM_MMFUZZ_SMP_H */
