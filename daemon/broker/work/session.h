/* SPDX-License-Identifier: Apache-2.0 */
/* A client's connection, as works and answers know it. What it says is read by serve.c. */
#ifndef BPFGATE_DAEMON_SESSION_H
#define BPFGATE_DAEMON_SESSION_H

#include "daemon/broker/work/broker.h"
#include "daemon/broker/store/ident.h"

/* What it has to say when its turn is over. */
enum session_turn {
	SESSION_RESTS,		/* nothing; or it is gone */
	SESSION_LISTENS,	/* there may be another frame */
	SESSION_GOES_ON,	/* its request is not done with yet, and goes first */
};

/* What becomes of its frames is decided above: works know no more of a session than how to answer it. */
struct session_ops {
	/* Reads one frame and starts what it asks for, or goes on with that. */
	enum session_turn (*take_turn)(struct session *session);
	/* It is about to go: what it has in hand ends, or goes on without an addressee. */
	void (*leave)(struct session *session);
};

struct session {
	struct broker *broker;
	const struct session_ops *ops;
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
/* Ends it: at once, or when its turn is over. */
void session_hang_up(struct session *session);
/* Ends it at once. */
void session_free(struct session *session);
/* Whether an answer was not read yet. What was charged for those that were is given back. */
bool session_has_unread(struct session *session);

/* More may be received for this account, or for those that waited for descriptors to be closed. */
void sessions_wake(struct broker *broker, struct quota_account *account);
void sessions_wake_starved(struct broker *broker);

#endif
