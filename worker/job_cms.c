/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a detached signature into plain fields. Proves nothing: the broker checks the fields against the
 * blob and does the one public-key operation itself, so a subverted judge cannot make a signer.
 */
#include "worker/job.h"

#include "policy/cms.h"

int job_cms(struct job *job)
{
	struct cms_answer result = { 0 };

	result.reason = cms_read(job->payload, job->ask.payload_bytes, &result.fields);
	(void)job_conclude(job, JUDGE_SAYS_ACCEPT, 0, "");
	return job_say(job, JUDGE_PIECE_RESULT, &result, sizeof(result), NULL, 0);
}
