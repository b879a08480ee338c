/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a child with exactly the privileges it needs: uid, capabilities, network namespace, descriptors. */
#ifndef BPFGATE_DAEMON_SPAWN_H
#define BPFGATE_DAEMON_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_FDS_MAX	 4u
#define SPAWN_FLAGS_TEXT 12u

struct spawn {
	const char *path;	/* of the binary */
	char *const *argv;	/* NULL-terminated */
	uid_t uid;
	gid_t gid;
	uint64_t caps;		/* 1 << CAP_x: permitted, inheritable, ambient; nothing else remains */
	int netns;		/* network namespace to enter first, or -1 */
	int unshare;		/* CLONE_NEW*: what it gets of its own, as far as there is; a pid namespace holds its children */
	char *unshared;		/* an argument of argv, SPAWN_FLAGS_TEXT bytes: the child reads here which it got (0x...); or NULL */
	int fds[SPAWN_FDS_MAX];	/* placed at 3, 4, ...; borrowed */
	size_t fd_cnt;
};

/*
 * Forks and executes. 0 with the pid of a child that the caller reaps, or -errno of fork. What fails in
 * the child is told on standard error and ends it with status 127.
 */
int spawn_run(const struct spawn *spawn, pid_t *ret_pid);

#endif
