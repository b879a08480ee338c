/* SPDX-License-Identifier: Apache-2.0 */
/* Judges, as the broker uses them: a job goes in, a checked verdict or "undecided" comes out. */
#ifndef BPFGATE_DAEMON_JUDGE_POOL_H
#define BPFGATE_DAEMON_JUDGE_POOL_H

#include <sys/queue.h>
#include <systemd/sd-event.h>

#include "daemon/broker/store/quota.h"
#include "proto/packet.h"
#include "worker/judge.h"

struct judge_pool;
struct judge_call;

typedef void (*judge_done_fn)(void *ctx, struct judge_call *call);

/* Bytes of JUDGE_PIECE_RESULT, one after the other. */
struct judge_result {
	uint8_t *bytes;
	uint32_t byte_cnt;
};

#define JUDGE_KEY_BYTES	  32
#define JUDGE_RESULTS_MAX 256u		/* programs in one object */

/* One job. The caller fills the first part, and frees it in or after on_done. */
struct judge_call {
	struct judge_job job;		/* version, nonce, payload_bytes and flags' PAYLOAD_FD are filled in */
	uint8_t *payload;		/* owned */
	size_t payload_bytes;
	struct quota_account *account;	/* borrowed: whose it is */
	uint64_t deadline_ns;		/* wall time; 0: JUDGE_POOL_DEADLINE_NS */
	uint64_t caller;		/* connection whose jobs may share a judge; 0: a judge of its own */
	uint8_t key[JUDGE_KEY_BYTES];	/* by which its verdict is remembered (verdicts.h) */
	bool has_key;			/* false: it is not */
	judge_done_fn on_done;
	void *ctx;

	/* The outcome. says is never ACCEPT unless a judge said so about exactly this job. */
	struct judge_verdict verdict;
	char *log;			/* log_bytes of text without NUL; may be NULL */
	size_t log_bytes;
	char *told, *model;		/* the explanation as text and as JSON, told_bytes and model_bytes; likewise */
	size_t told_bytes, model_bytes;
	struct judge_result *results;
	uint32_t result_cnt;
	uint64_t cpu_ns;		/* by the verdict's word; 0 when unknown */
	bool by_fresh_judge;		/* that had heard of nothing else before */

	/* private */
	struct judge_pool *judges;
	struct judge *judge;
	struct quota_charge queued;
	struct quota_charge bytes;	/* for the payload */
	uint64_t queued_usec, started_usec;
	bool has_verdict, retried;
	TAILQ_ENTRY(judge_call) link;
};

#define JUDGE_POOL_DEADLINE_NS (30ull * 1000 * 1000 * 1000)

/* NULL: no memory. Freeing drops its payload and charge; one that was submitted is freed by its callback. NULL is fine. */
struct judge_call *judge_call_new(void);
void judge_call_free(struct judge_call *call);

/*
 * scratch: PACKET_BYTES_MAX, borrowed, for reading answers. 0, -ENOMEM or -errno of sd-event. Freeing (NULL is fine)
 * ends every judge, and calls back for what waits: undecided.
 */
int judge_pool_new(sd_event *event, uint8_t *scratch, struct judge_pool **ret_judges);
void judge_pool_free(struct judge_pool *judges);
/* A new zygote is there (TELL_ZYGOTE); jobs of the old one end undecided. */
int judge_pool_set_zygote(struct judge_pool *judges, int take_fd);
/* Queues the job; on_done is called exactly once, later (never from within). -EDQUOT or -errno. */
int judge_pool_submit(struct judge_pool *judges, struct judge_call *call);
/* The connection is closed: no judge waits for it any longer. judges may be NULL. */
void judge_pool_forget_caller(struct judge_pool *judges, uint64_t caller);
unsigned int judge_pool_busy(const struct judge_pool *judges);
/* Sandbox parts (enum sandbox_part) that the last judge lacked. */
uint32_t judge_pool_missing(const struct judge_pool *judges);

#endif
