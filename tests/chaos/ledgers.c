/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upgrades and downgrades, as the ledger sees them: a ledger of today is written as another daemon
 * would have left it. The numbers are those of daemon/shared/ledger_layout.h, written once more.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/own.h"
#include "tests/chaos/chaos.h"

#define HEADER	     24u
#define TODAY_BYTES  1312u
#define TODAY_BODY   376u
#define OLD_BYTES    1184u
#define OLD_BODY     248u
#define OLD_SLOTS    16384u
#define COMMON	     120u /* up to the unit's name, alike in both */
#define OLD_UNIT     128u
#define BODY_BYTES   936u
#define ACCOUNT	     12u
#define KINDRED_MORE 88u
#define VERSION_AT   20
#define KINDRED	     (5u | 2u << 16) /* version 5, which version 2 may use */
#define STRANGE	     7u

struct table {
	uint8_t *bytes; /* of the whole file */
	size_t size;
	uint32_t rec_bytes, slot_cnt, used_cnt, version;
};

static uint32_t word_at(const uint8_t *bytes, size_t at)
{
	uint32_t word;

	memcpy(&word, bytes + at, sizeof(word));
	return word;
}

static bool table_read(const char *path, struct table *ret_table)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct table table = { 0 };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < (off_t)HEADER)
		return false;
	table.size = (size_t)st.st_size;
	table.bytes = malloc(table.size);
	if (!table.bytes || pread(fd, table.bytes, table.size, 0) != (ssize_t)table.size) {
		free(table.bytes);
		return false;
	}
	table.rec_bytes = word_at(table.bytes, 8);
	table.slot_cnt = word_at(table.bytes, 12);
	table.used_cnt = word_at(table.bytes, 16);
	table.version = word_at(table.bytes, VERSION_AT);
	*ret_table = table;
	return true;
}

/* In place, as the file is the same one afterwards; holes stay holes. */
static bool table_write(const char *path, const struct table *table, const uint8_t *recs)
{
	OWN_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	size_t bytes = (size_t)table->used_cnt * table->rec_bytes;
	uint32_t words[] = { table->rec_bytes, table->slot_cnt, table->used_cnt, table->version };

	return fd >= 0 && ftruncate(fd, 0) == 0 &&
	       ftruncate(fd, (off_t)(HEADER + (size_t)table->slot_cnt * table->rec_bytes)) == 0 &&
	       pwrite(fd, "blgedgr1", 8, 0) == 8 &&
	       pwrite(fd, words, sizeof(words), 8) == sizeof(words) &&
	       pwrite(fd, recs, bytes, HEADER) == (ssize_t)bytes;
}

typedef void (*convert_fn)(const uint8_t *from, uint8_t *to);

static bool rewrite(const char *path, struct table want, convert_fn convert)
{
	struct table have;
	uint8_t *recs;
	bool ok;

	if (!table_read(path, &have))
		return false;
	want.used_cnt = have.used_cnt;
	recs = calloc(want.used_cnt + 1, want.rec_bytes);
	for (uint32_t i = 0; recs && i < have.used_cnt; i++)
		convert(have.bytes + HEADER + (size_t)i * have.rec_bytes,
			recs + (size_t)i * want.rec_bytes);
	ok = recs && table_write(path, &want, recs);
	free(recs);
	free(have.bytes);
	return ok;
}

/* The last layout without a version: no account, shorter names of units. Perf events did not exist.
 */
static void convert_to_old(const uint8_t *from, uint8_t *to)
{
	memcpy(to, from, COMMON + OLD_UNIT);
	memset(to + ACCOUNT, 0, sizeof(uint32_t));
	memcpy(to + OLD_BODY, from + TODAY_BODY, BODY_BYTES);
}

static void convert_to_kindred(const uint8_t *from, uint8_t *to)
{
	memcpy(to, from, TODAY_BYTES);
	memset(to + TODAY_BYTES, 0x5a, KINDRED_MORE);
}

bool ledgers_become_old(const char *path)
{
	return rewrite(path, (struct table){ .rec_bytes = OLD_BYTES, .slot_cnt = OLD_SLOTS },
		       convert_to_old);
}

bool ledgers_become_kindred(const char *path)
{
	return rewrite(path,
		       (struct table){ .rec_bytes = TODAY_BYTES + KINDRED_MORE,
				       .slot_cnt = 40000,
				       .version = KINDRED },
		       convert_to_kindred);
}

/* What its daemon called it: each here has records of its own size. */
static uint32_t version_of(const struct table *table)
{
	if (table->rec_bytes == OLD_BYTES)
		return 0;
	return table->rec_bytes == TODAY_BYTES ? 2 : KINDRED;
}

static bool set_version(const char *path, bool strange)
{
	OWN_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	struct table have;
	uint32_t version;

	if (fd < 0 || !table_read(path, &have))
		return false;
	version = strange ? STRANGE : version_of(&have);
	free(have.bytes);
	return pwrite(fd, &version, sizeof(version), VERSION_AT) == sizeof(version);
}

bool ledgers_become_strange(const char *path)
{
	return set_version(path, true);
}

bool ledgers_become_ours_again(const char *path)
{
	char aside[CHAOS_PATH + 16];

	snprintf(aside, sizeof(aside), "%s.aside-1", path);
	return set_version(aside, false);
}
