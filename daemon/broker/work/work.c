/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one request: charged before its body is read, decoded from bytes that nobody else can
 * change any more, answered once. What it refuses is answered with the kernel's errno or EPERM and a
 * reason, and recorded; what it cannot decode ends the connection.
 */
#include "daemon/broker/work/work.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/peers/closers.h"
#include "daemon/broker/work/session.h"
#include "daemon/broker/work/turns.h"
#include "proto/refusal.h"

/* What is copied of a large body in one turn: a few milliseconds, also when each page of it must be found first. */
#define WORK_LOAD_BYTES (1u << 20)

static void work_free(struct work *work)
{
	TAILQ_REMOVE(&work->broker->works, work, link);
	if (work->session)
		work->session->work = NULL;
	if (work->state_free)
		work->state_free(work->state);
	loader_call_free(work->loader_call);
	judge_call_free(work->judge_call);
	ledger_charge_done(&work->charge);
	if (work->decision)
		decision_done(work->decision);
	free(work->decision);
	free(work->ruling);
	free(work->text);
	free(work->log);
	closers_let_go_message(work->broker->closers, work->account, &work->msg);
	closers_let_go(work->broker->closers, work->account, TAKE_FD(work->lent_sock));
	quota_charge_done(&work->bytes);
	quota_charge_done(&work->fds);
	quota_charge_done(&work->room);
	quota_charge_done(&work->handle);
	sessions_wake_starved(work->broker);
	rules_unref(work->rules);
	quota_account_unref(work->account);
	ident_unref(work->ident);
	free(work);
}

/* Which replies were read meanwhile is looked up only when it matters. */
static int work_charge_bytes(struct work *work, uint64_t bytes, struct quota_charge *charge)
{
	int r = quota_charge(work->account, QUOTA_BYTES, bytes, charge);

	if (r != -EDQUOT)
		return r;
	sessions_count_unread(work->account, work->broker);
	return quota_charge(work->account, QUOTA_BYTES, bytes, charge);
}

static int work_charge(struct work *work)
{
	int r = work_charge_bytes(work, sizeof(*work) + work->msg.head.body_bytes, &work->bytes);

	if (r >= 0)
		r = quota_charge(work->account, QUOTA_FDS, work->msg.fd_cnt, &work->fds);
	if (r >= 0 && sessions_are_full(work->account, work->broker))
		r = -EDQUOT;
	return r;
}

static int work_decode(struct work *work)
{
	uint64_t room = 0;
	int r;

	r = codec_decode_request(work->msg.body, work->msg.head.body_bytes, work->msg.fd_cnt,
				 &work->req);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_CNT(work->req.ptrs); i++)
		room += work->req.ptrs[i].room;
	return work_charge_bytes(work, room, &work->room);
}

int work_new(struct session *session, struct message *take_msg, struct work **ret_work)
{
	struct broker *broker = session->broker;
	struct work *work = calloc(1, sizeof(*work));
	int r;

	if (!work)
		return -ENOMEM;
	work->broker = broker;
	work->lent_sock = -1;
	work->ident = ident_ref(session->ident);
	work->account = session->account;
	work->account->ref_cnt++;
	work->rules = rules_ref(broker->rules);
	work->began_ns = clock_now_ns();
	work->msg = *take_msg;
	*take_msg = (struct message){ .body_fd = -1, .head = work->msg.head };
	TAILQ_INSERT_TAIL(&broker->works, work, link);

	r = work_charge(work);
	if (r < 0) {
		work_free(work);
		return r;
	}
	work->session = session;
	work->loading = true;
	session->work = work;
	*ret_work = work;
	return 0;
}

int work_load(struct work *work)
{
	int r = channel_load_some(&work->msg, WORK_LOAD_BYTES);

	if (r > 0)
		return r;
	if (r == 0)
		r = work_decode(work);
	work->loading = false;
	if (r < 0)
		work_free(work);
	return r;
}

void work_drop(struct work *work)
{
	work_free(work);
}

bool work_wants_turn(const struct work *work)
{
	return work && (work->loading || work->next);
}

void work_go_on(struct work *work, void (*next)(struct work *work))
{
	if (work->msg.head.body_bytes <= WIRE_INLINE_MAX) {
		next(work);
		return;
	}
	/* Nobody would hear of it. */
	if (!work->session) {
		work_free(work);
		return;
	}
	work->next = next;
	turns_want(work->broker->turns, work->session);
}

void work_then(struct work *work, work_then_fn then, void *about)
{
	assert(!work->then);
	work->then = then;
	work->about = about;
}

void *work_about(const struct work *work)
{
	return work->about;
}

void work_resume(struct work *work, int err)
{
	work_then_fn then = work->then;

	assert(then);
	work->then = NULL;
	work->about = NULL;
	then(work, err);
}

int work_fd(const struct work *work, int32_t number)
{
	int idx = request_find_fd(&work->req, number);

	return idx < 0 ? idx : work->msg.fds[idx];
}

int work_fd_at(const struct work *work, uint16_t attr_off)
{
	int idx = request_find_fd_at(&work->req, attr_off, (uint32_t)work->ident->pid);

	return idx < 0 ? idx : work->msg.fds[idx];
}

int32_t work_fd_number(const struct work *work, uint16_t attr_off)
{
	return attr_s32(work->req.attr, attr_off);
}

uint32_t work_u32(const struct work *work, size_t attr_off)
{
	return attr_u32(work->req.attr, attr_off);
}

uint64_t work_u64(const struct work *work, size_t attr_off)
{
	return attr_u64(work->req.attr, attr_off);
}

const struct request_ptr *work_ptr(const struct work *work, uint16_t attr_off)
{
	return request_ptr_at(&work->req, attr_off);
}

int work_need_ptr(const struct work *work, uint16_t attr_off, const struct request_ptr **ret_ptr)
{
	*ret_ptr = request_ptr_at(&work->req, attr_off);
	return (*ret_ptr)->state == WIRE_PTR_PRESENT ? 0 : -EFAULT;
}

/* ---- decisions ---- */

struct decision *work_new_decision(const struct broker *broker, const struct ident *ident,
				   const struct quota_account *account, const struct policy *policy,
				   const char *command)
{
	struct decision *decision = calloc(1, sizeof(*decision));

	if (!decision)
		return NULL;
	decision->id = decision_log_next_id(broker->decisions);
	decision->time_s = clock_now_s();
	decision->uid = ident->uid;
	decision->account = account->uid;
	decision->pid = ident->pid;
	snprintf(decision->unit, sizeof(decision->unit), "%s", ident->unit);
	snprintf(decision->command, sizeof(decision->command), "%s", command);
	snprintf(decision->policy_digest, sizeof(decision->policy_digest), "%s", policy_digest(policy));
	return decision;
}

int work_begin_decision(struct work *work)
{
	if (work->decision)
		return 0;
	work->decision = work_new_decision(work->broker, work->ident, work->account, work->rules->policy,
					   work->req.row->name);
	if (!work->decision)
		return -ENOMEM;
	work->decision->request = work->request;
	if (work->retry_of) {
		work->decision->id = work->retry_of;
		work->decision->is_retry = true;
	}
	work->reply.decision = work->decision->id;
	return 0;
}

static bool work_is_quiet(const struct work *work)
{
	if (!work->ruling)
		return false;
	return work->ruling->log == POLICY_LOG_DENIALS &&
	       work->decision->verdict == DECISION_ALLOWED;
}

/* Policy allowed it and nobody refused since: it was done, or there was no memory for it, or the kernel would not. */
static void work_conclude(const struct work *work, struct decision *decision)
{
	if (decision->verdict != DECISION_NONE)
		return;
	if (work->reply.result >= 0 && work->ruling && work->ruling->verdict == POLICY_ALLOW) {
		decision->verdict = DECISION_ALLOWED;
		return;
	}
	decision->verdict = DECISION_REFUSED;
	decision->stage = DECISION_BY_BROKER;
	if (!decision->summary[0])
		snprintf(decision->summary, sizeof(decision->summary), "%s", strerror(decision->err));
}

static void work_record(struct work *work)
{
	if (!work->decision)
		return;
	work->decision->err = work->reply.result < 0 ? -work->reply.result : 0;
	work_conclude(work, work->decision);
	if (!work->decision->text && work->reply.reason)
		work->decision->text = strndup(work->reply.reason, work->reply.reason_bytes);
	decision_log_add(work->broker->decisions, work->decision, work_is_quiet(work));
}

/* ---- replies ---- */

static void work_send(struct work *work, int fd)
{
	OWN_MEM uint8_t *body = NULL;
	size_t bytes = 0;
	struct session *session = work->session;
	uint64_t frame_id = work->msg.head.id;
	int r;

	work_record(work);
	work->reply.result_is_fd = fd >= 0;
	r = session ? codec_encode_reply(&work->reply, &body, &bytes) : -EPIPE;
	/* The frame's memory and charges go before the client can send the next one. */
	work_free(work);
	if (!session)
		return;
	if (r < 0)
		session_hang_up(session);
	else
		session_reply(session, WIRE_REPLY, frame_id, body, bytes, fd);
}

void work_reply(struct work *work, int result)
{
	work->reply.result = result;
	work_send(work, -1);
}

void work_reply_fd(struct work *work, int fd)
{
	work->reply.result = 0;
	work_send(work, fd);
}

void work_refuse(struct work *work, int err, enum decision_stage stage, enum refusal refusal,
		 const char *format, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	work_refuse_as(work, err, stage, refusal_code(refusal), "%s", reason);
}

void work_refuse_as(struct work *work, int err, enum decision_stage stage, const char *code, const char *format, ...)
{
	char reason[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	if (work_begin_decision(work) == 0) {
		struct decision *decision = work->decision;

		decision->verdict = work->undecided ? DECISION_UNDECIDED : DECISION_REFUSED;
		decision->stage = stage;
		snprintf(decision->code, sizeof(decision->code), "%s", code);
		snprintf(decision->summary, sizeof(decision->summary), "%.255s", reason);
	}
	if (!work->reply.reason) {
		work->reply.reason = reason;
		work->reply.reason_bytes = (uint32_t)strlen(reason);
	}
	work_reply(work, -err);
}

/* ---- a program's own fd, which only bpfgated may touch ---- */

static void work_on_handed_over(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct work *work = ctx;
	struct session *session = work->session;

	if (tell->result < 0) {
		work->reply.result = tell->result;
		/* The client is gone or does not read: nobody will ever hold a fresh program. */
		if (!work->kept_anyway)
			to_parent_ask_drop(work->broker->to_parent, tell->keep_id);
	}
	work_record(work);
	work_free(work);
	if (session)
		session_replied(session, tell->result >= 0);
}

/*
 * The frame that bpfgated shall send: head and body, or, for what does not fit into one message (a
 * long log), the head alone and the body as a sealed memfd, which comes last of all fds.
 */
static int work_make_frame(struct work *work, uint8_t **ret_frame, uint32_t *ret_bytes,
			   int *ret_body_fd)
{
	struct wire_head head = { .magic = htole32(WIRE_MAGIC),
				  .version = htole16(work->session->version),
				  .type = htole16(WIRE_REPLY),
				  .id = htole64(work->msg.head.id),
				  .fd_cnt = htole16(1) };
	OWN_MEM uint8_t *body = NULL;
	uint8_t *frame;
	size_t bytes, inlined;
	int r;

	r = codec_encode_reply(&work->reply, &body, &bytes);
	if (r < 0)
		return r;
	head.body_bytes = htole32((uint32_t)bytes);
	inlined = sizeof(head) + bytes > KEEP_FRAME_MAX ? 0 : bytes;
	if (inlined < bytes) {
		r = channel_seal_bytes(body, bytes, ret_body_fd);
		if (r < 0)
			return r;
		head.flags = htole16(WIRE_BODY_MEMFD);
	}
	frame = malloc(sizeof(head) + inlined);
	if (!frame)
		return -ENOMEM;
	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), body, inlined);
	*ret_frame = frame;
	*ret_bytes = (uint32_t)(sizeof(head) + inlined);
	return 0;
}

static int work_start_hand_over(struct work *work, uint64_t keep_id)
{
	struct keep_ask ask = { .kind = ASK_HAND_OVER, .cnt = 1, .keep_id = { keep_id } };
	OWN_MEM uint8_t *frame = NULL;
	OWN_FD int body_fd = -1;
	int fds[2], r;

	work->reply.result = 0;
	work->reply.result_is_fd = true;
	r = work_make_frame(work, &frame, &ask.bytes, &body_fd);
	if (r < 0)
		return r;
	/* Until bpfgated has closed its copy there is this one, whatever becomes of the session. */
	work->lent_sock = fcntl(work->session->fd, F_DUPFD_CLOEXEC, 0);
	if (work->lent_sock < 0)
		return -errno;
	fds[0] = work->lent_sock;
	fds[1] = body_fd;
	return to_parent_ask(work->broker->to_parent, &ask, frame, fds, body_fd < 0 ? 1 : 2,
			     work_on_handed_over, work);
}

void work_reply_kept(struct work *work, uint64_t keep_id, bool pinned)
{
	int r = work->session ? 0 : -EPIPE;

	work->kept_anyway = pinned;
	if (r == 0)
		r = work_start_hand_over(work, keep_id);
	if (r >= 0)
		return;
	if (!pinned)
		to_parent_ask_drop(work->broker->to_parent, keep_id);
	work_reply(work, r);
}

/* ---- loaders and judges ---- */

struct loader_call *work_new_loader_call(struct work *work, uint32_t cmd, uint64_t caps)
{
	struct loader_call *call = loader_call_new();
	uint32_t bytes = work->req.attr_bytes;

	if (!call)
		return NULL;
	call->uid = work->account->uid;
	call->account = work->account;
	call->ctx = work;
	call->ask.op = DOOR_BPF;
	call->ask.cmd = cmd;
	call->ask.caps = caps;
	/* Beyond our record of the attr only zeros could stand: leaving them out changes nothing. */
	call->ask.attr_bytes = bytes < ATTR_BYTES ? bytes : ATTR_BYTES;
	memcpy(call->ask.attr, work->req.attr, call->ask.attr_bytes);
	loader_call_free(work->loader_call);
	work->loader_call = call;
	return call;
}

int work_enter_netns(struct work *work)
{
	if (work->ident->netns_cookie == work->broker->netns_cookie)
		return 0;
	if (!work->session)
		return -EPIPE;
	work->loader_call->netns_sock = work->session->fd;
	work->loader_call->netns_cookie = work->ident->netns_cookie;
	return 0;
}

void work_submit_loader(struct work *work, loader_done_fn on_done)
{
	int r;

	work->loader_call->on_done = on_done;
	work->loader_call->ctx = work;
	r = loaders_submit(work->broker->loaders, work->loader_call);
	if (r == -ENOBUFS)
		work_refuse(work, EAGAIN, DECISION_BY_QUOTA, REFUSAL_LOADERS,
			    "too many calls of this user wait, or too many network namespaces were called from "
			    "lately");
	else if (r < 0)
		work_refuse(work, -r, DECISION_BY_BROKER, REFUSAL_LOADER, "no loader could be started: %s",
			    strerror(-r));
}

void work_submit_judge(struct work *work, judge_done_fn on_done)
{
	int r;

	work->judge_call->on_done = on_done;
	work->judge_call->ctx = work;
	work->judge_call->account = work->account;
	r = judge_pool_submit(work->broker->judges, work->judge_call);
	if (r == -EDQUOT)
		work_refuse(work, EAGAIN, DECISION_BY_QUOTA, REFUSAL_JUDGE_QUEUE,
			    "too many of this user's programs wait to be judged");
	else if (r < 0)
		work_refuse(work, -r, DECISION_BY_BROKER, REFUSAL_JUDGE, "the judge cannot be asked: %s",
			    strerror(-r));
}

bool work_loader_answered(struct work *work, const struct loader_result *result)
{
	if (result->err == 0 && !result->answer->refused)
		return true;
	if (result->err == 0)
		work_refuse(work, EIO, DECISION_BY_BROKER, REFUSAL_LOADER_REFUSED,
			    "the loader refused the approval: %s", strerror(-result->answer->result));
	else
		work_refuse(work, result->err == -ETIMEDOUT ? EAGAIN : EIO, DECISION_BY_BROKER,
			    REFUSAL_LOADER_LOST, "the loader was lost during the call: %s",
			    strerror(-result->err));
	return false;
}
