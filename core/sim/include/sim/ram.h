/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated RAM. Each page frame has a cell of a few bytes that stands for its contents; the smallest
 * cell, 8 bytes, is what one byte of ASan's shadow describes, so that poisoning a page is one store.
 * Beside it the memory helpers that everything large in the process is built on.
 */
#ifndef SIM_RAM_H
#define SIM_RAM_H

#include <sim/compiler.h>

#if SIM_WEAVE
#include <mmfuzz/weave.h>
#endif
#if SIM_ASAN
void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
#endif

/* 8 bytes, one granule of ASan. */
#define RAM_CELL_SHIFT_MIN 3
/* A page of the largest kind that Linux has. */
#define RAM_CELL_SHIFT_MAX 18

/* Constant between ram_init() and ram_exit(). */
extern struct sim_ram {
	char *base;
	unsigned long nr_pages;
	unsigned int cell_shift;
	unsigned long shadow_offset;
	bool lent;
} sim_ram;

/**
 * sim_reserve - zeroed memory that costs nothing until it is touched
 * @bytes: not 0
 *
 * The caller owns it until sim_release() with the same size. Ends the process with a message and
 * status 2 when the system refuses, so that no caller checks.
 */
void *sim_reserve(size_t bytes);
void sim_release(void *ptr, size_t bytes);

/**
 * sim_release_used - the same for memory of which only the beginning was touched
 * @used: bytes, from the first one on, that were ever written or poisoned
 *
 * Cheaper than sim_release() when that is little: the mapping is cleared and kept for a later
 * sim_reserve(). Between machines only, as sim_reserve(): takes no lock.
 */
void sim_release_used(void *ptr, size_t bytes, size_t used);

/**
 * sim_copy - memcpy() that does not mind poison
 *
 * For putting back a snapshot over an arena in which much is poisoned: poison is a statement about
 * the state that ends here. Not checked by ASan nor seen by TSan: no other CPU may be running.
 */
void sim_copy(void *dst, const void *src, size_t len);

/*
 * Whoever gives memory up has used it for the last time: on the woven machine that counts as a write, so that a use without
 * an order to it is a race even where it happened to come first.
 */
static __always_inline void sim_gone(const void *ptr __maybe_unused, size_t len __maybe_unused)
{
#if SIM_WEAVE
	weave_freed(ptr, len);
#endif
}

/** sim_poison - the bytes may not be touched: ASan reports who does, and the woven machine who races */
static __always_inline void sim_poison(const void *ptr, size_t len)
{
	sim_gone(ptr, len);
#if SIM_ASAN
	__asan_poison_memory_region(ptr, len);
#endif
}

/** sim_unpoison - the bytes may be touched again */
static __always_inline void sim_unpoison(const void *ptr __maybe_unused, size_t len __maybe_unused)
{
#if SIM_ASAN
	__asan_unpoison_memory_region(ptr, len);
#endif
}

/**
 * ram_init - RAM for page frames 0 to @nr_pages - 1, holes included
 * @nr_pages: not 0
 * @cell_shift: logarithm of the bytes a page, RAM_CELL_SHIFT_MIN to RAM_CELL_SHIFT_MAX
 *
 * All contents are 0 and nothing is poisoned.
 */
void ram_init(unsigned long nr_pages, unsigned int cell_shift);
/**
 * ram_lend - the same in memory of the caller's, which keeps it after ram_exit() with all that is in it
 *
 * For machines of large cells that are made often: to map and unpoison address space takes long.
 */
void ram_lend(void *base, unsigned long nr_pages, unsigned int cell_shift);
void ram_exit(void);

/** ram_ptr - the contents of a frame, 1 << cell_shift bytes, those of its successor behind it */
static __always_inline void *ram_ptr(unsigned long pfn)
{
	return sim_ram.base + (pfn << sim_ram.cell_shift);
}

#if SIM_ASAN
/*
 * One granule, one byte of shadow: the library call takes longer than all that happens around it.
 * The shadow of a frame is only written by who owns the frame.
 */
__attribute__((__no_sanitize__("address"))) static inline void sim_ram_shadow(unsigned long pfn,
									      u8 value)
{
	u8 *shadow = (u8 *)(((unsigned long)ram_ptr(pfn) >> 3) + sim_ram.shadow_offset);

#if SIM_WEAVE && defined(__x86_64__)
	/* Hidden from the instrumentation, which would take shadow for memory of the machine. */
	__asm__ volatile("movb %1, %0" : "=m"(*shadow) : "q"(value));
#elif SIM_WEAVE && defined(__aarch64__)
	__asm__ volatile("strb %w1, %0" : "=m"(*shadow) : "r"(value));
#else
	__atomic_store_n(shadow, value, __ATOMIC_RELAXED);
#endif
}
#endif

/** ram_poison - nobody owns these frames: touching their contents is reported, as by sim_poison() */
static __always_inline void ram_poison(unsigned long pfn, unsigned long nr)
{
#if SIM_ASAN
	/* 0xf7 is ASan's "use after poison". */
	if (likely(nr == 1 && sim_ram.cell_shift == RAM_CELL_SHIFT_MIN)) {
		sim_gone(ram_ptr(pfn), 1 << RAM_CELL_SHIFT_MIN);
		sim_ram_shadow(pfn, 0xf7);
		return;
	}
#endif
	sim_poison(ram_ptr(pfn), nr << sim_ram.cell_shift);
}

/** ram_unpoison - somebody owns these frames again; their contents are what they were */
static __always_inline void ram_unpoison(unsigned long pfn __maybe_unused,
					 unsigned long nr __maybe_unused)
{
#if SIM_ASAN
	if (likely(nr == 1 && sim_ram.cell_shift == RAM_CELL_SHIFT_MIN))
		sim_ram_shadow(pfn, 0);
	else
		sim_unpoison(ram_ptr(pfn), nr << sim_ram.cell_shift);
#endif
}

/** ram_poison_all - ram_poison() of every frame, as a booted machine has none in use */
static __always_inline void ram_poison_all(void)
{
	ram_poison(0, sim_ram.nr_pages);
}

#endif /* SIM_RAM_H */
