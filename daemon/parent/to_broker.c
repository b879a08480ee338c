/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises order, and that bpfgated never waits for its broker: what does not fit into the socket is
 * queued, and the queue is bounded by not reading further questions. A descriptor in the queue is owned
 * by it.
 */
#include "daemon/parent/to_broker.h"

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

int to_broker_open(struct to_broker *to_broker, int epoll, int take_fd, source_fn ready)
{
	OWN_FD int fd = take_fd;
	int r;

	*to_broker = (struct to_broker){ .epoll = epoll, .source.fd = -1 };
	to_broker->last = &to_broker->first;
	r = source_add(epoll, &to_broker->source, fd, ready, EPOLLIN);
	if (r == 0)
		(void)TAKE_FD(fd);
	return r;
}

static void to_broker_pop(struct to_broker *to_broker)
{
	struct word *word = to_broker->first;

	to_broker->first = word->next;
	if (!to_broker->first)
		to_broker->last = &to_broker->first;
	to_broker->cnt--;
	word_free(word);
}

void to_broker_close(struct to_broker *to_broker)
{
	while (to_broker->first)
		to_broker_pop(to_broker);
	/* Questions that nobody answers any more may have brought clients' sockets. */
	if (to_broker->source.fd >= 0)
		letgo_fd(source_take(to_broker->epoll, &to_broker->source));
}

static int to_broker_send(struct to_broker *to_broker, const struct keep_tell *tell, int fd)
{
	struct iovec part = { (void *)tell, sizeof(*tell) };

	return packet_send(to_broker->source.fd, &part, 1, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
}

static int to_broker_set_events(struct to_broker *to_broker)
{
	uint32_t events = to_broker->cnt ? EPOLLOUT : 0;

	if (to_broker->cnt < TO_BROKER_QUEUE_MAX)
		events |= EPOLLIN;
	return source_set_events(to_broker->epoll, &to_broker->source, events);
}

static int to_broker_queue(struct to_broker *to_broker, const struct keep_tell *tell, int *fd)
{
	struct word *word = malloc(sizeof(*word));

	if (!word)
		return -ENOMEM;
	*word = (struct word){ .tell = *tell, .fd = TAKE_FD(*fd) };
	*to_broker->last = word;
	to_broker->last = &word->next;
	to_broker->cnt++;
	return to_broker_set_events(to_broker);
}

int to_broker_tell(struct to_broker *to_broker, const struct keep_tell *tell, int take_fd)
{
	OWN_FD int fd = take_fd;
	int r = -EAGAIN;

	if (to_broker->source.fd < 0)
		return 0;
	if (!to_broker->first)
		r = to_broker_send(to_broker, tell, fd);
	if (r == -EAGAIN || r == -ENOBUFS)
		r = to_broker_queue(to_broker, tell, &fd);
	/* A broker that has died is noticed where it is reaped. */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int to_broker_flush(struct to_broker *to_broker)
{
	int r = 0;

	while (to_broker->first) {
		r = to_broker_send(to_broker, &to_broker->first->tell, to_broker->first->fd);
		if (r < 0)
			break;
		to_broker_pop(to_broker);
	}
	if (r < 0 && r != -EAGAIN && r != -ENOBUFS)
		return r == -EPIPE || r == -ECONNRESET ? 0 : r;
	return to_broker_set_events(to_broker);
}
