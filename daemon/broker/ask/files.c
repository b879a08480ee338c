/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a name is that of this very file in the host: the text that the kernel has for a
 * descriptor may come from a mount namespace of the client's making, so it counts only where it
 * leads to the same file here. Looked up in the kernel's cache alone (RESOLVE_CACHED): the file is
 * open, so its name is there, and no server of a file system is asked. Trusts the list of mounts in
 * /proc for what kind of file system that is.
 */
#include "daemon/broker/ask/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/broker/store/kinds.h"
#include "proto/own.h"

#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20 /* Linux 5.12 */
#endif

/* Read from a disk or from memory by the kernel itself. */
static const char *const files_local[] = { "ext2",   "ext3",	 "ext4",     "xfs",   "btrfs",
					   "f2fs",   "bcachefs", "zfs",	     "tmpfs", "ramfs",
					   "rootfs", "overlay",	 "squashfs", "erofs", "iso9660" };

static bool files_are_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor;
}

static int files_look(int fd, struct statx *ret_stx)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		     STATX_TYPE | STATX_INO | STATX_MNT_ID, ret_stx) < 0
		       ? -errno
		       : 0;
}

/* "36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/root rw": the first number, and the word
 * after the dash. */
static bool files_mount_is_local(uint64_t mnt_id)
{
	OWN_FILE FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4 * PATH_MAX], type[64];
	unsigned long long id;

	while (mounts && fgets(line, sizeof(line), mounts)) {
		const char *dash = strstr(line, " - ");

		if (sscanf(line, "%llu ", &id) != 1 || id != mnt_id)
			continue;
		if (!dash || sscanf(dash, " - %63s", type) != 1)
			return false;
		for (size_t i = 0; i < ARRAY_CNT(files_local); i++)
			if (strcmp(files_local[i], type) == 0)
				return true;
		return false;
	}
	return false;
}

static int files_open_cached(const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_CACHED | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -EXDEV : (int)fd;
}

int files_name(int fd, struct file_name *ret_name)
{
	int flags = fcntl(fd, F_GETFL);
	OWN_FD int here = -1;
	struct statx theirs, ours;

	if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	kinds_read_name(fd, ret_name->text, sizeof(ret_name->text));
	if (ret_name->text[0] != '/')
		return -EOPNOTSUPP;
	here = files_open_cached(ret_name->text);
	if (here < 0)
		return here;
	if (files_look(fd, &theirs) < 0 || files_look(here, &ours) < 0 ||
	    !files_are_same(&theirs, &ours))
		return -EXDEV;
	if (!S_ISREG(ours.stx_mode) || !files_mount_is_local(ours.stx_mnt_id))
		return -EOPNOTSUPP;
	ret_name->id = (struct policy_object_id){ makedev(ours.stx_dev_major, ours.stx_dev_minor),
						  ours.stx_ino };
	return 0;
}
