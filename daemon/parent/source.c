/* SPDX-License-Identifier: Apache-2.0 */
/* Promises that a descriptor leaves the event loop before it is closed, so that no event outlives it. */
#include "daemon/parent/source.h"

#include <errno.h>
#include <sys/epoll.h>

#include "proto/own.h"

int source_add(int epoll, struct source *source, int fd, source_fn ready, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	source->fd = fd;
	source->ready = ready;
	return 0;
}

int source_set_events(int epoll, struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

int source_take(int epoll, struct source *source)
{
	if (source->fd >= 0)
		(void)epoll_ctl(epoll, EPOLL_CTL_DEL, source->fd, NULL);
	return TAKE_FD(source->fd);
}

void source_close(int epoll, struct source *source)
{
	OWN_FD int fd = source_take(epoll, source);
}
