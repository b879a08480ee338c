/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's end of a channel to another process of bpfgate. Never blocks. */
#ifndef BPFGATE_DAEMON_PEER_H
#define BPFGATE_DAEMON_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <systemd/sd-event.h>

#include "proto/packet.h"

struct peer;

/*
 * A message of the peer; bytes and fds are borrowed, fds may be taken. The callback may free the
 * channel.
 */
typedef void (*peer_message_fn)(void *ctx, const uint8_t *bytes, size_t len,
				struct packet_fds *fds);
/* The peer has closed (0) or the channel broke (-errno). Called once; the callback may free it. */
typedef void (*peer_gone_fn)(void *ctx, int err);

/* Receives into scratch (PACKET_BYTES_MAX bytes, shared by all channels of one thread). */
int peer_new(sd_event *event, uint8_t *scratch, int take_fd, peer_message_fn on_message,
	     peer_gone_fn on_gone, void *ctx, struct peer **ret_peer);
/* Closes it; nothing is called back. NULL is fine. */
void peer_free(struct peer *peer);
/* From now on callbacks get this ctx and these functions. */
void peer_rebind(struct peer *peer, peer_message_fn on_message, peer_gone_fn on_gone, void *ctx);

/*
 * Sends the parts as one message with borrowed fds, at once or, when the peer is slow, later in
 * order (the parts and fds are copied then). 0, -ENOBUFS when too much is waiting, or -errno.
 */
int peer_send(struct peer *peer, const struct iovec *parts, size_t part_cnt, const int *fds,
	      size_t fd_cnt);

#endif
