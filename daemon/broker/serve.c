/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of clients, any of which may be hostile: slow, silent, half dead, or ten thousand. Each
 * has one request in hand at most; the next is read when the reply is gone and was read. A frame
 * that is not one ends the connection; nothing else of the daemon notices. Sources are edge-triggered,
 * so a quiet client costs nothing.
 */
#include "daemon/broker/serve.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>

#include "daemon/broker/peers/closers.h"
#include "daemon/broker/control.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/signed/signed_objects.h"
#include "daemon/broker/cmd/dispatch.h"
#include "daemon/broker/store/journal.h"
#include "daemon/broker/store/journal_ids.h"
#include "daemon/broker/store/people.h"
#include "daemon/broker/work/turns.h"
#include "daemon/broker/work/work.h"
#include "proto/packet.h"

/* Accepts at most so many at a time, so that a flood of new clients does not starve the old. */
#define SERVE_ACCEPT_BURST 16

static void serve_set_stalled(struct session *session, bool stalled)
{
	uint32_t events = EPOLLIN | EPOLLRDHUP | EPOLLET | (stalled ? EPOLLOUT : 0);

	if (session->stalled == stalled)
		return;
	session->stalled = stalled;
	(void)sd_event_source_set_io_events(session->source, events);
}

/* ---- frames ---- */

static int serve_welcome(struct session *session, const struct message *msg)
{
	struct wire_welcome welcome;
	int r, s;

	r = channel_welcome(msg, &welcome);
	if (r == -EBADMSG)
		return r;
	session->version = welcome.version;
	s = channel_send_welcome(session->fd, msg->head.id, &welcome);
	return r < 0 ? r : s;
}

/* Answers a request that became no work: too much is held already, or its sender knows more than we. */
static int serve_answer_errno(struct session *session, uint64_t frame_id, int err)
{
	struct reply reply = { .result = err };
	OWN_MEM uint8_t *body = NULL;
	size_t bytes = 0;
	int r = codec_encode_reply(&reply, &body, &bytes);

	if (r == 0)
		session_reply(session, WIRE_REPLY, frame_id, body, bytes, -1);
	return r;
}

static int serve_answer_unnamed(struct session *session, uint64_t frame_id)
{
	static const char reason[] = "no rule allows this caller anything of this kind";
	struct reply reply = { .result = -EPERM, .reason = reason, .reason_bytes = sizeof(reason) - 1 };
	OWN_MEM uint8_t *body = NULL;
	size_t bytes = 0;
	int r;

	reply.decision = decide_refuse_unnamed(session->broker, session->ident, session->account,
					       "(large request)", reason);
	r = codec_encode_reply(&reply, &body, &bytes);
	if (r == 0)
		session_reply(session, WIRE_REPLY, frame_id, body, bytes, -1);
	return r;
}

/* What became of a request that was not dispatched. */
static int serve_end_request(struct session *session, uint64_t frame_id, int r)
{
	if (r == -EDQUOT) {
		if (quota_may_note(session->account, clock_now_ns()))
			journal_note(LOG_NOTICE, JOURNAL_ID_THROTTLED,
				     "uid %u: request refused, too much is held for it",
				     (unsigned int)session->ident->uid);
		return serve_answer_errno(session, frame_id, -EMFILE);
	}
	if (r == -EACCES)
		return serve_answer_unnamed(session, frame_id);
	if (r == -EINVAL || r == -E2BIG)
		return serve_answer_errno(session, frame_id, r);
	return r;
}

/* A large body takes several turns. */
static int serve_load(struct session *session)
{
	struct work *work = session->work;
	uint64_t frame_id = work->msg.head.id;
	int r = work_load(work);

	if (r < 0)
		return serve_end_request(session, frame_id, r);
	if (r == 0)
		work_go_on(work, dispatch_work);
	return 0;
}

static int serve_go_on(struct session *session)
{
	struct work *work = session->work;
	void (*next)(struct work *work) = work->next;

	if (work->loading)
		return serve_load(session);
	work->next = NULL;
	next(work);
	return 0;
}

/* What a large body asks for, by its first number: before the rest of it is read. */
static enum policy_verb serve_peek_verb(const struct message *msg)
{
	uint32_t cmd = UINT32_MAX;

	/* Only what is memory, and cannot change, is read at all. */
	if (channel_check_sealed(msg->body_fd, msg->head.body_bytes) == 0 &&
	    pread(msg->body_fd, &cmd, sizeof(cmd), 0) != (ssize_t)sizeof(cmd))
		cmd = UINT32_MAX;
	if (le32toh(cmd) == CMD_PROG_LOAD)
		return POLICY_PROG_LOAD;
	return le32toh(cmd) == CMD_BTF_LOAD ? POLICY_BTF_LOAD : POLICY_SHARE;
}

static int serve_request(struct session *session, struct message *msg)
{
	struct work *work = NULL;
	int r = work_new(session, msg, &work);

	/* What does not fit into a frame no feature probe sends: only whom some rule names has it read. */
	if (r >= 0 && work->msg.body_fd >= 0 && !decide_names_for(work, serve_peek_verb(&work->msg))) {
		work_drop(work);
		r = -EACCES;
	}
	return r < 0 ? serve_end_request(session, msg->head.id, r) : serve_load(session);
}

static int serve_take_frame(struct session *session, struct message *msg)
{
	if (session->version == 0)
		return msg->head.type == WIRE_HELLO ? serve_welcome(session, msg) : -EBADMSG;
	if (msg->head.version != session->version)
		return -EBADMSG;
	if (msg->head.type == WIRE_REQUEST)
		return serve_request(session, msg);
	if (msg->head.type == WIRE_CONTROL)
		return control_answer(session, msg);
	return -EBADMSG;
}

/* Without taking any: what is only looked at stays in the queue, whose copies are not closed. */
static bool serve_brings_fds(const struct session *session)
{
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	return recvmsg(session->fd, &msg, MSG_PEEK | MSG_DONTWAIT) >= 0 && (msg.msg_flags & MSG_CTRUNC);
}

/*
 * Whether a message with as many descriptors as there can be finds room for them: those without would be closed here, in
 * recvmsg(2). What waits for a loader may be there twice. As with the ledger's records nobody gets more than is left for the next.
 */
static bool serve_has_fds(struct session *session)
{
	struct broker *broker = session->broker;
	struct quota_account *account = session->account;
	uint64_t all = 2 * quota_total(account, QUOTA_FDS) + closers_cnt(broker->closers);
	uint64_t own = 2 * account->used[QUOTA_FDS] + account->closing_cnt;

	if (own + all + PACKET_FDS_MAX <= broker->stranger_max || !serve_brings_fds(session))
		return true;
	broker->starved = true;
	return false;
}

/* Whether it may be read: what was answered is read, and not too much of its account waits to be closed. */
static bool serve_may_go_on(struct session *session)
{
	bool waited = session->stalled;

	if (session->work || session->offer || closers_are_busy(session->account))
		return false;
	if (session_has_unread(session)) {
		serve_set_stalled(session, true);
		/* What was read before we asked to be told will not be told. */
		if (waited || session_has_unread(session))
			return false;
	}
	serve_set_stalled(session, false);
	return serve_has_fds(session);
}

static int serve_read(struct session *session)
{
	struct message msg;
	int r = channel_recv_any(session->fd, session->broker->scratch, MSG_DONTWAIT, &msg);

	if (r > 0)
		r = serve_take_frame(session, &msg);
	else if (r == 0)
		r = -EPIPE;
	closers_let_go_message(session->broker->closers, session->account, &msg);
	return r;
}

static enum session_turn serve_take_turn(struct session *session)
{
	int r = -EAGAIN;

	session->pumping = true;
	if (work_wants_turn(session->work))
		r = serve_go_on(session);
	else if (serve_may_go_on(session))
		r = serve_read(session);
	session->pumping = false;
	if (session->closing || (r < 0 && r != -EAGAIN)) {
		session_free(session);
		return SESSION_RESTS;
	}
	if (r < 0)
		return SESSION_RESTS;
	return work_wants_turn(session->work) ? SESSION_GOES_ON : SESSION_LISTENS;
}

static void serve_leave(struct session *session)
{
	if (work_wants_turn(session->work))
		work_drop(session->work);
	else if (session->work)
		session->work->session = NULL;
	if (session->offer)
		offer_forget(session->offer);
}

static const struct session_ops serve_ops = { .take_turn = serve_take_turn, .leave = serve_leave };

static int serve_on_event(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct session *session = ctx;

	/* Gone for good: what is in hand goes on without an addressee. */
	if (events & (EPOLLHUP | EPOLLERR) &&
	    (session->work || session->offer || closers_are_busy(session->account))) {
		session_free(session);
		return 0;
	}
	turns_want(session->broker->turns, session);
	return 0;
}

/* ---- accepting ---- */

static int serve_start(struct session *session)
{
	struct broker *broker = session->broker;
	int r;

	r = ident_new(session->fd, &session->ident);
	if (r < 0)
		return r;
	people_refresh(broker->people);
	r = quota_account_get(broker->quota, people_account_of(broker->people, session->ident->uid),
			      &session->account);
	if (r < 0)
		return r;
	if (broker->session_cnt > broker->session_max)
		return -EMFILE;
	r = quota_charge(session->account, QUOTA_CONNECTIONS, 1, &session->connection);
	if (r < 0)
		return r;
	return sd_event_add_io(broker->event, &session->source, session->fd,
			       EPOLLIN | EPOLLRDHUP | EPOLLET, serve_on_event, session);
}

static void serve_accept(struct broker *broker, int take_fd)
{
	OWN_FD int fd = take_fd;
	struct session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return;
	session->broker = broker;
	session->ops = &serve_ops;
	session->id = ++broker->last_session_id;
	session->fd = TAKE_FD(fd);
	TAILQ_INSERT_TAIL(&broker->sessions, session, link);
	broker->session_cnt++;
	r = serve_start(session);
	if ((r == -EDQUOT || r == -EMFILE) && quota_may_note(session->account, clock_now_ns()))
		journal_note(LOG_NOTICE, JOURNAL_ID_THROTTLED,
			     "uid %u: connection refused, too many are open",
			     (unsigned int)session->ident->uid);
	if (r < 0)
		session_free(session);
}

static int serve_on_listen(sd_event_source *source, int fd, uint32_t events, void *ctx)
{
	struct broker *broker = ctx;

	for (int i = 0; i < SERVE_ACCEPT_BURST; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client < 0) {
			/* Out of descriptors: session_free() switches us on again. */
			if (errno == EMFILE || errno == ENFILE)
				(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
			return 0;
		}
		serve_accept(broker, client);
	}
	return 0;
}

int serve_listen(struct broker *broker, int take_fd)
{
	broker->listen_fd = take_fd;
	/* The one level-triggered source: what a burst leaves over is seen again. */
	return sd_event_add_io(broker->event, &broker->listen_source, take_fd, EPOLLIN,
			       serve_on_listen, broker);
}

void serve_close(struct broker *broker)
{
	struct session *session;

	broker->listen_source = sd_event_source_disable_unref(broker->listen_source);
	own_close_fd(&broker->listen_fd);
	while ((session = TAILQ_FIRST(&broker->sessions)))
		session_free(session);
}
