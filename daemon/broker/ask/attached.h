/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands where a program is to come or to go. */
#ifndef BPFGATE_DAEMON_ATTACHED_H
#define BPFGATE_DAEMON_ATTACHED_H

#include "daemon/broker/work/work.h"

/* What was found, in the handler's state. */
struct attached {
	uint32_t prog_id;		/* the program that is presented, or that would go */
	uint64_t revision;		/* of the list that was looked at; 0: there is none */
};

/*
 * For PROG_ATTACH and PROG_DETACH where the kernel replaces or takes away whatever program is
 * there, whoever presents whichever: cgroups without BPF_F_ALLOW_MULTI, socket maps, flow
 * dissectors. -EPERM: an attach would replace another user's. -ENOENT: prog_id, which is to be
 * detached, is not there. then is called (0, or as the kernel says) at once when nothing can be
 * lost, else when the kernel has been asked. attached->revision is then that of the place.
 */
void attached_check(struct work *work, struct attached *attached, uint32_t prog_id,
		    work_then_fn then);

/*
 * For a PROG_DETACH that names no program (attached_is_unnamed()): attached->prog_id becomes the
 * program that the kernel would take away, by its rules for flags and anchors, and its revision the
 * list that this was read off. -EPERM: it is another user's. Else as the kernel: -EINVAL, -ENOENT,
 * -EBUSY (a link stands there), -ERANGE, -ESTALE.
 */
void attached_find(struct work *work, struct attached *attached, work_then_fn then);
/* Whether it is such a one. */
bool attached_is_unnamed(const struct work *work);

#endif
