// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backend linux on the woven machine: interrupts that come in anywhere, that who wakes and who is about to sleep do
 * not miss each other, and that a run is a function of program and schedule, whichever process it is in. Must not look
 * for what only some programs find: that is for the fuzzers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <machine/machine.h>
#include <mmfuzz/backend_linux.h>

#include "../gate.h"
#include "executor_weave.h"
#include "generate.h"

static struct program program;
static struct weave_result result;

/* The most that waited to be freed when a run was over. */
static unsigned long deferred;

static void look_for_deferred(void)
{
	struct mmfuzz_stats stats;

	mmfuzz_backend_linux.stats(&stats);
	deferred = stats.deferred > deferred ? stats.deferred : deferred;
}

static void quiesce(void)
{
	look_for_deferred();
	mmfuzz_backend_linux.quiesce();
}

/* Before that the blocks go back to where they were. */
static int offline_pages(block_t block)
{
	/* Not an access of the run. */
	if (!weave_running())
		look_for_deferred();
	return mmfuzz_backend_linux.offline_pages(block);
}

static bool grouping_was_off;

static void drain(enum mmfuzz_drain how, cpu_t cpu)
{
	grouping_was_off |= !gate_groups_by_mobility();
	mmfuzz_backend_linux.drain(how, cpu);
}

static void assemble(const char *text)
{
	struct program_error error;

	if (!program_assemble(&program, text, strlen(text), &error))
		fail_msg("line %u, column %u: %s", error.line, error.column, error.message);
}

static void run(void)
{
	/* The machine stays booted for the next run, and the executor knows by whom. */
	static struct mmfuzz_backend backend;
	struct weave_schedule schedule;
	struct weave_config config;
	struct weave *weave;

	backend = mmfuzz_backend_linux;
	backend.quiesce = quiesce;
	backend.offline_pages = offline_pages;
	backend.drain = drain;
	executor_weave_config(&program, &schedule, &config);
	config.catch = true;
	weave = weave_new(&config);
	assert_true(executor_run_weave(&backend, &program, weave, &result));
	weave_free(weave);
	if (result.found)
		fail_msg("%s: %s", result.title, result.text);
}

/*
 * What comes in, or is switched to, at each point of operation @op, of which there are some: @lowest at least. It is the first
 * deviation of @text.
 */
static void at_each_point(const char *text, unsigned int op, unsigned int lowest)
{
	unsigned int nth = 0;

	do {
		assemble(text);
		program.switches[0].op = op;
		program.switches[0].nth = nth++;
		run();
	} while (result.schedule.nr >= program.nr_switches);
	assert_in_range(nth, lowest, 50000);
}

/* A pageset's lock is taken with interrupts on, a zone's with interrupts off, where an NMI comes all the same. */
static void an_interrupt_frees(void **state)
{
	(void)state;
	if (!mmfuzz_backend_linux.free_frozen_nolock)
		skip();
	deferred = 0;
	at_each_point("cpu0: s0 = alloc()\n"
		      "cpu0: s1 = alloc()\n"
		      "cpu0: free(s0)\n"
		      "    @0 interrupt\n"
		      "cpu0: free_nolock(s1)\n",
		      2, 5);
	/* A pageset that is busy, and a zone that is not: it is free at once. */
	assert_int_equal(deferred, 0);
	at_each_point("cpu0: s0 = alloc(order=3)\n"
		      "cpu0: s1 = alloc()\n"
		      "cpu0: drain_local()\n"
		      "    @0 interrupt\n"
		      "cpu0: free_nolock(s1)\n"
		      "cpu0: free(s0)\n",
		      2, 5);
	at_each_point("cpu0: s0 = alloc(order=4)\n"
		      "cpu0: s1 = alloc(order=4)\n"
		      "cpu0: free(s0)\n"
		      "    @0 interrupt\n"
		      "cpu0: free_nolock(s1)\n",
		      2, 5);
	/* The zone's lock is the interrupted operation's. */
	assert_int_equal(deferred, 16);
	/* A block of the size that is reported, while somebody queues a work. */
	at_each_point("machine profile=tiny cpus=1\n"
		      "cpu0: s0 = alloc(order=4)\n"
		      "cpu0: balloon_inflate(dev=0, nr=1)\n"
		      "    @0 interrupt\n"
		      "cpu0: free_nolock(s0)\n",
		      1, 50);
}

/* What waits for the next to be freed, and is of a block that is to go then, does not keep the block. */
static void a_block_goes_with_what_is_deferred(void **state)
{
	(void)state;
	if (!mmfuzz_backend_linux.free_frozen_nolock)
		skip();
	deferred = 0;
	at_each_point("cpu0: mem_offline(block=1)\n"
		      "cpu0: mem_offline(block=2)\n"
		      "cpu0: mem_offline(block=3)\n"
		      "cpu0: mem_online(block=1, zone=movable)\n"
		      "cpu0: mem_online(block=2, zone=movable)\n"
		      "cpu0: mem_online(block=3, zone=movable)\n"
		      "cpu0: s0 = alloc(order=1, gfp=movable)\n"
		      "cpu0: s1 = alloc(order=2, gfp=movable)\n"
		      "cpu0: free(s0)\n"
		      "cpu0: drain_local()\n"
		      "    @0 interrupt\n"
		      "cpu0: free_nolock(s1)\n",
		      9, 5);
	assert_int_equal(deferred, 4);
}

static void an_interrupt_allocates(void **state)
{
	(void)state;
	if (!mmfuzz_backend_linux.alloc_frozen_nolock)
		skip();
	for (unsigned int order = 0; order < 5; order++) {
		char text[200];

		snprintf(text, sizeof(text),
			 "cpu0: s0 = alloc(order=%u)\n"
			 "    @0 interrupt\n"
			 "cpu0: s1 = alloc_nolock(order=%u)\n"
			 "cpu0: free(s0)\n"
			 "cpu0: split(s1)\n"
			 "cpu0: free(s1)\n",
			 order, order % 4);
		at_each_point(text, 0, 5);
	}
}

/*
 * Who allocates for a device holds a place in the list of zones, and a zone that comes to life in between moves what stands there:
 *
 *     [ Normal | DMA ]   ->   [ Movable | Normal | DMA ]
 *                 ^                         ^
 * The oracle, which knows the zones of the blocks that stay, is told of no frame of Normal.
 */
static void a_list_of_zones_moves_under_who_allocates(void **state)
{
	(void)state;
	at_each_point("machine profile=holes cpus=2 points=plain\n"
		      "cpu0: mem_offline(block=6)\n"
		      "cpu0: s0 = alloc(gfp=dma|thisnode)\n"
		      "    @0 switch cpu1\n"
		      "cpu1: mem_online(block=6, zone=movable)\n",
		      1, 20);
}

/*
 * Who takes a frame out of service sees that it is free, and takes a reference of what is the area's user's by then, for a moment:
 *
 *     cpu0:              cma_alloc()            free()
 *     cpu1: it is free               reference          no use: put
 */
static void somebody_looks_at_what_cma_takes_back(void **state)
{
	unsigned int first = 0, both;

	(void)state;
	do {
		both = 0;
		for (unsigned int second = first + 1; second < first + 6; second++) {
			assemble("machine profile=cma cpus=2\n"
				 "cpu1: s1 = offline_range(pfn=64, nr=1)\n"
				 "    @0 switch cpu0\n"
				 "    @1 switch cpu0\n"
				 "cpu0: s0 = cma_alloc(area=0, nr=1)\n"
				 "    @0 switch cpu1\n"
				 "cpu0: free(s0)\n"
				 "    @0 switch cpu1\n");
			program.switches[0].nth = first;
			program.switches[1].nth = second;
			run();
			both += result.schedule.nr == program.nr_switches;
		}
		first++;
	} while (both);
	assert_in_range(first, 40, 5000);
}

/*
 * A block is looked through for what moves, and then whether all that is left is free, or the driver's who has agreed. In between a page
 * of a balloon loses its last reference, and is the balloon's until it is free:
 *
 *     cpu0: balloon_inflate()                    balloon_deflate(): no reference            free
 *     cpu1:                   nothing moves here                             all agreed
 */
static void a_block_goes_with_a_page_that_is_being_freed(void **state)
{
	unsigned int inflated = 0, deflated, met = 0;

	(void)state;
	do {
		deflated = 0;
		do {
			assemble("machine profile=movable cpus=2\n"
				 "cpu0: balloon_inflate(dev=0, nr=1)\n"
				 "    @0 switch cpu1\n"
				 "cpu0: balloon_deflate(dev=0, nr=1)\n"
				 "    @0 switch cpu1\n"
				 "cpu1: mem_offline(block=7)\n"
				 "    @300 switch cpu0\n");
			program.switches[0].nth = inflated;
			program.switches[1].nth = deflated;
			run();
			met += result.schedule.nr == program.nr_switches;
			deflated += 3;
		} while (result.schedule.nr == program.nr_switches);
		inflated += 4;
	} while (result.schedule.nr && deflated > 3);
	assert_in_range(met, 500, 20000);
}

/* The zone's first block, which compaction has not left yet, or means to begin with. */
static void a_block_goes_that_compaction_is_at(void **state)
{
	(void)state;
	at_each_point("machine profile=tiny cpus=2 pcp_high=1\n"
		      "cpu1: compact(order=1)\n"
		      "    @0 switch cpu0\n"
		      "cpu0: mem_online(block=0, zone=dma)\n"
		      "    @0 switch cpu1\n"
		      "cpu0: mem_offline(block=0)\n",
		      0, 30);
}

/*
 * Block 7 goes, and with it the last free frames: its page of the balloon is isolated, and who needs a frame to move it to waits
 * until kswapd has looked for some. That is CPU 0's, whose driver asks for the page again and again:
 *
 *     cpu0: leak_balloon() -> cpu1: offline_pages() -> kswapd -> cpu0
 *
 *       0     1     2     3     4     5     6     7
 *     [ s0 ][ s1 ][ s2 ][ s3 ][ s4 ][ s5 ][ s6 ][ B    ]
 */
static void a_balloon_wants_a_page_that_waits_for_kswapd(void **state)
{
	static const char *const wants[] = { "release(dev=0)", "deflate(dev=0, nr=1)" };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(wants); i++) {
		char text[600];

		snprintf(text, sizeof(text),
			 "machine profile=highatomic cpus=2\n"
			 "cpu0: s0 = contig_range(pfn=0, nr=32)\n"
			 "cpu0: s1 = contig_range(pfn=32, nr=32)\n"
			 "cpu0: s2 = contig_range(pfn=64, nr=32)\n"
			 "cpu0: s3 = contig_range(pfn=96, nr=32)\n"
			 "cpu0: s4 = contig_range(pfn=128, nr=32)\n"
			 "cpu0: s5 = contig_range(pfn=160, nr=32)\n"
			 "cpu0: balloon_inflate(dev=0, nr=1)\n"
			 "cpu0: s6 = contig_range(pfn=192, nr=32)\n"
			 "cpu0: balloon_%s\n"
			 "    @0 switch cpu1\n"
			 "cpu1: mem_offline(block=7)\n",
			 wants[i]);
		at_each_point(text, 8, 20);
	}
}

/*
 * Who keeps memory from coming and going for a while lets go of that just when somebody counts whom to wait for:
 *
 *     cpu0: nobody waits                               not there any more, and wakes nobody
 *     cpu1:               waits: there is one reader
 */
static void memory_comes_when_it_is_let_go(void **state)
{
	(void)state;
	at_each_point("machine profile=movable cpus=2 points=plain\n"
		      "cpu0: mem_offline(block=7)\n"
		      "cpu0: s0 = offline_range(pfn=64, nr=1)\n"
		      "    @0 switch cpu1\n"
		      "cpu1: mem_online(block=7, zone=movable)\n",
		      1, 30);
}

/*
 * The tree of a file's folios gives a node away and then takes it out, and the file's lock makes it a reader meanwhile, as preemption is
 * off. Who looks the folio up finds the node, so that it may not be gone yet, nor be an object of somebody else:
 *
 *     cpu0: folio_remove(): call_rcu(node)                                          parent->slots[] = NULL
 *     cpu1:                                folio_read(), and a grace period? folio_read(): the node is still there
 */
static void a_node_is_given_away_before_it_is_taken_out(void **state)
{
	(void)state;
	at_each_point("machine profile=movable cpus=2 points=plain\n"
		      "cpu0: folio_add(index=1)\n"
		      "cpu0: folio_add(index=70)\n"
		      "cpu0: folio_remove(index=70)\n"
		      "    @0 switch cpu1\n"
		      "cpu1: folio_read(index=1)\n"
		      "cpu1: folio_read(index=70)\n"
		      "cpu1: folio_read(index=70)\n",
		      2, 30);
}

/*
 * Where memory is as little as what is left here, the kernel no longer groups pages by mobility when it makes the lists of zones
 * anew, and from then on blocks are on lists of other types than they say (docs/findings/unisolate-without-grouping.md):
 *
 *     cpu0: online_pages()  ..  lists of zones  ..  the end
 *     cpu1:                           is it on?
 */
static void mobility_grouping_is_never_off(void **state)
{
	(void)state;
	grouping_was_off = false;
	at_each_point("machine profile=tiny cpus=2 points=plain\n"
		      "cpu0: mem_offline(block=1)\n"
		      "cpu0: mem_offline(block=2)\n"
		      "cpu0: mem_offline(block=3)\n"
		      "cpu0: mem_online(block=1, zone=movable)\n"
		      "    @0 switch cpu1\n"
		      "cpu1: drain_local()\n",
		      3, 1000);
	assert_false(grouping_was_off);
}

/* ---- sleeping ---- */

static int said;

static void sleep_or_wake(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu)
		gate_wake(&said, 0);
	else
		gate_sleep(&said);
}

/* Each writes one word and reads the other's: without a full barrier on both sides both may read what was before. */
static void nobody_sleeps_who_was_woken(void **state)
{
	struct weave_config config = {
		.strategy = weave_strategy_find("random"),
		.gap = 2, /* they are short */
		.catch = true,
		.max_points = 10000,
	};

	(void)state;
	assemble("machine profile=tiny cpus=2\n");
	for (config.memory = WEAVE_SC; config.memory <= WEAVE_LKMM; config.memory++) {
		struct weave *weave = weave_new(&config);

		for (unsigned int runs = 0; runs < 1000; runs++) {
			said = 0;
			executor_begin(&mmfuzz_backend_linux, &program, true);
			machine_use(weave);
			assert_true(machine_run_weave(2, sleep_or_wake, NULL, &result));
			if (result.found)
				fail_msg("%s: %s", result.title, result.text);
		}
		weave_free(weave);
	}
}

/* ---- work ---- */

static bool ended;

static void queue_or_cancel(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		gate_sleep(&said);
		ended = !gate_cancel_again();
	} else {
		gate_queue_again();
		gate_wake(&said, 1);
		/* Until it is taken back. */
		gate_run_work();
	}
}

/* @body on two CPUs; it sets @ended. */
static void thousand_times(void (*body)(unsigned int cpu, void *arg))
{
	struct weave_config config = {
		.strategy = weave_strategy_find("random"),
		.gap = 2,
		.catch = true,
		.max_points = 100000,
	};
	struct weave *weave = weave_new(&config);

	assemble("machine profile=tiny cpus=2\n");
	for (unsigned int runs = 0; runs < 1000; runs++) {
		said = 0;
		ended = false;
		executor_begin(&mmfuzz_backend_linux, &program, true);
		machine_use(weave);
		assert_true(machine_run_weave(2, body, NULL, &result));
		if (result.found)
			fail_msg("%s: %s", result.title, result.text);
		assert_true(ended);
	}
	weave_free(weave);
}

/* It queues itself again just when who takes it back has seen that it is not queued, and before that looks who runs it. */
static void work_that_was_taken_back_runs_no_more(void **state)
{
	(void)state;
	thousand_times(queue_or_cancel);
}

static void queue_and_sleep(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		gate_wake(&said, 0);
		return;
	}
	gate_queue_lone(1);
	gate_sleep(&said);
	ended = gate_lone_left() == 1;
	gate_run_work();
	ended &= !gate_lone_left();
}

/* Who sleeps may have the locks that it takes. */
static void work_waits_for_who_sleeps(void **state)
{
	(void)state;
	thousand_times(queue_and_sleep);
}

static void queue_or_flush(unsigned int cpu, void *arg)
{
	(void)arg;
	if (cpu) {
		gate_sleep(&said);
		gate_flush_lone();
		/* What it was queued for; it may have queued itself since. */
		ended = gate_lone_left() < 3;
	} else {
		gate_queue_lone(3);
		gate_wake(&said, 1);
		gate_run_work();
	}
}

/* It is queued again while it runs: who flushes it then takes it from the list, and has to wait for its end. */
static void work_runs_once_at_a_time(void **state)
{
	(void)state;
	thousand_times(queue_or_flush);
}

/* ---- marked accesses ---- */

static int words[2], seen[2];

/* What is seen in @ends, of a thousand schedules. */
static void often(enum weave_memory memory, void (*body)(unsigned int cpu, void *arg), unsigned int ends[2][2])
{
	struct weave *weave = weave_new(&(struct weave_config){
		.strategy = weave_strategy_find("random"), .gap = 2, .catch = true, .max_points = 10000, .memory = memory });

	assemble("machine profile=tiny cpus=2\n");
	for (unsigned int runs = 0; runs < 1000; runs++) {
		words[0] = words[1] = 0;
		executor_begin(&mmfuzz_backend_linux, &program, true);
		machine_use(weave);
		assert_true(machine_run_weave(2, body, NULL, &result));
		if (result.found)
			fail_msg("%s: %s", result.title, result.text);
		ends[seen[0]][seen[1]]++;
	}
	weave_free(weave);
}

static void write_and_read(unsigned int cpu, void *arg)
{
	(void)arg;
	seen[cpu] = gate_write_and_read(&words[cpu], &words[!cpu]);
}

/*
 *     CPU0                      CPU1
 *     WRITE_ONCE(words[0], 1)   WRITE_ONCE(words[1], 1)
 *     READ_ONCE(words[1]) -> 0  READ_ONCE(words[0]) -> 0
 *
 * Both read 0 where a marked write may be held back, and only there: it would not be if WRITE_ONCE() were a plain store.
 * And each of the other three ends is met, which takes a point before the write and one before the read.
 */
static void a_marked_write_is_held_back(void **state)
{
	(void)state;
	for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++) {
		unsigned int ends[2][2] = { 0 };

		often(memory, write_and_read, ends);
		assert_int_equal(ends[0][0] > 0, memory != WEAVE_SC);
		assert_true(ends[0][1] && ends[1][0] && ends[1][1]);
	}
}

static void write_and_replace(unsigned int cpu, void *arg)
{
	(void)arg;
	seen[cpu] = gate_write_and_replace(&words[cpu], &words[cpu]);
}

/* A store that is held back is the CPU's own all the same: its next read has it, though a write follows at once. */
static void an_own_write_is_read_back(void **state)
{
	(void)state;
	for (unsigned int memory = WEAVE_SC; memory <= WEAVE_LKMM; memory++) {
		unsigned int ends[2][2] = { 0 };

		often(memory, write_and_replace, ends);
		assert_true(ends[1][1]);
		assert_false(ends[0][0] || ends[0][1] || ends[1][0]);
	}
}

/* ---- the same in each process ---- */

#define NR_PROGRAMS 200u

static void random_program(unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	struct program_header header = program_random_header(&rng);

	header.nr_cpus = 2 + seed % 3;
	header.rest = seed % NR_PROGRAM_RESTS;
	header.seed = header.rest ? seed : 0;
	header.plain_points = seed % 5 == 4;
	header.memory = seed % 7 % 3;
	program_generate(&program, &generator_default, &header, 24, seed);
	program_generate_schedule(&program, seed % 7, seed);
}

/* What there is to say of all runs: who ran when, what each operation did, and how it ended. */
static void write_all(FILE *out)
{
	for (unsigned int seed = 0; seed < NR_PROGRAMS; seed++) {
		struct executor_event events[EXECUTOR_LOG];

		random_program(seed);
		run();
		fprintf(out, "%u: %016llx, %llu points\n", seed, (unsigned long long)result.fingerprint,
			(unsigned long long)result.points);
		for (unsigned int i = 0; i < result.schedule.nr; i++) {
			const struct weave_entry *entry = &result.schedule.entries[i];

			fprintf(out, "  %u@%u %u %u\n", entry->op, entry->nth, entry->kind, entry->value);
		}
		for (unsigned int cpu = 0; cpu < program.header.nr_cpus; cpu++)
			for (unsigned int i = 0, nr = executor_last_ops(cpu, events); i < nr; i++)
				fprintf(out, "  cpu%u: %u %u\n", cpu, events[i].op, events[i].skipped);
	}
}

static const char *own_path;

static char *text_of(FILE *in)
{
	size_t len = 0, room = 1 << 20;
	char *text = malloc(room);

	while (text && (len += fread(text + len, 1, room - len - 1, in)) == room - 1)
		text = realloc(text, room *= 2);
	assert_non_null(text);
	text[len] = 0;
	return text;
}

/* They are long: of a difference the line will do. */
static void same(const char *here, const char *there)
{
	size_t line = 0;

	for (size_t i = 0; here[i] || there[i]; i++) {
		if (here[i] != there[i])
			fail_msg("here %.60s\nthere %.60s", here + line, there + line);
		if (here[i] == '\n')
			line = i + 1;
	}
}

/* Another process has another layout of memory, and other machines before: none of it is of consequence. */
static void two_hundred_programs_run_the_same_elsewhere(void **state)
{
	FILE *mine = tmpfile(), *theirs = tmpfile();
	char *here, *there;
	int status;
	pid_t child;

	(void)state;
	assert_non_null(mine);
	assert_non_null(theirs);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(fileno(theirs), STDOUT_FILENO);
		execl(own_path, own_path, "elsewhere", (char *)NULL);
		_exit(127);
	}
	write_all(mine);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	rewind(mine);
	rewind(theirs);
	here = text_of(mine);
	there = text_of(theirs);
	assert_non_null(strchr(here, '@'));
	same(here, there);
	free(here);
	free(there);
	fclose(mine);
	fclose(theirs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupt_frees),
		cmocka_unit_test(a_block_goes_with_what_is_deferred),
		cmocka_unit_test(an_interrupt_allocates),
		cmocka_unit_test(a_list_of_zones_moves_under_who_allocates),
		cmocka_unit_test(somebody_looks_at_what_cma_takes_back),
		cmocka_unit_test(a_block_goes_with_a_page_that_is_being_freed),
		cmocka_unit_test(a_block_goes_that_compaction_is_at),
		cmocka_unit_test(a_balloon_wants_a_page_that_waits_for_kswapd),
		cmocka_unit_test(memory_comes_when_it_is_let_go),
		cmocka_unit_test(a_node_is_given_away_before_it_is_taken_out),
		cmocka_unit_test(mobility_grouping_is_never_off),
		cmocka_unit_test(nobody_sleeps_who_was_woken),
		cmocka_unit_test(work_that_was_taken_back_runs_no_more),
		cmocka_unit_test(work_waits_for_who_sleeps),
		cmocka_unit_test(work_runs_once_at_a_time),
		cmocka_unit_test(a_marked_write_is_held_back),
		cmocka_unit_test(an_own_write_is_read_back),
		cmocka_unit_test(two_hundred_programs_run_the_same_elsewhere),
	};

	own_path = argv[0];
	if (argc > 1) {
		write_all(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
