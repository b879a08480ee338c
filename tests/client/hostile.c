/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that bpfgated should never have to meet, one behaviour for each name on the command line. Exits 0 if the
 * daemon did what it should: hang up, or answer with an errno. Run by test-hostile, as an unprivileged user, against
 * the real daemon; whether that is then still whole, test-hostile looks at.
 */
#include "client/bpfgate.h"
#include "client/library/perf.h"
#include "client/library/self.h"
#include "proto/channel.h"
#include "proto/codec.h"
#include "proto/perf.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { PATIENCE_MS = 20 * 1000, HUNG_UP = 100 };

static const char *sock_path;
static struct channel_scratch scratch;

#define EXPECT(cond)                                                                  \
	do {                                                                          \
		if (!(cond)) {                                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);    \
			exit(1);                                                      \
		}                                                                     \
	} while (0)

/* ---- a client that does as it is told ---- */

static int connect_raw(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", sock_path);
	EXPECT(connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	return sock;
}

static int connect_well(void)
{
	struct wire_welcome welcome;
	int sock;

	EXPECT(channel_connect(sock_path, PATIENCE_MS, &sock, &welcome) == 0);
	return sock;
}

/* What comes next: the reply's result, or HUNG_UP. Anything else is a failure. */
static int next_answer(int sock)
{
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	struct wire_reply reply;
	int r;

	EXPECT(poll(&pfd, 1, PATIENCE_MS) == 1);
	r = channel_recv(sock, &scratch, 0, &msg);
	if (r == 0 || r == -ECONNRESET)
		return HUNG_UP;
	EXPECT(r == 1 && channel_load_body(&msg) == 0);
	EXPECT(msg.head.body_bytes >= sizeof(reply));
	memcpy(&reply, msg.body, sizeof(reply));
	return (int)le32toh((uint32_t)reply.result);
}

/* A call encoded as the library would. The source is this process. */
static void encode(uint32_t cmd, const uint8_t *attr, uint32_t bytes, struct codec_source *source,
		   struct codec_call *call)
{
	self_init_source(source);
	EXPECT(codec_encode_request(source, cmd, (uintptr_t)attr, bytes, call) == 0);
}

static const struct bpf_insn ret0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void load_attr(uint8_t *attr, const struct bpf_insn *insns, uint32_t insn_cnt)
{
	memset(attr, 0, ATTR_BYTES);
	attr_put_u32(attr, ATTR_PROG_LOAD_TYPE, BPF_PROG_TYPE_SOCKET_FILTER);
	attr_put_u32(attr, ATTR_PROG_LOAD_INSN_CNT, insn_cnt);
	attr_put_u64(attr, ATTR_PROG_LOAD_INSNS, (uintptr_t)insns);
	attr_put_u64(attr, ATTR_PROG_LOAD_LICENSE, (uintptr_t) "GPL");
}

static void map_attr(uint8_t *attr)
{
	memset(attr, 0, ATTR_BYTES);
	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_ARRAY);
	attr_put_u32(attr, ATTR_MAP_CREATE_KEY_SIZE, 4);
	attr_put_u32(attr, ATTR_MAP_CREATE_VALUE_SIZE, 8);
	attr_put_u32(attr, ATTR_MAP_CREATE_MAX_ENTRIES, 1);
}

static const struct wire_head request = { .version = WIRE_VERSION_MAX, .type = WIRE_REQUEST, .id = 1 };

static int send_body(int sock, const void *body, size_t bytes)
{
	return channel_send(sock, &request, body, bytes, NULL, 0, 0);
}

/* ---- frames that are none ---- */

/* The control of every other case: this request, whole, is answered. */
static void good(void)
{
	OWN_FD int sock = connect_well();
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];

	load_attr(attr, ret0, 2);
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	EXPECT(send_body(sock, call.body, call.body_bytes) == 0);
	EXPECT(next_answer(sock) == 0);
}

static void truncated_heads(void)
{
	struct wire_head head = { htole32(WIRE_MAGIC), htole16(1), htole16(WIRE_HELLO) };

	for (size_t n = 1; n < sizeof(head); n++) {
		OWN_FD int sock = connect_raw();

		EXPECT(send(sock, &head, n, MSG_NOSIGNAL) == (ssize_t)n);
		EXPECT(next_answer(sock) == HUNG_UP);
	}
}

static void truncated_bodies(void)
{
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];

	load_attr(attr, ret0, 2);
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	for (size_t n = 0; n < call.body_bytes; n++) {
		OWN_FD int sock = connect_well();

		EXPECT(send_body(sock, call.body, n) == 0);
		EXPECT(next_answer(sock) == HUNG_UP);
	}
}

static void trailing_bytes(void)
{
	OWN_FD int sock = connect_well();
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES], longer[4096] = { 0 };

	load_attr(attr, ret0, 2);
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	memcpy(longer, call.body, call.body_bytes);
	EXPECT(send_body(sock, longer, call.body_bytes + 8) == 0);
	EXPECT(next_answer(sock) == HUNG_UP);
}

static void oversized(void)
{
	static uint8_t bytes[sizeof(struct channel_scratch) + 4096];
	struct wire_head head = { htole32(WIRE_MAGIC), htole16(WIRE_VERSION_MAX), htole16(WIRE_REQUEST), 0,
				  htole32(WIRE_INLINE_MAX + 4096), 0, 0 };
	OWN_FD int sock = connect_well();

	memcpy(bytes, &head, sizeof(head));
	EXPECT(send(sock, bytes, sizeof(head) + WIRE_INLINE_MAX + 4096, MSG_NOSIGNAL) > 0);
	EXPECT(next_answer(sock) == HUNG_UP);
}

static void unknown_versions(void)
{
	struct wire_hello hello = { htole16(WIRE_VERSION_MAX + 1), htole16(WIRE_VERSION_MAX + 9), 0 };
	struct wire_head head = { .version = WIRE_VERSION_MAX + 1, .type = WIRE_HELLO };
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct wire_welcome welcome;
	OWN_FD int sock = connect_raw();
	OWN_FD int other = connect_well();

	EXPECT(channel_send(sock, &head, &hello, sizeof(hello), NULL, 0, 0) == 0);
	EXPECT(channel_recv(sock, &scratch, 0, &msg) == 1);
	EXPECT(msg.head.type == WIRE_WELCOME && msg.head.body_bytes == sizeof(welcome));
	memcpy(&welcome, msg.body, sizeof(welcome));
	EXPECT(welcome.version == 0 && le16toh(welcome.version_max) == WIRE_VERSION_MAX);
	EXPECT(next_answer(sock) == HUNG_UP);

	head = request;
	head.version = WIRE_VERSION_MAX + 1;
	EXPECT(channel_send(other, &head, "", 0, NULL, 0, 0) == 0);
	EXPECT(next_answer(other) == HUNG_UP);
}

static void no_hello(void)
{
	OWN_FD int sock = connect_raw();

	EXPECT(send_body(sock, "x", 1) == 0);
	EXPECT(next_answer(sock) == HUNG_UP);
}

static void frames_of_the_daemon(void)
{
	static const uint16_t types[] = { WIRE_WELCOME, WIRE_REPLY, WIRE_CONTROL_REPLY, WIRE_HELLO };

	for (size_t i = 0; i < ARRAY_CNT(types); i++) {
		OWN_FD int sock = connect_well();
		struct wire_head head = request;

		head.type = types[i];
		EXPECT(channel_send(sock, &head, "12345678", 8, NULL, 0, 0) == 0);
		EXPECT(next_answer(sock) == HUNG_UP);
	}
}

/* A count in the attr that 32 bits cannot multiply, with an entry of what is left of it. */
static void overflowing_counts(void)
{
	OWN_FD int sock = connect_well();
	struct {
		struct wire_request head;
		uint8_t attr[96];
		struct wire_ptr ptr;
	} body = { { CMD_PROG_LOAD, ATTR_BYTES, 92, 1 }, { 0 }, { 3, WIRE_PTR_PRESENT, 0, 0, 0 } };

	attr_put_u32(body.attr, ATTR_PROG_LOAD_FUNC_INFO_CNT, 1u << 31);
	attr_put_u32(body.attr, ATTR_PROG_LOAD_FUNC_INFO_REC_SIZE, 2);
	EXPECT(send_body(sock, &body, sizeof(body)) == 0);
	EXPECT(next_answer(sock) == HUNG_UP);
}

/* Bytes after what this daemon knows, as a newer library would send them: no reason to hang up. */
static void attr_tails(void)
{
	OWN_FD int sock = connect_well();
	struct {
		struct wire_request head;
		uint8_t attr[ATTR_BYTES + 8];
	} body = { { CMD_MAP_CREATE, ATTR_BYTES + 8, ATTR_BYTES + 8, 0 }, { 0 } };

	body.attr[ATTR_BYTES + 7] = 1;
	EXPECT(send_body(sock, &body, sizeof(body)) == 0);
	EXPECT(next_answer(sock) == -E2BIG);
	body.head.cmd = CMD_CNT;
	body.head.attr_stored = 0;
	EXPECT(send_body(sock, &body, sizeof(body.head)) == 0);
	EXPECT(next_answer(sock) == -EINVAL);
}

/* ---- memfds and fds ---- */

static void send_memfd(int sock, int fd, uint32_t body_bytes)
{
	struct wire_head head = { htole32(WIRE_MAGIC), htole16(WIRE_VERSION_MAX), htole16(WIRE_REQUEST), 0,
				  htole32(body_bytes), 0, htole16(WIRE_BODY_MEMFD) };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &head, sizeof(head) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			     .msg_controllen = sizeof(control) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	EXPECT(sendmsg(sock, &mh, MSG_NOSIGNAL) > 0);
}

static int make_memfd(const void *data, size_t bytes, int seals)
{
	int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	EXPECT(write(fd, data, bytes) == (ssize_t)bytes);
	EXPECT(fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

static void unsealed_memfds(void)
{
	static const int seals[] = { 0, F_SEAL_GROW | F_SEAL_SHRINK, F_SEAL_WRITE | F_SEAL_GROW,
				     F_SEAL_WRITE | F_SEAL_SHRINK };
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];

	load_attr(attr, ret0, 2);
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	for (size_t i = 0; i < ARRAY_CNT(seals); i++) {
		OWN_FD int sock = connect_well();
		OWN_FD int fd = make_memfd(call.body, call.body_bytes, seals[i]);

		send_memfd(sock, fd, (uint32_t)call.body_bytes);
		/* Cut while it is read, as far as the missing seal allows. */
		(void)!ftruncate(fd, 0);
		EXPECT(next_answer(sock) == HUNG_UP);
	}
	OWN_FD int sock = connect_well();
	OWN_FD int fd = make_memfd(call.body, call.body_bytes,
				   F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK);

	send_memfd(sock, fd, (uint32_t)call.body_bytes);
	EXPECT(next_answer(sock) == 0);
}

static void memfds_that_lie(void)
{
	const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

	for (int delta = -1; delta <= 1; delta += 2) {
		OWN_FD int sock = connect_well();
		OWN_FD int fd = make_memfd("0123456789", 10, all);

		send_memfd(sock, fd, (uint32_t)(10 + delta));
		EXPECT(next_answer(sock) == HUNG_UP);
	}
	OWN_FD int sock = connect_well();
	OWN_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	send_memfd(sock, zero, 4096);
	EXPECT(next_answer(sock) == HUNG_UP);
}

static int load_with_map(int number, int with_fd)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = number },
		{ 0 },
		ret0[0],
		ret0[1],
	};
	OWN_FD int sock = connect_well();
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];

	load_attr(attr, insns, ARRAY_CNT(insns));
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	EXPECT((int)call.fd_cnt == with_fd);
	EXPECT(channel_send(sock, &request, call.body, call.body_bytes, call.fds, call.fd_cnt, 0) == 0);
	return next_answer(sock);
}

static void fds_that_are_no_maps(void)
{
	OWN_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	EXPECT(load_with_map(900, 0) == -EBADF);
	EXPECT(load_with_map(null, 1) == -EINVAL);
}

static void fds_beyond_the_array(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1, .src_reg = 5, .imm = 7 },
		{ 0 },
		ret0[0],
		ret0[1],
	};
	OWN_FD int sock = connect_well();
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];
	int r;

	load_attr(attr, insns, ARRAY_CNT(insns));
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	EXPECT(send_body(sock, call.body, call.body_bytes) == 0);
	r = next_answer(sock);
	/* The kernel: EPROTO without an fd_array. */
	EXPECT(r == -EPROTO || r == -EINVAL || r == -EFAULT || r == -EBADF);
}

/* ---- behaviour ---- */

static void dying_at_every_stage(void)
{
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];

	load_attr(attr, ret0, 2);
	encode(CMD_PROG_LOAD, attr, ATTR_BYTES, &source, &call);
	for (int i = 0; i < 50; i++) {
		OWN_FD int silent = connect_raw();
		OWN_FD int greeted = connect_well();
		OWN_FD int asked = connect_well();
		OWN_FD int half = connect_well();

		EXPECT(silent >= 0 && greeted >= 0);
		EXPECT(send_body(asked, call.body, call.body_bytes) == 0);
		EXPECT(send_body(half, call.body, call.body_bytes) == 0);
		shutdown(half, SHUT_RD);
	}
}

/* Makes maps and reads no reply: the daemon may not hold more than a few for us. */
static void never_reading(void)
{
	OWN_FD int sock = connect_well();
	OWN_CALL struct codec_call call;
	struct codec_source source;
	uint8_t attr[ATTR_BYTES];
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	int sent = 0;

	map_attr(attr);
	encode(CMD_MAP_CREATE, attr, ATTR_BYTES, &source, &call);
	while (sent < 5000 && channel_send(sock, &request, call.body, call.body_bytes, NULL, 0,
					   MSG_DONTWAIT) == 0)
		sent++;
	EXPECT(sent > 0);
	EXPECT(poll(&pfd, 1, PATIENCE_MS) == 1);
}

/* A pin is everybody's who may open it: one who dies over it takes it from nobody. */
static void dying_over_a_pin(void)
{
	static const char path[] = "/sys/fs/bpf/bpfgate-hostile";
	uint8_t attr[ATTR_BYTES], get[ATTR_BYTES] = { 0 };
	OWN_CALL struct codec_call call;
	struct codec_source source;
	OWN_FD int map = -1;
	OWN_FD int found = -1;

	map_attr(attr);
	map = bpfgate_bpf(CMD_MAP_CREATE, attr, ATTR_BYTES);
	EXPECT(map >= 0);
	attr_put_u64(get, ATTR_OBJ_PATHNAME, (uintptr_t)path);
	encode(CMD_OBJ_GET, get, ATTR_END_OBJ_PATH_FD, &source, &call);
	attr_put_u32(get, ATTR_OBJ_BPF_FD, (uint32_t)map);
	EXPECT(bpfgate_bpf(CMD_OBJ_PIN, get, ATTR_END_OBJ_PATH_FD) == 0);
	for (int i = 0; i < 30; i++) {
		OWN_FD int sock = connect_well();

		EXPECT(channel_send(sock, &request, call.body, call.body_bytes, call.fds, call.fd_cnt, 0) == 0);
	}
	attr_put_u32(get, ATTR_OBJ_BPF_FD, 0);
	found = bpfgate_bpf(CMD_OBJ_GET, get, ATTR_END_OBJ_PATH_FD);
	EXPECT(found >= 0);
	EXPECT(bpfgate_unpin(path) == 0);
}

/* Perf events are for who may feed them, and only of the one kind. */
static void perf_events(void)
{
	struct perf_output output = { .sample_type = UINT64_MAX, .sample_period = 1 };
	struct perf_event_attr cycles = { .type = PERF_TYPE_HARDWARE, .size = sizeof(cycles) };
	struct codec_source source;
	const struct perf_caller caller = { &source, 0 };
	const struct perf_args args = { (uintptr_t)&cycles, -1, 0, -1, 0 };
	OWN_PERF_REQUEST struct perf_request event_request = PERF_REQUEST_INIT;
	uint8_t attr[ATTR_BYTES];
	const char *why;
	OWN_FD int map = -1;
	OWN_FD int event = -1;

	EXPECT(bpfgate_bpf(CMD_PERF_OUTPUT_OPEN, &output, sizeof(output)) < 0 && errno == EACCES);
	map_attr(attr);
	attr_put_u32(attr, ATTR_MAP_CREATE_TYPE, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	attr_put_u32(attr, ATTR_MAP_CREATE_VALUE_SIZE, 4);
	map = bpfgate_bpf(CMD_MAP_CREATE, attr, ATTR_BYTES);
	EXPECT(map >= 0);
	event = bpfgate_bpf(CMD_PERF_OUTPUT_OPEN, &output, sizeof(output));
	EXPECT(event >= 0);
	output.cpu = 100000;
	EXPECT(bpfgate_bpf(CMD_PERF_OUTPUT_OPEN, &output, sizeof(output)) < 0);
	self_init_source(&source);
	EXPECT(perf_describe(&caller, &args, &event_request, &why) == -EOPNOTSUPP);
}

/* As many connections as we get. They are refused at some number, or all taken: but the daemon lives. */
static void many_connections(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct rlimit limit;
	int taken = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", sock_path);
	for (int i = 0; i < 10000; i++) {
		int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (sock < 0 || connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
			break;
		taken++;
	}
	EXPECT(taken > 50);
}

static const struct {
	const char *name;
	void (*run)(void);
} behaviours[] = {
	{ "good", good },
	{ "truncated-heads", truncated_heads },
	{ "truncated-bodies", truncated_bodies },
	{ "trailing-bytes", trailing_bytes },
	{ "oversized", oversized },
	{ "unknown-versions", unknown_versions },
	{ "no-hello", no_hello },
	{ "frames-of-the-daemon", frames_of_the_daemon },
	{ "overflowing-counts", overflowing_counts },
	{ "attr-tails", attr_tails },
	{ "unsealed-memfds", unsealed_memfds },
	{ "memfds-that-lie", memfds_that_lie },
	{ "fds-that-are-no-maps", fds_that_are_no_maps },
	{ "fds-beyond-the-array", fds_beyond_the_array },
	{ "dying-at-every-stage", dying_at_every_stage },
	{ "dying-over-a-pin", dying_over_a_pin },
	{ "perf-events", perf_events },
	{ "never-reading", never_reading },
	{ "many-connections", many_connections },
};

int main(int argc, char **argv)
{
	sock_path = getenv("BPFGATE_SOCKET");
	EXPECT(sock_path);
	for (size_t i = 0; argc < 2 && i < ARRAY_CNT(behaviours); i++)
		puts(behaviours[i].name);
	for (size_t i = 0; argc == 2 && i < ARRAY_CNT(behaviours); i++) {
		if (strcmp(argv[1], behaviours[i].name))
			continue;
		behaviours[i].run();
		return 0;
	}
	return argc < 2 ? 0 : 2;
}
