// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs on the woven machine (executor_weave.h). Chooses nothing: what runs when is said by the
 * program, or by the strategy of who calls.
 */
#include <string.h>

#include <machine/machine.h>

#include <trace.h>

#include "coverage.h"
#include "executor_internal.h"
#include "executor_weave.h"

/* As in oracle.c: no coverage of the harness. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/*
 * More points than this are a livelock. Each operation has some of its own: compaction and
 * ranges of thousands of frames are long, but bounded. A loop without a point in it is known by its
 * plain accesses, of which there are several to a point.
 */
#define PLAIN_AN_OP  (1u << 26)
#define POINTS_A_RUN 1000000ull
#define POINTS_AN_OP 200000ull
/* Who is through with its operations looks for work until all are: so many of them make as many points again. */
#define CPUS_AT_ONCE 16u

/* The operation that @cpu would run next, if it is one for interrupts; else the number of operations. */
static unsigned int next_for_interrupt(unsigned int cpu)
{
	const struct program *program = ex.program;
	unsigned int i = ex.cpus[cpu].next;

	while (i < program->nr_ops && program->ops[i].cpu != cpu)
		i++;
	if (i < program->nr_ops && program->ops[i].code != OP_ALLOC_NOLOCK &&
	    program->ops[i].code != OP_FREE_NOLOCK)
		return program->nr_ops;
	return i;
}

static void run_in_interrupt(void *arg)
{
	const unsigned int index = *(const unsigned int *)arg;
	struct executor_cpu *cpu = &ex.cpus[ex.program->ops[index].cpu];
	const char *interrupted = oracle_set_op(NULL);

	cpu->next = index + 1;
	cpu->in_interrupt = true;
	op_begins(index);
	executor_run_op(index);
	cpu->in_interrupt = false;
	oracle_set_op(interrupted);
}

static bool interrupt_waits(unsigned int cpu)
{
	return next_for_interrupt(cpu) < ex.program->nr_ops;
}

static void interrupt(unsigned int cpu, unsigned int value)
{
	unsigned int index = next_for_interrupt(cpu);

	(void)value;
	if (index < ex.program->nr_ops)
		machine_interrupt(run_in_interrupt, &index);
}

static void run_cpu(unsigned int cpu, void *arg)
{
	(void)arg;
	executor_run_cpu(cpu);
	executor_cpu_done();
}

const char *executor_weave_strategy(const struct program_header *header)
{
	static const char *const names[NR_PROGRAM_RESTS] = {
		[PROGRAM_REST_RANDOM] = "random",
		[PROGRAM_REST_POS] = "pos",
		[PROGRAM_REST_PCT] = "pct",
	};

	return names[header->rest];
}

void executor_weave_config(const struct program *program, struct weave_schedule *schedule,
			   struct weave_config *config)
{
	const struct program_header *header = &program->header;

	*schedule = (struct weave_schedule){ (struct weave_entry *)program->switches,
					     program->nr_switches };
	*config = (struct weave_config){
		.schedule = schedule,
		.memory = header->memory,
		.races = header->kcsan ? WEAVE_RACES_KCSAN : WEAVE_RACES_ALL,
		.plain_points = header->plain_points,
		.ops = true,
		.max_points = (POINTS_A_RUN + POINTS_AN_OP * program->nr_ops) * (1 + header->nr_cpus / CPUS_AT_ONCE),
		.max_plain = PLAIN_AN_OP,
		.interrupt = interrupt,
		.interrupt_waits = interrupt_waits,
	};
	if (executor_weave_strategy(header)) {
		config->strategy = weave_strategy_find(executor_weave_strategy(header));
		config->seed = header->seed;
		config->gap = header->gap;
	}
}

struct weave *executor_weave(const struct program *program, bool catch)
{
	static struct weave_schedule schedule;
	static struct weave *weaves[NR_PROGRAM_RESTS];
	struct weave **weave = &weaves[program->header.rest];
	struct weave_config config;

	executor_weave_config(program, &schedule, &config);
	config.catch = catch;
	if (*weave)
		weave_set_config(*weave, &config);
	else
		*weave = weave_new(&config);
	return *weave;
}

bool executor_weave_cpus(const struct program *program, struct weave *weave,
			 struct weave_result *result)
{
	machine_use(weave);
	return machine_run_weave(program->header.nr_cpus, run_cpu, NULL, result);
}

bool executor_weave_explicit(struct program *program, const struct weave_schedule *schedule)
{
	if (schedule->nr > PROGRAM_MAX_SWITCHES)
		return false;
	for (unsigned int i = 0; i < schedule->nr; i++)
		if (schedule->entries[i].op >= program->nr_ops ||
		    schedule->entries[i].nth > PROGRAM_MAX_NTH)
			return false;
	memcpy(program->switches, schedule->entries, schedule->nr * sizeof(program->switches[0]));
	program->nr_switches = schedule->nr;
	program->header.rest = PROGRAM_REST_SERIAL;
	program_normalize(program);
	return true;
}

void executor_run_weave_all(const struct mmfuzz_backend *backend, const struct program *program)
{
	struct weave *weave = executor_weave(program, false);

	executor_run_weave(backend, program, weave, NULL);
	if (!program->header.runs)
		return;
	coverage_pause();
	for (unsigned int i = 1; i < program_runs(&program->header); i++) {
		weave_trace_restart();
		executor_run_weave(backend, program, weave, NULL);
	}
	coverage_resume();
}

bool executor_run_weave(const struct mmfuzz_backend *backend, const struct program *program,
			struct weave *weave, struct weave_result *result)
{
	executor_begin(backend, program, true);
	if (!executor_weave_cpus(program, weave, result))
		return false;
	if (!machine_result()->found)
		executor_end();
	return true;
}

#ifdef __clang__
#pragma clang attribute pop
#endif
