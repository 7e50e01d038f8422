// SPDX-License-Identifier: GPL-2.0-only
/*
 * Around the tree's lockdep (lockdep_tree.c), in builds that have it: what it asks of an architecture, of files that are not
 * compiled in, and how its reports become findings. The first report is one at once, with the function that was about to
 * take a lock, or did what it must not: lockdep turns itself off then, and would say nothing more. Must keep no state that a run may
 * see.
 */
#include <linux/console.h>
#include <linux/context_tracking_state.h>
#include <linux/cpumask.h>
#include <linux/debug_locks.h>
#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/utsname.h>

#include <generated/utsrelease.h>

#include "kernel/rcu/rcu.h"

#include "../gate.h"
#include "lockdep.h"

extern char __start_mmfuzz_linux_data[], __stop_mmfuzz_linux_data[];
extern char __start_mmfuzz_linux_bss[], __stop_mmfuzz_linux_bss[];
extern char __start_mmfuzz_linux_lockdep[], __stop_mmfuzz_linux_lockdep[];
/* Functions that take locks, of kernel/locking most: who calls them is meant. */
extern char __start_mmfuzz_linux_locktext[], __stop_mmfuzz_linux_locktext[];

bool mmfuzz_is_data(unsigned long addr)
{
	return (addr >= (unsigned long)__start_mmfuzz_linux_data &&
		addr < (unsigned long)__stop_mmfuzz_linux_data) ||
	       (addr >= (unsigned long)__start_mmfuzz_linux_bss &&
		addr < (unsigned long)__stop_mmfuzz_linux_bss) ||
	       (addr >= (unsigned long)__start_mmfuzz_linux_lockdep &&
		addr < (unsigned long)__stop_mmfuzz_linux_lockdep);
}

static bool takes_locks(unsigned long ip)
{
	return ip >= (unsigned long)__start_mmfuzz_linux_locktext &&
	       ip < (unsigned long)__stop_mmfuzz_linux_locktext;
}

/* ---- interrupts and tasks ---- */

/* kernel/softirq.c */
DEFINE_PER_CPU(int, hardirqs_enabled);
DEFINE_PER_CPU(int, hardirq_context);

/* There are none: who keeps them out is not preempted. */
void __local_bh_disable_ip(unsigned long ip, unsigned int count)
{
	preempt_count_add(count);
}

void __local_bh_enable_ip(unsigned long ip, unsigned int count)
{
	preempt_count_sub(count);
}

/* kernel/trace/trace_preemptirq.c, without tracers */
void trace_hardirqs_on(void)
{
	lockdep_hardirqs_on_prepare();
	lockdep_hardirqs_on(CALLER_ADDR0);
}

void trace_hardirqs_off(void)
{
	lockdep_hardirqs_off(CALLER_ADDR0);
}

/* kernel/rcu/tree.c: no CPU is ever idle. */
int rcu_scheduler_active;
DEFINE_PER_CPU(struct context_tracking, context_tracking);

bool rcu_is_watching(void)
{
	return true;
}

void mmfuzz_lockdep_task(struct task_struct *task, const char *name, unsigned int number)
{
	snprintf(task->comm, sizeof(task->comm), "%s%u", name, number);
	lockdep_init_task(task);
	/* As a fork does; without lockdep 0 is as good. */
	spin_lock_init(&task->alloc_lock);
	raw_spin_lock_init(&task->pi_lock);
#ifdef HAVE_BLOCKED_LOCK
	raw_spin_lock_init(&task->blocked_lock);
#endif
}

void mmfuzz_setup_lockdep(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		per_cpu(hardirqs_enabled, cpu) = 1;
		mmfuzz_lockdep_task(mmfuzz_tasks[cpu], "cpu", cpu);
	}
	rcu_scheduler_active = RCU_SCHEDULER_RUNNING;
}

void mmfuzz_check_lockdep(void)
{
	if (!debug_locks)
		mmfuzz_bug("lockdep is off", "check", "and has reported nothing");
}

/* ---- stacks ---- */

#define DEEPEST 12u

unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip)
{
	unsigned long ips[DEEPEST + 4];
	unsigned int nr = gate_stack(__builtin_frame_address(0), ips, ARRAY_SIZE(ips)), kept = 0;

	for (unsigned int i = skip; i < nr && kept < min(size, DEEPEST); i++)
		store[kept++] = ips[i];
	return kept;
}

void stack_trace_print(const unsigned long *entries, unsigned int nr_entries, int spaces)
{
	for (unsigned int i = 0; i < nr_entries; i++)
		printk("%*c%pS\n", 1 + spaces, ' ', (void *)entries[i]);
}

/* kernel/kallsyms.c: names are the host's to know. */
static int name_address(char *buf, unsigned long addr)
{
	const unsigned long len = sizeof(MMFUZZ_TREE) - 1;
	char func[96], place[128];
	const char *within = place;

	if (!gate_place(addr, func, sizeof(func), place, sizeof(place)))
		return sprintf(buf, "0x%lx", addr);
	/* As it is called on any machine. */
	if (!strncmp(place, MMFUZZ_TREE, len))
		within += len;
	return snprintf(buf, KSYM_SYMBOL_LEN, "%s %s", func, within);
}

int sprint_symbol(char *buf, unsigned long addr)
{
	return name_address(buf, addr);
}

int sprint_symbol_build_id(char *buf, unsigned long addr)
{
	return name_address(buf, addr);
}

int sprint_symbol_no_offset(char *buf, unsigned long addr)
{
	return name_address(buf, addr);
}

int sprint_backtrace(char *buf, unsigned long addr)
{
	return name_address(buf, addr);
}

int sprint_backtrace_build_id(char *buf, unsigned long addr)
{
	return name_address(buf, addr);
}

/* Of locks that have no name of their own. */
const char *kallsyms_lookup(unsigned long addr, unsigned long *size, unsigned long *offset,
			    char **module, char *name)
{
	sprintf(name, "0x%lx", addr);
	return name;
}

/* ---- reports ---- */

/* kernel/printk, kernel/panic.c, init/version.c */
int console_printk[4];
int oops_in_progress;
bool early_boot_irqs_disabled;
struct uts_namespace init_uts_ns = { .name = { .sysname = "Linux", .release = UTS_RELEASE } };

/* All lines are kept as it is. */
void console_verbose(void)
{
}

const char *print_tainted(void)
{
	return "";
}

/* The rule that the report at hand is about. */
static char rule[128];

/* As it stands after one of these, up to what is of this run only. */
static void take_rule(const char *line)
{
	static const char *const begins[] = { "WARNING: ", "[ BUG: ", "BUG: ", "INFO: " };
	static const char *const ends[] = { " detected", " on CPU#", " %p", "!", "." };
	const char *text = NULL;

	for (unsigned int i = 0; !text && i < ARRAY_SIZE(begins); i++) {
		if (!strncmp(line, begins[i], strlen(begins[i])))
			text = line + strlen(begins[i]);
	}
	if (!text || rule[0])
		return;
	scnprintf(rule, sizeof(rule), "lockdep: %s", text);
	rule[strcspn(rule, "\n]")] = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
		char *end = strstr(rule, ends[i]);

		if (end)
			*end = 0;
	}
	while (rule[0] && rule[strlen(rule) - 1] == ' ')
		rule[strlen(rule) - 1] = 0;
}

int mmfuzz_lock_printk(const char *format, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vscnprintf(line, sizeof(line), format, args);
	va_end(args);
	gate_log(line);
	/* Addresses are others in each process: of a line with some its form. */
	take_rule(printk_skip_level(strstr(format, "%p") ? format : line));
	return len;
}

/* Where a report ends. */
void mmfuzz_lock_report(void)
{
	static char func[96];
	unsigned long ips[DEEPEST + 4];
	unsigned int nr = gate_stack(__builtin_frame_address(0), ips, ARRAY_SIZE(ips));
	char place[128];

	for (unsigned int i = 0; i < nr; i++) {
		if (!takes_locks(ips[i]) &&
		    gate_place(ips[i], func, sizeof(func), place, sizeof(place)))
			break;
	}
	mmfuzz_bug(rule[0] ? rule : "lockdep: report", func[0] ? func : "lockdep",
		   "the report is above");
}

void nbcon_cpu_emergency_enter(void)
{
}

/* Some reports have no stack at their end. */
void nbcon_cpu_emergency_exit(void)
{
	if (!debug_locks)
		mmfuzz_lock_report();
}
