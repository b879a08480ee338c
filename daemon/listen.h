/* SPDX-License-Identifier: Apache-2.0 */
/* The clients' socket when no service manager made it, and the ledger's memory when it is new. */
#ifndef BPFGATE_DAEMON_LISTEN_H
#define BPFGATE_DAEMON_LISTEN_H

/*
 * Listens on path, for root and the group (a name or a number). A dead socket of an earlier run is
 * replaced; -EADDRINUSE when one is alive. 0 with *ret_fd the caller's, or -errno (-ESRCH: no such group).
 */
int listen_on_path(const char *path, const char *group, int *ret_fd);

/* An empty memfd that no later process can make executable. 0 with *ret_fd the caller's, or -errno. */
int listen_make_ledger(int *ret_fd);

/*
 * The file at path, made where it is missing: root's alone, on a tmpfs, so that it does not outlive the kernel
 * whose objects it names. It gets the bytes of old_fd (borrowed, -1: none) where that is another file. 0
 * with *ret_fd the caller's, or -errno.
 */
int listen_open_ledger(const char *path, int old_fd, int *ret_fd);

#endif
