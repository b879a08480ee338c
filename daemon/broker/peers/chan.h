/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's end of a channel to another process of bpfgate. Never blocks. */
#ifndef BPFGATE_DAEMON_CHAN_H
#define BPFGATE_DAEMON_CHAN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <systemd/sd-event.h>

#include "proto/packet.h"

struct chan;

/*
 * A message of the peer; bytes and fds are borrowed, fds may be taken. The callback may free the
 * channel.
 */
typedef void (*chan_message_fn)(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds);
/* The peer has closed (0) or the channel broke (-errno). Called once; the callback may free it. */
typedef void (*chan_gone_fn)(void *ctx, int err);

/* Receives into scratch (PACKET_BYTES_MAX bytes, shared by all channels of one thread). */
int chan_new(sd_event *event, uint8_t *scratch, int take_fd, chan_message_fn on_message,
	     chan_gone_fn on_gone, void *ctx, struct chan **ret_chan);
/* Closes it; nothing is called back. NULL is fine. */
void chan_free(struct chan *chan);
/* From now on callbacks get this ctx and these functions. */
void chan_rebind(struct chan *chan, chan_message_fn on_message, chan_gone_fn on_gone, void *ctx);

/*
 * Sends the parts as one message with borrowed fds, at once or, when the peer is slow, later in
 * order (the parts and fds are copied then). 0, -ENOBUFS when too much is waiting, or -errno.
 */
int chan_send(struct chan *chan, const struct iovec *parts, size_t part_cnt, const int *fds,
	      size_t fd_cnt);

#endif
