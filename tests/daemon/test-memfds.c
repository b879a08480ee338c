/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that changes while it is read, and descriptors that no command asks for: bodies without
 * one of the seals, bodies that grow, shrink and are written meanwhile, and odd descriptors with
 * every command that goes to a loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/library/self.h"
#include "proto/channel.h"
#include "proto/cmd.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

enum { INSNS = 40000, FRAMES = 200, EXTRA_MAX = 250, HUNG_UP = 1 };

static const char policy[] =
	"{\"version\": 1, \"rules\": [{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"socket_filter\"]}, \"max_insns\": 1000000},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"}, \"quota\": {\"loads_per_minute\": 1000000}}]}\n";

static struct live live;

/* ---- a body in a memfd ----------------------------------------------------------------------- */

/* A program that the odd judge refuses unread, too large for a frame. */
static bool make_body(uint8_t **ret_body, size_t *ret_bytes)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	struct bpf_insn *insns = calloc(INSNS, sizeof(*insns));
	struct codec_source source;
	union bpf_attr attr;
	int r;

	if (FAILS(!insns))
		return false;
	for (int i = 0; i < INSNS; i++)
		insns[i].code = i == INSNS - 1 ? BPF_JMP | BPF_EXIT : BPF_ALU64 | BPF_MOV | BPF_K;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = INSNS;
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "odd_reject");
	self_init_source(&source);
	r = codec_encode_request(&source, BPF_PROG_LOAD, (uintptr_t)&attr, sizeof(attr), &call);
	free(insns);
	if (FAILS(r < 0 || call.body_bytes <= WIRE_INLINE_MAX))
		return false;
	*ret_bytes = call.body_bytes;
	*ret_body = TAKE_PTR(call.body);
	return true;
}

static int memfd_of(const uint8_t *body, size_t bytes, unsigned int seals)
{
	OWN_FD int fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, body, bytes) != (ssize_t)bytes ||
	    (seals && fcntl(fd, F_ADD_SEALS, seals) < 0))
		return -1;
	return TAKE_FD(fd);
}

/* The answer's result, or HUNG_UP. */
static int send_body(int fd, size_t bytes)
{
	struct wire_head head = { .magic = WIRE_MAGIC,
				  .version = WIRE_VERSION_MAX,
				  .type = WIRE_REQUEST,
				  .id = 1,
				  .flags = WIRE_BODY_MEMFD,
				  .body_bytes = (uint32_t)bytes };
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct iovec part = { &head, sizeof(head) };
	struct wire_welcome welcome;
	struct wire_reply reply;
	OWN_FD int sock = -1;

	if (FAILS(!scratch ||
		  channel_connect(getenv("BPFGATE_SOCKET"), 30000, &sock, &welcome) < 0 ||
		  packet_send(sock, &part, 1, &fd, 1, 0) < 0))
		return -EIO;
	if (channel_recv(sock, scratch, 0, &msg) != 1 || msg.head.body_bytes < sizeof(reply) ||
	    !msg.body)
		return HUNG_UP;
	memcpy(&reply, msg.body, sizeof(reply));
	return reply.result;
}

static bool part_seals(void *arg)
{
	static const unsigned int seals[] = { F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK };
	OWN_MEM uint8_t *body = NULL;
	size_t bytes;
	bool ok = make_body(&body, &bytes);

	for (unsigned int set = 0; ok && set < 8; set++) {
		unsigned int all = 0;
		OWN_FD int fd = -1;
		int r;

		for (int i = 0; i < 3; i++)
			all |= set & 1u << i ? seals[i] : 0;
		fd = memfd_of(body, bytes, all);
		r = send_body(fd, bytes);
		/* The control has them all. */
		ok = HOLDS(fd >= 0) && HOLDS(set == 7 ? r == -EACCES : r == HUNG_UP);
	}
	return ok;
}

static bool only_a_body_with_every_seal_is_read(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_seals, NULL));
}

/* ---- memory that changes --------------------------------------------------------------------- */

static _Noreturn void change_for_ever(int fd, size_t bytes)
{
	static const uint8_t lie[4096];

	for (size_t n = 0;; n++) {
		(void)!ftruncate(fd, (off_t)(n % 3 * bytes));
		(void)!pwrite(fd, lie, sizeof(lie), (off_t)(n % bytes));
		(void)!ftruncate(fd, (off_t)bytes);
	}
}

static bool part_changes(void *arg)
{
	OWN_MEM uint8_t *body = NULL;
	OWN_FD int sealed = -1;
	OWN_FD int fd = -1;
	size_t bytes = 0;
	bool ok = make_body(&body, &bytes);
	pid_t pid;

	fd = memfd_of(body, bytes, 0);
	sealed = memfd_of(body, bytes, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);
	pid = ok && fd >= 0 ? fork() : -1;
	if (pid == 0)
		change_for_ever(fd, bytes);
	for (int i = 0; ok && i < FRAMES; i++)
		ok = HOLDS(send_body(fd, bytes) == HUNG_UP);
	ok = HOLDS(ok) && HOLDS(send_body(sealed, bytes) == -EACCES);
	/* What it was sealed with is its size: no other is believed. */
	ok = ok && HOLDS(send_body(sealed, bytes - 8) == HUNG_UP) &&
	     HOLDS(send_body(sealed, bytes + 8) == HUNG_UP);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
	return HOLDS(pid > 0) && ok;
}

static bool what_grows_shrinks_and_is_written_while_it_is_read_is_not_read(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_changes, NULL));
}

/* ---- odd descriptors ------------------------------------------------------------------------- */

enum { ODD_CNT = 7 };

struct odd {
	int fds[ODD_CNT];
};

static bool odd_make(struct odd *odd)
{
	int pipes[2], socks[2];

	if (pipe(pipes) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, socks) < 0)
		return false;
	odd->fds[0] = memfd_create("grows", MFD_CLOEXEC);
	odd->fds[1] = eventfd(0, 0);
	odd->fds[2] = pipes[0];
	odd->fds[3] = socks[0];
	odd->fds[4] = open("/", O_PATH | O_DIRECTORY);
	odd->fds[5] = open("/dev/null", O_RDWR);
	odd->fds[6] = socket(AF_INET, SOCK_STREAM, 0);
	/* 64 GiB that nobody has stored. */
	return odd->fds[0] >= 0 && ftruncate(odd->fds[0], 1ll << 36) == 0;
}

/* Whatever it is said to be attached to, no such call does anything. */
static bool is_refused_with(uint32_t cmd, const struct cmd_row *row, const struct cmd_fd *field,
			    int fd)
{
	bool ok = true;

	for (uint32_t type = 0; ok && type < 64; type += row->attach_off == CMD_NO_OFF ? 64 : 3) {
		uint8_t attr[ATTR_BYTES] = { 0 };

		if (row->attach_off != CMD_NO_OFF)
			attr_put_u32(attr, row->attach_off, type);
		attr_put_u32(attr, field->off, (uint32_t)fd);
		ok = HOLDS(live_call((int)cmd, (union bpf_attr *)attr, sizeof(attr)) < 0) &&
		     HOLDS(!live_reason_has("lost"));
	}
	if (!ok)
		printf("%s with an odd %s\n", row->name, field->name);
	return ok;
}

static bool part_odd(void *arg)
{
	struct odd odd;
	bool ok = HOLDS(odd_make(&odd));

	for (uint32_t cmd = 0; ok && cmd < CMD_CNT; cmd++) {
		const struct cmd_row *row = cmd_row_of(cmd);

		for (int i = 0; ok && row && row->gate != CMD_LOCAL && i < row->fd_cnt; i++)
			for (int k = 0; ok && k < ODD_CNT; k++)
				ok = is_refused_with(cmd, row, &row->fds[i], odd.fds[k]);
	}
	return ok && HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0);
}

static bool no_command_takes_a_descriptor_that_is_none_of_its_kind(void)
{
	pid_t broker = live_child(&live, "bpfgate-broker");

	return HOLDS(live_as(LIVE_ALICE, part_odd, NULL)) &&
	       HOLDS(live_child(&live, "bpfgate-broker") == broker);
}

/* Beside those that it names. */
static int send_with_more(uint32_t cmd, const int *fds, unsigned int cnt)
{
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_head head = { .version = WIRE_VERSION_MAX, .type = WIRE_REQUEST, .id = 1 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct codec_source source;
	struct wire_welcome welcome;
	OWN_FD int sock = -1;

	self_init_source(&source);
	if (codec_encode_request(&source, cmd, (uintptr_t)attr, 64, &call) < 0 || call.fd_cnt)
		return HUNG_UP; /* nothing that could be sent */
	if (FAILS(!scratch ||
		  channel_connect(getenv("BPFGATE_SOCKET"), 30000, &sock, &welcome) < 0 ||
		  channel_send(sock, &head, call.body, call.body_bytes, fds, cnt, 0) < 0))
		return -EIO;
	return channel_recv(sock, scratch, 0, &msg) == 1 ? 0 : HUNG_UP;
}

static bool part_more(void *arg)
{
	static int fds[EXTRA_MAX];
	struct odd odd;
	unsigned int answered = 0;
	bool ok = HOLDS(odd_make(&odd));

	for (int i = 0; i < EXTRA_MAX; i++)
		fds[i] = odd.fds[i % ODD_CNT];
	for (uint32_t cmd = 0; ok && cmd < CMD_CNT; cmd++) {
		ok = HOLDS(send_with_more(cmd, fds, 1) == HUNG_UP) &&
		     HOLDS(send_with_more(cmd, fds, EXTRA_MAX) == HUNG_UP);
		/* The control brings none. */
		answered += send_with_more(cmd, fds, 0) == 0;
	}
	return ok && HOLDS(answered > 5);
}

static bool descriptors_that_a_command_does_not_name_end_the_connection(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_more, NULL));
}

static const struct attack_row tests[] = {
	ATTACK(only_a_body_with_every_seal_is_read),
	ATTACK(what_grows_shrinks_and_is_written_while_it_is_read_is_not_read),
	ATTACK(no_command_takes_a_descriptor_that_is_none_of_its_kind),
	ATTACK(descriptors_that_a_command_does_not_name_end_the_connection),
};

static const uid_t users[] = { LIVE_ALICE };

int main(int argc, char **argv)
{
	struct attack_plan plan = { .live = &live,
				    .policy = policy,
				    .rows = tests,
				    .row_cnt = ARRAY_CNT(tests),
				    .uids = users,
				    .uid_cnt = ARRAY_CNT(users) };

	return attack_main(&plan, argc, argv);
}
