// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmreplay: runs many files one after the other, in as few children as can be, and counts those that fail.
 */
#include "mmreplay.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct list {
	char **paths;
	size_t nr;
};

static void list_add(struct list *list, const char *path)
{
	list->paths = must_alloc(realloc(list->paths, (list->nr + 1) * sizeof(*list->paths)));
	list->paths[list->nr++] = must_alloc(strdup(path));
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Files below a directory, in the order of their names, so that runs can be compared. */
static void list_tree(struct list *list, const char *path)
{
	struct dirent **entries;
	struct stat stat_buf;
	int nr;

	if (stat(path, &stat_buf))
		die("cannot read %s: %s", path, strerror(errno));
	if (!S_ISDIR(stat_buf.st_mode)) {
		list_add(list, path);
		return;
	}
	nr = scandir(path, &entries, visible, alphasort);
	if (nr < 0)
		die("cannot read %s: %s", path, strerror(errno));
	for (int i = 0; i < nr; i++) {
		char *below;

		if (asprintf(&below, "%s/%s", path, entries[i]->d_name) < 0)
			die("out of memory");
		list_tree(list, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

/* Runs of files for the same target go into one child; after one that failed comes a new child. */
static int replay_list(const struct list *list)
{
	struct input *inputs = must_alloc(calloc(list->nr + 1, sizeof(*inputs)));
	struct replay_input *raw = must_alloc(calloc(list->nr + 1, sizeof(*raw)));
	size_t at = 0, failed = 0;

	for (size_t i = 0; i < list->nr; i++) {
		load_input(&inputs[i], list->paths[i], true);
		raw[i] = (struct replay_input){ inputs[i].crash.payload, inputs[i].crash.size };
	}
	while (at < list->nr) {
		struct replay_result result;
		size_t end = at + 1;

		while (end < list->nr && inputs[end].target == inputs[at].target)
			end++;
		replay_many(inputs[at].target->fn, &raw[at], end - at, options.seconds, true,
			    &result);
		if (result.verdict == REPLAY_IMPOSSIBLE)
			die("cannot run %s: %s", inputs[at].path, result.title);
		if (result.verdict == REPLAY_FAILED) {
			failed++;
			printf("%s: %s fails: %s\n", inputs[at + result.at].path,
			       inputs[at].target->name, result.title);
			at += result.at + 1;
		} else {
			at = end;
		}
		replay_result_free(&result);
	}
	printf("%zu inputs, %zu failed\n", list->nr, failed);
	for (size_t i = 0; i < list->nr; i++)
		free_input(&inputs[i]);
	free(inputs);
	free(raw);
	return failed ? EXIT_FAILED : EXIT_PASSED;
}

int replay_all(void)
{
	struct list list = { NULL, 0 };
	struct stat stat_buf;
	int status;

	if (options.nr_paths == 1 &&
	    (stat(options.paths[0], &stat_buf) || !S_ISDIR(stat_buf.st_mode)))
		return replay_one(options.paths[0]);
	for (size_t i = 0; i < options.nr_paths; i++)
		list_tree(&list, options.paths[i]);
	status = replay_list(&list);
	for (size_t i = 0; i < list.nr; i++)
		free(list.paths[i]);
	free(list.paths);
	return status;
}
