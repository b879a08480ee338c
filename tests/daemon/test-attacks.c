/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways around the rules that were found by trying, each closed and tried again here on a running daemon. Every
 * refusal stands beside a control that differs only in what is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "client/library/self.h"
#include "object/digest.h"
#include "proto/channel.h"
#include "proto/codec.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/daemon/live.h"
#include "tests/lib/holds.h"
#include "verifier/bpfgate-verifier.h"

#define LIVE_CAROL 65533

/* Where cgroup2 is mounted: alone, or beside version 1. */

static const char attacks_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"any_except\": [\"lsm\"]}, \"helpers\": {\"any_except\": []},\n"
	"  \"max_insns\": 1000000, \"perfmon\": \"grant\", \"test_run\": true,\n"
	"  \"attach\": {\"xdp\": [\"lo\"], \"map\": [\"devmap\"],\n"
	"             \"cgroup\": [\"" LIVE_CGROUP_ALONE "/bpfgate-attacks\", \"" LIVE_CGROUP_HYBRID "/bpfgate-attacks\"]}},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\",\n"
	"  \"pin_under\": [\"/sys/fs/bpf/alice\"], \"share_with\": [\"user:65532:rw\", \"user:65533\"]},\n"
	" \"quota\": {\"verify_seconds\": 1, \"programs\": 8, \"maps\": 3, \"links\": 2, \"map_bytes\": \"4M\",\n"
	"  \"loads_per_minute\": 100000}},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"xdp\", \"cgroup_skb\"]},\n"
	"  \"perfmon\": \"judged\", \"attach\": {\"xdp\": [\"lo\"],\n"
	"             \"cgroup\": [\"" LIVE_CGROUP_ALONE "/bpfgate-attacks\", \"" LIVE_CGROUP_HYBRID "/bpfgate-attacks\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\",\n"
	"  \"pin_under\": [\"/sys/fs/bpf/alice\"]}},\n"
	"{\"id\": \"carol\", \"effect\": \"allow\", \"who\": {\"users\": [\"65533\"]},\n"
	" \"digests\": [\"sha256:%s\"],\n"
	" \"programs\": {\"types\": {\"only\": [\"socket_filter\"]},\n"
	"  \"perfmon\": \"judged\", \"test_run\": true}}\n"
	"]}\n";

static struct live live;

static int fd_of(int cmd, uint32_t id, uint32_t open_flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	attr.open_flags = open_flags;
	return live_call(cmd, &attr, sizeof(attr));
}

/* Two users of one test, who take turns. */
struct turns {
	int sock[2];
	uint32_t ids[3];
};

static bool turns_begin(struct turns *turns)
{
	return HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, turns->sock) == 0);
}

/* Runs `first` as Alice; when she has said her ids, `second` as another; then lets her go on. */
static bool turns_take(struct turns *turns, live_part first, uid_t other, live_part second)
{
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(!turns_begin(turns)))
		return false;
	pid = fork();
	if (pid == 0) {
		close(turns->sock[0]);
		_exit(live_as(LIVE_ALICE, first, turns) ? 0 : 1);
	}
	close(turns->sock[1]);
	ok = HOLDS(read(turns->sock[0], turns->ids, sizeof(turns->ids)) == sizeof(turns->ids)) &&
	     HOLDS(live_as(other, second, turns)) && HOLDS(write(turns->sock[0], "x", 1) == 1);
	close(turns->sock[0]);
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) &&
	       HOLDS(ok);
}

static bool turns_say(struct turns *turns)
{
	char done;

	return HOLDS(write(turns->sock[1], turns->ids, sizeof(turns->ids)) == sizeof(turns->ids)) &&
	       HOLDS(read(turns->sock[1], &done, 1) == 1);
}

/* ---- what a digest is of ---- */

/* Returns 7; one instruction more than any probe. */
static const struct bpf_insn listed_insns[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 77 },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 7 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static bool listed_digest(char hex[DIGEST_HEX_BYTES])
{
	struct bgv_program prog = { .insns = listed_insns, .insn_cnt = ARRAY_CNT(listed_insns),
				    .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .license = "GPL" };
	struct digest_options options = { 0 };
	uint8_t digest[DIGEST_BYTES];

	if (FAILS(digest_program(&prog, &options, digest) < 0))
		return false;
	digest_to_hex(digest, hex);
	return true;
}

/* An int, and a function without arguments that returns one. */
static int listed_btf(void)
{
	static const struct {
		struct btf_header header;
		uint32_t types[4 + 3 + 3];
		char texts[12];
	} btf = {
		{ .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		  .type_len = 40, .str_off = 40, .str_len = sizeof(btf.texts) },
		{ 1, BTF_KIND_INT << 24, 4, BTF_INT_SIGNED << 24 | 32, 0, BTF_KIND_FUNC_PROTO << 24, 1,
		  5, BTF_KIND_FUNC << 24, 2 },
		"\0int\0f\0000\0",
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = sizeof(btf);
	return live_call(BPF_BTF_LOAD, &attr, sizeof(attr));
}

/* With a relocation the kernel writes 1, the int's id, where the 7 stands. */
static int listed_load(int btf, bool relocated)
{
	static const struct {
		uint32_t insn_off, type_id;
	} func = { 0, 3 };
	static const struct {
		uint32_t insn_off, type_id, access_str_off, kind;
	} relo = { 8, 1, 7, 6 /* BPF_CORE_TYPE_ID_LOCAL */ };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)listed_insns;
	attr.insn_cnt = ARRAY_CNT(listed_insns);
	attr.license = (uintptr_t) "GPL";
	attr.prog_btf_fd = (uint32_t)btf;
	attr.func_info = (uintptr_t)&func;
	attr.func_info_cnt = 1;
	attr.func_info_rec_size = sizeof(func);
	if (relocated) {
		attr.core_relos = (uintptr_t)&relo;
		attr.core_relo_cnt = 1;
		attr.core_relo_rec_size = sizeof(relo);
	}
	return live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int run_of(int prog)
{
	uint8_t data[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = sizeof(data);
	return live_call(BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0 ? -1 : (int)attr.test.retval;
}

static bool part_relocated(void *arg)
{
	int btf = listed_btf(), prog = listed_load(btf, false), other;

	if (FAILS(btf < 0 || prog < 0 || run_of(prog) != 7))
		return false;
	other = listed_load(btf, true);
	if (other >= 0)
		printf("loaded as the listed program, it returns %d\n", run_of(other));
	return HOLDS(other == -EPERM) && HOLDS(live_reason_has("digest"));
}

static bool a_digest_is_not_of_instructions_that_the_kernel_relocates(void)
{
	return HOLDS(live_as(LIVE_CAROL, part_relocated, NULL));
}

/* ---- what is shared ---- */

static bool part_share(void *arg)
{
	struct turns *turns = arg;
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	int link = live_link(prog, BPF_XDP, if_nametoindex("lo"));

	turns->ids[0] = live_id_of(map);
	turns->ids[1] = live_id_of(prog);
	turns->ids[2] = live_id_of(link);
	return HOLDS(map >= 0) && HOLDS(prog >= 0) && HOLDS(link >= 0) && HOLDS(turns_say(turns));
}

static bool part_take_shared(void *arg)
{
	const struct turns *turns = arg;

	return HOLDS(fd_of(BPF_MAP_GET_FD_BY_ID, turns->ids[0], 0) >= 0) &&
	       HOLDS(fd_of(BPF_PROG_GET_FD_BY_ID, turns->ids[1], 0) == -ENOENT) &&
	       HOLDS(fd_of(BPF_LINK_GET_FD_BY_ID, turns->ids[2], 0) == -ENOENT);
}

static bool who_shares_maps_shares_neither_programs_nor_links(void)
{
	struct turns turns;

	return HOLDS(turns_take(&turns, part_share, LIVE_BOB, part_take_shared));
}

static int put(int map)
{
	const uint32_t key = 0;
	const uint64_t value = 1;

	return live_update(map, &key, &value);
}

/* An attr that ends before the flags: to the kernel they are zero. */
static bool part_read_shared(void *arg)
{
	const struct turns *turns = arg;
	union bpf_attr attr;
	int whole = fd_of(BPF_MAP_GET_FD_BY_ID, turns->ids[0], 0), brief;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = turns->ids[0];
	brief = live_call(BPF_MAP_GET_FD_BY_ID, &attr, 4);
	return HOLDS(whole >= 0) && HOLDS(put(whole) == -EPERM) && HOLDS(brief >= 0) &&
	       HOLDS(put(brief) == -EPERM);
}

static bool part_both_shared(void *arg)
{
	const struct turns *turns = arg;
	int map = fd_of(BPF_MAP_GET_FD_BY_ID, turns->ids[0], 0);

	return HOLDS(map >= 0) && HOLDS(put(map) == 0);
}

static bool what_is_shared_for_reading_is_not_written(void)
{
	struct turns turns;

	/* The control: Bob, with whom it is shared for writing too. */
	return HOLDS(turns_take(&turns, part_share, LIVE_CAROL, part_read_shared)) &&
	       HOLDS(turns_take(&turns, part_share, LIVE_BOB, part_both_shared));
}

static int pin(int cmd, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	return live_call(cmd, &attr, sizeof(attr));
}

static bool part_share_pins(void *arg)
{
	struct turns *turns = arg;
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	bool ok = HOLDS(pin(BPF_OBJ_PIN, "/sys/fs/bpf/alice/map", map) == 0) &&
		  HOLDS(pin(BPF_OBJ_PIN, "/sys/fs/bpf/alice/prog", prog) == 0) &&
		  HOLDS(turns_say(turns));

	return HOLDS(bpfgate_unpin("/sys/fs/bpf/alice/map") == 0) &&
	       HOLDS(bpfgate_unpin("/sys/fs/bpf/alice/prog") == 0) && HOLDS(ok);
}

static bool part_take_pins(void *arg)
{
	return HOLDS(pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/map", 0) >= 0) &&
	       HOLDS(pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/prog", 0) == -ENOENT);
}

static bool a_shared_pin_is_a_maps(void)
{
	struct turns turns;

	return HOLDS(turns_take(&turns, part_share_pins, LIVE_BOB, part_take_pins));
}

/* ---- what an id forgets ---- */

static bool part_bad_flags(void *arg)
{
	uint32_t id = 0;

	for (int i = 0; i < 3; i++) {
		id = live_id_of(live_map(BPF_MAP_TYPE_ARRAY, 0));
		if (FAILS(!id ||
			  fd_of(BPF_MAP_GET_FD_BY_ID, id, BPF_F_RDONLY | BPF_F_WRONLY) != -EINVAL))
			return false;
	}
	/* The control: with flags that the kernel takes. */
	return HOLDS(live_mine("maps") == 3) && HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) == -EPERM) &&
	       HOLDS(fd_of(BPF_MAP_GET_FD_BY_ID, id, BPF_F_RDONLY) >= 0);
}

static bool a_failed_look_at_an_id_gives_no_quota_back(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_bad_flags, NULL));
}

/* ---- whose network namespace ---- */

enum { HOST_IFINDEX = 7001, GUEST_IFINDEX = 7002 };

static bool in_guest(live_part part)
{
	int status = 1;
	pid_t pid;

	if (FAILS(system("ip netns del bgguest 2>/dev/null; ip netns add bgguest && "
			 "ip link add bghost index 7001 type veth peer name bgguest index 7002 netns bgguest") !=
		  0))
		return false;
	pid = fork();
	if (pid == 0) {
		int ns = open("/run/netns/bgguest", O_RDONLY | O_CLOEXEC);

		_exit(setns(ns, CLONE_NEWNET) == 0 && live_as(LIVE_ALICE, part, NULL) ? 0 : 1);
	}
	/* An idle loader keeps the namespace for a while, and with it the pair. */
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) &&
	       HOLDS(system("ip link del bghost; ip netns del bgguest") == 0) && HOLDS(status == 0);
}

static int devmap_put(int map, int prog, uint32_t ifindex)
{
	struct {
		uint32_t ifindex, prog;
	} value = { ifindex, (uint32_t)prog };
	uint32_t key = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return live_call(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static int devmap_prog(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.expected_attach_type = BPF_XDP_DEVMAP;
	attr.insns = (uintptr_t)listed_insns;
	attr.insn_cnt = ARRAY_CNT(listed_insns);
	attr.license = (uintptr_t) "GPL";
	return live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static bool part_devmap(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_DEVMAP, 0), prog = devmap_prog();

	return HOLDS(map >= 0) && HOLDS(prog >= 0) &&
	       HOLDS(devmap_put(map, prog, HOST_IFINDEX) == -EINVAL) &&
	       HOLDS(devmap_put(map, prog, GUEST_IFINDEX) == 0);
}

static bool an_interface_in_a_device_map_is_one_of_the_clients_namespace(void)
{
	return HOLDS(in_guest(part_devmap));
}

static int run_on(int prog, uint32_t ifindex)
{
	struct __sk_buff ctx = { .ifindex = ifindex };
	uint8_t data[64] = { 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = sizeof(data);
	attr.test.ctx_in = (uintptr_t)&ctx;
	attr.test.ctx_size_in = sizeof(ctx);
	return live_call(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
}

static bool part_test_run(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_SCHED_CLS, "cls", 0);

	return HOLDS(prog >= 0) && HOLDS(run_on(prog, HOST_IFINDEX) == -ENODEV) &&
	       HOLDS(run_on(prog, GUEST_IFINDEX) == 0);
}

static bool a_test_run_stands_in_the_clients_namespace(void)
{
	return HOLDS(in_guest(part_test_run));
}

/* Calls the helper where it never gets to: kernels that are locked down take no other. */
static int run_calling(int32_t helper)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 0, .off = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog = live_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "write", insns, ARRAY_CNT(insns));
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	return prog < 0 ? -EBADF : live_call(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
}

static bool part_write_user(void *arg)
{
	return HOLDS(run_calling(BPF_FUNC_probe_write_user) == -EPERM) &&
	       HOLDS(live_reason_has("write_user")) &&
	       HOLDS(run_calling(BPF_FUNC_ktime_get_ns) == 0);
}

static bool a_program_that_writes_to_its_runner_is_not_run(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_write_user, NULL));
}

/* ---- who stands at a cgroup ---- */

static const char *cgroup_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/bpfgate-attacks", live_cgroup_root());
	return path;
}

static bool part_stand(void *arg)
{
	struct turns *turns = arg;
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "first", 1);
	int other = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "second", 1);
	bool ok = HOLDS(prog >= 0) && HOLDS(other >= 0) &&
		  HOLDS(live_egress(BPF_PROG_ATTACH, cgroup_path(), prog, 0) == 0) && HOLDS(turns_say(turns));

	/* The controls: to its owner the kernel does what it always does. */
	return HOLDS(live_egress(BPF_PROG_ATTACH, cgroup_path(), other, 0) == 0) &&
	       HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), prog, 0) == -ENOENT) &&
	       HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), other, 0) == 0) && HOLDS(ok);
}

static bool part_stand_there_too(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "bob", 1);

	return HOLDS(prog >= 0) && HOLDS(live_egress(BPF_PROG_DETACH, cgroup_path(), prog, 0) == -ENOENT) &&
	       HOLDS(live_egress(BPF_PROG_ATTACH, cgroup_path(), prog, 0) == -EPERM) &&
	       HOLDS(live_reason_has("only one"));
}

static bool a_program_at_a_cgroup_is_taken_away_by_its_user_only(void)
{
	struct turns turns;
	bool ok;

	if (FAILS(mkdir(cgroup_path(), 0755) < 0 && errno != EEXIST))
		return false;
	ok = HOLDS(turns_take(&turns, part_stand, LIVE_BOB, part_stand_there_too));
	return HOLDS(rmdir(cgroup_path()) == 0) && HOLDS(ok);
}

/* ---- what a single user may make the daemon hold and do ---- */

/* A connection of the test's own, with one request on it and nobody who reads its answer. */
static int ask_apart(uint32_t cmd, const void *attr, uint32_t attr_bytes)
{
	struct wire_head head = { .version = WIRE_VERSION_MAX, .type = WIRE_REQUEST, .id = 1 };
	OWN_CALL struct codec_call request = CODEC_CALL_INIT;
	struct wire_welcome welcome;
	struct codec_source source;
	int sock;

	self_init_source(&source);
	if (codec_encode_request(&source, cmd, (uintptr_t)attr, attr_bytes, &request) < 0 ||
	    channel_connect(getenv("BPFGATE_SOCKET"), 10000, &sock, &welcome) < 0)
		return -1;
	return channel_send(sock, &head, request.body, request.body_bytes, request.fds,
			    request.fd_cnt, 0) < 0 ? -1 : sock;
}

/* The answer may bring 16 MiB. */
static int ask_for_room(int prog)
{
	enum { STREAM_READ = 37, ROOM = 16 << 20 };
	static uint8_t room[ROOM];
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u64(attr, ATTR_STREAM_BUF, (uintptr_t)room);
	attr_put_u32(attr, ATTR_STREAM_BUF_LEN, ROOM);
	attr_put_u32(attr, ATTR_STREAM_ID, 1);
	attr_put_u32(attr, ATTR_STREAM_PROG_FD, (uint32_t)prog);
	return ask_apart(STREAM_READ, attr, ATTR_END_STREAM_PROG_FD);
}

/* What was answered; 1 when nothing was within the time. */
static int answer_on(int sock, int timeout_ms)
{
	OWN_MEM struct channel_scratch *scratch = malloc(sizeof(*scratch));
	OWN_MESSAGE struct message msg = MESSAGE_INIT;
	struct pollfd ready = { .fd = sock, .events = POLLIN };
	struct wire_reply reply;

	if (!scratch || poll(&ready, 1, timeout_ms) != 1 ||
	    channel_recv(sock, scratch, 0, &msg) != 1 || msg.head.body_bytes < sizeof(reply))
		return 1;
	memcpy(&reply, msg.body, sizeof(reply));
	return reply.result;
}

/* The loader sleeps: whatever is let through waits, and costs nobody anything. */
static bool part_rooms(void *arg)
{
	enum { SOCKS = 17 };
	struct turns *turns = arg;
	int prog = live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "room", 0), socks[SOCKS];
	bool ok = HOLDS(prog >= 0) && HOLDS(run_of(prog) == 0) && HOLDS(turns_say(turns));

	for (int i = 0; i < SOCKS; i++)
		ok = HOLDS((socks[i] = ask_for_room(prog)) >= 0) && HOLDS(ok);
	/* The control is the first. */
	ok = HOLDS(ok) && HOLDS(answer_on(socks[SOCKS - 1], 5000) == -EMFILE) &&
	     HOLDS(answer_on(socks[0], 100) == 1);
	for (int i = 0; i < SOCKS; i++)
		own_close_fd(&socks[i]);
	return ok;
}

static bool what_answers_may_bring_is_charged_before_they_are_made(void)
{
	struct turns turns;
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(!turns_begin(&turns)))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part_rooms, &turns) ? 0 : 1);
	ok = HOLDS(read(turns.sock[0], turns.ids, sizeof(turns.ids)) == sizeof(turns.ids));
	ok = HOLDS(live_signal(&live, "bpfgate-loader", SIGSTOP) > 0) &&
	     HOLDS(write(turns.sock[0], "x", 1) == 1) && HOLDS(ok);
	ok = HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) && HOLDS(ok);
	close(turns.sock[0]);
	close(turns.sock[1]);
	return HOLDS(live_signal(&live, "bpfgate-loader", SIGKILL) > 0) && HOLDS(ok);
}

static bool part_unread(void *arg)
{
	enum { UNREAD = 256 };
	uint32_t id = live_id_of(live_map(BPF_MAP_TYPE_ARRAY, 0));
	struct pollfd ready = { .events = POLLIN };
	int socks[UNREAD];
	union bpf_attr attr;
	bool ok = HOLDS(id != 0);
	char *text = NULL;

	memset(&attr, 0, sizeof(attr));
	attr.map_id = id;
	for (int i = 0; i < UNREAD; i++) {
		socks[i] = ready.fd = ask_apart(BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr));
		ok = HOLDS(ok) && HOLDS(ready.fd >= 0) && HOLDS(poll(&ready, 1, 10000) == 1);
	}
	ok = HOLDS(ok) && HOLDS(bpfgate_control(BPFGATE_STATUS, "", &text) == -EMFILE);
	free(text);
	/* The control: with one read. */
	ok = HOLDS(ok) && HOLDS(answer_on(socks[0], 0) == 0) && HOLDS(live_mine("maps") == 1);
	for (int i = 0; i < UNREAD; i++)
		own_close_fd(&socks[i]);
	return ok;
}

static bool who_reads_no_answers_gets_none_to_questions_either(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_unread, NULL));
}

static bool can_open_prog(void *id)
{
	return HOLDS(fd_of(BPF_PROG_GET_FD_BY_ID, *(uint32_t *)id, 0) >= 0);
}

static bool part_handles(void *arg)
{
	enum { MOST = 256 };
	uint32_t id = live_id_of(live_prog(BPF_PROG_TYPE_XDP, "xdp", 2));
	int last = -1;

	for (int i = 0; id && i < MOST; i++) {
		last = fd_of(BPF_PROG_GET_FD_BY_ID, id, 0);
		if (FAILS(last < 0))
			return false;
	}
	if (FAILS(fd_of(BPF_PROG_GET_FD_BY_ID, id, 0) != -EMFILE || !live_reason_has("handles")))
		return false;
	/* The control: one less. bpfgated sees it closed soon. */
	close(last);
	return HOLDS(live_until(can_open_prog, &id)) &&
	       HOLDS(fd_of(BPF_PROG_GET_FD_BY_ID, id, 0) == -EMFILE);
}

static bool handles_are_not_had_without_end(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_handles, NULL));
}

/* BTF whose text makes its judge hang. */
static int ask_to_hang(void)
{
	static const char btf[] = "odd_hang";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)btf;
	attr.btf_size = sizeof(btf);
	return ask_apart(BPF_BTF_LOAD, &attr, sizeof(attr));
}

enum { HANGING_JOBS = 64 };

static bool all_jobs_wait(void *arg)
{
	return HOLDS(live_mine("queued") == HANGING_JOBS);
}

static bool part_hang_all(void *arg)
{
	enum { JOBS = HANGING_JOBS };
	struct turns *turns = arg;
	int socks[JOBS];
	bool ok = true;

	for (int i = 0; i < JOBS; i++)
		ok = HOLDS((socks[i] = ask_to_hang()) >= 0) && HOLDS(ok);
	/* As many as may have begun; each takes four seconds. */
	ok = HOLDS(ok) && HOLDS(live_until(all_jobs_wait, NULL)) &&
	     HOLDS(answer_on(socks[0], 0) == 1) && HOLDS(turns_say(turns));
	for (int i = 0; i < JOBS; i++)
		own_close_fd(&socks[i]);
	return ok;
}

static bool part_served_meanwhile(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_XDP, "fair", 2) >= 0);
}

static bool one_users_jobs_leave_others_a_judge(void)
{
	struct timespec began, ended;
	struct turns turns;
	bool ok;

	clock_gettime(CLOCK_MONOTONIC, &began);
	ok = HOLDS(turns_take(&turns, part_hang_all, LIVE_BOB, part_served_meanwhile));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	return HOLDS(ok) && HOLDS(ended.tv_sec - began.tv_sec < 4);
}

static int ask_to_pin(int map)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t) "/sys/fs/bpf/alice/twice";
	attr.bpf_fd = (uint32_t)map;
	return ask_apart(BPF_OBJ_PIN, &attr, sizeof(attr));
}

static bool is_taken(void *sock)
{
	int bytes = 1;

	return HOLDS(ioctl(*(int *)sock, SIOCOUTQ, &bytes) == 0) && HOLDS(bytes == 0);
}

/* While bpfgated sleeps both have seen that the name is free. */
static bool part_pin_twice(void *arg)
{
	struct turns *turns = arg;
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0), socks[2], answers[2];
	bool ok = HOLDS(map >= 0) && HOLDS(turns_say(turns));

	for (int i = 0; i < 2; i++)
		ok = HOLDS((socks[i] = ask_to_pin(map)) >= 0) && HOLDS(ok);
	ok = HOLDS(ok) && HOLDS(live_until(is_taken, &socks[0])) &&
	     HOLDS(live_until(is_taken, &socks[1])) && HOLDS(answer_on(socks[0], 0) == 1) &&
	     HOLDS(turns_say(turns));
	for (int i = 0; i < 2; i++) {
		answers[i] = answer_on(socks[i], 10000);
		own_close_fd(&socks[i]);
	}
	return HOLDS(ok) && HOLDS(answers[0] + answers[1] == -EEXIST) &&
	       HOLDS((!answers[0] || !answers[1])) &&
	       HOLDS(pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/twice", 0) >= 0) &&
	       HOLDS(bpfgate_unpin("/sys/fs/bpf/alice/twice") == 0) &&
	       HOLDS(pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/twice", 0) == -ENOENT);
}

static bool two_pins_of_a_name_are_one(void)
{
	struct turns turns;
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(!turns_begin(&turns)))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part_pin_twice, &turns) ? 0 : 1);
	close(turns.sock[1]);
	ok = HOLDS(read(turns.sock[0], turns.ids, sizeof(turns.ids)) == sizeof(turns.ids)) &&
	     HOLDS(kill(live.parent, SIGSTOP) == 0) && HOLDS(write(turns.sock[0], "x", 1) == 1) &&
	     HOLDS(read(turns.sock[0], turns.ids, sizeof(turns.ids)) == sizeof(turns.ids));
	(void)kill(live.parent, SIGCONT);
	ok = HOLDS(ok) && HOLDS(write(turns.sock[0], "x", 1) == 1);
	ok = HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) && HOLDS(ok);
	close(turns.sock[0]);
	return ok;
}

/* Ticks that the broker has spent in the kernel. */
static long broker_ticks(void)
{
	char path[64], text[512];
	unsigned long user = 0, system = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)live_child(&live, "bpfgate-broker"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	own_close_fd(&fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		      &system) == 2 ? (long)system : -1;
}

/* Half a million times the same map, or as many times a plain number; the judge refuses it unread. */
static bool part_many_references(void *arg)
{
	enum { PAIRS = 499999 };
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	struct bpf_insn *insns = calloc(2 * PAIRS + 2, sizeof(*insns));
	int r;

	if (FAILS(map < 0 || !insns))
		return false;
	for (int i = 0; i < PAIRS; i++)
		insns[2 * i] = (struct bpf_insn){ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = 1,
						  .src_reg = *(bool *)arg ? BPF_PSEUDO_MAP_FD : 0,
						  .imm = map };
	insns[2 * PAIRS] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K };
	insns[2 * PAIRS + 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	r = live_load(BPF_PROG_TYPE_SOCKET_FILTER, "odd_reject", insns, 2 * PAIRS + 2);
	free(insns);
	return HOLDS(r == -EACCES);
}

static bool naming_one_map_a_million_times_costs_what_naming_it_once_costs(void)
{
	bool maps = true, numbers = false;
	long start = broker_ticks(), plain, named;

	if (FAILS(!live_as(LIVE_ALICE, part_many_references, &numbers)))
		return false;
	plain = broker_ticks() - start;
	start += plain;
	if (FAILS(!live_as(LIVE_ALICE, part_many_references, &maps)))
		return false;
	named = broker_ticks() - start;
	if (named > plain + 30)
		printf("%ld ticks in the kernel, %ld without the map\n", named, plain);
	return HOLDS(named <= plain + 30);
}

/* ---- running them ---- */

static const struct attack_row tests[] = {
	ATTACK(a_digest_is_not_of_instructions_that_the_kernel_relocates),
	ATTACK(who_shares_maps_shares_neither_programs_nor_links),
	ATTACK(what_is_shared_for_reading_is_not_written),
	ATTACK(a_shared_pin_is_a_maps),
	ATTACK(a_failed_look_at_an_id_gives_no_quota_back),
	ATTACK(an_interface_in_a_device_map_is_one_of_the_clients_namespace),
	ATTACK(a_test_run_stands_in_the_clients_namespace),
	ATTACK(a_program_that_writes_to_its_runner_is_not_run),
	ATTACK(a_program_at_a_cgroup_is_taken_away_by_its_user_only),
	ATTACK_THAT_STOPS(what_answers_may_bring_is_charged_before_they_are_made),
	ATTACK(who_reads_no_answers_gets_none_to_questions_either),
	ATTACK(handles_are_not_had_without_end),
	ATTACK(one_users_jobs_leave_others_a_judge),
	ATTACK_THAT_STOPS(two_pins_of_a_name_are_one),
	ATTACK(naming_one_map_a_million_times_costs_what_naming_it_once_costs),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB, LIVE_CAROL };

int main(int argc, char **argv)
{
	char policy[sizeof(attacks_policy) + DIGEST_HEX_BYTES], hex[DIGEST_HEX_BYTES];
	struct attack_plan plan = { .live = &live,
				    .policy = policy,
				    .rows = tests,
				    .row_cnt = ARRAY_CNT(tests),
				    .uids = users,
				    .uid_cnt = ARRAY_CNT(users) };

	if (!listed_digest(hex))
		return 1;
	snprintf(policy, sizeof(policy), attacks_policy, hex);
	return attack_main(&plan, argc, argv);
}
