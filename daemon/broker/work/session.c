/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a client which does not read its answers is charged for them and asked nothing more, that one which
 * cannot be answered is hung up on, and that its place is free afterwards.
 */
#include "daemon/broker/work/session.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "daemon/broker/peers/closers.h"
#include "daemon/broker/work/turns.h"

/* What the kernel still counts of messages whose readers are done but for the last step; none weighs so little. */
#define SESSION_READ_BYTES 64

void session_free(struct session *session)
{
	struct broker *broker = session->broker;

	TAILQ_REMOVE(&broker->sessions, session, link);
	broker->session_cnt--;
	session->ops->leave(session);
	judge_pool_forget_caller(broker->judges, session->id);
	turns_forget(broker->turns, session);
	sd_event_source_disable_unref(session->source);
	/* What lies in its queue is closed with it. */
	(void)shutdown(session->fd, SHUT_RDWR);
	closers_let_go(broker->closers, session->account, TAKE_FD(session->fd));
	quota_charge_done(&session->connection);
	quota_charge_done(&session->unread);
	quota_charge_done(&session->unread_bytes);
	quota_account_unref(session->account);
	ident_unref(session->ident);
	free(session);
	/* A descriptor is free again: somebody may be waiting in the backlog. */
	if (broker->listen_source)
		(void)sd_event_source_set_enabled(broker->listen_source, SD_EVENT_ON);
}

void session_hang_up(struct session *session)
{
	if (session->pumping)
		session->closing = true;
	else
		session_free(session);
}

/* ---- what the client has read ---- */

bool session_has_unread(struct session *session)
{
	int bytes = 0;

	if (!session->unread_any)
		return false;
	/* While a reader takes the last message one byte of it is left, and nothing is told when that goes too. */
	if (ioctl(session->fd, SIOCOUTQ, &bytes) < 0 || bytes > SESSION_READ_BYTES)
		return true;
	session->unread_any = false;
	quota_charge_done(&session->unread);
	quota_charge_done(&session->unread_bytes);
	return false;
}

void sessions_count_unread(struct quota_account *account, struct broker *broker)
{
	struct session *session;

	TAILQ_FOREACH(session, &broker->sessions, link)
		if (session->account == account)
			(void)session_has_unread(session);
}

static bool session_limit_reached(const struct quota_account *account, const struct broker *broker)
{
	const uint64_t *limits = broker->options.limits.per_uid;

	return account->used[QUOTA_UNREAD] >= limits[QUOTA_UNREAD] ||
	       account->used[QUOTA_BYTES] >= limits[QUOTA_BYTES];
}

bool sessions_are_full(struct quota_account *account, struct broker *broker)
{
	if (!session_limit_reached(account, broker))
		return false;
	sessions_count_unread(account, broker);
	return session_limit_reached(account, broker);
}

/* ---- replies ---- */

void session_reply(struct session *session, uint16_t type, uint64_t frame_id, const void *body,
		   size_t body_bytes, int fd)
{
	struct wire_head head = { .version = session->version, .type = type, .id = frame_id };
	bool carries_fd = fd >= 0 || body_bytes > WIRE_INLINE_MAX;
	int r;

	session->work = NULL;
	r = channel_send(session->fd, &head, body, body_bytes, &fd, fd >= 0 ? 1 : 0, MSG_DONTWAIT);
	if (r < 0) {
		session_hang_up(session);
		return;
	}
	session->unread_any = true;
	if (carries_fd && !session->unread.account)
		quota_charge_anyway(session->account, QUOTA_UNREAD, 1, &session->unread);
	if (body_bytes > WIRE_INLINE_MAX && !session->unread_bytes.account)
		quota_charge_anyway(session->account, QUOTA_BYTES, body_bytes,
				    &session->unread_bytes);
	turns_want(session->broker->turns, session);
}

void session_replied(struct session *session, bool sent)
{
	session->work = NULL;
	if (!sent) {
		session_hang_up(session);
		return;
	}
	session->unread_any = true;
	if (!session->unread.account)
		quota_charge_anyway(session->account, QUOTA_UNREAD, 1, &session->unread);
	turns_want(session->broker->turns, session);
}

void sessions_wake(struct broker *broker, struct quota_account *account)
{
	struct session *session;

	TAILQ_FOREACH(session, &broker->sessions, link)
		if (session->account == account)
			turns_want(broker->turns, session);
}

void sessions_wake_starved(struct broker *broker)
{
	struct session *session;

	if (!broker->starved)
		return;
	broker->starved = false;
	TAILQ_FOREACH(session, &broker->sessions, link)
		turns_want(broker->turns, session);
}
