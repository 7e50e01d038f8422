// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing crash files, and whole files in general. Nothing here runs what they hold.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash_file.h"

#ifndef MMFUZZ_COMMIT
#define MMFUZZ_COMMIT "unknown"
#endif

#define MAGIC	    "MMFUZZ\n"
#define MAGIC_BYTES 7
/* magic, version, five strings, seed, fingerprint, payload length */
#define HEAD_BYTES  (MAGIC_BYTES + 1 + 32 + 32 + 48 + 256 + 32 + 8 + 8 + 4)
#define TAIL_BYTES  4

static bool __attribute__((format(printf, 2, 3))) fail(struct crash_file_error *error,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

const char *crash_file_commit(void)
{
	return MMFUZZ_COMMIT;
}

/* CRC-32 as Ethernet and zlib have it. */
static uint32_t crc32(const uint8_t *data, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void put_u32(uint8_t *data, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		data[i] = value >> 8 * i;
}

static uint32_t get_u32(const uint8_t *data)
{
	return data[0] | data[1] << 8 | data[2] << 16 | (uint32_t)data[3] << 24;
}

static void put_u64(uint8_t *data, uint64_t value)
{
	put_u32(data, value);
	put_u32(data + 4, value >> 32);
}

static uint64_t get_u64(const uint8_t *data)
{
	return get_u32(data) | (uint64_t)get_u32(data + 4) << 32;
}

bool crash_file_is(const uint8_t *data, size_t size)
{
	return size >= MAGIC_BYTES && !memcmp(data, MAGIC, MAGIC_BYTES);
}

/* A string of the file: must end within its field and be printable, as it will be printed. */
static const uint8_t *get_string(char *to, size_t len, const uint8_t *from)
{
	size_t used = strnlen((const char *)from, len);

	if (used == len)
		return NULL;
	for (size_t i = 0; i < used; i++)
		if (from[i] < ' ' || from[i] > '~')
			return NULL;
	memcpy(to, from, len);
	return from + len;
}

bool crash_file_parse(struct crash_file *crash, const char *name, const uint8_t *data, size_t size,
		      struct crash_file_error *error)
{
	const uint8_t *at = data + MAGIC_BYTES + 1;
	uint32_t length;

	memset(crash, 0, sizeof(*crash));
	if (!crash_file_is(data, size))
		return fail(error, "%s is no crash file: say with --target which target takes it",
			    name);
	if (size > MAGIC_BYTES && data[MAGIC_BYTES] != CRASH_FILE_VERSION)
		return fail(error,
			    "%s has version %u, this program reads version %u: use the build that "
			    "wrote it",
			    name, data[MAGIC_BYTES], CRASH_FILE_VERSION);
	if (size < HEAD_BYTES + TAIL_BYTES)
		return fail(error, "%s is cut off: %zu bytes, at least %u expected", name, size,
			    HEAD_BYTES + TAIL_BYTES);
	length = get_u32(data + HEAD_BYTES - 4);
	if (length > CRASH_FILE_MAX_PAYLOAD)
		return fail(error, "%s is damaged: a payload of %u bytes is more than %u", name,
			    length, CRASH_FILE_MAX_PAYLOAD);
	if (size < HEAD_BYTES + (size_t)length + TAIL_BYTES)
		return fail(error, "%s is cut off: %zu bytes, %zu expected", name, size,
			    HEAD_BYTES + (size_t)length + TAIL_BYTES);
	if (size > HEAD_BYTES + (size_t)length + TAIL_BYTES)
		return fail(error, "%s is damaged: %zu bytes too many at its end", name,
			    size - HEAD_BYTES - length - TAIL_BYTES);
	if (get_u32(data + HEAD_BYTES + length) != crc32(data, HEAD_BYTES + length))
		return fail(error, "%s is damaged: its checksum is wrong", name);

	if (!(at = get_string(crash->target, sizeof(crash->target), at)) ||
	    !(at = get_string(crash->design, sizeof(crash->design), at)) ||
	    !(at = get_string(crash->commit, sizeof(crash->commit), at)) ||
	    !(at = get_string(crash->title, sizeof(crash->title), at)) ||
	    !(at = get_string(crash->strategy, sizeof(crash->strategy), at)))
		return fail(error, "%s is damaged: a name in it is not text", name);
	crash->seed = get_u64(at);
	crash->fingerprint = get_u64(at + 8);

	crash->payload = malloc(length ? length : 1);
	if (!crash->payload)
		return fail(error, "%s: out of memory", name);
	memcpy(crash->payload, data + HEAD_BYTES, length);
	crash->size = length;
	return true;
}

static uint8_t *put_string(uint8_t *to, size_t len, const char *from)
{
	size_t used = strnlen(from, len - 1);

	memset(to, 0, len);
	for (size_t i = 0; i < used; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	return to + len;
}

/* Writes a file beside @path. Return: its name, which the caller frees; NULL with @error filled in. */
static char *write_temporary(const char *path, const void *data, size_t size,
			     struct crash_file_error *error)
{
	char *temporary;
	bool done;
	FILE *file;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		fail(error, "cannot write %s: out of memory", path);
		return NULL;
	}
	fd = mkstemp(temporary);
	if (fd < 0) {
		fail(error, "cannot write %s: %s", path, strerror(errno));
		free(temporary);
		return NULL;
	}
	fchmod(fd, 0644);
	file = fdopen(fd, "wb");
	done = file && fwrite(data, 1, size, file) == size;
	done &= file && !fclose(file);
	if (done)
		return temporary;
	fail(error, "cannot write %s: %s", path, strerror(errno));
	unlink(temporary);
	free(temporary);
	return NULL;
}

/* The file's bytes, which the caller frees; NULL with @error filled in. */
static uint8_t *encode(const struct crash_file *crash, const char *path, size_t *size,
		       struct crash_file_error *error)
{
	uint8_t *data, *at;

	if (crash->size > CRASH_FILE_MAX_PAYLOAD) {
		fail(error, "%s not written: a payload of %zu bytes is more than %u", path,
		     crash->size, CRASH_FILE_MAX_PAYLOAD);
		return NULL;
	}
	*size = HEAD_BYTES + crash->size + TAIL_BYTES;
	data = malloc(*size);
	if (!data) {
		fail(error, "%s not written: out of memory", path);
		return NULL;
	}
	memcpy(data, MAGIC, MAGIC_BYTES);
	data[MAGIC_BYTES] = CRASH_FILE_VERSION;
	at = put_string(data + MAGIC_BYTES + 1, sizeof(crash->target), crash->target);
	at = put_string(at, sizeof(crash->design), crash->design);
	at = put_string(at, sizeof(crash->commit),
			crash->commit[0] ? crash->commit : crash_file_commit());
	at = put_string(at, sizeof(crash->title), crash->title);
	at = put_string(at, sizeof(crash->strategy), crash->strategy);
	put_u64(at, crash->seed);
	put_u64(at + 8, crash->fingerprint);
	put_u32(at + 16, crash->size);
	if (crash->size)
		memcpy(data + HEAD_BYTES, crash->payload, crash->size);
	put_u32(data + HEAD_BYTES + crash->size, crc32(data, HEAD_BYTES + crash->size));
	return data;
}

bool crash_file_write(const struct crash_file *crash, const char *path,
		      struct crash_file_error *error)
{
	size_t size;
	uint8_t *data = encode(crash, path, &size, error);
	bool done;

	if (!data)
		return false;
	done = file_write_all(path, data, size, error);
	free(data);
	return done;
}

/* The file is there and holds just these bytes. */
static bool file_holds(const char *path, const uint8_t *data, size_t size)
{
	struct crash_file_error error;
	uint8_t *there;
	size_t len;
	bool same;

	if (!file_read_all(path, size, &there, &len, &error))
		return false;
	same = len == size && !memcmp(there, data, size);
	free(there);
	return same;
}

/* 0, or the errno: EEXIST when something has the name, which then stays what it is. */
static int name_anew(const char *temporary, const char *path)
{
	if (!link(temporary, path))
		return 0;
	if (errno == EEXIST || !access(path, F_OK))
		return EEXIST;
	/* A file system without links, or nobody can write here, which this says again. */
	return rename(temporary, path) ? errno : 0;
}

bool crash_file_keep(const struct crash_file *crash, char *path, size_t len,
		     struct crash_file_error *error)
{
	size_t stem = strlen(path), size;
	uint8_t *data = encode(crash, path, &size, error);
	char *temporary = data ? write_temporary(path, data, size, error) : NULL;
	int result = temporary ? EEXIST : EIO;

	for (unsigned int i = 1; result == EEXIST; i++) {
		const char *format = i == 1 ? ".crash" : "-%u.crash";

		if ((size_t)snprintf(path + stem, len - stem, format, i) >= len - stem)
			result = ENAMETOOLONG;
		else
			result = name_anew(temporary, path);
		if (result == EEXIST && file_holds(path, data, size))
			result = 0;
		else if (result && result != EEXIST)
			fail(error, "cannot write %s: %s", path, strerror(result));
	}
	if (temporary)
		unlink(temporary);
	free(temporary);
	free(data);
	return !result;
}

void crash_file_free(struct crash_file *crash)
{
	free(crash->payload);
	crash->payload = NULL;
	crash->size = 0;
}

bool file_read_all(const char *path, size_t max, uint8_t **data, size_t *size,
		   struct crash_file_error *error)
{
	struct stat stat;
	FILE *file = fopen(path, "rb");
	size_t used;
	bool bad;

	if (!file)
		return fail(error, "cannot read %s: %s", path, strerror(errno));
	if (!fstat(fileno(file), &stat) && S_ISDIR(stat.st_mode)) {
		fclose(file);
		return fail(error, "cannot read %s: it is a directory", path);
	}
	*data = malloc(max + 1);
	if (!*data) {
		fclose(file);
		return fail(error, "cannot read %s: out of memory", path);
	}
	used = fread(*data, 1, max + 1, file);
	bad = ferror(file);
	fclose(file);
	if (bad || used > max) {
		free(*data);
		*data = NULL;
		if (bad)
			return fail(error, "cannot read %s: %s", path, strerror(errno));
		return fail(error, "%s is too large: more than %zu bytes", path, max);
	}
	*size = used;
	return true;
}

bool file_write_all(const char *path, const void *data, size_t size, struct crash_file_error *error)
{
	char *temporary = write_temporary(path, data, size, error);
	bool done;

	if (!temporary)
		return false;
	done = !rename(temporary, path);
	if (!done) {
		fail(error, "cannot write %s: %s", path, strerror(errno));
		unlink(temporary);
	}
	free(temporary);
	return done;
}
