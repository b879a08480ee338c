/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the daemon. One serves one call at a time and is kept for the next; threads that
 * call at the same time get one each.
 */
#ifndef BPFGATE_CLIENT_CONN_H
#define BPFGATE_CLIENT_CONN_H

#include "proto/channel.h"

struct conn;

/*
 * A connection that is ours alone until conn_give() or conn_drop(): an idle one of this process that was made as
 * who the calling thread is now and that the daemon has not closed, else a new one. Use it in this thread.
 * Returns 0 or -errno of channel_connect() or who_look().
 */
int conn_take(struct conn **ret_conn);

/* Keeps the connection for a later call (or closes it: enough are idle). NULL: nothing. */
void conn_give(struct conn *conn);

/* Closes it: it failed, or is in the middle of an exchange. NULL: nothing. */
void conn_drop(struct conn *conn);

/* The version that was agreed upon with the daemon. */
uint16_t conn_version(const struct conn *conn);

/*
 * Sends one frame of `type` and receives the answer, which must be of `answer_type`. Blocks as long as
 * the daemon takes. Returns 0 and *ret_msg, body loaded; -EPIPE or -ECONNRESET if the daemon took nothing
 * (nothing happened); -ECONNABORTED if it went away after it had the frame; -EBADMSG; or another errno of
 * channel_send(). After any error drop the connection.
 */
int conn_exchange(struct conn *conn, enum wire_type type, const void *body, size_t body_bytes,
		  const int *fds, unsigned int fd_cnt, enum wire_type answer_type,
		  struct message *ret_msg);

/* Where the daemon is sought: BPFGATE_SOCKET or the default. Never NULL. */
const char *conn_path(void);

#endif
