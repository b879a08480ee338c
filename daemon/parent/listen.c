/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that nobody can connect before the socket's owner and mode are set (it appears under its name
 * only after they are), and that a running daemon's socket is never taken from it.
 */
#include "daemon/parent/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/own.h"

#define BACKLOG	  1024
#define DYING_MS  2000 /* as bpfgated waits for children that it killed itself */
#define DYING_MAX 8    /* each of them may have accepted one connection before it died */

static int path_to_address(const char *path, const char *suffix, struct sockaddr_un *ret_addr)
{
	int len;

	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->sun_family = AF_UNIX;
	len = snprintf(ret_addr->sun_path, sizeof(ret_addr->sun_path), "%s%s", path, suffix);
	return len < 0 || (size_t)len >= sizeof(ret_addr->sun_path) ? -ENAMETOOLONG : 0;
}

/* The directory itself only: a missing parent is a mistake in the path. */
static int make_directory_of(const char *path)
{
	struct sockaddr_un copy;
	int r = path_to_address(path, "", &copy);

	if (r < 0)
		return r;
	return mkdir(dirname(copy.sun_path), 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/*
 * 0: nobody listens. Children of a bpfgated that was killed end a moment after it, and hold its socket until then: who
 * hangs up is asked again, who holds on to the connection is alive.
 */
static int refuse_if_alive(const struct sockaddr_un *addr)
{
	for (unsigned int times = 0; times < DYING_MAX; times++) {
		OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		struct pollfd hung_up = { .fd = fd };

		if (fd < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
			return errno == ENOENT || errno == ECONNREFUSED ? 0 : -errno;
		if (poll(&hung_up, 1, DYING_MS) <= 0)
			return -EADDRINUSE;
	}
	return -EADDRINUSE;
}

/* By name, or by number as chgrp(1) takes it. */
static int find_group(const char *group, gid_t *ret_gid)
{
	const struct group *entry = getgrnam(group);
	char *end;
	unsigned long gid = strtoul(group, &end, 10);

	if (!entry && (!*group || *end || gid >= UINT32_MAX))
		return -ESRCH;
	*ret_gid = entry ? entry->gr_gid : (gid_t)gid;
	return 0;
}

static int give_to_group(const char *path, const char *group)
{
	gid_t gid;
	int r = find_group(group, &gid);

	if (r < 0)
		return r;
	return chown(path, 0, gid) < 0 || chmod(path, 0660) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *addr, const char *group)
{
	mode_t old = umask(0177);
	int r = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0 ? -errno : 0;

	(void)umask(old);
	if (r == 0)
		r = give_to_group(addr->sun_path, group);
	if (r == 0 && listen(fd, BACKLOG) < 0)
		r = -errno;
	return r;
}

int listen_on_path(const char *path, const char *group, int *ret_fd)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr, fresh;
	int r;

	if (fd < 0)
		return -errno;
	r = path_to_address(path, "", &addr);
	if (r == 0)
		r = path_to_address(path, ".new", &fresh);
	if (r == 0)
		r = make_directory_of(path);
	if (r == 0)
		r = refuse_if_alive(&addr);
	if (r < 0)
		return r;
	(void)unlink(fresh.sun_path);
	r = bind_and_listen(fd, &fresh, group);
	if (r == 0 && rename(fresh.sun_path, addr.sun_path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(fresh.sun_path);
		return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
