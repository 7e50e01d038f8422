// SPDX-License-Identifier: GPL-2.0-only
/*
 * _Thread_local variables of a program that was compiled with -femulated-tls (clang): one copy a thread,
 * though all threads are fibres of one. Called by the compiler in place of libgcc's.
 */
#include <stdlib.h>
#include <string.h>

#include "shim.h"

#define MAX_VARIABLES 4096

/* As the compiler lays it out. */
struct emutls {
	size_t bytes;
	size_t align;
	uintptr_t index;
	const void *initial;
};

static void **tables[WEAVE_MAX_FIBRES];
static uintptr_t nr_variables;

void *__emutls_get_address(struct emutls *variable);

static void *make_copy(const struct emutls *variable)
{
	size_t align = variable->align < sizeof(void *) ? sizeof(void *) : variable->align;
	void *copy = NULL;

	if (posix_memalign(&copy, align, variable->bytes))
		sim_die("no memory for a thread-local variable of %zu bytes", variable->bytes);
	if (weave_hot.flags & WEAVE_HOT_RACES)
		race_fresh(copy, variable->bytes);
	if (variable->initial)
		memcpy(copy, variable->initial, variable->bytes);
	else
		memset(copy, 0, variable->bytes);
	return copy;
}

void *__emutls_get_address(struct emutls *variable)
{
	void ***table = &tables[weave_fibre()];

	if (!variable->index)
		variable->index = ++nr_variables;
	if (nr_variables >= MAX_VARIABLES)
		sim_die("more than %u thread-local variables", MAX_VARIABLES);
	if (!*table)
		*table = calloc(MAX_VARIABLES, sizeof(**table));
	if (!*table)
		sim_die("no memory for thread-local variables");
	if (!(*table)[variable->index])
		(*table)[variable->index] = make_copy(variable);
	return (*table)[variable->index];
}

void shim_forget_locals(unsigned int fibre)
{
	for (uintptr_t i = 0; tables[fibre] && i <= nr_variables; i++) {
		free(tables[fibre][i]);
		tables[fibre][i] = NULL;
	}
}
