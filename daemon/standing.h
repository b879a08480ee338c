/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands at a cgroup where only one program can. */
#ifndef BPFGATE_DAEMON_STANDING_H
#define BPFGATE_DAEMON_STANDING_H

#include "daemon/work.h"

/* Called with 0, or -errno: what the kernel says, -ENOENT or -EPERM as below. */
typedef void (*standing_done_fn)(struct work *work, int err);

/*
 * For PROG_ATTACH and PROG_DETACH at a cgroup: without BPF_F_ALLOW_MULTI the kernel replaces, and takes away,
 * whatever program is there, whoever presents whichever. -EPERM: an attach would replace another user's.
 * -ENOENT: prog_id, which is to be detached, is not there. done is called at once when nothing can be lost, else
 * when the kernel has been asked.
 */
void standing_check(struct work *work, uint32_t prog_id, standing_done_fn done);

#endif
