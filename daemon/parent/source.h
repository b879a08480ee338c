/* SPDX-License-Identifier: Apache-2.0 */
/* Something in the event loop: embedded first in what it belongs to. */
#ifndef BPFGATE_DAEMON_SOURCE_H
#define BPFGATE_DAEMON_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct parent;
struct source;

/* Called with the epoll events of source->fd; may free the source. 0, or -errno: bpfgated ends. */
typedef int (*source_fn)(struct parent *parent, struct source *source, uint32_t events);

struct source {
	int fd;		/* owned by what embeds this; -1: not in the loop */
	source_fn ready;
};

/* Adds to the loop. events as epoll_ctl(2). 0 or -errno. */
int source_add(int epoll, struct source *source, int fd, source_fn ready, uint32_t events);
int source_set_events(int epoll, struct source *source, uint32_t events);
/* Leaves the loop; the descriptor (-1: it was never added) is the caller's. */
int source_take(int epoll, struct source *source);
/* Leaves the loop and closes. Accepts one that was never added (fd -1). */
void source_close(int epoll, struct source *source);

#endif
