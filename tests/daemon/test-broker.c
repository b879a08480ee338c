/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker promises to and against its clients, tried on a running daemon. Each refusal stands
 * beside a control that differs only in what is refused. After every test the daemon holds as many
 * descriptors as before, and its users hold nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/live.h"
#include "tests/lib/holds.h"

/* Where cgroup2 is mounted: alone, or beside version 1. */

static const char test_policy[] =
	"{\"version\": 1, \"rules\": [\n"
	"{\"id\": \"alice\", \"effect\": \"allow\", \"who\": {\"users\": [\"65531\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"any_except\": [\"lsm\"]}, \"helpers\": {\"any_except\": []},\n"
	"  \"perfmon\": \"judged\", \"unsupported\": \"kernel\", \"test_run\": true,\n"
	"  \"sleepable\": true,\n"
	"  \"attach\": {\"xdp\": [\"lo\", \"netns:/run/netns/bgtest:veth*\"],\n"
	"             \"tcx\": [\"lo\"], \"cgroup\": [\"" LIVE_CGROUP_ALONE "/bpfgate-test\",\n"
	"             \"" LIVE_CGROUP_HYBRID "/bpfgate-test\"],\n"
	"             \"map\": [\"prog_array\", \"cpumap\"]}},\n"
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\",\n"
	"  \"pin_under\": [\"/sys/fs/bpf/alice\"]},\n"
	" \"quota\": {\"programs\": 3, \"maps\": 3, \"links\": 1, \"map_bytes\": \"4M\",\n"
	"  \"loads_per_minute\": 100000, \"verify_seconds\": 1}},\n"
	"{\"id\": \"bob\", \"effect\": \"allow\", \"who\": {\"users\": [\"65532\"]},\n"
	" \"signed_by\": {\"unsigned\": true},\n"
	" \"programs\": {\"types\": {\"only\": [\"xdp\", \"socket_filter\"]},\n"
	"  \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]}, \"perfmon\": \"grant\",\n"
	"  \"unsupported\": \"kernel\", \"sandbox\": \"whole\", \"attach\": {\"xdp\": [\"lo\"]}},\n"
	" \"maps\": {\"types\": {\"only\": [\"array\", \"prog_array\"]}, \"max_bytes_each\": \"1M\"},\n"
	" \"quota\": {\"programs\": 8, \"maps\": 8, \"links\": 2, \"map_bytes\": \"4M\",\n"
	"  \"loads_per_minute\": 100000}}\n"
	"]}\n";

static struct live live;

static int call(int cmd, union bpf_attr *attr, unsigned int bytes)
{
	int r = bpfgate_bpf(cmd, attr, bytes);

	return r < 0 ? -errno : r;
}

static uint32_t id_of(int prog)
{
	struct bpf_prog_info info;
	union bpf_attr attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)prog;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	return call(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0 ? 0 : info.id;
}

/* ---- handles ---- */

static bool part_handle(void *arg)
{
	int xdp = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	int filter = live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "filter", 0);
	union bpf_attr attr;
	struct stat st;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)xdp;
	attr.link_create.target_ifindex = if_nametoindex("lo");
	attr.link_create.attach_type = BPF_XDP;
	return HOLDS(xdp >= 0) && HOLDS(filter >= 0) && HOLDS(fstat(xdp, &st) == 0) &&
	       HOLDS(S_ISSOCK(st.st_mode)) && HOLDS(fstat(filter, &st) == 0) &&
	       HOLDS(!S_ISSOCK(st.st_mode)) &&
	       HOLDS(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) < 0) &&
	       HOLDS(live_link(xdp, BPF_XDP, if_nametoindex("lo")) >= 0);
}

static bool an_xdp_program_comes_as_a_handle_that_the_kernel_does_not_attach(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_handle, NULL));
}

struct pair {
	int sock[2];
	uint32_t id;
};

static bool part_give_handle(void *arg)
{
	struct pair *pair = arg;
	int xdp = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	uint32_t id = id_of(xdp);
	struct iovec part = { &id, sizeof(id) };
	char done;

	if (FAILS(xdp < 0 || !id || packet_send(pair->sock[1], &part, 1, &xdp, 1, 0) < 0))
		return false;
	/* The control: what the other user is refused, its owner gets. */
	return HOLDS(read(pair->sock[1], &done, 1) == 1) &&
	       HOLDS(live_link(xdp, BPF_XDP, if_nametoindex("lo")) >= 0);
}

static bool part_use_foreign_handle(void *arg)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	struct pair *pair = arg;
	uint32_t id;
	int handle, own;
	bool ok;

	if (FAILS(packet_recv(pair->sock[0], &id, sizeof(id), &fds, 0) != sizeof(id) ||
		  fds.cnt != 1))
		return false;
	handle = packet_fds_take(&fds, 0);
	own = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	ok = HOLDS(own >= 0) && HOLDS(live_link(handle, BPF_XDP, if_nametoindex("lo")) == -EPERM) &&
	     HOLDS(live_reason_has("another user")) && HOLDS(id_of(handle) == 0);
	return HOLDS(write(pair->sock[0], "x", 1) == 1) && HOLDS(ok);
}

static bool a_handle_is_worth_nothing_in_another_users_hands(void)
{
	struct pair pair;
	pid_t pid;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.sock) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part_give_handle, &pair) ? 0 : 1);
	ok = HOLDS(live_as(LIVE_BOB, part_use_foreign_handle, &pair));
	close(pair.sock[0]);
	close(pair.sock[1]);
	if (pid > 0) {
		int status = 1;

		ok = HOLDS(ok) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0);
	}
	return ok;
}

static bool part_leave_prog(void *arg)
{
	struct pair *pair = arg;
	uint32_t id = id_of(live_prog(BPF_PROG_TYPE_XDP, "xdp", 2));

	return HOLDS(id) && HOLDS(write(pair->sock[1], &id, sizeof(id)) == sizeof(id));
}

static bool prog_is_gone(void *arg)
{
	return HOLDS(!live_prog_exists(*(uint32_t *)arg));
}

static bool closing_the_last_copy_of_a_handle_drops_the_program(void)
{
	struct pair pair;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.sock) < 0))
		return false;
	ok = HOLDS(live_as(LIVE_ALICE, part_leave_prog, &pair)) &&
	     HOLDS(read(pair.sock[0], &pair.id, sizeof(pair.id)) == sizeof(pair.id)) &&
	     HOLDS(live_until(prog_is_gone, &pair.id));
	close(pair.sock[0]);
	close(pair.sock[1]);
	return ok;
}

/* ---- what no rule grants ---- */

static bool part_read_only_map(void *arg)
{
	int rw = live_map(BPF_MAP_TYPE_ARRAY, 0), ro = live_map(BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY);
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int refused, granted;

	insns[0].imm = ro;
	refused = live_load(BPF_PROG_TYPE_SOCKET_FILTER, "ro", insns, ARRAY_CNT(insns));
	insns[0].imm = rw;
	granted = live_load(BPF_PROG_TYPE_SOCKET_FILTER, "rw", insns, ARRAY_CNT(insns));
	return HOLDS(rw >= 0) && HOLDS(ro >= 0) && HOLDS(refused == -EPERM) && HOLDS(granted >= 0);
}

static bool a_read_only_map_fd_gives_no_program_the_map(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_read_only_map, NULL));
}

static int leaking_prog(int map, const char *name)
{
	/* Stores the frame pointer, a kernel address, into a map that the client reads. */
	struct bpf_insn insns[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -4 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -4 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 0, .off = 1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(BPF_PROG_TYPE_SOCKET_FILTER, name, insns, ARRAY_CNT(insns));
}

static bool part_leak_refused(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	/* The judge cannot say that no pointer leaks, so the kernel must: without CAP_PERFMON it does. */
	return HOLDS(map >= 0) && HOLDS(leaking_prog(map, "odd_unsup") == -EACCES) &&
	       HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "odd_unsup", 0) >= 0);
}

static bool part_leak_granted(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);

	return HOLDS(map >= 0) && HOLDS(leaking_prog(map, "odd_unsup") >= 0);
}

static bool a_kernel_pointer_leaks_only_where_a_rule_grants_perfmon(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_leak_refused, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_leak_granted, NULL));
}

static bool part_struct_ops(void *arg)
{
	return HOLDS(live_map(BPF_MAP_TYPE_STRUCT_OPS, 0) == -EPERM) &&
	       HOLDS(live_reason_has("struct_ops")) && HOLDS(live_map(BPF_MAP_TYPE_ARRAY, 0) >= 0);
}

static bool a_struct_ops_map_is_not_made(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_struct_ops, NULL));
}

static int syscall_prog(int32_t helper)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 0, .off = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	attr.prog_flags = BPF_F_SLEEPABLE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	return call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static bool part_sys_bpf(void *arg)
{
	/* Even in code that is never reached; the control calls something harmless there. */
	return HOLDS(syscall_prog(BPF_FUNC_sys_bpf) == -EPERM) &&
	       HOLDS(live_reason_has("bpf_sys_bpf")) &&
	       HOLDS(syscall_prog(BPF_FUNC_ktime_get_ns) >= 0);
}

static bool a_syscall_program_does_not_call_bpf(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_sys_bpf, NULL));
}

static int put_into_array(int map, int prog)
{
	union bpf_attr attr;
	uint32_t key = 0, value = (uint32_t)prog;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	return call(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static bool part_program_array(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_PROG_ARRAY, 0);
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);

	return HOLDS(map >= 0) && HOLDS(prog >= 0) &&
	       HOLDS(put_into_array(map, prog) == *(int *)arg);
}

static bool a_handle_gets_into_a_program_array_by_rule_only(void)
{
	int granted = 0, refused = -EPERM;

	return HOLDS(live_as(LIVE_ALICE, part_program_array, &granted)) &&
	       HOLDS(live_as(LIVE_BOB, part_program_array, &refused));
}

/* Of such a value the kernel does not say EINVAL when its program is none, as of others. */
static int put_into_cpumap(int map, int prog)
{
	const struct {
		uint32_t queue;
		int prog;
	} value = { 192, prog };
	uint32_t key = 0;

	return live_update(map, &key, &value);
}

static bool part_cpumap(void *arg)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 77 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int map = live_map(BPF_MAP_TYPE_CPUMAP, 0), prog;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.expected_attach_type = BPF_XDP_CPUMAP;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	prog = call(BPF_PROG_LOAD, &attr, sizeof(attr));
	return HOLDS(map >= 0) && HOLDS(prog >= 0) && HOLDS(put_into_cpumap(map, prog) == 0) &&
	       HOLDS(put_into_cpumap(map, map) < 0);
}

static bool a_handle_in_a_cpu_maps_value_is_known_by_the_type_of_map(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_cpumap, NULL));
}

/* ---- targets ---- */

static bool part_ifindex(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);

	return HOLDS(prog >= 0) && HOLDS(live_link(prog, BPF_XDP, *(uint32_t *)arg) == -EPERM) &&
	       HOLDS(live_reason_has("50-test.json:")) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("lo")) >= 0);
}

/* Alice's part beside an interface that no rule names; its index is the part's argument. */
static bool beside_an_unnamed_interface(bool (*part)(void *arg))
{
	uint32_t ifindex;
	bool ok;

	if (FAILS(system("ip link add bgtest0 type veth peer name bgtest1") != 0))
		return false;
	ifindex = if_nametoindex("bgtest0");
	ok = HOLDS(live_as(LIVE_ALICE, part, &ifindex));
	return HOLDS(system("ip link del bgtest0") == 0) && HOLDS(ok);
}

static bool an_interface_that_no_rule_names_is_refused_with_the_rules_place(void)
{
	return HOLDS(beside_an_unnamed_interface(part_ifindex));
}

static bool part_tcx(void *arg)
{
	enum { TCX_INGRESS = 46 };
	int prog = live_prog(BPF_PROG_TYPE_SCHED_CLS, "tcx", 0);

	return HOLDS(prog >= 0) &&
	       HOLDS(live_link(prog, TCX_INGRESS, *(uint32_t *)arg) == -EPERM) &&
	       HOLDS(live_link(prog, TCX_INGRESS, if_nametoindex("lo")) >= 0);
}

static bool a_tcx_program_attaches_where_a_rule_says(void)
{
	return HOLDS(beside_an_unnamed_interface(part_tcx));
}

static bool enter_netns(const char *path)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	return HOLDS(fd >= 0) && HOLDS(setns(fd, CLONE_NEWNET) == 0);
}

static bool part_in_netns(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);

	/* lo has the same index and name everywhere; only that of the daemon's own namespace is granted. */
	return HOLDS(prog >= 0) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("lo")) == -EPERM) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("vethbg1")) >= 0);
}

static bool part_outside_netns(void *arg)
{
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);

	return HOLDS(prog >= 0) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("vethbg0")) == -EPERM) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("lo")) >= 0);
}

/* mkdir (or rmdir) of a cgroup below the mount, made for one test. */
static bool cgroup_make(const char *name, bool make)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", live_cgroup_root(), name);
	return make ? mkdir(path, 0755) == 0 || errno == EEXIST : rmdir(path) == 0;
}

static bool an_interface_counts_in_the_network_namespace_of_the_clients_socket(void)
{
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(system("ip netns del bgtest 2>/dev/null; ip netns add bgtest && "
			 "ip link add vethbg0 type veth peer name vethbg1 netns bgtest && "
			 "ip netns exec bgtest ip link set lo up") != 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(enter_netns("/run/netns/bgtest") && live_as(LIVE_ALICE, part_in_netns, NULL) ?
			      0 : 1);
	ok = HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) &&
	     HOLDS(live_as(LIVE_ALICE, part_outside_netns, NULL));
	return HOLDS(system("ip netns del bgtest") == 0) && HOLDS(ok);
}

struct lie {
	bool lying;
};

static int open_permitted_cgroup(bool lying)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/bpfgate-test/sub", live_cgroup_root());
	if (lying && (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		      mount(live_cgroup_root(), path, NULL, MS_BIND, NULL) < 0))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool part_cgroup(void *arg)
{
	const struct lie *lie = arg;
	int prog = live_prog(BPF_PROG_TYPE_CGROUP_SKB, "skb", 1);
	int cgroup = open_permitted_cgroup(lie->lying), r;

	if (FAILS(prog < 0 || cgroup < 0))
		return false;
	r = live_link(prog, BPF_CGROUP_INET_EGRESS, (uint32_t)cgroup);
	return lie->lying ? r == -EPERM : r >= 0;
}

static bool a_mount_over_a_permitted_cgroup_permits_nothing(void)
{
	struct lie truth = { false }, lie = { true };
	bool ok;

	if (FAILS(!cgroup_make("bpfgate-test", true) || !cgroup_make("bpfgate-test/sub", true)))
		return false;
	ok = HOLDS(live_as(LIVE_ALICE, part_cgroup, &truth)) &&
	     HOLDS(live_as(LIVE_ALICE, part_cgroup, &lie));
	return HOLDS(cgroup_make("bpfgate-test/sub", false)) &&
	       HOLDS(cgroup_make("bpfgate-test", false)) && HOLDS(ok);
}

/* ---- judges ---- */

static bool part_odd_judge(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, arg, 0) == -E2BIG) &&
	       HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) >= 0);
}

static bool a_judge_that_dies_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_crash"));
}

static bool a_judge_that_hangs_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_hang"));
}

static bool a_judge_that_floods_its_log_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_flood"));
}

static bool a_verdict_on_another_job_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_nonce")) &&
	       HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_piece"));
}

static bool a_verdict_with_wrong_sizes_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_size")) &&
	       HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_log"));
}

static bool a_verdict_of_zeroes_approves_nothing(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_odd_judge, "odd_zero"));
}

/* Loads one program after the other over this process's connection; "!NAME" is one to be refused. */
static bool part_in_turn(void *arg)
{
	for (const char **name = arg; *name; name++) {
		bool refused = **name == '!';

		if (FAILS((live_prog(BPF_PROG_TYPE_SOCKET_FILTER, *name + refused, 0) < 0) !=
			  refused))
			return false;
	}
	return true;
}

static bool programs_of_one_connection_share_a_judge(void)
{
	static const char *second[] = { "fair1", "odd_used1", NULL };
	static const char *first[] = { "!odd_used1", NULL };

	return HOLDS(live_as(LIVE_ALICE, part_in_turn, second)) &&
	       HOLDS(live_as(LIVE_ALICE, part_in_turn, first));
}

static bool a_job_that_a_used_judge_fails_goes_to_a_fresh_one(void)
{
	static const char *once[] = { "fair2", "odd_once", NULL };
	static const char *always[] = { "fair2b", "!odd_crash", "fair2c", NULL };

	return HOLDS(live_as(LIVE_ALICE, part_in_turn, once)) &&
	       HOLDS(live_as(LIVE_ALICE, part_in_turn, always));
}

/* What a fresh judge says is remembered: the third program here is not judged a second time. */
static bool what_a_used_judge_says_is_not_remembered(void)
{
	static const char *used[] = { "fair3", "odd_used3", NULL };
	static const char *fresh[] = { "odd_fresh3", "fair3b", "odd_fresh3", "!odd_fresh3c", NULL };
	static const char *again[] = { "!odd_used3", NULL };

	return HOLDS(live_as(LIVE_ALICE, part_in_turn, used)) &&
	       HOLDS(live_as(LIVE_BOB, part_in_turn, again)) &&
	       HOLDS(live_as(LIVE_BOB, part_in_turn, fresh));
}

static bool part_served(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) >= 0);
}

static bool part_bare(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "odd_bare", 0) == -EPERM);
}

static bool part_bare_is_enough(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "odd_bare", 0) >= 0);
}

/* The control: of a rule that does not insist, and of a judge that lacks nothing. */
static bool a_rule_may_insist_on_the_whole_sandbox(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_bare_is_enough, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_bare, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_served, NULL));
}

static bool one_users_slow_program_does_not_delay_another(void)
{
	struct timespec began, ended;
	pid_t pid = fork();
	bool ok;

	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part_odd_judge, "odd_hang") ? 0 : 1);
	clock_gettime(CLOCK_MONOTONIC, &began);
	ok = HOLDS(live_as(LIVE_BOB, part_served, NULL));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	if (pid > 0) {
		int status = 1;

		ok = HOLDS(ok) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0);
	}
	return HOLDS(ok) && HOLDS(ended.tv_sec - began.tv_sec < 2);
}

/* ---- logs ---- */

static int load_with_log(const char *name, char *log, uint32_t size, uint32_t level,
			 uint32_t *ret_true_size)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 78 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char room[168] = "";
	union bpf_attr *attr = (union bpf_attr *)room;
	int r;

	attr->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr->insns = (uintptr_t)insns;
	attr->insn_cnt = ARRAY_CNT(insns);
	attr->license = (uintptr_t) "GPL";
	attr->log_buf = (uintptr_t)log;
	attr->log_size = size;
	attr->log_level = level;
	strcpy(attr->prog_name, name);
	r = bpfgate_bpf(BPF_PROG_LOAD, attr, sizeof(room));
	memcpy(ret_true_size, room + 140, sizeof(*ret_true_size));
	return r < 0 ? -errno : r;
}

static bool part_logs(void *arg)
{
	static char log[65536], small[64];
	uint32_t need = 0, again = 0;

	if (FAILS(load_with_log("odd_reject", log, sizeof(log), 1, &need) != -EACCES ||
		  need != strlen(log) + 1 || strncmp(log, "bpfgate D-", 10) != 0 ||
		  !strstr(log,
			  "\ninvalid access to packet, off=26 size=4\nprocessed 2 insns (limit 1000000)")))
		return false;
	/* Too small: the tail, and what would have been enough. */
	if (FAILS(load_with_log("odd_reject", small, sizeof(small), 1, &again) != -ENOSPC ||
		  again < need - 2 || strlen(small) != sizeof(small) - 1 ||
		  !strstr(small, "bpfgate D-")))
		return false;
	/* Fixed: the head. */
	if (FAILS(load_with_log("odd_reject", small, sizeof(small), 1 | 8, &again) != -ENOSPC ||
		  strncmp(small, "bpfgate D-", 10) != 0))
		return false;
	return HOLDS(load_with_log("odd_reject", log, sizeof(log), 0, &again) == -EINVAL) &&
	       HOLDS(load_with_log("odd_reject", log, sizeof(log), 16, &again) == -EINVAL) &&
	       HOLDS(load_with_log("odd_reject", NULL, 0, 1, &again) == -EACCES);
}

static bool a_refusal_fills_log_buf_as_the_kernel_would(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_logs, NULL));
}

/* ---- ids ---- */

static bool part_ids(void *arg)
{
	struct pair *pair = arg;
	union bpf_attr attr;
	uint32_t foreign;
	int own = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	uint32_t id = id_of(own);
	int again;

	if (FAILS(read(pair->sock[0], &foreign, sizeof(foreign)) != sizeof(foreign)))
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = foreign;
	if (FAILS(call(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr)) != -ENOENT))
		return false;
	attr.prog_id = id;
	again = call(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	return HOLDS(write(pair->sock[0], "x", 1) == 1) && HOLDS(again >= 0) &&
	       HOLDS(id_of(again) == id) &&
	       HOLDS(call(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) == 0) &&
	       HOLDS(attr.next_id == id) &&
	       HOLDS((attr.start_id = id,
		      call(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) == -ENOENT));
}

static bool part_hold_prog(void *arg)
{
	struct pair *pair = arg;
	uint32_t id = id_of(live_prog(BPF_PROG_TYPE_XDP, "xdp", 2));
	char done;

	return HOLDS(id) && HOLDS(write(pair->sock[1], &id, sizeof(id)) == sizeof(id)) &&
	       HOLDS(read(pair->sock[1], &done, 1) == 1);
}

static bool a_user_walks_over_its_own_objects_only(void)
{
	struct pair pair;
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.sock) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_BOB, part_hold_prog, &pair) ? 0 : 1);
	ok = HOLDS(live_as(LIVE_ALICE, part_ids, &pair));
	close(pair.sock[0]);
	close(pair.sock[1]);
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) &&
	       HOLDS(ok);
}

/* ---- quotas, pins ---- */

static bool part_quota(void *arg)
{
	int maps[3], r;

	for (int i = 0; i < 3; i++)
		maps[i] = live_map(BPF_MAP_TYPE_ARRAY, 0);
	if (FAILS(maps[0] < 0 || maps[1] < 0 || maps[2] < 0 ||
		  live_map(BPF_MAP_TYPE_ARRAY, 0) != -EPERM))
		return false;
	/* Nobody tells the daemon that this one is closed; it must look for itself. */
	close(maps[1]);
	r = live_map(BPF_MAP_TYPE_ARRAY, 0);
	return HOLDS(r >= 0) && HOLDS(live_mine("maps") == 3);
}

static bool a_quota_counts_what_lives_and_nothing_else(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_quota, NULL));
}

static int pin(int cmd, const char *path, int fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	return call(cmd, &attr, sizeof(attr));
}

static bool part_pin(void *arg)
{
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0), again;
	uint32_t key = 1;
	uint64_t value = 42, seen = 0;
	union bpf_attr attr;

	if (FAILS(map < 0 || pin(BPF_OBJ_PIN, "/sys/fs/bpf/bob/m", map) != -EPERM ||
		  pin(BPF_OBJ_PIN, "/sys/fs/bpf/alice/../bob/m", map) != -EINVAL ||
		  pin(BPF_OBJ_PIN, "/sys/fs/bpf/alice/m", map) != 0 ||
		  pin(BPF_OBJ_PIN, "/sys/fs/bpf/alice/m", map) != -EEXIST))
		return false;
	again = pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/m", 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	if (FAILS(again < 0 || call(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) < 0))
		return false;
	attr.map_fd = (uint32_t)again;
	attr.value = (uintptr_t)&seen;
	return HOLDS(call(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) == 0) && HOLDS(seen == 42);
}

static bool part_foreign_pin(void *arg)
{
	return HOLDS(pin(BPF_OBJ_GET, "/sys/fs/bpf/alice/m", 0) == -ENOENT);
}

static bool a_pin_brings_the_same_object_back_to_its_owner(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_pin, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_foreign_pin, NULL));
}

/* ---- probes ---- */

static bool part_probe(void *arg)
{
	/* libbpf's first question to a kernel, for a user that no rule names. */
	struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
				    { .code = BPF_JMP | BPF_EXIT } };
	int probe = live_load(BPF_PROG_TYPE_SOCKET_FILTER, "", insns, ARRAY_CNT(insns));

	return HOLDS(probe >= 0) &&
	       HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) == -EPERM) &&
	       HOLDS(live_link(probe, BPF_CGROUP_INET_EGRESS, 0) == -EBADF);
}

static bool a_feature_probe_is_answered_under_any_policy_and_never_attached(void)
{
	return HOLDS(live_as(65533, part_probe, NULL));
}

/* ---- crashes and reloads ---- */

static bool broker_is_another(void *arg)
{
	pid_t pid = live_child(&live, "bpfgate-broker");

	return HOLDS(pid) && HOLDS(pid != *(pid_t *)arg);
}

/* A map of four-byte values that BTF describes as int. */
static int map_with_btf(void)
{
	struct {
		struct btf_header header;
		struct btf_type type;
		uint32_t bits;
		char texts[5];
	} btf = {
		.header = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(btf.header),
			    .type_len = sizeof(btf.type) + sizeof(btf.bits),
			    .str_off = sizeof(btf.type) + sizeof(btf.bits),
			    .str_len = sizeof(btf.texts) },
		.type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.bits = BTF_INT_SIGNED << 24 | 32,
		.texts = "\0int",
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = offsetof(__typeof__(btf), texts) + sizeof(btf.texts);
	fd = call(BPF_BTF_LOAD, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	attr.btf_fd = (uint32_t)fd;
	attr.btf_key_type_id = 1;
	attr.btf_value_type_id = 1;
	return fd < 0 ? fd : call(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int prog_with_map(const char *name, int map)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(BPF_PROG_TYPE_SOCKET_FILTER, name, insns, ARRAY_CNT(insns));
}

static bool part_btf_across_a_crash(void *arg)
{
	struct pair *pair = arg;
	int map = map_with_btf(), plain = live_map(BPF_MAP_TYPE_ARRAY, 0);
	char done;

	if (FAILS(map < 0 || plain < 0 || prog_with_map("odd_btf", map) < 0 ||
		  write(pair->sock[1], "x", 1) != 1 || read(pair->sock[1], &done, 1) != 1))
		return false;
	return HOLDS(prog_with_map("odd_btf", map) >= 0) &&
	       HOLDS(prog_with_map("odd_btf", plain) == -EPERM);
}

/* What earlier tests left, the kernel frees after a while and tells nobody. */
static bool only_this_program_is_left(void *arg)
{
	return HOLDS(live_mine("programs") == 1);
}

static bool part_across_a_crash(void *arg)
{
	struct pair *pair = arg;
	int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	int prog = live_prog(BPF_PROG_TYPE_XDP, "xdp", 2);
	uint32_t id = id_of(prog);
	long maps;
	char done;

	if (FAILS(map < 0 || !id || !live_until(only_this_program_is_left, NULL)))
		return false;
	maps = live_mine("maps");
	if (FAILS(write(pair->sock[1], "x", 1) != 1 || read(pair->sock[1], &done, 1) != 1))
		return false;
	/* An older map may still be freed meanwhile, ours not. */
	return HOLDS(only_this_program_is_left(NULL)) && HOLDS(live_mine("maps") >= 1) &&
	       HOLDS(live_mine("maps") <= maps) && HOLDS(id_of(prog) == id) &&
	       HOLDS(live_link(prog, BPF_XDP, if_nametoindex("lo")) >= 0);
}

static bool kill_broker(struct pair *pair)
{
	pid_t broker = live_child(&live, "bpfgate-broker");
	char ready;

	return HOLDS(read(pair->sock[0], &ready, 1) == 1) && HOLDS(kill(broker, SIGKILL) == 0) &&
	       HOLDS(live_until(broker_is_another, &broker)) &&
	       HOLDS(live_says(&live, "bpfgate-broker: ready")) &&
	       HOLDS(write(pair->sock[0], "x", 1) == 1);
}

static bool crash_during(live_part part)
{
	struct pair pair;
	int status = 1;
	pid_t pid;
	bool ok;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.sock) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_ALICE, part, &pair) ? 0 : 1);
	own_close_fd(&pair.sock[1]);
	ok = HOLDS(kill_broker(&pair));
	own_close_fd(&pair.sock[0]);
	return HOLDS(pid > 0) && HOLDS(waitpid(pid, &status, 0) == pid) && HOLDS(status == 0) &&
	       HOLDS(ok);
}

static bool a_killed_broker_loses_no_program_map_or_handle(void)
{
	return HOLDS(crash_during(part_across_a_crash));
}

static bool a_judge_sees_the_btf_of_maps_that_are_older_than_the_broker(void)
{
	return HOLDS(crash_during(part_btf_across_a_crash));
}

static bool part_lost_load(void *arg)
{
	int r = live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0);

	return HOLDS(r == -EIO) && HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) >= 0);
}

static bool part_one_load(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) >= 0);
}

static bool loader_has_work(void *arg)
{
	/* Stopped, with an approval unread on its door: it shows as blocked input. */
	char path[64], text[4096];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", *(pid_t *)arg);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	own_close_fd(&fd);
	text[n > 0 ? n : 0] = '\0';
	return HOLDS(strstr(text, "T (stopped)") != NULL);
}

static bool a_loader_that_dies_mid_load_fails_that_load_only(void)
{
	struct timespec wait = { .tv_nsec = 300 * 1000 * 1000 };
	int status = 1;
	pid_t loader, pid;

	if (FAILS(!live_as(LIVE_BOB, part_one_load, NULL)))
		return false;
	loader = live_child(&live, "bpfgate-loader");
	if (FAILS(!loader || kill(loader, SIGSTOP) < 0 || !live_until(loader_has_work, &loader)))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_as(LIVE_BOB, part_lost_load, NULL) ? 0 : 1);
	/* Time enough for the approval to get there; if it does not, the test fails, it does not lie. */
	(void)nanosleep(&wait, NULL);
	return HOLDS(kill(loader, SIGKILL) == 0) && HOLDS(waitpid(pid, &status, 0) == pid) &&
	       HOLDS(status == 0);
}

static bool part_denied(void *arg)
{
	return HOLDS(live_prog(BPF_PROG_TYPE_SOCKET_FILTER, "fair", 0) == -EPERM);
}

static bool a_wrong_policy_changes_nothing_and_a_right_one_everything(void)
{
	bool ok;

	ok = HOLDS(live_write_policy(&live, "{\"version\": 1, \"rules\": [ {")) &&
	     HOLDS(kill(live.parent, SIGHUP) == 0) && HOLDS(live_says(&live, "stays in force")) &&
	     HOLDS(live_as(LIVE_ALICE, part_served, NULL));
	ok = HOLDS(ok) && HOLDS(live_write_policy(&live, "{\"version\": 1, \"rules\": []}")) &&
	     HOLDS(kill(live.parent, SIGHUP) == 0) &&
	     HOLDS(live_says(&live, "in force, 0 rules")) &&
	     HOLDS(live_as(LIVE_ALICE, part_denied, NULL));
	return HOLDS(live_write_policy(&live, test_policy)) &&
	       HOLDS(kill(live.parent, SIGHUP) == 0) &&
	       HOLDS(live_says(&live, "in force, 2 rules")) &&
	       HOLDS(live_as(LIVE_ALICE, part_served, NULL)) && HOLDS(ok);
}

/* ---- running them ---- */

struct test {
	const char *name;
	bool (*run)(void);
};
#define TEST(name) { #name, name }

static const struct test tests[] = {
	TEST(an_xdp_program_comes_as_a_handle_that_the_kernel_does_not_attach),
	TEST(a_handle_is_worth_nothing_in_another_users_hands),
	TEST(closing_the_last_copy_of_a_handle_drops_the_program),
	TEST(a_read_only_map_fd_gives_no_program_the_map),
	TEST(a_kernel_pointer_leaks_only_where_a_rule_grants_perfmon),
	TEST(a_struct_ops_map_is_not_made),
	TEST(a_syscall_program_does_not_call_bpf),
	TEST(a_handle_gets_into_a_program_array_by_rule_only),
	TEST(a_handle_in_a_cpu_maps_value_is_known_by_the_type_of_map),
	TEST(an_interface_that_no_rule_names_is_refused_with_the_rules_place),
	TEST(a_tcx_program_attaches_where_a_rule_says),
	TEST(an_interface_counts_in_the_network_namespace_of_the_clients_socket),
	TEST(a_mount_over_a_permitted_cgroup_permits_nothing),
	TEST(a_judge_that_dies_approves_nothing),
	TEST(a_judge_that_hangs_approves_nothing),
	TEST(a_judge_that_floods_its_log_approves_nothing),
	TEST(a_verdict_of_zeroes_approves_nothing),
	TEST(programs_of_one_connection_share_a_judge),
	TEST(a_job_that_a_used_judge_fails_goes_to_a_fresh_one),
	TEST(what_a_used_judge_says_is_not_remembered),
	TEST(a_verdict_on_another_job_approves_nothing),
	TEST(a_verdict_with_wrong_sizes_approves_nothing),
	TEST(a_rule_may_insist_on_the_whole_sandbox),
	TEST(one_users_slow_program_does_not_delay_another),
	TEST(a_refusal_fills_log_buf_as_the_kernel_would),
	TEST(a_user_walks_over_its_own_objects_only),
	TEST(a_quota_counts_what_lives_and_nothing_else),
	TEST(a_pin_brings_the_same_object_back_to_its_owner),
	TEST(a_feature_probe_is_answered_under_any_policy_and_never_attached),
	TEST(a_killed_broker_loses_no_program_map_or_handle),
	TEST(a_judge_sees_the_btf_of_maps_that_are_older_than_the_broker),
	TEST(a_loader_that_dies_mid_load_fails_that_load_only),
	TEST(a_wrong_policy_changes_nothing_and_a_right_one_everything),
};

static bool part_holds_nothing(void *arg)
{
	union bpf_attr attr;

	/* A walk looks at what really exists. */
	memset(&attr, 0, sizeof(attr));
	(void)call(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr));
	return HOLDS(live_mine("programs") == 0) && HOLDS(live_mine("links") == 0) &&
	       HOLDS(live_mine("connections") == 1);
}

static bool users_hold_nothing(void *arg)
{
	return HOLDS(live_as(LIVE_ALICE, part_holds_nothing, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_holds_nothing, NULL));
}

static bool fds_are_as_before(void *arg)
{
	/* Spare judges and idle loaders come and go. */
	int cnt = live_fd_cnt(&live), before = *(int *)arg;

	return HOLDS(cnt <= before + 4);
}

int main(void)
{
	const char *builddir = getenv("builddir") ? getenv("builddir") : ".";
	unsigned int passed = 0, failed = 0;
	int before;

	if (getuid() != 0) {
		printf("skipped: a daemon of its own needs root\n0 passed, 0 failed, %zu skipped\n",
		       ARRAY_CNT(tests));
		return 77;
	}
	if (!live_start(&live, builddir, test_policy)) {
		printf("the daemon does not start\n0 passed, 1 failed\n");
		return 1;
	}
	(void)live_as(LIVE_ALICE, part_served, NULL);
	(void)live_as(LIVE_BOB, part_served, NULL);
	before = live_fd_cnt(&live);
	for (size_t i = 0; i < ARRAY_CNT(tests); i++) {
		bool ok = holds_run(tests[i].run);
		bool clean = live_until(users_hold_nothing, NULL) &&
			     live_until(fds_are_as_before, &before);

		if (ok && clean) {
			passed++;
			continue;
		}
		failed++;
		printf("FAILED %s%s\n", tests[i].name, ok ? " (something was left behind)" : "");
	}
	if (!live_stop(&live)) {
		failed++;
		printf("FAILED the daemon does not end as it should\n");
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
