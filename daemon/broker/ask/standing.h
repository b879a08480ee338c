/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands where a program is to come or to go. */
#ifndef BPFGATE_DAEMON_STANDING_H
#define BPFGATE_DAEMON_STANDING_H

#include "daemon/broker/work/work.h"

/* Called with 0, or -errno: what the kernel says, -ENOENT or -EPERM as below. */
typedef void (*standing_done_fn)(struct work *work, int err);

/*
 * For PROG_ATTACH and PROG_DETACH where the kernel replaces or takes away whatever program is there, whoever
 * presents whichever: cgroups without BPF_F_ALLOW_MULTI, socket maps, flow dissectors. -EPERM: an attach would
 * replace another user's. -ENOENT: prog_id, which is to be detached, is not there. done is called at once when
 * nothing can be lost, else when the kernel has been asked. work->standing_revision is then that of the place.
 */
void standing_check(struct work *work, uint32_t prog_id, standing_done_fn done);

/*
 * For a PROG_DETACH that names no program (standing_is_unnamed()): work->standing_of becomes the program that the
 * kernel would take away, by its rules for flags and anchors, and standing_revision the list that this was read
 * off. -EPERM: it is another user's. Else as the kernel: -EINVAL, -ENOENT, -EBUSY (a link stands there),
 * -ERANGE, -ESTALE.
 */
void standing_find(struct work *work, standing_done_fn done);
bool standing_is_unnamed(const struct work *work);

#endif
