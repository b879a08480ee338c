/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message on a SOCK_SEQPACKET socket, with its file descriptors: what every channel between the
 * processes of bpfgate is made of. A message arrives whole or not at all.
 */
#ifndef BPFGATE_PROTO_PACKET_H
#define BPFGATE_PROTO_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proto/own.h"

#define PACKET_FDS_MAX	253u		/* SCM_MAX_FD of the kernel: one more is EINVAL */
#define PACKET_BYTES_MAX 131072u	/* fits the stock SO_SNDBUF (212,960) with room for a second */

/* Descriptors that came with a message; owned by this struct until taken. */
struct packet_fds {
	int fd[PACKET_FDS_MAX];
	uint32_t cnt;
};

/* Closes what was not taken; entries set to -1 (TAKE_FD) are skipped. Accepts an empty one. */
void packet_fds_done(struct packet_fds *fds);
#define OWN_PACKET_FDS __attribute__((cleanup(packet_fds_done)))

/* Hands descriptor idx on, or -1 when there is none: the caller owns it. */
int packet_fds_take(struct packet_fds *fds, uint32_t idx);

/*
 * Sends the parts as one message, with fd_cnt borrowed descriptors. flags as sendmsg(2);
 * MSG_NOSIGNAL is added. 0, or -errno (-EAGAIN with MSG_DONTWAIT, -EPIPE when the peer is gone).
 */
int packet_send(int sock, const struct iovec *parts, size_t part_cnt, const int *fds, size_t fd_cnt,
		int flags);

/*
 * Receives one message of at most buf_bytes. flags as recvmsg(2); MSG_CMSG_CLOEXEC is added.
 * ret_fds is written always; on failure, too, it owns what came: how to close it is the caller's choice. Returns its length, 0 when the peer has closed,
 * -EMSGSIZE when it was longer, -ETOOMANYREFS when descriptors were lost (MSG_CTRUNC), or -errno.
 * ret_fds may be NULL: then descriptors are not received at all.
 */
int packet_recv(int sock, void *buf, size_t buf_bytes, struct packet_fds *ret_fds, int flags);

/*
 * All of a payload that came as a file, from that offset on. pread(2), not mmap(2): a file that shrinks meanwhile gives
 * an error, not a signal. 0, -EBADMSG when it ends before, or -errno.
 */
int packet_read_payload(int fd, size_t from, void *dst, size_t bytes);

#endif
