// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmbench_linux: what scripts/bench.sh measures of the backend linux, as KEY=VALUE for mmbench, which shows it beside what it is
 * compared with. The pair is measured as mmbench measures that of memdesc: the median of so many runs, by the CPU time of
 * the thread. Nothing passes or fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <mmfuzz/backend_linux.h>
#include <sim/bug.h>

#define PAIRS 400000ul
#define RUNS  9u

static const struct mmfuzz_backend *const backend = &mmfuzz_backend_linux;

static double now(void)
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

static void pairs(unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		pfn_t pfn = backend->alloc_frozen(0, mk_order(0), mk_nid(0));

		if (pfn_is_none(pfn))
			sim_die("no memory of order 0 in an empty machine");
		backend->free_frozen(pfn, mk_order(0));
	}
}

static void boot(void)
{
	struct mmfuzz_config config = {
		.nr_cpus = 1,
		.pageblock_order = 4,
		.section_order = 4,
		.max_pfn = 4096,
		.nr_zones = 1,
		.zones = { { 0, MMFUZZ_ZONE_NORMAL, { 0, 4096 } } },
		.ram_shift = 3,
	};

	backend->adapt(&config);
	if (backend->boot(&config))
		sim_die("the machine for the benchmark was refused");
}

static double pair_ns(void)
{
	double begin;

	pairs(PAIRS / 10);
	begin = now();
	pairs(PAIRS);
	return (now() - begin) / PAIRS * 1e9;
}

/* With a number: only so many pairs, for callgrind to count. */
int main(int argc, char **argv)
{
	double values[RUNS];

	if (argc > 2 || (argc == 2 && !strtoul(argv[1], NULL, 10)))
		sim_die("usage: mmbench_linux [PAIRS]");
	boot();
	if (argc == 2) {
		pairs(strtoul(argv[1], NULL, 10));
		backend->shutdown();
		return 0;
	}
	for (unsigned int run = 0; run < RUNS; run++)
		values[run] = pair_ns();
	backend->shutdown();
	qsort(values, RUNS, sizeof(*values), compare);
	printf("linux_order0_pair_ns=%.1f\n", values[RUNS / 2]);
	return 0;
}
