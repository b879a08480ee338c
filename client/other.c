/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another process as the source of a call. Promises that what it read or took was that process's
 * own: a pid may be given to somebody else at any time, so after each step the notification is
 * asked whether it is still open, and the step counts only if it is.
 */
#include "client/other.h"

#include "client/place.h"
#include "client/self.h"
#include "proto/own.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
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

static int other_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	const struct other *other = ctx;
	struct iovec here = { (void *)(uintptr_t)buf, bytes };
	struct iovec there = { (void *)(uintptr_t)addr, bytes };

	if (!bytes)
		return 0;
	if (!other_is_waiting(other))
		return -ESRCH;
	return process_vm_writev(other->tid, &here, 1, &there, 1, 0) == (ssize_t)bytes ? 0 :
											 -EFAULT;
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
	int r = dir_number < 0 ? 0 : other_take_fd(ctx, dir_number, &dir);

	if (r >= 0)
		r = place_of_other(other->tid, dir, path, watch, ret_place);
	return other_is_waiting(other) ? r : -ESRCH;
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
					       .place = other_place };
	return 0;
}

void other_done(struct other *other)
{
	own_close_fd(&other->pidfd);
}
