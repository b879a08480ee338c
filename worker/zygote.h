/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zygote: prepares once (reads the kernel's BTF), confines itself, and then forks a judge for each
 * job, ahead of the job. It reads the broker's struct judge_ask and nothing else; in particular no payload.
 */
#ifndef BPFGATE_WORKER_ZYGOTE_H
#define BPFGATE_WORKER_ZYGOTE_H

#include <stdint.h>

struct zygote_plan {
	uint32_t spares;	/* judges that wait: 1..JUDGE_SPARES_MAX */
	uint32_t want;		/* sandbox parts; SANDBOX_ALL but in an ASAN build and in tests */
	uint32_t given;		/* the namespaces among the parts that whoever started it has made already */
	uint32_t must;		/* without these no judge is made: SANDBOX_CORE */
	/* Once, with files still open-able. 0 or -errno: the zygote ends. */
	int (*prepare)(void *arg);
	/* In a judge, sandboxed with `parts`: serves what comes on `channel`. Its exit code. */
	int (*serve)(void *arg, int channel, uint32_t parts);
	void *arg;
};

/* Runs until the broker closes `channel`. Returns an exit code. */
int zygote_run(int channel, const struct zygote_plan *plan);

#endif
