/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels to processes that we started. They are trusted to be there, not to be quick or right: this
 * file never waits for them, bounds what queues up, and leaves every message's meaning to its reader.
 * Sources are edge-triggered: a readable channel is read until it is empty.
 */
#include "daemon/broker/peers/chan.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What may wait for a slow peer: a second's worth of small messages. */
#define CHAN_QUEUE_MAX	1024u

struct chan_pending {
	struct chan_pending *next;
	size_t bytes;
	struct packet_fds fds;
	uint8_t data[];
};

struct chan {
	int fd;
	sd_event_source *source;
	uint8_t *scratch;
	chan_message_fn on_message;
	chan_gone_fn on_gone;
	void *ctx;
	struct chan_pending *first, **last;
	unsigned int pending_cnt;
	unsigned int busy;	/* inside a callback */
	bool freed, gone;
};

static void chan_free_pending(struct chan_pending *pending)
{
	packet_fds_done(&pending->fds);
	free(pending);
}

static void chan_destroy(struct chan *chan)
{
	while (chan->first) {
		struct chan_pending *pending = chan->first;

		chan->first = pending->next;
		chan_free_pending(pending);
	}
	free(chan);
}

void chan_free(struct chan *chan)
{
	if (!chan)
		return;
	sd_event_source_disable_unref(chan->source);
	chan->source = NULL;
	own_close_fd(&chan->fd);
	chan->freed = true;
	if (!chan->busy)
		chan_destroy(chan);
}

static void chan_break(struct chan *chan, int err)
{
	if (chan->gone)
		return;
	chan->gone = true;
	sd_event_source_set_enabled(chan->source, SD_EVENT_OFF);
	chan->on_gone(chan->ctx, err);
}

/*
 * Only who has something to send wants to hear that the peer has read: else each message would wake us a
 * second time, on the very CPU that the peer needs. A change looks anew, so no edge is missed.
 */
static int chan_listen(struct chan *chan)
{
	uint32_t events = EPOLLIN | EPOLLET | (chan->first ? EPOLLOUT : 0);

	return sd_event_source_set_io_events(chan->source, events);
}

static int chan_flush(struct chan *chan)
{
	bool waited = chan->first;

	while (chan->first) {
		struct chan_pending *pending = chan->first;
		struct iovec part = { pending->data, pending->bytes };
		int r = packet_send(chan->fd, &part, 1, pending->fds.fd, pending->fds.cnt,
				    MSG_DONTWAIT);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		chan->first = pending->next;
		if (!chan->first)
			chan->last = &chan->first;
		chan->pending_cnt--;
		chan_free_pending(pending);
	}
	return waited ? chan_listen(chan) : 0;
}

static int chan_read(struct chan *chan)
{
	while (!chan->freed && !chan->gone) {
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
		int n = packet_recv(chan->fd, chan->scratch, PACKET_BYTES_MAX, &fds, MSG_DONTWAIT);

		if (n == -EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? n : -EPIPE;
		chan->on_message(chan->ctx, chan->scratch, (size_t)n, &fds);
	}
	return 0;
}

static int chan_on_event(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct chan *chan = ctx;
	int r = 0;

	chan->busy++;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		r = chan_read(chan);
	if (!chan->freed && !chan->gone && r == 0)
		r = chan_flush(chan);
	if (!chan->freed && r < 0)
		chan_break(chan, r == -EPIPE || r == -ECONNRESET ? 0 : r);
	if (--chan->busy == 0 && chan->freed)
		chan_destroy(chan);
	return 0;
}

int chan_new(sd_event *event, uint8_t *scratch, int take_fd, chan_message_fn on_message,
	     chan_gone_fn on_gone, void *ctx, struct chan **ret_chan)
{
	OWN_FD int fd = take_fd;
	struct chan *chan = calloc(1, sizeof(*chan));
	int r;

	if (!chan)
		return -ENOMEM;
	*chan = (struct chan){ .fd = -1, .scratch = scratch, .on_message = on_message,
			       .on_gone = on_gone, .ctx = ctx };
	chan->last = &chan->first;
	r = sd_event_add_io(event, &chan->source, fd, EPOLLIN | EPOLLET, chan_on_event, chan);
	if (r < 0) {
		free(chan);
		return r;
	}
	/* Our own processes come before clients, and bpfgated's pings with them. */
	(void)sd_event_source_set_priority(chan->source, SD_EVENT_PRIORITY_IMPORTANT);
	chan->fd = TAKE_FD(fd);
	*ret_chan = chan;
	return 0;
}

void chan_rebind(struct chan *chan, chan_message_fn on_message, chan_gone_fn on_gone, void *ctx)
{
	chan->on_message = on_message;
	chan->on_gone = on_gone;
	chan->ctx = ctx;
}

static int chan_queue(struct chan *chan, const struct iovec *parts, size_t part_cnt, const int *fds,
		      size_t fd_cnt)
{
	struct chan_pending *pending;
	size_t bytes = 0;

	if (chan->pending_cnt >= CHAN_QUEUE_MAX || fd_cnt > PACKET_FDS_MAX)
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

			chan_free_pending(pending);
			return r;
		}
		pending->fds.cnt++;
	}
	*chan->last = pending;
	chan->last = &pending->next;
	chan->pending_cnt++;
	return chan->pending_cnt == 1 ? chan_listen(chan) : 0;
}

int chan_send(struct chan *chan, const struct iovec *parts, size_t part_cnt, const int *fds,
	      size_t fd_cnt)
{
	int r;

	assert(!chan->freed);
	if (chan->gone)
		return -EPIPE;
	if (!chan->first) {
		r = packet_send(chan->fd, parts, part_cnt, fds, fd_cnt, MSG_DONTWAIT);
		if (r != -EAGAIN)
			return r;
	}
	return chan_queue(chan, parts, part_cnt, fds, fd_cnt);
}
