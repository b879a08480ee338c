/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterators over one process and over a cgroup: they show that object and no other, which is named
 * by a descriptor of the caller's. Each attack stands beside a control that differs only in what is
 * refused.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/attr.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define ITER_RULE(name, user, what)                                                                             \
	"{\"id\": \"" name "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"                 \
	" \"signed_by\": {\"unsigned\": true},\n"                                                               \
	" \"programs\": {\"types\": {\"only\": [\"tracing\"]}, \"helpers\": {\"only\": [\"bpf_seq_write\"]},\n" \
	"  \"perfmon\": \"grant\", \"attach\": {\"iter\": [" what "]}},\n"                                      \
	" \"maps\": {\"types\": {\"only\": [\"array\"]}, \"max_bytes_each\": \"1M\"}}"

static const char iter_policy[] = "{\"version\": 1, \"rules\": [\n" ITER_RULE(
	"alice", "65531", "\"task\", \"cgroup\"") ",\n" ITER_RULE("bob", "65532",
								  "\"cgroup\"") "\n]}\n";

enum { SEQ_WRITE = 127, SELF_ONLY = 1, DESCENDANTS_PRE = 2 };

static struct live live;
static struct {
	uint32_t task, cgroup; /* ids of bpf_iter_task and bpf_iter_cgroup */
} targets;
static char cgroup[128];

/* union bpf_iter_link_info, by words. */
struct info {
	uint32_t word[4];
};

/* Writes one byte for each object. */
static int load_iter(uint32_t btf_id)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 7, .src_reg = 1, .off = 8 },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 7, .off = 7 },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 1 },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 1 },
		{ .code = BPF_ST | BPF_MEM | BPF_B, .dst_reg = 10, .off = -1, .imm = 'x' },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = SEQ_WRITE },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_TRACING;
	attr.expected_attach_type = BPF_TRACE_ITER;
	attr.attach_btf_id = btf_id;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "iter", 4);
	return live_call(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int iter_link(int prog, const struct info *info)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)prog);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, BPF_TRACE_ITER);
	attr_put_u64(attr, ATTR_LINK_CREATE_ITER_INFO, (uintptr_t)info);
	attr_put_u32(attr, ATTR_LINK_CREATE_ITER_INFO_LEN, info ? sizeof(*info) : 0);
	return live_call(BPF_LINK_CREATE, (union bpf_attr *)attr,
			 ATTR_LINK_CREATE_ITER_INFO_LEN + 4);
}

/* How many objects it shows; or -errno. */
static int iter_cnt(int prog, const struct info *info)
{
	OWN_FD int link = iter_link(prog, info), iter = -1;
	union bpf_attr attr;
	char buf[4096];
	ssize_t n;
	int cnt = 0;

	if (link < 0)
		return link;
	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (uint32_t)link;
	iter = live_call(BPF_ITER_CREATE, &attr, sizeof(attr));
	if (iter < 0)
		return iter;
	while ((n = read(iter, buf, sizeof(buf))) > 0)
		cnt += (int)n;
	return n < 0 ? -errno : cnt;
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* ---- processes ---- */

static bool part_process(void *arg)
{
	OWN_FD int prog = load_iter(targets.task), own = pidfd_of(getpid()),
		   file = open("/", O_RDONLY | O_CLOEXEC);
	struct info info = { { 0, 0, (uint32_t)own } };

	if (FAILS(prog < 0 || own < 0 || file < 0))
		return false;
	/* Control: all of them, which the rule grants by the iterator's name. */
	if (FAILS(iter_cnt(prog, NULL) < 2) || FAILS(iter_cnt(prog, &info) != 1))
		return false;
	/* A number would be one of the loader's namespace; a file is no process. */
	info = (struct info){ { (uint32_t)getpid(), 0, 0 } };
	if (FAILS(iter_cnt(prog, &info) != -EPERM) || FAILS(!live_reason_has("by a pidfd")))
		return false;
	info = (struct info){ { 0, (uint32_t)getpid(), 0 } };
	if (FAILS(iter_cnt(prog, &info) != -EPERM))
		return false;
	info = (struct info){ { 0, 0, (uint32_t)file } };
	return HOLDS(iter_cnt(prog, &info) < 0);
}

static bool an_iterator_over_one_process_shows_the_one_that_the_caller_holds(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_process, NULL));
}

static bool part_another_process(void *arg)
{
	OWN_FD int prog = load_iter(targets.task), roots = pidfd_of(getppid());
	const struct info info = { { 0, 0, (uint32_t)roots } };

	return HOLDS(prog >= 0 && roots >= 0) && HOLDS(iter_cnt(prog, &info) == 1);
}

static bool part_no_process(void *arg)
{
	OWN_FD int prog = load_iter(targets.task);

	return HOLDS(prog == -EPERM) && HOLDS(live_reason_has("iter at \"task\" is not listed"));
}

static bool others_processes_are_shown_to_whom_a_rule_grants_it(void)
{
	return HOLDS(live_as(LIVE_BOB, part_no_process, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_another_process, NULL));
}

/* ---- cgroups ---- */

static bool part_cgroup(void *arg)
{
	OWN_FD int prog = load_iter(targets.cgroup),
		   dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct info info = { { SELF_ONLY, (uint32_t)dir } };

	if (FAILS(prog < 0 || dir < 0) || FAILS(iter_cnt(prog, &info) != 1))
		return false;
	info.word[0] = DESCENDANTS_PRE;
	if (FAILS(iter_cnt(prog, &info) != 3))
		return false;
	/* By its number it is refused, be it this one's. */
	info = (struct info){ { SELF_ONLY, 0, 1 } };
	return HOLDS(iter_cnt(prog, &info) == -EPERM) &&
	       HOLDS(live_reason_has("by a descriptor or not at all"));
}

static bool an_iterator_over_a_cgroup_shows_it_and_what_is_below(void)
{
	char below[160];
	bool held;

	snprintf(cgroup, sizeof(cgroup), "%s/bpfgate-iter", live_cgroup_root());
	if (FAILS(mkdir(cgroup, 0755) < 0 && errno != EEXIST))
		return false;
	for (int i = 0; i < 2; i++) {
		snprintf(below, sizeof(below), "%s/%d", cgroup, i);
		(void)mkdir(below, 0755);
	}
	held = HOLDS(live_as(LIVE_ALICE, part_cgroup, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_cgroup, NULL));
	for (int i = 0; i < 2; i++) {
		snprintf(below, sizeof(below), "%s/%d", cgroup, i);
		(void)rmdir(below);
	}
	(void)rmdir(cgroup);
	return held;
}

static const struct attack_row rows[] = {
	ATTACK(an_iterator_over_one_process_shows_the_one_that_the_caller_holds),
	ATTACK(others_processes_are_shown_to_whom_a_rule_grants_it),
	ATTACK(an_iterator_over_a_cgroup_shows_it_and_what_is_below),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = iter_policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of the users and the ledger's */
};

int main(int argc, char **argv)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int task = btf__find_by_name_kind(kernel, "bpf_iter_task", BTF_KIND_FUNC);
	int of_cgroup = btf__find_by_name_kind(kernel, "bpf_iter_cgroup", BTF_KIND_FUNC);

	btf__free(kernel);
	if (task <= 0 || of_cgroup <= 0) {
		printf("skipped: this kernel has no such iterators\n0 passed, 0 failed, 1 skipped\n");
		return 77;
	}
	targets.task = (uint32_t)task;
	targets.cgroup = (uint32_t)of_cgroup;
	return attack_main(&plan, argc, argv);
}
