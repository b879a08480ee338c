/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real bpfgate-judge, asked as the broker asks it: what it says of good, bad and malformed jobs, that it
 * says it of the bytes it was given, and that it serves one job. Needs no root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "object/bundle.h"
#include "object/elf.h"
#include "policy/cms.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "worker/judge.h"
#include "worker/sandbox.h"

#ifdef BPFGATE_ASAN
#define IN_FORCE 0u /* such a build has no sandbox */
#else
#define IN_FORCE SANDBOX_CORE
#endif

#define WAIT_MS 60000
#define NONCE	0x1122334455667788ull

static int channel = -1; /* to the zygote that all tests share */

/* ---- the rig --------------------------------------------------------------------------------- */

static pid_t start_zygote(const char *builddir)
{
	char path[256];
	int pair[2];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/worker/bpfgate-judge", builddir);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)dup2(pair[1], ZYGOTE_FD);
		(void)execl(path, "bpfgate-judge", "--zygote", "--spares", "1", NULL);
		_exit(127);
	}
	(void)close(pair[1]);
	channel = pair[0];
	return pid;
}

static bool wait_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, WAIT_MS) == 1;
}

/* The next judge: its channel and id. */
static bool take_judge(int *ret_judge, uint32_t *ret_id)
{
	struct judge_ask watch = { JUDGE_ASK_WATCH, 0, 30000000000ull };
	struct iovec part = { &watch, sizeof(watch) };
	struct judge_tell tell;

	for (;;) {
		OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };

		if (!wait_readable(channel) ||
		    packet_recv(channel, &tell, sizeof(tell), &fds, 0) != (int)sizeof(tell))
			return false;
		if (tell.kind != JUDGE_TELL_READY)
			continue;
		watch.judge_id = *ret_id = tell.judge_id;
		*ret_judge = packet_fds_take(&fds, 0);
		return packet_send(channel, &part, 1, NULL, 0, 0) == 0;
	}
}

/* How judge `id` ended; others are let go. */
static bool hear_end(uint32_t id, struct judge_tell *ret_tell)
{
	do {
		if (!wait_readable(channel) || packet_recv(channel, ret_tell, sizeof(*ret_tell), NULL, 0) < 0)
			continue; /* a fresh judge's channel is refused here, and so is the judge */
	} while (ret_tell->kind != JUDGE_TELL_GONE || ret_tell->judge_id != id);
	return true;
}

struct heard {
	struct judge_verdict verdict;
	uint32_t pieces[JUDGE_PIECE_VERDICT + 1];
	uint64_t log_bytes;
	uint8_t last_result[JUDGE_PIECE_MAX];
	uint32_t last_bytes;
};

/* Reads pieces until the verdict. false: silence, or a piece that is not of this job. */
static bool hear_verdict(int judge, struct heard *heard)
{
	static uint8_t buf[sizeof(struct judge_piece) + JUDGE_PIECE_MAX];
	struct judge_piece piece = { 0 };

	memset(heard, 0, sizeof(*heard));
	while (piece.kind != JUDGE_PIECE_VERDICT) {
		int r = wait_readable(judge) ? packet_recv(judge, buf, sizeof(buf), NULL, 0) : -ETIMEDOUT;

		if (r < (int)sizeof(piece))
			return false;
		memcpy(&piece, buf, sizeof(piece));
		if (piece.nonce != NONCE || piece.bytes != (size_t)r - sizeof(piece) ||
		    piece.kind > JUDGE_PIECE_VERDICT)
			return false;
		heard->pieces[piece.kind]++;
		heard->log_bytes += piece.kind == JUDGE_PIECE_LOG ? piece.bytes : 0;
		if (piece.kind == JUDGE_PIECE_RESULT) {
			memcpy(heard->last_result, buf + sizeof(piece), piece.bytes);
			heard->last_bytes = piece.bytes;
		}
	}
	if (piece.bytes != sizeof(heard->verdict))
		return false;
	memcpy(&heard->verdict, buf + sizeof(piece), sizeof(heard->verdict));
	return true;
}

static struct judge_job job_of(enum judge_kind kind, size_t bytes)
{
	return (struct judge_job){ .version = JUDGE_VERSION, .kind = kind, .nonce = NONCE,
				   .payload_bytes = bytes, .caps = BGV_CAP_BPF, .mode = BGV_MODE_FULL };
}

/* Sends a job with its payload after it or, when fd >= 0, in there; and hears what comes. */
static bool judge(const struct judge_job *job, const void *payload, size_t bytes, int fd, struct heard *heard)
{
	struct iovec parts[] = { { (void *)job, sizeof(*job) }, { (void *)payload, fd < 0 ? bytes : 0 } };
	OWN_FD int channel_of_one = -1;
	uint32_t id;

	return take_judge(&channel_of_one, &id) &&
	       packet_send(channel_of_one, parts, 2, &fd, fd >= 0 ? 1 : 0, 0) == 0 &&
	       hear_verdict(channel_of_one, heard);
}

/* A socket filter: r0 = 0; exit, or, spoilt, r0 = r5, which nobody set. */
static uint8_t *make_bundle(bool spoilt, size_t *ret_bytes)
{
	const struct bpf_insn insns[] = {
		{ BPF_ALU64 | BPF_MOV | (spoilt ? BPF_X : BPF_K), BPF_REG_0, spoilt ? BPF_REG_5 : 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	struct bgv_program prog = { .insns = insns, .insn_cnt = ARRAY_CNT(insns),
				    .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .license = "GPL", .name = "t" };
	uint8_t *bytes = NULL;

	return bundle_encode(&prog, NULL, &bytes, ret_bytes) == 0 ? bytes : NULL;
}

static bool echoes(const struct heard *heard, size_t bytes)
{
	return heard->verdict.nonce == NONCE && heard->verdict.payload_bytes == bytes;
}

/* ---- promises -------------------------------------------------------------------------------- */

static bool a_good_program_is_accepted_and_a_bad_one_is_not(void)
{
	size_t good_bytes, bad_bytes;
	OWN_MEM uint8_t *good = make_bundle(false, &good_bytes), *bad = make_bundle(true, &bad_bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, good_bytes);
	struct heard accept, reject;

	if (!judge(&job, good, good_bytes, -1, &accept))
		return false;
	job.payload_bytes = bad_bytes;
	return judge(&job, bad, bad_bytes, -1, &reject) && echoes(&accept, good_bytes) &&
	       accept.verdict.says == JUDGE_SAYS_ACCEPT && accept.verdict.insn_processed == 2 &&
	       echoes(&reject, bad_bytes) && reject.verdict.says == JUDGE_SAYS_REJECT &&
	       reject.verdict.err == EACCES && reject.verdict.message[0];
}

static int memfd_of(const void *bytes, size_t cnt)
{
	int fd = memfd_create("payload", MFD_CLOEXEC);

	return write(fd, bytes, cnt) == (ssize_t)cnt ? fd : -1;
}

static bool a_payload_in_a_memfd_is_judged_alike(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(true, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes);
	OWN_FD int fd = memfd_of(bundle, bytes);
	struct heard inlined, in_fd;

	if (!judge(&job, bundle, bytes, -1, &inlined))
		return false;
	job.flags = JUDGE_PAYLOAD_FD;
	inlined.verdict.time_ns = 0;
	if (!judge(&job, NULL, bytes, fd, &in_fd))
		return false;
	in_fd.verdict.time_ns = 0;
	return memcmp(&inlined.verdict, &in_fd.verdict, sizeof(in_fd.verdict)) == 0;
}

static bool what_is_no_bundle_is_malformed(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(false, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes - 1);
	struct heard cut, odd;

	if (!judge(&job, bundle, bytes - 1, -1, &cut))
		return false;
	job.payload_bytes = bytes;
	bundle[0] ^= 1;
	return judge(&job, bundle, bytes, -1, &odd) && cut.verdict.says == JUDGE_SAYS_MALFORMED &&
	       odd.verdict.says == JUDGE_SAYS_MALFORMED && echoes(&cut, bytes - 1);
}

static bool is_silent(const struct judge_job *job, const void *payload, size_t bytes, int fd)
{
	struct iovec parts[] = { { (void *)job, sizeof(*job) }, { (void *)payload, fd < 0 ? bytes : 0 } };
	OWN_FD int channel_of_one = -1;
	struct judge_tell end;
	struct heard heard;
	uint32_t id;

	return take_judge(&channel_of_one, &id) &&
	       packet_send(channel_of_one, parts, 2, &fd, fd >= 0 ? 1 : 0, 0) == 0 &&
	       !hear_verdict(channel_of_one, &heard) && hear_end(id, &end) && end.how == JUDGE_END_EXIT &&
	       end.status == 1;
}

static bool a_job_that_contradicts_itself_gets_silence(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(false, &bytes);
	struct judge_job version = job_of(JUDGE_VERIFY, bytes), size = version, no_fd = version,
			 huge = version, shrunk = version, control = version;
	OWN_FD int fd = memfd_of(bundle, bytes - 1);
	struct heard heard;

	version.version++;
	size.payload_bytes--;
	no_fd.flags = JUDGE_PAYLOAD_FD;
	huge.payload_bytes = UINT64_MAX;
	shrunk.flags = JUDGE_PAYLOAD_FD;
	return is_silent(&version, bundle, bytes, -1) && is_silent(&size, bundle, bytes, -1) &&
	       is_silent(&no_fd, NULL, 0, -1) && is_silent(&huge, bundle, bytes, -1) &&
	       is_silent(&shrunk, NULL, 0, fd) && judge(&control, bundle, bytes, -1, &heard);
}

static bool an_unknown_kind_of_job_is_malformed(void)
{
	struct judge_job job = job_of((enum judge_kind)99, 0);
	struct heard heard;

	return judge(&job, NULL, 0, -1, &heard) && heard.verdict.says == JUDGE_SAYS_MALFORMED;
}

/* The control insists on the parts that are in force, and gets its verdict. */
static bool a_missing_sandbox_part_leaves_the_job_undecided(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(false, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes);
	struct heard missing, there;

	job.sandbox_needed = 1u << 31;
	if (!judge(&job, bundle, bytes, -1, &missing))
		return false;
	job.sandbox_needed = IN_FORCE;
	return judge(&job, bundle, bytes, -1, &there) && missing.verdict.says == JUDGE_SAYS_UNDECIDED &&
	       missing.verdict.err == ENOSYS && there.verdict.says == JUDGE_SAYS_ACCEPT &&
	       (there.verdict.sandbox & IN_FORCE) == IN_FORCE;
}

static bool a_spent_budget_is_undecided(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(false, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes);
	struct heard spent, enough;

	job.insns = 1;
	if (!judge(&job, bundle, bytes, -1, &spent))
		return false;
	job.insns = 2;
	return judge(&job, bundle, bytes, -1, &enough) && spent.verdict.says == JUDGE_SAYS_UNDECIDED &&
	       enough.verdict.says == JUDGE_SAYS_ACCEPT;
}

static bool a_log_is_no_longer_than_asked_for(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(true, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes);
	struct heard none, some;

	if (!judge(&job, bundle, bytes, -1, &none))
		return false;
	job.log_level = 2;
	job.log_bytes = 20;
	return judge(&job, bundle, bytes, -1, &some) && none.log_bytes == 0 && some.log_bytes > 0 &&
	       some.log_bytes <= 20 && some.verdict.log_bytes == some.log_bytes;
}

/* Two jobs over one channel; the second is not the first's echo. Hanging up ends it. */
static bool a_judge_that_may_stay_serves_its_callers_next_job(void)
{
	size_t good_bytes, bad_bytes;
	OWN_MEM uint8_t *good = make_bundle(false, &good_bytes), *bad = make_bundle(true, &bad_bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, good_bytes), next = job_of(JUDGE_VERIFY, bad_bytes);
	struct iovec parts[] = { { &job, sizeof(job) }, { good, good_bytes } };
	struct iovec more[] = { { &next, sizeof(next) }, { bad, bad_bytes } };
	OWN_FD int one = -1;
	struct heard accept, reject;
	struct judge_tell end;
	uint32_t id;

	job.flags = next.flags = JUDGE_STAY;
	if (!take_judge(&one, &id) || packet_send(one, parts, 2, NULL, 0, 0) < 0 ||
	    !hear_verdict(one, &accept) || packet_send(one, more, 2, NULL, 0, 0) < 0 ||
	    !hear_verdict(one, &reject))
		return false;
	own_close_fd(&one);
	return accept.verdict.says == JUDGE_SAYS_ACCEPT && reject.verdict.says == JUDGE_SAYS_REJECT &&
	       echoes(&reject, bad_bytes) && hear_end(id, &end) && end.how == JUDGE_END_EXIT &&
	       end.status == 0;
}

static bool a_judge_serves_one_job_unless_told_to_stay(void)
{
	size_t bytes;
	OWN_MEM uint8_t *bundle = make_bundle(false, &bytes);
	struct judge_job job = job_of(JUDGE_VERIFY, bytes);
	struct iovec parts[] = { { &job, sizeof(job) }, { bundle, bytes } };
	OWN_FD int one = -1;
	struct judge_tell end;
	struct heard heard;
	uint32_t id;

	return take_judge(&one, &id) && packet_send(one, parts, 2, NULL, 0, 0) == 0 &&
	       hear_verdict(one, &heard) && hear_end(id, &end) && end.how == JUDGE_END_EXIT &&
	       end.status == 0 && packet_send(one, parts, 2, NULL, 0, 0) < 0;
}

static bool a_signature_that_is_none_is_told_as_fields(void)
{
	struct judge_job job = job_of(JUDGE_CMS, 5);
	struct heard heard;
	uint32_t reason;

	if (!judge(&job, "hello", 5, -1, &heard))
		return false;
	memcpy(&reason, heard.last_result, sizeof(reason));
	return heard.verdict.says == JUDGE_SAYS_ACCEPT && heard.verdict.result_cnt == 1 &&
	       heard.last_bytes == sizeof(reason) + sizeof(struct cms_fields) && reason != CMS_OK;
}

static bool what_is_no_object_is_malformed(void)
{
	struct judge_job job = job_of(JUDGE_OBJECT, 5);
	struct heard heard;

	return judge(&job, "hello", 5, -1, &heard) && heard.verdict.says == JUDGE_SAYS_MALFORMED &&
	       heard.verdict.result_cnt == 0;
}

/* 1, 0, or -1: skipped, when no compiler made the example. */
static int an_object_gives_the_digest_of_each_program(void)
{
	char path[256];
	struct stat st;
	struct elf_result result;
	static const uint8_t none[sizeof(result.digest)];
	struct judge_job job;
	struct heard heard;

	(void)snprintf(path, sizeof(path), "%s/client/examples/xdp_count.bpf.o", getenv("builddir") ?: ".");
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	job = job_of(JUDGE_OBJECT, (size_t)st.st_size);
	job.flags = JUDGE_PAYLOAD_FD;
	if (!judge(&job, NULL, (size_t)st.st_size, fd, &heard) || heard.last_bytes != sizeof(result))
		return 0;
	memcpy(&result, heard.last_result, sizeof(result));
	return heard.verdict.says == JUDGE_SAYS_ACCEPT && heard.verdict.result_cnt == 1 && result.err == 0 &&
	       result.prog_type == BPF_PROG_TYPE_XDP && memcmp(result.digest, none, sizeof(none)) != 0;
}

static const struct promise {
	const char *name;
	bool (*keep)(void);
} promises[] = {
#define PROMISE(name) { #name, name }
	PROMISE(a_good_program_is_accepted_and_a_bad_one_is_not),
	PROMISE(a_payload_in_a_memfd_is_judged_alike),
	PROMISE(what_is_no_bundle_is_malformed),
	PROMISE(a_job_that_contradicts_itself_gets_silence),
	PROMISE(an_unknown_kind_of_job_is_malformed),
	PROMISE(a_missing_sandbox_part_leaves_the_job_undecided),
	PROMISE(a_spent_budget_is_undecided),
	PROMISE(a_log_is_no_longer_than_asked_for),
	PROMISE(a_judge_serves_one_job_unless_told_to_stay),
	PROMISE(a_judge_that_may_stay_serves_its_callers_next_job),
	PROMISE(a_signature_that_is_none_is_told_as_fields),
	PROMISE(what_is_no_object_is_malformed),
};

int main(void)
{
	int passed = 0, failed = 0, skipped = 0, object, status = -1;
	pid_t zygote = start_zygote(getenv("builddir") ?: ".");
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_CNT(promises); i++) {
		bool kept = promises[i].keep();

		if (!kept)
			printf("FAILED %s\n", promises[i].name);
		kept ? passed++ : failed++;
	}
	object = an_object_gives_the_digest_of_each_program();
	if (object < 0)
		printf("SKIP an_object_gives_the_digest_of_each_program: client/examples is not built\n");
	else if (!object)
		printf("FAILED an_object_gives_the_digest_of_each_program\n");
	object < 0 ? skipped++ : object ? passed++ : failed++;
	(void)close(channel);
	if (waitpid(zygote, &status, 0) == zygote && status == 0)
		passed++;
	else
		printf("FAILED the zygote ended with status 0x%x\n", (unsigned int)status), failed++;
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
