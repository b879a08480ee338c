/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises to change nothing but which pages are there. First the verifier runs over a program of
 * our own, which brings its code and tables in; then the heap is touched, a page a step, so that a
 * job that comes meanwhile waits for one page at most.
 */
#include "worker/warm.h"

#include <linux/bpf.h>

#include "proto/array.h"
#include "verifier/bpfgate-verifier.h"

#define WARM_PAGE 4096u

/* A branch, a stack slot and a helper: the ways that most programs go. */
static const struct bpf_insn warm_insns[] = {
	{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8, .imm = 1 },
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_prandom_u32 },
	{ .code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = 0, .imm = 0xff },
	{ .code = BPF_JMP | BPF_JGT | BPF_K, .dst_reg = 0, .off = 1, .imm = 7 },
	{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 0, .src_reg = 10, .off = -8 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void warm_run(const struct warm *warm)
{
	struct bgv_program prog = {
		.insns = warm_insns,
		.insn_cnt = ARRAY_CNT(warm_insns),
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.license = "GPL",
		.mode = BGV_MODE_LEAK_RULES,
		.caps = BGV_CAP_BPF | BGV_CAP_PERFMON,
	};
	struct bgv_result result;

	if (warm->target && bgv_verify(warm->target, &prog, NULL, &result) == 0)
		bgv_result_done(&result);
}

bool warm_step(struct warm *warm)
{
	if (!warm->ran) {
		warm->ran = true;
		warm_run(warm);
		return true;
	}
	if (warm->touched >= warm->heap_bytes)
		return false;
	*(volatile uint8_t *)(warm->heap + warm->touched) = 0;
	warm->touched += WARM_PAGE;
	return true;
}

void warm_done(struct warm *warm)
{
	*warm = (struct warm){ .ran = true };
}
