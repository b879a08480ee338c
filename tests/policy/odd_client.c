/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client for tests/policy/signed.sh that does what libbpfgate would not: presents odd descriptors as
 * objects, and loads programs with a signature in the attr, which no libbpf of today does for it.
 *
 *	odd-client insns FILE		writes the instructions of a small XDP program
 *	odd-client load [SIGNATURE]	loads it; prints "loaded" or the errno's name and the reason
 *	odd-client present		presents odd objects; ends with "N passed, N failed"
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "client/bpfgate.h"
#include "client/library/conn.h"
#include "proto/codec.h"
#include "proto/own.h"

#define ATTR_SIGNATURE	    152
#define ATTR_SIGNATURE_SIZE 160
#define ATTR_BYTES	    168
#define MEGABYTE	    (1024UL * 1024)

/* r0 = 1 (XDP_DROP); r0 += 1 (XDP_PASS); exit: no feature probe looks like this. */
static const struct bpf_insn insns[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
	{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .imm = 1 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int write_insns(const char *path)
{
	FILE *out = fopen(path, "we");
	bool ok = out && fwrite(insns, sizeof(insns), 1, out) == 1;

	return out && fclose(out) == 0 && ok ? 0 : 1;
}

static size_t read_signature(const char *path, uint8_t *bytes, size_t room)
{
	FILE *in = fopen(path, "re");
	size_t cnt = in ? fread(bytes, 1, room, in) : 0;

	if (in)
		(void)fclose(in);
	return cnt;
}

static int load(const char *signature)
{
	static uint8_t sig[16384];
	uint8_t attr[ATTR_BYTES] = { 0 };
	union bpf_attr *known = (union bpf_attr *)attr;
	uint64_t sig_at = (uint64_t)(uintptr_t)sig;
	uint32_t sig_bytes;
	int fd;

	_Static_assert(sizeof(union bpf_attr) <= ATTR_BYTES, "the build host's attr is the older one");
	known->prog_type = BPF_PROG_TYPE_XDP;
	known->insn_cnt = ARRAY_CNT(insns);
	known->insns = (uint64_t)(uintptr_t)insns;
	known->license = (uint64_t)(uintptr_t) "GPL";
	if (signature) {
		sig_bytes = (uint32_t)read_signature(signature, sig, sizeof(sig));
		memcpy(attr + ATTR_SIGNATURE, &sig_at, sizeof(sig_at));
		memcpy(attr + ATTR_SIGNATURE_SIZE, &sig_bytes, sizeof(sig_bytes));
	}
	fd = bpfgate_bpf(BPF_PROG_LOAD, attr, sizeof(attr));
	if (fd < 0)
		printf("%s: %s\n", strerrorname_np(errno), bpfgate_last_reason());
	else
		puts("loaded");
	return fd < 0;
}

/* ---- odd objects ---- */

static unsigned int passed, failed;

static void expect(const char *what, bool ok, int got)
{
	passed += ok;
	failed += !ok;
	if (!ok)
		printf("FAILED: %s: %d (%s)\n", what, got, got < 0 ? strerror(-got) : "ok");
}

static void expect_errno(const char *what, int got, int expected)
{
	expect(what, got == expected, got);
}

static int present(const int *fds, unsigned int cnt)
{
	struct control control = { .verb = WIRE_VERB_OBJECT, .arg = "odd", .arg_bytes = 3 };
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct control_reply reply;
	OWN_MEM uint8_t *body = NULL;
	size_t body_bytes;
	struct conn *conn;
	int r;

	r = codec_encode_control(&control, &body, &body_bytes);
	if (r == 0)
		r = conn_take(&conn);
	if (r < 0)
		return r;
	r = conn_exchange(conn, WIRE_CONTROL, body, body_bytes, fds, cnt, WIRE_CONTROL_REPLY, &msg);
	if (r < 0) {
		conn_drop(conn);
		return r;
	}
	conn_give(conn);
	r = codec_decode_control_reply(msg.body, msg.head.body_bytes, &reply);
	return r < 0 ? r : reply.result;
}

static int memory(size_t bytes, unsigned int seals)
{
	int fd = memfd_create("odd", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return -1;
	return fd;
}

/* Another connection, which must be served whatever the first one did. */
static void expect_served(const char *what)
{
	char *json = NULL;
	int r = bpfgate_control(BPFGATE_STATUS, NULL, &json);

	expect(what, r == 0 && json, r);
	free(json);
}

static int present_all(void)
{
	const unsigned int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
	int good = memory(4096, all), unsealed = memory(4096, 0), growing = memory(4096, F_SEAL_WRITE);
	int empty = memory(0, all), huge = memory(17 * MEGABYTE, all), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pipes[2] = { -1, -1 }, r;

	r = pipe2(pipes, O_CLOEXEC);
	expect("a pipe for the test", r == 0, r);
	expect_errno("a sealed one is read, and is unsigned", present(&good, 1), -ENOKEY);
	expect_errno("no descriptor", present(NULL, 0), -EBADMSG);
	expect_errno("three descriptors", present((int[]){ good, good, good }, 3), -EBADMSG);
	expect_errno("an unsealed one", present(&unsealed, 1), -EBADMSG);
	expect_errno("one that may grow", present(&growing, 1), -EBADMSG);
	expect_errno("an empty one", present(&empty, 1), -EBADMSG);
	expect_errno("a device", present(&null, 1), -EBADMSG);
	expect_errno("a pipe", present(&pipes[0], 1), -EBADMSG);
	expect_errno("one of 17 megabytes", present(&huge, 1), -EFBIG);
	expect_errno("a signature that is none", present((int[]){ good, good }, 2), -EBADMSG);
	expect_errno("an unsealed signature", present((int[]){ good, unsealed }, 2), -EBADMSG);
	expect_errno("a huge signature", present((int[]){ good, huge }, 2), -EFBIG);
	expect_errno("a sealed one, still", present(&good, 1), -ENOKEY);
	expect_served("and others are served");
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}

/* Goes away with a presentation in hand; the test looks at what the daemon still holds then. */
static int leave(void)
{
	struct control control = { .verb = WIRE_VERB_OBJECT, .arg = "odd", .arg_bytes = 3 };
	const unsigned int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
	const int fds[] = { memory(4096, all), memory(4096, all) };
	struct wire_head head = { .type = WIRE_CONTROL, .id = 1, .version = WIRE_VERSION_MAX };
	OWN_MEM uint8_t *body = NULL;
	struct wire_welcome welcome;
	size_t body_bytes;
	int i, sock, r;

	r = codec_encode_control(&control, &body, &body_bytes);
	for (i = 0; r == 0 && i < 50; i++) {
		r = channel_connect(conn_path(), 10000, &sock, &welcome);
		if (r < 0)
			return 1;
		head.version = welcome.version;
		r = channel_send(sock, &head, body, body_bytes, fds, 2, 0);
		(void)close(sock);
	}
	return r < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "insns") == 0)
		return write_insns(argv[2]);
	if (argc >= 2 && strcmp(argv[1], "load") == 0)
		return load(argc > 2 ? argv[2] : NULL);
	if (argc == 2 && strcmp(argv[1], "present") == 0)
		return present_all();
	if (argc == 2 && strcmp(argv[1], "leave") == 0)
		return leave();
	return 2;
}
