/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process as the source of a call. Promises that what it read or took was that process's
 * own: a pid may be given to somebody else at any time, so after each step the notification is
 * asked whether it is still open, and the step counts only if it is.
 */
#include "client/launch/other.h"

#include "client/library/pinfile.h"
#include "client/library/place.h"
#include "client/library/self.h"
#include "proto/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/uio.h>

bool other_is_waiting(const struct other *other)
{
	return ioctl(other->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &other->id) == 0;
}

static int other_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	const struct other *other = ctx;
	struct iovec here = { buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };
	ssize_t n;

	if (!bytes)
		return 0;
	n = process_vm_readv(other->tid, &here, 1, &there, 1, 0);
	if (!other_is_waiting(other))
		return -ESRCH;
	if (n < 0 && errno == EPERM)
		return -EPERM;
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

bool other_read_text(const struct codec_source *src, uint64_t addr, char *text, size_t text_bytes)
{
	enum { PAGE = 4096 };
	size_t first = PAGE - addr % PAGE;

	if (first > text_bytes)
		first = text_bytes;
	if (src->read(src->ctx, addr, text, first) < 0)
		return false;
	if (memchr(text, 0, first))
		return true;
	return src->read(src->ctx, addr + first, text + first, text_bytes - first) == 0 &&
	       memchr(text, 0, text_bytes);
}

static int other_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	const struct other *other = ctx;
	struct iovec here = { (void *)(uintptr_t)buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };

	if (!bytes)
		return 0;
	if (!other_is_waiting(other))
		return -ESRCH;
	return process_vm_writev(other->tid, &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0
										       : -EFAULT;
}

static int other_take_fd(void *ctx, int number, int *ret_fd)
{
	const struct other *other = ctx;
	int fd = pidfd_getfd(other->pidfd, number, 0);

	if (fd < 0)
		return errno == EBADF ? -EBADF : -errno;
	*ret_fd = fd;
	return 0;
}

static void other_drop_fd(void *ctx, int fd)
{
	(void)ctx;
	own_close_fd(&fd);
}

static int other_map_shape(void *ctx, int number, struct codec_map *ret_map)
{
	OWN_FD int fd = -1;
	int r;

	r = other_take_fd(ctx, number, &fd);
	return r < 0 ? r : self_map_shape(fd, ret_map);
}

static int other_place(void *ctx, int dir_number, const char *path, bool watch,
		       struct codec_place *ret_place)
{
	const struct other *other = ctx;
	OWN_FD int dir = -1;
	char meant[PATH_MAX];
	int r;

	if (pinfile_find(other->tid, dir_number < 0 ? AT_FDCWD : dir_number, path, meant) == PINFILE_STAND_IN) {
		dir_number = -1;
		path = meant;
	}
	r = dir_number < 0 ? 0 : other_take_fd(ctx, dir_number, &dir);

	if (r >= 0)
		r = place_of_other(other->tid, dir, path, watch, ret_place);
	if (r >= 0 && path == meant && !ret_place->text)
		ret_place->text = strdup(meant);
	return other_is_waiting(other) ? r : -ESRCH;
}

/* ---- files and processes that it names ---- */

static bool other_shares(const struct other *other, const char *what)
{
	char path[48];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)other->tid, what);
	if (stat(path, &theirs) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/%s", what);
	return stat(path, &ours) == 0 && theirs.st_dev == ours.st_dev &&
	       theirs.st_ino == ours.st_ino;
}

/* Its path, in our own view of the tree. */
static int other_path(const struct other *other, const char *path, char *ret_path)
{
	int n;

	if (!other_shares(other, "root"))
		return -EOPNOTSUPP;
	if (strncmp(path, "/proc/self/", 11) == 0)
		n = snprintf(ret_path, PATH_MAX, "/proc/%u/%s", other->source.self_pid, path + 11);
	else if (path[0] == '/')
		n = snprintf(ret_path, PATH_MAX, "%s", path);
	else
		n = snprintf(ret_path, PATH_MAX, "/proc/%d/cwd/%s", (int)other->tid, path);
	return n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int other_open_file(void *ctx, const char *path, int *ret_fd)
{
	const struct other *other = ctx;
	char ours[PATH_MAX];
	OWN_FD int fd = -1;
	int r = other_path(other, path, ours);

	if (r < 0)
		return r;
	fd = open(ours, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (!other_is_waiting(other))
		return -ESRCH;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int other_open_process(void *ctx, int pid, int *ret_fd)
{
	const struct other *other = ctx;
	OWN_FD int fd = -1;

	if (!other_shares(other, "ns/pid"))
		return -EOPNOTSUPP;
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	if (!other_is_waiting(other))
		return -ESRCH;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The process of a thread; 0 if it is gone. */
static pid_t other_process_of(pid_t tid)
{
	char path[32], line[128];
	int tgid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	fclose(file);
	return tgid;
}

int other_init(struct other *other, int listener, uint64_t id, pid_t tid)
{
	pid_t pid = tid;

	*other = (struct other){ .listener = listener, .id = id, .tid = tid, .pidfd = -1 };
	other->pidfd = pidfd_open(pid, 0);
	if (other->pidfd < 0) {
		/* Not the first thread of its process. */
		pid = other_process_of(tid);
		other->pidfd = pid ? pidfd_open(pid, 0) : -1;
	}
	if (!other_is_waiting(other)) {
		other_done(other);
		return -ESRCH;
	}
	if (other->pidfd < 0)
		return -errno;
	other->source = (struct codec_source){ .ctx = other,
					       .self_pid = (uint32_t)pid,
					       .read = other_read,
					       .write = other_write,
					       .take_fd = other_take_fd,
					       .drop_fd = other_drop_fd,
					       .map_shape = other_map_shape,
					       .place = other_place,
					       .open_file = other_open_file,
					       .open_process = other_open_process };
	return 0;
}

void other_done(struct other *other)
{
	own_close_fd(&other->pidfd);
}
