/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A schedule as a text file, with what else decides a run of a pthread program. Lines of "name value",
 * then one line an entry: a person can read it, and take entries out.
 */
#ifndef WEAVE_PTHREAD_SCHEDULE_FILE_H
#define WEAVE_PTHREAD_SCHEDULE_FILE_H

#include <mmfuzz/weave.h>

/** struct schedule_file - see struct weave_config and struct weave_result for the fields of these names */
struct schedule_file {
	char title[256];
	unsigned int memory;
	unsigned int races;
	unsigned int plain_points;
	unsigned int threads;
	uint64_t fingerprint;
	struct weave_schedule schedule;
};

/** schedule_file_write() - false, with errno, when it could not be written */
bool schedule_file_write(const char *path, const struct schedule_file *file);

/** schedule_file_read() - ends the process with status 2 and one line when it is not such a file; the entries are the caller's to free */
void schedule_file_read(const char *path, struct schedule_file *file);

#endif /* WEAVE_PTHREAD_SCHEDULE_FILE_H */
