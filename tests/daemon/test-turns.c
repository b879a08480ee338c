/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users who ask for much: large programs, large frames, loaders in namespaces without end, requests
 * one behind the other. Each waits for itself. What only a user with a rule may ask for is tried by
 * both: one with a rule, and one without.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/library/self.h"
#include "proto/channel.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/attack.h"

#define MALLORY 65533 /* no rule names him */
#define DENIED	65530 /* one allows as much as to Alice, one denies everything */

static const char turns_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\", \"65530\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"socket_filter\"]}, \"max_insns\": 1000000,\n"
	"  \"attach\": {\"tcx\": [\"*\", \"netns:*:*\"]}},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"},\n"
	" \"quota\": {\"verify_seconds\": 10, \"programs\": 1000, \"loads_per_minute\": 1000000}},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]},\n"
	" \"maps\": {\"types\": {\"any_except\": []}}},\n"
	"{\"id\": \"denied\", \"effect\": \"deny\", \"who\": {\"users\": [\"65530\"]}}]}\n";

static struct live live;

/* ---- frames ---- */

/* A request whose body, if it is large, lies in a sealed memfd that many frames share. */
struct asking {
	struct wire_head head;
	uint8_t *body;
	size_t bytes;
	int body_fd;
};

#define ASKING_INIT                                                                                \
	((struct asking){ .head = { .magic = WIRE_MAGIC,                                           \
				    .version = WIRE_VERSION_MAX,                                   \
				    .type = WIRE_REQUEST,                                          \
				    .id = 1 },                                                     \
			  .body_fd = -1 })

static void asking_done(struct asking *asking)
{
	free(asking->body);
	own_close_fd(&asking->body_fd);
}

#define OWN_ASKING __attribute__((cleanup(asking_done)))

static bool asking_fill(struct asking *asking, uint32_t cmd, const void *attr, uint32_t attr_bytes)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	struct codec_source source;

	self_init_source(&source);
	if (codec_encode_request(&source, cmd, (uintptr_t)attr, attr_bytes, &call) < 0)
		return false;
	asking->head.body_bytes = (uint32_t)call.body_bytes;
	if (call.body_bytes > WIRE_INLINE_MAX) {
		asking->head.flags = WIRE_BODY_MEMFD;
		return channel_seal_bytes(call.body, call.body_bytes, &asking->body_fd) == 0;
	}
	asking->body = TAKE_PTR(call.body);
	asking->bytes = call.body_bytes;
	return true;
}

static bool asking_send(int sock, const struct asking *asking)
{
	struct iovec parts[2] = { { (void *)(uintptr_t)&asking->head, sizeof(asking->head) },
				  { asking->body, asking->bytes } };

	return packet_send(sock, parts, 2, &asking->body_fd, asking->body_fd >= 0 ? 1 : 0, 0) == 0;
}

static int connect_apart(void)
{
	struct wire_welcome welcome;
	int sock;

	return channel_connect(getenv("BPFGATE_SOCKET"), 60000, &sock, &welcome) == 0 ? sock : -1;
}

/* What was answered to the next of its questions; 1: nothing, it was hung up on. */
static int answer_on(int sock)
{
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_reply reply;

	if (!scratch || channel_recv(sock, scratch, 0, &msg) != 1 ||
	    msg.head.body_bytes < sizeof(reply) || !msg.body)
		return 1;
	memcpy(&reply, msg.body, sizeof(reply));
	return reply.result;
}

/* ---- much at once ---- */

enum { MILLION = 1000000 };

/* A program of a million instructions that the odd judge refuses unread. */
static bool fill_million(struct asking *asking)
{
	struct bpf_insn *insns = calloc(MILLION, sizeof(*insns));
	union bpf_attr attr;
	bool ok;

	if (!insns)
		return false;
	for (int i = 0; i < MILLION; i++)
		insns[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K };
	insns[MILLION - 1].code = BPF_JMP | BPF_EXIT;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = MILLION;
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "odd_reject");
	ok = asking_fill(asking, BPF_PROG_LOAD, &attr, sizeof(attr));
	free(insns);
	return ok;
}

/* A body of zeroes that nobody has stored: no request, but that is seen only when all of it was
 * read. */
static bool fill_sparse(struct asking *asking)
{
	asking->body_fd = memfd_create("sparse", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	asking->head.flags = WIRE_BODY_MEMFD;
	asking->head.body_bytes = WIRE_BODY_MAX;
	return asking->body_fd >= 0 && ftruncate(asking->body_fd, WIRE_BODY_MAX) == 0 &&
	       fcntl(asking->body_fd, F_ADD_SEALS,
		     F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

struct flood {
	bool (*fill)(struct asking *asking);
	int socks, each; /* connections, and frames on each of them */
	int answer;	 /* to every one */
};

static bool is_other(int answer, int expected)
{
	if (answer != expected)
		printf("%d is not %d\n", answer, expected);
	return answer != expected;
}

static bool part_flood(void *arg)
{
	enum { SOCKS_MAX = 256 };
	const struct flood *flood = arg;
	OWN_ASKING struct asking asking = ASKING_INIT;
	int socks[SOCKS_MAX], wrong = 0;

	if (!flood->fill(&asking))
		return false;
	for (int i = 0; i < flood->socks; i++)
		socks[i] = connect_apart();
	for (int n = 0; n < flood->each; n++)
		for (int i = 0; i < flood->socks; i++)
			(void)asking_send(socks[i], &asking);
	for (int n = 0; n < flood->each; n++)
		for (int i = 0; i < flood->socks; i++)
			wrong += is_other(answer_on(socks[i]), flood->answer);
	for (int i = 0; i < flood->socks; i++)
		own_close_fd(&socks[i]);
	if (wrong)
		printf("%d answers were others\n", wrong);
	return wrong == 0;
}

static bool floods(uid_t uid, const struct flood *flood)
{
	return live_as(uid, part_flood, (void *)(uintptr_t)flood);
}

static bool a_million_instructions_of_a_stranger_delay_nobody(void)
{
	const struct flood flood = { fill_million, 30, 2, -EPERM };

	/* Bob has a rule, but for maps. */
	return floods(MALLORY, &flood) && floods(LIVE_BOB, &flood) && floods(DENIED, &flood);
}

static bool a_million_instructions_of_a_user_delay_nobody_else(void)
{
	return floods(LIVE_ALICE, &(struct flood){ fill_million, 10, 4, -EACCES });
}

static bool one_sparse_body_in_a_thousand_frames_of_a_stranger_delays_nobody(void)
{
	return floods(MALLORY, &(struct flood){ fill_sparse, 250, 4, -EPERM });
}

/* The daemon hangs up on each: it is read to the end. */
static bool one_sparse_body_in_many_frames_of_a_user_delays_nobody_else(void)
{
	return floods(LIVE_ALICE, &(struct flood){ fill_sparse, 100, 1, 1 });
}

/* ---- one behind the other ---- */

enum { PAIRS = 20000 };

static bool was_read(void *arg)
{
	int bytes = 0;

	return ioctl(*(int *)arg, SIOCOUTQ, &bytes) == 0 && bytes == 0;
}

/* Two questions at once, two answers; often enough to meet each moment in which a wake-up could be
 * lost. */
static bool part_pairs(void *arg)
{
	const uint8_t attr[12] = { 0 };
	OWN_ASKING struct asking asking = ASKING_INIT;
	struct pollfd ready = { .fd = connect_apart(), .events = POLLIN };
	int i;
	bool ok = ready.fd >= 0 && asking_fill(&asking, BPF_MAP_GET_NEXT_ID, attr, sizeof(attr));

	for (i = 0; ok && i < PAIRS; i++) {
		ok = asking_send(ready.fd, &asking) && asking_send(ready.fd, &asking);
		for (int n = 0; ok && n < 2; n++)
			ok = poll(&ready, 1, 5000) == 1 && answer_on(ready.fd) == -ENOENT;
	}
	if (!ok)
		printf("pair %d was not answered\n", i);
	ok = ok && live_until(was_read, &ready.fd);
	own_close_fd(&ready.fd);
	return ok;
}

static bool no_request_behind_another_is_forgotten(void)
{
	return live_as(LIVE_ALICE, part_pairs, NULL);
}

/* ---- loaders ---- */

/* What stands at the loopback of a network namespace that was made for the question: its answer,
 * or 1. */
static int query_here(void)
{
	enum { TCX_INGRESS = 46 };
	OWN_ASKING struct asking asking = ASKING_INIT;
	OWN_FD int sock = connect_apart();
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = 1;
	attr.query.attach_type = TCX_INGRESS;
	if (sock < 0 || !asking_fill(&asking, BPF_PROG_QUERY, &attr, sizeof(attr.query)) ||
	    !asking_send(sock, &asking))
		return 1;
	return answer_on(sock);
}

/* -answer is its exit status. */
static int query_afresh(uid_t uid)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) == 0 && live_become(uid) ? -query_here() : 255);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status)
		       ? -WEXITSTATUS(status)
		       : 1;
}

/* How many of so many questions got this answer. */
static int query_often(uid_t uid, int cnt, int answer)
{
	int found = 0;

	for (int i = 0; i < cnt; i++)
		found += query_afresh(uid) == answer;
	return found;
}

static unsigned int loader_cnt(void)
{
	return live_signal(&live, "bpfgate-loader", 0);
}

enum {
	QUERIES = 150,
	LOADERS_ALLOWED =
		64 + 2 * 30, /* at first, and then two a second, in the time that this may take */
	LOADERS_AT_ONCE = 8 + 2, /* and those that are about to end */
};

static bool namespaces_without_end_start_no_loader_for_a_stranger(void)
{
	static const uid_t strangers[] = { MALLORY, LIVE_BOB, DENIED };
	unsigned int before = loader_cnt();

	for (size_t i = 0; i < ARRAY_CNT(strangers); i++)
		if (query_often(strangers[i], QUERIES / 3, -EPERM) != QUERIES / 3)
			return false;
	return loader_cnt() <= before;
}

/* One is the control; what more is answered than that is as much as a user of many namespaces
 * needs. */
static bool namespaces_without_end_start_few_loaders_for_a_user(void)
{
	unsigned int before = loader_cnt();
	int answered = query_often(LIVE_ALICE, QUERIES, 0);

	if (answered < 1 || answered > LOADERS_ALLOWED || loader_cnt() > before + LOADERS_AT_ONCE)
		printf("%d answered, %u loaders\n", answered, loader_cnt());
	return answered >= 1 && answered <= LOADERS_ALLOWED &&
	       loader_cnt() <= before + LOADERS_AT_ONCE;
}

/* ---- what nobody reads ---- */

static bool part_map(void *arg)
{
	OWN_FD int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return map >= 0;
}

/* Full already: the first word would wait. */
static bool full_pipe(int ends[2])
{
	static const char bytes[4096];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	while (write(ends[1], bytes, sizeof(bytes)) > 0)
		;
	return fcntl(ends[1], F_SETFL, 0) == 0;
}

static bool a_daemon_whose_stderr_nobody_reads_goes_on(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	struct live mute = { .ready = -1 };
	int ends[2];
	bool ok;

	if (!full_pipe(ends))
		return false;
	mute.err = ends[1];
	ok = live_start(&mute, builddir, turns_policy) && live_as(LIVE_ALICE, part_map, NULL) &&
	     !live_as(MALLORY, part_map, NULL);
	ok = live_stop(&mute) && ok;
	setenv("BPFGATE_SOCKET", live.socket, 1);
	close(ends[0]);
	close(ends[1]);
	return ok;
}

static const struct attack_row tests[] = {
	ATTACK(a_million_instructions_of_a_stranger_delay_nobody),
	ATTACK(a_million_instructions_of_a_user_delay_nobody_else),
	ATTACK(one_sparse_body_in_a_thousand_frames_of_a_stranger_delays_nobody),
	ATTACK(one_sparse_body_in_many_frames_of_a_user_delays_nobody_else),
	ATTACK(no_request_behind_another_is_forgotten),
	ATTACK(namespaces_without_end_start_no_loader_for_a_stranger),
	ATTACK(namespaces_without_end_start_few_loaders_for_a_user),
	ATTACK(a_daemon_whose_stderr_nobody_reads_goes_on),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB, MALLORY, DENIED };

int main(int argc, char **argv)
{
	struct attack_plan plan = { .live = &live,
				    .policy = turns_policy,
				    .rows = tests,
				    .row_cnt = ARRAY_CNT(tests),
				    .uids = users,
				    .uid_cnt = ARRAY_CNT(users) };

	return attack_main(&plan, argc, argv);
}
