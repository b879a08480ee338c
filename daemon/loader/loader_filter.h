/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that a loader keeps after its set-up. */
#ifndef BPFGATE_DAEMON_LOADER_FILTER_H
#define BPFGATE_DAEMON_LOADER_FILTER_H

/*
 * Irrevocably limits this process to an allow-list; anything else kills it. bpf(2) is on it, and nothing else
 * that takes a path. no_new_privs must be set. 0 or -errno.
 */
int loader_filter_install(void);

#endif
