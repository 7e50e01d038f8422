/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash files: an input that fails, and what is needed to see it fail again.
 *
 *	magic "MMFUZZ\n", version (1 byte)
 *	target, design, commit, title, strategy: zero-padded strings of 32, 32, 48, 256 and 32 bytes
 *	seed, fingerprint (u64)
 *	payload length (u32), payload, CRC-32 of all before it (u32)		all little endian
 *
 * A file of another version or a damaged one is refused, not guessed at. Version 1 had no strategy,
 * seed and fingerprint.
 */
#ifndef FUZZ_CRASH_FILE_H
#define FUZZ_CRASH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_FILE_VERSION     2
#define CRASH_FILE_MAX_PAYLOAD (1u << 20)

/**
 * struct crash_file - what such a file says
 * @target: fuzz target that takes the payload
 * @design: backend that it failed on; empty for targets without one
 * @commit: of the build that saw it fail
 * @title: of the finding
 * @strategy: who chose the schedule that failed; empty where there was nothing to choose. What was chosen
 *	is in the payload, so this and @seed are for the reader only
 * @seed: of the strategy
 * @fingerprint: of the run's decisions, 0 if not known: another one means that the run took another way
 * @payload: malloc()ed by crash_file_parse(); crash_file_free() gives it back
 *
 * The strings end in zero.
 */
struct crash_file {
	char target[32];
	char design[32];
	char commit[48];
	char title[256];
	char strategy[32];
	uint64_t seed;
	uint64_t fingerprint;
	uint8_t *payload;
	size_t size;
};

/** struct crash_file_error - one line that says what was wrong with what */
struct crash_file_error {
	char message[400];
};

/** crash_file_is() - the bytes begin as a crash file does, of whatever version */
bool crash_file_is(const uint8_t *data, size_t size);

/**
 * crash_file_parse() - bytes to crash file
 * @name: of where they come from, for messages
 *
 * Return: false with @error filled in; then nothing needs to be freed.
 */
bool crash_file_parse(struct crash_file *crash, const char *name, const uint8_t *data, size_t size,
		      struct crash_file_error *error);

/**
 * crash_file_write() - save it as @path, whole or not at all
 *
 * Written beside @path first, then renamed. What strings have beyond their field is cut off. An
 * empty commit becomes the one of this build.
 */
bool crash_file_write(const struct crash_file *crash, const char *path,
		      struct crash_file_error *error);

/**
 * crash_file_keep() - save it whole, under a name that nothing else has
 * @path: what it would like to be called, without ".crash"; then what it is called
 * @len: of @path, in bytes
 *
 * For who finds things on its own, perhaps twice under one name: what is there is never written
 * over. Where another file has the name, "-2", "-3" and so on is tried; where that file says the
 * same, it stands for this one.
 */
bool crash_file_keep(const struct crash_file *crash, char *path, size_t len,
		     struct crash_file_error *error);

/** crash_file_free() - give the payload back */
void crash_file_free(struct crash_file *crash);

/** crash_file_commit() - the commit that this program was built from, or "unknown" */
const char *crash_file_commit(void);

/** file_read_all() - a whole file; the caller frees *@data. At most @max bytes, else it fails */
bool file_read_all(const char *path, size_t max, uint8_t **data, size_t *size,
		   struct crash_file_error *error);

/** file_write_all() - a whole file or nothing: under another name first, then renamed */
bool file_write_all(const char *path, const void *data, size_t size,
		    struct crash_file_error *error);

#endif /* FUZZ_CRASH_FILE_H */
