/* SPDX-License-Identifier: Apache-2.0 */
/* A work before its judge: the job, the cache of verdicts, and the answer when it is no. */
#ifndef BPFGATE_DAEMON_ASK_JUDGE_H
#define BPFGATE_DAEMON_ASK_JUDGE_H

#include "daemon/broker/work/reply_log.h"
#include "daemon/broker/work/work.h"

struct ask_judge {
	uint32_t kind;			/* enum judge_kind */
	uint32_t mode, caps;		/* enum bgv_mode, BGV_CAP_* */
	uint8_t *take_payload;
	size_t payload_bytes;
	const struct reply_log_fields *fields;
	work_then_fn then;		/* the verdict is there: work->judge_call->verdict; with 0 */
};

/*
 * Has the payload judged by today's rules (work->ruling: budgets). ask->then is called from here
 * when the verdict is known already, else later. On our own failure the work is answered.
 */
void ask_judge_start(struct work *work, const struct ask_judge *ask);

/* Answers the work with the judge's refusal: errno, log, decision. */
void ask_judge_refuse(struct work *work, const struct reply_log_fields *fields);

#endif
