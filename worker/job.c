/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a judge: a job in, pieces and one verdict out, and again only when the job says that its
 * caller may have more. Promises to judge exactly the bytes that came with the job (copied once, of the
 * size that it names) and to say so by echoing nonce and size; nothing is kept from one job for the next.
 * Trusts nothing in the payload. Whatever goes wrong here ends in *undecided* or in silence, which the
 * broker takes for the same.
 */
#include "worker/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proto/heap.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "worker/sandbox.h"
#include "worker/warm.h"

#define MESSAGE_MAX (sizeof(struct judge_job) + JUDGE_INLINE_MAX)
/* Touched before the job is there: what a program of a few thousand instructions makes the verifier take. */
#define WARM_BYTES  (640u << 10)
#define KEEP_BYTES  (32u << 20)

/* The payload in memory of the judge's own, with a NUL after it. */
static int job_take_payload(struct job *job, const uint8_t *behind, size_t behind_bytes, int fd,
			    uint8_t **ret_payload)
{
	bool in_fd = job->ask.flags & JUDGE_PAYLOAD_FD;
	uint64_t bytes = job->ask.payload_bytes;
	OWN_MEM uint8_t *payload = NULL;
	int r = 0;

	if (bytes > JUDGE_PAYLOAD_MAX || in_fd != (fd >= 0) || behind_bytes != (in_fd ? 0 : bytes))
		return -EBADMSG;
	payload = malloc(bytes + 1);
	if (!payload)
		return -ENOMEM;
	if (in_fd)
		r = packet_read_payload(fd, 0, payload, bytes);
	else
		memcpy(payload, behind, bytes);
	if (r < 0)
		return r;
	payload[bytes] = 0;
	*ret_payload = TAKE_PTR(payload);
	return 0;
}

/* Where jobs arrive. */
struct ear {
	uint8_t *buf;		/* MESSAGE_MAX bytes, and WARM_BYTES until the first job is there */
	struct warm warm;
};

static void ear_done(struct ear *ear)
{
	free(ear->buf);
}

static int ear_open(struct ear *ear, const struct judge_kit *kit)
{
	ear->buf = malloc(MESSAGE_MAX + WARM_BYTES);
	if (!ear->buf)
		return -ENOMEM;
	ear->warm = (struct warm){ .target = kit->target, .heap = ear->buf,
				   .heap_bytes = MESSAGE_MAX + WARM_BYTES };
	return 0;
}

/* Waits for a job, and gets ready for it meanwhile. As packet_recv(). */
static int ear_hear(struct ear *ear, int channel, struct packet_fds *fds)
{
	uint8_t *less;
	int r;

	do
		r = packet_recv(channel, ear->buf, MESSAGE_MAX, fds,
				warm_step(&ear->warm) ? MSG_DONTWAIT : 0);
	while (r == -EAGAIN);
	if (!ear->warm.heap)
		return r;
	warm_done(&ear->warm);
	less = realloc(ear->buf, MESSAGE_MAX); /* what was touched after it is the job's now */
	ear->buf = less ? less : ear->buf;
	return r;
}

/* 1 with the job and its payload (the caller's), 0 when the broker hung up, or -errno. */
static int job_receive(struct job *job, struct ear *ear, uint8_t **ret_payload)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	int r = ear_hear(ear, job->channel, &fds);

	if (r <= 0)
		return r;
	if ((size_t)r < sizeof(job->ask) || fds.cnt > 1)
		return -EBADMSG;
	memcpy(&job->ask, ear->buf, sizeof(job->ask));
	if (job->ask.version != JUDGE_VERSION)
		return -EPROTO;
	r = job_take_payload(job, ear->buf + sizeof(job->ask), (size_t)r - sizeof(job->ask),
			     fds.cnt ? fds.fd[0] : -1, ret_payload);
	return r < 0 ? r : 1;
}

/* ---- judging --------------------------------------------------------------------------------- */

typedef int (*job_fn)(struct job *job);
static const job_fn job_kinds[] = {
	[JUDGE_VERIFY] = job_verify,
	[JUDGE_BTF] = job_btf,
	[JUDGE_CMS] = job_cms,
	[JUDGE_OBJECT] = job_object,
};

static int job_judge(struct job *job)
{
	uint32_t missing = job->ask.sandbox_needed & ~job->verdict.sandbox;
	char lack[64];
	int r;

	if (missing) {
		(void)snprintf(lack, sizeof(lack), "the judge's sandbox lacks %s",
			       sandbox_part_name(missing & -missing) ?: "a part that is unknown here");
		return job_conclude(job, JUDGE_SAYS_UNDECIDED, ENOSYS, lack);
	}
	if (job->ask.kind >= ARRAY_CNT(job_kinds) || !job_kinds[job->ask.kind])
		return job_conclude(job, JUDGE_SAYS_MALFORMED, EINVAL, "no such kind of job");
	r = job_kinds[job->ask.kind](job);
	if (r == -EBADMSG)
		return job_conclude(job, JUDGE_SAYS_MALFORMED, EBADMSG, "the payload is malformed");
	return r < 0 ? job_conclude(job, JUDGE_SAYS_UNDECIDED, -r, "the judge could not go on") : 0;
}

/* 1 when another job may come, 0 when none will, or -errno. */
static int job_serve_one(const struct judge_kit *kit, int channel, uint32_t parts, struct ear *ear)
{
	struct job job = { .kit = kit, .channel = channel, .verdict.sandbox = parts };
	OWN_MEM uint8_t *payload = NULL;
	int r;

	r = job_receive(&job, ear, &payload);
	if (r <= 0)
		return r;
	job.payload = payload;
	job.verdict.nonce = job.ask.nonce;
	job.verdict.payload_bytes = job.ask.payload_bytes;
	r = job_judge(&job);
	if (r == 0)
		r = job_say(&job, JUDGE_PIECE_VERDICT, &job.verdict, sizeof(job.verdict), NULL, 0);
	return r < 0 ? r : (job.ask.flags & JUDGE_STAY) != 0;
}

int job_serve(void *arg, int channel, uint32_t parts)
{
	struct ear ear = { .buf = NULL };
	int r;

	heap_keep(KEEP_BYTES);
	r = ear_open(&ear, arg) < 0 ? -ENOMEM : 1;
	while (r > 0)
		r = job_serve_one(arg, channel, parts, &ear);
	ear_done(&ear);
	return r < 0;
}
