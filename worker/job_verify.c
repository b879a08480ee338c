/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the kernel load this program? Promises that what the verifier says is passed on
 * unchanged, and that capabilities and rules come from the job (the broker's word), never from the bundle.
 */
#include "worker/job.h"

#include <errno.h>
#include <string.h>

#include "object/bundle.h"
#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"

#define EXPLANATION_MAX (64u << 10) /* bytes: some screens */

static_assert((int)JUDGE_SAYS_ACCEPT == (int)BGV_ACCEPT && (int)JUDGE_SAYS_REJECT == (int)BGV_REJECT &&
		      (int)JUDGE_SAYS_UNSUPPORTED == (int)BGV_UNSUPPORTED &&
		      (int)JUDGE_SAYS_UNDECIDED == (int)BGV_UNDECIDED,
	      "a verdict is passed on as it is");

static void copy_verdict(struct judge_verdict *verdict, const struct bgv_result *result)
{
	verdict->says = result->verdict;
	verdict->err = result->err;
	verdict->insn_idx = result->insn_idx;
	verdict->insn_processed = result->stats.insn_processed;
	verdict->total_states = result->stats.total_states;
	verdict->peak_states = result->stats.peak_states;
	verdict->max_states_per_insn = result->stats.max_states_per_insn;
	verdict->time_ns = result->stats.time_ns;
	verdict->peak_bytes = result->stats.peak_bytes;
	memcpy(verdict->stack_depth, result->stats.stack_depth, sizeof(verdict->stack_depth));
	strncpy(verdict->code, result->code ? result->code : "", sizeof(verdict->code) - 1);
	memcpy(verdict->message, result->message, sizeof(verdict->message));
	verdict->message[sizeof(verdict->message) - 1] = 0;
}

/* What is refused is explained: shortly in the log, which others read, and as a whole for `bpfgate why`. */
static int say_why(struct job *job, const struct bgv_program *prog, const struct bgv_result *result)
{
	OWN_MEM char *some = NULL, *all = NULL, *model = NULL;
	size_t bytes;
	int r;

	if (!(job->ask.flags & JUDGE_EXPLAIN) || result->verdict == BGV_ACCEPT ||
	    bgv_explain_short(prog, result, &some) < 0 || bgv_explain(prog, result, &all) < 0)
		return 0;
	bytes = strlen(some);
	r = job_say_log(job, some, bytes < EXPLANATION_MAX ? bytes : EXPLANATION_MAX);
	if (r >= 0)
		r = job_say_told(job, JUDGE_PIECE_TOLD, all);
	if (r >= 0 && bgv_explain_json(prog, result, 0, &model) >= 0)
		r = job_say_told(job, JUDGE_PIECE_MODEL, model);
	return r;
}

static int say_result(struct job *job, const struct bgv_program *prog, const struct bgv_result *result)
{
	int r;

	copy_verdict(&job->verdict, result);
	if (result->verdict != BGV_ACCEPT)
		(void)bgv_place(prog, result->insn_idx, job->verdict.place, sizeof(job->verdict.place));
	r = say_why(job, prog, result);
	if (r >= 0 && result->log)
		r = job_say_log(job, result->log, strlen(result->log));
	return r;
}

/* What the explanation, which goes first, leaves of it. */
static uint32_t trace_bytes(const struct judge_job *ask)
{
	uint32_t bytes = ask->log_bytes < JUDGE_LOG_MAX ? ask->log_bytes : JUDGE_LOG_MAX;

	return bytes > 2 * EXPLANATION_MAX ? bytes - EXPLANATION_MAX : bytes;
}

int job_verify(struct job *job)
{
	const struct judge_job *ask = &job->ask;
	struct bgv_options options = {
		.limits = { ask->cpu_ns, ask->memory_bytes, ask->insns },
		/* What is accepted is loaded, and then the kernel writes the log. */
		.log_level = ask->log_level | BGV_LOG_REFUSED_ONLY,
		.log_bytes = trace_bytes(ask),
		.explain = ask->flags & JUDGE_EXPLAIN ? 1 : 0,
	};
	OWN_BUNDLE struct bundle *bundle = NULL;
	struct bgv_result result = { 0 };
	int r;

	r = bundle_decode(job->payload, ask->payload_bytes, &bundle);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	bundle->prog.mode = (enum bgv_mode)ask->mode;
	bundle->prog.caps = ask->caps;
	r = bgv_verify(job->kit->target, &bundle->prog, &options, &result);
	if (r < 0)
		return r;
	r = say_result(job, &bundle->prog, &result);
	bgv_result_done(&result);
	return r;
}
