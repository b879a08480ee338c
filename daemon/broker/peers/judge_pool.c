/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each caller gets a fresh judge, and a judge has one caller: the next programs of the same connection may
 * go to it as well, for a while. What a judge says is checked against the job it was given: nonce, payload
 * size, sizes of what it sends. A judge that lies, floods, dies or hangs makes its job undecided, never
 * accepted; if it had other jobs before, a fresh one is asked first. Users take turns: a queue of one uid's
 * jobs does not delay another's first one.
 */
#include "daemon/broker/peers/judge_pool.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/broker/store/clock.h"
#include "daemon/broker/peers/peer.h"
#include "proto/channel.h"
#include "proto/refusal.h"

/*
 * The zygote kills a judge so long after its job's deadline, should we have failed to. A judge that stays
 * for its caller needs no word to the zygote for each job meanwhile.
 */
#define JUDGE_POOL_GRACE_USEC (5ull * 1000 * 1000)
/* Of those that may be alive at once: enough for everything one user does, and others find one free. */
#define JUDGE_POOL_PER_UID (JUDGES_MAX / 4)
/* How long a job waits for a zygote that is being restarted, or for a free judge. */
#define JUDGE_POOL_WAIT_USEC (60ull * 1000 * 1000)

/* How long, how often and how much a judge may serve its caller. */
#define JUDGE_IDLE_USEC	  (2ull * 1000 * 1000)
#define JUDGE_JOBS_MAX	  64u
#define JUDGE_CPU_MAX_NS  (2ull * 1000 * 1000 * 1000)
#define JUDGE_KEPT_BYTES  (16ull << 20)	/* a verification that took more leaves too much behind */
#define JUDGE_POOL_HELD_MAX 8u

struct judge {
	struct judge_pool *judges;
	uint32_t id;
	struct peer *peer;
	struct judge_call *call;	/* NULL while it waits */
	uint64_t caller;		/* whose jobs it serves; 0: none yet, or just one job */
	unsigned int job_cnt;
	uint64_t cpu_ns;
	uint64_t watched_usec;		/* until when the zygote lets it live */
	sd_event_source *timer;
	TAILQ_ENTRY(judge) link;
};

struct judge_pool {
	sd_event *event;
	uint8_t *scratch;
	struct peer *zygote;
	uint32_t missing;
	unsigned int busy, held_cnt;
	TAILQ_HEAD(, judge) spares;	/* fresh */
	TAILQ_HEAD(, judge) held;	/* between two jobs of their caller, oldest first */
	TAILQ_HEAD(, judge) working;
	TAILQ_HEAD(, judge_call) queue;
	sd_event_source *waiting;	/* the oldest job's patience */
	sd_event_source *kick;		/* one job is given to a judge */
};

static void judge_pool_enqueue(struct judge_pool *judges, struct judge_call *call, bool first);
static uint64_t judge_pool_now_usec(const struct judge_pool *judges);

struct judge_call *judge_call_new(void)
{
	return calloc(1, sizeof(struct judge_call));
}

/* What a judge has said so far. */
static void judge_call_unsay(struct judge_call *call)
{
	for (uint32_t i = 0; i < call->result_cnt; i++)
		free(call->results[i].bytes);
	free(call->results);
	call->results = NULL;
	call->result_cnt = 0;
	free(call->log);
	free(call->told);
	free(call->model);
	call->log = call->told = call->model = NULL;
	call->log_bytes = call->told_bytes = call->model_bytes = 0;
}

void judge_call_free(struct judge_call *call)
{
	if (!call)
		return;
	judge_call_unsay(call);
	free(call->payload);
	quota_charge_done(&call->bytes);
	free(call);
}

static void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	peer_free(judge->peer);
	sd_event_source_disable_unref(judge->timer);
	free(judge);
}

/* Whatever the judge said before counts for nothing. */
static void judge_call_undecide(struct judge_call *call, enum refusal refusal, const char *message)
{
	memset(&call->verdict, 0, sizeof(call->verdict));
	call->verdict.says = JUDGE_SAYS_UNDECIDED;
	call->verdict.insn_idx = UINT32_MAX;
	snprintf(call->verdict.code, sizeof(call->verdict.code), "%s", refusal_code(refusal));
	snprintf(call->verdict.message, sizeof(call->verdict.message), "%s", message);
}

static void judge_call_finish(struct judge_call *call)
{
	struct quota_account *account = call->account;
	uint64_t began_ns = clock_now_ns();

	call->judges->busy--;
	quota_charge_done(&call->queued);
	if (!account) {
		call->on_done(call->ctx, call);
		return;
	}
	account->judge_ns += call->cpu_ns;
	account->ref_cnt++;
	quota_owe(account, call->cpu_ns);
	call->on_done(call->ctx, call);
	quota_owe(account, clock_now_ns() - began_ns);
	quota_account_unref(account);
}

/* ---- between two jobs of one caller ---- */

static void judge_unhold(struct judge *judge)
{
	TAILQ_REMOVE(&judge->judges->held, judge, link);
	judge->judges->held_cnt--;
}

static void judge_dismiss(struct judge *judge)
{
	judge_unhold(judge);
	judge_free(judge);
}

/* It must be silent: one that speaks or dies unasked has no caller any more. */
static void judge_on_held_message(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	judge_dismiss(ctx);
}

static void judge_on_held_gone(void *ctx, int err)
{
	judge_dismiss(ctx);
}

static bool judge_may_stay(const struct judge *judge, const struct judge_call *call)
{
	return judge->caller && call->has_verdict && judge->job_cnt < JUDGE_JOBS_MAX &&
	       judge->cpu_ns < JUDGE_CPU_MAX_NS && call->verdict.peak_bytes <= JUDGE_KEPT_BYTES;
}

static void judge_arm(struct judge *judge, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(judge->timer, usec);
	(void)sd_event_source_set_enabled(judge->timer, SD_EVENT_ONESHOT);
}

static void judge_hold(struct judge *judge)
{
	struct judge_pool *judges = judge->judges;

	judge->call = NULL;
	peer_rebind(judge->peer, judge_on_held_message, judge_on_held_gone, judge);
	judge_arm(judge, JUDGE_IDLE_USEC);
	TAILQ_INSERT_TAIL(&judges->held, judge, link);
	if (++judges->held_cnt > JUDGE_POOL_HELD_MAX)
		judge_dismiss(TAILQ_FIRST(&judges->held));
}

void judge_pool_forget_caller(struct judge_pool *judges, uint64_t caller)
{
	struct judge *judge, *next;

	for (judge = judges ? TAILQ_FIRST(&judges->held) : NULL; judge; judge = next) {
		next = TAILQ_NEXT(judge, link);
		if (judge->caller == caller)
			judge_dismiss(judge);
	}
}

/* ---- the end of a job ---- */

static void judge_kill(struct judge *judge)
{
	struct judge_ask ask = { .kind = JUDGE_ASK_KILL, .judge_id = judge->id };
	struct iovec part = { &ask, sizeof(ask) };

	if (judge->judges->zygote)
		(void)peer_send(judge->judges->zygote, &part, 1, NULL, 0);
}

/* An earlier job of its caller may be to blame: then this one is judged anew, once, by a fresh judge. */
static bool judge_call_retry(const struct judge *judge, struct judge_call *call)
{
	struct judge_pool *judges = judge->judges;

	if (judge->job_cnt < 2 || call->retried ||
	    judge_pool_now_usec(judges) >= call->started_usec + call->deadline_ns / 1000)
		return false;
	call->retried = true;
	call->caller = 0;
	judge_call_unsay(call);
	judge_pool_enqueue(judges, call, true);
	return true;
}

/* Ends the judge's work; a judge that has not given a verdict is killed. */
static void judge_end(struct judge *judge, const char *why)
{
	struct judge_pool *judges = judge->judges;
	struct judge_call *call = judge->call;
	bool again = false;

	TAILQ_REMOVE(&judges->working, judge, link);
	call->judge = NULL;
	if (!call->has_verdict) {
		judge_kill(judge);
		again = judge_call_retry(judge, call);
		if (!again)
			judge_call_undecide(call, REFUSAL_JUDGE_LOST, why);
	}
	if (judge_may_stay(judge, call))
		judge_hold(judge);
	else
		judge_free(judge);
	/* Somebody may have waited for one of its own to end, while others were free. */
	(void)sd_event_source_set_enabled(judges->kick, SD_EVENT_ONESHOT);
	if (!again)
		judge_call_finish(call);
}

/* ---- what a judge says ---- */

/* Grows a text of a call by a piece. */
static int judge_take_text(char **text, size_t *text_bytes, size_t most, const uint8_t *bytes, size_t byte_cnt)
{
	char *grown;

	if (*text_bytes + byte_cnt > most)
		return -EBADMSG;
	grown = realloc(*text, *text_bytes + byte_cnt + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + *text_bytes, bytes, byte_cnt);
	*text = grown;
	*text_bytes += byte_cnt;
	return 0;
}

static int judge_take_result(struct judge_call *call, const uint8_t *bytes, size_t byte_cnt)
{
	struct judge_result *grown;
	uint8_t *copy;

	if (call->result_cnt >= JUDGE_RESULTS_MAX)
		return -EBADMSG;
	grown = realloc(call->results, (call->result_cnt + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	call->results = grown;
	copy = malloc(byte_cnt + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, byte_cnt);
	grown[call->result_cnt++] = (struct judge_result){ copy, (uint32_t)byte_cnt };
	return 0;
}

static int judge_take_verdict(struct judge_call *call, const uint8_t *bytes, size_t byte_cnt)
{
	struct judge_verdict verdict;

	if (byte_cnt != sizeof(verdict))
		return -EBADMSG;
	memcpy(&verdict, bytes, sizeof(verdict));
	if (verdict.nonce != call->job.nonce || verdict.payload_bytes != call->job.payload_bytes ||
	    verdict.log_bytes != call->log_bytes ||
	    verdict.told_bytes != call->told_bytes + call->model_bytes || verdict.result_cnt != call->result_cnt ||
	    !verdict.says || verdict.says > JUDGE_SAYS_MALFORMED ||
	    verdict.err < 0 || verdict.err > 4095)
		return -EBADMSG;
	verdict.code[sizeof(verdict.code) - 1] = '\0';
	verdict.message[sizeof(verdict.message) - 1] = '\0';
	verdict.place[sizeof(verdict.place) - 1] = '\0';
	call->verdict = verdict;
	call->cpu_ns = verdict.time_ns;
	call->judge->cpu_ns += verdict.time_ns;
	call->by_fresh_judge = call->judge->job_cnt == 1;
	call->has_verdict = true;
	call->judges->missing = SANDBOX_WHOLE & ~verdict.sandbox;
	return 0;
}

static int judge_take_piece(struct judge_call *call, const uint8_t *bytes, size_t len)
{
	struct judge_piece head;

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	if (head.nonce != call->job.nonce || head.bytes != len - sizeof(head) ||
	    head.bytes > JUDGE_PIECE_MAX)
		return -EBADMSG;
	bytes += sizeof(head);
	switch (head.kind) {
	case JUDGE_PIECE_LOG:
		return judge_take_text(&call->log, &call->log_bytes, call->job.log_bytes, bytes, head.bytes);
	case JUDGE_PIECE_RESULT:
		return judge_take_result(call, bytes, head.bytes);
	case JUDGE_PIECE_TOLD:
		return judge_take_text(&call->told, &call->told_bytes, JUDGE_TOLD_MAX, bytes, head.bytes);
	case JUDGE_PIECE_MODEL:
		return judge_take_text(&call->model, &call->model_bytes, JUDGE_TOLD_MAX, bytes, head.bytes);
	case JUDGE_PIECE_VERDICT:
		return judge_take_verdict(call, bytes, head.bytes);
	}
	return -EBADMSG;
}

static void judge_on_message(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	struct judge *judge = ctx;

	if (judge_take_piece(judge->call, bytes, len) < 0) {
		judge->call->has_verdict = false;
		judge_end(judge, "the judge said what no judge says");
	} else if (judge->call->has_verdict) {
		judge_end(judge, "");
	}
}

static void judge_on_gone(void *ctx, int err)
{
	judge_end(ctx, "the judge died or ran out of its budget");
}

static int judge_on_timer(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct judge *judge = ctx;

	if (judge->call)
		judge_end(judge, "the judge did not answer in time");
	else
		judge_dismiss(judge);
	return 0;
}

/* A spare must be silent: one that speaks or dies unasked is not a spare. */
static void judge_on_spare_message(void *ctx, const uint8_t *bytes, size_t len,
				   struct packet_fds *fds)
{
	struct judge *judge = ctx;

	TAILQ_REMOVE(&judge->judges->spares, judge, link);
	judge_free(judge);
}

static void judge_on_spare_gone(void *ctx, int err)
{
	judge_on_spare_message(ctx, NULL, 0, NULL);
}

/* ---- giving jobs to judges ---- */

/* After the job was sent: while the judge begins. */
static int judge_watch(struct judge *judge, const struct judge_call *call)
{
	struct judge_ask watch = { .kind = JUDGE_ASK_WATCH,
				   .judge_id = judge->id,
				   .deadline_ns =
					   call->deadline_ns + 1000 * JUDGE_POOL_GRACE_USEC };
	struct iovec part = { &watch, sizeof(watch) };

	if (judge->watched_usec >= call->started_usec + call->deadline_ns / 1000)
		return 0;
	judge->watched_usec = call->started_usec + watch.deadline_ns / 1000;
	return judge->judges->zygote ? peer_send(judge->judges->zygote, &part, 1, NULL, 0) : -EPIPE;
}

static int judge_send_job(struct judge *judge, struct judge_call *call)
{
	struct iovec parts[2] = { { &call->job, sizeof(call->job) },
				  { call->payload, call->payload_bytes } };
	OWN_FD int memfd = -1;
	int r;

	if (call->payload_bytes <= JUDGE_INLINE_MAX)
		return peer_send(judge->peer, parts, 2, NULL, 0);
	r = channel_seal_bytes(call->payload, call->payload_bytes, &memfd);
	if (r < 0)
		return r;
	call->job.flags |= JUDGE_PAYLOAD_FD;
	return peer_send(judge->peer, parts, 1, &memfd, 1);
}

/* The judge that serves this caller already, or a fresh one; out of its list. NULL: none is there. */
static struct judge *judge_pool_take(struct judge_pool *judges, const struct judge_call *call)
{
	struct judge *judge;

	TAILQ_FOREACH(judge, &judges->held, link) {
		if (call->caller && judge->caller == call->caller) {
			judge_unhold(judge);
			return judge;
		}
	}
	judge = TAILQ_FIRST(&judges->spares);
	if (judge)
		TAILQ_REMOVE(&judges->spares, judge, link);
	return judge;
}

static void judge_start(struct judge *judge, struct judge_call *call)
{
	struct judge_pool *judges = judge->judges;
	uint64_t usec = call->deadline_ns / 1000;
	int r = 0;

	TAILQ_INSERT_TAIL(&judges->working, judge, link);
	judge->call = call;
	judge->caller = call->caller;
	judge->job_cnt++;
	call->judge = judge;
	call->started_usec = judge_pool_now_usec(judges);
	if (call->caller)
		call->job.flags |= JUDGE_STAY;
	else
		call->job.flags &= ~JUDGE_STAY;
	peer_rebind(judge->peer, judge_on_message, judge_on_gone, judge);
	if (judge->timer)
		judge_arm(judge, usec);
	else
		r = sd_event_add_time_relative(judges->event, &judge->timer, CLOCK_MONOTONIC, usec, 0,
					       judge_on_timer, judge);
	if (r >= 0)
		r = judge_send_job(judge, call);
	if (r >= 0)
		r = judge_watch(judge, call);
	if (r < 0)
		judge_end(judge, "the job could not be sent to a judge");
}

static unsigned int judge_pool_working_for(const struct judge_pool *judges,
					   const struct quota_account *account)
{
	const struct judge *judge;
	unsigned int cnt = 0;

	TAILQ_FOREACH(judge, &judges->working, link)
		cnt += judge->call->account == account;
	return cnt;
}

/* The first job of the user that has the fewest judges at work; NULL when all have as many as they may. */
static struct judge_call *judge_pool_pick(struct judge_pool *judges)
{
	struct judge_call *call, *best = NULL;
	unsigned int best_cnt = JUDGE_POOL_PER_UID;

	TAILQ_FOREACH(call, &judges->queue, link) {
		unsigned int cnt = judge_pool_working_for(judges, call->account);

		if (cnt < best_cnt) {
			best = call;
			best_cnt = cnt;
		}
		if (best_cnt == 0)
			break;
	}
	return best;
}

/* A large job takes its time to send: the next one waits until all else was looked at. */
static int judge_pool_on_kick(sd_event_source *source, void *ctx)
{
	struct judge_pool *judges = ctx;
	struct judge_call *call = judge_pool_pick(judges);
	struct judge *judge = call ? judge_pool_take(judges, call) : NULL;

	if (judge) {
		TAILQ_REMOVE(&judges->queue, call, link);
		judge_start(judge, call);
		(void)sd_event_source_set_enabled(judges->kick, SD_EVENT_ONESHOT);
	}
	if (TAILQ_EMPTY(&judges->queue))
		sd_event_source_set_enabled(judges->waiting, SD_EVENT_OFF);
	return 0;
}

static void judge_pool_arm_patience(struct judge_pool *judges, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(judges->waiting, usec);
	(void)sd_event_source_set_enabled(judges->waiting, SD_EVENT_ONESHOT);
}

static uint64_t judge_pool_now_usec(const struct judge_pool *judges)
{
	uint64_t now = 0;

	(void)sd_event_now(judges->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void judge_pool_enqueue(struct judge_pool *judges, struct judge_call *call, bool first)
{
	if (TAILQ_EMPTY(&judges->queue))
		judge_pool_arm_patience(judges, JUDGE_POOL_WAIT_USEC);
	if (first)
		TAILQ_INSERT_HEAD(&judges->queue, call, link);
	else
		TAILQ_INSERT_TAIL(&judges->queue, call, link);
	(void)sd_event_source_set_enabled(judges->kick, SD_EVENT_ONESHOT);
}

static int judge_pool_on_waited(sd_event_source *source, uint64_t usec, void *ctx)
{
	struct judge_pool *judges = ctx;
	uint64_t now = judge_pool_now_usec(judges);
	struct judge_call *call;

	while ((call = TAILQ_FIRST(&judges->queue))) {
		if (call->queued_usec + JUDGE_POOL_WAIT_USEC > now) {
			judge_pool_arm_patience(judges,
						call->queued_usec + JUDGE_POOL_WAIT_USEC - now);
			break;
		}
		TAILQ_REMOVE(&judges->queue, call, link);
		judge_call_undecide(call, REFUSAL_JUDGE_BUSY, "no judge was free in time");
		judge_call_finish(call);
	}
	return 0;
}

int judge_pool_submit(struct judge_pool *judges, struct judge_call *call)
{
	int r;

	if (call->payload_bytes > JUDGE_PAYLOAD_MAX)
		return -E2BIG;
	if (getrandom(&call->job.nonce, sizeof(call->job.nonce), 0) < 0)
		return -errno;
	r = quota_charge(call->account, QUOTA_QUEUED, 1, &call->queued);
	if (r < 0)
		return r;
	r = quota_charge(call->account, QUOTA_BYTES, call->payload_bytes, &call->bytes);
	if (r < 0) {
		quota_charge_done(&call->queued);
		return r;
	}
	call->job.version = JUDGE_VERSION;
	call->job.payload_bytes = call->payload_bytes;
	if (!call->deadline_ns)
		call->deadline_ns = JUDGE_POOL_DEADLINE_NS;
	call->judges = judges;
	judges->busy++;
	call->queued_usec = judge_pool_now_usec(judges);
	judge_pool_enqueue(judges, call, false);
	return 0;
}

/* ---- the zygote ---- */

static int judge_pool_add_spare(struct judge_pool *judges, uint32_t id, int take_fd)
{
	OWN_FD int fd = take_fd;
	struct judge *judge = calloc(1, sizeof(*judge));
	int r;

	if (!judge)
		return -ENOMEM;
	judge->judges = judges;
	judge->id = id;
	r = peer_new(judges->event, judges->scratch, TAKE_FD(fd), judge_on_spare_message,
		     judge_on_spare_gone, judge, &judge->peer);
	if (r < 0) {
		free(judge);
		return r;
	}
	TAILQ_INSERT_TAIL(&judges->spares, judge, link);
	return 0;
}

static void judge_pool_drop_spares(struct judge_pool *judges)
{
	struct judge *judge;

	while ((judge = TAILQ_FIRST(&judges->spares))) {
		TAILQ_REMOVE(&judges->spares, judge, link);
		judge_free(judge);
	}
	while ((judge = TAILQ_FIRST(&judges->held)))
		judge_dismiss(judge);
}

static void judge_pool_on_zygote_gone(void *ctx, int err)
{
	struct judge_pool *judges = ctx;

	peer_free(judges->zygote);
	judges->zygote = NULL;
	judge_pool_drop_spares(judges);
}

static void judge_pool_on_tell(void *ctx, const uint8_t *bytes, size_t len, struct packet_fds *fds)
{
	struct judge_pool *judges = ctx;
	struct judge_tell tell;

	if (len != sizeof(tell)) {
		judge_pool_on_zygote_gone(judges, -EBADMSG);
		return;
	}
	memcpy(&tell, bytes, sizeof(tell));
	/* The zygote's hello is not a judge: it lacks what each judge puts on at its own start. */
	if (tell.kind == JUDGE_TELL_READY && fds->cnt == 1) {
		judges->missing = SANDBOX_WHOLE & ~tell.sandbox;
		if (judge_pool_add_spare(judges, tell.judge_id, packet_fds_take(fds, 0)) == 0)
			(void)sd_event_source_set_enabled(judges->kick, SD_EVENT_ONESHOT);
	}
}

int judge_pool_set_zygote(struct judge_pool *judges, int take_fd)
{
	if (judges->zygote)
		judge_pool_on_zygote_gone(judges, 0);
	return peer_new(judges->event, judges->scratch, take_fd, judge_pool_on_tell,
			judge_pool_on_zygote_gone, judges, &judges->zygote);
}

int judge_pool_new(sd_event *event, uint8_t *scratch, struct judge_pool **ret_judges)
{
	struct judge_pool *judges = calloc(1, sizeof(*judges));
	int r;

	if (!judges)
		return -ENOMEM;
	judges->event = event;
	judges->scratch = scratch;
	TAILQ_INIT(&judges->spares);
	TAILQ_INIT(&judges->held);
	TAILQ_INIT(&judges->working);
	TAILQ_INIT(&judges->queue);
	r = sd_event_add_time_relative(event, &judges->waiting, CLOCK_MONOTONIC, 0, 0,
				       judge_pool_on_waited, judges);
	if (r >= 0)
		r = sd_event_source_set_enabled(judges->waiting, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_defer(event, &judges->kick, judge_pool_on_kick, judges);
	if (r >= 0)
		r = sd_event_source_set_priority(judges->kick, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_enabled(judges->kick, SD_EVENT_OFF);
	if (r < 0) {
		judge_pool_free(judges);
		return r;
	}
	*ret_judges = judges;
	return 0;
}

void judge_pool_free(struct judge_pool *judges)
{
	struct judge *judge;
	struct judge_call *call;

	if (!judges)
		return;
	while ((judge = TAILQ_FIRST(&judges->working)))
		judge_end(judge, "the daemon is shutting down");
	while ((call = TAILQ_FIRST(&judges->queue))) {
		TAILQ_REMOVE(&judges->queue, call, link);
		judge_call_undecide(call, REFUSAL_JUDGE_LOST, "the daemon is shutting down");
		judge_call_finish(call);
	}
	judge_pool_drop_spares(judges);
	peer_free(judges->zygote);
	sd_event_source_disable_unref(judges->waiting);
	sd_event_source_disable_unref(judges->kick);
	free(judges);
}

unsigned int judge_pool_busy(const struct judge_pool *judges)
{
	return judges->busy;
}

uint32_t judge_pool_missing(const struct judge_pool *judges)
{
	return judges->missing;
}
