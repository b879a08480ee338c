/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about a program come from here and not from a judge: one pass over the sealed bytes, without
 * control flow, so what a program might call in any way it is taken to call. It knows the encoding of
 * calls and nothing else, and believes nothing.
 */
#include "daemon/broker/ask/scan.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "proto/own.h"

#define SCAN_CALL (BPF_JMP | BPF_CALL)

static int scan_add_kfunc(struct scan *scan, uint32_t btf_id)
{
	for (uint32_t i = 0; i < scan->kfunc_cnt; i++)
		if (scan->kfuncs[i] == btf_id)
			return 0;
	if (scan->kfunc_cnt == LEDGER_KFUNCS_MAX)
		return -E2BIG;
	scan->kfuncs[scan->kfunc_cnt++] = btf_id;
	return 0;
}

static void scan_add_helper(struct scan *scan, uint32_t id)
{
	if (id >= SCAN_POISON)
		return;
	if (id >= POLICY_HELPER_MAX)
		scan->helper_beyond = true;
	else
		scan->helpers[id / 64] |= 1ull << (id % 64);
}

int scan_calls(const uint8_t *insns, size_t insn_cnt, struct scan *ret_scan)
{
	struct scan scan = { .kfunc_cnt = 0 };
	int r = 0;

	for (size_t i = 0; i < insn_cnt && r == 0; i++) {
		struct bpf_insn insn;

		memcpy(&insn, insns + i * sizeof(insn), sizeof(insn));
		if (insn.code != SCAN_CALL)
			continue;
		if (insn.src_reg == 0)
			scan_add_helper(&scan, (uint32_t)insn.imm);
		else if (insn.src_reg == BPF_PSEUDO_KFUNC_CALL && insn.off == 0 && insn.imm == 0)
			continue; /* what libbpf writes for one that is not there: the kernel refuses it where it is reached */
		else if (insn.src_reg == BPF_PSEUDO_KFUNC_CALL && insn.off == 0)
			r = scan_add_kfunc(&scan, (uint32_t)insn.imm);
		else if (insn.src_reg == BPF_PSEUDO_KFUNC_CALL)
			scan.module_kfuncs = true;
	}
	if (r == 0)
		*ret_scan = scan;
	return r;
}
