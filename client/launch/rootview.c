/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to hide nothing but what its user could not read anyway: /run keeps each of its entries, bound in its place,
 * and tracefs and debugfs are root's. Trusts the daemon's list of tracepoints for names, and makes nothing of one that
 * has a '/' or a leading '.' in it.
 */
#include "client/launch/rootview.h"

#include "client/library/tracefile.h"
#include "proto/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOTVIEW_RUN	"/run"
#define ROOTVIEW_EVENTS "/sys/kernel/tracing/available_events"

enum { ROOTVIEW_PATH_BYTES = PATH_MAX };

static const char *const rootview_tracing[] = { "/sys/kernel/tracing", "/sys/kernel/debug" };

static int rootview_complain(const char *what, int r)
{
	fprintf(stderr, "bpfgate run: %s (--as-if-root): %s\n", what, strerror(-r));
	return r;
}

static int rootview_cover(const char *path)
{
	return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0 ? -errno : 0;
}

/* ---- /run ---- */

/* What stands for an entry: a directory or a file to bind it to, or the same link. */
static int rootview_make_place(int old, const char *name, int new, bool *ret_bind)
{
	char target[ROOTVIEW_PATH_BYTES];
	ssize_t n = readlinkat(old, name, target, sizeof(target) - 1);
	OWN_FD int file = -1;
	struct stat st;

	*ret_bind = n < 0;
	if (n >= 0) {
		target[n] = '\0';
		return symlinkat(target, new, name) < 0 ? -errno : 0;
	}
	if (fstatat(old, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return mkdirat(new, name, 0755) < 0 ? -errno : 0;
	file = openat(new, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return file < 0 ? -errno : 0;
}

static void rootview_keep(int old, const char *name, int new)
{
	char from[ROOTVIEW_PATH_BYTES], to[ROOTVIEW_PATH_BYTES];
	bool bind;

	if (rootview_make_place(old, name, new, &bind) < 0 || !bind)
		return;
	snprintf(from, sizeof(from), "/proc/self/fd/%d/%s", old, name);
	snprintf(to, sizeof(to), ROOTVIEW_RUN "/%s", name);
	(void)mount(from, to, NULL, MS_BIND | MS_REC, NULL);
}

static int rootview_make_run(void)
{
	OWN_FD int old = open(ROOTVIEW_RUN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int new = -1;
	OWN_DIR DIR *dir = NULL;
	const struct dirent *entry;
	int copy = old < 0 ? -1 : fcntl(old, F_DUPFD_CLOEXEC, 0), r;

	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		r = -errno;
		own_close_fd(&copy);
		return r;
	}
	r = rootview_cover(ROOTVIEW_RUN);
	if (r < 0)
		return r;
	new = open(ROOTVIEW_RUN, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (new < 0)
		return -errno;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			rootview_keep(old, entry->d_name, new);
	return 0;
}

/* ---- tracefs ---- */

static void rootview_make_file(int dir, const char *name)
{
	OWN_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);

	(void)fd;
}

static int rootview_make_dir(int at, const char *name)
{
	(void)mkdirat(at, name, 0755);
	return openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool rootview_is_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

/* "CATEGORY:EVENT\n" */
static void rootview_make_event(int events, char *line)
{
	char *colon = strchr(line, ':');
	OWN_FD int category = -1;
	OWN_FD int event = -1;

	line[strcspn(line, "\n")] = '\0';
	if (!colon)
		return;
	*colon = '\0';
	if (!rootview_is_name(line) || !rootview_is_name(colon + 1))
		return;
	category = rootview_make_dir(events, line);
	event = category < 0 ? -1 : rootview_make_dir(category, colon + 1);
	if (event < 0)
		return;
	rootview_make_file(event, "id");
	rootview_make_file(event, "format");
}

static int rootview_fill(FILE *list)
{
	OWN_FD int root = open(rootview_tracing[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int events = root < 0 ? -1 : rootview_make_dir(root, "events");
	char line[256];

	if (events < 0)
		return -errno;
	rootview_make_file(root, "available_events");
	rootview_make_file(root, "available_filter_functions");
	while (fgets(line, sizeof(line), list))
		rootview_make_event(events, line);
	return 0;
}

/* The older place of the same. */
static int rootview_bind_older(void)
{
	int r = rootview_cover(rootview_tracing[1]);

	if (r == 0 && mkdir("/sys/kernel/debug/tracing", 0755) < 0)
		r = -errno;
	if (r == 0 && mount(rootview_tracing[0], "/sys/kernel/debug/tracing", NULL, MS_BIND, NULL) < 0)
		r = -errno;
	return r;
}

/* Where no rule shows any, that has been said, and tracefs stays root's. */
static int rootview_make_tracefs(void)
{
	int fd = tracefile_instead(ROOTVIEW_EVENTS, true, -EACCES), r;
	OWN_FILE FILE *list = fd < 0 ? NULL : fdopen(fd, "r");

	if (!list) {
		own_close_fd(&fd);
		return -EACCES;
	}
	r = rootview_cover(rootview_tracing[0]);
	if (r == 0)
		r = rootview_fill(list);
	if (r == 0)
		(void)rootview_bind_older();
	return r < 0 ? rootview_complain("no list of tracepoints", r) : 0;
}

int rootview_enter(void)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return rootview_complain("no mounts of its own", -errno);
	r = rootview_make_run();
	if (r < 0)
		(void)rootview_complain("no /run of its own", r);
	return rootview_make_tracefs();
}
