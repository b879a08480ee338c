/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity comes from the kernel alone: socket credentials, supplementary groups, LSM label, and the
 * cgroup of the process that connected. Nothing a client says about itself is read here. What cannot
 * be established is left empty, and an empty fact matches no rule; but without its groups nobody is served.
 */
#include "daemon/broker/store/ident.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/own.h"

/* Debian 12's headers predate these. */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE	71
#endif

#define CGROUP_FILE_BYTES	8192	/* a line per hierarchy; the kernel's path limit is 4096 */

static bool ident_has_suffix(const char *name, size_t bytes, const char *suffix)
{
	size_t n = strlen(suffix);

	return bytes > n && memcmp(name + bytes - n, suffix, n) == 0;
}

static bool ident_is_unit_name(const char *name, size_t bytes)
{
	static const char *const suffixes[] = { ".service", ".scope",  ".socket", ".mount",
						".swap",    ".target", ".timer" };

	for (size_t i = 0; i < ARRAY_CNT(suffixes); i++)
		if (ident_has_suffix(name, bytes, suffixes[i]))
			return true;
	return false;
}

void ident_unit_of_cgroup(const char *path, char *ret_unit, size_t unit_bytes)
{
	const char *p = path;

	ret_unit[0] = '\0';
	while (*p) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n > 0 && ident_has_suffix(p, n, ".slice")) {
			p += n;
			continue;
		}
		/* systemd escapes names that would clash with cgroup files by an underscore. */
		if (n > 0 && *p == '_') {
			p++;
			n--;
		}
		if (ident_is_unit_name(p, n) && n < unit_bytes) {
			memcpy(ret_unit, p, n);
			ret_unit[n] = '\0';
		}
		return;
	}
}

/* The path in a line "ID:CONTROLLERS:PATH"; NULL when it is of other ones. A path may hold colons, too. */
static char *ident_path_of(char *line, const char *controllers)
{
	char *field = strchr(line, ':');
	size_t n = strlen(controllers);

	if (!field || strncmp(field + 1, controllers, n) != 0 || field[n + 1] != ':')
		return NULL;
	return field + n + 2;
}

char *ident_find_cgroup_path(char *text)
{
	char *unified = NULL, *named = NULL, *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!unified)
			unified = ident_path_of(line, "");
		if (!named)
			named = ident_path_of(line, "name=systemd");
	}
	return named && (!unified || strcmp(unified, "/") == 0) ? named : unified;
}

static int ident_read_file(const char *path, char *buf, size_t bytes)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, bytes - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

static bool ident_is_alive(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static void ident_read_unit(int sock_fd, struct ident *ident)
{
	char path[64], text[CGROUP_FILE_BYTES];
	OWN_FD int pidfd = -1;
	socklen_t len = sizeof(pidfd);
	char *cgroup;
	int taken = -1;

	if (getsockopt(sock_fd, SOL_SOCKET, SO_PEERPIDFD, &taken, &len) < 0)
		return;
	pidfd = taken;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)ident->pid);
	if (ident_read_file(path, text, sizeof(text)) < 0)
		return;
	/* Alive now means that the pid was not reused while we read. */
	if (!ident_is_alive(pidfd))
		return;
	cgroup = ident_find_cgroup_path(text);
	if (cgroup)
		ident_unit_of_cgroup(cgroup, ident->unit, sizeof(ident->unit));
}

static void ident_read_label(int sock_fd, struct ident *ident)
{
	socklen_t len = sizeof(ident->label) - 1;

	if (getsockopt(sock_fd, SOL_SOCKET, SO_PEERSEC, ident->label, &len) < 0)
		len = 0;
	ident->label[len] = '\0';
}

int ident_new(int sock_fd, struct ident **ret_ident)
{
	gid_t groups[IDENT_GROUPS_MAX];
	socklen_t len = sizeof(groups);
	struct ucred cred;
	struct ident *ident;
	bool groups_unknown = false;
	socklen_t cred_len = sizeof(cred);

	if (getsockopt(sock_fd, SOL_SOCKET, SO_PEERCRED, &cred, &cred_len) < 0)
		return -errno;
	if (getsockopt(sock_fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0) {
		groups_unknown = true;
		len = 0;
	}

	ident = calloc(1, sizeof(*ident) + len);
	if (!ident)
		return -ENOMEM;
	ident->ref_cnt = 1;
	ident->uid = cred.uid;
	ident->gid = cred.gid;
	ident->pid = cred.pid;
	ident->groups_unknown = groups_unknown;
	ident->group_cnt = len / sizeof(gid_t);
	memcpy(ident->groups, groups, len);
	ident_read_label(sock_fd, ident);
	ident_read_unit(sock_fd, ident);
	len = sizeof(ident->netns_cookie);
	if (getsockopt(sock_fd, SOL_SOCKET, SO_NETNS_COOKIE, &ident->netns_cookie, &len) < 0)
		ident->netns_cookie = 0;
	*ret_ident = ident;
	return 0;
}

struct ident *ident_ref(struct ident *ident)
{
	ident->ref_cnt++;
	return ident;
}

void ident_unref(struct ident *ident)
{
	if (ident && --ident->ref_cnt == 0)
		free(ident);
}
