/* SPDX-License-Identifier: Apache-2.0 */
/* Lines found beside lines kept. Reads the kept file only at the end, and says where they part. */
#include "tests/lib/golden.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"

enum { SHOWN_MAX = 5 };

struct golden {
	char path[PATH_MAX];
	FILE *lines;
	char *text;
	size_t bytes;
};

struct golden *golden_begin(const char *name)
{
	const char *top = getenv("srcdir");
	struct golden *golden = calloc(1, sizeof(*golden));

	if (!golden)
		abort();
	(void)snprintf(golden->path, sizeof(golden->path), "%s/%s", top ? top : ".", name);
	golden->lines = open_memstream(&golden->text, &golden->bytes);
	if (!golden->lines)
		abort();
	return golden;
}

void golden_line(struct golden *golden, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	(void)vfprintf(golden->lines, form, args);
	va_end(args);
	(void)fputc('\n', golden->lines);
}

uint64_t golden_fold(uint64_t sum, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	for (; n >= 8; n -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		sum = (sum ^ word) * 0x100000001b3u;
		sum ^= sum >> 29;
	}
	while (n--)
		sum = (sum ^ *at++) * 0x100000001b3u;
	return sum;
}

uint64_t golden_fold_u64(uint64_t sum, uint64_t value)
{
	return golden_fold(sum, &value, sizeof(value));
}

/* The next line of found (cut out of it) beside the next of kept. */
static bool golden_same_line(FILE *kept, char **io_found, unsigned int number, bool *ret_end)
{
	OWN_MEM char *was = NULL;
	size_t room = 0;
	ssize_t n = getline(&was, &room, kept);
	char *now = *io_found ? strsep(io_found, "\n") : NULL;

	if (now && !*now && !*io_found)
		now = NULL; /* past the last newline */
	if (n > 0 && was[n - 1] == '\n')
		was[n - 1] = '\0';
	*ret_end = n < 0 && !now;
	if (*ret_end || (n >= 0 && now && !strcmp(was, now)))
		return true;
	(void)fprintf(stderr, "line %u was: %s\nline %u is:  %s\n", number, n < 0 ? "(none)" : was,
		      number, now ? now : "(none)");
	return false;
}

static bool golden_compare(const struct golden *golden)
{
	int fd = open(golden->path, O_RDONLY | O_CLOEXEC);
	FILE *kept = fd < 0 ? NULL : fdopen(fd, "r"); /* not fopen(): libfakebpf.la has its own */
	unsigned int wrong = 0, number = 1;
	char *found = golden->text;

	if (!kept) {
		(void)fprintf(stderr, "%s cannot be read\n", golden->path);
		return false;
	}
	for (bool end = false; !end && wrong < SHOWN_MAX; number++)
		wrong += !golden_same_line(kept, &found, number, &end);
	(void)fclose(kept);
	if (wrong)
		(void)fprintf(stderr, "%s has other lines: GOLDEN_WRITE=1 writes it anew\n",
			      golden->path);
	return !wrong;
}

static bool golden_write(const struct golden *golden)
{
	int fd = open(golden->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *kept = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok = kept && fwrite(golden->text, 1, golden->bytes, kept) == golden->bytes;

	return kept && fclose(kept) == 0 && ok;
}

bool golden_end(struct golden *golden)
{
	bool ok = fclose(golden->lines) == 0;

	if (ok)
		ok = getenv("GOLDEN_WRITE") ? golden_write(golden) : golden_compare(golden);
	free(golden->text);
	free(golden);
	return ok;
}
