/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting clients and reading what they say: handshake, one request at a time, in turn. */
#ifndef BPFGATE_DAEMON_SERVE_H
#define BPFGATE_DAEMON_SERVE_H

#include "daemon/broker/work/session.h"

/* Starts accepting. 0 or -errno. */
int serve_listen(struct broker *broker, int take_fd);
/* Stops, and ends all sessions. */
void serve_close(struct broker *broker);

#endif
