/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that what is told is of the process behind the pidfd: what was read under its number
 * counts only if it is still alive afterwards. Trusts /proc.
 */
#include "daemon/broker/ask/procs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/broker/store/kinds.h"
#include "proto/own.h"

/* The number after `key` in a line of a file under /proc; up to four of them. */
static int procs_read(const char *path, const char *key, unsigned int value[4])
{
	OWN_FILE FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			return sscanf(line + strlen(key), "%u %u %u %u", &value[0], &value[1],
				      &value[2], &value[3]);
	return 0;
}

static bool procs_lives(int pidfd)
{
	struct pollfd look = { .fd = pidfd, .events = POLLIN };

	return poll(&look, 1, 0) == 0;
}

/* What is not dumpable, as after it ran a set-user-ID file, belongs to root there; but for the
 * directory itself. */
static bool procs_is_own(pid_t pid, uid_t uid)
{
	char path[32];
	unsigned int uids[4];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (stat(path, &st) < 0 || st.st_uid != uid)
		return false;
	return procs_read(path, "Uid:", uids) == 4 && uids[0] == uid && uids[1] == uid &&
	       uids[2] == uid && uids[3] == uid;
}

int procs_look(int pidfd, uid_t uid, struct proc_facts *ret_facts)
{
	char path[48];
	unsigned int pid[4] = { 0 };

	if (kinds_of(pidfd) != KIND_PIDFD)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	if (procs_read(path, "Pid:", pid) != 1)
		return -ESRCH;
	if ((int)pid[0] <= 0)
		return (int)pid[0] < 0 ? -ESRCH : -EBADF;
	*ret_facts = (struct proc_facts){ (pid_t)pid[0], procs_is_own((pid_t)pid[0], uid) };
	return procs_lives(pidfd) ? 0 : -ESRCH;
}
