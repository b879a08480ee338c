/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroup a client's descriptor is, and which cgroups that one lies in. */
#ifndef BPFGATE_DAEMON_CGROUPS_H
#define BPFGATE_DAEMON_CGROUPS_H

#include <stddef.h>

#include "policy/policy.h"

#define CGROUPS_DEPTH_MAX 64

/*
 * The cgroup behind fd and its ancestors, nearest first, by device and inode. The walk ends where the
 * mount that fd was opened through ends: what lies above is not known then, and no rule for it
 * matches. Returns their number, or -EBADF when fd is not a directory of cgroupfs.
 */
int cgroups_find_ancestors(int fd, struct policy_object_id ids[CGROUPS_DEPTH_MAX]);

#endif
