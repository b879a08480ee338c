/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client may mount what it likes in a namespace of its own and show us any path; it cannot make one
 * cgroup the parent of another. So the walk upwards never leaves the mount it began in, where ".." is
 * the kernel's own hierarchy: at the root of that mount, or when ".." leads into another, it ends.
 */
#include "daemon/broker/ask/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/broker/store/kinds.h"
#include "proto/own.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

static int cgroups_look(int fd, struct statx *ret_stx)
{
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, ret_stx) < 0)
		return -errno;
	if (!S_ISDIR(ret_stx->stx_mode) || !(ret_stx->stx_mask & STATX_MNT_ID))
		return -EBADF;
	return 0;
}

static struct policy_object_id cgroups_id_of(const struct statx *stx)
{
	return (struct policy_object_id){ makedev(stx->stx_dev_major, stx->stx_dev_minor),
					  stx->stx_ino };
}

int cgroups_find_ancestors(int fd, struct policy_object_id ids[CGROUPS_DEPTH_MAX])
{
	OWN_FD int at = -1;
	struct statx stx, up;
	int cnt = 0, r;

	/* Nothing is asked of a file before it is known for a cgroup. */
	if (kinds_of(fd) != KIND_CGROUP)
		return -EBADF;
	r = cgroups_look(fd, &stx);
	if (r < 0)
		return -EBADF;
	ids[cnt++] = cgroups_id_of(&stx);
	while (cnt < CGROUPS_DEPTH_MAX && (stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	       !(stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
		int next = openat(at < 0 ? fd : at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (next < 0)
			break;
		own_close_fd(&at);
		at = next;
		if (cgroups_look(at, &up) < 0 || up.stx_mnt_id != stx.stx_mnt_id)
			break;
		stx = up;
		ids[cnt++] = cgroups_id_of(&stx);
	}
	return cnt;
}
