/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that clobber few registers, with spills and fills around them that the kernel will remove:
 * found before the walk, given up when something else uses those stack slots, and taken off the
 * stack depth at the end.
 */
#include "verifier/pass/fastcall.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/callfacts.h"

#define CALLER_SAVED 0x3fu

static bool is_spill_fill(const struct bpf_insn *stx, const struct bpf_insn *ldx, int off)
{
	return stx->code == (BPF_STX | BPF_MEM | BPF_DW) &&
	       ldx->code == (BPF_LDX | BPF_MEM | BPF_DW) && stx->dst_reg == BPF_REG_10 &&
	       ldx->src_reg == BPF_REG_10 && stx->src_reg == ldx->dst_reg && stx->off == off &&
	       ldx->off == off;
}

static void mark_call(struct env *env, struct subprog *sub, uint32_t idx, int lowest)
{
	struct call_facts facts;
	uint32_t expected, i;
	int off = lowest;

	call_facts_of(env, &env->insns[idx], &facts);
	if (!facts.known)
		return;
	expected = CALLER_SAVED & ~(((1u << facts.nargs) - 1) << 1) & ~(facts.is_void ? 0u : 1u);
	for (i = 1; i <= 6; i++) {
		if (idx < i || idx + i >= env->insn_cnt)
			break;
		if (env->aux[idx - i + 1].jump_target || env->aux[idx + i].jump_target)
			break;
		if (!is_spill_fill(&env->insns[idx - i], &env->insns[idx + i], off))
			break;
		if (!(expected & (1u << env->insns[idx - i].src_reg)))
			break;
		expected &= ~(1u << env->insns[idx - i].src_reg);
		env->aux[idx - i].fastcall_pattern = true;
		env->aux[idx + i].fastcall_pattern = true;
		off += 8;
	}
	if (i == 1)
		return;
	if (facts.fastcall)
		env->aux[idx].fastcall_spills = (uint8_t)(i - 1);
	else
		sub->keep_fastcall_stack = true;
	if (off < sub->fastcall_stack_off)
		sub->fastcall_stack_off = (int16_t)off;
}

int fastcall_mark(struct env *env)
{
	const struct bpf_insn *insn;
	struct subprog *sub;
	int lowest;
	uint32_t i;

	for (sub = env->subprogs; sub < env->subprogs + env->subprog_cnt; sub++) {
		lowest = 0;
		for (i = sub->start; i < sub[1].start; i++) {
			insn = &env->insns[i];
			if (insn->code == (BPF_STX | BPF_MEM | BPF_DW) &&
			    insn->dst_reg == BPF_REG_10 && insn->off < lowest)
				lowest = insn->off;
		}
		for (i = sub->start; i < sub[1].start; i++)
			if (insn_is_call(&env->insns[i]))
				mark_call(env, sub, i, lowest);
	}
	return 0;
}

void fastcall_shrink_stacks(struct env *env)
{
	struct subprog *sub;
	bool removed;
	uint32_t i;

	for (sub = env->subprogs; sub < env->subprogs + env->subprog_cnt; sub++) {
		removed = false;
		for (i = sub->start; i < sub[1].start; i++)
			removed |= env->aux[i].fastcall_spills > 0;
		if (removed && !sub->keep_fastcall_stack)
			sub->stack_depth = (uint16_t)-sub->fastcall_stack_off;
	}
}
