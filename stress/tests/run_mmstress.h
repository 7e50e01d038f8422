/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running mmstress from outside, as a person does, in a folder of its own. It is the program that lies beside the folder of
 * the test. For tests of this folder only; each includes it once.
 */
#ifndef STRESS_TESTS_RUN_MMSTRESS_H
#define STRESS_TESTS_RUN_MMSTRESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char mmstress[4096], folder[64];
static char output[1 << 16];

static int setup(void **state)
{
	ssize_t len = readlink("/proc/self/exe", mmstress, sizeof(mmstress) - 32);

	(void)state;
	if (len < 0)
		return -1;
	mmstress[len] = 0;
	strcpy(strrchr(mmstress, '/'), "/../mmstress");
	strcpy(folder, "/tmp/test_mmstress.XXXXXX");
	return access(mmstress, X_OK) || !mkdtemp(folder);
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

/* Runs it behind @prefix; what it prints is in output[], its exit status is returned. */
static int run_behind(const char *prefix, const char *arguments)
{
	char command[8192];
	FILE *pipe;
	size_t len;
	int status;

	snprintf(command, sizeof(command), "cd '%s' && %s '%s' %s 2>&1", folder, prefix, mmstress,
		 arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = 0;
	status = pclose(pipe);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#endif /* STRESS_TESTS_RUN_MMSTRESS_H */
