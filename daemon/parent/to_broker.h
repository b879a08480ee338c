/* SPDX-License-Identifier: Apache-2.0 */
/* bpfgated's words to the broker: sent at once when there is room, queued in order when there is not. */
#ifndef BPFGATE_DAEMON_TO_BROKER_H
#define BPFGATE_DAEMON_TO_BROKER_H

#include <stddef.h>

#include "daemon/privsep.h"
#include "daemon/parent/source.h"

/* With this many words waiting, nothing more is read from the broker: it must read first. */
#define TO_BROKER_QUEUE_MAX 256u

struct word;

struct to_broker {
	struct source source;
	int epoll;		/* borrowed */
	struct word *first, **last;
	size_t cnt;
};

/* Takes fd (also on failure) and listens on it. */
int to_broker_open(struct to_broker *to_broker, int epoll, int take_fd, source_fn ready);
/* Forgets what is queued. Accepts a closed one. */
void to_broker_close(struct to_broker *to_broker);

/* Says it, with take_fd (-1: none) beside it. Dropped when the channel is closed. 0, -ENOMEM, or -errno. */
int to_broker_tell(struct to_broker *to_broker, const struct keep_tell *tell, int take_fd);

/* After EPOLLOUT: sends what waits, as far as there is room. 0 or -errno. */
int to_broker_flush(struct to_broker *to_broker);

#endif
