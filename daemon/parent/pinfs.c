/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that what is pinned outlives bpfgated, and that nobody but root can reach it meanwhile: the
 * directory must be bpfgated's own and closed to all others. A name says all that keep.c knows of an object.
 * What bpf(2) is asked for here is two commands on descriptors that are held already, or on names of ours.
 */
#include "daemon/parent/pinfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/privsep.h"
#include "proto/own.h"

#define PINFS_MAGIC	 0xcafe4a11u /* BPF_FS_MAGIC */
#define PINFS_PATH_BYTES 512
#define PINFS_NAME	 "kept-%" PRIu64 "-%u-%u-%u" /* no dots: the kernel reserves them */

static int pinfs_path(const struct keep *keep, const struct kept *kept, char *ret_path)
{
	int len = snprintf(ret_path, PINFS_PATH_BYTES, "%s/" PINFS_NAME, keep->pin_dir, kept->keep_id,
			   kept->kind, kept->obj_id, kept->uid);

	return len < 0 || len >= PINFS_PATH_BYTES ? -ENAMETOOLONG : 0;
}

static int pinfs_call(int cmd, const char *path, int fd)
{
	union bpf_attr attr;
	long r;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	r = syscall(__NR_bpf, cmd, &attr, sizeof(attr));
	return r < 0 ? -errno : (int)r;
}

void pinfs_pin(const struct keep *keep, const struct kept *kept)
{
	char path[PINFS_PATH_BYTES];
	int r;

	if (!keep->pin_dir || kept->kind == KEEP_BTF)
		return;
	r = pinfs_path(keep, kept, path);
	if (r == 0)
		r = pinfs_call(BPF_OBJ_PIN, path, kept->fd);
	if (r < 0 && r != -EEXIST)
		fprintf(stderr, "bpfgated: object %u will not outlive the unit's stop: %s\n",
			kept->obj_id, strerror(-r));
}

void pinfs_unpin(const struct keep *keep, const struct kept *kept)
{
	char path[PINFS_PATH_BYTES];

	if (keep->pin_dir && pinfs_path(keep, kept, path) == 0)
		(void)unlink(path);
}

/* Whoever could enter it could open the programs themselves. */
static int pinfs_check_dir(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((uint32_t)fs.f_type != PINFS_MAGIC)
		return -ENOTSUP;
	return st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -EPERM;
}

static void pinfs_adopt(struct keep *keep, const char *name)
{
	struct kept like = { .pinned = 1 };
	char path[PINFS_PATH_BYTES];
	struct kept *kept;
	int fd;

	if (sscanf(name, PINFS_NAME, &like.keep_id, &like.kind, &like.obj_id, &like.uid) != 4 ||
	    !like.keep_id || keep_find(keep, like.keep_id) || pinfs_path(keep, &like, path) < 0)
		return;
	fd = pinfs_call(BPF_OBJ_GET, path, 0);
	if (fd < 0 || keep_add(keep, fd, &like, &kept) < 0)
		fprintf(stderr, "bpfgated: cannot adopt %s: it stays where it is\n", path);
}

int pinfs_open(struct keep *keep, const char *dir)
{
	struct kept *kept, *tmp;
	struct dirent *entry;
	OWN_FD int fd = -1;
	DIR *list;
	int r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = fd < 0 ? -errno : pinfs_check_dir(fd);
	if (r < 0)
		return r;
	list = fdopendir(fd);
	if (!list)
		return -errno;
	(void)TAKE_FD(fd);
	keep->pin_dir = dir;
	while ((entry = readdir(list)))
		pinfs_adopt(keep, entry->d_name);
	(void)closedir(list);
	HASH_ITER (hh, keep->by_id, kept, tmp) {
		if (kept->pinned)
			pinfs_pin(keep, kept);
	}
	return 0;
}
