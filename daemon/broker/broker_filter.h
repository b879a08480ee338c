/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that the broker keeps after its set-up. */
#ifndef BPFGATE_DAEMON_BROKER_FILTER_H
#define BPFGATE_DAEMON_BROKER_FILTER_H

/*
 * Irrevocably limits this process to an allow-list; of bpf(2) only OBJ_GET_INFO_BY_FD is on it. Anything
 * else fails with EPERM. 0 or -errno.
 */
int broker_filter_install(void);

#endif
