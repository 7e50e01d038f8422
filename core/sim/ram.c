// SPDX-License-Identifier: GPL-2.0-only
/*
 * Simulated RAM and the memory that everything large in the process lives in. Nothing here is
 * touched before its owner touches it: a machine of 1 TiB costs address space.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <sim/bug.h>
#include <sim/ram.h>

struct sim_ram sim_ram;

#if SIM_ASAN
void __asan_get_shadow_mapping(size_t *shadow_scale, size_t *shadow_offset);
#endif

/*
 * Mappings that were released and are kept, all zero, for the next machine. A fuzzer boots another machine with nearly
 * every input, and mapping, unmapping and first touches took longer than the input itself.
 *
 * A mapping that is in use is listed as well, because it may be larger than what its owner asked for.
 */
#define KEEP_MAPPINGS 32
#define KEEP_BYTES_MIN (1ul << 16)
#define KEEP_BYTES_MAX (1ul << 24)
#define KEEP_USED_MAX (1ul << 20)

static struct kept_mapping {
	void *ptr;
	size_t bytes;
	bool in_use;
} kept[KEEP_MAPPINGS];

/* The mapping at @ptr, or with NULL a free entry; NULL if there is none. */
static struct kept_mapping *find_kept(const void *ptr)
{
	for (unsigned int i = 0; i < KEEP_MAPPINGS; i++)
		if (kept[i].ptr == ptr)
			return &kept[i];
	return NULL;
}

static void *map_bytes(size_t bytes)
{
	void *ptr = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (ptr == MAP_FAILED)
		sim_die("cannot reserve %zu bytes of memory: %s; choose a smaller machine, or lift the limit on address space (ulimit -v, vm.overcommit_memory)",
			bytes, strerror(errno));
	return ptr;
}

void *sim_reserve(size_t bytes)
{
	struct kept_mapping *mapping;
	size_t rounded = KEEP_BYTES_MIN;

	if (bytes > KEEP_BYTES_MAX)
		return map_bytes(bytes);
	while (rounded < bytes)
		rounded <<= 1;
	for (mapping = kept; mapping < kept + KEEP_MAPPINGS; mapping++) {
		if (mapping->ptr && !mapping->in_use && mapping->bytes == rounded) {
			mapping->in_use = true;
			return mapping->ptr;
		}
	}
	mapping = find_kept(NULL);
	if (!mapping)
		return map_bytes(bytes);
	*mapping = (struct kept_mapping){ .ptr = map_bytes(rounded), .bytes = rounded, .in_use = true };
	return mapping->ptr;
}

void sim_release(void *ptr, size_t bytes)
{
	struct kept_mapping *mapping = find_kept(ptr);

	if (mapping) {
		bytes = mapping->bytes;
		mapping->ptr = NULL;
	}
	/* The next mapping at this address must not inherit poison. */
	sim_unpoison(ptr, bytes);
	MM_BUG_ON(munmap(ptr, bytes), "release of what was not reserved", SIM_NO_PFN,
		  "%zu bytes: %s", bytes, strerror(errno));
}

void sim_release_used(void *ptr, size_t bytes, size_t used)
{
	struct kept_mapping *mapping = used <= KEEP_USED_MAX ? find_kept(ptr) : NULL;

	if (!mapping) {
		sim_release(ptr, bytes);
		return;
	}
	sim_unpoison(ptr, used);
	memset(ptr, 0, used);
	mapping->in_use = false;
}

/*
 * memcpy() cannot be used: sanitizers put their own in its place, and compilers find a loop that
 * copies and call it. The string instruction runs at its speed and is opaque to all of them.
 */
__attribute__((__no_sanitize__("address"))) void sim_copy(void *dst, const void *src, size_t len)
{
#if defined(__x86_64__)
	__asm__ __volatile__("rep movsb" : "+D"(dst), "+S"(src), "+c"(len) : : "memory");
#else
	typedef u64 __attribute__((__may_alias__)) word;
	char *d = dst;
	const char *s = src;

	if (IS_ALIGNED((unsigned long)d | (unsigned long)s, sizeof(word))) {
		for (; len >= 8 * sizeof(word); len -= 8 * sizeof(word)) {
			word *wd = (word *)d;
			const word *ws = (const word *)s;

			wd[0] = ws[0];
			wd[1] = ws[1];
			wd[2] = ws[2];
			wd[3] = ws[3];
			wd[4] = ws[4];
			wd[5] = ws[5];
			wd[6] = ws[6];
			wd[7] = ws[7];
			d += 8 * sizeof(word);
			s += 8 * sizeof(word);
			barrier();
		}
	}
	for (; len; len--) {
		*d++ = *s++;
		barrier();
	}
#endif
}

static void ram_begin(char *base, unsigned long nr_pages, unsigned int cell_shift)
{
	MM_BUG_ON(sim_ram.base, "second RAM", SIM_NO_PFN, "the machine has %lu pages already",
		  sim_ram.nr_pages);
	MM_BUG_ON(!nr_pages || cell_shift < RAM_CELL_SHIFT_MIN ||
			  cell_shift > RAM_CELL_SHIFT_MAX ||
			  nr_pages > (~0UL >> 1) >> cell_shift,
		  "impossible RAM", SIM_NO_PFN, "%lu pages in cells of 1 << %u bytes", nr_pages,
		  cell_shift);
	sim_ram.nr_pages = nr_pages;
	sim_ram.cell_shift = cell_shift;
	sim_ram.base = base ? base : sim_reserve(nr_pages << cell_shift);
	sim_ram.lent = base;
#if SIM_ASAN
	{
		size_t scale, offset;

		__asan_get_shadow_mapping(&scale, &offset);
		/* One byte of shadow a granule is what ram_poison() builds on. */
		MM_BUG_ON(scale != RAM_CELL_SHIFT_MIN, "impossible RAM", SIM_NO_PFN,
			  "ASan's granule is 1 << %zu bytes", scale);
		sim_ram.shadow_offset = offset;
	}
#endif
}

void ram_init(unsigned long nr_pages, unsigned int cell_shift)
{
	ram_begin(NULL, nr_pages, cell_shift);
}

void ram_lend(void *base, unsigned long nr_pages, unsigned int cell_shift)
{
	ram_begin(base, nr_pages, cell_shift);
}

void ram_exit(void)
{
	if (!sim_ram.base)
		return;
	/* Of larger cells only the first bytes were touched, and the system knows which. */
	if (!sim_ram.lent && sim_ram.cell_shift > 12)
		sim_release(sim_ram.base, sim_ram.nr_pages << sim_ram.cell_shift);
	else if (!sim_ram.lent)
		sim_release_used(sim_ram.base, sim_ram.nr_pages << sim_ram.cell_shift,
				 sim_ram.nr_pages << sim_ram.cell_shift);
	memset(&sim_ram, 0, sizeof(sim_ram));
}
