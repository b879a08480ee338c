/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a child starts with the listed descriptors and 0-2 and no others, with the listed
 * capabilities and no others in any set (the bounding set included), with no supplementary groups and
 * with no_new_privs. Any step that fails ends the child before it has executed anything.
 */
#include "daemon/parent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/parent/confine.h"
#include "proto/own.h"

#define FIRST_FD 3
#define PARK_FD	 64 /* above every fixed number, so that placing one does not overwrite another */

static int child_place_fds(const struct spawn *spawn)
{
	int parked[SPAWN_FDS_MAX];
	size_t i;

	for (i = 0; i < spawn->fd_cnt; i++) {
		parked[i] = fcntl(spawn->fds[i], F_DUPFD, PARK_FD);
		if (parked[i] < 0)
			return -errno;
	}
	for (i = 0; i < spawn->fd_cnt; i++) {
		if (dup2(parked[i], FIRST_FD + (int)i) < 0)
			return -errno;
	}
	return close_range((unsigned int)(FIRST_FD + (int)spawn->fd_cnt), ~0u, 0) < 0 ? -errno : 0;
}

static int child_set_ids(const struct spawn *spawn)
{
	if (spawn->caps && prctl(PR_SET_KEEPCAPS, 1) < 0)
		return -errno;
	if (setgroups(0, NULL) < 0 || setresgid(spawn->gid, spawn->gid, spawn->gid) < 0 ||
	    setresuid(spawn->uid, spawn->uid, spawn->uid) < 0)
		return -errno;
	return 0;
}

static int child_set_caps(uint64_t caps)
{
	unsigned long cap;
	int r = confine_caps(caps, caps);

	if (r < 0)
		return r;
	for (cap = 0; cap < 64; cap++) {
		if ((caps >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* What the service manager told bpfgated is not for its children: they could speak in its name. */
static void child_forget_manager(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC" };
	size_t i;

	for (i = 0; i < ARRAY_CNT(names); i++)
		(void)unsetenv(names[i]);
}

static int child_reset_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

/* Each stands alone: a kernel or a service manager that withholds one leaves the others. */
static void child_unshare(const struct spawn *spawn)
{
	unsigned int flag, got = 0;

	for (flag = 1; flag && flag <= (unsigned int)spawn->unshare; flag <<= 1) {
		if (((unsigned int)spawn->unshare & flag) && unshare((int)flag) == 0)
			got |= flag;
	}
	if (spawn->unshared)
		(void)snprintf(spawn->unshared, SPAWN_FLAGS_TEXT, "0x%x", got);
}

static int child_become(const struct spawn *spawn)
{
	int r = child_reset_signals();

	if (r == 0 && spawn->netns >= 0 && setns(spawn->netns, CLONE_NEWNET) < 0)
		r = -errno;
	if (r == 0)
		r = child_place_fds(spawn);
	if (r < 0)
		return r;
	child_unshare(spawn);
	child_forget_manager();
	confine_bounding(spawn->caps);
	r = child_set_ids(spawn);
	if (r == 0)
		r = child_set_caps(spawn->caps);
	if (r < 0)
		return r;
	(void)execv(spawn->path, spawn->argv);
	return -errno;
}

/* Between fork and exec: nothing that allocates or buffers. */
static void child_complain(const char *path, int err)
{
	const char *parts[] = { "bpfgated: cannot start ", path, ": ", strerrordesc_np(err), "\n" };
	size_t i;

	for (i = 0; i < ARRAY_CNT(parts); i++) {
		if (parts[i] && write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
			return;
	}
}

int spawn_run(const struct spawn *spawn, pid_t *ret_pid)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		child_complain(spawn->path, -child_become(spawn));
		_exit(127);
	}
	*ret_pid = pid;
	return 0;
}
