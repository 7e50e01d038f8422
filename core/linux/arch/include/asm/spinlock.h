/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks wait as the machine's do, so that a deadlock is a finding at once.
 */
#ifndef ASM_MMFUZZ_SPINLOCK_H
#define ASM_MMFUZZ_SPINLOCK_H

#include <asm/host.h>
#include <asm/processor.h>

static __always_inline int arch_spin_is_locked(arch_spinlock_t *lock)
{
	return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}
static __always_inline int arch_spin_value_unlocked(arch_spinlock_t lock)
{
	return !lock.word;
}
#define arch_spin_is_contended(lock) 0

static __always_inline int arch_spin_trylock(arch_spinlock_t *lock)
{
	unsigned int free = 0;

#ifndef MMFUZZ_WEAVE
	/* One thread plays all CPUs: an exchange that is whole takes longer than much of what is done under a lock. */
	if (!__atomic_load_n(&sim_parallel, __ATOMIC_RELAXED)) {
		if (lock->word)
			return 0;
		lock->word = mmfuzz_cpu() + 1;
		return 1;
	}
#endif
	/* Acquire: pairs with the release in arch_spin_unlock(). */
	return __atomic_compare_exchange_n(&lock->word, &free, mmfuzz_cpu() + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
static __always_inline void arch_spin_lock(arch_spinlock_t *lock)
{
	if (!arch_spin_trylock(lock))
		mmfuzz_lock_wait(&lock->word);
}
static __always_inline void arch_spin_unlock(arch_spinlock_t *lock)
{
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

#define MMFUZZ_WRITER 0x80000000u

static __always_inline int arch_read_trylock(arch_rwlock_t *lock)
{
	unsigned int was = __atomic_load_n(&lock->word, __ATOMIC_RELAXED);

	return !(was & MMFUZZ_WRITER) &&
	       __atomic_compare_exchange_n(&lock->word, &was, was + 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
static __always_inline int arch_write_trylock(arch_rwlock_t *lock)
{
	unsigned int free = 0;

	return __atomic_compare_exchange_n(&lock->word, &free, MMFUZZ_WRITER, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
static __always_inline void arch_read_lock(arch_rwlock_t *lock)
{
	while (!arch_read_trylock(lock))
		cpu_relax();
}
static __always_inline void arch_write_lock(arch_rwlock_t *lock)
{
	while (!arch_write_trylock(lock))
		cpu_relax();
}
static __always_inline void arch_read_unlock(arch_rwlock_t *lock)
{
	__atomic_fetch_sub(&lock->word, 1, __ATOMIC_RELEASE);
}
static __always_inline void arch_write_unlock(arch_rwlock_t *lock)
{
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

#endif /* ASM_MMFUZZ_SPINLOCK_H */
