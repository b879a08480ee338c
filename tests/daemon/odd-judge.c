/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for bpfgate-judge in tests of the broker: the real zygote and sandbox, and judges that do
 * what the program's name asks of them. A name that asks for nothing is accepted.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "proto/packet.h"
#include "worker/judge.h"
#include "worker/sandbox.h"
#include "worker/zygote.h"

#ifdef BPFGATE_ASAN
/* As the real one: such a build needs memory without limit, and its reports some system calls. */
#define WANT (SANDBOX_ALL & ~(unsigned int)(SANDBOX_RLIMITS | SANDBOX_MDWE | SANDBOX_SECCOMP))
#define MUST 0u
#else
#define WANT SANDBOX_ALL
#define MUST SANDBOX_CORE
#endif

static int odd_say(int channel, uint32_t kind, uint64_t nonce, const void *bytes, size_t cnt)
{
	struct judge_piece head = { .kind = kind, .bytes = (uint32_t)cnt, .nonce = nonce };
	struct iovec parts[2] = { { &head, sizeof(head) }, { (void *)bytes, cnt } };

	return packet_send(channel, parts, 2, NULL, 0, 0);
}

static bool odd_asked(const uint8_t *payload, size_t bytes, const char *name)
{
	return memmem(payload, bytes, name, strlen(name)) != NULL;
}

static int odd_flood(int channel, uint64_t nonce)
{
	static uint8_t text[JUDGE_PIECE_MAX];

	memset(text, 'x', sizeof(text));
	while (odd_say(channel, JUDGE_PIECE_LOG, nonce, text, sizeof(text)) == 0)
		;
	return 0;
}

/* In a call that the sandbox permits: until the broker hangs up or the zygote kills it. */
static int odd_hang(int channel)
{
	char byte;

	return packet_recv(channel, &byte, sizeof(byte), NULL, 0);
}

/* Judges that make a difference between their first job and the next ones. */
static void odd_if_used(const uint8_t *payload, size_t bytes, bool used, struct judge_verdict *verdict)
{
	if (used && odd_asked(payload, bytes, "odd_once"))
		abort();
	if ((!used && odd_asked(payload, bytes, "odd_used")) ||
	    (used && odd_asked(payload, bytes, "odd_fresh"))) {
		verdict->says = JUDGE_SAYS_REJECT;
		verdict->err = 13;
	}
}

static int odd_judge(int channel, const struct judge_job *job, const uint8_t *payload, size_t bytes,
		     uint32_t parts, bool used)
{
	struct judge_verdict verdict = { .nonce = job->nonce, .payload_bytes = job->payload_bytes,
					 .insn_idx = UINT32_MAX, .sandbox = parts,
					 .says = JUDGE_SAYS_ACCEPT, .insn_processed = 2 };
	uint64_t nonce = job->nonce;

	if (odd_asked(payload, bytes, "odd_crash"))
		abort();
	if (odd_asked(payload, bytes, "odd_hang"))
		return odd_hang(channel);
	if (odd_asked(payload, bytes, "odd_flood"))
		return odd_flood(channel, nonce);
	if (odd_asked(payload, bytes, "odd_nonce"))
		verdict.nonce++;
	if (odd_asked(payload, bytes, "odd_piece"))
		nonce++;
	if (odd_asked(payload, bytes, "odd_size"))
		verdict.payload_bytes++;
	if (odd_asked(payload, bytes, "odd_log"))
		verdict.log_bytes = 7;
	if (odd_asked(payload, bytes, "odd_zero"))	/* as memory that nobody wrote */
		verdict.says = 0;
	if (odd_asked(payload, bytes, "odd_unsup"))
		verdict.says = JUDGE_SAYS_UNSUPPORTED;
	if (odd_asked(payload, bytes, "odd_undec"))
		verdict.says = JUDGE_SAYS_UNDECIDED;
	/* As on a kernel without some part of the sandbox. */
	if (odd_asked(payload, bytes, "odd_bare") && job->sandbox_needed) {
		verdict.says = JUDGE_SAYS_UNDECIDED;
		verdict.err = ENOSYS;
	}
	/* Accepts when it was told some BTF, and only then. */
	if (odd_asked(payload, bytes, "odd_btf") && !memmem(payload, bytes, "\x9f\xeb\x01\x00", 4)) {
		verdict.says = JUDGE_SAYS_REJECT;
		verdict.err = 1;
	}
	if (odd_asked(payload, bytes, "odd_reject")) {
		verdict.says = JUDGE_SAYS_REJECT;
		verdict.err = 13;
		strcpy(verdict.code, "PKT-RANGE");
		strcpy(verdict.message, "invalid access to packet, off=26 size=4");
	}
	odd_if_used(payload, bytes, used, &verdict);
	return odd_say(channel, JUDGE_PIECE_VERDICT, nonce, &verdict, sizeof(verdict));
}

/* 1 when another job may come. */
static int odd_serve_one(int channel, uint32_t parts, bool used)
{
	static uint8_t buf[sizeof(struct judge_job) + JUDGE_INLINE_MAX];
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct judge_job job;
	int n = packet_recv(channel, buf, sizeof(buf), &fds, 0);
	const uint8_t *payload = buf + sizeof(job);
	size_t bytes;

	if (n < (int)sizeof(job))
		return 0;
	memcpy(&job, buf, sizeof(job));
	bytes = (size_t)n - sizeof(job);
	if (job.flags & JUDGE_PAYLOAD_FD) {
		payload = malloc(job.payload_bytes);
		bytes = job.payload_bytes;
		if (!payload || pread(fds.fd[0], (void *)payload, bytes, 0) != (ssize_t)bytes)
			return -1;
	}
	if (odd_judge(channel, &job, payload, bytes, parts, used) < 0)
		return -1;
	return (job.flags & JUDGE_STAY) != 0;
}

static int odd_serve(void *arg, int channel, uint32_t parts)
{
	int r = odd_serve_one(channel, parts, false);

	while (r > 0)
		r = odd_serve_one(channel, parts, true);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct zygote_plan plan = { .spares = 2, .want = WANT,
				    .given = sandbox_of_namespaces(strtoul(argc > 3 ? argv[3] : "0", NULL, 0)), .must = MUST,
				    .serve = odd_serve };

	if (argc < 2 || strcmp(argv[1], "--zygote") != 0)
		return 1;
	return zygote_run(ZYGOTE_FD, &plan);
}
