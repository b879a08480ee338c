/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that attach to programs: a function is traced or replaced where its owner says so by a
 * rule, and nowhere else. Each attack stands beside a control that differs only in what is refused.
 * Kernels that load no such program (some are built without trampolines) say so for the control;
 * what is refused before never reaches them.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "client/bpfgate.h"
#include "proto/attr.h"
#include "proto/own.h"
#include "proto/packet.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define REPLACING_RULE(name, user, ext, tracing)                                                            \
	"{\"id\": \"" name "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"             \
	" \"signed_by\": {\"unsigned\": true},\n"                                                           \
	" \"programs\": {\"types\": {\"only\": [\"xdp\", \"ext\", \"tracing\"]}, \"perfmon\": \"grant\",\n" \
	"  \"attach\": {\"ext\": [\"" ext "\"], \"tracing\": [\"" tracing "\"]}},\n"                        \
	" \"maps\": {\"types\": {\"only\": [\"array\"]}}}"

#define LIVE_CAROL 65533 /* may replace and trace, but nothing of this type */

static const char replacing_policy[] = "{\"version\": 1, \"rules\": [\n" REPLACING_RULE(
	"alice", "65531", "xdp",
	"prog:xdp") ",\n" REPLACING_RULE("bob", "65532", "xdp",
					 "prog:xdp") ",\n" REPLACING_RULE("carol", "65533",
									  "sched_cls",
									  "vfs_*") "\n]}\n";

static struct live live = { .judge = "worker/bpfgate-judge" };

/* ---- programs with BTF ---- */

static struct {
	const void *bytes;
	uint32_t cnt, func;
	uint32_t listed, other; /* functions of the kernel: vfs_read, tcp_connect */
} types;

/* int f(struct xdp_md *ctx), in the memory of the process until it ends. */
static bool types_make(void)
{
	struct btf *btf = btf__new_empty();
	int word, ctx;

	if (!btf)
		return false;
	word = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	ctx = btf__add_struct(btf, "xdp_md", 4);
	if (word < 0 || ctx < 0 || btf__add_field(btf, "data", word, 0, 0) < 0)
		return false;
	ctx = btf__add_ptr(btf, ctx);
	if (ctx < 0 || btf__add_func_proto(btf, word) < 0 ||
	    btf__add_func_param(btf, "ctx", ctx) < 0)
		return false;
	types.func =
		(uint32_t)btf__add_func(btf, "f", BTF_FUNC_GLOBAL, (int)btf__type_cnt(btf) - 1);
	types.bytes = btf__raw_data(btf, &types.cnt);
	return types.bytes != NULL;
}

static void types_find(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int listed = btf__find_by_name_kind(kernel, "vfs_read", BTF_KIND_FUNC);
	int other = btf__find_by_name_kind(kernel, "tcp_connect", BTF_KIND_FUNC);

	types.listed = listed > 0 ? (uint32_t)listed : 0;
	types.other = other > 0 ? (uint32_t)other : 0;
	btf__free(kernel);
}

static int load_types(void)
{
	union bpf_attr attr = { .btf = (uintptr_t)types.bytes, .btf_size = types.cnt };

	return live_call(BPF_BTF_LOAD, &attr, sizeof(attr));
}

/* A program that passes packets and is called f; target: to which it attaches, 0: to none. */
static int load(uint32_t type, uint32_t attach_type, int target)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K,
		  .dst_reg = BPF_REG_0,
		  .imm = type == BPF_PROG_TYPE_TRACING ? 0 : XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_func_info func = { 0, types.func };
	OWN_FD int btf = load_types();
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	attr.prog_btf_fd = (uint32_t)btf;
	attr.func_info = (uintptr_t)&func;
	attr.func_info_cnt = 1;
	attr.func_info_rec_size = sizeof(func);
	memcpy(attr.prog_name, "f", 1); /* what has no name could be a feature probe */
	attr.attach_prog_fd = (uint32_t)target;
	attr.attach_btf_id = target ? types.func : 0;
	return btf < 0 ? btf : live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load_xdp(void)
{
	return load(BPF_PROG_TYPE_XDP, 0, 0);
}

static int load_replacement(int target)
{
	return load(BPF_PROG_TYPE_EXT, 0, target);
}

static int load_trace(int target)
{
	return load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, target);
}

/* It was loaded, or got as far as the kernel, which loads none of this kind. Takes the descriptor.
 */
static bool was_granted(int take_fd)
{
	OWN_FD int fd = take_fd;

	if (fd >= 0)
		return true;
	return HOLDS(fd == -EPERM && live_reason_has("the kernel refused"));
}

static bool was_refused(int take_fd, const char *why)
{
	OWN_FD int fd = take_fd;

	return HOLDS(fd == -EPERM) && HOLDS(live_reason_has(why));
}

/* ---- whose program it is ---- */

static int lending[2];

static bool part_lend(void *arg)
{
	struct iovec word = { (void *)"x", 1 };
	OWN_FD int prog = load_xdp();

	/* Control: its owner may, as long as it is hers. */
	return HOLDS(prog >= 0) && was_granted(load_replacement(prog)) &&
	       was_granted(load_trace(prog)) &&
	       HOLDS(packet_send(lending[0], &word, 1, &prog, 1, 0) == 0);
}

static bool part_borrow(void *arg)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	OWN_FD int lent = -1, own = load_xdp();
	char word;

	if (FAILS(packet_recv(lending[1], &word, 1, &fds, 0) != 1 || fds.cnt != 1))
		return false;
	lent = packet_fds_take(&fds, 0);
	return was_refused(load_replacement(lent), "is another user's") &&
	       was_refused(load_trace(lent), "is another user's") && HOLDS(own >= 0) &&
	       was_granted(load_replacement(own)) && was_granted(load_trace(own));
}

static bool who_holds_anothers_program_neither_replaces_nor_traces_in_it(void)
{
	bool held;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lending) < 0))
		return false;
	held = HOLDS(live_as(LIVE_ALICE, part_lend, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_borrow, NULL));
	close(lending[0]);
	close(lending[1]);
	return held;
}

static bool part_use_roots(void *arg)
{
	OWN_FD int own = load_xdp();

	return was_refused(load_replacement(*(int *)arg), "was not loaded through bpfgate") &&
	       was_refused(load_trace(*(int *)arg), "was not loaded through bpfgate") &&
	       HOLDS(own >= 0) && was_granted(load_replacement(own));
}

static bool nothing_attaches_to_roots_program(void)
{
	OWN_FD int roots = live_load_natively(BPF_PROG_TYPE_XDP, XDP_PASS);

	return HOLDS(roots >= 0) && HOLDS(live_as(LIVE_ALICE, part_use_roots, &roots));
}

/* ---- by which rule ---- */

static bool part_other_type(void *arg)
{
	OWN_FD int prog = load_xdp();

	return HOLDS(prog >= 0) &&
	       was_refused(load_replacement(prog), "ext at \"xdp\" is not listed") &&
	       was_refused(load_trace(prog), "tracing at \"prog:xdp\" is not listed");
}

static bool part_this_type(void *arg)
{
	OWN_FD int prog = load_xdp();

	return HOLDS(prog >= 0) && was_granted(load_replacement(prog)) &&
	       was_granted(load_trace(prog));
}

static bool a_rule_names_the_type_of_program_in_which_functions_are_replaced_or_traced(void)
{
	return HOLDS(live_as(LIVE_CAROL, part_other_type, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_this_type, NULL));
}

/* ---- what is judged ---- */

static bool part_judged(void *arg)
{
	OWN_FD int prog = load_xdp(), plain = live_prog(BPF_PROG_TYPE_XDP, "plain", XDP_PASS);
	uint32_t func = types.func;
	int r;

	if (FAILS(prog < 0 || plain < 0))
		return false;
	/* Of a program without BTF nothing can be said. */
	if (!was_refused(load_replacement(plain), "how program"))
		return false;
	/* A type that is no function: the judge says so, as the kernel would. */
	types.func = 1;
	r = load_replacement(prog);
	types.func = func;
	return HOLDS(r == -EINVAL) && was_granted(load_replacement(prog));
}

static bool a_replacement_is_judged_with_the_program_in_which_it_is_to_run(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_judged, NULL));
}

/* ---- where it is attached ---- */

/* LINK_CREATE as libxdp makes it: the attach type is zero, which is that of a cgroup. */
static int link_to(int prog, int target)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_LINK_CREATE_TARGET_FD, (uint32_t)target);
	attr_put_u32(attr, ATTR_LINK_CREATE_TARGET_BTF_ID, target ? types.func : 0);
	return live_call(BPF_LINK_CREATE, (union bpf_attr *)attr,
			 ATTR_END_LINK_CREATE_TRACING_COOKIE);
}

static bool part_attach(void *arg)
{
	OWN_PACKET_FDS struct packet_fds fds = { .cnt = 0 };
	OWN_FD int first = load_xdp(), second = load_xdp(), lent = -1, prog = -1, link = -1,
		   other = -1;
	char word;

	if (FAILS(packet_recv(lending[1], &word, 1, &fds, 0) != 1 || first < 0 || second < 0))
		return false;
	lent = packet_fds_take(&fds, 0);
	prog = load_replacement(first);
	if (prog < 0)
		return was_granted(TAKE_FD(prog)); /* this kernel has none */
	/* Another user's, for which the kernel would take it. */
	if (!was_refused(link_to(prog, lent), "of the caller's own"))
		return false;
	link = link_to(prog, 0);
	other = link_to(prog, second);
	return HOLDS(link >= 0) && HOLDS(other >= 0);
}

static bool a_replacement_is_attached_in_ones_own_programs_alone(void)
{
	bool held;

	if (FAILS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lending) < 0))
		return false;
	held = HOLDS(live_as(LIVE_ALICE, part_lend, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_attach, NULL));
	close(lending[0]);
	close(lending[1]);
	return held;
}

/* ---- sessions ---- */

enum { FSESSION = 58 }; /* BPF_TRACE_FSESSION, Linux 7.0 */

static int load_session(uint32_t func)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = FSESSION;
	attr.attach_btf_id = func;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "session", 7);
	return live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static bool part_session(void *arg)
{
	OWN_FD int prog = -1, link = -1;
	uint8_t attr[ATTR_BYTES] = { 0 };

	if (!was_refused(load_session(types.other), "tracing at \"tcp_connect\" is not listed"))
		return false;
	/* Control: the judge, or the kernel, is asked about the other one, and may have no such
	 * programs. */
	prog = load_session(types.listed);
	if (prog < 0)
		return HOLDS(prog == -EINVAL) || was_granted(TAKE_FD(prog));
	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, FSESSION);
	link = live_call(BPF_LINK_CREATE, (union bpf_attr *)attr,
			 ATTR_END_LINK_CREATE_TRACING_COOKIE);
	return HOLDS(link >= 0);
}

static bool a_session_goes_by_the_function_that_it_is_loaded_for(void)
{
	return HOLDS(live_as(LIVE_CAROL, part_session, NULL));
}

static const struct attack_row rows[] = {
	ATTACK(who_holds_anothers_program_neither_replaces_nor_traces_in_it),
	ATTACK(nothing_attaches_to_roots_program),
	ATTACK(a_rule_names_the_type_of_program_in_which_functions_are_replaced_or_traced),
	ATTACK(a_replacement_is_judged_with_the_program_in_which_it_is_to_run),
	ATTACK(a_replacement_is_attached_in_ones_own_programs_alone),
	ATTACK(a_session_goes_by_the_function_that_it_is_loaded_for),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB, LIVE_CAROL };

static const struct attack_plan plan = {
	.live = &live,
	.policy = replacing_policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of the users and the ledger's */
};

int main(int argc, char **argv)
{
	if (!types_make()) {
		printf("WON: no BTF could be made\n0 passed, 1 failed\n");
		return 1;
	}
	types_find();
	return attack_main(&plan, argc, argv);
}
