// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault injector's slow half: arming, counting down, names. Must not know what any kind means.
 */
#include <sim/fault.h>

static const char *const fault_names[NR_FAULT_KINDS] = {
	[FAULT_NONE] = "none",
	[FAULT_DESC] = "desc",
	[FAULT_PFN_SET] = "pfn-set",
	[FAULT_TARGET] = "target",
	[FAULT_TRYLOCK] = "trylock",
	[FAULT_PAGE] = "page",
	[FAULT_NOTIFIER] = "notifier",
};

const char *fault_name(enum fault_kind kind)
{
	return (unsigned int)kind < NR_FAULT_KINDS ? fault_names[kind] : NULL;
}

void fault_arm(enum fault_kind kind, unsigned int nth)
{
	struct sim_cpu *cpu = this_cpu();

	cpu->fault.kind = kind;
	cpu->fault.nth = nth;
	cpu->fault.fired = false;
}

bool fault_disarm(void)
{
	struct sim_cpu *cpu = this_cpu();
	bool fired = cpu->fault.fired;

	cpu->fault.kind = FAULT_NONE;
	cpu->fault.fired = false;
	return fired;
}

/* A step of the armed kind: is it the one? Called by should_fail() only. */
bool sim_fault_hit(void)
{
	struct sim_cpu *cpu = this_cpu();

	/* should_fail(FAULT_NONE) is nobody's step. */
	if (cpu->fault.kind == FAULT_NONE)
		return false;
	if (cpu->fault.nth > 1) {
		cpu->fault.nth--;
		return false;
	}
	if (cpu->fault.nth == 1)
		cpu->fault.kind = FAULT_NONE;
	cpu->fault.fired = true;
	return true;
}
