/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the daemon takes a connection for: the facts that it reads off the socket and that a thread
 * may change at any time (setuid(2) and its like, unshare(2), setns(2)).
 */
#ifndef BPFGATE_CLIENT_WHO_H
#define BPFGATE_CLIENT_WHO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WHO_GROUPS_MAX 256 /* the daemon serves nobody who has more */

struct who {
	uint64_t netns_cookie;
	uid_t uids[2]; /* real, effective */
	gid_t gids[2];
	int group_cnt; /* -1: more than WHO_GROUPS_MAX, or not to be had */
	gid_t groups[WHO_GROUPS_MAX];
};

/*
 * The calling thread, as a connection made now would show it. Asks the kernel each time: whatever
 * is remembered may be of another thread, or of a moment ago. 0, or -errno of socket(2) or
 * getsockopt(2).
 */
int who_look(struct who *ret_who);

/* Never when the groups of one are unknown. */
bool who_is_same(const struct who *a, const struct who *b);

#endif
