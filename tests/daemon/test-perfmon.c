/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What "perfmon": "judged" gives: loops, and not what else CAP_PERFMON unlocks. The judges of this daemon
 * accept everything, so each refusal is the broker's own. Alice's rule says "judged", Bob's "grant"; his
 * loads are the controls, and so is the loop of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/bpfgate.h"
#include "proto/own.h"
#include "tests/daemon/attack.h"
#include "tests/lib/holds.h"

#define RULE(user, id, perfmon) \
	"{\"id\": \"" id "\", \"effect\": \"allow\", \"who\": {\"users\": [\"" user "\"]},\n" \
	" \"signed_by\": {\"unsigned\": true}, \"programs\": {\"types\": {\"any_except\": []},\n" \
	"  \"helpers\": {\"any_except\": []}, \"kfuncs\": {\"any_except\": []}, \"grant\": \"fd\",\n" \
	"  \"perfmon\": \"" perfmon "\", \"test_run\": true},\n" \
	" \"maps\": {\"types\": {\"any_except\": []}},\n" \
	" \"quota\": {\"programs\": 8, \"maps\": 8, \"links\": 2, \"loads_per_minute\": 100000}}"

static const char policy[] = "{\"version\": 1, \"rules\": [\n" RULE("65531", "alice", "judged") ",\n" RULE(
	"65532", "bob", "grant") "]}\n";

static struct live live;

static int load_calling(uint32_t type, const char *name, int32_t helper)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 4096 },
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(type, name, insns, ARRAY_CNT(insns));
}

static int load_loop(void)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_JLT | BPF_K, .dst_reg = 0, .off = -2, .imm = 8 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(BPF_PROG_TYPE_SOCKET_FILTER, "loop", insns, ARRAY_CNT(insns));
}

static bool is_withheld(int r, const char *what)
{
	if (r == -EPERM && live_reason_has(what) && live_reason_has("perfmon"))
		return true;
	printf("%s: %d\n", what, r);
	if (r >= 0)
		close(r);
	return false;
}

static bool closes(int fd)
{
	if (fd >= 0)
		close(fd);
	else
		printf("control: %d\n", fd);
	return HOLDS(fd >= 0);
}

static const struct {
	int32_t helper;
	const char *name;
} withheld[] = {
	{ BPF_FUNC_get_current_task, "bpf_get_current_task" },
	{ BPF_FUNC_probe_read_kernel, "bpf_probe_read_kernel" },
	{ BPF_FUNC_probe_read_kernel_str, "bpf_probe_read_kernel_str" },
	{ BPF_FUNC_probe_read_user, "bpf_probe_read_user" },
};

static bool part_helpers_judged(void *arg)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_CNT(withheld); i++)
		ok = HOLDS(is_withheld(load_calling(BPF_PROG_TYPE_SOCKET_FILTER, "helper",
						    withheld[i].helper),
				       withheld[i].name)) &&
		     HOLDS(ok);
	return HOLDS(ok) &&
	       HOLDS(closes(
		       load_calling(BPF_PROG_TYPE_SOCKET_FILTER, "helper", BPF_FUNC_jiffies64))) &&
	       HOLDS(closes(load_loop()));
}

static bool part_helpers_granted(void *arg)
{
	bool ok = true;

	for (size_t i = 0; i < ARRAY_CNT(withheld); i++)
		ok = HOLDS(closes(load_calling(BPF_PROG_TYPE_SOCKET_FILTER, "helper",
					       withheld[i].helper))) &&
		     HOLDS(ok);
	return HOLDS(ok) && HOLDS(closes(load_loop()));
}

static bool judged_gives_loops_and_not_the_helpers_that_read_the_kernel(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_helpers_judged, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_helpers_granted, NULL));
}

static bool part_type_judged(void *arg)
{
	return HOLDS(
		is_withheld(load_calling(BPF_PROG_TYPE_RAW_TRACEPOINT, "type", BPF_FUNC_jiffies64),
			    "raw_tracepoint"));
}

static bool part_type_granted(void *arg)
{
	return HOLDS(
		closes(load_calling(BPF_PROG_TYPE_RAW_TRACEPOINT, "type", BPF_FUNC_jiffies64)));
}

static bool judged_gives_no_type_whose_context_is_kernel_memory(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_type_judged, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_type_granted, NULL));
}

/* libbpf's way to ask for a helper: two instructions, no name. */
static int load_probe(int32_t helper)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return live_load(BPF_PROG_TYPE_SOCKET_FILTER, "", insns, ARRAY_CNT(insns));
}

static int run(int prog, uint32_t *ret_r0)
{
	uint8_t packet[64] = { 0 };
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	r = bpfgate_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	*ret_r0 = attr.test.retval;
	return r;
}

static bool part_probe_judged(void *arg)
{
	OWN_FD int task = load_probe(BPF_FUNC_get_current_task), now = load_probe(BPF_FUNC_jiffies64);
	uint32_t r0 = 0;

	/* Answered as root would be, for a loader that asks what there is; but it never runs. */
	return HOLDS(task >= 0) && HOLDS(run(task, &r0) < 0) && HOLDS(r0 == 0) && HOLDS(now >= 0) &&
	       HOLDS(run(now, &r0) == 0) && HOLDS(r0);
}

static bool part_probe_granted(void *arg)
{
	OWN_FD int task = load_probe(BPF_FUNC_get_current_task);
	uint32_t r0 = 0;

	return HOLDS(task >= 0) && HOLDS(run(task, &r0) == 0) && HOLDS(r0);
}

static bool a_feature_probe_of_a_withheld_helper_does_not_run(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_probe_judged, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_probe_granted, NULL));
}

/* ---- the log ---- */

/* Loads a map's address and a number of its own; what the log at this size says of both. */
static bool log_says(uint32_t log_bytes, char *log)
{
	const int map = live_map(BPF_MAP_TYPE_ARRAY, 0);
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 2, .imm = 0x11223344 },
		{ .imm = (int32_t)0xffff8881 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int prog;

	memset(&attr, 0, sizeof(attr));
	memset(log, 0, log_bytes);
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ARRAY_CNT(insns);
	attr.license = (uintptr_t) "GPL";
	attr.log_level = 2;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = log_bytes;
	prog = bpfgate_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog >= 0)
		close(prog);
	close(map);
	return HOLDS(map >= 0);
}

/* The map's address in any form: the digits that the kernel's other half begins with, but the program's own. */
static bool log_tells_address(const char *log)
{
	const char *at = log;

	while ((at = strstr(at, "ffff"))) {
		if (strncmp(at, "ffff888111223344", 16) != 0)
			return true;
		at += 16;
	}
	return false;
}

static bool part_log(void *arg)
{
	static char whole[4096], part[4096];
	const char *insn;

	if (!log_says(sizeof(whole), whole) || log_tells_address(whole) ||
	    !strstr(whole, "0xffff888111223344") || !(insn = strstr(whole, "0: (18) r1 = 0x0"))) {
		printf("%s", whole);
		return false;
	}
	/* The end of the log from every place in that line on: nothing of an address at its beginning either. */
	for (uint32_t bytes = (uint32_t)strlen(insn) - 30; bytes <= strlen(insn) + 2; bytes++) {
		if (!log_says(bytes, part) || !strchr(".\n", part[0])) {
			printf("%u: %s", bytes, part);
			return false;
		}
	}
	return true;
}

static bool a_log_tells_no_address_of_the_kernel(void)
{
	return HOLDS(live_as(LIVE_ALICE, part_log, NULL)) &&
	       HOLDS(live_as(LIVE_BOB, part_log, NULL));
}

static const struct attack_row rows[] = {
	ATTACK(judged_gives_loops_and_not_the_helpers_that_read_the_kernel),
	ATTACK(judged_gives_no_type_whose_context_is_kernel_memory),
	ATTACK(a_feature_probe_of_a_withheld_helper_does_not_run),
	ATTACK(a_log_tells_no_address_of_the_kernel),
};

static const uid_t users[] = { LIVE_ALICE, LIVE_BOB };

static const struct attack_plan plan = {
	.live = &live,
	.policy = policy,
	.rows = rows,
	.row_cnt = ARRAY_CNT(rows),
	.uids = users,
	.uid_cnt = ARRAY_CNT(users),
};

int main(int argc, char **argv)
{
	return attack_main(&plan, argc, argv);
}
