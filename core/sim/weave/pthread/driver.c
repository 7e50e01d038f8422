// SPDX-License-Identifier: GPL-2.0-only
/*
 * main() of a pthread program on weave: one schedule after the other, each in a child process, so that
 * the program finds its globals fresh; the strategy's state lies in memory that all share. Stops at the
 * first finding, saves its schedule, and tries at once whether it replays.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schedule_file.h"
#include "settings.h"
#include "shared.h"
#include "../symbol.h"
#include "names.h"
#include "shim.h"

/* As a main thread usually has; pages come when they are touched. */
#define STACK_BYTES	 (8ul << 20)
/* Of a child that ASan has ended. */
#define SANITIZER_STATUS 86

static struct {
	const char *program;
	char **args[2];
	struct settings settings;
	struct weave *weave;
	/* Fibres of a run: strategies do best when they are told no more than there are. */
	unsigned int fibres;
	struct shim_outcome *outcome;
	/* Where children write what the program prints; -1: as they please. */
	int output;
} driver;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "weave: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	/* Leaks are looked for at exit only, by a thread, in each child: too dear. */
	return "exitcode=86:detect_leaks=0:allocator_may_return_null=1";
}

/* --- in the child --- */

static int errors[WEAVE_MAX_FIBRES];

static void keep_errno(unsigned int from, unsigned int to)
{
	errors[from] = errno;
	errno = errors[to];
	/* One place for all fibres, and the program's own accesses to it are instrumented. */
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_fresh(&errno, sizeof(errno));
}

/* The parent reads entries from shared memory: those of the result are in the child's own. */
static void keep_schedule(const struct weave_result *result)
{
	struct shim_outcome *o = driver.outcome;

	o->nr = result->schedule.nr < SHIM_MAX_ENTRIES ? result->schedule.nr : SHIM_MAX_ENTRIES;
	memcpy(o->entries, result->schedule.entries, o->nr * sizeof(*o->entries));
}

int __asan_report_present(void) __attribute__((weak));
const char *__asan_get_report_description(void) __attribute__((weak));

static void die_with_schedule(void)
{
	if (!driver.outcome->running || !weave_now)
		return;
	weave_so_far(&driver.outcome->result);
	if (__asan_report_present && __asan_report_present())
		snprintf(driver.outcome->result.title, sizeof(driver.outcome->result.title), "%s",
			 __asan_get_report_description());
	keep_schedule(&driver.outcome->result);
	driver.outcome->running = false;
}

static void on_fatal(int signal)
{
	die_with_schedule();
	raise(signal);
}

/* Without ASan, which would rather say more. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void catch_fatal(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM };
	static char stack[64 << 10];
	struct sigaction action = { .sa_handler = on_fatal,
				    .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND) };

	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof(stack) }, NULL);
	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(die_with_schedule);
		sigaction(SIGALRM, &action, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

void shim_uses_fibre(unsigned int fibre)
{
	struct shim_outcome *o = driver.outcome;

	if (fibre >= driver.settings.threads)
		sim_die("more than %u threads at once: raise WEAVE_THREADS (at most %u)", fibre,
			WEAVE_MAX_FIBRES);
	if (o->fibres < fibre + 1)
		o->fibres = fibre + 1;
	if (fibre < driver.fibres)
		return;
	o->short_of_fibres = true;
	shim_finish(0, true);
}

void shim_finish(int status, bool at_once)
{
	driver.outcome->exited = true;
	driver.outcome->at_once = at_once;
	driver.outcome->status = status;
	if (weave_running())
		weave_finish();
	/* Called by a handler of exit(). */
	_exit(status);
}

static void print_thread(unsigned int fibre)
{
	const struct weave_fibre *f = &driver.weave->fibres[fibre];
	const struct shim_thread *thread = &shim_threads[fibre];
	char func[128], place[256];

	fprintf(stderr, "  thread %lu%s%s", thread->id, *thread->name ? ", " : "", thread->name);
	if (f->ready)
		fprintf(stderr, " waits for: %s", f->what);
	if (thread->pc) {
		symbol_name((uintptr_t)thread->pc, func, sizeof(func), place, sizeof(place));
		fprintf(stderr, ", %s in %s %s", f->ready ? "called" : "last seen", func, place);
	}
	fputc('\n', stderr);
}

static void print_threads(void)
{
	fprintf(stderr, "Threads that had not ended:\n");
	for (unsigned int i = 0; i < driver.fibres; i++)
		if (shim_threads[i].used && !shim_threads[i].ended)
			print_thread(i);
}

static void __attribute__((noreturn)) run_child(void)
{
	struct shim_outcome *o = driver.outcome;
	struct weave_result result;

	if (driver.output >= 0) {
		dup2(driver.output, STDOUT_FILENO);
		dup2(driver.output, STDERR_FILENO);
	}
	signal(SIGINT, SIG_DFL);
	catch_fatal();
	alarm(driver.settings.seconds);
	o->running = true;
	if (!weave_run(driver.weave, driver.fibres, shim_body, driver.args, &result)) {
		o->running = false;
		o->done = true;
		_exit(0);
	}
	o->running = false;
	o->result = result;
	keep_schedule(&result);
	if (result.found) {
		print_threads();
		fflush(NULL);
		_exit(0);
	}
	if (o->at_once)
		_exit(o->status);
	exit(o->status);
}

/* --- in the parent --- */

static void begin_output(void)
{
	if (driver.output >= 0 &&
	    (ftruncate(driver.output, 0) || lseek(driver.output, 0, SEEK_SET)))
		sim_die("cannot empty the file for what the program prints: %s", strerror(errno));
}

static void show_output(void)
{
	char buf[4096];
	ssize_t got;

	if (driver.output < 0)
		return;
	lseek(driver.output, 0, SEEK_SET);
	while ((got = read(driver.output, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)got, stderr);
}

static void found(const char *title, const char *text)
{
	struct weave_result *result = &driver.outcome->result;

	result->found = true;
	snprintf(result->title, sizeof(result->title), "%s", title);
	if (driver.output >= 0)
		dprintf(driver.output, "mmfuzz: BUG: %s%s\n", title, text);
}

/* Ends that weave_run() did not see. */
static void judge_end(int status)
{
	struct shim_outcome *o = driver.outcome;
	char text[64];

	if (o->result.found || o->done)
		return;
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "signal %s", sigabbrev_np(WTERMSIG(status)));
		if (WTERMSIG(status) == SIGALRM)
			found("hang", ": no end, and no point either");
		else
			found(text, "");
	} else if (WEXITSTATUS(status) == SANITIZER_STATUS) {
		o->result.found = true;
		if (!*o->result.title)
			found("sanitizer report", ": see above");
	} else if (o->running) {
		/* Such as no room for another thread: said already. */
		show_output();
		exit(2);
	} else if (WEXITSTATUS(status)) {
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
		found(text, "");
	}
}

/* Return: false when the strategy has nothing left to try. */
static bool run_once(void)
{
	pid_t child;
	int status;

	driver.outcome->running = driver.outcome->done = driver.outcome->exited =
		driver.outcome->at_once = false;
	driver.outcome->short_of_fibres = false;
	driver.outcome->status = 0;
	driver.outcome->nr = 0;
	driver.outcome->result = (struct weave_result){ 0 };
	begin_output();
	fflush(NULL);
	child = fork();
	if (child < 0)
		sim_die("cannot start a process: %s", strerror(errno));
	if (!child)
		run_child();
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			sim_die("lost a child: %s", strerror(errno));
	/* Ctrl-C reaches the child as well: that is no finding. */
	if (interrupted)
		return false;
	judge_end(status);
	return !driver.outcome->done;
}

static void new_weave(const struct weave_config *config, unsigned int fibres)
{
	driver.fibres = fibres;
	driver.weave = weave_new(config);
	driver.weave->config.begun = 1;
	driver.weave->config.ops = true;
	driver.weave->config.catch = true;
	driver.weave->config.threads = true;
	driver.weave->config.shared_stacks = true;
	driver.weave->config.switched = keep_errno;
}

static struct weave_schedule own_schedule(void)
{
	const struct shim_outcome *o = driver.outcome;
	struct weave_schedule schedule = { calloc(o->nr + 1ul, sizeof(*o->entries)), o->nr };

	if (!schedule.entries)
		sim_die("no memory for a schedule of %u entries", o->nr);
	memcpy(schedule.entries, o->entries, o->nr * sizeof(*o->entries));
	return schedule;
}

/* A finding that does not come again would be of little use: say so at once. */
static bool replays(const struct weave_schedule *schedule)
{
	struct weave_config config = driver.settings.config;
	char title[256];

	snprintf(title, sizeof(title), "%s", driver.outcome->result.title);
	config.strategy = NULL;
	config.schedule = schedule;
	new_weave(&config, driver.fibres);
	run_once();
	return !strcmp(title, driver.outcome->result.title);
}

static void save(const struct weave_schedule *schedule)
{
	const struct weave_config *config = &driver.settings.config;
	struct schedule_file file = {
		.memory = config->memory,
		.races = config->races,
		.plain_points = config->plain_points,
		.threads = driver.fibres,
		.fingerprint = driver.outcome->result.fingerprint,
		.schedule = *schedule,
	};
	char standard[4096];
	const char *path = driver.settings.save;

	if (!path) {
		snprintf(standard, sizeof(standard), "%s.schedule", driver.program);
		path = standard;
	}
	snprintf(file.title, sizeof(file.title), "%s", driver.outcome->result.title);
	if (schedule_file_write(path, &file))
		say("to see it again: WEAVE_REPLAY=%s %s", path, driver.args[0][0]);
	else
		say("the schedule could not be saved as %s: %s", path, strerror(errno));
}

static void print_finding(void)
{
	const struct weave_result *result = &driver.outcome->result;

	show_output();
	say("%" PRIu64 " points, %" PRIu64 " switches, %" PRIu64 " of them not forced; %u entries",
	    result->points, result->switches, result->preemptions, driver.outcome->nr);
}

static int report(uint64_t nr)
{
	struct weave_schedule schedule = own_schedule();

	print_finding();
	say("found \"%s\" in schedule %" PRIu64 " (%s, seed %" PRIu64 ")",
	    driver.outcome->result.title, nr, driver.settings.config.strategy->name,
	    driver.settings.config.seed);
	save(&schedule);
	if (!replays(&schedule))
		say("it did not come again when tried: something beside the schedule decides in "
		    "this program");
	free(schedule.entries);
	return 1;
}

/* The first schedule is nobody's choice: it tells how many fibres there are. */
static bool run_default(void)
{
	struct weave_config config = driver.settings.config;

	config.strategy = NULL;
	new_weave(&config, driver.settings.threads);
	driver.outcome->fibres = 1;
	return run_once();
}

static bool run_next(void)
{
	while (run_once()) {
		if (!driver.outcome->short_of_fibres)
			return true;
		/* Other schedules have more threads at once than those so far: begin anew. */
		new_weave(&driver.settings.config, driver.outcome->fibres);
	}
	return false;
}

static int explore(void)
{
	uint64_t nr = 1;
	double all;

	if (run_default() && driver.outcome->result.found)
		return report(nr);
	new_weave(&driver.settings.config, driver.outcome->fibres);
	while (!interrupted && (!driver.settings.schedules || nr < driver.settings.schedules) &&
	       run_next()) {
		nr++;
		if (driver.outcome->result.found)
			return report(nr);
	}
	all = weave_estimate(driver.weave);
	say("nothing found in %" PRIu64 " schedules%s (%s, seed %" PRIu64 ")", nr,
	    interrupted		 ? ", interrupted" :
	    driver.outcome->done ? ", which are all" :
				   "",
	    driver.settings.config.strategy->name, driver.settings.config.seed);
	/* Far from its end an estimate may be anything. */
	if (all > 0 && all < 1e12 && !driver.outcome->done)
		say("about %.3g in all", all);
	return 0;
}

static int replay(void)
{
	struct schedule_file file;
	struct settings *s = &driver.settings;

	schedule_file_read(s->replay, &file);
	s->config.memory = (enum weave_memory)file.memory;
	s->config.races = (enum weave_races)file.races;
	s->config.plain_points = file.plain_points;
	s->config.strategy = NULL;
	s->config.schedule = &file.schedule;
	s->threads = file.threads;
	new_weave(&s->config, file.threads);
	run_once();
	free(file.schedule.entries);
	if (!driver.outcome->result.found) {
		say("nothing found: \"%s\" was recorded; is it still the same program?",
		    file.title);
		return 0;
	}
	print_finding();
	if (strcmp(driver.outcome->result.title, file.title))
		say("\"%s\" was recorded", file.title);
	else if (driver.outcome->result.fingerprint == file.fingerprint)
		say("replayed exactly");
	return 1;
}

static void set_up(int argc, char **argv, char **envp)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	(void)argc;
	driver.program = argv[0];
	driver.args[0] = argv;
	driver.args[1] = envp;
	settings_read(&driver.settings);
	names_load();
	weave_allocator = shared_realloc;
	fibre_stack_bytes = STACK_BYTES;
	for (unsigned int i = 0; i < driver.settings.threads; i++)
		fibre_pool(i);
	driver.outcome = shared_realloc(NULL, sizeof(*driver.outcome));
	driver.output = driver.settings.replay ? -1 : memfd_create("weave output", MFD_CLOEXEC);
	sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv, char **envp)
{
	if (getenv("WEAVE_HELP")) {
		settings_help();
		return 0;
	}
	set_up(argc, argv, envp);
	return driver.settings.replay ? replay() : explore();
}
