/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a payload to a verdict that the handlers can act on. Whatever is not an acceptance ends here
 * with a log in the kernel's shape: the kernel's errno where the verifier rejects, EPERM where it
 * cannot judge and the rule does not leave that to the kernel.
 */
#include "daemon/broker/ask/ask_judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/work/session.h"
#include "daemon/broker/peers/verdicts.h"

/* What comes back of our verifier's log: of a longer one the end, or the beginning where the caller wants that. */
#define JUDGING_LOG_BYTES (256u << 10)
#define JUDGING_LOG_MAX	  (1u << 20) /* into a buffer of that size or more */

static void ask_judge_go_on(struct work *work)
{
	work_resume(work, 0);
}

static void ask_judge_on_judged(void *ctx, struct judge_call *call)
{
	struct work *work = ctx;

	/* A judge that served its caller before is believed about that caller's programs only. */
	if (call->has_key && call->by_fresh_judge)
		verdicts_put(work->broker->verdicts, call->key, &call->verdict);
	work_go_on(work, ask_judge_go_on);
}

static void ask_judge_fill_job(const struct work *work, const struct ask_judge *ask,
			       struct judge_job *job)
{
	struct log_buf_want want;

	job->kind = ask->kind;
	job->mode = ask->mode;
	job->caps = ask->caps;
	if (work->ruling) {
		job->cpu_ns = work->ruling->quota.verify_ns;
		job->memory_bytes = work->ruling->quota.verify_memory_bytes;
		job->insns = 0;
		job->sandbox_needed = work->ruling->whole_sandbox ? SANDBOX_WHOLE : 0;
	}
	job->log_bytes = JUDGING_LOG_BYTES;
	if (ask->fields && reply_log_read(work, ask->fields, &want) == 0 && want.has_buf &&
	    want.level & (LOG_BUF_LEVEL1 | LOG_BUF_LEVEL2)) {
		job->log_level = want.level & (LOG_BUF_LEVEL1 | LOG_BUF_LEVEL2 | LOG_BUF_FIXED);
		if (want.size > JUDGING_LOG_BYTES)
			job->log_bytes = want.size < JUDGING_LOG_MAX ? want.size : JUDGING_LOG_MAX;
	}
	/* Also without a buffer for it: `bpfgate why` shows it. */
	job->flags |= JUDGE_EXPLAIN;
}

/* Wall time: a judge may wait for a CPU, but one that does nothing is not waited for long. */
static uint64_t ask_judge_deadline(const struct work *work)
{
	uint64_t cpu_ns = work->ruling ? work->ruling->quota.verify_ns : 0;

	if (cpu_ns == 0 || cpu_ns > JUDGE_POOL_DEADLINE_NS / 4)
		return JUDGE_POOL_DEADLINE_NS;
	return 4 * cpu_ns;
}

void ask_judge_start(struct work *work, const struct ask_judge *ask)
{
	const struct judge_verdict *known = NULL;
	struct judge_call *call = judge_call_new();

	if (!call) {
		free(ask->take_payload);
		work_reply(work, -ENOMEM);
		return;
	}
	judge_call_free(work->judge_call);
	work->judge_call = call;
	call->payload = ask->take_payload;
	call->payload_bytes = ask->payload_bytes;
	call->caller = work->session ? work->session->id : 0;
	ask_judge_fill_job(work, ask, &call->job);
	call->deadline_ns = ask_judge_deadline(work);

	work_then(work, ask->then, NULL);
	call->has_key = verdicts_key(call, call->key);
	if (call->has_key)
		known = verdicts_find(work->broker->verdicts, call->key);
	if (known) {
		call->verdict = *known;
		work_resume(work, 0);
		return;
	}
	work_submit_judge(work, ask_judge_on_judged);
}

static int ask_judge_errno_of(const struct judge_verdict *verdict)
{
	if (verdict->says == JUDGE_SAYS_REJECT)
		return verdict->err ? verdict->err : EINVAL;
	if (verdict->says == JUDGE_SAYS_UNSUPPORTED)
		return EPERM;
	/* A budget ran out, as in the kernel when it is too much for it; or the rule wants more than there is. */
	if (verdict->says == JUDGE_SAYS_UNDECIDED)
		return verdict->err == ENOSYS ? EPERM : E2BIG;
	return EIO;
}

static const char *ask_judge_word_of(const struct judge_verdict *verdict)
{
	static const char *const words[] = { "silent", "accepted", "rejected", "unsupported",
					     "undecided", "malformed" };

	return words[verdict->says];
}

static const char *ask_judge_hint_of(const struct judge_verdict *verdict)
{
	if (verdict->says == JUDGE_SAYS_UNSUPPORTED)
		return "bpfgate cannot judge this program, and no rule leaves that to the kernel "
		       "(\"unsupported\": \"kernel\")";
	if (verdict->says == JUDGE_SAYS_UNDECIDED)
		return verdict->err == ENOSYS ?
			       "the rule wants a whole sandbox (\"sandbox\": \"whole\"); "
			       "bpfgate status lists what is lacking" :
			       "no verdict was reached within the budgets of the rule";
	return "";
}

/* The whole of it, for `bpfgate why` and the journal; what a judge said that then failed is no explanation. */
static void ask_judge_keep_explanation(struct work *work, struct judge_call *call)
{
	const struct judge_verdict *verdict = &call->verdict;
	bool told = call->has_verdict && call->told;

	free(work->text);
	work->text = reply_log_compose(work, ask_judge_word_of(verdict), verdict->code, ask_judge_hint_of(verdict),
				  told ? call->told : NULL, told ? call->told_bytes : 0, verdict->message, verdict);
	if (work->text) {
		work->reply.reason = work->text;
		work->reply.reason_bytes = (uint32_t)strlen(work->text);
	}
	if (told && call->model && !work->decision->model) {
		call->model[call->model_bytes] = '\0';
		work->decision->model = TAKE_PTR(call->model);
	}
}

void ask_judge_refuse(struct work *work, const struct reply_log_fields *fields)
{
	struct judge_call *call = work->judge_call;
	const struct judge_verdict *verdict = &call->verdict;
	int err = ask_judge_errno_of(verdict);
	OWN_MEM char *text = NULL;

	if (work_begin_decision(work) < 0) {
		work_reply(work, -ENOMEM);
		return;
	}
	text = reply_log_compose(work, ask_judge_word_of(verdict), verdict->code, ask_judge_hint_of(verdict),
			    call->log, call->has_verdict ? call->log_bytes : 0, verdict->message,
			    verdict);
	if (text && fields)
		err = reply_log_put(work, fields, text, err);
	ask_judge_keep_explanation(work, call);
	work->undecided = verdict->says == JUDGE_SAYS_UNDECIDED;
	work_refuse_as(work, err, DECISION_BY_VERIFIER, verdict->code, "%s: %s",
		       ask_judge_word_of(verdict), verdict->message);
}
