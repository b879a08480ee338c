/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader sends back: the outcome to the broker, what must be held to bpfgated. */
#ifndef BPFGATE_DAEMON_DOOR_H
#define BPFGATE_DAEMON_DOOR_H

#include "daemon/loader/approval.h"
#include "daemon/loader/kern.h"
#include "daemon/loader/netns.h"

/*
 * Answers an approval: the object goes to bpfgated over `keep` or to the broker over `door`, as the
 * approval says, the rest to the broker. outcome->fd is consumed. 0 or -errno: the peer is gone.
 */
int door_answer_outcome(int door, int keep, const struct approval *approval,
			struct kern_outcome *outcome);

/* Answers that the kernel was not asked, and why (err > 0). 0 or -errno as above. */
int door_answer_refused(int door, uint64_t approval_id, int err);

/* Answers DOOR_NETNS from what the loader knew at its start. 0 or -errno as above. */
int door_answer_netns(int door, const struct approval *approval, const struct netns *netns);

#endif
