/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames over a SOCK_SEQPACKET socket: one message, its fds, and the sealed memfd that carries a
 * body too large to go inline. Knows heads and nothing of what a body means.
 */
#ifndef BPFGATE_PROTO_CHANNEL_H
#define BPFGATE_PROTO_CHANNEL_H

#include "proto/own.h"
#include "proto/wire.h"

#include <stdbool.h>

/* A received frame. Owns everything in it. The head is in host order. */
struct message {
	struct wire_head head;
	uint8_t *body; /* head.body_bytes, aligned for any type; NULL before channel_load_body() */
	int body_fd;   /* the memfd that holds it, or -1; not verified yet */
	size_t loaded; /* bytes of the body that were copied from there */
	unsigned int fd_cnt;
	int fds[WIRE_FDS_MAX];
};

#define MESSAGE_INIT ((struct message){ .body_fd = -1 })

/* Frees and closes what the message holds and leaves it empty. */
void message_done(struct message *msg);

#define OWN_MESSAGE __attribute__((cleanup(message_done)))

/*
 * Where recvmsg() puts a message before its size is known; one per thread, reused for every
 * connection. Owned by the caller, no set-up needed.
 */
struct channel_scratch {
	uint8_t bytes[sizeof(struct wire_head) + WIRE_INLINE_MAX + 1];
};

/*
 * Sends one frame. head->type, id and version are the caller's; magic, body_bytes, fd_cnt and
 * flags are filled in here. A body above WIRE_INLINE_MAX, or one the socket is too small for, goes
 * as a sealed memfd. `fds` are borrowed. `flags` are send(2)'s; MSG_NOSIGNAL is always set.
 * Returns 0, -EAGAIN (nothing was sent), -E2BIG (body or fds above the limits), -EBADF (one of the
 * fds is not open), -ETOOMANYREFS, -EPIPE or another errno of sendmsg(2) or memfd_create(2).
 */
int channel_send(int sock, const struct wire_head *head, const void *body, size_t body_bytes,
		 const int *fds, unsigned int fd_cnt, int flags);

/*
 * Receives one frame. Every fd is close-on-exec. `flags` are recv(2)'s.
 * Returns 1 and *ret_msg (the caller's to release); 0 at the end of the stream; -EAGAIN; -EBADMSG
 * for anything that is not a frame: wrong magic or type, a length that does not match, fds that do
 * not match the head or did not fit (MSG_CTRUNC); or another errno of recvmsg(2). After an error no
 * fd is left open. The body of a memfd frame is not read yet, so that its bytes can be charged
 * before they are allocated: see channel_load_body().
 */
int channel_recv(int sock, struct channel_scratch *scratch, int flags, struct message *ret_msg);

/*
 * The same, but *ret_msg is written always: on failure it owns what came, for a caller that must not close
 * a stranger's descriptors itself.
 */
int channel_recv_any(int sock, struct channel_scratch *scratch, int flags, struct message *ret_msg);

/*
 * Makes msg->body hold the body. A no-op for inline bodies. For a memfd: verifies that it is
 * sealed against write, grow and shrink and has exactly head.body_bytes, then copies it.
 * Returns 0, -EBADMSG (not a memfd, not sealed, another size), -ENOMEM.
 */
int channel_load_body(struct message *msg);

/*
 * The same, but at most `most` bytes at a time, for a reader who has others to serve; the memfd stays open. Returns 1 when
 * there is more to copy, 0 when the body is whole, or as channel_load_body().
 */
int channel_load_some(struct message *msg, size_t most);

/*
 * Makes a memfd of these bytes, sealed against write, grow, shrink and further seals.
 * Returns 0 and *ret_fd (the caller's), or -errno of memfd_create(2) or write(2).
 */
int channel_seal_bytes(const void *data, size_t bytes, int *ret_fd);

/*
 * Whether the fd is a memfd sealed against write, grow and shrink, of exactly `bytes` bytes.
 * Returns 0 or -EBADMSG.
 */
int channel_check_sealed(int fd, uint64_t bytes);

/*
 * Client: connects to the socket at `path` and agrees on a version. Blocks for at most
 * `timeout_ms` milliseconds in each direction, then and for every later message on this socket.
 * Returns 0 and *ret_sock, -EPROTONOSUPPORT (no version in common), -EBADMSG, or connect(2)'s errno.
 */
int channel_connect(const char *path, unsigned int timeout_ms, int *ret_sock,
		    struct wire_welcome *ret_welcome);

/*
 * Daemon: answers a WIRE_HELLO. Fills the welcome, host order.
 * Returns 0; -EPROTONOSUPPORT: send the welcome (version 0) and hang up; -EBADMSG: hang up.
 */
int channel_welcome(const struct message *hello, struct wire_welcome *ret_welcome);

/* Daemon: sends it. `id` is the hello's. Never blocks. Returns as channel_send(). */
int channel_send_welcome(int sock, uint64_t id, const struct wire_welcome *welcome);

#endif
