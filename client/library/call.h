/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bpf(2) call of some process, answered: by the kernel where it asks no privilege, by the daemon
 * otherwise. What libbpfgate does for its own process and `bpfgate run` for another.
 */
#ifndef BPFGATE_CLIENT_CALL_H
#define BPFGATE_CLIENT_CALL_H

#include "proto/codec.h"

/* What the answer brought beside the result. */
struct call_outcome {
	uint64_t decision;
	char reason[4096]; /* "" if there is nothing to add; cut, always ends in NUL */
};

/*
 * Sends the call to the daemon and writes its outputs into the source's memory.
 * Returns >= 0 or -errno as bpf(2) would. *ret_fd is the result's fd, the caller's to keep, or -1 when the
 * result is a number (returned). -EPERM with a reason when there is no daemon.
 */
int call_daemon(const struct codec_source *src, uint32_t cmd, uint64_t attr_addr,
		uint32_t attr_bytes, struct call_outcome *outcome, int *ret_fd);

/*
 * bpf(2) for this process. attr may be any pointer the application came up with. Returns >= 0 or -errno.
 */
int call_bpf(uint32_t cmd, const void *attr, uint32_t attr_bytes, struct call_outcome *outcome);

/*
 * Whether a call of a CMD_LOCAL row names what could be a handle, so that only the daemon can carry it out.
 * An attr that cannot be read names nothing.
 */
bool call_may_need_daemon(const struct codec_source *src, const struct cmd_row *row,
			  uint64_t attr_addr, uint32_t attr_bytes);

/*
 * Whether an open file of this process could be a handle: a socket of the kind that handles are. Cheap, and never
 * wrong about a BPF fd; the daemon alone knows whether it is one.
 */
bool call_maybe_handle(int fd);

#endif
