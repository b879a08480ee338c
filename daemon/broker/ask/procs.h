/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the process behind a client's pidfd is. */
#ifndef BPFGATE_DAEMON_PROCS_H
#define BPFGATE_DAEMON_PROCS_H

#include <stdbool.h>
#include <sys/types.h>

struct proc_facts {
	pid_t pid; /* in our pid namespace: of this process as long as the pidfd says that it lives
		    */
	bool own;  /* a process that this user could trace: all its uids are the user's, and it is
		      dumpable */
};

/* 0; -ESRCH: it has gone; -EBADF: that is not a pidfd, or of a process that we cannot see. */
int procs_look(int pidfd, uid_t uid, struct proc_facts *ret_facts);

#endif
