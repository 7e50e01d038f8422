// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inputs in a child process. The parent learns the title through shared memory if mm_bug() found
 * something, else from what the sanitizer printed, else from how the child died. Knows nothing of
 * programs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sim/bug.h>

#include "replay.h"

/* What the child tells the parent; it may die at any moment. */
struct told {
	volatile size_t at;
	volatile bool passed;
	volatile bool bug;
	volatile long note;
	char title[256];
};

static struct told *told;
static bool leave_at_bug;
static replay_note_fn note_fn;
static replay_begin_fn begin_fn;
static replay_over_fn over_fn;
/* The input under way has been said to be over. */
static bool is_over;

/* Of a sanitizer, when one is linked: called before it ends the process. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void replay_set_note(replay_note_fn fn)
{
	note_fn = fn;
}

void replay_set_hooks(replay_begin_fn begin, replay_over_fn over)
{
	begin_fn = begin;
	over_fn = over;
}

static void take_note(void)
{
	if (note_fn && told->note < 0)
		told->note = note_fn();
}

static void say_over(const struct sim_bug_report *report)
{
	if (over_fn && !is_over) {
		is_over = true;
		over_fn(report);
	}
}

static void on_death(void)
{
	take_note();
	say_over(NULL);
}

static void bug_handler(const struct sim_bug_report *report)
{
	sim_bug_title(report, told->title, sizeof(told->title));
	told->bug = true;
	take_note();
	say_over(report);
	/* Else abort() follows, and with it the sanitizer's stack. */
	if (leave_at_bug)
		_exit(1);
}

/* There when a leak checker is linked. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void run_input(replay_fn fn, const struct replay_input *input)
{
	uint8_t *copy = malloc(input->size ? input->size : 1);

	if (!copy)
		sim_die("out of memory for an input of %zu bytes", input->size);
	if (input->size)
		memcpy(copy, input->data, input->size);
	fn(copy, input->size);
	free(copy);
}

static void __noreturn run_child(replay_fn fn, const struct replay_input *inputs, size_t nr,
				 unsigned int seconds, bool brief, int output)
{
	leave_at_bug = brief;
	if (output >= 0) {
		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
	}
	/* Inherited dispositions of SIGALRM must not save a child that hangs. */
	signal(SIGALRM, SIG_DFL);
	sim_set_bug_handler(bug_handler);
	sim_bug_quiet(brief);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_death);
	for (size_t i = 0; i < nr; i++) {
		told->at = i;
		is_over = false;
		alarm(seconds);
		if (begin_fn)
			begin_fn();
		run_input(fn, &inputs[i]);
		say_over(NULL);
	}
	alarm(0);
	told->passed = !__lsan_do_recoverable_leak_check || !__lsan_do_recoverable_leak_check();
	/* Not exit(): what the parent had buffered would be written twice. */
	_exit(0);
}

static char *read_output(int fd, size_t *size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *output;
	ssize_t used;

	if (end < 0)
		return NULL;
	if (end > 1 << 20)
		end = 1 << 20;
	output = malloc(end + 1);
	if (!output)
		return NULL;
	used = pread(fd, output, end, 0);
	if (used < 0)
		used = 0;
	output[used] = '\0';
	*size = used;
	return output;
}

bool replay_summary_title(const char *output, char *title, size_t len)
{
	const char *summary = strstr(output, "SUMMARY: ");
	const char *end, *what, *func;
	size_t used;

	if (!summary)
		return false;
	summary += strlen("SUMMARY: ");
	end = summary + strcspn(summary, "\n");
	if (memmem(summary, end - summary, " leaked in ", 11)) {
		snprintf(title, len, "LeakSanitizer: memory leak");
		return true;
	}

	/* "Tool: what file:line:col in func": the place goes, the function stays. */
	what = memchr(summary, ' ', end - summary);
	what = what ? what + 1 + strcspn(what + 1, " \n") : end;
	func = what;
	while (func + 4 <= end && memcmp(func, " in ", 4))
		func++;
	used = snprintf(title, len, "%.*s", (int)(what - summary), summary);
	if (used >= len)
		return true;
	if (func + 4 <= end) {
		snprintf(title + used, len - used, " in %.*s", (int)strcspn(func + 4, " \n"),
			 func + 4);
	} else if (what < end) {
		/*
		 * No function is known: the file without its folder, and the line, without the
		 * column.
		 */
		const char *place = what + 1;
		const char *slash = memrchr(place, '/', end - place);

		place = slash ? slash + 1 : place;
		what = memchr(place, ':', end - place);
		if (what)
			snprintf(title + used, len - used, " at %.*s",
				 (int)(what + 1 + strspn(what + 1, "0123456789") - place), place);
	}
	return true;
}

static void judge(struct replay_result *result, int status)
{
	result->verdict = REPLAY_FAILED;
	result->at = told->at;
	result->note = told->note;
	if (told->bug) {
		told->title[sizeof(told->title) - 1] = '\0';
		strcpy(result->title, told->title);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
		strcpy(result->title, "timeout");
	} else if (result->output &&
		   replay_summary_title(result->output, result->title, sizeof(result->title))) {
		return;
	} else if (WIFSIGNALED(status)) {
		snprintf(result->title, sizeof(result->title), "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	} else if (WEXITSTATUS(status) == 2) {
		/* sim_die(): the surroundings. */
		result->verdict = REPLAY_IMPOSSIBLE;
		snprintf(result->title, sizeof(result->title), "%s",
			 result->output ? result->output : "exit 2");
		result->title[strcspn(result->title, "\n")] = '\0';
	} else if (told->passed) {
		result->verdict = REPLAY_PASSED;
	} else {
		snprintf(result->title, sizeof(result->title), "exit %d", WEXITSTATUS(status));
	}
}

static void impossible(struct replay_result *result, const char *what)
{
	result->verdict = REPLAY_IMPOSSIBLE;
	snprintf(result->title, sizeof(result->title), "%s: %s", what, strerror(errno));
}

void replay_many(replay_fn fn, const struct replay_input *inputs, size_t nr, unsigned int seconds,
		 bool brief, struct replay_result *result)
{
	int output, status;
	pid_t pid;

	memset(result, 0, sizeof(*result));
	result->note = -1;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED) {
		impossible(result, "no shared memory");
		return;
	}
	told->note = -1;
	output = memfd_create("mmreplay", MFD_CLOEXEC);
	fflush(NULL);
	pid = fork();
	if (!pid)
		run_child(fn, inputs, nr, seconds, brief, output);
	if (pid < 0) {
		impossible(result, "no child process");
	} else {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (output >= 0)
			result->output = read_output(output, &result->output_size);
		judge(result, status);
	}
	if (output >= 0)
		close(output);
	munmap(told, sizeof(*told));
	told = NULL;
}

void replay_result_free(struct replay_result *result)
{
	free(result->output);
	result->output = NULL;
}
