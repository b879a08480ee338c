/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a socket, as the kernel attests it. */
#ifndef BPFGATE_DAEMON_IDENT_H
#define BPFGATE_DAEMON_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define IDENT_UNIT_BYTES	256	/* UNIT_NAME_MAX of systemd, with its NUL */
#define IDENT_LABEL_BYTES	256
#define IDENT_GROUPS_MAX	256	/* whoever has more is refused: nobody needs them, and rules are about them */

/* Immutable once made; shared by the session and its requests. */
struct ident {
	unsigned int ref_cnt;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	char unit[IDENT_UNIT_BYTES];	/* system unit; "" when unknown */
	char label[IDENT_LABEL_BYTES];	/* LSM label; "" when there is none */
	uint64_t netns_cookie;		/* of the socket; 0 when unknown */
	bool groups_unknown;		/* too many, or not to be had: then rules cannot be applied */
	size_t group_cnt;
	gid_t groups[];			/* supplementary groups */
};

/*
 * Reads the peer of a connected AF_UNIX socket. The unit is read from /proc/PID/cgroup while a pidfd
 * shows that the process lives; a peer that is gone by then has no unit. 0 or -errno; *ret_ident has
 * one reference.
 */
int ident_new(int sock_fd, struct ident **ret_ident);
struct ident *ident_ref(struct ident *ident);
void ident_unref(struct ident *ident);

/*
 * The system unit that a cgroup path belongs to: the first component that is not a slice, if it is a
 * unit name. "/user.slice/user-5.slice/user@5.service/app.slice/x.service" is user@5.service: a unit
 * of somebody's user manager is never a system unit. Writes "" when there is none.
 */
void ident_unit_of_cgroup(const char *path, char *ret_unit, size_t unit_bytes);

/*
 * Where the process of this /proc/PID/cgroup (text is cut into lines) is: in the unified hierarchy, or in
 * systemd's own when that says nothing. Inside text; NULL when it is in neither.
 */
char *ident_find_cgroup_path(char *text);

#endif
