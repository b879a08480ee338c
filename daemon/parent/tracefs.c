/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to open nothing but files of the kernel that this table names, for reading, below
 * tracefs: a name from the broker may hold letters, digits and '_', and one slash. Of what it reads
 * itself, the events' numbers, the kernel is the author. These files are root's: for the time of
 * the look-up, and for files alone, bpfgated is root, whoever it runs as.
 */
#include "daemon/parent/tracefs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proto/own.h"

static const char *const tracefs_roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

static int tracefs_root(void)
{
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_CNT(tracefs_roots); i++) {
		OWN_FD int fd = open(tracefs_roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == TRACEFS_MAGIC)
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

/* ---- one event's files ---- */

static bool tracefs_is_name(const uint8_t *name, size_t bytes)
{
	size_t slashes = 0;

	for (size_t i = 0; i < bytes; i++) {
		bool slash = name[i] == '/' && i > 0 && i + 1 < bytes;

		slashes += slash;
		if (!slash && !isalnum(name[i]) && name[i] != '_')
			return false;
	}
	return slashes == 1;
}

static int tracefs_open_event(int root, const char *file, const uint8_t *name, size_t bytes)
{
	char path[TRACE_NAME_MAX + 32];
	int fd;

	if (bytes > TRACE_NAME_MAX || !tracefs_is_name(name, bytes))
		return -EINVAL;
	snprintf(path, sizeof(path), "events/%.*s/%s", (int)bytes, (const char *)name, file);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* ---- all events: "ID CATEGORY:EVENT" ---- */

static DIR *tracefs_list(int at, const char *name)
{
	OWN_FD int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		(void)TAKE_FD(fd);
	return dir;
}

static bool tracefs_read_id(int category, const char *event, unsigned long *ret_id)
{
	char path[TRACE_NAME_MAX], text[24] = "";
	OWN_FD int fd = -1;

	if (snprintf(path, sizeof(path), "%s/id", event) >= (int)sizeof(path))
		return false;
	fd = openat(category, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	*ret_id = strtoul(text, NULL, 10);
	return true;
}

static void tracefs_write_category(int events, const char *category, FILE *out)
{
	OWN_DIR DIR *dir = tracefs_list(events, category);
	const struct dirent *entry;
	unsigned long id;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && tracefs_read_id(dirfd(dir), entry->d_name, &id))
			fprintf(out, "%lu %s:%s\n", id, category, entry->d_name);
}

static int tracefs_write_events(int root, FILE *out)
{
	OWN_DIR DIR *dir = tracefs_list(root, "events");
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			tracefs_write_category(dirfd(dir), entry->d_name, out);
	return 0;
}

static int tracefs_list_events(int root)
{
	OWN_FD int fd = memfd_create("bpfgate-events", MFD_CLOEXEC);
	FILE *out = NULL;
	int r, copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy >= 0)
		out = fdopen(copy, "w");
	if (!out) {
		r = -errno;
		own_close_fd(&copy);
		return r;
	}
	r = tracefs_write_events(root, out);
	if (fclose(out) != 0 && r == 0)
		r = -EIO;
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

static int tracefs_open_as_root(enum trace_file what, const uint8_t *name, size_t name_bytes)
{
	OWN_FD int root = tracefs_root();
	int fd;

	if (root < 0)
		return root;
	if (what == TRACE_EVENT_ID || what == TRACE_EVENT_FORMAT)
		return tracefs_open_event(root, what == TRACE_EVENT_ID ? "id" : "format", name,
					  name_bytes);
	if (name_bytes)
		return -EINVAL;
	if (what == TRACE_EVENTS)
		return tracefs_list_events(root);
	if (what != TRACE_FUNCTIONS)
		return -EINVAL;
	fd = openat(root, "available_filter_functions", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int tracefs_open(enum trace_file what, const uint8_t *name, size_t name_bytes)
{
	int r;

	(void)setfsuid(0); /* says nothing of its success: without it the files are not to be opened */
	r = tracefs_open_as_root(what, name, name_bytes);
	(void)setfsuid(geteuid());
	return r;
}
