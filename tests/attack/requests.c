/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests SEED COUNT | --digest: sends COUNT requests to the daemon at BPFGATE_SOCKET, some as a
 * library would make them, most changed at random: bytes of the body and of the head, its length,
 * and the descriptors that come with it. Each must be answered, or hung up on, within half a
 * minute. The last line is "N sent, A answered, H hung up".
 *
 * Programs are never changed into others that a kernel would see: the daemon's policy knows the one
 * program sent here by its digest.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/library/self.h"
#include "object/digest.h"
#include "proto/channel.h"
#include "proto/cmd.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "verifier/bpfgate-verifier.h"

#define PATIENCE_MS   30000
#define TEMPLATES_MAX (CMD_CNT + 8)
#define POOL_CNT      8
#define BODY_SLACK    64 /* bytes by which a body may grow */

/* One well-formed frame. */
struct template
{
	uint16_t type;
	uint8_t *body;
	size_t bytes;
	uint32_t fd_cnt;
};

struct fuzz {
	uint64_t rng;
	struct template templates[TEMPLATES_MAX];
	size_t template_cnt;
	int pool[POOL_CNT]; /* what a stranger may hold */
	int sock;
	struct channel_scratch *scratch;
	uint64_t sent, answered, hung_up;
};

static uint32_t roll(struct fuzz *fuzz, uint32_t below)
{
	fuzz->rng ^= fuzz->rng << 13;
	fuzz->rng ^= fuzz->rng >> 7;
	fuzz->rng ^= fuzz->rng << 17;
	return (uint32_t)((fuzz->rng >> 16) % below);
}

/* ---- what is sent ---- */

static const uint64_t program[] = { 0x0000004d000003b7, 0x00000007000000b7, 0x95 };

static const uint32_t btf[] = {
	0x0001eb9f, 24,	      0, 16,
	16,	    5,				/* header: 16 bytes of types, 5 of text */
	1,	    1u << 24, 4, 1u << 24 | 32, /* int */
	0x746e6900, 0,				/* "\0int" */
};

static void fill_prog_load(uint8_t *attr)
{
	attr_put_u32(attr, ATTR_PROG_LOAD_TYPE, 1);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, ARRAY_CNT(program));
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)program);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t) "GPL");
}

/* Words that make most commands look at what they name; the two that must fit together are filled
 * in. */
static void fill_attr(uint32_t cmd, uint8_t *attr, int map)
{
	static const uint32_t map_create[] = { 2, 4, 8, 4 };

	memset(attr, 0, ATTR_BYTES);
	if (cmd == CMD_MAP_CREATE) {
		memcpy(attr, map_create, sizeof(map_create));
	} else if (cmd == CMD_PROG_LOAD) {
		fill_prog_load(attr);
	} else if (cmd == CMD_BTF_LOAD) {
		attr_put_u64(attr, ATTR_BTF_LOAD_DATA, (uintptr_t)btf);
		attr_put_u32(attr, ATTR_BTF_LOAD_SIZE, 24 + 16 + 5);
	} else {
		attr_put_u32(attr, 0, (uint32_t)map);
	}
}

static void add_template(struct fuzz *fuzz, uint16_t type, const void *body, size_t bytes,
			 uint32_t fd_cnt)
{
	struct template *t = &fuzz->templates[fuzz->template_cnt];

	*t = (struct template){ .type = type, .bytes = bytes, .fd_cnt = fd_cnt };
	t->body = calloc(1, bytes + 1);
	if (!t->body)
		exit(1);
	memcpy(t->body, body, bytes);
	fuzz->template_cnt++;
}

static void add_command(struct fuzz *fuzz, const struct codec_source *source, uint32_t cmd)
{
	OWN_CALL struct codec_call call = CODEC_CALL_INIT;
	uint8_t attr[ATTR_BYTES];

	fill_attr(cmd, attr, fuzz->pool[0]);
	for (uint32_t bytes = ATTR_BYTES; bytes >= 4; bytes -= 4)
		if (codec_encode_request(source, cmd, (uintptr_t)attr, bytes, &call) == 0) {
			add_template(fuzz, WIRE_REQUEST, call.body, call.body_bytes, call.fd_cnt);
			return;
		} else {
			codec_call_done(&call);
			call = CODEC_CALL_INIT;
		}
}

static void add_controls(struct fuzz *fuzz)
{
	static const char *const args[] = { "", "", "maps", "" };

	for (uint32_t verb = WIRE_VERB_STATUS; verb < ARRAY_CNT(args); verb++) {
		uint8_t body[64] = { 0 };
		struct wire_control control = { .verb = verb,
						.arg_bytes = (uint32_t)strlen(args[verb]) };

		memcpy(body, &control, sizeof(control));
		memcpy(body + sizeof(control), args[verb], control.arg_bytes);
		add_template(fuzz, WIRE_CONTROL, body, sizeof(control) + control.arg_bytes, 0);
	}
}

static void make_pool(struct fuzz *fuzz)
{
	int pipes[2], socks[2];

	if (pipe2(pipes, O_CLOEXEC) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		exit(1);
	fuzz->pool[0] = memfd_create("pool", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fuzz->pool[1] = pipes[0];
	fuzz->pool[2] = socks[0];
	fuzz->pool[3] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fuzz->pool[4] = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fuzz->pool[5] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fuzz->pool[6] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	fuzz->pool[7] = open("/", O_PATH | O_CLOEXEC);
}

/* ---- changing it ---- */

static uint32_t odd_word(struct fuzz *fuzz)
{
	static const uint32_t odd[] = { 0,	    1,		7,	    8,	      0x7fffffff,
					0x80000000, 0xffffffff, 0xfffffff8, 1u << 16, 1u << 26 };

	return roll(fuzz, 3) ? odd[roll(fuzz, ARRAY_CNT(odd))] : (uint32_t)fuzz->rng;
}

static size_t change_body(struct fuzz *fuzz, uint8_t *body, size_t bytes)
{
	for (uint32_t n = roll(fuzz, 4); n; n--) {
		uint32_t word = odd_word(fuzz);

		if (bytes >= 4 && roll(fuzz, 2))
			memcpy(body + roll(fuzz, (uint32_t)(bytes / 4)) * 4, &word, 4);
		else if (bytes)
			body[roll(fuzz, (uint32_t)bytes)] = (uint8_t)word;
	}
	switch (roll(fuzz, 12)) {
	case 0:
		return roll(fuzz, (uint32_t)bytes + 1);
	case 1:
		return bytes + roll(fuzz, BODY_SLACK + 1);
	default:
		return bytes;
	}
}

/* ---- talking ---- */

static bool connected(struct fuzz *fuzz)
{
	struct wire_welcome welcome;

	for (int tries = 0; fuzz->sock < 0 && tries < 100; tries++)
		if (channel_connect(getenv("BPFGATE_SOCKET"), PATIENCE_MS, &fuzz->sock, &welcome) <
		    0)
			fuzz->sock = -1;
	return fuzz->sock >= 0;
}

static void hang_up(struct fuzz *fuzz)
{
	own_close_fd(&fuzz->sock);
	fuzz->hung_up++;
}

/* false: neither an answer nor a hang-up came. */
static bool hear(struct fuzz *fuzz)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct pollfd ready = { .fd = fuzz->sock, .events = POLLIN };

	if (poll(&ready, 1, PATIENCE_MS) != 1)
		return false;
	if (channel_recv(fuzz->sock, fuzz->scratch, 0, &msg) == 1)
		fuzz->answered++;
	else
		hang_up(fuzz);
	return true;
}

static bool send_one(struct fuzz *fuzz)
{
	const struct template *t = &fuzz->templates[roll(fuzz, (uint32_t)fuzz->template_cnt)];
	struct wire_head head = { .version = WIRE_VERSION_MAX, .type = t->type, .id = fuzz->sent };
	uint32_t fd_cnt = roll(fuzz, 8) ? t->fd_cnt : roll(fuzz, 4);
	uint8_t body[4096] = { 0 };
	int fds[16];
	size_t bytes;

	memcpy(body, t->body, t->bytes);
	bytes = roll(fuzz, 4) ? change_body(fuzz, body, t->bytes) : t->bytes;
	if (roll(fuzz, 32) == 0)
		head.type = (uint16_t)roll(fuzz, 9);
	if (roll(fuzz, 64) == 0)
		head.version = (uint16_t)roll(fuzz, 4);
	for (uint32_t i = 0; i < fd_cnt && i < ARRAY_CNT(fds); i++)
		fds[i] = fuzz->pool[roll(fuzz, POOL_CNT)];
	fuzz->sent++;
	if (channel_send(fuzz->sock, &head, body, bytes, fds, fd_cnt, 0) < 0) {
		hang_up(fuzz);
		return true;
	}
	return hear(fuzz);
}

static int print_digest(void)
{
	struct bgv_program prog = { .insns = (const void *)program,
				    .insn_cnt = ARRAY_CNT(program),
				    .prog_type = 1,
				    .license = "GPL" };
	struct digest_options options = { 0 };
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];

	if (digest_program(&prog, &options, digest) < 0)
		return 1;
	digest_to_hex(digest, hex);
	return puts(hex) < 0;
}

int main(int argc, char **argv)
{
	struct fuzz fuzz = { .sock = -1, .scratch = malloc(sizeof(*fuzz.scratch)) };
	struct codec_source source;
	uint64_t count;

	if (argc == 2 && strcmp(argv[1], "--digest") == 0)
		return print_digest();
	if (argc != 3 || !fuzz.scratch)
		return 2;
	fuzz.rng = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	count = strtoull(argv[2], NULL, 10);
	make_pool(&fuzz);
	self_init_source(&source);
	for (uint32_t cmd = 0; cmd < CMD_CNT; cmd++)
		add_command(&fuzz, &source, cmd);
	add_controls(&fuzz);
	while (fuzz.sent < count) {
		if (!connected(&fuzz) || !send_one(&fuzz)) {
			printf("FAILED request %llu of seed %s has no answer\n",
			       (unsigned long long)fuzz.sent, argv[1]);
			return 1;
		}
	}
	/* Whom the daemon only hangs up on has not got past the head of a frame. */
	if (fuzz.answered < fuzz.sent / 4) {
		printf("FAILED only %llu of %llu requests were answered\n",
		       (unsigned long long)fuzz.answered, (unsigned long long)fuzz.sent);
		return 1;
	}
	printf("%llu sent, %llu answered, %llu hung up\n", (unsigned long long)fuzz.sent,
	       (unsigned long long)fuzz.answered, (unsigned long long)fuzz.hung_up);
	return 0;
}
