/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a thread. Promises the kernel's own words: libc's getters are plain system calls,
 * which answer for the calling thread, and the namespace is that of a socket made for the question.
 */
#include "client/library/who.h"

#include "proto/own.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Debian 12's headers predate it. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A socket costs less than a look into /proc, which may not be there. */
static int who_look_netns(uint64_t *ret_cookie)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(*ret_cookie);

	if (sock < 0 || getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &bytes) < 0)
		return -errno;
	return 0;
}

int who_look(struct who *ret_who)
{
	ret_who->uids[0] = getuid();
	ret_who->uids[1] = geteuid();
	ret_who->gids[0] = getgid();
	ret_who->gids[1] = getegid();
	ret_who->group_cnt = getgroups(WHO_GROUPS_MAX, ret_who->groups);
	return who_look_netns(&ret_who->netns_cookie);
}

bool who_is_same(const struct who *a, const struct who *b)
{
	if (a->group_cnt < 0 || a->group_cnt != b->group_cnt || a->netns_cookie != b->netns_cookie)
		return false;
	return memcmp(a->uids, b->uids, sizeof(a->uids)) == 0 &&
	       memcmp(a->gids, b->gids, sizeof(a->gids)) == 0 &&
	       memcmp(a->groups, b->groups, (size_t)a->group_cnt * sizeof(gid_t)) == 0;
}
