/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lock is a word: 0, or 1 + the number of the CPU that holds it, as in core/sim.
 */
#ifndef ASM_MMFUZZ_SPINLOCK_TYPES_H
#define ASM_MMFUZZ_SPINLOCK_TYPES_H

typedef struct {
	unsigned int word;
} arch_spinlock_t;
#define __ARCH_SPIN_LOCK_UNLOCKED { 0 }

/* Readers, or WRITER. */
typedef struct {
	unsigned int word;
} arch_rwlock_t;
#define __ARCH_RW_LOCK_UNLOCKED { 0 }

#endif /* ASM_MMFUZZ_SPINLOCK_TYPES_H */
