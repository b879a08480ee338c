/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of the host a client's descriptor is, for probes in it. */
#ifndef BPFGATE_DAEMON_FILES_H
#define BPFGATE_DAEMON_FILES_H

#include <limits.h>

#include "policy/policy.h"

struct file_name {
	char text[PATH_MAX]; /* under which our own mount namespace has it */
	struct policy_object_id id;
};

/*
 * 0 and *ret_name; -EACCES: not open for reading; -EXDEV: what the kernel calls it leads to another
 * file here, or to none; -EOPNOTSUPP: no regular file, or on a file system that may let whoever
 * reads it wait for somebody. Waits for nobody itself.
 */
int files_name(int fd, struct file_name *ret_name);

#endif
