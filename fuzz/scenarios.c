// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of stress scenarios (scenarios.h). A new one is one entry here; its name says what
 * collides.
 *
 * Weights are chosen so that what fills slots and what empties them is about even, and so that the
 * two sides that collide make up most of the operations. Machines are small: few frames, few blocks,
 * many meetings.
 */
#include <assert.h>
#include <string.h>

#include "scenarios.h"

const struct scenario scenarios[] = {
	{
		.generator = {
			.name = "isolate-vs-free",
			.help = "pageblocks and movable pages isolated while neighbours are freed",
			.weights = {
				[OP_ALLOC] = 60, [OP_FREE] = 110, [OP_FREE_NOLOCK] = 30,
				[OP_ALLOC_BULK] = 15, [OP_SPLIT] = 8, [OP_ISOLATE_RANGE] = 60,
				[OP_HAS_UNMOVABLE] = 10, [OP_ALLOC_REF] = 10, [OP_PUT] = 10,
				[OP_FOLIO_ADD] = 15, [OP_FOLIO_REMOVE] = 15, [OP_ISOLATE] = 15,
				[OP_PUTBACK] = 10, [OP_DRAIN_LOCAL] = 4,
			},
			.fault_percent = 2,
			.move_percent = 4,
		},
		.machines = { "tiny", "movable", "three_zones", "big_blocks" },
	},
	{
		.generator = {
			.name = "isolate-vs-deflate",
			.help = "balloon pages isolated and migrated while the balloon takes them back",
			.weights = {
				[OP_BALLOON_INFLATE] = 50, [OP_BALLOON_DEFLATE] = 50,
				[OP_BALLOON_RELEASE] = 6, [OP_BALLOON_PROBE] = 10,
				[OP_ISOLATE] = 60, [OP_MIGRATE] = 40, [OP_PUTBACK] = 25,
				[OP_ALLOC] = 15, [OP_FREE] = 25, [OP_COMPACT] = 10,
			},
			.fault_percent = 4,
			.move_percent = 10,
		},
		.lockless = true,
		.machines = { "tiny", "two_nodes", "movable" },
	},
	{
		.generator = {
			.name = "migrate-vs-walk",
			.help = "folios and balloon pages migrated under a frame-number walker",
			.weights = {
				[OP_FOLIO_ADD] = 40, [OP_FOLIO_REMOVE] = 20, [OP_FOLIO_READ] = 25,
				[OP_FOLIO_WRITE] = 15, [OP_FOLIO_GET] = 10, [OP_WALK] = 60,
				[OP_ISOLATE] = 50, [OP_MIGRATE] = 50, [OP_PUTBACK] = 12,
				[OP_ALLOC_REF] = 15, [OP_GET] = 6, [OP_PUT] = 20, [OP_FREE] = 25,
				[OP_BALLOON_INFLATE] = 10, [OP_BALLOON_DEFLATE] = 10,
				[OP_RCU_BARRIER] = 4,
			},
			.fault_percent = 3,
			.move_percent = 8,
		},
		.lockless = true,
		.machines = { "tiny", "three_zones", "two_nodes" },
	},
	{
		.generator = {
			.name = "walk-vs-put",
			.help = "references taken by frame number while the last one goes",
			.weights = {
				[OP_ALLOC_REF] = 50, [OP_GET] = 12, [OP_PUT] = 50, [OP_FREE] = 10,
				[OP_WALK] = 70, [OP_FOLIO_ADD] = 10, [OP_FOLIO_REMOVE] = 10,
				[OP_CONTIG_REF] = 4,
			},
			.fault_percent = 1,
			.move_percent = 2,
		},
		.lockless = true,
		.machines = { "tiny", "dense" },
	},
	{
		.generator = {
			.name = "lookup-vs-remove",
			.help = "folios looked up by index while they go or are migrated",
			.weights = {
				[OP_FOLIO_ADD] = 60, [OP_FOLIO_REMOVE] = 45, [OP_FOLIO_READ] = 45,
				[OP_FOLIO_WRITE] = 8, [OP_FOLIO_GET] = 15, [OP_FREE] = 12,
				[OP_ISOLATE] = 20, [OP_MIGRATE] = 20, [OP_WALK] = 10,
			},
			.fault_percent = 1,
			.move_percent = 2,
		},
		.lockless = true,
		.machines = { "tiny", "dense" },
	},
	{
		.generator = {
			.name = "offline-vs-inflate",
			.help = "memory blocks go offline while a balloon takes their pages",
			.weights = {
				[OP_MEM_OFFLINE] = 40, [OP_MEM_ONLINE] = 45, [OP_MEM_REMOVE] = 8,
				[OP_MEM_ADD] = 14, [OP_BALLOON_INFLATE] = 50,
				[OP_BALLOON_DEFLATE] = 45, [OP_ALLOC] = 30, [OP_FREE] = 45,
				[OP_OFFLINE_ALLOC_ORDER] = 10, [OP_OFFLINE_SKIPPABLE] = 8,
				[OP_WALK] = 10, [OP_BALLOON_RELEASE] = 3, [OP_BALLOON_PROBE] = 5,
			},
			.fault_percent = 4,
			.move_percent = 10,
		},
		.machines = { "movable", "hotplug", "dense" },
	},
	{
		.generator = {
			.name = "online-vs-vmem",
			.help = "blocks go on- and offline while virtio-mem plugs and unplugs",
			.weights = {
				[OP_MEM_ONLINE] = 40, [OP_MEM_OFFLINE] = 40, [OP_MEM_ADD] = 6,
				[OP_MEM_REMOVE] = 5, [OP_VMEM_PLUG] = 50, [OP_VMEM_UNPLUG] = 45,
				[OP_ALLOC] = 40, [OP_FREE] = 50, [OP_FOLIO_ADD] = 15,
				[OP_FOLIO_REMOVE] = 12, [OP_WALK] = 10,
			},
			.fault_percent = 4,
			.move_percent = 20,
		},
		.machines = { "vmem", "vmem_two", "all" },
	},
	{
		.generator = {
			.name = "contig-vs-alloc",
			.help = "contiguous ranges taken out of memory that others allocate and free",
			.weights = {
				[OP_CONTIG_RANGE] = 50, [OP_CONTIG_PAGES] = 12,
				[OP_CONTIG_REF] = 15, [OP_CMA_ALLOC] = 20, [OP_OFFLINE_RANGE] = 10,
				[OP_ALLOC] = 60, [OP_ALLOC_REF] = 10, [OP_ALLOC_BULK] = 12,
				[OP_ALLOC_NOLOCK] = 10, [OP_FREE_NOLOCK] = 15, [OP_FREE] = 130,
				[OP_PUT] = 10, [OP_FOLIO_ADD] = 25, [OP_FOLIO_REMOVE] = 15,
			},
			.fault_percent = 2,
			.move_percent = 6,
		},
		.machines = { "movable", "cma", "tiny", "big_blocks" },
	},
	{
		.generator = {
			.name = "drain-vs-free",
			.help = "pagesets drained and disabled from elsewhere while their CPUs fill them",
			.weights = {
				[OP_ALLOC] = 70, [OP_FREE] = 110, [OP_FREE_NOLOCK] = 25,
				[OP_ALLOC_NOLOCK] = 20, [OP_ALLOC_BULK] = 25, [OP_SPLIT] = 15,
				[OP_DRAIN_LOCAL] = 15, [OP_DRAIN_CPU] = 40, [OP_DRAIN_ALL] = 25,
				[OP_PCP_DISABLE] = 20, [OP_ISOLATE_RANGE] = 8,
			},
			.fault_percent = 4,
			.move_percent = 4,
		},
		.machines = { "tiny", "three_zones", "highatomic", "guard", "thp" },
	},
	{
		.generator = {
			.name = "contig-vs-contig",
			.help = "overlapping contiguous ranges, each isolates what the other wants",
			.weights = {
				[OP_CONTIG_RANGE] = 60, [OP_CONTIG_PAGES] = 15,
				[OP_CONTIG_REF] = 25, [OP_CMA_ALLOC] = 40, [OP_OFFLINE_RANGE] = 25,
				[OP_ISOLATE_RANGE] = 20, [OP_FREE] = 140, [OP_FOLIO_ADD] = 15,
				[OP_FOLIO_REMOVE] = 10,
			},
			.fault_percent = 2,
			.move_percent = 2,
		},
		.machines = { "cma", "movable", "tiny", "dense" },
	},
	{
		.generator = {
			.name = "hotplug-vs-compact",
			.help = "both scanners of compaction in zones that grow and shrink",
			.weights = {
				[OP_COMPACT] = 60, [OP_MEM_OFFLINE] = 40, [OP_MEM_ONLINE] = 45,
				[OP_MEM_ADD] = 12, [OP_MEM_REMOVE] = 8, [OP_FOLIO_ADD] = 45,
				[OP_FOLIO_REMOVE] = 25, [OP_FOLIO_READ] = 15, [OP_ALLOC] = 30,
				[OP_FREE] = 40, [OP_BALLOON_INFLATE] = 10,
				[OP_BALLOON_DEFLATE] = 10, [OP_WALK] = 10,
			},
			.fault_percent = 3,
			.move_percent = 15,
		},
		.machines = { "hotplug", "movable", "gaps", "tiny" },
	},
	{
		.generator = {
			.name = "offline-vs-skippable",
			.help = "memory blocks go and come while owners keep frames of them, and give them back",
			.weights = {
				[OP_MEM_OFFLINE] = 50, [OP_MEM_ONLINE] = 40,
				[OP_OFFLINE_ALLOC] = 25, [OP_OFFLINE_ALLOC_ORDER] = 30,
				[OP_OFFLINE_RANGE] = 15, [OP_OFFLINE_SKIPPABLE] = 50, [OP_FREE] = 70,
				[OP_ISOLATE_RANGE] = 25, [OP_ALLOC] = 10,
			},
			.fault_percent = 2,
			.move_percent = 4,
		},
		.machines = { "movable", "dense", "hotplug" },
	},
	{
		.generator = {
			.name = "alloc-vs-exhausted",
			.help = "allocations when there is next to nothing left, and what they do about it",
			.weights = {
				[OP_ALLOC] = 120, [OP_FREE] = 60, [OP_ALLOC_BULK] = 10,
				[OP_ALLOC_NOLOCK] = 10, [OP_FREE_NOLOCK] = 10,
				[OP_BALLOON_INFLATE] = 10, [OP_BALLOON_DEFLATE] = 8,
				[OP_FOLIO_ADD] = 10, [OP_FOLIO_REMOVE] = 8, [OP_ISOLATE_RANGE] = 10,
				[OP_CONTIG_PAGES] = 6, [OP_COMPACT] = 6, [OP_DRAIN_ALL] = 4,
			},
			.large_percent = 60,
			.high_percent = 50,
			.fault_percent = 1,
			.move_percent = 6,
		},
		.machines = { "highatomic", "tiny", "highatomic", "three_zones" },
	},
	{
		.generator = {
			.name = "everything",
			.help = "all operations on all kinds of machines",
			.weights = {
#define X(ENUM, name, gives, takes, weight, ...) [OP_##ENUM] = weight,
				PROGRAM_OPS(X)
#undef X
			},
			.fault_percent = 5,
			.move_percent = 6,
		},
		.machines = { "all", "holes", "vmem_two", "hotplug", "cma", "gaps", "thp" },
	},
};

const unsigned int nr_scenarios = sizeof(scenarios) / sizeof(*scenarios);

const struct scenario *scenario_find(const char *name)
{
	for (unsigned int i = 0; i < nr_scenarios; i++)
		if (!strcmp(scenarios[i].generator.name, name))
			return &scenarios[i];
	return NULL;
}

static unsigned int machine_index(const char *name)
{
	unsigned int i = 0;

	while (i < PROGRAM_NR_PROFILES && strcmp(machine_profiles[i].name, name))
		i++;
	assert(i < PROGRAM_NR_PROFILES);
	return i;
}

/* What seed, round and scenario decide; draws from @rng what is the same for every program. */
static struct program_header header_of(const struct scenario *scenario, unsigned int nr_cpus, uint64_t round,
				       struct rng *rng)
{
	struct program_header header = { .nr_cpus = nr_cpus };
	unsigned int nr_machines = 0;

	while (scenario->machines[nr_machines])
		nr_machines++;
	header.profile = machine_index(scenario->machines[round % nr_machines]);
	/* What is freed is gone soon, or is there for long and serves again: each finds what the other hides. */
	if (rng_percent(rng, 50))
		header.flags |= PROGRAM_RCU_LATE;
	return header;
}

static struct rng rng_of(const struct scenario *scenario, uint64_t seed, uint64_t round)
{
	return rng_seed(seed ^ (round + 1) * 0x2545f4914f6cdd1dull ^ (uint64_t)(scenario - scenarios + 1) << 56);
}

void scenario_program(const struct scenario *scenario, unsigned int nr_cpus, uint64_t seed,
		      uint64_t round, struct program *program)
{
	struct rng rng = rng_of(scenario, seed, round);
	struct program_header header = header_of(scenario, nr_cpus, round, &rng);

	program_generate(program, &scenario->generator, &header, PROGRAM_MAX_OPS, rng_next(&rng));
}

/* Operations a CPU: enough to fill what others then fight for. */
#define SHORT_MIN 2u
#define SHORT_MAX 6u
#define SHORT_TRIES 4u

/* CPUs that have something to do. */
static unsigned int busy_cpus(const struct program *program)
{
	uint64_t cpus = 0;

	for (unsigned int i = 0; i < program->nr_ops; i++)
		cpus |= 1ull << program->ops[i].cpu;
	return (unsigned int)__builtin_popcountll(cpus);
}

static void generate_short(const struct scenario *scenario, const struct generator_profile *profile,
			   unsigned int max_cpus, uint64_t round, struct rng *rng, struct program *program)
{
	struct program_header header = header_of(scenario, 1, round, rng);
	unsigned int nr_ops;

	header.nr_cpus = (uint8_t)(max_cpus < 2 ? max_cpus : 2 + rng_below(rng, max_cpus - 1));
	nr_ops = header.nr_cpus * (SHORT_MIN + rng_below(rng, SHORT_MAX - SHORT_MIN + 1));
	/* One in six has all of its operations on one CPU, where nothing can race. */
	for (unsigned int tries = 0; tries < SHORT_TRIES; tries++) {
		program_generate(program, profile, &header, nr_ops, rng_next(rng));
		if (busy_cpus(program) > 1)
			break;
	}
}

void scenario_program_short(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed,
			    uint64_t round, struct program *program)
{
	struct rng rng = rng_of(scenario, seed, round);

	generate_short(scenario, &scenario->generator, max_cpus, round, &rng, program);
}

void scenario_program_swarm(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed,
			    uint64_t round, struct program *program)
{
	struct generator_profile some = scenario->generator;
	struct rng rng = rng_of(scenario, seed, round);
	unsigned int left = 0;

	for (unsigned int code = 0; code < NR_OPS; code++) {
		if (rng_percent(&rng, 50))
			some.weights[code] = 0;
		left += some.weights[code] > 0;
	}
	generate_short(scenario, left > 1 ? &some : &scenario->generator, max_cpus, round, &rng, program);
}

void scenario_program_meeting(const struct scenario *scenario, unsigned int max_cpus, uint64_t seed, uint64_t round,
			      meeting_look_fn look, struct program *program)
{
	struct rng rng = rng_of(scenario, seed, round);
	struct program_header header = header_of(scenario, 2, round, &rng);

	/* Two are enough for most of what can happen, and a schedule of two is found sooner. */
	if (max_cpus > 2 && rng_percent(&rng, 50))
		header.nr_cpus = (uint8_t)(2 + rng_below(&rng, max_cpus - 1));
	meeting_generate(program, &scenario->generator, &header, look, &rng);
}
