/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the kernel take this BTF? The verifier's reader answers as BTF_LOAD would; what it refuses never reaches
 * the kernel. Trusts nothing of the payload.
 */
#include "worker/job.h"

#include "verifier/bpfgate-verifier.h"

int job_btf(struct job *job)
{
	char message[256] = "";
	int r = bgv_btf_check(job->kit->target, job->payload, job->ask.payload_bytes, message);

	if (r < 0)
		return job_conclude(job, JUDGE_SAYS_REJECT, -r, message);
	return job_conclude(job, JUDGE_SAYS_ACCEPT, 0, "");
}
