/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would the kernel take this BTF? The verifier reads BTF where a program uses it, but does not yet judge
 * it by itself, and says so: *unsupported*, which policy may leave to the kernel.
 */
#include "worker/job.h"

#include <errno.h>

int job_btf(struct job *job)
{
	return job_conclude(job, JUDGE_SAYS_UNSUPPORTED, EOPNOTSUPP, "BTF by itself is not judged");
}
