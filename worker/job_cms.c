/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a detached signature into plain fields. Proves nothing: the broker checks the fields against the
 * blob and does the one public-key operation itself, so a subverted judge cannot make a signer.
 */
#include "worker/job.h"

#include "policy/cms.h"

struct cms_result {
	uint32_t reason;	/* enum cms_reason */
	struct cms_fields fields;
};
static_assert(sizeof(struct cms_result) == sizeof(uint32_t) + sizeof(struct cms_fields), "no padding");

int job_cms(struct job *job)
{
	struct cms_result result = { 0 };

	result.reason = cms_read(job->payload, job->ask.payload_bytes, &result.fields);
	(void)job_conclude(job, JUDGE_SAYS_ACCEPT, 0, "");
	return job_say(job, JUDGE_PIECE_RESULT, &result, sizeof(result), NULL, 0);
}
