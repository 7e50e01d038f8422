// SPDX-License-Identifier: GPL-2.0-only
/*
 * Editing (edit.h). Nothing here knows what an operation means, or chooses.
 */
#include <string.h>

#include "edit.h"

unsigned int program_open_gap(struct program *program, unsigned int at, unsigned int nr,
			      unsigned int max_ops)
{
	if (program->nr_ops >= max_ops)
		return 0;
	if (nr > max_ops - program->nr_ops)
		nr = max_ops - program->nr_ops;
	memmove(&program->ops[at + nr], &program->ops[at],
		(program->nr_ops - at) * sizeof(program->ops[0]));
	program->nr_ops += nr;
	for (unsigned int i = 0; i < program->nr_switches; i++)
		if (program->switches[i].op >= at)
			program->switches[i].op += nr;
	return nr;
}

void program_delete_ops(struct program *program, unsigned int at, unsigned int nr)
{
	unsigned int kept = 0;

	memmove(&program->ops[at], &program->ops[at + nr],
		(program->nr_ops - at - nr) * sizeof(program->ops[0]));
	program->nr_ops -= nr;
	for (unsigned int i = 0; i < program->nr_switches; i++) {
		struct weave_entry entry = program->switches[i];

		if (entry.op >= at && entry.op < at + nr)
			continue;
		if (entry.op >= at + nr)
			entry.op -= nr;
		program->switches[kept++] = entry;
	}
	program->nr_switches = kept;
}

unsigned int program_insert_ops(struct program *program, unsigned int at,
				const struct program *from, unsigned int first, unsigned int nr,
				unsigned int max_ops)
{
	nr = program_open_gap(program, at, nr, max_ops);
	memcpy(&program->ops[at], &from->ops[first], nr * sizeof(from->ops[0]));
	for (unsigned int i = 0; i < from->nr_switches; i++) {
		struct weave_entry entry = from->switches[i];

		if (entry.op < first || entry.op >= first + nr ||
		    program->nr_switches == PROGRAM_MAX_SWITCHES)
			continue;
		entry.op = entry.op - first + at;
		/* At the end of the list: program_normalize() sorts. */
		program->switches[program->nr_switches++] = entry;
	}
	return nr;
}

void program_swap_ops(struct program *program, unsigned int a, unsigned int b)
{
	struct op op = program->ops[a];

	program->ops[a] = program->ops[b];
	program->ops[b] = op;
	for (unsigned int i = 0; i < program->nr_switches; i++) {
		struct weave_entry *entry = &program->switches[i];

		if (entry->op == a)
			entry->op = b;
		else if (entry->op == b)
			entry->op = a;
	}
}

bool program_add_switch(struct program *program, struct weave_entry entry)
{
	if (program->nr_switches == PROGRAM_MAX_SWITCHES || entry.op >= program->nr_ops)
		return false;
	for (unsigned int i = 0; i < program->nr_switches; i++) {
		const struct weave_entry *other = &program->switches[i];

		if (other->op == entry.op && other->nth == entry.nth && other->kind == entry.kind)
			return false;
	}
	program->switches[program->nr_switches++] = entry;
	return true;
}

void program_delete_switches(struct program *program, unsigned int at, unsigned int nr)
{
	memmove(&program->switches[at], &program->switches[at + nr],
		(program->nr_switches - at - nr) * sizeof(program->switches[0]));
	program->nr_switches -= nr;
}
