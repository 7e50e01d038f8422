// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reporting a broken rule, and giving up for want of resources. Allocates nothing and takes no lock;
 * what it reads of the core it reads through the describe hook only.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sim/bug.h>
#include <sim/cpu.h>

#if SIM_WEAVE
#include <mmfuzz/weave.h>
#endif

static sim_describe_fn describe;
static sim_log_fn print_log;
static sim_bug_handler_fn handler;
static bool quiet;

/* Set by the first finding; who comes later finds it set. */
static bool taken;
/* Written by whoever set @taken only. */
static struct sim_bug_report report;
/* Tells a second finding on the way of the first from one on another CPU. */
static __thread bool reporting;

#if SIM_TSAN
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
#endif

static void write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(STDERR_FILENO, text, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		len -= (size_t)done;
	}
}

static void write_line(const char *text)
{
	char line[sizeof(report.text) + 1];
	size_t len = strnlen(text, sizeof(report.text) - 1);

	memcpy(line, text, len);
	line[len++] = '\n';
	write_all(line, len);
}

/* Where the text so far ends, and in @room how much fits behind it, terminator included. */
static char *text_end(size_t *room)
{
	size_t len = strlen(report.text);

	*room = sizeof(report.text) - len;
	return report.text + len;
}

static void append_state(unsigned long pfn)
{
	size_t room;
	char *end = text_end(&room);

	/* Room for "; " and at least one character more. */
	if (!describe || pfn == SIM_NO_PFN || room < 4)
		return;
	memcpy(end, "; ", 3);
#if SIM_TSAN
	/* The other CPUs still run: a description is a glimpse, and its races are no finding. */
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
#endif
	if (describe(pfn, end + 2, room - 2) <= 0)
		*end = '\0';
#if SIM_TSAN
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

void sim_print_log(void)
{
	if (!print_log)
		return;
#if SIM_TSAN
	/* The other CPUs still run, and may be saying something. */
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
#endif
	print_log();
#if SIM_TSAN
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
}

void sim_bug(const char *rule, const char *func, unsigned long pfn, const char *fmt, ...)
{
	size_t room;
	char *end;
	va_list args;

	/* An exchange, so that exactly one CPU wins; orders nothing else. */
	if (xchg_relaxed(&taken, true)) {
		if (reporting) {
			write_line(report.text);
			write_line("mmfuzz: a second bug was met while this one was described");
			abort();
		}
		/* The winner's abort() ends this. */
		for (;;)
			pause();
	}
	reporting = true;
#if SIM_WEAVE
	weave_stop();
#endif

	report.rule = rule;
	report.func = func;
	report.pfn = pfn;
	report.cpu = smp_processor_id();
	if (pfn == SIM_NO_PFN)
		snprintf(report.text, sizeof(report.text), "mmfuzz: BUG: %s in %s: ", rule, func);
	else
		snprintf(report.text, sizeof(report.text), "mmfuzz: BUG: %s in %s: pfn 0x%lx: ",
			 rule, func, pfn);
	end = text_end(&room);
	va_start(args, fmt);
	vsnprintf(end, room, fmt, args);
	va_end(args);
	append_state(pfn);

	if (!quiet) {
		sim_print_log();
		write_line(report.text);
	}
	reporting = false;
	if (handler)
		handler(&report);
	abort();
}

void sim_set_describe(sim_describe_fn fn)
{
	describe = fn;
}

void sim_set_log(sim_log_fn fn)
{
	print_log = fn;
}

sim_bug_handler_fn sim_set_bug_handler(sim_bug_handler_fn fn)
{
	sim_bug_handler_fn old = handler;

	handler = fn;
	reporting = false;
	WRITE_ONCE(taken, false);
	return old;
}

void sim_bug_quiet(bool on)
{
	quiet = on;
}

bool sim_bug_is_quiet(void)
{
	return quiet;
}

int sim_bug_title(const struct sim_bug_report *r, char *buf, size_t len)
{
	return snprintf(buf, len, "%s in %s", r->rule, r->func);
}

void sim_die(const char *fmt, ...)
{
	char line[sizeof(report.text)] = "mmfuzz: ";
	size_t len = strlen(line);
	va_list args;

	va_start(args, fmt);
	vsnprintf(line + len, sizeof(line) - len, fmt, args);
	va_end(args);
	write_line(line);
	exit(2);
}
