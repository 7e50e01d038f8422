// SPDX-License-Identifier: GPL-2.0-only
/* Benchmarks: the measurements themselves (bench.h). Knows nothing of how figures are shown. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#ifdef HAVE_MIMALLOC
#include <mimalloc.h>
#endif

#include <mmfuzz/backend.h>
#include <sim/bug.h>
#include <sim/cpu.h>

#include "mmzone.h"

#include "bench.h"
#include "executor.h"
#include "generate.h"

#define PAIRS  400000ul
#define RESETS 2000u

static const struct mmfuzz_backend *const backend = &mmfuzz_backend_memdesc;

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void measure_group(const struct measurement *group, unsigned int nr,
		   void (*report)(const char *key, double value))
{
	double values[8][BENCH_RUNS];

	for (unsigned int run = 0; run < BENCH_RUNS; run++) {
		for (unsigned int i = 0; i < nr; i++) {
			if (group[i].setup)
				group[i].setup();
			values[i][run] = group[i].run();
			if (group[i].teardown)
				group[i].teardown();
		}
	}
	for (unsigned int i = 0; i < nr; i++) {
		qsort(values[i], BENCH_RUNS, sizeof(double), compare);
		report(group[i].key, values[i][BENCH_RUNS / 2]);
	}
}

/* --- allocation and free --- */

/* 256 MiB as one zone, with sizes of pageblock and section as Linux has them on x86. */
static const struct mmfuzz_config plain_config = {
	.nr_cpus = 2,
	.pageblock_order = 9,
	.section_order = 10,
	.max_pfn = 65536,
	.nr_zones = 1,
	.zones = { { 0, MMFUZZ_ZONE_NORMAL, { 0, 65536 } } },
	.ram_shift = 3,
};

static void boot(const struct mmfuzz_config *config)
{
	if (backend->boot(config))
		sim_die("the machine for the benchmark was refused");
}

static void boot_plain(void)
{
	boot(&plain_config);
}

static void shutdown_machine(void)
{
	backend->shutdown();
}

void bench_pairs(unsigned long nr, unsigned int order)
{
	pfn_t (*alloc)(unsigned int, order_t, nid_t) = backend->alloc_frozen;
	void (*release)(pfn_t, order_t) = backend->free_frozen;

	for (unsigned long i = 0; i < nr; i++) {
		pfn_t pfn = alloc(0, mk_order(order), mk_nid(0));

		if (pfn_is_none(pfn))
			sim_die("no memory of order %u in an empty machine", order);
		release(pfn, mk_order(order));
	}
}

static double time_pairs(unsigned int order)
{
	double begin;

	bench_pairs(PAIRS / 10, order);
	begin = bench_now();
	bench_pairs(PAIRS, order);
	return (bench_now() - begin) / PAIRS * 1e9;
}

static double run_order0(void)
{
	return time_pairs(0);
}

static double run_order9(void)
{
	return time_pairs(9);
}

static double cpu_ns[2];

static void time_pairs_on_cpu(unsigned int cpu, void *arg)
{
	(void)arg;
	cpu_ns[cpu] = time_pairs(0);
}

/* The slower of the two counts. */
static double run_order0_2cpu(void)
{
	machine_run(2, time_pairs_on_cpu, NULL);
	return cpu_ns[0] > cpu_ns[1] ? cpu_ns[0] : cpu_ns[1];
}

/* What keeps a compiler from leaving out a pair of malloc() and free(). */
static void *volatile keep;

#ifdef HAVE_MIMALLOC
static double run_mimalloc(void)
{
	double begin = bench_now();

	for (unsigned long i = 0; i < PAIRS; i++) {
		keep = mi_malloc(4096);
		mi_free(keep);
	}
	return (bench_now() - begin) / PAIRS * 1e9;
}
#endif

/* Debian's mimalloc takes the place of malloc() in whatever is linked to it; these are glibc's own.
 */
void *__libc_malloc(size_t size);
void __libc_free(void *ptr);

static double run_glibc(void)
{
	double begin = bench_now();

	for (unsigned long i = 0; i < PAIRS; i++) {
		keep = __libc_malloc(4096);
		__libc_free(keep);
	}
	return (bench_now() - begin) / PAIRS * 1e9;
}

static double run_atomic_add(void)
{
	static unsigned long counter;
	double begin = bench_now();

	for (unsigned long i = 0; i < PAIRS; i++)
		__atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
	return (bench_now() - begin) / PAIRS * 1e9;
}

/* --- reset --- */

static const struct mmfuzz_config *config_16mib(void)
{
	static struct mmfuzz_config config;
	struct program_header header = { .nr_cpus = 4 };

	while (header.profile < PROGRAM_NR_PROFILES &&
	       strcmp(machine_profiles[header.profile].name, "16mib"))
		header.profile++;
	if (header.profile == PROGRAM_NR_PROFILES)
		sim_die("there is no machine profile 16mib");
	program_config(&header, &config);
	return &config;
}

static void boot_16mib(void)
{
	boot(config_16mib());
	backend->snapshot();
}

static double run_reset(void)
{
	double begin = bench_now();

	for (unsigned int i = 0; i < RESETS; i++)
		backend->reset();
	return (bench_now() - begin) / RESETS * 1e6;
}

static char *copy_from, *copy_to;
static size_t copy_bytes;

/* As many bytes as the arena of that machine has, copied as a reset copies them. */
static void setup_copy(void)
{
	boot_16mib();
	copy_bytes = mm->arena_bytes;
	backend->shutdown();
	copy_from = malloc(copy_bytes);
	copy_to = malloc(copy_bytes);
	if (!copy_from || !copy_to)
		sim_die("no memory for a copy of %zu bytes", copy_bytes);
	memset(copy_from, 1, copy_bytes);
	memset(copy_to, 2, copy_bytes);
}

static double run_copy(void)
{
	double begin = bench_now();

	for (unsigned int i = 0; i < RESETS; i++) {
		memcpy(copy_to, copy_from, copy_bytes);
		/* Or else the copies become one. */
		__asm__ __volatile__("" : : "r"(copy_to) : "memory");
	}
	return (bench_now() - begin) / RESETS * 1e6;
}

static void teardown_copy(void)
{
	free(copy_from);
	free(copy_to);
}

/* --- 1 TiB --- */

static const struct mmfuzz_config tib_config = {
	.nr_cpus = 1,
	.pageblock_order = 9,
	.section_order = 15, /* 128 MiB, as on x86 */
	.max_pfn = 1ul << 28,
	.nr_zones = 1,
	.zones = { { 0, MMFUZZ_ZONE_NORMAL, { 0, 1ul << 28 } } },
	.ram_shift = 3,
};

static double resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long size, resident;
	int got = file ? fscanf(file, "%lu %lu", &size, &resident) : 0;

	if (file)
		fclose(file);
	return got == 2 ? resident * 4096.0 : 0;
}

static double run_memset_1tib(void)
{
	const size_t bytes = (1ul << 28) * sizeof(struct page);
	double begin = bench_now(), end;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	memset(p, 1, bytes);
	end = bench_now();
	munmap(p, bytes);
	return end - begin;
}

static void bench_1tib(void (*report)(const char *key, double value))
{
	double boots[3], fills[3], before = 0, after = 0;
	struct mmfuzz_stats stats;

	for (unsigned int i = 0; i < 3; i++) {
		double begin;

		before = resident_bytes();
		begin = bench_now();
		boot(&tib_config);
		boots[i] = bench_now() - begin;
		after = resident_bytes();
		backend->stats(&stats);
		backend->shutdown();
		fills[i] = run_memset_1tib();
	}
	qsort(boots, 3, sizeof(double), compare);
	qsort(fills, 3, sizeof(double), compare);
	report("boot_1tib_s", boots[1]);
	report("memset_1tib_s", fills[1]);
	report("memmap_1tib_bytes", stats.metadata_bytes);
	report("resident_1tib_bytes", after - before);
	report("memmap_percent", stats.metadata_bytes * 100.0 / ((1ul << 28) * 4096.0));
}

/* --- all of it --- */

void bench_all(void (*report)(const char *key, double value))
{
	const struct measurement pairs[] = {
		{ "order0_pair_ns", boot_plain, run_order0, shutdown_machine },
#ifdef HAVE_MIMALLOC
		{ "mimalloc_pair_ns", NULL, run_mimalloc, NULL },
#endif
		{ "order0_pair_ns_2cpu", boot_plain, run_order0_2cpu, shutdown_machine },
		{ "glibc_pair_ns", NULL, run_glibc, NULL },
		{ "order9_pair_ns", boot_plain, run_order9, shutdown_machine },
		{ "atomic_add_ns", NULL, run_atomic_add, NULL },
	};
	const struct measurement resets[] = {
		{ "reset_us", boot_16mib, run_reset, shutdown_machine },
		{ "memcpy_reset_us", setup_copy, run_copy, teardown_copy },
	};

	measure_group(pairs, sizeof(pairs) / sizeof(*pairs), report);
	measure_group(resets, sizeof(resets) / sizeof(*resets), report);
	bench_1tib(report);
}

/* --- for callgrind --- */

void bench_callgrind_pairs(unsigned long nr)
{
	boot_plain();
	bench_pairs(1000, 0);
	bench_pairs(nr, 0);
	backend->shutdown();
}

void bench_callgrind_programs(unsigned long nr)
{
	static struct program program;
	struct program_header header = { .nr_cpus = 4 };

	while (strcmp(machine_profiles[header.profile].name, "three_zones"))
		header.profile++;
	for (unsigned long i = 0; i < nr; i++) {
		program_generate(&program, &generator_default, &header, 64, i);
		executor_run_sequential(backend, &program);
	}
	executor_shutdown();
}
