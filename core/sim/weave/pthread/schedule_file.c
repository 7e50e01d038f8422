// SPDX-License-Identifier: GPL-2.0-only
/* Schedules of pthread programs as text (schedule_file.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sim/bug.h>

#include "schedule_file.h"

/* The number goes up when a recorded schedule would mean something else. */
#define FIRST_LINE "weave schedule 1"

static const char *const kinds[] = { "switch", "interrupt", "stale", "delay", "drain" };
#define NR_KINDS (sizeof(kinds) / sizeof(*kinds))

bool schedule_file_write(const char *path, const struct schedule_file *file)
{
	FILE *f = fopen(path, "w");
	bool ok;

	if (!f)
		return false;
	fprintf(f, FIRST_LINE "\ntitle %s\nmemory %u\nraces %u\nplain_points %u\nthreads %u\n",
		file->title, file->memory, file->races, file->plain_points, file->threads);
	fprintf(f, "fingerprint %" PRIx64 "\nentries %u\n", file->fingerprint, file->schedule.nr);
	for (unsigned int i = 0; i < file->schedule.nr; i++) {
		const struct weave_entry *e = &file->schedule.entries[i];

		fprintf(f, "%" PRIu32 " %" PRIu32 " %s %u\n", e->op, e->nth, kinds[e->kind],
			e->value);
	}
	ok = !ferror(f);
	return !fclose(f) && ok;
}

static bool read_entry(FILE *f, struct weave_entry *entry)
{
	char kind[16];
	unsigned int value;

	if (fscanf(f, "%" SCNu32 " %" SCNu32 " %15s %u", &entry->op, &entry->nth, kind, &value) !=
		    4 ||
	    value > 255)
		return false;
	for (unsigned int i = 0; i < NR_KINDS; i++) {
		if (strcmp(kind, kinds[i]))
			continue;
		entry->kind = (uint8_t)i;
		entry->value = (uint8_t)value;
		return true;
	}
	return false;
}

static bool read_entries(FILE *f, struct weave_schedule *schedule)
{
	schedule->entries = calloc(schedule->nr + 1ul, sizeof(*schedule->entries));
	if (!schedule->entries)
		return false;
	for (unsigned int i = 0; i < schedule->nr; i++)
		if (!read_entry(f, &schedule->entries[i]))
			return false;
	return true;
}

static bool read_file(FILE *f, struct schedule_file *file)
{
	int at = 0;

	return fscanf(f,
		      FIRST_LINE " title %255[^\n] memory %u races %u plain_points %u threads %u%n",
		      file->title, &file->memory, &file->races, &file->plain_points, &file->threads,
		      &at) == 5 &&
	       fscanf(f, " fingerprint %" SCNx64 " entries %u", &file->fingerprint,
		      &file->schedule.nr) == 2 &&
	       file->memory <= WEAVE_LKMM && file->races <= WEAVE_RACES_KCSAN && file->threads &&
	       file->threads <= WEAVE_MAX_FIBRES && read_entries(f, &file->schedule);
}

void schedule_file_read(const char *path, struct schedule_file *file)
{
	FILE *f = fopen(path, "r");

	if (!f)
		sim_die("WEAVE_REPLAY: %s: %s", path, strerror(errno));
	if (!read_file(f, file))
		sim_die("WEAVE_REPLAY: %s is no schedule of this version (\"" FIRST_LINE
			"\"), or is damaged",
			path);
	fclose(f);
}
