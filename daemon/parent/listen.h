/* SPDX-License-Identifier: Apache-2.0 */
/* The clients' socket when no service manager made it. */
#ifndef BPFGATE_DAEMON_LISTEN_H
#define BPFGATE_DAEMON_LISTEN_H

/*
 * Listens on path, for root and the group (a name or a number). A dead socket of an earlier run is
 * replaced; -EADDRINUSE when one is alive. 0 with *ret_fd the caller's, or -errno (-ESRCH: no such group).
 */
int listen_on_path(const char *path, const char *group, int *ret_fd);

#endif
