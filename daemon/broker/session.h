/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection: handshake, one request at a time, replies. */
#ifndef BPFGATE_DAEMON_SESSION_H
#define BPFGATE_DAEMON_SESSION_H

#include "daemon/broker/work/broker.h"
#include "daemon/broker/store/ident.h"

struct session {
	struct broker *broker;
	uint64_t id;				/* never used twice by one broker; not 0 */
	int fd;
	sd_event_source *source;
	struct ident *ident;
	struct quota_account *account;
	struct quota_charge connection;
	struct quota_charge unread;		/* a reply with an fd that was not read yet */
	struct quota_charge unread_bytes;	/* bytes of replies that were not read yet */
	struct work *work;			/* at most one at a time */
	struct offer *offer;			/* an object that it presents; then there is no work */
	uint64_t offer_frame;
	uint16_t version;			/* 0 until the handshake */
	bool unread_any, stalled, closing, pumping;
	bool waiting;				/* for its account's turn */
	TAILQ_ENTRY(session) turn, link;
};

/* Starts and stops accepting. */
int sessions_listen(struct broker *broker, int take_fd);
void sessions_close(struct broker *broker);

/*
 * Sends a frame to the client and takes the next request. A client that does not take it is hung up
 * on. fd (borrowed) may be -1. Whatever happens, the session's work is done.
 */
void session_reply(struct session *session, uint16_t type, uint64_t frame_id, const void *body,
		   size_t body_bytes, int fd);
/* The same when bpfgated has sent the reply itself (sent), or could not (then we hang up). */
void session_replied(struct session *session, bool sent);
/* Gives back what was charged for replies of this uid that were read meanwhile. */
void sessions_count_unread(struct quota_account *account, struct broker *broker);
/* Whether it has left as many replies unread, or as many bytes of them, as it may: nothing more is answered. */
bool sessions_are_full(struct quota_account *account, struct broker *broker);
void session_hang_up(struct session *session);

/*
 * Reads one frame and starts what it asks for. true: there may be another. The session may be gone afterwards,
 * and then it is false. For turns.c.
 */
bool session_take_turn(struct session *session);
/* More may be received for this account, or for those that waited for descriptors to be closed. */
void sessions_wake(struct broker *broker, struct quota_account *account);
void sessions_wake_starved(struct broker *broker);

#endif
