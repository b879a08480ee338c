/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's side of its judges, with this test as the zygote and as each judge: who gets which
 * job, and what becomes of it when the judge lies, floods, is silent, or dies.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/broker/peers/judge_pool.h"
#include "proto/own.h"
#include "proto/packet.h"

static struct court {
	sd_event *event;
	uint8_t *scratch;
	struct judge_pool *judges;
	struct quota_table *quota;
	struct quota_account *account[6];
	int zygote;
	unsigned int order;
} court;

struct done {
	unsigned int cnt, order;
	uint32_t says, result_cnt;
	char code[32], log[64];
	struct judge_verdict verdict;
	bool fresh;
};

static void run(void)
{
	while (sd_event_run(court.event, 0) > 0)
		;
}

static void court_begin(void)
{
	int sock[2];

	memset(&court, 0, sizeof(court));
	court.scratch = malloc(PACKET_BYTES_MAX);
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) == 0 &&
		  sd_event_new(&court.event) >= 0);
	ck_assert_int_eq(judge_pool_new(court.event, court.scratch, &court.judges), 0);
	ck_assert_int_eq(judge_pool_set_zygote(court.judges, sock[0]), 0);
	court.zygote = sock[1];
	ck_assert_int_eq(quota_table_new(NULL, &court.quota), 0);
	for (uid_t i = 0; i < 6; i++)
		ck_assert_int_eq(quota_account_get(court.quota, 1000 + i, &court.account[i]), 0);
}

static void court_end(void)
{
	judge_pool_free(court.judges);
	for (int i = 0; i < 6; i++) {
		ck_assert_uint_eq(court.account[i]->used[QUOTA_QUEUED], 0);
		quota_account_unref(court.account[i]);
	}
	quota_sweep(court.quota, UINT64_MAX);
	quota_table_free(court.quota);
	close(court.zygote);
	sd_event_unref(court.event);
	free(court.scratch);
}

/* ---- the zygote ---- */

/* A judge is ready; its end. */
static int add_judge(uint32_t id)
{
	struct judge_tell tell = { .kind = JUDGE_TELL_READY,
				   .judge_id = id,
				   .sandbox = SANDBOX_ALL };
	struct iovec part = { &tell, sizeof(tell) };
	int sock[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(packet_send(court.zygote, &part, 1, &sock[0], 1, 0), 0);
	close(sock[0]);
	run();
	return sock[1];
}

/* What the zygote is asked next; kind 0: nothing. */
static struct judge_ask zygote_hears(void)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct judge_ask ask = { 0 };

	run();
	if (packet_recv(court.zygote, &ask, sizeof(ask), &fds, MSG_DONTWAIT) != (int)sizeof(ask))
		ask.kind = 0;
	return ask;
}

/* ---- requests ---- */

static void on_done(void *ctx, struct judge_call *call)
{
	struct done *done = ctx;

	done->cnt++;
	done->order = ++court.order;
	done->says = call->verdict.says;
	done->result_cnt = call->result_cnt;
	done->fresh = call->by_fresh_judge;
	memcpy(done->code, call->verdict.code, sizeof(done->code));
	done->verdict = call->verdict;
	memset(done->log, 0, sizeof(done->log));
	if (call->log)
		memcpy(done->log, call->log, call->log_bytes < 63 ? call->log_bytes : 63);
	judge_call_free(call);
}

static int submit(struct done *done, int who, uint64_t caller, size_t payload_bytes)
{
	struct judge_call *call = judge_call_new();
	int r;

	*done = (struct done){ 0 };
	call->job = (struct judge_job){
		.kind = JUDGE_VERIFY, .log_bytes = 16, .insns = 5, .mode = 2, .caps = 3
	};
	call->payload = calloc(1, payload_bytes + 1);
	call->payload_bytes = payload_bytes;
	call->account = court.account[who];
	call->caller = caller;
	call->on_done = on_done;
	call->ctx = done;
	r = judge_pool_submit(court.judges, call);
	if (r < 0)
		judge_call_free(call);
	run();
	return r;
}

/* ---- a judge ---- */

/* The job this judge has got; kind 0: none. */
static struct judge_job judge_hears(int judge, size_t *ret_behind, unsigned int *ret_fds)
{
	static uint8_t buf[sizeof(struct judge_job) + JUDGE_INLINE_MAX + 8];
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct judge_job job = { 0 };
	int n = packet_recv(judge, buf, sizeof(buf), &fds, MSG_DONTWAIT);

	if (n < (int)sizeof(job))
		return job;
	memcpy(&job, buf, sizeof(job));
	if (ret_behind)
		*ret_behind = (size_t)n - sizeof(job);
	if (ret_fds)
		*ret_fds = fds.cnt;
	return job;
}

static void say(int judge, struct judge_piece head, const void *bytes, size_t n)
{
	struct iovec parts[2] = { { &head, sizeof(head) }, { (void *)(uintptr_t)bytes, n } };

	ck_assert_int_eq(packet_send(judge, parts, 2, NULL, 0, 0), 0);
	run();
}

static void say_piece(int judge, uint32_t kind, uint64_t nonce, const void *bytes, size_t n)
{
	say(judge, (struct judge_piece){ .kind = kind, .bytes = (uint32_t)n, .nonce = nonce },
	    bytes, n);
}

static struct judge_verdict verdict_of(const struct judge_job *job)
{
	return (struct judge_verdict){ .nonce = job->nonce,
				       .payload_bytes = job->payload_bytes,
				       .says = JUDGE_SAYS_ACCEPT,
				       .sandbox = SANDBOX_ALL,
				       .time_ns = 1000,
				       .code = "OK" };
}

static void accept_job(int judge, const struct judge_job *job)
{
	struct judge_verdict verdict = verdict_of(job);

	say_piece(judge, JUDGE_PIECE_VERDICT, job->nonce, &verdict, sizeof(verdict));
}

/* ---- what a verdict must be ---- */

struct spoilt {
	struct judge_verdict verdict;
	struct judge_piece head;
	size_t bytes;
	uint32_t logged, results;
};

static void as_it_is(struct spoilt *s)
{
}
static void reject(struct spoilt *s)
{
	s->verdict.says = JUDGE_SAYS_REJECT;
	s->verdict.err = 13;
}
static void malformed(struct spoilt *s)
{
	s->verdict.says = JUDGE_SAYS_MALFORMED;
}
static void says_nothing(struct spoilt *s)
{
	s->verdict.says = 0;
}
static void says_too_much(struct spoilt *s)
{
	s->verdict.says = JUDGE_SAYS_MALFORMED + 1;
}
static void nonce(struct spoilt *s)
{
	s->verdict.nonce ^= 1;
}
static void payload(struct spoilt *s)
{
	s->verdict.payload_bytes++;
}
static void log_bytes(struct spoilt *s)
{
	s->verdict.log_bytes++;
}
static void results(struct spoilt *s)
{
	s->verdict.result_cnt++;
}
static void told_bytes(struct spoilt *s)
{
	s->verdict.told_bytes++;
}
static void err_negative(struct spoilt *s)
{
	s->verdict.err = -1;
}
static void err_most(struct spoilt *s)
{
	s->verdict.err = 4095;
}
static void err_more(struct spoilt *s)
{
	s->verdict.err = 4096;
}
static void head_nonce(struct spoilt *s)
{
	s->head.nonce ^= 1;
}
static void head_kind(struct spoilt *s)
{
	s->head.kind = 6;
}
static void head_bytes(struct spoilt *s)
{
	s->head.bytes--;
}
static void shorter(struct spoilt *s)
{
	s->bytes--;
	s->head.bytes--;
}
static void longer(struct spoilt *s)
{
	s->bytes++;
	s->head.bytes++;
}
static void with_log(struct spoilt *s)
{
	s->logged = 16;
	s->verdict.log_bytes = 16;
}
static void with_long_log(struct spoilt *s)
{
	s->logged = 17;
	s->verdict.log_bytes = 17;
}
static void log_untold(struct spoilt *s)
{
	s->logged = 5;
}
static void with_results(struct spoilt *s)
{
	s->results = JUDGE_RESULTS_MAX;
	s->verdict.result_cnt = JUDGE_RESULTS_MAX;
}
static void with_more_results(struct spoilt *s)
{
	s->results = JUDGE_RESULTS_MAX + 1;
	s->verdict.result_cnt = JUDGE_RESULTS_MAX + 1;
}

static struct done judged(void (*spoil)(struct spoilt *))
{
	struct spoilt s = { .bytes = sizeof(s.verdict) };
	uint8_t bytes[sizeof(s.verdict) + 8] = { 0 };
	struct judge_job job;
	struct done done;
	int judge;

	court_begin();
	judge = add_judge(3);
	ck_assert_int_eq(submit(&done, 0, 0, 100), 0);
	job = judge_hears(judge, NULL, NULL);
	ck_assert_uint_eq(job.kind, JUDGE_VERIFY);
	ck_assert_uint_eq(zygote_hears().kind, JUDGE_ASK_WATCH);
	s.verdict = verdict_of(&job);
	s.head = (struct judge_piece){ .kind = JUDGE_PIECE_VERDICT,
				       .bytes = sizeof(s.verdict),
				       .nonce = job.nonce };
	spoil(&s);
	for (uint32_t i = 0; i < s.logged; i++)
		if (!done.cnt)
			say_piece(judge, JUDGE_PIECE_LOG, job.nonce, "l", 1);
	for (uint32_t i = 0; i < s.results; i++)
		if (!done.cnt)
			say_piece(judge, JUDGE_PIECE_RESULT, job.nonce, "result", 6);
	memcpy(bytes, &s.verdict, sizeof(s.verdict));
	if (!done.cnt)
		say(judge, s.head, bytes, s.bytes);
	ck_assert_uint_eq(done.cnt, 1);
	/* Who gave no verdict is killed. */
	ck_assert_uint_eq(zygote_hears().kind,
			  done.says == JUDGE_SAYS_UNDECIDED ? JUDGE_ASK_KILL : 0);
	close(judge);
	court_end();
	return done;
}

START_TEST(a_verdict_is_about_exactly_this_job_or_none)
{
	static const struct {
		void (*spoil)(struct spoilt *);
		uint32_t says;
	} rows[] = {
		{ as_it_is, JUDGE_SAYS_ACCEPT },
		{ reject, JUDGE_SAYS_REJECT },
		{ malformed, JUDGE_SAYS_MALFORMED },
		{ says_nothing, 0 },
		{ says_too_much, 0 },
		{ nonce, 0 },
		{ payload, 0 },
		{ log_bytes, 0 },
		{ results, 0 },
		{ told_bytes, 0 },
		{ err_negative, 0 },
		{ err_most, JUDGE_SAYS_ACCEPT },
		{ err_more, 0 },
		{ head_nonce, 0 },
		{ head_kind, 0 },
		{ head_bytes, 0 },
		{ shorter, 0 },
		{ longer, 0 },
		{ with_log, JUDGE_SAYS_ACCEPT },
		{ with_long_log, 0 },
		{ log_untold, 0 },
		{ with_results, JUDGE_SAYS_ACCEPT },
		{ with_more_results, 0 },
	};

	for (size_t i = 0; i < ARRAY_CNT(rows); i++) {
		struct done done = judged(rows[i].spoil);

		ck_assert_msg(done.says == (rows[i].says ? rows[i].says : JUDGE_SAYS_UNDECIDED),
			      "row %zu: %u", i, done.says);
		ck_assert_str_eq(done.code, rows[i].says ? "OK" : "JUDGE-LOST");
		if (rows[i].spoil == with_log)
			ck_assert_str_eq(done.log, "llllllllllllllll");
		if (rows[i].spoil == with_results)
			ck_assert_uint_eq(done.result_cnt, JUDGE_RESULTS_MAX);
	}
}
END_TEST

START_TEST(a_piece_of_32_kib_is_taken_and_no_larger_one)
{
	for (size_t n = JUDGE_PIECE_MAX; n <= JUDGE_PIECE_MAX + 1; n++) {
		uint8_t *bytes = calloc(1, n);
		struct judge_verdict verdict;
		struct judge_job job;
		struct done done;
		int judge;

		court_begin();
		judge = add_judge(3);
		ck_assert_int_eq(submit(&done, 0, 0, 1), 0);
		job = judge_hears(judge, NULL, NULL);
		say_piece(judge, JUDGE_PIECE_TOLD, job.nonce, bytes, n);
		ck_assert_uint_eq(done.cnt, n > JUDGE_PIECE_MAX);
		if (!done.cnt) {
			verdict = verdict_of(&job);
			verdict.told_bytes = (uint32_t)n;
			say_piece(judge, JUDGE_PIECE_VERDICT, job.nonce, &verdict, sizeof(verdict));
			ck_assert_int_eq(done.says, JUDGE_SAYS_ACCEPT);
		}
		ck_assert_uint_eq(done.cnt, 1);
		close(judge);
		court_end();
		free(bytes);
	}
}
END_TEST

START_TEST(texts_of_a_verdict_end_where_they_must)
{
	struct judge_verdict verdict;
	struct judge_job job;
	struct done done;
	int judge;

	court_begin();
	judge = add_judge(3);
	ck_assert_int_eq(submit(&done, 0, 0, 1), 0);
	job = judge_hears(judge, NULL, NULL);
	verdict = verdict_of(&job);
	memset(verdict.code, 'c', sizeof(verdict.code));
	memset(verdict.message, 'm', sizeof(verdict.message));
	memset(verdict.place, 'p', sizeof(verdict.place));
	say_piece(judge, JUDGE_PIECE_VERDICT, job.nonce, &verdict, sizeof(verdict));
	ck_assert_uint_eq(strnlen(done.code, sizeof(done.code)), sizeof(done.code) - 1);
	ck_assert_uint_eq(strnlen(done.verdict.message, sizeof(verdict.message)), sizeof(verdict.message) - 1);
	ck_assert_uint_eq(strnlen(done.verdict.place, sizeof(verdict.place)), sizeof(verdict.place) - 1);
	close(judge);
	court_end();
}
END_TEST

/* ---- jobs ---- */

START_TEST(a_job_says_what_it_is_and_its_payload_travels_with_it)
{
	static const size_t sizes[] = { 0, 1, JUDGE_INLINE_MAX, JUDGE_INLINE_MAX + 1 };

	for (size_t i = 0; i < ARRAY_CNT(sizes); i++) {
		bool in_file = sizes[i] > JUDGE_INLINE_MAX;
		struct judge_ask watch;
		struct judge_job job;
		struct done done;
		unsigned int fds;
		size_t behind;
		int judge;

		court_begin();
		judge = add_judge(12);
		ck_assert_int_eq(submit(&done, 0, i % 2 ? 5 : 0, sizes[i]), 0);
		ck_assert_uint_eq(court.account[0]->used[QUOTA_BYTES], sizes[i]);
		job = judge_hears(judge, &behind, &fds);
		ck_assert(job.version == JUDGE_VERSION && job.payload_bytes == sizes[i] &&
			  job.insns == 5 && job.mode == 2 && job.caps == 3 && job.nonce);
		ck_assert_uint_eq(job.flags,
				  (in_file ? JUDGE_PAYLOAD_FD : 0) | (i % 2 ? JUDGE_STAY : 0));
		ck_assert(behind == (in_file ? 0 : sizes[i]) && fds == in_file);
		watch = zygote_hears();
		ck_assert(watch.kind == JUDGE_ASK_WATCH && watch.judge_id == 12 &&
			  watch.deadline_ns == JUDGE_POOL_DEADLINE_NS + 5000000000ull);
		ck_assert_uint_eq(judge_pool_busy(court.judges), 1);
		accept_job(judge, &job);
		ck_assert(done.cnt == 1 && done.fresh && judge_pool_busy(court.judges) == 0);
		ck_assert(court.account[0]->judge_ns == 1000 &&
			  court.account[0]->used[QUOTA_BYTES] == 0);
		close(judge);
		court_end();
	}
}
END_TEST

START_TEST(as_many_jobs_and_bytes_as_a_user_may_have)
{
	static struct done done[66];
	uint64_t most = quota_default_limits()->per_uid[QUOTA_QUEUED];

	court_begin();
	for (uint64_t i = 0; i < most; i++)
		ck_assert_int_eq(submit(&done[i], 0, 0, 1), 0);
	ck_assert_int_eq(submit(&done[most], 0, 0, 1), -EDQUOT);
	ck_assert_int_eq(submit(&done[most], 1, 0, (size_t)JUDGE_PAYLOAD_MAX + 1), -E2BIG);
	ck_assert_int_eq(submit(&done[most], 1, 0, 1), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(submit(&done[0], 2, 0, (size_t)JUDGE_PAYLOAD_MAX), 0);
	ck_assert_int_eq(submit(&done[0], 2, 0, 1), -EDQUOT);
	ck_assert_uint_eq(court.account[2]->used[QUOTA_QUEUED], 4);
	court_end();
}
END_TEST

/* ---- who judges whom ---- */

START_TEST(a_judge_that_stays_serves_its_caller_and_nobody_else)
{
	struct done done;
	struct judge_job job;
	int first, second;

	court_begin();
	first = add_judge(1);
	second = add_judge(2);
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	job = judge_hears(first, NULL, NULL);
	ck_assert(job.kind && (job.flags & JUDGE_STAY));
	(void)zygote_hears();
	accept_job(first, &job);
	/* The same connection: the same judge, and the zygote hears no second word. */
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	job = judge_hears(first, NULL, NULL);
	ck_assert_uint_ne(job.kind, 0);
	ck_assert_uint_eq(zygote_hears().kind, 0);
	accept_job(first, &job);
	ck_assert(done.cnt == 1 && !done.fresh);
	/* Another one of the same user: another judge. */
	ck_assert_int_eq(submit(&done, 0, 8, 1), 0);
	ck_assert_uint_eq(judge_hears(first, NULL, NULL).kind, 0);
	job = judge_hears(second, NULL, NULL);
	ck_assert_uint_ne(job.kind, 0);
	accept_job(second, &job);
	ck_assert(done.cnt == 1 && done.fresh);
	/* Its connection closes: it is let go. */
	judge_pool_forget_caller(court.judges, 7);
	ck_assert_int_eq(recv(first, &job, 1, MSG_DONTWAIT), 0);
	ck_assert(recv(second, &job, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	judge_pool_forget_caller(court.judges, 8);
	ck_assert_int_eq(recv(second, &job, 1, MSG_DONTWAIT), 0);
	judge_pool_forget_caller(NULL, 8);
	close(first);
	close(second);
	court_end();
}
END_TEST

START_TEST(a_judge_stays_for_64_jobs)
{
	struct judge_job job;
	struct done done;
	int judge;

	court_begin();
	judge = add_judge(1);
	for (int i = 0; i < 64; i++) {
		ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
		job = judge_hears(judge, NULL, NULL);
		ck_assert_uint_ne(job.kind, 0);
		accept_job(judge, &job);
		ck_assert_uint_eq(done.cnt, 1);
		ck_assert_int_eq(recv(judge, &job, 1, MSG_DONTWAIT) == 0, i == 63);
	}
	close(judge);
	court_end();
}
END_TEST

/* After one job with this verdict: does the judge stay? */
static bool stays(uint64_t time_ns, uint64_t peak_bytes, uint64_t caller)
{
	struct judge_verdict verdict;
	struct judge_job job;
	struct done done;
	bool there;
	int judge;

	court_begin();
	judge = add_judge(1);
	ck_assert_int_eq(submit(&done, 0, caller, 1), 0);
	job = judge_hears(judge, NULL, NULL);
	verdict = verdict_of(&job);
	verdict.time_ns = time_ns;
	verdict.peak_bytes = peak_bytes;
	say_piece(judge, JUDGE_PIECE_VERDICT, job.nonce, &verdict, sizeof(verdict));
	there = recv(judge, &job, 1, MSG_DONTWAIT) < 0;
	close(judge);
	court_end();
	return there;
}

START_TEST(a_judge_that_worked_much_or_holds_much_does_not_stay)
{
	ck_assert(stays(1, 1, 7));
	ck_assert(!stays(1, 1, 0));
	ck_assert(stays(1999999999, 1, 7));
	ck_assert(!stays(2000000000, 1, 7));
	ck_assert(stays(1, 16u << 20, 7));
	ck_assert(!stays(1, (16u << 20) + 1, 7));
}
END_TEST

START_TEST(eight_judges_are_held_and_the_oldest_gives_way)
{
	struct judge_job job;
	struct done done;
	int judge[9];

	court_begin();
	for (int i = 0; i < 9; i++) {
		judge[i] = add_judge(1 + (uint32_t)i);
		ck_assert_int_eq(submit(&done, 0, 100 + (uint64_t)i, 1), 0);
		job = judge_hears(judge[i], NULL, NULL);
		accept_job(judge[i], &job);
		ck_assert_int_eq(recv(judge[0], &job, 1, MSG_DONTWAIT) == 0, i == 8);
	}
	ck_assert_int_lt(recv(judge[1], &job, 1, MSG_DONTWAIT), 0);
	for (int i = 0; i < 9; i++)
		close(judge[i]);
	court_end();
}
END_TEST

/* Users take turns: the first job of each, then the second of the first. */
START_TEST(who_has_fewest_judges_at_work_is_next)
{
	struct done done[4];
	struct judge_job job[3];
	int judge[3];

	court_begin();
	ck_assert_int_eq(submit(&done[0], 0, 0, 10), 0);
	ck_assert_int_eq(submit(&done[1], 0, 0, 11), 0);
	ck_assert_int_eq(submit(&done[2], 1, 0, 12), 0);
	for (int i = 0; i < 3; i++) {
		judge[i] = add_judge(1 + (uint32_t)i);
		job[i] = judge_hears(judge[i], NULL, NULL);
	}
	ck_assert(job[0].payload_bytes == 10 && job[1].payload_bytes == 12 &&
		  job[2].payload_bytes == 11);
	for (int i = 0; i < 3; i++) {
		accept_job(judge[i], &job[i]);
		close(judge[i]);
	}
	ck_assert(done[0].cnt == 1 && done[1].cnt == 1 && done[2].cnt == 1);
	court_end();
}
END_TEST

START_TEST(a_user_has_a_quarter_of_the_judges_at_most)
{
	static struct done done[20];
	int judge[17];

	court_begin();
	for (int i = 0; i < 17; i++)
		ck_assert_int_eq(submit(&done[i], 0, 0, 1), 0);
	for (int i = 0; i < 17; i++) {
		judge[i] = add_judge(1 + (uint32_t)i);
		ck_assert_int_eq(judge_hears(judge[i], NULL, NULL).kind != 0, i < 16);
	}
	ck_assert_int_eq(submit(&done[18], 1, 0, 1), 0);
	ck_assert_uint_ne(judge_hears(judge[16], NULL, NULL).kind, 0);
	for (int i = 0; i < 17; i++)
		close(judge[i]);
	run();
	court_end();
}
END_TEST

/* ---- ends ---- */

START_TEST(a_judge_that_dies_leaves_its_job_undecided_and_an_old_one_is_asked_anew)
{
	struct judge_job job;
	struct done done;
	int judge, next;

	court_begin();
	judge = add_judge(1);
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	(void)judge_hears(judge, NULL, NULL);
	close(judge);
	run();
	ck_assert(done.cnt == 1 && done.says == JUDGE_SAYS_UNDECIDED &&
		  !strcmp(done.code, "JUDGE-LOST"));
	/* One that had another job before may have been spoilt by that: a fresh one is asked, once.
	 */
	judge = add_judge(2);
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	job = judge_hears(judge, NULL, NULL);
	accept_job(judge, &job);
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	ck_assert_uint_ne(judge_hears(judge, NULL, NULL).kind, 0);
	close(judge);
	run();
	ck_assert_uint_eq(done.cnt, 0);
	next = add_judge(3);
	job = judge_hears(next, NULL, NULL);
	ck_assert(job.kind && !(job.flags & JUDGE_STAY));
	close(next);
	run();
	ck_assert(done.cnt == 1 && done.says == JUDGE_SAYS_UNDECIDED);
	court_end();
}
END_TEST

START_TEST(a_judge_that_does_not_answer_in_time_is_killed)
{
	struct judge_call *call = judge_call_new();
	struct judge_ask ask;
	struct done done = { 0 };
	int judge;

	court_begin();
	judge = add_judge(4);
	call->account = court.account[0];
	call->on_done = on_done;
	call->ctx = &done;
	call->deadline_ns = 30 * 1000 * 1000;
	ck_assert_int_eq(judge_pool_submit(court.judges, call), 0);
	for (int i = 0; i < 100 && !done.cnt; i++)
		(void)sd_event_run(court.event, 100 * 1000);
	ck_assert(done.cnt == 1 && done.says == JUDGE_SAYS_UNDECIDED);
	ask = zygote_hears();
	ck_assert(ask.kind == JUDGE_ASK_WATCH && ask.deadline_ns == 30000000 + 5000000000ull);
	ask = zygote_hears();
	ck_assert(ask.kind == JUDGE_ASK_KILL && ask.judge_id == 4);
	close(judge);
	court_end();
}
END_TEST

START_TEST(a_spare_or_a_held_judge_that_speaks_is_let_go)
{
	struct judge_job job;
	struct done done;
	int judge;

	court_begin();
	judge = add_judge(1);
	say_piece(judge, JUDGE_PIECE_LOG, 0, "x", 1);
	ck_assert_int_eq(recv(judge, &job, 1, MSG_DONTWAIT), 0);
	close(judge);
	judge = add_judge(2);
	ck_assert_int_eq(submit(&done, 0, 7, 1), 0);
	job = judge_hears(judge, NULL, NULL);
	accept_job(judge, &job);
	say_piece(judge, JUDGE_PIECE_LOG, 0, "x", 1);
	ck_assert_int_eq(recv(judge, &job, 1, MSG_DONTWAIT), 0);
	close(judge);
	court_end();
}
END_TEST

/* ---- the zygote ---- */

START_TEST(what_the_judges_lack_is_known_and_a_hello_is_no_judge)
{
	struct judge_tell tell = { .kind = JUDGE_TELL_HELLO, .status = JUDGE_VERSION };
	struct iovec part = { &tell, sizeof(tell) };
	struct judge_verdict verdict;
	struct judge_job job;
	struct done done;
	int judge, sock[2];

	court_begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(packet_send(court.zygote, &part, 1, &sock[0], 1, 0), 0);
	tell.kind = JUDGE_TELL_READY;
	ck_assert_int_eq(packet_send(court.zygote, &part, 1, NULL, 0, 0), 0);
	run();
	ck_assert_uint_eq(judge_pool_missing(court.judges), 0);
	ck_assert_int_eq(submit(&done, 0, 0, 1), 0);
	ck_assert_uint_eq(judge_hears(sock[1], NULL, NULL).kind, 0);
	judge = add_judge(1);
	job = judge_hears(judge, NULL, NULL);
	verdict = verdict_of(&job);
	verdict.sandbox = SANDBOX_ALL & ~SANDBOX_MDWE;
	say_piece(judge, JUDGE_PIECE_VERDICT, job.nonce, &verdict, sizeof(verdict));
	ck_assert_uint_eq(judge_pool_missing(court.judges), SANDBOX_MDWE);
	ck_assert_uint_eq(done.cnt, 1);
	close(judge);
	close(sock[0]);
	close(sock[1]);
	court_end();
}
END_TEST

START_TEST(a_new_zygote_has_new_judges)
{
	struct iovec odd = { "odd", 3 };
	struct judge_job job;
	struct done done;
	int spare, sock[2];

	court_begin();
	spare = add_judge(1);
	/* What no zygote says: it is given up with its spares. */
	ck_assert_int_eq(packet_send(court.zygote, &odd, 1, NULL, 0, 0), 0);
	run();
	ck_assert_int_eq(recv(spare, &job, 1, MSG_DONTWAIT), 0);
	close(spare);
	close(court.zygote);
	ck_assert_int_eq(submit(&done, 0, 0, 1), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
	ck_assert_int_eq(judge_pool_set_zygote(court.judges, sock[0]), 0);
	court.zygote = sock[1];
	spare = add_judge(1);
	job = judge_hears(spare, NULL, NULL);
	ck_assert_uint_ne(job.kind, 0);
	accept_job(spare, &job);
	ck_assert_uint_eq(done.cnt, 1);
	close(spare);
	court_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/judge-pool");
	TCase *tc = tcase_create("judges");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_verdict_is_about_exactly_this_job_or_none);
	tcase_add_test(tc, a_piece_of_32_kib_is_taken_and_no_larger_one);
	tcase_add_test(tc, texts_of_a_verdict_end_where_they_must);
	tcase_add_test(tc, a_job_says_what_it_is_and_its_payload_travels_with_it);
	tcase_add_test(tc, as_many_jobs_and_bytes_as_a_user_may_have);
	tcase_add_test(tc, a_judge_that_stays_serves_its_caller_and_nobody_else);
	tcase_add_test(tc, a_judge_stays_for_64_jobs);
	tcase_add_test(tc, a_judge_that_worked_much_or_holds_much_does_not_stay);
	tcase_add_test(tc, eight_judges_are_held_and_the_oldest_gives_way);
	tcase_add_test(tc, who_has_fewest_judges_at_work_is_next);
	tcase_add_test(tc, a_user_has_a_quarter_of_the_judges_at_most);
	tcase_add_test(tc, a_judge_that_dies_leaves_its_job_undecided_and_an_old_one_is_asked_anew);
	tcase_add_test(tc, a_judge_that_does_not_answer_in_time_is_killed);
	tcase_add_test(tc, a_spare_or_a_held_judge_that_speaks_is_let_go);
	tcase_add_test(tc, what_the_judges_lack_is_known_and_a_hello_is_no_judge);
	tcase_add_test(tc, a_new_zygote_has_new_judges);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
