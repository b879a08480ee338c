/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels to processes that we started. They are trusted to be there, not to be quick or right: this
 * file never waits for them, bounds what queues up, and leaves every message's meaning to its reader.
 * Sources are edge-triggered: a readable channel is read until it is empty.
 */
#include "daemon/broker/peers/peer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What may wait for a slow peer: a second's worth of small messages. */
#define PEER_QUEUE_MAX 1024u

struct peer_pending {
	struct peer_pending *next;
	size_t bytes;
	struct packet_fds fds;
	uint8_t data[];
};

struct peer {
	int fd;
	sd_event_source *source;
	uint8_t *scratch;
	peer_message_fn on_message;
	peer_gone_fn on_gone;
	void *ctx;
	struct peer_pending *first, **last;
	unsigned int pending_cnt;
	unsigned int busy;	/* inside a callback */
	bool freed, gone;
};

static void peer_free_pending(struct peer_pending *pending)
{
	packet_fds_done(&pending->fds);
	free(pending);
}

static void peer_destroy(struct peer *peer)
{
	while (peer->first) {
		struct peer_pending *pending = peer->first;

		peer->first = pending->next;
		peer_free_pending(pending);
	}
	free(peer);
}

void peer_free(struct peer *peer)
{
	if (!peer)
		return;
	sd_event_source_disable_unref(peer->source);
	peer->source = NULL;
	own_close_fd(&peer->fd);
	peer->freed = true;
	if (!peer->busy)
		peer_destroy(peer);
}

static void peer_break(struct peer *peer, int err)
{
	if (peer->gone)
		return;
	peer->gone = true;
	sd_event_source_set_enabled(peer->source, SD_EVENT_OFF);
	peer->on_gone(peer->ctx, err);
}

/*
 * Only who has something to send wants to hear that the peer has read: else each message would wake us a
 * second time, on the very CPU that the peer needs. A change looks anew, so no edge is missed.
 */
static int peer_listen(struct peer *peer)
{
	uint32_t events = EPOLLIN | EPOLLET | (peer->first ? EPOLLOUT : 0);

	return sd_event_source_set_io_events(peer->source, events);
}

static int peer_flush(struct peer *peer)
{
	bool waited = peer->first;

	while (peer->first) {
		struct peer_pending *pending = peer->first;
		struct iovec part = { pending->data, pending->bytes };
		int r = packet_send(peer->fd, &part, 1, pending->fds.fd, pending->fds.cnt,
				    MSG_DONTWAIT);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		peer->first = pending->next;
		if (!peer->first)
			peer->last = &peer->first;
		peer->pending_cnt--;
		peer_free_pending(pending);
	}
	return waited ? peer_listen(peer) : 0;
}

static int peer_read(struct peer *peer)
{
	while (!peer->freed && !peer->gone) {
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
		int n = packet_recv(peer->fd, peer->scratch, PACKET_BYTES_MAX, &fds, MSG_DONTWAIT);

		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? n : -EPIPE;
		peer->on_message(peer->ctx, peer->scratch, (size_t)n, &fds);
	}
	return 0;
}

static int peer_on_event(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct peer *peer = ctx;
	int r = 0;

	peer->busy++;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		r = peer_read(peer);
	if (!peer->freed && !peer->gone && r == 0)
		r = peer_flush(peer);
	if (!peer->freed && r < 0)
		peer_break(peer, r == -EPIPE || r == -ECONNRESET ? 0 : r);
	if (--peer->busy == 0 && peer->freed)
		peer_destroy(peer);
	return 0;
}

int peer_new(sd_event *event, uint8_t *scratch, int take_fd, peer_message_fn on_message,
	     peer_gone_fn on_gone, void *ctx, struct peer **ret_peer)
{
	OWN_FD int fd = take_fd;
	struct peer *peer = calloc(1, sizeof(*peer));
	int r;

	if (!peer)
		return -ENOMEM;
	*peer = (struct peer){ .fd = -1,
			       .scratch = scratch,
			       .on_message = on_message,
			       .on_gone = on_gone,
			       .ctx = ctx };
	peer->last = &peer->first;
	r = sd_event_add_io(event, &peer->source, fd, EPOLLIN | EPOLLET, peer_on_event, peer);
	if (r < 0) {
		free(peer);
		return r;
	}
	/* Our own processes come before clients, and bpfgated's pings with them. */
	(void)sd_event_source_set_priority(peer->source, SD_EVENT_PRIORITY_IMPORTANT);
	peer->fd = TAKE_FD(fd);
	*ret_peer = peer;
	return 0;
}

void peer_rebind(struct peer *peer, peer_message_fn on_message, peer_gone_fn on_gone, void *ctx)
{
	peer->on_message = on_message;
	peer->on_gone = on_gone;
	peer->ctx = ctx;
}

static int peer_queue(struct peer *peer, const struct iovec *parts, size_t part_cnt, const int *fds,
		      size_t fd_cnt)
{
	struct peer_pending *pending;
	size_t bytes = 0;

	if (peer->pending_cnt >= PEER_QUEUE_MAX || fd_cnt > PACKET_FDS_MAX)
		return -ENOBUFS;
	for (size_t i = 0; i < part_cnt; i++)
		bytes += parts[i].iov_len;
	pending = calloc(1, sizeof(*pending) + bytes);
	if (!pending)
		return -ENOMEM;
	for (size_t i = 0; i < part_cnt; i++) {
		if (parts[i].iov_len > 0)
			memcpy(pending->data + pending->bytes, parts[i].iov_base, parts[i].iov_len);
		pending->bytes += parts[i].iov_len;
	}
	for (size_t i = 0; i < fd_cnt; i++) {
		pending->fds.fd[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (pending->fds.fd[i] < 0) {
			int r = -errno;

			peer_free_pending(pending);
			return r;
		}
		pending->fds.cnt++;
	}
	*peer->last = pending;
	peer->last = &pending->next;
	peer->pending_cnt++;
	return peer->pending_cnt == 1 ? peer_listen(peer) : 0;
}

int peer_send(struct peer *peer, const struct iovec *parts, size_t part_cnt, const int *fds,
	      size_t fd_cnt)
{
	int r;

	assert(!peer->freed);
	if (peer->gone)
		return -EPIPE;
	if (!peer->first) {
		r = packet_send(peer->fd, parts, part_cnt, fds, fd_cnt, MSG_DONTWAIT);
		if (r != -EAGAIN)
			return r;
	}
	return peer_queue(peer, parts, part_cnt, fds, fd_cnt);
}
