/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which registers may still be read before they are written, per instruction: static, backwards over
 * each function until nothing changes. Calls read as many arguments as their prototype has. What is
 * not live is not compared between states.
 */
#include "verifier/pass/live.h"

#include "verifier/kernel/insn.h"
#include "verifier/state/callfacts.h"
#include "verifier/state/pool.h"
#include "verifier/state/verdict.h"
#include "verifier/state/jumptab.h"

#define CALLER_SAVED 0x3fu	/* r0..r5 */

struct regs_used {
	uint16_t use, def;
};

static struct regs_used atomic_regs(const struct bpf_insn *i, uint16_t dst, uint16_t src)
{
	switch (i->imm) {
	case BPF_CMPXCHG:
		return (struct regs_used){ (uint16_t)(1u | dst | src), 1u };
	case INSN_LOAD_ACQ:
		return (struct regs_used){ src, dst };
	case INSN_STORE_REL:
		return (struct regs_used){ dst | src, 0 };
	default:
		return (struct regs_used){ dst | src, (i->imm & BPF_FETCH) ? src : 0 };
	}
}

static struct regs_used alu_regs(const struct bpf_insn *i, uint16_t dst, uint16_t src)
{
	uint8_t op = BPF_OP(i->code);
	uint16_t other = BPF_SRC(i->code) == BPF_K ? 0 : src;

	if (op == BPF_END)
		return (struct regs_used){ dst, dst };
	if (op == BPF_MOV)
		return (struct regs_used){ other, dst };
	return (struct regs_used){ dst | other, dst };
}

static struct regs_used jmp_regs(const struct env *env, const struct bpf_insn *i, uint16_t dst,
				 uint16_t src)
{
	struct call_facts facts;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		return (struct regs_used){ insn_is_gotox(i) ? dst : 0, 0 };
	case INSN_JCOND:
		return (struct regs_used){ 0, 0 };
	case BPF_EXIT:
		return (struct regs_used){ 1, 0 };
	case BPF_CALL:
		call_facts_of(env, i, &facts);
		if (!facts.known)
			facts.nargs = PROGRAM_ARGS_MAX;
		return (struct regs_used){ (uint16_t)(((1u << facts.nargs) - 1) << 1),
					   CALLER_SAVED };
	default:
		return (struct regs_used){ BPF_SRC(i->code) == BPF_K ? dst : dst | src, 0 };
	}
}

static struct regs_used insn_regs(const struct env *env, const struct bpf_insn *i)
{
	const struct regs_used all = { 0xffff, 0 };
	uint16_t dst = (uint16_t)(1u << i->dst_reg), src = (uint16_t)(1u << i->src_reg);
	uint8_t mode = BPF_MODE(i->code);

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		return insn_is_ldimm64(i) ? (struct regs_used){ 0, dst } : all;
	case BPF_LDX:
		return (struct regs_used){ src, dst };
	case BPF_ST:
		return (struct regs_used){ dst, 0 };
	case BPF_STX:
		if (mode == BPF_ATOMIC)
			return atomic_regs(i, dst, src);
		return (struct regs_used){ dst | src, 0 };
	case BPF_ALU:
	case BPF_ALU64:
		return alu_regs(i, dst, src);
	default:
		return jmp_regs(env, i, dst, src);
	}
}

int live_compute(struct env *env)
{
	struct regs_used *used = pool_calloc(env, env->insn_cnt + 1u, sizeof(*used));
	uint32_t i, k, s, n, buf[2], idx, end = env->subprogs[env->subprog_cnt].postorder_start;
	const uint32_t *succ;
	uint16_t out, in;
	bool changed = true;

	if (!used)
		return verdict_nomem(env);
	for (i = 0; i < env->insn_cnt; i += insn_len(&env->insns[i]))
		used[i] = insn_regs(env, &env->insns[i]);
	/*
	 * The order only makes rounds few. It promises nothing: of two branches pushed together, one may
	 * jump back to where the other begins, and then an instruction comes before its successor.
	 */
	while (changed) {
		changed = false;
		for (k = 0; k < end; k++) {
			idx = env->postorder[k];
			succ = jumptab_successors(env, idx, buf, &n);
			for (out = 0, s = 0; s < n; s++)
				out |= env->aux[succ[s]].live_regs;
			in = (uint16_t)((out & ~used[idx].def) | used[idx].use);
			if (in == env->aux[idx].live_regs)
				continue;
			env->aux[idx].live_regs = in;
			changed = true;
		}
	}
	if (env->beh->live_marks)	/* no static liveness on this kernel: all are compared */
		for (i = 0; i < env->insn_cnt; i++)
			env->aux[i].live_regs = 0xffff;
	return 0;
}
