/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises order, and that bpfgated never waits for its broker: what does not fit into the socket is
 * queued, and the queue is bounded by not reading further questions. A descriptor in the queue is owned
 * by it.
 */
#include "daemon/parent/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/parent/letgo.h"
#include "proto/own.h"
#include "proto/packet.h"

struct word {
	struct keep_tell tell;
	int fd;
	struct word *next;
};

static void word_free(struct word *word)
{
	own_close_fd(&word->fd);
	free(word);
}

int channel_open(struct channel *channel, int epoll, int take_fd, source_fn ready)
{
	OWN_FD int fd = take_fd;
	int r;

	*channel = (struct channel){ .epoll = epoll, .source.fd = -1 };
	channel->last = &channel->first;
	r = source_add(epoll, &channel->source, fd, ready, EPOLLIN);
	if (r == 0)
		(void)TAKE_FD(fd);
	return r;
}

static void channel_pop(struct channel *channel)
{
	struct word *word = channel->first;

	channel->first = word->next;
	if (!channel->first)
		channel->last = &channel->first;
	channel->cnt--;
	word_free(word);
}

void channel_close(struct channel *channel)
{
	while (channel->first)
		channel_pop(channel);
	/* Questions that nobody answers any more may have brought clients' sockets. */
	if (channel->source.fd >= 0)
		letgo_fd(source_take(channel->epoll, &channel->source));
}

static int channel_send(struct channel *channel, const struct keep_tell *tell, int fd)
{
	struct iovec part = { (void *)tell, sizeof(*tell) };

	return packet_send(channel->source.fd, &part, 1, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
}

static int channel_set_events(struct channel *channel)
{
	uint32_t events = channel->cnt ? EPOLLOUT : 0;

	if (channel->cnt < CHANNEL_QUEUE_MAX)
		events |= EPOLLIN;
	return source_set_events(channel->epoll, &channel->source, events);
}

static int channel_queue(struct channel *channel, const struct keep_tell *tell, int *fd)
{
	struct word *word = malloc(sizeof(*word));

	if (!word)
		return -ENOMEM;
	*word = (struct word){ .tell = *tell, .fd = TAKE_FD(*fd) };
	*channel->last = word;
	channel->last = &word->next;
	channel->cnt++;
	return channel_set_events(channel);
}

int channel_tell(struct channel *channel, const struct keep_tell *tell, int take_fd)
{
	OWN_FD int fd = take_fd;
	int r = -EAGAIN;

	if (channel->source.fd < 0)
		return 0;
	if (!channel->first)
		r = channel_send(channel, tell, fd);
	if (r == -EAGAIN || r == -ENOBUFS)
		r = channel_queue(channel, tell, &fd);
	/* A broker that has died is noticed where it is reaped. */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int channel_flush(struct channel *channel)
{
	int r = 0;

	while (channel->first) {
		r = channel_send(channel, &channel->first->tell, channel->first->fd);
		if (r < 0)
			break;
		channel_pop(channel);
	}
	if (r < 0 && r != -EAGAIN && r != -ENOBUFS)
		return r == -EPIPE || r == -ECONNRESET ? 0 : r;
	return channel_set_events(channel);
}
