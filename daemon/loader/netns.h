/* SPDX-License-Identifier: Apache-2.0 */
/* The network namespace a loader stands in: the broker may enter none, so it asks. */
#ifndef BPFGATE_DAEMON_NETNS_H
#define BPFGATE_DAEMON_NETNS_H

#include <stdint.h>

#include "daemon/privsep.h"

#define NETNS_FD 500	/* its socket stays clear of the numbers that approvals use */

struct netns {
	uint64_t dev, ino;
	int sock;	/* to ask for names with; owned, for the life of the loader */
};

/* Before the loader locks itself down. 0 or -errno. */
int netns_look(struct netns *ret_netns);

/* Fills view from view->ifindex. */
void netns_describe(const struct netns *netns, struct door_netns *view);

#endif
