/* SPDX-License-Identifier: Apache-2.0 */
/* One job in a judge: what came, what the zygote prepared for it, and how it answers. */
#ifndef BPFGATE_WORKER_JOB_H
#define BPFGATE_WORKER_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "worker/judge.h"

struct bgv_target;
struct btfname;

/* Read by the zygote before it shut itself in; shared by all judges, never written. */
struct judge_kit {
	struct bgv_target *target;	/* the running kernel */
	uint8_t *vmlinux;		/* its raw BTF; NULL: the kernel has none */
	size_t vmlinux_bytes;
	struct btfname *names;		/* of its types; NULL as above */
};

struct job {
	const struct judge_kit *kit;
	int channel;
	struct judge_job ask;
	const uint8_t *payload;		/* ask.payload_bytes of them: hostile */
	struct judge_verdict verdict;	/* nonce and payload_bytes are filled in */
};

/* Sends one piece before the verdict, counting it in the verdict. 0, -EINVAL (too large) or -errno. */
int job_say(struct job *job, enum judge_piece_kind kind, const void *head, size_t head_bytes,
	    const void *body, size_t body_bytes);

/* Sends text as JUDGE_PIECE_LOG, in as many pieces as it takes, at most ask.log_bytes. 0 or -errno. */
int job_say_log(struct job *job, const char *text, size_t bytes);
/* An explanation, as pieces of that kind; what is longer than JUDGE_TOLD_MAX is not said at all. */
int job_say_told(struct job *job, enum judge_piece_kind kind, const char *text);

/* Sets says, err (positive) and the message; returns 0. */
int job_conclude(struct job *job, enum judge_says says, int err, const char *message);

/* The kinds of jobs, one function each: fill job->verdict. 0, or -errno: nothing can be said (undecided). */
int job_verify(struct job *job);
int job_btf(struct job *job);
int job_cms(struct job *job);
int job_object(struct job *job);

/* Serves the jobs that come on `channel`: one, or one caller's (JUDGE_STAY). arg: const struct judge_kit. Returns an exit code. */
int job_serve(void *arg, int channel, uint32_t parts);

#endif
