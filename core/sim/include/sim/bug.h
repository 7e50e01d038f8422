/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a broken rule ends: one line that names the rule, the function, the frame and its state in
 * words; then the handler that a test or a runner has set; else abort(). Must not allocate and must
 * not take a lock: a bug may be found anywhere.
 */
#ifndef SIM_BUG_H
#define SIM_BUG_H

#include <sim/compiler.h>

/** SIM_NO_PFN - the finding concerns no page frame in particular */
#define SIM_NO_PFN (~0UL)

/**
 * struct sim_bug_report - one finding
 * @rule: the broken rule, a literal of few words ("double free")
 * @func: the function that noticed
 * @pfn: the frame, or SIM_NO_PFN
 * @cpu: the CPU that noticed
 * @text: the whole line as printed, without the newline
 *
 * Valid only inside the handler; a handler that leaves by longjmp() copies what it needs.
 */
struct sim_bug_report {
	const char *rule;
	const char *func;
	unsigned long pfn;
	unsigned int cpu;
	char text[1024];
};

typedef int (*sim_describe_fn)(unsigned long pfn, char *buf, size_t len);
typedef void (*sim_log_fn)(void);
typedef void (*sim_bug_handler_fn)(const struct sim_bug_report *report);

/**
 * mm_bug - a rule is broken: report it and do not come back
 * @rule: a literal; with the name of the calling function it is the finding's title
 * @pfn: the frame concerned, or SIM_NO_PFN
 * @...: printf format and arguments, what was found in place of what
 *
 * May be called anywhere, under any lock. When several CPUs find a bug at once the first one
 * reports and the others never return.
 */
#define mm_bug(rule, pfn, ...) sim_bug(rule, __func__, pfn, __VA_ARGS__)

/** MM_BUG_ON - mm_bug() if @cond; stays in every build */
#define MM_BUG_ON(cond, rule, pfn, ...)                                                            \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			mm_bug(rule, pfn, __VA_ARGS__);                                            \
	} while (0)

/** VM_BUG_ON - mm_bug() if @cond, in MM_DEBUG builds only; for what is too dear elsewhere */
#define VM_BUG_ON(cond, rule, pfn, ...)                                                            \
	do {                                                                                       \
		if (MM_DEBUG && unlikely(cond))                                                    \
			mm_bug(rule, pfn, __VA_ARGS__);                                            \
	} while (0)

/** sim_bug - what mm_bug() calls; directly only by code that passes on its caller's @func */
void __noreturn __cold __printf(4, 5)
	sim_bug(const char *rule, const char *func, unsigned long pfn, const char *fmt, ...);

/**
 * sim_set_describe - who can say in words what state a frame is in
 * @fn: writes at most @len bytes, terminated, into @buf, returns as snprintf() does; it runs with
 *	locks of any kind held and must take none, and must bear any pfn. NULL: nobody.
 */
void sim_set_describe(sim_describe_fn fn);

/**
 * sim_set_log - who has kept what the code under test said of late
 * @fn: prints it to standard error; called before a finding's line where that is printed, whoever found it and with locks of
 *	any kind held: it must take none, and it may be called again. NULL: nobody.
 */
void sim_set_log(sim_log_fn fn);

/** sim_print_log() - calls it, for findings that do not come by way of sim_bug() */
void sim_print_log(void);

/**
 * sim_set_bug_handler - who is told of a finding before abort()
 * @fn: called once, after the line is printed; may leave by longjmp() or exit. NULL: nobody.
 *
 * Setting a handler also makes the machine ready for a next finding: a test that left its handler
 * by longjmp() sets it anew for the next case, with no other CPU running.
 *
 * Return: who was told before.
 */
sim_bug_handler_fn sim_set_bug_handler(sim_bug_handler_fn fn);

/** sim_bug_quiet - whether findings are printed (false) or only handed to the handler (true) */
void sim_bug_quiet(bool quiet);
/** sim_bug_is_quiet - for who prints more of a finding than its line */
bool sim_bug_is_quiet(void);

/** sim_bug_title - "RULE in FUNC", by which findings are told apart; returns as snprintf() does */
int sim_bug_title(const struct sim_bug_report *report, char *buf, size_t len);

/**
 * sim_die - the surroundings do not allow to go on (no memory, no threads)
 * @fmt: one line that says what was wrong with what, and what to do
 *
 * Prints it behind "mmfuzz: " and ends the process with status 2: not a finding.
 */
void __noreturn __cold __printf(1, 2) sim_die(const char *fmt, ...);

/** SIM_REACHED_LINE - what sim_reached() prints to standard error, once a process, on a line of its own */
#define SIM_REACHED_LINE "mmfuzz: planted bug reached"

/**
 * sim_reached() - a planted bug (stress/bugs) is doing harm now, if @cond
 * @cond: reads of shared memory in it must be marked, or they are races of their own
 *
 * Only the patches of planted bugs call it: not at the faulty line, but in the state in which the fault does harm. May
 * be called anywhere, under any lock; orders nothing between CPUs, is no scheduling point and changes nothing: who
 * measures reads the line from outside, the program and its oracle do not.
 */
void sim_reached(bool cond);

#endif /* SIM_BUG_H */
