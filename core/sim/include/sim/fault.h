/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fault injector: a program says which of the core's fallible steps fails next, the core asks at
 * each of them. State is per CPU and set per operation, so that a fault hits the operation it was
 * written for; nothing here draws a random number.
 */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include <sim/cpu.h>

/**
 * enum fault_kind - the steps that can be made to fail
 * @FAULT_NONE: nothing armed
 * @FAULT_DESC: a descriptor from its cache
 * @FAULT_PFN_SET: room for an entry of a PFN set
 * @FAULT_TARGET: the page that a migration would move to
 * @FAULT_TRYLOCK: a trylock that has a fall-back
 * @FAULT_PAGE: the page allocation itself
 * @FAULT_NOTIFIER: a hotplug notifier says no
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_DESC,
	FAULT_PFN_SET,
	FAULT_TARGET,
	FAULT_TRYLOCK,
	FAULT_PAGE,
	FAULT_NOTIFIER,
	NR_FAULT_KINDS,
};

/**
 * fault_arm - on this CPU, let the @nth step of a kind fail
 * @kind: which kind; FAULT_NONE arms nothing
 * @nth: 1 the next one, 2 the one after; it fails once. 0: each one fails.
 *
 * Replaces what was armed before.
 */
void fault_arm(enum fault_kind kind, unsigned int nth);

/** fault_disarm - nothing fails any more on this CPU; returns whether something did since */
bool fault_disarm(void);

/** fault_name - "desc", "pfn-set", ...; NULL for no kind */
const char *fault_name(enum fault_kind kind);

bool sim_fault_hit(void);

/** should_fail - asked by the core at a step of @kind: true, then behave as if it had failed */
static __always_inline bool should_fail(enum fault_kind kind)
{
	return unlikely(this_cpu()->fault.kind == (unsigned int)kind) && sim_fault_hit();
}

#endif /* SIM_FAULT_H */
