/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bpf(2) tells its caller beyond success: a context that a program wrote, the instructions of
 * an own program, what a link is attached to, the kernel's own BTF, a log that is too long. Told as
 * root is told, and of others' objects nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define RULE(id, user)                                                                                   \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n"            \
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"only\": [\"syscall\",\n"     \
	"  \"sched_cls\", \"socket_filter\", \"raw_tracepoint\"]}, \"helpers\": {\"any_except\": []},\n" \
	" \"perfmon\": \"grant\", \"grant\": \"handle\", \"sleepable\": true, \"test_run\": true,\n"     \
	" \"attach\": {\"raw_tracepoint\": [\"*\"]}},\n"                                                 \
	" \"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"}}"

static const char policy[] =
	"{\"version\": 1, \"rules\": [\n" RULE("alice", "65531") ",\n" RULE("bob", "65532") "]}\n";

static struct live live;

#define MOV(to, value)                                                                             \
	{                                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value)               \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}

static int call(int cmd, union bpf_attr *attr)
{
	return live_call(cmd, attr, sizeof(*attr));
}

/* ---- a test run's context ---- */

static int load_syscall(void)
{
	static const struct bpf_insn insns[] = {
		MOV(2, 7),
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 2 },
		MOV(0, 3),
		EXIT,
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SYSCALL;
	attr.prog_flags = BPF_F_SLEEPABLE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	return call(BPF_PROG_LOAD, &attr);
}

static int run_on(int prog, const void *ctx, uint32_t bytes, const void *data, uint32_t *ret_result)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.ctx_in = (uintptr_t)ctx;
	attr.test.ctx_size_in = bytes;
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = data ? 64 : 0;
	r = call(BPF_PROG_TEST_RUN, &attr);
	*ret_result = attr.test.retval;
	return r;
}

/* What other types are given may be constant: it is only read. */
static bool part_runs(void *arg)
{
	uint64_t ctx[2] = { 1, 2 };
	uint8_t packet[64] = { 0 };
	uint32_t result = 0;
	void *constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int prog = load_syscall(), filter = live_prog(BPF_PROG_TYPE_SCHED_CLS, "filter", 5);

	return HOLDS(prog >= 0) && HOLDS(filter >= 0) && HOLDS(constant != MAP_FAILED) &&
	       HOLDS(run_on(prog, ctx, 8, NULL, &result) == 0) && HOLDS(result == 3) &&
	       HOLDS(ctx[0] == 7) && HOLDS(ctx[1] == 2) &&
	       HOLDS(run_on(prog, constant, 8, NULL, &result) == -EFAULT) &&
	       HOLDS(run_on(filter, constant, sizeof(struct __sk_buff), packet, &result) == 0) &&
	       HOLDS(result == 5);
}

static bool a_syscall_program_writes_its_callers_context(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_runs, NULL));
}

/* ---- instructions ---- */

static int info_of(int fd, void *info, uint32_t bytes)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)info;
	attr.info.info_len = bytes;
	return call(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static bool part_sees_instructions(void *arg)
{
	struct bpf_insn insns[16] = { { 0 } };
	uint8_t compiled[256] = { 0 };
	struct bpf_prog_info info = { 0 };
	int prog = load_syscall();

	if (FAILS(prog < 0) || FAILS(info_of(prog, &info, sizeof(info)) != 0) ||
	    FAILS(info.xlated_prog_len != 4 * sizeof(insns[0])) || FAILS(!info.jited_prog_len))
		return false;
	info = (struct bpf_prog_info){ .xlated_prog_insns = (uintptr_t)insns,
				       .xlated_prog_len = sizeof(insns),
				       .jited_prog_insns = (uintptr_t)compiled,
				       .jited_prog_len = sizeof(compiled),
				       .jited_ksyms = (uintptr_t)compiled,
				       .nr_jited_ksyms = 4 };
	return HOLDS(info_of(prog, &info, sizeof(info)) == 0) &&
	       HOLDS(info.xlated_prog_insns == (uintptr_t)insns) &&
	       HOLDS(info.xlated_prog_len == 4 * sizeof(insns[0])) && HOLDS(insns[0].imm == 7) &&
	       HOLDS(insns[3].code == (BPF_JMP | BPF_EXIT)) &&
	       /* where it lies is nobody's to know */
	       HOLDS(info.jited_prog_len == 0) && HOLDS(info.nr_jited_ksyms == 0) &&
	       HOLDS(!memchr(compiled, compiled[0] ? compiled[0] : 1, sizeof(compiled)));
}

/* A struct is the client's to fill: numbers in it that would be addresses in the loader reach
 * nothing. */
static bool part_points_into_the_loader(void *arg)
{
	struct bpf_prog_info info = { .nr_map_ids = 4,
				      .map_ids = 0x1000,
				      .xlated_prog_len = 1u << 30 };
	int prog = load_syscall();

	return HOLDS(info_of(prog, &info, sizeof(info)) == 0) &&
	       HOLDS(info.xlated_prog_len == 4 * sizeof(struct bpf_insn)) &&
	       HOLDS(info_of(prog, &info, sizeof(info)) == 0);
}

static bool an_own_programs_instructions_are_shown_and_no_addresses(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_sees_instructions, NULL)) &&
	       HOLDS(live_as(LIVE_ALICE, part_points_into_the_loader, NULL));
}

/* ---- what a descriptor of a process stands for ---- */

static int query_task(uint32_t pid, int fd, char *buf, uint32_t bytes, uint32_t *ret_len)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.task_fd_query.pid = pid;
	attr.task_fd_query.fd = (uint32_t)fd;
	attr.task_fd_query.buf = (uintptr_t)buf;
	attr.task_fd_query.buf_len = bytes;
	r = call(BPF_TASK_FD_QUERY, &attr);
	*ret_len = attr.task_fd_query.buf_len;
	return r;
}

static bool part_queries(void *arg)
{
	char name[32] = "", cut[32] = "....................";
	uint32_t len = 0, pid = (uint32_t)getpid();
	union bpf_attr attr;
	int prog = live_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "tp", 0), link;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t) "sched_switch";
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	link = call(BPF_RAW_TRACEPOINT_OPEN, &attr);
	return HOLDS(link >= 0) && HOLDS(query_task(pid, link, name, sizeof(name), &len) == 0) &&
	       HOLDS(strcmp(name, "sched_switch") == 0) && HOLDS(len == 12) &&
	       HOLDS(query_task(pid, link, cut, 5, &len) == -ENOSPC) &&
	       HOLDS(memcmp(cut, "sche\0.", 6) == 0) && HOLDS(len == 12) &&
	       HOLDS(query_task(0, link, name, sizeof(name), &len) == -ENOENT) &&
	       HOLDS(query_task((uint32_t)getppid(), link, name, sizeof(name), &len) == -ENOENT);
}

static bool a_link_of_the_caller_is_told_and_another_process_is_not_there(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_queries, NULL));
}

/* ---- the kernel's BTF ---- */

static int btf_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf_id = id;
	return call(BPF_BTF_GET_FD_BY_ID, &attr);
}

static int load_btf(bool natively)
{
	static const struct {
		struct btf_head {
			uint16_t magic;
			uint8_t version, flags;
			uint32_t head, type_off, type_len, str_off, str_len;
		} head;
		uint32_t type[4];
		char text[8];
	} btf = { { 0xeb9f, 1, 0, 24, 0, 16, 16, 5 }, { 1, 1u << 24, 4, 32 }, "\0int" };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = 24 + 16 + 5;
	return natively ? (int)syscall(SYS_bpf, BPF_BTF_LOAD, &attr, sizeof(attr))
			: call(BPF_BTF_LOAD, &attr);
}

static bool part_sees_the_kernels(void *arg)
{
	struct bpf_btf_info info = { 0 };
	char name[16] = "";
	int fd = btf_by_id(1);

	info.name = (uintptr_t)name;
	info.name_len = sizeof(name);
	return HOLDS(fd >= 0) && HOLDS(info_of(fd, &info, sizeof(info)) == 0) &&
	       HOLDS(info.kernel_btf) && HOLDS(strcmp(name, "vmlinux") == 0) &&
	       HOLDS(btf_by_id(0) == -ENOENT) && HOLDS(btf_by_id(1u << 30) == -ENOENT);
}

static bool part_does_not_see(void *arg)
{
	return HOLDS(btf_by_id(*(const uint32_t *)arg) == -ENOENT);
}

struct held {
	uint32_t id;
	int there[2], done[2];
};

/* Holds it until Bob has asked. */
static bool part_has_btf(void *arg)
{
	struct bpf_btf_info info = { 0 };
	struct held *held = arg;
	int fd = load_btf(false);
	char end;

	if (FAILS(fd < 0) || FAILS(info_of(fd, &info, sizeof(info)) != 0) ||
	    FAILS(btf_by_id(info.id) < 0))
		return false;
	return HOLDS(write(held->there[1], &info.id, sizeof(info.id)) == sizeof(info.id)) &&
	       HOLDS(read(held->done[0], &end, 1) == 1);
}

static bool alices_btf_is_not_bobs(void)
{
	struct held held;
	int status = 1;
	bool hidden;
	pid_t pid;

	if (FAILS(pipe2(held.there, O_CLOEXEC) < 0) || FAILS(pipe2(held.done, O_CLOEXEC) < 0))
		return false;
	pid = fork();
	if (pid == 0)
		_exit(live_become(LIVE_ALICE) && part_has_btf(&held) ? 0 : 1);
	close(held.there[1]);
	hidden = HOLDS(read(held.there[0], &held.id, sizeof(held.id)) == sizeof(held.id)) &&
		 HOLDS(held.id > 1) && HOLDS(live_as(LIVE_BOB, part_does_not_see, &held.id));
	hidden = HOLDS(write(held.done[1], "", 1) == 1) && HOLDS(waitpid(pid, &status, 0) == pid) &&
		 HOLDS(status == 0) && hidden;
	close(held.there[0]), close(held.done[0]), close(held.done[1]);
	return hidden;
}

/* One that the ledger knows nothing of, either. */
static bool roots_btf_is_not_bobs(void)
{
	struct bpf_btf_info info = { 0 };
	OWN_FD int fd = load_btf(true);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = (uintptr_t)&info;
	attr.info.info_len = sizeof(info);
	return HOLDS(fd >= 0) &&
	       HOLDS(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0) &&
	       HOLDS(live_as(LIVE_BOB, part_does_not_see, &info.id));
}

static bool the_kernels_btf_is_everybodys_and_others_is_not_there(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_sees_the_kernels, NULL)) && alices_btf_is_not_bobs() &&
	       roots_btf_is_not_bobs();
}

/* ---- a log that is too long ---- */

static int load_with_log(uint32_t log_bytes)
{
	static char log[1u << 16];
	struct bpf_insn insns[200];
	union bpf_attr attr;

	for (size_t i = 0; i < ARRAY_CNT(insns); i++)
		insns[i] = (struct bpf_insn)MOV(0, (int32_t)i);
	insns[ARRAY_CNT(insns) - 1] = (struct bpf_insn)EXIT;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	attr.log_level = 2;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_bytes;
	return call(BPF_PROG_LOAD, &attr);
}

static bool part_logs(void *arg)
{
	return HOLDS(load_with_log(256) == -ENOSPC) &&
	       HOLDS(live_reason_has("does not fit into the caller's buffer")) &&
	       HOLDS(!live_reason_has("refused the program")) &&
	       HOLDS(load_with_log(1u << 16) >= 0);
}

static bool a_log_that_does_not_fit_is_no_refusal_of_the_program(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_logs, NULL));
}

static const struct attack_row rows[] = {
	ATTACK(a_syscall_program_writes_its_callers_context),
	ATTACK(an_own_programs_instructions_are_shown_and_no_addresses),
	ATTACK(a_link_of_the_caller_is_told_and_another_process_is_not_there),
	ATTACK(the_kernels_btf_is_everybodys_and_others_is_not_there),
	ATTACK(a_log_that_does_not_fit_is_no_refusal_of_the_program),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
	.idle_fd_cnt = 8, /* idle loaders of two users and the ledger's */
};

int main(int argc, char **argv)
{
	return attack_main(&plan, argc, argv);
}
