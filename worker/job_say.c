/* SPDX-License-Identifier: Apache-2.0 */
/* How a judge answers. Promises that the verdict counts whatever was said before it, and that nothing is larger than agreed. */
#include "worker/job.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "proto/own.h"
#include "proto/packet.h"

int job_say(struct job *job, enum judge_piece_kind kind, const void *head, size_t head_bytes,
	    const void *body, size_t body_bytes)
{
	struct judge_piece piece = { .kind = kind, .nonce = job->ask.nonce };
	struct iovec parts[] = { { &piece, sizeof(piece) },
				 { (void *)head, head_bytes },
				 { (void *)body, body_bytes } };

	if (head_bytes > JUDGE_PIECE_MAX || body_bytes > JUDGE_PIECE_MAX - head_bytes)
		return -EINVAL;
	piece.bytes = (uint32_t)(head_bytes + body_bytes);
	job->verdict.result_cnt += kind == JUDGE_PIECE_RESULT;
	return packet_send(job->channel, parts, ARRAY_CNT(parts), NULL, 0, 0);
}

static int say_parts(struct job *job, enum judge_piece_kind kind, const char *text, size_t bytes)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < bytes) {
		size_t some = bytes - done < JUDGE_PIECE_MAX ? bytes - done : JUDGE_PIECE_MAX;

		r = job_say(job, kind, NULL, 0, text + done, some);
		done += some;
	}
	return r;
}

int job_say_log(struct job *job, const char *text, size_t bytes)
{
	if (bytes > job->ask.log_bytes)
		bytes = job->ask.log_bytes;
	job->verdict.log_bytes += bytes;
	return say_parts(job, JUDGE_PIECE_LOG, text, bytes);
}

int job_say_told(struct job *job, enum judge_piece_kind kind, const char *text)
{
	size_t bytes = strlen(text);

	if (bytes > JUDGE_TOLD_MAX)	/* half of it is no data, and no text that people trust */
		return 0;
	job->verdict.told_bytes += (uint32_t)bytes;
	return say_parts(job, kind, text, bytes);
}

int job_conclude(struct job *job, enum judge_says says, int err, const char *message)
{
	job->verdict.says = says;
	job->verdict.err = err;
	job->verdict.insn_idx = UINT32_MAX;
	strncpy(job->verdict.message, message, sizeof(job->verdict.message) - 1);
	return 0;
}
